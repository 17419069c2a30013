//! The annotations and labels that instruct tools what to do with an object.

/// Helm: the moments at which it creates the object.
pub const HELM_HOOK: &str = "helm.sh/hook";
/// Helm: when it deletes the hook.
pub const HELM_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
/// Helm: when it prints the logs of the hook's Pods.
pub const HELM_LOG_POLICY: &str = "helm.sh/hook-output-log-policy";
/// Helm: where the hook comes among others, the lowest first.
pub const HELM_WEIGHT: &str = "helm.sh/hook-weight";
/// Argo CD: the phases of a sync in which it creates the object.
pub const ARGO_HOOK: &str = "argocd.argoproj.io/hook";
/// Argo CD: when it deletes the hook.
pub const ARGO_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// Argo CD: where the object comes among others, the lowest first.
pub const ARGO_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Argo CD: how it applies the object.
pub const ARGO_SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Flux: whether it creates anew what cannot be changed.
pub const FLUX_FORCE: &str = "kustomize.toolkit.fluxcd.io/force";
/// Flux: whether it deletes the object once its manifest is gone.
pub const FLUX_PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
/// Flux: how it applies the object.
pub const FLUX_SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";
/// Flux: whether it applies the object.
pub const FLUX_RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
/// kapp: how it changes the object.
pub const KAPP_UPDATE: &str = "kapp.k14s.io/update-strategy";
/// Who deploys the object, in words.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Kueue: the queue in which the Job waits.
pub const KUEUE_QUEUE: &str = "kueue.x-k8s.io/queue-name";
/// The version of the program, which changes with it.
pub const APP_VERSION: &str = "app.kubernetes.io/version";
/// The chart and its version.
pub const HELM_CHART: &str = "helm.sh/chart";
/// How annotations begin that hold a hash of something else, by the custom of charts.
pub const CHECKSUM: &str = "checksum/";
