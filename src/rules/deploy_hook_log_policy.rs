//! `deploy/hook-log-policy`

use super::levels;
use crate::deploy_tool::{HELM_LOG_POLICIES, Hook};
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_text::{one_of, quote};

/// A log policy that Helm does not know.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/hook-log-policy",
        summary: "an output log policy that Helm does not know",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment, Symptom::NoEffect],
        what: "A word in `helm.sh/hook-output-log-policy` of a hook that is neither `hook-succeeded` nor `hook-failed`. Helm takes no notice of case. Hooks of Argo CD, which does not read the annotation, are left alone.",
        why: "Helm compares the words with what became of the hook, and passes over those that it does not know: when the hook fails, its logs are not printed, and with a delete policy they are gone.",
        examples: &[
            Example::bad(
                "a slip of the pen",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-output-log-policy: hook-failure
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
                "a delete policy is none for logs",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-output-log-policy: before-hook-creation
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
                "whatever becomes of it",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-output-log-policy: hook-succeeded, Hook-Failed
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
            "https://helm.sh/docs/topics/charts_hooks/",
            "https://github.com/helm/helm/blob/v4.0.0/pkg/action/hooks.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let list = &HELM_LOG_POLICIES;
    let metadata = object.metadata();
    let Some(value) = list.value(metadata) else { return };
    if Hook::of(metadata).is_none_or(|hook| hook.is_argo()) {
        return;
    }
    let Some(unknown) = list.unknown(value).first().map(|unknown| unknown.word) else { return };
    let path = FieldPath::root().fields("metadata.annotations").key(list.annotation);
    let effect = if list.known(value).next().is_none() { " and prints no logs" } else { "" };
    let message = format!("{} is not an output log policy of Helm: Helm ignores it{effect}", quote(unknown));
    let reported = sink.report(path.clone(), message);
    match list.corrected(value) {
        Some(corrected) => {
            let title = format!("write {corrected}");
            let fix = Fix::set(Safety::Safe, title, path, corrected.clone());
            let how = if list.lacks_comma(value) { "separate them by commas:" } else { "write" };
            reported.help(format!("{how} {corrected}")).fix(fix);
        }
        None => {
            reported.help(format!("write {}", one_of(list.words)));
        }
    }
}
