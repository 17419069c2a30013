//! Every gate that the API server's code asks about a Job, a CronJob or a Pod template is handled, or has no effect on
//! these; and no source file but the tables knows a version by its number.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::tables::Gate;

const OF_CLAIMS: &str =
    "asked of PersistentVolumeClaims and PersistentVolumes, not of the template of a claim";
const OF_SERVICES: &str = "asked of Services";
const OF_STATUS: &str = "asked of the status of a Pod";
const OF_PODS: &str = "asked of Pods that exist, not of templates";

/// The gates that the API server's code asks on the way of these objects (defaults, preparation, validation, warnings; any
/// version), or that comments of their fields name, and that change nothing for them.
const NO_EFFECT: &[(Gate, &str)] = &[
    (Gate::AllowServiceLBStatusOnNonLB, OF_SERVICES),
    (Gate::AnyVolumeDataSource, OF_CLAIMS),
    (Gate::CSIMigrationPortworx, "asked by what mounts volumes"),
    (Gate::ClearingNominatedNodeNameAfterBinding, OF_STATUS),
    (Gate::ClusterTrustBundle, "asked for the API of bundles, not for the volumes that project them"),
    (Gate::CrossNamespaceVolumeDataSource, OF_CLAIMS),
    (Gate::DRAExtendedResource, OF_STATUS),
    (Gate::DRANodeAllocatableResources, OF_STATUS),
    (Gate::DRAWorkloadResourceClaims, "asked by the controller of claims"),
    (Gate::DeclarativeValidation, "another way to find the same faults"),
    (Gate::DeclarativeValidationBeta, "another way to find the same faults"),
    (Gate::DeclarativeValidationTakeover, "another way to find the same faults"),
    (
        Gate::GitRepoVolumeDriver,
        "it changes the words of a warning; whether such volumes work is the kubelet's business",
    ),
    (Gate::ImageVolumeWithDigest, OF_STATUS),
    (Gate::InPlacePodLevelResourcesVerticalScaling, OF_PODS),
    (Gate::InPlacePodVerticalScalingAllocatedStatus, OF_STATUS),
    (Gate::InPlacePodVerticalScalingInitContainers, OF_PODS),
    (Gate::LoadBalancerIPMode, OF_SERVICES),
    (Gate::MutablePVNodeAffinity, OF_CLAIMS),
    (Gate::NodeDeclaredFeatures, "asked of Nodes, and of Pods that are bound to one"),
    (Gate::PersistentVolumeLastPhaseTransitionTime, OF_CLAIMS),
    (Gate::PodLogsQuerySplitStreams, "asked of requests for logs"),
    (Gate::PodObservedGenerationTracking, OF_STATUS),
    (Gate::PreferSameTrafficDistribution, OF_SERVICES),
    (Gate::RecoverVolumeExpansionFailure, OF_CLAIMS),
    (Gate::RelaxedServiceNameValidation, OF_SERVICES),
    (Gate::ResourceHealthStatus, OF_STATUS),
    (Gate::ResourceHealthStatusMessage, OF_STATUS),
    (Gate::SkipReadOnlyValidationGCE, "asked of templates with replicas, which Jobs do not have"),
];

/// The gates that it asks and that change something for them: this crate asks each.
const HANDLED: &[Gate] = &[
    Gate::AppArmor,
    Gate::AppArmorFields,
    Gate::AtomicWriteVolumeUserFields,
    Gate::ClusterTrustBundleProjection,
    Gate::ContainerRestartRules,
    Gate::ContainerStopSignals,
    Gate::DefaultHostNetworkHostPortsInPodTemplates,
    Gate::DynamicResourceAllocation,
    Gate::ElasticIndexedJob,
    Gate::EmptyDirVolumeMode,
    Gate::EnvFiles,
    Gate::EvictionRequestAPI,
    Gate::GRPCContainerProbeTLS,
    Gate::GenericWorkload,
    Gate::H2CContainerProbe,
    Gate::HostnameOverride,
    Gate::ImageVolume,
    Gate::InPlacePodVerticalScaling,
    Gate::JobBackoffLimitPerIndex,
    Gate::JobManagedBy,
    Gate::JobPodFailurePolicy,
    Gate::JobPodReplacementPolicy,
    Gate::JobSuccessPolicy,
    Gate::MatchLabelKeysInPodAffinity,
    Gate::MatchLabelKeysInPodTopologySpread,
    Gate::MatchLabelKeysInPodTopologySpreadSelectorMerge,
    Gate::MinDomainsInPodTopologySpread,
    Gate::MutablePodResourcesForSuspendedJobs,
    Gate::MutableSchedulingDirectivesForSuspendedJobs,
    Gate::NodeInclusionPolicyInPodTopologySpread,
    Gate::PodCertificateRequest,
    Gate::PodDeletionCost,
    Gate::PodHostIPs,
    Gate::PodLevelResources,
    Gate::PodLifecycleSleepAction,
    Gate::PodLifecycleSleepActionAllowZero,
    Gate::PodSchedulingReadiness,
    Gate::ProcMountType,
    Gate::RecursiveReadOnlyMounts,
    Gate::RelaxedDNSSearchValidation,
    Gate::RelaxedEnvironmentVariableValidation,
    Gate::RestartAllContainersOnContainerExits,
    Gate::SELinuxChangePolicy,
    Gate::SELinuxMount,
    Gate::SidecarContainers,
    Gate::StrictIPCIDRValidation,
    Gate::SupplementalGroupsPolicy,
    Gate::TaintTolerationComparisonOperators,
    Gate::UserNamespacesHostNetworkSupport,
    Gate::UserNamespacesSupport,
    Gate::VolumeAttributesClass,
    Gate::VolumeBindMountOptions,
    Gate::WorkloadWithJob,
];

/// The program's own text: the lines of each source file without comments and tests, without the tables and what says
/// which version has what.
fn sources() -> Vec<(String, Vec<String>)> {
    fn files(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    let mut sources = Vec::new();
    for path in found {
        let name = path.strip_prefix(&root).expect("a file below it").to_string_lossy().replace('\\', "/");
        let is_meant = name.starts_with("tables/") || matches!(name.as_str(), "changes.rs" | "version.rs");
        let is_test = name.starts_with("closed_world/") || name.ends_with("tests.rs") || name == "testing.rs";
        if is_meant || is_test {
            continue;
        }
        let text = fs::read_to_string(&path).expect("the sources can be read");
        let lines = text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]" || name == "lib.rs" || name.ends_with("/mod.rs"));
        let lines = lines.filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect();
        sources.push((name, lines));
    }
    sources.sort();
    assert!(sources.len() > 50, "only {} files were read", sources.len());
    sources
}

#[test]
fn each_gate_is_handled_or_has_no_effect() {
    let is_name = |c: char| c.is_ascii_alphanumeric();
    let mut asked = BTreeSet::new();
    for (_, lines) in sources() {
        for line in lines {
            for (at, found) in line.match_indices("Gate::") {
                let rest = &line[at + found.len()..];
                let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
                asked.extend(Gate::named(name));
            }
        }
    }
    let handled: BTreeSet<_> = HANDLED.iter().copied().collect();
    let no_effect: BTreeSet<_> = NO_EFFECT.iter().map(|(gate, _)| *gate).collect();
    assert_eq!((handled.len(), no_effect.len()), (HANDLED.len(), NO_EFFECT.len()), "a gate is listed twice");
    let of_both: Vec<_> = handled.intersection(&no_effect).collect();
    assert!(of_both.is_empty(), "handled, and listed as without effect: {of_both:?}");
    let never: Vec<_> = handled.difference(&asked).collect();
    assert!(never.is_empty(), "listed as handled, and asked nowhere: {never:?}");
    let unlisted: Vec<_> = asked.difference(&handled).collect();
    assert!(unlisted.is_empty(), "asked, and not listed as handled: {unlisted:?}");
}

#[test]
fn each_gate_of_a_field_is_handled_or_has_no_effect() {
    let fields = || crate::tables::TYPES.iter().flat_map(|ty| ty.fields);
    let named: BTreeSet<Gate> = fields().flat_map(|field| field.gates).copied().collect();
    let known = |gate: &Gate| HANDLED.contains(gate) || NO_EFFECT.iter().any(|(of, _)| of == gate);
    let news: Vec<_> = named.into_iter().filter(|gate| !known(gate)).collect();
    assert!(
        news.is_empty(),
        "{news:?}: gates that comments of fields name, and that are in no list. Read what the API server does with \
         each; then handle it, or say in NO_EFFECT why there is nothing to handle (xtask/README.md)"
    );
}

/// Numbers that are no versions.
const NO_VERSIONS: &[(&str, &str, &str)] = &[
    ("decode/time.rs", "29", "days of February"),
    ("decode/time.rs", "30", "days of a month"),
    ("decode/time.rs", "31", "days of a month"),
    ("defaults/pod.rs", "30", "seconds of grace"),
    ("pod/dns.rs", "32", "search domains"),
    ("pod/network_volumes.rs", "32", "bits"),
    ("pod/projected.rs", "32", "bits"),
    ("pod/quantity.rs", "30", "bits of a Gi"),
    ("pod/quantity.rs", "36", "digits that are counted"),
    ("validate/legacy_annotations.rs", "32", "bits"),
];

#[test]
fn only_the_tables_know_versions_by_number() {
    let mut found = BTreeSet::new();
    for (name, lines) in sources() {
        for line in &lines {
            let tokens = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for token in tokens.filter(|token| (29..=38).any(|number: u8| number.to_string() == *token)) {
                if !NO_VERSIONS.iter().any(|(file, number, _)| (*file, *number) == (name.as_str(), token)) {
                    found.insert(format!("{name}: {}", line.trim()));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "a version's number? Ask a gate, a field of the tables or a Change instead (or add it to NO_VERSIONS): {found:#?}"
    );
}
