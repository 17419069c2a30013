//! `cron/replace-starves`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;
use jobguard_text::duration;

/// Runs that are replaced before they are done.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/replace-starves",
        summary: "concurrencyPolicy Replace may delete every run before it finishes",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Overlap, Symptom::NeverCompletes],
        what: "`concurrencyPolicy: Replace`, and a run may take longer than the shortest time between two runs: \
               the Job template has no `activeDeadlineSeconds` (and its Pods none that ends all attempts in \
               time), or a longer one, or Pods that may take more than a year to stop \
               (`terminationGracePeriodSeconds`). Runs that are twelve hours or more apart are not checked.",
        why: "With `Replace` the next run deletes the one that is still going on, with its Pods and logs. If \
              runs take longer than the time between them, none ever finishes.",
        examples: &[
            Example::bad(
                "a run may take an hour, but is replaced after ten minutes",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: rebuild-index
spec:
  schedule: "*/10 * * * *"
  concurrencyPolicy: Replace
  jobTemplate:
    spec:
      activeDeadlineSeconds: 3600
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: index
            image: example.com/rebuild-index:1.4
"#,
            ),
            Example::good(
                "each run ends before the next",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: rebuild-index
spec:
  schedule: "*/10 * * * *"
  concurrencyPolicy: Replace
  jobTemplate:
    spec:
      activeDeadlineSeconds: 540
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: index
            image: example.com/rebuild-index:1.4
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// From which distance of runs on, in seconds, one that is still at work when the next is due hangs, rather than works.
const RARE: u64 = 12 * 3600;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(cron) = object.cron() else { return };
    let Some(interval) = cron.timetable.and_then(|timetable| timetable.shortest_interval()) else { return };
    if cron.spec.concurrency_policy.as_deref() != Some("Replace") || !cron.may_outlast(interval) {
        return;
    }
    if interval >= RARE {
        return;
    }
    sink.report(
        FieldPath::root().field("spec").field("concurrencyPolicy"),
        format!(
            "a run that takes longer than {} is deleted by the next: if every run does, none ever finishes",
            duration::words(interval)
        ),
    )
    .weight(cron.runs_at_once(interval))
    .help(format!(
        "if runs are shorter, set activeDeadlineSeconds of at most {interval} in the Job template; otherwise run less \
         often, or set concurrencyPolicy: Forbid"
    ))
    .related(FieldPath::root().field("spec").field("schedule"), "how often it runs");
}
