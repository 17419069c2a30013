//! `cron/too-frequent`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};
use jobguard_cron::{Field, FieldKind, Schedule};
use jobguard_manifest::FieldPath;
use jobguard_text::duration;

/// Runs closer together than they should be.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/too-frequent",
        summary: "runs are closer together than the policy allows",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[OptionSpec {
            name: "minInterval",
            summary: "The shortest time allowed between two runs.",
            kind: OptionKind::Seconds { default: 60, min: 1, max: 604_800 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime, Symptom::TooMuch],
        what: "Two runs are less than `minInterval` apart. What counts is the shortest time between any two runs \
               of the schedule. With the default of one minute only `@every` schedules can be too frequent.",
        why: "The controller names each Job after the minute in which it is due, and starts no second one for \
              the same minute: `@every 20s` runs once a minute. Work that is needed more often belongs in a \
              Deployment. A longer `minInterval` limits the number of Jobs and Pods that frequent schedules \
              create.",
        examples: &[
            Example::bad(
                "three times a minute will not happen",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: poll-queue
spec:
  schedule: "@every 20s"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: queue
            image: example.com/poll-queue:1.4
"#,
            ),
            Example::good(
                "every minute",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: poll-queue
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: queue
            image: example.com/poll-queue:1.4
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax",
            "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(timetable) = object.cron().and_then(|cron| cron.timetable) else { return };
    let wanted = u64::try_from(context.int("minInterval")).unwrap_or(0);
    let Some(shortest) = timetable.shortest_interval().filter(|shortest| *shortest < wanted) else { return };
    let path = FieldPath::root().field("spec").field("schedule");
    let apart = duration::words(shortest);
    let weight = (
        i64::try_from(shortest).unwrap_or(i64::MAX).saturating_neg(),
        runs_a_year(timetable.schedule(), shortest),
    );
    if shortest < MINUTE {
        sink.report(
            path,
            format!("the runs are {apart} apart, but the controller starts at most one Job a minute"),
        )
        .weight(weight)
        .help(
            "write * * * * * to run every minute; for more frequent work use a Deployment that sleeps in \
                   between",
        );
    } else {
        let at_least = duration::words(wanted);
        sink.report(
            path,
            format!("runs are as close as {apart} apart, and the policy requires at least {at_least}"),
        )
        .weight(weight)
        .help("run less often and do more in each run; the policy sets the limit (option minInterval)");
    }
}

/// About how many runs there are in a year, of twelve months of 31 days: two runs that are close once a year are less
/// than many that are a little further apart. Of `@every` the distance, in seconds, says all.
fn runs_a_year(schedule: &Schedule, distance: u64) -> i64 {
    if schedule.field(FieldKind::Minute).is_none() {
        return i64::try_from(12 * 31 * 24 * 60 * MINUTE / distance.max(1)).unwrap_or(i64::MAX);
    }
    let values = |kind| schedule.field(kind).map_or(0, |field| i64::from(field.set().len()));
    let is_star = |kind| schedule.field(kind).is_none_or(Field::is_star);
    let (dates, weekdays) = (values(FieldKind::DayOfMonth), values(FieldKind::Weekday));
    // Of 31 dates and 7 weekdays, those where both match, or either where neither is a star.
    let days = if is_star(FieldKind::DayOfMonth) || is_star(FieldKind::Weekday) {
        dates * weekdays
    } else {
        dates * 7 + weekdays * 31 - dates * weekdays
    };
    values(FieldKind::Minute) * values(FieldKind::Hour) * values(FieldKind::Month) * days / 7
}

/// The pace of the controller, in seconds.
const MINUTE: u64 = 60;
