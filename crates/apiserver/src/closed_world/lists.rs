//! What the tables do not say about fields and gates, each with a reason.

use crate::tables::Gate;

/// A gate that a field's comment names and that does not take the field away.
#[derive(Debug)]
pub(super) struct NotDropped {
    pub(super) ty: &'static str,
    pub(super) field: &'static str,
    pub(super) gate: Gate,
    /// Part of the path where that is so; everywhere, if empty.
    pub(super) within: &'static str,
    /// For the reader, and for a message where the entry has no use any more.
    #[allow(dead_code, reason = "shown by Debug")]
    pub(super) reason: &'static str,
}

const fn kept(
    ty: &'static str,
    field: &'static str,
    gate: Gate,
    within: &'static str,
    reason: &'static str,
) -> NotDropped {
    NotDropped { ty, field, gate, within, reason }
}

const OF_CLAIMS: &str = "servers drop it from claims only, not from the template of one in a Pod's volumes";
const OF_STATUS: &str = "a status is discarded as a whole, whatever the gates say";

/// The fields that stay.
pub(super) const NOT_DROPPED: &[NotDropped] = &[
    kept(
        "Container",
        "restartPolicy",
        Gate::SidecarContainers,
        ".containers",
        "refused there without ContainerRestartRules",
    ),
    kept(
        "EphemeralContainer",
        "restartPolicy",
        Gate::SidecarContainers,
        "",
        "refused in ephemeral containers",
    ),
    kept("JobStatus", "failedIndexes", Gate::JobBackoffLimitPerIndex, "", OF_STATUS),
    kept("JobStatus", "terminating", Gate::JobPodReplacementPolicy, "", OF_STATUS),
    kept("PersistentVolumeClaimSpec", "dataSource", Gate::AnyVolumeDataSource, "", OF_CLAIMS),
    kept("PersistentVolumeClaimSpec", "dataSourceRef", Gate::AnyVolumeDataSource, "", OF_CLAIMS),
    kept("PersistentVolumeClaimSpec", "dataSourceRef", Gate::CrossNamespaceVolumeDataSource, "", OF_CLAIMS),
    kept(
        "PersistentVolumeClaimSpec",
        "resources",
        Gate::RecoverVolumeExpansionFailure,
        "",
        "asked on update of a claim",
    ),
    kept(
        "PersistentVolumeClaimSpec",
        "volumeAttributesClassName",
        Gate::VolumeAttributesClass,
        "",
        "servers drop it from claims only; in a template its name is validated where the gate is on",
    ),
    kept(
        "PodResourceClaim",
        "resourceClaimTemplateName",
        Gate::DRAWorkloadResourceClaims,
        "",
        "the gate is about whose claim it is, decided by a controller",
    ),
    kept(
        "PodSecurityContext",
        "seLinuxChangePolicy",
        Gate::SELinuxMount,
        "",
        "the value MountOption is refused where the gate is off; the field is that of SELinuxChangePolicy",
    ),
    kept(
        "PodSecurityContext",
        "supplementalGroups",
        Gate::SupplementalGroupsPolicy,
        "",
        "the comment is about supplementalGroupsPolicy, which is dropped",
    ),
    kept(
        "ResourceRequirements",
        "claims",
        Gate::DynamicResourceAllocation,
        "template.spec.resources",
        "refused in the resources of a Pod as a whole",
    ),
    kept(
        "Toleration",
        "operator",
        Gate::TaintTolerationComparisonOperators,
        "",
        "the values Lt and Gt are refused",
    ),
    kept("TypedObjectReference", "namespace", Gate::CrossNamespaceVolumeDataSource, "", OF_CLAIMS),
    kept(
        "Volume",
        "portworxVolume",
        Gate::CSIMigrationPortworx,
        "",
        "the gate is about what mounts the volume",
    ),
    kept(
        "VolumeProjection",
        "clusterTrustBundle",
        Gate::ClusterTrustBundle,
        "",
        "the gate is about the API of bundles; ClusterTrustBundleProjection is about the field",
    ),
];

/// Gates that the API server's code asks before it keeps a field, and that the field's comment does not name.
pub(super) const MORE_GATES: &[(&str, &str, Gate)] = &[
    ("Container", "restartPolicy", Gate::ContainerRestartRules),
    ("Lifecycle", "stopSignal", Gate::ContainerStopSignals),
    ("PodSecurityContext", "appArmorProfile", Gate::AppArmor),
    ("PodSecurityContext", "appArmorProfile", Gate::AppArmorFields),
    ("SecurityContext", "appArmorProfile", Gate::AppArmor),
    ("SecurityContext", "appArmorProfile", Gate::AppArmorFields),
];

/// Fields that came or went without a gate of their own, and what is done about them.
pub(super) const UNGATED: &[(&str, &str, &str)] = &[
    (
        "PodCertificateProjection",
        "userAnnotations",
        "goes with podCertificate; validated in pod/certificates.rs",
    ),
    ("PodResourceClaim", "resourceClaimName", "goes with resourceClaims; validated in pod/pod_resources.rs"),
    (
        "PodResourceClaim",
        "source",
        "goes with resourceClaims; where its gate is on, it is decoded and then left out, because the types of the newest \
         version have no place for it",
    ),
    ("ResourceClaim", "request", "goes with claims; validated in pod/resources.rs"),
];

/// Texts that make a gate matter.
pub(super) const VALUES: &[(&str, &str, &str)] = &[("PodFailurePolicyRule", "action", "FailIndex")];
