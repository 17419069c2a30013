//! The annotations that tools have, and which one was meant by a name that none has.

use super::names::{
    ARGO_DELETE_POLICY, ARGO_HOOK, ARGO_SYNC_OPTIONS, ARGO_WAVE, FLUX_FORCE, FLUX_PRUNE, FLUX_RECONCILE,
    FLUX_SSA, HELM_CHART, HELM_DELETE_POLICY, HELM_HOOK, HELM_LOG_POLICY, HELM_WEIGHT,
};
use super::words::only_nearest;

/// The domains whose names are known, each with its tool.
const DOMAINS: [(&str, &str); 3] =
    [("helm.sh", "Helm"), ("argocd.argoproj.io", "Argo CD"), ("kustomize.toolkit.fluxcd.io", "Flux")];

/// What an object may have below these domains, as an annotation or a label.
const NAMES: [&str; 24] = [
    HELM_HOOK,
    HELM_WEIGHT,
    HELM_DELETE_POLICY,
    HELM_LOG_POLICY,
    "helm.sh/resource-policy",
    HELM_CHART,
    ARGO_HOOK,
    ARGO_DELETE_POLICY,
    ARGO_WAVE,
    ARGO_SYNC_OPTIONS,
    "argocd.argoproj.io/compare-options",
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/installation-id",
    "argocd.argoproj.io/instance",
    "argocd.argoproj.io/ignore-healthcheck",
    "argocd.argoproj.io/ignore-resource-updates",
    "argocd.argoproj.io/ignore-restart-policy",
    FLUX_FORCE,
    FLUX_SSA,
    FLUX_RECONCILE,
    FLUX_PRUNE,
    "kustomize.toolkit.fluxcd.io/substitute",
    "kustomize.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/namespace",
];

/// A name that its tool does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MisspeltName {
    /// The tool, as messages name it.
    pub tool: &'static str,
    /// The name that was meant.
    pub meant: &'static str,
}

impl MisspeltName {
    /// The tool that an annotation is for, and the name that was meant; nothing where the tool has it, or no name is so
    /// near that it must be a slip of the pen. A tool may have got more since.
    pub fn of(key: &str) -> Option<Self> {
        let (domain, name) = key.split_once('/')?;
        let (domain, tool) = DOMAINS.into_iter().find(|(known, _)| *known == domain)?;
        if NAMES.contains(&key) {
            return None;
        }
        let names = || {
            NAMES
                .into_iter()
                .filter_map(|known| Some((known, known.strip_prefix(domain)?.strip_prefix('/')?)))
        };
        let nearest = only_nearest(name, names().map(|(_, name)| name))?;
        let meant = names().find(|(_, name)| *name == nearest).map(|(known, _)| known)?;
        Some(Self { tool, meant })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_meant() {
        for (key, meant) in [
            ("helm.sh/hooks", Some(HELM_HOOK)),
            ("helm.sh/Hook", Some(HELM_HOOK)),
            ("helm.sh/hook-delete-polcy", Some(HELM_DELETE_POLICY)),
            ("helm.sh/hook-wieght", Some(HELM_WEIGHT)),
            ("argocd.argoproj.io/sync-option", Some(ARGO_SYNC_OPTIONS)),
            ("argocd.argoproj.io/hook-delete-policies", Some(ARGO_DELETE_POLICY)),
            ("kustomize.toolkit.fluxcd.io/forced", Some(FLUX_FORCE)),
            ("argocd.argoproj.io/teleport", None),
            ("example.com/hooks", None),
            ("helm.sh", None),
        ] {
            assert_eq!(MisspeltName::of(key).map(|name| name.meant), meant, "{key}");
        }
        for known in NAMES {
            assert_eq!(MisspeltName::of(known), None, "{known}");
        }
    }
}
