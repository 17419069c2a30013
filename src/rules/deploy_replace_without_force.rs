//! `deploy/replace-without-force`

use super::levels;
use crate::deploy_tool::names::ARGO_SYNC_OPTIONS;
use crate::deploy_tool::{Hook, SyncOptions};
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// A replacement that the API server refuses.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/replace-without-force",
        summary: "Replace=true without Force=true on a Job that Argo CD syncs",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Immutable, Symptom::Deployment],
        what: "The sync option `Replace=true` without `Force=true` on a Job that is not a hook.",
        why: "`Replace=true` alone is `kubectl replace`, which updates the existing Job. Its selector and its \
              Pod template are immutable, and the manifest lacks the selector and the labels that the API server \
              has generated: a sync that changes anything in the Job fails. With `Force=true` as well, Argo CD \
              deletes the Job and creates it again; it then runs with each sync.",
        examples: &[
            Example::bad(
                "fails as soon as it changes",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/sync-options: Replace=true
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
            Example::good(
                "deleted and created again",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/sync-options: Replace=true,Force=true
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
        ],
        sources: &[
            "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#force-sync",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#specifying-your-own-pod-selector",
            "https://github.com/NVIDIA/aicr/issues/2367",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let metadata = object.metadata();
    let Some(options) = SyncOptions::of(metadata) else { return };
    let is_job = object.job().is_some_and(|job| !job.of_cron_job);
    let is_misspelt = !options.misspelt().is_empty();
    if !is_job
        || !options.has("Replace=true")
        || options.has("Force=true")
        || is_misspelt
        || Hook::of(metadata).is_some()
    {
        return;
    }
    let path = FieldPath::root().fields("metadata.annotations").key(ARGO_SYNC_OPTIONS);
    // Another Force would still count.
    let others =
        options.text().split(',').map(str::trim).filter(|one| !one.is_empty() && !one.starts_with("Force="));
    let value = others.chain(["Force=true"]).collect::<Vec<_>>().join(",");
    sink.report(
        path.clone(),
        "Replace=true without Force=true updates the Job in place, and its Pod template is immutable: a sync \
         that changes it fails",
    )
    .help(
        "add Force=true, so that Argo CD deletes the Job and runs it again with each sync; or make it a hook \
           (argocd.argoproj.io/hook: Sync)",
    )
    .fix(Fix::set(Safety::Unsafe, "add Force=true", path, value));
}
