//! `cron/forbid-no-deadline`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink};
use crate::path::FieldPath;
use crate::policy::{Level, RuleSpec};

/// One hung run that stops all others.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/forbid-no-deadline",
        summary: "concurrencyPolicy Forbid without a deadline: one hung run stops all others",
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        what: "`concurrencyPolicy: Forbid`, and no `activeDeadlineSeconds` in the Job template.",
        why: "With `Forbid` a run that is still going on keeps every later one from starting. A run that \
              never ends, because it waits for a lock or its Pod cannot be scheduled, then stops the \
              CronJob for good, and no error shows.",
        examples: &[
            Example::bad(
                "nothing ends a hung run",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: sync-orders
spec:
  schedule: "*/5 * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: orders
            image: example.com/sync-orders:1.4
"#,
            ),
            Example::good(
                "ended after an hour",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: sync-orders
spec:
  schedule: "*/5 * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      activeDeadlineSeconds: 3600
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: orders
            image: example.com/sync-orders:1.4
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup",
        ],
    },
    check: Check::Object(check),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let (Some(cron), Some(job)) = (object.cron(), object.job()) else { return };
    if cron.spec.concurrency_policy.as_deref() != Some("Forbid") || cron.deadline().is_some() {
        return;
    }
    sink.report(
        job.path("activeDeadlineSeconds"),
        "with concurrencyPolicy Forbid and no activeDeadlineSeconds, one run that hangs stops all later ones",
    )
    .help("set activeDeadlineSeconds in the Job template to the longest that a run may take")
    .related(
        FieldPath::root().field("spec").field("concurrencyPolicy"),
        "no run starts while one is going on",
    );
}
