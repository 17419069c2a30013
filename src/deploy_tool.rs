//! Tools that deploy objects: by which marks an object shows that it is theirs, what they do to a Job that is gone, and
//! what their hooks are.
//!
//! There is one list. What advises a lifetime for a Job, and what fills one in, asks it first: a Job that its tool creates
//! again once its lifetime has removed it runs again.

mod annotations;
mod hook;
pub mod names;
mod order;
mod readers;
mod replacement;
mod switches;
mod sync_options;
mod versions;
mod words;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub use annotations::MisspeltName;
pub use hook::{Deletes, Hook};
use names::{ARGO_HOOK, FLUX_RECONCILE, FLUX_SSA, HELM_HOOK, MANAGED_BY};
pub use order::{Late, MARKS, Moment};
pub use readers::{MapKind, Place, Reader};
pub use replacement::{Replaced, Replacement, remedy_for_fixed_fields};
pub use switches::UnknownSwitch;
pub use sync_options::SyncOptions;
pub use versions::{may_name_version, version_keys};
pub use words::{
    ARGO_DELETE_POLICIES, ARGO_HOOKS, HELM_DELETE_POLICIES, HELM_HOOKS, HELM_LOG_POLICIES, UnknownWord,
    WordList,
};

/// A tool that deploys objects.
#[derive(Debug, PartialEq, Eq)]
pub struct DeployTool {
    /// Its name, as messages have it.
    pub name: &'static str,
    /// When it creates an object of its own that is gone.
    pub creates_again: CreatesAgain,
    /// Whether it changes objects in place, and fails where that cannot be, unless it is asked for something else.
    pub changes_in_place: bool,
    marks: &'static [Mark],
    /// Annotations, with their values, by which the tool is asked to leave an object as it is, or gone.
    unless: &'static [(&'static str, &'static str)],
}

/// When a tool creates an object that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreatesAgain {
    /// By itself: a controller compares what there is with what there should be.
    Reconciling,
    /// With the next deployment, and by itself where it is set up to.
    IfDrifted,
    /// With the next deployment.
    Deploying,
}

/// What shows that an object is a tool's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A label or an annotation of this name.
    Key(&'static str),
    /// A label or an annotation below this domain, or below a domain below it.
    Domain(&'static str),
    /// The value of `app.kubernetes.io/managed-by`, in whatever case.
    ManagedBy(&'static str),
    /// How the name of a manager in `managedFields` begins.
    Manager(&'static str),
}

use CreatesAgain::{Deploying, IfDrifted, Reconciling};
use Mark::{Domain, Key, ManagedBy, Manager};

const fn tool(
    name: &'static str,
    creates_again: CreatesAgain,
    marks: &'static [Mark],
    unless: &'static [(&'static str, &'static str)],
) -> DeployTool {
    DeployTool { name, creates_again, changes_in_place: true, marks, unless }
}

/// One that deletes and creates anew what cannot be changed.
const fn replacing(name: &'static str, marks: &'static [Mark]) -> DeployTool {
    DeployTool { changes_in_place: false, ..tool(name, Deploying, marks, &[]) }
}

/// The tools, those first whose marks say more than the marks of another that they use: Config Sync makes ApplySets,
/// Fleet and Werf make Helm releases.
static TOOLS: [DeployTool; 15] = [
    tool("Argo CD", Reconciling, &[Domain("argocd.argoproj.io"), Manager("argocd-")], &[(ARGO_HOOK, "Skip")]),
    tool(
        "Flux",
        Reconciling,
        &[Domain("kustomize.toolkit.fluxcd.io"), Manager("kustomize-controller")],
        &[(FLUX_RECONCILE, "disabled"), (FLUX_SSA, "Ignore")],
    ),
    // Drift detection is off unless the HelmRelease asks for it.
    tool(
        "Flux's helm-controller",
        IfDrifted,
        &[Domain("helm.toolkit.fluxcd.io"), Manager("helm-controller")],
        &[],
    ),
    tool(
        "Config Sync",
        Reconciling,
        &[
            Domain("configsync.gke.io"),
            Domain("configmanagement.gke.io"),
            ManagedBy("configmanagement.gke.io"),
            Manager("configsync"),
        ],
        &[("configmanagement.gke.io/managed", "disabled")],
    ),
    tool("KubeVela", Reconciling, &[Domain("app.oam.dev"), ManagedBy("kubevela"), Manager("kubevela")], &[]),
    tool("Fleet", Deploying, &[Domain("fleet.cattle.io"), Domain("objectset.rio.cattle.io")], &[]),
    tool("Werf", Deploying, &[Domain("werf.io"), ManagedBy("werf")], &[]),
    tool("kapp", Deploying, &[Domain("kapp.k14s.io"), Manager("kapp-server")], &[]),
    tool("Kluctl", Deploying, &[Domain("kluctl.io"), Manager("kluctl")], &[]),
    replacing("Pulumi", &[Domain("pulumi.com"), ManagedBy("pulumi"), Manager("pulumi-kubernetes")]),
    replacing("Terraform", &[ManagedBy("terraform"), Manager("Terraform"), Manager("HashiCorp")]),
    tool("Timoni", Deploying, &[Domain("timoni.sh"), ManagedBy("timoni"), Manager("timoni")], &[]),
    tool("Helm", Deploying, &[Key("meta.helm.sh/release-name"), Key(HELM_HOOK), ManagedBy("helm")], &[]),
    tool("kubectl apply --applyset", Deploying, &[Domain("applyset.kubernetes.io")], &[]),
    // Argo CD's own label, unless it is set up to use another; many charts set it too.
    tool("Helm or Argo CD", Deploying, &[Key("app.kubernetes.io/instance")], &[]),
];

impl DeployTool {
    /// All tools that are known.
    pub fn all() -> &'static [Self] {
        &TOOLS
    }

    /// What shows that an object is the tool's: one of these.
    pub fn marks(&self) -> &'static [Mark] {
        self.marks
    }

    /// Annotations, with their values, by which the tool is asked to leave an object as it is, or gone.
    pub fn unless(&self) -> &'static [(&'static str, &'static str)] {
        self.unless
    }

    /// The tool whose object this is, as far as its labels, annotations and field managers tell.
    pub fn of(metadata: &ObjectMeta) -> Option<&'static Self> {
        // With their domains, which are asked for by many marks.
        let keys: Vec<_> = metadata
            .labels
            .iter()
            .chain(&metadata.annotations)
            .flat_map(|map| map.keys())
            .map(|key| (key.as_str(), key.split_once('/').map_or("", |(domain, _)| domain)))
            .collect();
        TOOLS.iter().find(|tool| {
            tool.marks.iter().any(|mark| mark.is_on(metadata, &keys))
                && !tool.unless.iter().any(|(key, value)| annotation(metadata, key) == Some(value))
        })
    }
}

impl Mark {
    /// Whether it is on an object with these keys of labels and annotations, each with its domain.
    fn is_on(&self, metadata: &ObjectMeta, keys: &[(&str, &str)]) -> bool {
        match self {
            Self::Key(name) => keys.iter().any(|(key, _)| key == name),
            Self::Domain(domain) => keys.iter().any(|(_, of_key)| {
                of_key.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }),
            Self::ManagedBy(value) => metadata
                .labels
                .as_ref()
                .and_then(|labels| labels.get(MANAGED_BY))
                .is_some_and(|written| written.eq_ignore_ascii_case(value)),
            Self::Manager(start) => {
                let mut managers =
                    metadata.managed_fields.iter().flatten().filter_map(|by| by.manager.as_deref());
                managers.any(|manager| manager.starts_with(start))
            }
        }
    }
}

fn annotation<'a>(metadata: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    metadata.annotations.as_ref()?.get(name).map(|value| value.trim())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn metadata(value: Value) -> ObjectMeta {
        serde_json::from_value(value).unwrap()
    }

    fn tool_of(value: Value) -> Option<&'static str> {
        DeployTool::of(&metadata(value)).map(|tool| tool.name)
    }

    #[test]
    fn tools_by_their_marks() {
        for (key, name) in [
            ("argocd.argoproj.io/tracking-id", "Argo CD"),
            ("kustomize.toolkit.fluxcd.io/name", "Flux"),
            ("helm.toolkit.fluxcd.io/namespace", "Flux's helm-controller"),
            ("configsync.gke.io/resource-id", "Config Sync"),
            ("configmanagement.gke.io/token", "Config Sync"),
            ("app.oam.dev/name", "KubeVela"),
            ("objectset.rio.cattle.io/id", "Fleet"),
            ("werf.io/version", "Werf"),
            ("project.werf.io/name", "Werf"),
            ("kapp.k14s.io/app", "kapp"),
            ("kluctl.io/deployment-item-dir", "Kluctl"),
            ("pulumi.com/autonamed", "Pulumi"),
            ("meta.helm.sh/release-name", "Helm"),
            ("helm.sh/hook", "Helm"),
            ("applyset.kubernetes.io/part-of", "kubectl apply --applyset"),
            ("app.kubernetes.io/instance", "Helm or Argo CD"),
        ] {
            for place in ["labels", "annotations"] {
                assert_eq!(tool_of(json!({ place: { key: "x" } })), Some(name), "{key}");
            }
        }
        for (value, name) in [
            ("Helm", "Helm"),
            ("Terraform", "Terraform"),
            ("pulumi", "Pulumi"),
            ("configmanagement.gke.io", "Config Sync"),
        ] {
            assert_eq!(tool_of(json!({"labels": {MANAGED_BY: value}})), Some(name), "{value}");
        }
        for (manager, name) in [("Terraform", "Terraform"), ("pulumi-kubernetes-1a2b", "Pulumi")] {
            assert_eq!(tool_of(json!({"managedFields": [{"manager": manager}]})), Some(name), "{manager}");
        }
    }

    #[test]
    fn the_tool_that_says_more_comes_first() {
        let both = json!({"labels": {"applyset.kubernetes.io/part-of": "a", "configsync.gke.io/declared-version": "v1"}});
        assert_eq!(tool_of(both), Some("Config Sync"));
        let both = json!({"annotations": {"meta.helm.sh/release-name": "a", "werf.io/version": "v2"}});
        assert_eq!(tool_of(both), Some("Werf"));
    }

    #[test]
    fn nobodys() {
        for value in [
            json!({}),
            json!({"labels": {"app": "x", "app.kubernetes.io/name": "x", MANAGED_BY: "somebody"}}),
            json!({"labels": {"notwerf.io/a": "x", "werf.io": "x"}}),
            json!({"managedFields": [{"manager": "kubectl-create"}]}),
            // The tool is asked to keep its hands off.
            json!({"annotations": {"configmanagement.gke.io/managed": "disabled"}}),
            json!({"annotations": {"argocd.argoproj.io/hook": "Skip"}}),
            json!({
                "labels": {"kustomize.toolkit.fluxcd.io/name": "apps"},
                "annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"},
            }),
        ] {
            assert_eq!(tool_of(value.clone()), None, "{value}");
        }
    }
}
