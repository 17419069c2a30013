//! Annotations and labels that a tool reads in one place: of the object, of the Job, or of its Pods.
//!
//! Sources: the documentation of each tool, which calls them annotations or labels of Pods (or of a Pod template).

use super::names::{
    ARGO_DELETE_POLICY, ARGO_HOOK, ARGO_SYNC_OPTIONS, ARGO_WAVE, FLUX_FORCE, FLUX_PRUNE, FLUX_RECONCILE,
    FLUX_SSA, HELM_DELETE_POLICY, HELM_HOOK, HELM_WEIGHT, KAPP_UPDATE, KUEUE_QUEUE,
};

/// A place for annotations and labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The object itself, which the tool that deploys it sees.
    Object,
    /// The Job: the object itself, or what a CronJob's template makes.
    Job,
    /// The Pods: the Pod template.
    Pod,
}

/// Annotations or labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MapKind {
    /// Annotations.
    Annotations,
    /// Labels.
    Labels,
}

impl MapKind {
    /// The field's name.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Annotations => "annotations",
            Self::Labels => "labels",
        }
    }
}

/// Who reads an annotation or a label, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// The tool, as messages name it.
    pub tool: &'static str,
    /// Where it reads it.
    pub place: Place,
    /// Whether it makes the object a hook.
    pub of_hook: bool,
}

/// What a tool reads: names, or with a star at their end how names begin.
struct Row {
    tool: &'static str,
    place: Place,
    annotations: &'static [&'static str],
    labels: &'static [&'static str],
}

const fn row(
    tool: &'static str,
    place: Place,
    annotations: &'static [&'static str],
    labels: &'static [&'static str],
) -> Row {
    Row { tool, place, annotations, labels }
}

use Place::{Job, Object, Pod};

static ROWS: [Row; 27] = [
    row(
        "Helm",
        Object,
        &[
            HELM_HOOK,
            HELM_WEIGHT,
            HELM_DELETE_POLICY,
            "helm.sh/hook-output-log-policy",
            "helm.sh/resource-policy",
        ],
        &[],
    ),
    // Of other options some ask Argo CD to leave an object alone that is found by its labels: a Pod, perhaps.
    row("Argo CD", Object, &[ARGO_HOOK, ARGO_DELETE_POLICY, ARGO_WAVE], &[]),
    row("Flux", Object, &[FLUX_FORCE, FLUX_RECONCILE, FLUX_SSA, FLUX_PRUNE], &[]),
    row("kapp", Object, &[KAPP_UPDATE, "kapp.k14s.io/change-group", "kapp.k14s.io/change-rule"], &[]),
    row("Kueue", Job, &[], &[KUEUE_QUEUE, "kueue.x-k8s.io/priority-class"]),
    row(
        "Istio",
        Pod,
        &["sidecar.istio.io/*", "traffic.sidecar.istio.io/*", "proxy.istio.io/*", "inject.istio.io/*"],
        &["sidecar.istio.io/inject", "istio.io/rev"],
    ),
    row("Linkerd", Pod, &["linkerd.io/inject", "config.linkerd.io/*", "config.alpha.linkerd.io/*"], &[]),
    row("Vault", Pod, &["vault.hashicorp.com/*"], &[]),
    row(
        "Consul",
        Pod,
        &["consul.hashicorp.com/connect-inject", "consul.hashicorp.com/transparent-proxy*"],
        &[],
    ),
    row("Dapr", Pod, &["dapr.io/*"], &[]),
    row("Kuma", Pod, &["kuma.io/sidecar-injection"], &["kuma.io/sidecar-injection"]),
    row(
        "the cluster autoscaler",
        Pod,
        &[
            "cluster-autoscaler.kubernetes.io/safe-to-evict*",
            "cluster-autoscaler.kubernetes.io/pod-scale-up-delay",
        ],
        &[],
    ),
    row("Karpenter", Pod, &["karpenter.sh/do-not-disrupt", "karpenter.sh/do-not-evict"], &[]),
    row("the descheduler", Pod, &["descheduler.alpha.kubernetes.io/*"], &[]),
    row("Prometheus", Pod, &["prometheus.io/*", "k8s.grafana.com/scrape"], &[]),
    row("the kubelet", Pod, &["container.apparmor.security.beta.kubernetes.io/*"], &[]),
    row(
        "kubectl",
        Pod,
        &["kubectl.kubernetes.io/default-container", "kubectl.kubernetes.io/default-logs-container"],
        &[],
    ),
    row("Multus", Pod, &["k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"], &[]),
    row(
        "the network plugin",
        Pod,
        &["kubernetes.io/ingress-bandwidth", "kubernetes.io/egress-bandwidth"],
        &[],
    ),
    row(
        "Azure workload identity",
        Pod,
        &["azure.workload.identity/inject-proxy-sidecar", "azure.workload.identity/skip-containers"],
        &["azure.workload.identity/use"],
    ),
    row("kube2iam", Pod, &["iam.amazonaws.com/role"], &[]),
    row("the Cloud Storage FUSE driver", Pod, &["gke-gcsfuse/*"], &[]),
    row(
        "the OpenTelemetry operator",
        Pod,
        &["instrumentation.opentelemetry.io/*", "sidecar.opentelemetry.io/inject"],
        &[],
    ),
    row(
        "Datadog",
        Pod,
        &["ad.datadoghq.com/*", "admission.datadoghq.com/*"],
        &["admission.datadoghq.com/enabled"],
    ),
    row("Fluent Bit", Pod, &["fluentbit.io/*"], &[]),
    row("Elastic's agents", Pod, &["co.elastic.logs/*", "co.elastic.metrics/*"], &[]),
    row(
        "Velero",
        Pod,
        &["backup.velero.io/backup-volumes*", "pre.hook.backup.velero.io/*", "post.hook.backup.velero.io/*"],
        &[],
    ),
];

/// What tools read from annotations alone: as a label it has no effect.
const NO_LABELS: [&str; 6] =
    [HELM_HOOK, HELM_WEIGHT, HELM_DELETE_POLICY, ARGO_HOOK, ARGO_DELETE_POLICY, ARGO_WAVE];

impl Reader {
    /// Who reads what a label says, were it an annotation of the object.
    pub fn of_label_for_annotation(key: &str) -> Option<Self> {
        NO_LABELS.contains(&key).then(|| Self::of(MapKind::Annotations, key, "")).flatten()
    }

    /// Who reads an annotation or a label in one place only.
    pub fn of(kind: MapKind, key: &str, value: &str) -> Option<Self> {
        let (domain, _) = key.split_once('/')?;
        if kind == MapKind::Annotations && key == ARGO_SYNC_OPTIONS {
            let is_of_object = ["Replace=", "Force="].iter().any(|option| value.contains(option));
            return is_of_object.then_some(Self { tool: "Argo CD", place: Object, of_hook: false });
        }
        let is_it = |pattern: &&str| match pattern.strip_suffix('*') {
            Some(start) => key.starts_with(start),
            None => **pattern == *key,
        };
        let row = ROWS.iter().find(|row| {
            let patterns = if kind == MapKind::Labels { row.labels } else { row.annotations };
            patterns.iter().filter(|pattern| pattern.starts_with(domain)).any(is_it)
        })?;
        Some(Self { tool: row.tool, place: row.place, of_hook: [HELM_HOOK, ARGO_HOOK].contains(&key) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(kind: MapKind, key: &str) -> Option<Place> {
        Reader::of(kind, key, "true").map(|reader| reader.place)
    }

    #[test]
    fn read_in_one_place() {
        for (key, expected) in [
            ("helm.sh/hook", Some(Object)),
            ("argocd.argoproj.io/sync-wave", Some(Object)),
            ("sidecar.istio.io/proxyCPU", Some(Pod)),
            ("cluster-autoscaler.kubernetes.io/safe-to-evict", Some(Pod)),
            ("cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes", Some(Pod)),
            ("prometheus.io/scrape", Some(Pod)),
            ("helm.sh/chart", None),
            ("karpenter.sh/nodepool", None),
            ("prometheus", None),
        ] {
            assert_eq!(place(MapKind::Annotations, key), expected, "{key}");
        }
        assert_eq!(place(MapKind::Labels, KUEUE_QUEUE), Some(Job));
        assert_eq!(place(MapKind::Labels, "sidecar.istio.io/inject"), Some(Pod));
        assert_eq!(place(MapKind::Labels, "prometheus.io/scrape"), None);
    }

    #[test]
    fn options_that_ask_for_peace_may_be_a_pods() {
        let of =
            |value| Reader::of(MapKind::Annotations, ARGO_SYNC_OPTIONS, value).map(|reader| reader.place);
        assert_eq!(of("Prune=false"), None);
        assert_eq!(of("Force=true,Replace=true"), Some(Object));
    }

    #[test]
    fn patterns_are_whole_names_or_beginnings() {
        for row in &ROWS {
            for pattern in row.annotations.iter().chain(row.labels) {
                let (domain, name) = pattern.split_once('/').unwrap();
                assert!(!domain.is_empty() && !name.is_empty() && !domain.contains('*'), "{pattern}");
            }
        }
    }
}
