//! `api/concurrency-policy`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, Safety, ServerCheck, Symptom};
use crate::policy::{Defaults, RuleSpec};
use jobguard_apiserver::{FieldError, Topic, Workload};
use jobguard_text::same_letters;

/// ConcurrencyPolicy is not Allow, Forbid or Replace.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/concurrency-policy",
        summary: "concurrencyPolicy is not Allow, Forbid or Replace",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "`concurrencyPolicy` says what happens when a run is due while the previous one is still going on: \
               `Allow` starts another one beside it; `Forbid` postpones the new run until the old one has ended \
               (of several that came due meanwhile, only the latest, and only within `startingDeadlineSeconds`); \
               `Replace` deletes the old Job first.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "not one of the three",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  concurrencyPolicy: Never
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/app:1.0
"#,
            ),
            Example::good(
                "never two at a time",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/cronjob/cronjob_controllerv2.go",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::ConcurrencyPolicy).fix(fix)),
    precedence: &[],
    cel: None,
};

fn fix(error: &FieldError, object: &Object, _: &Defaults) -> Option<Fix> {
    let Workload::CronJob(cron_job) = object.workload() else { return None };
    let written = cron_job.spec.concurrency_policy.as_deref()?;
    // Nothing else can be meant by the same word.
    let meant = same_letters(written, &["Allow", "Forbid", "Replace"])?;
    let title = format!("set concurrencyPolicy to {meant}");
    Some(Fix::set(Safety::Safe, title, error.path.clone(), meant))
}
