//! `deploy/hook-weight`

use super::levels;
use crate::deploy_tool::Hook;
use crate::deploy_tool::names::{ARGO_WAVE, HELM_WEIGHT};
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_text::quote;

/// A place in an order that is not a number.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "deploy/hook-weight",
        summary: "a hook weight or sync wave that is not a whole number",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Deployment],
        what: "`helm.sh/hook-weight` of a hook, or `argocd.argoproj.io/sync-wave`, with a value that is not a \
               whole number. A space before or after the number counts too.",
        why: "Helm and Argo CD silently treat such a value as 0: the hook runs at another point in the order \
              than intended.",
        examples: &[
            Example::bad(
                "not a number to Helm",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-weight: "5.0"
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
                "a number",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-weight: "-5"
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
            "https://github.com/helm/helm/blob/v4.0.0/pkg/release/v1/util/manifest_sorter.go",
            "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let is_hook = Hook::of(object.metadata()).is_some();
    for (annotation, what, matters) in
        [(HELM_WEIGHT, "the hook's weight", is_hook), (ARGO_WAVE, "the wave", true)]
    {
        let Some(value) =
            object.annotation(annotation).filter(|value| matters && value.parse::<i64>().is_err())
        else {
            continue;
        };
        let path = FieldPath::root().fields("metadata.annotations").key(annotation);
        let message = format!("{} is not a whole number: {what} counts as 0", quote(value));
        let reported =
            sink.report(path.clone(), message).help("write a whole number in quotes, such as \"-5\"");
        let trimmed = value.trim();
        if trimmed.parse::<i64>().is_ok() {
            reported.fix(Fix::set(Safety::Safe, "remove the spaces", path, trimmed));
        }
    }
}
