//! `cron/every-minute-of-hour`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Severity, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_cron::FieldKind;
use jobguard_manifest::FieldPath;

/// Schedules that name an hour and mean a minute of it.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/every-minute-of-hour",
        summary: "the schedule names certain hours, but runs every minute of them",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime, Symptom::Overlap],
        what: "A schedule with every minute (`*`) in at most four hours: `* 3 * * *`, `* */6 * * *`. For one \
               hour this is a warning, for several an info. Suspended CronJobs are not checked.",
        why: "`* 3 * * *` reads like \"at three\", but starts sixty runs, one every minute from 3:00 to 3:59. \
              Where runs may overlap they pile up; where they may not, the Job is repeated all hour long.",
        examples: &[
            Example::bad(
                "sixty runs a night",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "* 3 * * *"
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      activeDeadlineSeconds: 3600
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/nightly-report:1.4
"#,
            ),
            Example::good(
                "at three",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-report
spec:
  schedule: "0 3 * * *"
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      activeDeadlineSeconds: 3600
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/nightly-report:1.4
"#,
            ),
            Example::good(
                "every minute while the office is open",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: poll-mailbox
spec:
  schedule: "* 9-17 * * MON-FRI"
  timeZone: Europe/Berlin
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      activeDeadlineSeconds: 50
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: poll
            image: example.com/poll-mailbox:1.4
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// In more hours than these, every minute may well be meant.
const FEW_HOURS: u32 = 4;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(cron) = object.cron().filter(|cron| !cron.is_suspended()) else { return };
    let Some(schedule) = cron.timetable.map(|timetable| timetable.schedule()) else { return };
    let fields = (schedule.field(FieldKind::Minute), schedule.field(FieldKind::Hour));
    let (Some(minute), Some(hour)) = fields else { return };
    let hours = hour.set();
    if minute.set().len() != 60 || hours.is_empty() || hours.len() > FEW_HOURS {
        return;
    }
    let names: Vec<String> = hours.iter().map(|hour| format!("{hour}:00 to {hour}:59")).collect();
    let instead: Vec<String> = hours.iter().map(|hour| hour.to_string()).collect();
    let instead = instead.join(",");
    let often = if hours.len() == 1 { "once".to_owned() } else { format!("{} times", hours.len()) };
    let report = sink
        .report(
            FieldPath::root().field("spec").field("schedule"),
            format!("this runs every minute from {}", names.join(", ")),
        )
        .help(format!("to run {often} on each of these days, set the minute: `0 {instead} ...`"));
    if hours.len() > 1 {
        report.at_most(Severity::Info);
    }
}
