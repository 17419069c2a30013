//! What changed between versions without a feature gate.

/// A change of the API server that no feature gate controls, so that a version has it or not. Each was found by asking
/// servers of several versions the same, or, where gates must be set otherwise to see it, in their sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Faults of `hostAliases` name the element: `hostAliases[0].ip` instead of `hostAliases.ip`.
    HostAliasPaths,
    /// A hook that only sleeps goes when the gate of `sleep` is off; before, it was left empty, and refused.
    HookGoesWithItsSleep,
    /// The path of a projected token must lead downwards.
    LocalTokenPaths,
    /// `procMount: Unmasked` needs a Pod with users of its own.
    UnmaskedNeedsOwnUsers,
    /// Faults of `clusterTrustBundle` are found below that name; before, below `clusterTrustBundlePEM`.
    TrustBundlePaths,
    /// A stored sidecar may keep its `resizePolicy`; before, no init container had one.
    StoredSidecarsMayResize,
    /// Sidecars may have a `resizePolicy`.
    SidecarsMayResize,
    /// A stored image volume stays where the gate is off; before, the volume was left without a source, and refused.
    StoredImageVolumesStay,
    /// A mount of an image volume may be of a part of it.
    PartsOfImageVolumes,
    /// Warnings for files of one volume that would be written to the same place, and for a projected source that
    /// names nothing.
    OverlapWarnings,
    /// The values of required node affinity must be label values; in preferred node affinity others get a warning.
    NodeAffinityValues,
    /// Warnings for addresses that are not in their canonical form.
    AddressWarnings,
    /// A warning for a port name that several containers have.
    PortNameWarnings,
    /// A projected source that names no files has none; before, warnings took it to have those of the source before it.
    SourcesHaveTheirOwnPaths,
    /// A Pod's own requests are held against those of its containers where both name a resource, and so are its limits of
    /// huge pages; a Windows Pod has no such resources. Before, a request of a container that the Pod did not name was too
    /// much.
    PodResourcesByName,
    /// A missing status of a Pod condition in a `podFailurePolicy` is `True` in a CronJob too; before, only in a Job.
    PodConditionStatusInCronJobs,
    /// `volumeDevices` are refused in a Pod with `hostUsers: false`.
    NoDevicesWithoutHostUsers,
    /// An empty name of a CSI driver is a missing one; before, it was an invalid one too.
    EmptyDriverIsMissing,
    /// A schedule such as `TZ=UTC` with nothing behind it is refused; before, the server panicked.
    ZoneAloneIsRefused,
    /// The `restartPolicyRules` of an init container need a `restartPolicy` beside them.
    InitRulesNeedPolicy,
    /// Too many `restartPolicyRules` are TooMany; before, they were TooLong.
    TooManyRestartRules,
    /// `resizePolicy: RestartContainer` is refused in an init container that is no sidecar.
    NoRestartToResizeInit,
}

impl Change {
    /// All of them, by version.
    pub const ALL: [Self; 22] = [
        Self::HostAliasPaths,
        Self::HookGoesWithItsSleep,
        Self::LocalTokenPaths,
        Self::UnmaskedNeedsOwnUsers,
        Self::TrustBundlePaths,
        Self::OverlapWarnings,
        Self::StoredSidecarsMayResize,
        Self::StoredImageVolumesStay,
        Self::SidecarsMayResize,
        Self::PartsOfImageVolumes,
        Self::NodeAffinityValues,
        Self::AddressWarnings,
        Self::PortNameWarnings,
        Self::SourcesHaveTheirOwnPaths,
        Self::PodResourcesByName,
        Self::PodConditionStatusInCronJobs,
        Self::NoDevicesWithoutHostUsers,
        Self::EmptyDriverIsMissing,
        Self::ZoneAloneIsRefused,
        Self::InitRulesNeedPolicy,
        Self::TooManyRestartRules,
        Self::NoRestartToResizeInit,
    ];

    /// The minor version that has it first.
    pub const fn since(self) -> u8 {
        match self {
            Self::HostAliasPaths
            | Self::HookGoesWithItsSleep
            | Self::LocalTokenPaths
            | Self::UnmaskedNeedsOwnUsers => 30,
            Self::TrustBundlePaths => 31,
            Self::OverlapWarnings | Self::StoredSidecarsMayResize | Self::StoredImageVolumesStay => 32,
            Self::SidecarsMayResize | Self::PartsOfImageVolumes => 33,
            Self::NodeAffinityValues | Self::AddressWarnings | Self::PortNameWarnings => 33,
            Self::SourcesHaveTheirOwnPaths
            | Self::PodResourcesByName
            | Self::PodConditionStatusInCronJobs
            | Self::NoDevicesWithoutHostUsers => 34,
            Self::EmptyDriverIsMissing | Self::ZoneAloneIsRefused | Self::InitRulesNeedPolicy => 35,
            Self::TooManyRestartRules | Self::NoRestartToResizeInit => 36,
        }
    }

    /// What the version does from then on: one sentence without a full stop, in Markdown.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::HostAliasPaths => {
                "faults of `hostAliases` name the element: `hostAliases[0].ip`, where it was `hostAliases.ip`"
            }
            Self::HookGoesWithItsSleep => {
                "a lifecycle hook that only sleeps is dropped as a whole where the gate of `sleep` is off; before, an empty hook was left, and refused"
            }
            Self::LocalTokenPaths => "the `path` of a projected `serviceAccountToken` must not contain `..`",
            Self::UnmaskedNeedsOwnUsers => {
                "`procMount: Unmasked` is refused in a Pod without `hostUsers: false`"
            }
            Self::PodResourcesByName => {
                "`resources` of a Pod are compared with its containers' only for resources that both name; a Windows Pod has none"
            }
            Self::InitRulesNeedPolicy => {
                "`restartPolicyRules` of an init container need a `restartPolicy` beside them"
            }
            Self::TrustBundlePaths => {
                "faults of `clusterTrustBundle` have that name in their paths, where it was `clusterTrustBundlePEM`"
            }
            Self::StoredSidecarsMayResize => {
                "an update may keep the `resizePolicy` of a stored sidecar; before, no init container could have one"
            }
            Self::SidecarsMayResize => "a sidecar may have a `resizePolicy`",
            Self::StoredImageVolumesStay => {
                "an update keeps a stored `image` volume where its gate is off; before, the volume was left empty, and refused"
            }
            Self::PartsOfImageVolumes => "a mount of an `image` volume may have a `subPath`",
            Self::SourcesHaveTheirOwnPaths => {
                "warnings of files with the same path pass over a projected source that names no files; before, it counted with the files of the one before it"
            }
            Self::OverlapWarnings => {
                "a warning where two files of a volume have the same path, and where a projected source names nothing"
            }
            Self::NodeAffinityValues => {
                "`values` of required node affinity must be valid label values; in preferred node affinity, others get a warning"
            }
            Self::AddressWarnings => "a warning for IP addresses that are not in canonical form",
            Self::PortNameWarnings => "a warning where several containers have a port of the same name",
            Self::PodConditionStatusInCronJobs => {
                "in a CronJob, a missing `status` in `podFailurePolicy.rules[].onPodConditions[]` is filled in with `True`, as in a Job"
            }
            Self::NoDevicesWithoutHostUsers => "`volumeDevices` are refused in a Pod with `hostUsers: false`",
            Self::EmptyDriverIsMissing => {
                "an empty name of a CSI driver is one fault (required); before, it was an invalid name as well"
            }
            Self::ZoneAloneIsRefused => {
                "a schedule that is only a time zone, such as `TZ=UTC`, is refused; before, it crashed the request"
            }
            Self::TooManyRestartRules => {
                "too many `restartPolicyRules` have the cause `FieldValueTooMany`; before, `FieldValueTooLong`"
            }
            Self::NoRestartToResizeInit => {
                "`resizePolicy` with `RestartContainer` is refused for an init container that is not a sidecar"
            }
        }
    }
}
