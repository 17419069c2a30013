//! `cron/never-fires`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom, Timetable};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::Workload;
use jobguard_manifest::FieldPath;

/// A schedule whose date never comes.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/never-fires",
        summary: "the schedule names a date that never comes",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Deny, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::DidNotRun],
        what: "The schedule is well formed, but no calendar has its date: 30 February, 31 April. The CronJob is \
               accepted and never runs.\n\n\
               A CronJob with `suspend: true` is left alone: it runs when somebody makes a Job of it.",
        why: "A backup on the 31st of April is no backup. Such schedules are also used on purpose, for a CronJob \
              that is only a template for `kubectl create job --from`; `suspend: true` says that better.",
        examples: &[
            Example::bad(
                "there is no 30 February",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: yearly-report
spec:
  schedule: "0 6 30 2 *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/report:5
"#,
            ),
            Example::good(
                "a template, and it says so",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: restore
spec:
  schedule: "0 0 31 2 *"
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: restore
            image: example.com/restore:5
"#,
            ),
            Example::good(
                "the last days of February, whichever year",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: yearly-report
spec:
  schedule: "0 6 28 2 *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/report:5
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax",
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// The most that a message quotes of a schedule, in characters.
const QUOTE: usize = 100;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Workload::CronJob(cron_job) = object.workload() else { return };
    let spec = &cron_job.spec;
    // Suspended and never due: a template for `kubectl create job --from`, and it says so.
    if spec.suspend == Some(true) || !object.timetable().is_some_and(Timetable::never_fires) {
        return;
    }
    let path = FieldPath::root().field("spec").field("schedule");
    let shown: String = spec.schedule.chars().take(QUOTE).collect();
    let report = sink.report(path, format!("the schedule {shown:?} never fires: no month has that day"));
    report.help(match object.maker() {
        None => "name a day that the month has; if the CronJob is only a template for `kubectl create job --from`, set suspend: true".to_owned(),
        // kubectl makes Jobs of nothing else.
        Some(maker) => format!("name a day that the month has; if the {} is not meant to run, set suspend: true", maker.kind),
    });
}
