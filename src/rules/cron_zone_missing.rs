//! `cron/zone-missing`

use super::{is_the_same_every_hour, levels};
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// A time of day without a zone.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/zone-missing",
        summary: "the schedule depends on the time of day, but has no time zone",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime],
        what: "A CronJob without `timeZone` whose schedule names hours, days, months or weekdays. A schedule \
               that is the same in every hour (`*/15 * * * *`) needs no time zone, and `@every` does not use \
               one.",
        why: "The schedule is then read in the local time zone of the cluster's controller manager. That is \
              usually UTC, but the manifest does not say so, and it may differ in another cluster.",
        examples: &[
            Example::bad(
                "03:15, but where?",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "15 3 * * *"
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
                "03:15 in Berlin",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly-backup
spec:
  schedule: "15 3 * * *"
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
                "every hour is the same",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: poll-mail
spec:
  schedule: "*/15 * * * *"
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
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(timetable) = object.cron().and_then(|cron| cron.timetable) else { return };
    if timetable.zone_name().is_some() || is_the_same_every_hour(timetable.schedule()) {
        return;
    }
    sink.report(
        FieldPath::root().field("spec").field("timeZone"),
        "without timeZone the schedule is read in the controller manager's local time zone, usually UTC",
    )
    .help("set timeZone to the zone that you mean, such as Etc/UTC or Europe/Berlin")
    .related(FieldPath::root().field("spec").field("schedule"), "names a time of day, a date or a weekday");
}
