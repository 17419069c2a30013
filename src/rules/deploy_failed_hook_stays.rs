//! `deploy/failed-hook-stays`

use super::levels;
use crate::deploy_tool::{ARGO_DELETE_POLICIES, HELM_DELETE_POLICIES, Hook, WordList, may_name_version};
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// A hook that stays in its own way.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/failed-hook-stays",
        summary: "the hook's delete policy leaves a Job behind that blocks the next run",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment],
        what: "A hook Job with a fixed name whose delete policy removes it after one outcome only: \
               `hook-succeeded` leaves a Job that has failed, `hook-failed` one that has succeeded. Not reported \
               if a TTL of up to a day removes the rest, or if the name ends in a number or a hash, which may \
               change with each version.",
        why: "The Job that is left has the name of the next one. Helm's next upgrade fails because it already \
              exists, until somebody deletes it; Argo CD finds the old Job and does not run the new one. \
              `before-hook-creation` deletes the old Job first. It is the default, but any other policy replaces \
              it.",
        examples: &[
            Example::bad(
                "a failed Job stays and blocks the next run",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/hook: PreSync
    argocd.argoproj.io/hook-delete-policy: HookSucceeded
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
                "deleted before the next run",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/hook: PreSync
    argocd.argoproj.io/hook-delete-policy: BeforeHookCreation,HookSucceeded
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
                "another name each time",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  generateName: migrate-
  annotations:
    argocd.argoproj.io/hook: PreSync
    argocd.argoproj.io/hook-delete-policy: HookSucceeded
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
            "https://helm.sh/docs/topics/charts_hooks/#hook-deletion-policies",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-hooks",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// The longest TTL that clears the way before the next run.
const A_DAY: i32 = 86_400;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let metadata = object.metadata();
    let Some(job) = object.job().filter(|job| !job.of_cron_job) else { return };
    let Some(hook) = Hook::of(metadata) else { return };
    let Some((annotation, policy)) = hook.delete_policy else { return };
    let is_removed = job.spec.ttl_seconds_after_finished.is_some_and(|ttl| ttl <= A_DAY);
    let deletes = hook.deletes;
    // Of a policy that is misspelt, deploy/hook-delete-policy speaks.
    let is_misspelt =
        |list: &WordList| list.value(metadata).is_some_and(|value| !list.unknown(value).is_empty());
    if deletes.before_creation
        || deletes.never
        || deletes.succeeded == deletes.failed
        || is_removed
        || may_name_version(metadata)
        || [&HELM_DELETE_POLICIES, &ARGO_DELETE_POLICIES].into_iter().any(is_misspelt)
    {
        return;
    }
    let is_argo = hook.is_argo() || object.deploy_tool().is_some_and(|tool| tool.name == "Argo CD");
    let left = if deletes.succeeded { "failed" } else { "succeeded" };
    let effect = match (is_argo, left) {
        (true, "failed") => "the next sync finds it, and fails",
        (true, _) => "the next sync finds it, and does not run it again",
        (false, _) => "the next run fails because a Job of this name exists",
    };
    let before = if annotation == ARGO_DELETE_POLICIES.annotation {
        "BeforeHookCreation"
    } else {
        "before-hook-creation"
    };
    let path = FieldPath::root().fields("metadata.annotations").key(annotation);
    sink.report(path.clone(), format!("a hook that has {left} stays: {effect}"))
        .help(format!("add {before}, which deletes the old Job first"))
        .fix(Fix::set(Safety::Unsafe, format!("add {before}"), path, format!("{before},{policy}")));
}
