//! `cron/dst-skip`

use super::{clock, coming_year, levels};
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// A run that the change of the clock swallows.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/dst-skip",
        summary: "a run falls into the hour that is skipped when daylight saving time starts",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::DidNotRun, Symptom::WrongTime],
        what: "Within the next 12 months the clocks in the CronJob's `timeZone` go forward, and a run of the \
               schedule falls into the time that does not exist. The controller does not make up for it. In \
               zones where the clocks change at midnight, it can also miss the runs of the rest of that day.\n\n\
               Nothing is reported if the schedule keeps the same pace in the hour before or after: hourly runs \
               stay an hour apart. Suspended CronJobs and those without a time zone (see cron/zone-missing) are \
               not checked.",
        why: "One day a year there is no backup. Nothing fails, and no event reports it.",
        examples: &[
            Example::bad(
                "there is no 02:30 on 29 March 2026 in Berlin",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "30 2 * * *"
  timeZone: Europe/Berlin
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/nightly-backup:1.4
"#,
            ),
            Example::good(
                "after the change",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "30 3 * * *"
  timeZone: Europe/Berlin
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/nightly-backup:1.4
"#,
            ),
            Example::good(
                "a zone that never changes",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "30 2 * * *"
  timeZone: Etc/UTC
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/nightly-backup:1.4
"#,
            ),
            Example::good(
                "every hour of the day",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: poll-mail
spec:
  schedule: "30 * * * *"
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
    let Some(change) = changes.iter().find(|change| !change.skipped.is_empty()) else {
        return;
    };
    let [first, rest @ ..] = change.skipped.as_slice() else { return };
    let (date, time) = (first.strftime("%a %Y-%m-%d"), clock(*first));
    let more = match rest.len() {
        0 => "is".to_owned(),
        1 => "and one more are".to_owned(),
        more => format!("and {more} more are"),
    };
    let zone = object.timetable().and_then(|timetable| timetable.zone_name()).unwrap_or_default();
    let (from, to) = (clock(change.from), clock(change.to));
    let (why, help) = if *first >= change.from && *first < change.to {
        let help = format!(
            "choose a time that exists every day, outside {from} to {to}, or a zone without daylight saving \
             time, such as Etc/UTC"
        );
        (format!("the clock in {zone} then goes from {from} to {to}"), help)
    } else {
        let help = "use a zone without daylight saving time, such as Etc/UTC".to_owned();
        (format!("the controller miscalculates when the clock in {zone} goes from {from} to {to}"), help)
    };
    sink.report(
        FieldPath::root().field("spec").field("schedule"),
        format!("the run at {time} on {date} {more} skipped: {why}"),
    )
    .weight(changes.iter().map(|change| change.skipped.len()).sum::<usize>())
    .help(help)
    .related(FieldPath::root().field("spec").field("timeZone"), "has daylight saving time");
}
