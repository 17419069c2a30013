//! `cron/forbid-no-deadline`

use super::levels;
use crate::engine::{Check, Docs, Endless, Example, LONGEST_LIMIT, Object, Rule, RuleContext, Sink};
use crate::path::FieldPath;
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};

/// One hung run that stops all others.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/forbid-no-deadline",
        summary: "concurrencyPolicy Forbid without a deadline: one hung run stops all others",
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[OptionSpec {
            name: "maxDeadline",
            summary: "The longest deadline, and grace period, that ends a run at all.",
            kind: OptionKind::Seconds { default: LONGEST_LIMIT, min: 1, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        what: "`concurrencyPolicy: Forbid`, and no `activeDeadlineSeconds` in the Job template; or one above \
               `maxDeadline` (365 days by default), or Pods that may take longer than that to stop \
               (`terminationGracePeriodSeconds`).",
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

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let (Some(cron), Some(job)) = (object.cron(), object.job()) else { return };
    if cron.spec.concurrency_policy.as_deref() != Some("Forbid") {
        return;
    }
    let longest = context.int("maxDeadline");
    let Some(endless) = job.endless(longest) else { return };
    let message = match endless {
        Endless::NoDeadline => {
            "with concurrencyPolicy Forbid and no activeDeadlineSeconds, one run that hangs stops all later ones"
                .to_owned()
        }
        Endless::Deadline(_) | Endless::GracePeriod(_) => format!(
            "with concurrencyPolicy Forbid one run that hangs stops all later ones: {}",
            endless.reason(longest)
        ),
    };
    let help = match endless {
        Endless::NoDeadline | Endless::Deadline(_) => {
            "set activeDeadlineSeconds in the Job template to the longest that a run may take"
        }
        Endless::GracePeriod(_) => {
            "set terminationGracePeriodSeconds to what the program needs to stop; 30 is the default"
        }
    };
    sink.report(job.path(endless.field()), message).weight(endless.seconds()).help(help).related(
        FieldPath::root().field("spec").field("concurrencyPolicy"),
        "no run starts while one is going on",
    );
}
