//! `job/no-deadline`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink};
use crate::policy::{Level, RuleSpec};

/// A Job that may run for ever.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/no-deadline",
        summary: "without activeDeadlineSeconds a hung Job runs for ever",
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        what: "A Job without `activeDeadlineSeconds`. The field of the same name in the Pod's spec is \
               another: it ends a Pod, after which the Job starts the next. Where cron/forbid-no-deadline or \
               cron/overlap says of a CronJob what comes of that, this rule leaves it at that.",
        why: "A Pod that hangs (a lock, a peer that never comes, a lost connection) neither fails nor \
              succeeds, so no `backoffLimit` ends it. It holds its resources until somebody notices; a \
              CronJob with `concurrencyPolicy: Forbid` does not run again until then.",
        examples: &[
            Example::bad(
                "nothing ends it",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  backoffLimit: 2
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "over after an hour at the latest",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  backoffLimit: 2
  activeDeadlineSeconds: 3600
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup",
        ],
    },
    check: Check::Object(check),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    if job.spec.active_deadline_seconds.is_some() {
        return;
    }
    let subject =
        if job.of_cron_job { "nothing ends a Job of this CronJob" } else { "nothing ends this Job" };
    let report = sink
        .report(
            job.path("activeDeadlineSeconds"),
            format!("{subject} if a Pod hangs: it has no activeDeadlineSeconds"),
        )
        .help("set activeDeadlineSeconds to the longest time that all its Pods and their retries may take");
    if job.pod().is_some_and(|pod| pod.active_deadline_seconds.is_some()) {
        report.related(
            job.path("template.spec.activeDeadlineSeconds"),
            "this ends a single Pod, and the Job starts the next",
        );
    }
}
