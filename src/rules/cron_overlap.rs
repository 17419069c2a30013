//! `cron/overlap`

use super::{job_no_deadline, levels};
use crate::engine::{Check, Docs, Example, Object, Precedence, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_text::duration;

/// Runs that pile up.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/overlap",
        summary: "runs may overlap: concurrencyPolicy is Allow and nothing ends a run in time",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Overlap],
        what: "`concurrencyPolicy` is `Allow` (the default), and a run may still be going on when the next one \
               is due: its Job template has no `activeDeadlineSeconds`, or one longer than the shortest time \
               between two runs, or Pods that may take more than a year to stop \
               (`terminationGracePeriodSeconds`). If the Pods have an `activeDeadlineSeconds` of their own, all \
               attempts, with the delays between them, must fit between two runs. If nothing ends a run, and \
               runs are less than an hour apart, cron/pile-up reports it instead.",
        why: "While one run hangs, the next one starts beside it, and the next. They work on the same data, and \
              together they use up the cluster's resources.",
        examples: &[
            Example::bad(
                "nothing ends a run",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: sync-orders
spec:
  schedule: "0 * * * *"
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
            Example::bad(
                "an hour for a run, and one every five minutes",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: sync-orders
spec:
  schedule: "*/5 * * * *"
  concurrencyPolicy: Allow
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
            Example::good(
                "one at a time",
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
            Example::good(
                "each is over before the next",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: sync-orders
spec:
  schedule: "*/5 * * * *"
  jobTemplate:
    spec:
      activeDeadlineSeconds: 240
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
    precedence: &[Precedence::OverRules(&[&job_no_deadline::RULE])],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(cron) = object.cron() else { return };
    let Some(interval) = cron.timetable.and_then(|timetable| timetable.shortest_interval()) else { return };
    if !cron.allows_overlap() || !cron.may_outlast(interval) {
        return;
    }
    let ends = match cron.deadline().and_then(|deadline| u64::try_from(deadline).ok()) {
        Some(deadline) => format!("is ended only after {}", duration::words(deadline)),
        None => "nothing ends it".to_owned(),
    };
    sink.report(
        FieldPath::root().field("spec").field("concurrencyPolicy"),
        format!("a run that takes longer than {} overlaps the next, and {ends}", duration::words(interval)),
    )
    .weight(cron.runs_at_once(interval))
    .help(format!(
        "set concurrencyPolicy: Forbid or Replace, or activeDeadlineSeconds of at most {interval} in the Job template"
    ))
    .related(FieldPath::root().field("spec").field("schedule"), "how often it runs");
}
