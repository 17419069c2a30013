//! `cron/dst-repeat`

use super::{clock, coming_year, levels};
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// A run that the change of the clock doubles.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/dst-repeat",
        summary: "a run falls into the hour that is repeated when daylight saving time ends",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime],
        what: "Within the next 12 months the clocks in the CronJob's `timeZone` go back, and a run of the \
               schedule falls into the time that occurs twice. The controller starts it both times. In zones \
               where the clocks change at midnight or by half an hour, it can also start a run at a time that is \
               not in the schedule.\n\n\
               Nothing is reported if the schedule keeps the same pace in the hour before or after: hourly runs \
               stay an hour apart. Suspended CronJobs and those without a time zone (see cron/zone-missing) are \
               not checked.",
        why: "Once a year the Job runs twice in one night, and the invoices are sent twice.",
        examples: &[
            Example::bad(
                "02:30 occurs twice on 25 October 2026 in Berlin",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: send-invoices
spec:
  schedule: "30 2 * * *"
  timeZone: Europe/Berlin
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: invoices
            image: example.com/send-invoices:1.4
"#,
            ),
            Example::good(
                "after the change",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: send-invoices
spec:
  schedule: "30 3 * * *"
  timeZone: Europe/Berlin
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: invoices
            image: example.com/send-invoices:1.4
"#,
            ),
            Example::good(
                "every quarter of an hour",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: poll-mail
spec:
  schedule: "*/15 * * * *"
  timeZone: Europe/Berlin
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: mail
            image: example.com/poll-mail:1.4
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones",
            "https://pkg.go.dev/github.com/robfig/cron/v3#hdr-Time_zones",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let changes = coming_year(object, context);
    let Some((change, first)) = changes.iter().find_map(|change| {
        let first = change.repeated.first().or(change.stray.first()).copied()?;
        Some((change, first))
    }) else {
        return;
    };
    let (date, time) = (first.strftime("%a %Y-%m-%d"), clock(first));
    let zone = object.timetable().and_then(|timetable| timetable.zone_name()).unwrap_or_default();
    let (from, to) = (clock(change.from), clock(change.to));
    let (message, help) = match change.repeated.len() {
        0 => (
            format!(
                "also runs at {time} on {date}, which is not in the schedule: the controller miscalculates when \
                 the clock in {zone} goes from {from} to {to}"
            ),
            "use a zone without daylight saving time, such as Etc/UTC".to_owned(),
        ),
        runs => {
            let more = match runs {
                1 => "happens".to_owned(),
                2 => "and one more happen".to_owned(),
                runs => format!("and {} more happen", runs - 1),
            };
            (
                format!(
                    "the run at {time} on {date} {more} twice: the clock in {zone} then goes back from {from} to {to}"
                ),
                format!(
                    "choose a time outside {to} to {from}, or a zone without daylight saving time, such as \
                     Etc/UTC, or make sure that a second run does no harm"
                ),
            )
        }
    };
    let runs: usize = changes.iter().map(|change| change.repeated.len() + change.stray.len()).sum();
    sink.report(FieldPath::root().field("spec").field("schedule"), message)
        .weight(runs)
        .help(help)
        .related(FieldPath::root().field("spec").field("timeZone"), "has daylight saving time");
}
