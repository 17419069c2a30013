//! Jobs that the tool that deploys them deletes and creates again, instead of changing them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::{FLUX_FORCE, KAPP_UPDATE};
use super::{DeployTool, Hook, SyncOptions, annotation};

/// When a tool puts a new Job in the place of the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// Each time that the hook runs: it is deleted before.
    AsHook,
    /// With each change.
    Always,
    /// Where the API server refuses the change.
    IfRefused,
}

/// What marks on a Job ask its tool for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement {
    /// The tool, as messages name it.
    pub tool: &'static str,
    /// The mark, as it is written.
    pub asked_by: &'static str,
    /// When it happens.
    pub replaced: Replaced,
}

impl Replacement {
    /// What becomes of a stored Job when the one with this metadata is deployed; none where it is changed in place.
    ///
    /// Sources: Helm's and Argo CD's pages about hooks (both delete the old one first unless a delete policy says
    /// otherwise), Argo CD's sync options (`Replace=true` alone is a `kubectl replace`, which changes in place), Flux's
    /// `kustomize.toolkit.fluxcd.io/force`, kapp's `kapp.k14s.io/update-strategy`.
    pub fn of(metadata: &ObjectMeta) -> Option<Self> {
        if let Some(hook) = Hook::of(metadata) {
            return hook.deletes.before_creation.then_some(Self {
                tool: hook.tool,
                asked_by: hook.before_creation(),
                replaced: Replaced::AsHook,
            });
        }
        let has_option = |option| SyncOptions::of(metadata).is_some_and(|options| options.has(option));
        if has_option("Force=true") && has_option("Replace=true") {
            return Some(Self {
                tool: "Argo CD",
                asked_by: "argocd.argoproj.io/sync-options: Force=true,Replace=true",
                replaced: Replaced::Always,
            });
        }
        let label = |name: &str| metadata.labels.as_ref()?.get(name).map(String::as_str);
        let forced = [annotation(metadata, FLUX_FORCE), label(FLUX_FORCE)];
        if forced.iter().flatten().any(|value| value.eq_ignore_ascii_case("enabled")) {
            return Some(Self {
                tool: "Flux",
                asked_by: "kustomize.toolkit.fluxcd.io/force: enabled",
                replaced: Replaced::IfRefused,
            });
        }
        let (asked_by, replaced) = match annotation(metadata, KAPP_UPDATE)? {
            "fallback-on-replace" => {
                ("kapp.k14s.io/update-strategy: fallback-on-replace", Replaced::IfRefused)
            }
            "always-replace" => ("kapp.k14s.io/update-strategy: always-replace", Replaced::Always),
            _ => return None,
        };
        Some(Self { tool: "kapp", asked_by, replaced })
    }
}

/// What to do about a change that the API server refuses of a Job that exists, where the Job with this metadata is
/// deployed.
pub fn remedy_for_fixed_fields(metadata: &ObjectMeta) -> &'static str {
    // One that is replaced is not refused.
    if Hook::of(metadata).is_some_and(|hook| hook.is_argo()) {
        return "add BeforeHookCreation to its argocd.argoproj.io/hook-delete-policy: Argo CD then deletes it first";
    }
    match DeployTool::of(metadata).map(|tool| tool.name) {
        Some("Argo CD") => {
            "give each version of the Job a different name, make it a hook (argocd.argoproj.io/hook: Sync), \
             which Argo CD \
             deletes first, or let Argo CD replace it (argocd.argoproj.io/sync-options: Force=true,Replace=true)"
        }
        Some("Flux") => {
            "give each version of the Job a different name, or let Flux replace it \
             (kustomize.toolkit.fluxcd.io/force: enabled)"
        }
        Some("kapp") => {
            "give each version of the Job a different name, or let kapp replace it \
             (kapp.k14s.io/update-strategy: fallback-on-replace)"
        }
        Some("Helm" | "Flux's helm-controller") => {
            "give each version of the Job a different name, or make it a hook (such as helm.sh/hook: pre-upgrade), which Helm \
             deletes first; this once, delete the Job before the upgrade (kubectl delete job)"
        }
        Some("Helm or Argo CD") => {
            "give each version of the Job a different name, or make it a hook (helm.sh/hook or argocd.argoproj.io/hook), \
             which its tool deletes first, or let Argo CD replace it (argocd.argoproj.io/sync-options: Force=true,Replace=true); \
             this once, delete the Job first (kubectl delete job)"
        }
        _ => {
            "give each version of the Job a different name, or delete the Job first (kubectl delete job, or kubectl \
             replace --force)"
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::names::ARGO_SYNC_OPTIONS as SYNC_OPTIONS;
    use super::*;

    fn metadata(annotations: Value) -> ObjectMeta {
        serde_json::from_value(json!({ "annotations": annotations })).unwrap()
    }

    fn replaced(annotations: Value) -> Option<(&'static str, Replaced)> {
        Replacement::of(&metadata(annotations)).map(|replacement| (replacement.tool, replacement.replaced))
    }

    #[test]
    fn replaced_by_their_tool() {
        for (annotations, tool, when) in [
            (json!({"helm.sh/hook": "pre-upgrade"}), "Helm", Replaced::AsHook),
            (
                json!({"helm.sh/hook": "pre-upgrade", "helm.sh/hook-delete-policy": "hook-succeeded, before-hook-creation"}),
                "Helm",
                Replaced::AsHook,
            ),
            (json!({"argocd.argoproj.io/hook": "Sync"}), "Argo CD", Replaced::AsHook),
            (
                json!({"argocd.argoproj.io/hook": "PreSync", "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation"}),
                "Argo CD",
                Replaced::AsHook,
            ),
            (json!({SYNC_OPTIONS: "Replace=true, Force=true"}), "Argo CD", Replaced::Always),
            (json!({FLUX_FORCE: "enabled"}), "Flux", Replaced::IfRefused),
            (json!({FLUX_FORCE: "Enabled"}), "Flux", Replaced::IfRefused),
            (json!({KAPP_UPDATE: "fallback-on-replace"}), "kapp", Replaced::IfRefused),
            (json!({KAPP_UPDATE: "always-replace"}), "kapp", Replaced::Always),
        ] {
            assert_eq!(replaced(annotations.clone()), Some((tool, when)), "{annotations}");
        }
        let by_label: ObjectMeta =
            serde_json::from_value(json!({"labels": {FLUX_FORCE: "enabled"}})).unwrap();
        assert_eq!(Replacement::of(&by_label).map(|replacement| replacement.tool), Some("Flux"));
    }

    #[test]
    fn changed_in_place() {
        for annotations in [
            json!({}),
            json!({"helm.sh/hook": "pre-upgrade", "helm.sh/hook-delete-policy": "hook-succeeded"}),
            json!({"argocd.argoproj.io/hook": "Sync", "argocd.argoproj.io/hook-delete-policy": "HookFailed"}),
            // A PUT, and an apply with --force, which Argo CD does not do for what it may change.
            json!({SYNC_OPTIONS: "Replace=true"}),
            json!({SYNC_OPTIONS: "Force=true"}),
            json!({SYNC_OPTIONS: "Force=true,Replace=false"}),
            json!({FLUX_FORCE: "disabled"}),
            json!({KAPP_UPDATE: "skip"}),
            json!({"argocd.argoproj.io/hook": "Skip"}),
        ] {
            assert_eq!(replaced(annotations.clone()), None, "{annotations}");
        }
    }

    #[test]
    fn the_remedy_is_that_of_the_tool() {
        let of = |annotations| remedy_for_fixed_fields(&metadata(annotations));
        assert!(of(json!({"meta.helm.sh/release-name": "a"})).contains("helm.sh/hook"));
        assert!(of(json!({"argocd.argoproj.io/tracking-id": "a"})).contains("Force=true,Replace=true"));
        assert!(of(json!({"kustomize.toolkit.fluxcd.io/name": "a"})).contains("force: enabled"));
        assert!(of(json!({"kapp.k14s.io/app": "a"})).contains("fallback-on-replace"));
        let kept =
            json!({"argocd.argoproj.io/hook": "Sync", "argocd.argoproj.io/hook-delete-policy": "HookFailed"});
        assert!(of(kept).starts_with("add BeforeHookCreation"));
        assert!(of(json!({})).contains("kubectl replace --force"));
    }
}
