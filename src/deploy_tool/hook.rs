//! Hooks: objects that their tool creates at a certain moment, waits for, and deletes by a policy.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::{ARGO_DELETE_POLICY, ARGO_HOOK, HELM_DELETE_POLICY, HELM_HOOK};
use super::words::{ARGO_DELETE_POLICIES, HELM_DELETE_POLICIES};
use super::{DeployTool, annotation};

const ARGO: HookMarks = HookMarks { tool: "Argo CD", hook: ARGO_HOOK, delete_policy: ARGO_DELETE_POLICY };
const HELM: HookMarks = HookMarks { tool: "Helm", hook: HELM_HOOK, delete_policy: HELM_DELETE_POLICY };

/// The annotations by which a tool knows its hooks.
struct HookMarks {
    tool: &'static str,
    hook: &'static str,
    delete_policy: &'static str,
}

/// What annotations say of an object that is a hook: one that its tool creates at a certain moment, waits for, and
/// removes by a delete policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook<'a> {
    /// The tool that runs it, as messages name it.
    pub tool: &'static str,
    /// The annotation that makes it a hook, and its value.
    pub annotation: (&'static str, &'a str),
    /// The annotation that says when the tool deletes it, and its value.
    pub delete_policy: Option<(&'static str, &'a str)>,
    /// When the tool deletes it.
    pub deletes: Deletes,
}

/// When a tool deletes a hook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deletes {
    /// Before it creates it anew: what both tools do where nothing else is said.
    pub before_creation: bool,
    /// Once it has succeeded.
    pub succeeded: bool,
    /// Once it has failed.
    pub failed: bool,
    /// Not at all, by a policy that says so.
    pub never: bool,
}

impl Deletes {
    /// By the words of delete policies, spelt as either tool has them.
    fn by(words: impl Iterator<Item = &'static str>) -> Self {
        let mut deletes = Self::default();
        for word in words {
            match word {
                "before-hook-creation" | "BeforeHookCreation" => deletes.before_creation = true,
                "hook-succeeded" | "HookSucceeded" => deletes.succeeded = true,
                "hook-failed" | "HookFailed" => deletes.failed = true,
                "Never" => deletes.never = true,
                _ => {}
            }
        }
        deletes
    }

    /// What Argo CD makes of the policies: it reads both annotations, and falls back to its default where it knows none of
    /// their words.
    fn of_argo(metadata: &ObjectMeta) -> Self {
        let [argo, helm] = [&ARGO_DELETE_POLICIES, &HELM_DELETE_POLICIES]
            .map(|list| list.known(list.value(metadata).unwrap_or_default()));
        let deletes = Self::by(argo.chain(helm));
        if deletes == Self::default() { Self { before_creation: true, ..deletes } } else { deletes }
    }

    /// What Helm makes of the policies: any annotation, even an empty one, is in place of its default.
    fn of_helm(metadata: &ObjectMeta) -> Self {
        match HELM_DELETE_POLICIES.value(metadata) {
            Some(value) => Self::by(HELM_DELETE_POLICIES.known(value)),
            // Argo CD runs Helm's hooks too.
            None => Self::of_argo(metadata),
        }
    }
}

impl<'a> Hook<'a> {
    /// The hook that an object is, if it is one. Argo CD runs Helm's hooks too, and looks at its own annotation first.
    pub fn of(metadata: &'a ObjectMeta) -> Option<Self> {
        let (marks, value) = [ARGO, HELM].into_iter().find_map(|marks| {
            // Argo CD leaves an object out that is told to Skip and nothing else.
            let value = annotation(metadata, marks.hook).filter(|value| !value.is_empty())?;
            (marks.tool != ARGO.tool || value != "Skip").then_some((marks, value))
        })?;
        let delete_policy = [&marks, &ARGO, &HELM].into_iter().find_map(|marks| {
            let policy = annotation(metadata, marks.delete_policy).filter(|policy| !policy.is_empty())?;
            Some((marks.delete_policy, policy))
        });
        let is_argo = marks.tool == ARGO.tool;
        let deletes = if is_argo { Deletes::of_argo(metadata) } else { Deletes::of_helm(metadata) };
        Some(Self { tool: marks.tool, annotation: (marks.hook, value), delete_policy, deletes })
    }

    /// Whether it is one of Argo CD's own.
    pub fn is_argo(&self) -> bool {
        self.tool == ARGO.tool
    }

    /// Whether its tool only ever creates it: Helm never changes a hook that is there, and fails on one instead.
    /// Argo CD, which may run Helm's hooks, applies them.
    pub fn is_only_created(&self, metadata: &ObjectMeta) -> bool {
        !self.is_argo() && DeployTool::of(metadata).is_none_or(|tool| tool.name != "Argo CD")
    }

    /// The annotation for its delete policy.
    pub fn delete_policy_annotation(&self) -> &'static str {
        if self.is_argo() { ARGO.delete_policy } else { HELM.delete_policy }
    }

    /// The policy to delete it before it is created anew, as its tool spells it.
    pub fn before_creation(&self) -> &'static str {
        if self.is_argo() { "BeforeHookCreation" } else { "before-hook-creation" }
    }

    /// Whether its tool leaves it in the cluster for good: a hook of Helm that runs once, and that no delete policy
    /// removes once it has ended. The default, `before-hook-creation`, acts only when the hook runs again. Argo CD runs
    /// its hooks with every sync.
    pub fn stays(&self) -> bool {
        const ONCE: [&str; 4] = ["pre-install", "post-install", "pre-delete", "post-delete"];
        let (_, events) = self.annotation;
        let runs_once = events.split(',').map(str::trim).all(|event| ONCE.contains(&event));
        !self.is_argo() && runs_once && !self.deletes.succeeded && !self.deletes.failed
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn metadata(value: Value) -> ObjectMeta {
        serde_json::from_value(value).unwrap()
    }

    fn deletes(annotations: Value) -> Deletes {
        Hook::of(&metadata(json!({ "annotations": annotations }))).unwrap().deletes
    }

    #[test]
    fn hooks_that_stay() {
        for (hook, policy, stays) in [
            ("post-install", None, true),
            ("pre-install", Some("before-hook-creation"), true),
            ("post-delete", Some("before-hook-creation"), true),
            ("post-install", Some("before-hook-creation,hook-succeeded"), false),
            ("post-install", Some("hook-failed"), false),
            ("post-install, post-upgrade", None, false),
            ("pre-upgrade", Some("before-hook-creation"), false),
            ("test", None, false),
        ] {
            let mut annotations = json!({"helm.sh/hook": hook});
            if let Some(policy) = policy {
                annotations["helm.sh/hook-delete-policy"] = policy.into();
            }
            let metadata = metadata(json!({ "annotations": annotations }));
            assert_eq!(Hook::of(&metadata).map(|hook| hook.stays()), Some(stays), "{hook} {policy:?}");
        }
        let of_argo = metadata(json!({"annotations": {"argocd.argoproj.io/hook": "PreSync"}}));
        assert_eq!(Hook::of(&of_argo).map(|hook| hook.stays()), Some(false));
        let skipped = metadata(json!({"annotations": {"argocd.argoproj.io/hook": "Skip"}}));
        assert_eq!(Hook::of(&skipped), None);
    }

    #[test]
    fn policies_of_both_tools() {
        let default = Deletes { before_creation: true, ..Deletes::default() };
        let succeeded = Deletes { succeeded: true, ..Deletes::default() };
        for (annotations, expected) in [
            (json!({HELM_HOOK: "test"}), default),
            (json!({HELM_HOOK: "test", HELM_DELETE_POLICY: ""}), Deletes::default()),
            (json!({HELM_HOOK: "test", HELM_DELETE_POLICY: "never-heard-of"}), Deletes::default()),
            (json!({HELM_HOOK: "test", HELM_DELETE_POLICY: "Hook-Succeeded"}), succeeded),
            (json!({HELM_HOOK: "test", ARGO_DELETE_POLICY: "HookSucceeded"}), succeeded),
            (json!({ARGO_HOOK: "Sync"}), default),
            (json!({ARGO_HOOK: "Sync", ARGO_DELETE_POLICY: "hook-succeeded"}), default),
            (json!({ARGO_HOOK: "Sync", HELM_DELETE_POLICY: "hook-succeeded"}), succeeded),
            (
                json!({ARGO_HOOK: "Sync", ARGO_DELETE_POLICY: "HookSucceeded", HELM_DELETE_POLICY: "hook-failed"}),
                Deletes { failed: true, ..succeeded },
            ),
            (
                json!({ARGO_HOOK: "Sync", ARGO_DELETE_POLICY: "Never"}),
                Deletes { never: true, ..Deletes::default() },
            ),
        ] {
            assert_eq!(deletes(annotations.clone()), expected, "{annotations}");
        }
    }
}
