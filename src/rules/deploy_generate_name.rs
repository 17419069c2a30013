//! `deploy/generate-name`

use super::levels;
use crate::deploy_tool::Hook;
use crate::deploy_tool::names::KUEUE_QUEUE;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::has_generated_name;
use jobguard_manifest::FieldPath;
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
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let metadata = object.metadata();
    let is_given = metadata.generate_name.as_ref().is_some_and(|prefix| !prefix.is_empty());
    // The API server gives what it stores both.
    let is_stored = object.is_received()
        || metadata.uid.is_some()
        || metadata.resource_version.is_some()
        || metadata.creation_timestamp.is_some();
    let is_owned = metadata.owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
    if !is_given || is_stored || is_owned {
        return;
    }
    let path = FieldPath::root().fields("metadata.generateName");
    if !has_generated_name(metadata) {
        if looks_generated(metadata) {
            return;
        }
        sink.report(path, "generateName is ignored: the object has a name")
            .at_key()
            .help("remove one of the two")
            .related(FieldPath::root().fields("metadata.name"), "the name that counts");
        return;
    }
    let is_queued = metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(KUEUE_QUEUE));
    if Hook::of(metadata).is_some() || is_queued {
        return;
    }
    match object.deploy_tool().map(|tool| tool.name) {
        Some("Argo CD") => sink
            .report(
                path,
                "Argo CD takes generateName for hooks only: it finds other objects by their names, and cannot sync one without",
            )
            .help("write a name, or make it a hook (argocd.argoproj.io/hook: Sync)"),
        Some("Helm or Argo CD") => sink
            .report(path, "Helm and Argo CD find objects by their names: they cannot update one with generateName")
            .help("write a name, with {{ .Release.Revision }} in it if each release is to have its own, or make it a hook"),
        Some("Helm") => sink
            .report(path, "Helm finds the objects of a release by their names: it cannot upgrade one with generateName")
            .help("write a name, with {{ .Release.Revision }} in it if each release is to have its own, or make it a hook"),
        Some(tool) => sink
            .report(path, format!("{tool} finds objects by their names: it cannot apply one with generateName"))
            .help("write a name"),
        None => sink
            .report(path, "generateName works with kubectl create, not with kubectl apply or kustomize")
            .help("create it with kubectl create -f, or write a name"),
    };
}

/// Whether a server has made the name: of an object that was exported.
fn looks_generated(metadata: &ObjectMeta) -> bool {
    let rest = metadata.name.as_deref().zip(metadata.generate_name.as_deref());
    rest.and_then(|(name, prefix)| name.strip_prefix(prefix)).is_some_and(|rest| {
        rest.len() == 5 && rest.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b))
    })
}
