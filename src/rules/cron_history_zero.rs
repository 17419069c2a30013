//! `cron/history-zero`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// Failures that leave no trace.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/history-zero",
        summary: "with failedJobsHistoryLimit 0 nothing is kept of a failed run",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::LogsGone],
        what: "`failedJobsHistoryLimit: 0`. A `ttlSecondsAfterFinished: 0` in the Job template has the same \
               effect, and is reported by cron/ttl-vs-history.",
        why: "A failed Job is deleted at once, together with its Pods and their logs: nobody can see why it \
              failed, or that it failed at all. By default the latest failed Job is kept.",
        examples: &[
            Example::bad(
                "no failed Job is kept",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 6 * * *"
  failedJobsHistoryLimit: 0
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/nightly-report:1.4
"#,
            ),
            Example::good(
                "only successful Jobs are removed",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 6 * * *"
  successfulJobsHistoryLimit: 0
  failedJobsHistoryLimit: 1
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/nightly-report:1.4
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#jobs-history-limits",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new(
        "variables.cron && has(OBJECT.spec.failedJobsHistoryLimit) && OBJECT.spec.failedJobsHistoryLimit == 0",
    )),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    if object.cron().is_none_or(|cron| cron.spec.failed_jobs_history_limit != Some(0)) {
        return;
    }
    sink.report(
        FieldPath::root().field("spec").field("failedJobsHistoryLimit"),
        "a failed Job is deleted at once, with its Pods and logs, so nobody can see why it failed",
    )
    .help("keep at least the last failed Job: set failedJobsHistoryLimit to 1 or more, or remove it (1 is the default)");
}
