//! The kinds of objects that rules know beside Jobs and CronJobs.

/// A kind of objects that rules ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NeighbourKind {
    /// A ConfigMap: the names of its entries, never their values.
    ConfigMap,
    /// A Deployment: which Pods it takes for its own.
    Deployment,
    /// A HorizontalPodAutoscaler: what it scales.
    HorizontalPodAutoscaler,
    /// A LimitRange: what it demands of Pods, and fills in.
    LimitRange,
    /// A Namespace: its labels.
    Namespace,
    /// A PersistentVolumeClaim: how it may be mounted.
    PersistentVolumeClaim,
    /// A PodDisruptionBudget: which Pods it guards, and how many of them.
    PodDisruptionBudget,
    /// A ReplicaSet: which Pods it takes for its own.
    ReplicaSet,
    /// A ResourceQuota: what a namespace may use.
    ResourceQuota,
    /// A Secret: the names of its entries, never their values.
    Secret,
    /// A Service: which Pods it sends traffic to.
    Service,
    /// A ServiceAccount: its name.
    ServiceAccount,
    /// A StatefulSet: which Pods it takes for its own.
    StatefulSet,
}

/// What the API calls a kind.
struct Names {
    group: &'static str,
    version: &'static str,
    /// Versions that were served before, and are still found in manifests.
    former: &'static [&'static str],
    kind: &'static str,
    plural: &'static str,
}

const fn names(
    (group, version): (&'static str, &'static str),
    former: &'static [&'static str],
    kind: &'static str,
    plural: &'static str,
) -> Names {
    Names { group, version, former, kind, plural }
}

const CORE: (&str, &str) = ("", "v1");
const APPS: (&str, &str) = ("apps", "v1");

static NAMES: [Names; NeighbourKind::ALL.len()] = [
    names(CORE, &[], "ConfigMap", "configmaps"),
    names(APPS, &[], "Deployment", "deployments"),
    names(
        ("autoscaling", "v2"),
        &["v1", "v2beta1", "v2beta2"],
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
    ),
    names(CORE, &[], "LimitRange", "limitranges"),
    names(CORE, &[], "Namespace", "namespaces"),
    names(CORE, &[], "PersistentVolumeClaim", "persistentvolumeclaims"),
    names(("policy", "v1"), &["v1beta1"], "PodDisruptionBudget", "poddisruptionbudgets"),
    names(APPS, &[], "ReplicaSet", "replicasets"),
    names(CORE, &[], "ResourceQuota", "resourcequotas"),
    names(CORE, &[], "Secret", "secrets"),
    names(CORE, &[], "Service", "services"),
    names(CORE, &[], "ServiceAccount", "serviceaccounts"),
    names(APPS, &[], "StatefulSet", "statefulsets"),
];

impl NeighbourKind {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 13] = [
        Self::ConfigMap,
        Self::Deployment,
        Self::HorizontalPodAutoscaler,
        Self::LimitRange,
        Self::Namespace,
        Self::PersistentVolumeClaim,
        Self::PodDisruptionBudget,
        Self::ReplicaSet,
        Self::ResourceQuota,
        Self::Secret,
        Self::Service,
        Self::ServiceAccount,
        Self::StatefulSet,
    ];

    /// The kind of an object of this `apiVersion` and `kind`, if it is one of these.
    pub fn of(api_version: Option<&str>, kind: Option<&str>) -> Option<Self> {
        let (api_version, kind) = (api_version?, kind?);
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::ALL.into_iter().find(|this| {
            let names = this.names();
            names.kind == kind
                && names.group == group
                && (names.version == version || names.former.contains(&version))
        })
    }

    fn names(self) -> &'static Names {
        &NAMES[self as usize]
    }

    /// As in `kind`.
    pub fn as_str(self) -> &'static str {
        self.names().kind
    }

    /// The API group: empty for the core one.
    pub fn group(self) -> &'static str {
        self.names().group
    }

    /// The version that is served.
    pub fn version(self) -> &'static str {
        self.names().version
    }

    /// The resource, as URLs and rights name it.
    pub fn plural(self) -> &'static str {
        self.names().plural
    }

    /// Whether nothing but its metadata is asked of a cluster: contents may be large, or nobody's business.
    pub fn is_metadata_only(self) -> bool {
        matches!(self, Self::ConfigMap | Self::Namespace | Self::Secret | Self::ServiceAccount)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NeighbourKinds(u16);

impl NeighbourKinds {
    /// Every kind.
    pub const ALL: Self = Self((1 << NeighbourKind::ALL.len()) - 1);

    /// Adds a kind.
    pub fn insert(&mut self, kind: NeighbourKind) {
        self.0 |= 1 << kind as u16;
    }

    /// Adds those of another set.
    pub fn extend(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// Whether the kind is in it.
    pub fn contains(self, kind: NeighbourKind) -> bool {
        self.0 & 1 << kind as u16 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in it, in the order of their names.
    pub fn iter(self) -> impl Iterator<Item = NeighbourKind> {
        NeighbourKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl FromIterator<NeighbourKind> for NeighbourKinds {
    fn from_iter<I: IntoIterator<Item = NeighbourKind>>(kinds: I) -> Self {
        let mut set = Self::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_names() {
        for kind in NeighbourKind::ALL {
            assert_eq!(kind.as_str(), format!("{kind:?}"));
            let group = kind.group();
            let api_version = if group.is_empty() {
                kind.version().to_owned()
            } else {
                format!("{group}/{}", kind.version())
            };
            assert_eq!(NeighbourKind::of(Some(&api_version), Some(kind.as_str())), Some(kind));
        }
        assert_eq!(
            NeighbourKind::of(Some("policy/v1beta1"), Some("PodDisruptionBudget")),
            Some(NeighbourKind::PodDisruptionBudget)
        );
        for (version, kind) in [
            (Some("serving.knative.dev/v1"), Some("Service")),
            (Some("v1"), Some("Deployment")),
            (Some("v1"), Some("Pod")),
            (None, Some("Service")),
            (Some("v1"), None),
        ] {
            assert_eq!(NeighbourKind::of(version, kind), None);
        }
    }

    #[test]
    fn sets() {
        let kinds: NeighbourKinds =
            [NeighbourKind::StatefulSet, NeighbourKind::ConfigMap].into_iter().collect();
        assert_eq!(kinds.iter().collect::<Vec<_>>(), [NeighbourKind::ConfigMap, NeighbourKind::StatefulSet]);
        assert_eq!(NeighbourKinds::ALL.iter().count(), NeighbourKind::ALL.len());
    }
}
