//! The labels and annotations by which tools decide when they create an object.

/// Labels and annotations that tell which release an object is of, and when its tool creates it.
pub const MARKS: &[&str] = &[
    "app.kubernetes.io/instance",
    "argocd.argoproj.io/hook",
    "argocd.argoproj.io/sync-wave",
    "helm.sh/hook",
    "helm.sh/hook-weight",
    "meta.helm.sh/release-name",
];
