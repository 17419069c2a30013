//! Jobs that a deployment tool runs as a hook, and removes by itself.

use super::Object;

const ARGO: Tool = Tool {
    name: "Argo CD",
    hook: "argocd.argoproj.io/hook",
    delete_policy: "argocd.argoproj.io/hook-delete-policy",
};
const HELM: Tool = Tool { name: "Helm", hook: "helm.sh/hook", delete_policy: "helm.sh/hook-delete-policy" };

/// The annotations of a tool.
struct Tool {
    name: &'static str,
    hook: &'static str,
    delete_policy: &'static str,
}

/// What annotations say of an object that is a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook<'a> {
    /// The tool that runs it, as messages name it.
    pub tool: &'static str,
    /// The annotation that makes it a hook.
    pub annotation: &'static str,
    /// The annotation that says when the tool deletes it, and its value.
    pub delete_policy: Option<(&'static str, &'a str)>,
}

impl<'a> Hook<'a> {
    /// The hook that `object` is, if it is one. Argo CD runs Helm's hooks too, and looks at its own annotation first.
    pub fn of(object: &'a Object) -> Option<Self> {
        let tool = [ARGO, HELM].into_iter().find(|tool| {
            // Argo CD leaves an object out that is told to Skip and nothing else.
            object.annotation(tool.hook).is_some_and(|value| {
                let value = value.trim();
                !value.is_empty() && (tool.name != ARGO.name || value != "Skip")
            })
        })?;
        let delete_policy = [&tool, &ARGO, &HELM].into_iter().find_map(|tool| {
            let policy = object.annotation(tool.delete_policy)?.trim();
            (!policy.is_empty()).then_some((tool.delete_policy, policy))
        });
        Some(Self { tool: tool.name, annotation: tool.hook, delete_policy })
    }
}
