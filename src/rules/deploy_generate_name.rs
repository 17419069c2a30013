//! `deploy/generate-name`

use std::collections::BTreeMap;

use super::levels;
use crate::deploy_tool::names::KUEUE_QUEUE;
use crate::deploy_tool::{DeployTool, Hook};
use crate::engine::{Check, Docs, Example, RemarkSink, Rule, Symptom, Written};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::{FieldPath, NodeId, NodeKind, Tree};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// A generated name where a tool needs one that is written.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/generate-name",
        summary: "generateName where it has no effect, or where the tool needs a name",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Info),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment, Symptom::NoEffect],
        what: "`generateName` beside `name`, which makes it meaningless, and `generateName` alone in a manifest whose tool finds objects by their names: Argo CD (unless the object is a hook), Flux, Helm and the others. Where no mark shows a tool, `kubectl apply` is meant. Hooks, Jobs that wait in a queue of Kueue and objects that are in a cluster already are left out.",
        why: "`kubectl apply` and kustomize refuse an object that has no name, Flux and Helm fail at the latest when they look for it again, and Argo CD makes up names for hooks alone. `kubectl create` makes a new Job each time.",
        examples: &[
            Example::bad(
                "for kubectl create only",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  generateName: tool-
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  ttlSecondsAfterFinished: 3600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "a Job that Argo CD syncs",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  generateName: seed-
  annotations:
    argocd.argoproj.io/sync-wave: "5"
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "the name counts",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  generateName: migrate-
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  ttlSecondsAfterFinished: 3600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a hook of Argo CD",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  generateName: seed-
  annotations:
    argocd.argoproj.io/hook: Sync
    argocd.argoproj.io/hook-delete-policy: HookSucceeded
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  ttlSecondsAfterFinished: 3600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a name",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: tool-2026-01
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 600
  ttlSecondsAfterFinished: 3600
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/reference/using-api/api-concepts/#generated-values",
            "https://github.com/kubernetes/kubernetes/issues/44501",
            "https://github.com/argoproj/argo-cd/issues/1639",
            "https://github.com/helm/helm/issues/3348",
        ],
    },
    check: Check::Written(check),
    precedence: &[],
    cel: None,
};

/// What an API server gives an object that it stores.
const OF_STORED: [&str; 3] = ["uid", "resourceVersion", "creationTimestamp"];

// An object that an API server sends has a name by then, whatever was written: only a text shows what was meant.
fn check(written: Written<'_>, sink: &mut RemarkSink) {
    let Written { tree, node, .. } = written;
    let Some(node) = tree.get(node, "metadata") else { return };
    let Some(prefix) = text(tree, node, "generateName") else { return };
    let is_set = |field: &&str| tree.get(node, field).is_some_and(|value| !is_nothing(tree, value));
    // What a controller makes is stored, too.
    if OF_STORED.iter().any(is_set) || is_set(&"ownerReferences") {
        return;
    }
    let path = FieldPath::root().fields("metadata.generateName");
    if is_set(&"name") {
        if text(tree, node, "name").is_none_or(|name| looks_generated(name, prefix)) {
            return;
        }
        sink.report(path, "generateName is ignored: the object has a name", "remove one of the two")
            .at_key()
            .related(FieldPath::root().fields("metadata.name"), "the name that counts");
        return;
    }
    let metadata = marks(tree, node);
    let is_queued = metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(KUEUE_QUEUE));
    if Hook::of(&metadata).is_some() || is_queued {
        return;
    }
    let (message, help) = match DeployTool::of(&metadata).map(|tool| tool.name) {
        Some("Argo CD") => (
            "Argo CD takes generateName for hooks only: it finds other objects by their names, and cannot sync one without"
                .to_owned(),
            "write a name, or make it a hook (argocd.argoproj.io/hook: Sync)",
        ),
        Some("Helm or Argo CD") => (
            "Helm and Argo CD find objects by their names: they cannot update one with generateName".to_owned(),
            "write a name, with {{ .Release.Revision }} in it if each release is to have its own, or make it a hook",
        ),
        Some("Helm") => (
            "Helm finds the objects of a release by their names: it cannot upgrade one with generateName".to_owned(),
            "write a name, with {{ .Release.Revision }} in it if each release is to have its own, or make it a hook",
        ),
        Some(tool) => (
            format!("{tool} finds objects by their names: it cannot apply one with generateName"),
            "write a name",
        ),
        None => (
            "generateName works with kubectl create, not with kubectl apply or kustomize".to_owned(),
            "create it with kubectl create -f, or write a name",
        ),
    };
    sink.report(path, message, help);
}

/// Whether a server has made the name: of an object that was exported.
fn looks_generated(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == 5 && rest.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b))
    })
}

/// A text that is not empty.
fn text<'t>(tree: &'t Tree<'_>, node: NodeId, field: &str) -> Option<&'t str> {
    tree.get(node, field).and_then(|value| tree.str(value)).filter(|text| !text.is_empty())
}

fn is_nothing(tree: &Tree<'_>, value: NodeId) -> bool {
    match &tree[value].kind {
        NodeKind::Null => true,
        NodeKind::Str(text) => text.is_empty(),
        NodeKind::Seq(items) => items.is_empty(),
        _ => false,
    }
}

/// The labels and annotations by which tools know their objects, without those that are no texts.
fn marks(tree: &Tree<'_>, node: NodeId) -> ObjectMeta {
    let of = |field: &str| -> Option<BTreeMap<String, String>> {
        let NodeKind::Map(entries) = &tree[tree.get(node, field)?].kind else { return None };
        let texts = entries.iter().filter(|entry| !entry.shadowed);
        Some(
            texts
                .filter_map(|entry| Some((entry.key.to_string(), tree.str(entry.value)?.to_owned())))
                .collect(),
        )
    };
    ObjectMeta { labels: of("labels"), annotations: of("annotations"), ..ObjectMeta::default() }
}
