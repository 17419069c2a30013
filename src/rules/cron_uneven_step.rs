//! `cron/uneven-step`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_cron::{Field, FieldKind, Part, Schedule};
use jobguard_manifest::FieldPath;

/// Steps that do not come round.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/uneven-step",
        summary: "a step does not divide its range evenly, so one interval is shorter",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime],
        what: "A field with a step over its whole range (`*/40`, `0-59/40`, or `5/40`) that does not divide the \
               range. The count starts again with every hour, day, month, year or week, so the last interval is \
               different: `*/40` in the minute field runs at 0 and 40, and then 20 minutes later at 0.\n\n\
               Only fields that consist of one such step are checked. A step within an explicit range \
               (`9-17/4`), or from a start beyond the first step (`9/4` hours), is taken as intended. Nothing is \
               reported if the odd interval never occurs: minutes of hours that are not consecutive, hours of \
               days that are not. Steps that leave a single value are reported by cron/step-beyond-range.",
        why: "Runs every 40 minutes were intended, but five fields cannot express that. If runs must be some \
              time apart, two of them now come too close: `*/2` days, for example, runs on the 31st and again on \
              the 1st.",
        examples: &[
            Example::bad(
                "0 and 40, then again after 20 minutes",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: refresh-cache
spec:
  schedule: "*/40 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: cache
            image: example.com/refresh-cache:1.4
"#,
            ),
            Example::bad(
                "the 31st and the 1st",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: weekly-backup
spec:
  schedule: "0 3 */2 * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/weekly-backup:1.4
"#,
            ),
            Example::good(
                "divides the hour",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: refresh-cache
spec:
  schedule: "*/30 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: cache
            image: example.com/refresh-cache:1.4
"#,
            ),
            Example::good(
                "counts from the last run",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: refresh-cache
spec:
  schedule: "@every 40m"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: cache
            image: example.com/refresh-cache:1.4
"#,
            ),
            Example::good(
                "within working hours",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: refresh-cache
spec:
  schedule: "0 9-17/5 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: cache
            image: example.com/refresh-cache:1.4
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Cron { schedule, text } = match (object.cron(), object.timetable()) {
        (Some(cron), Some(timetable)) => Cron { schedule: timetable.schedule(), text: &cron.spec.schedule },
        _ => return,
    };
    for field in schedule.fields() {
        let Some(uneven) = uneven(schedule, field, text) else { continue };
        sink.report(FieldPath::root().field("spec").field("schedule"), uneven.message(field.kind()))
            .about(field.kind().to_string())
            .help(remedy(field.kind(), uneven.step));
    }
}

struct Cron<'a> {
    schedule: &'a Schedule,
    text: &'a str,
}

/// A step that does not come round.
#[derive(Debug, PartialEq, Eq)]
struct Uneven<'a> {
    written: &'a str,
    step: u64,
    values: Vec<u8>,
    /// From the last value to the first of the next round.
    last_gap: u64,
}

fn uneven<'a>(schedule: &Schedule, field: &Field, text: &'a str) -> Option<Uneven<'a>> {
    let [part] = field.parts() else { return None };
    let step = part.step.filter(|step| *step > 1)?;
    let written = text.get(part.span.clone())?;
    let kind = field.kind();
    let values: Vec<u8> = field.set().iter().collect();
    let (first, last) = (*values.first()?, *values.last()?);
    if !comes_round(part, kind, written)
        || u64::from(first - kind.min()) >= step
        || first == last // cron/step-beyond-range
        || !shows(schedule, kind)
    {
        return None;
    }
    let last_gap = round(kind) - u64::from(last) + u64::from(first);
    (last_gap != step).then_some(Uneven { written, step, values, last_gap })
}

/// Whether the step is over the whole field: `*/S`, `N/S`, or the field's whole range.
fn comes_round(part: &Part, kind: FieldKind, written: &str) -> bool {
    part.star || (part.end == kind.max() && (part.start == kind.min() || !written.contains('-')))
}

/// How many values a round has. Months are taken to be long: where they are not, the distance is another yet.
fn round(kind: FieldKind) -> u64 {
    u64::from(kind.max() - kind.min()) + 1
}

/// Whether one round follows the other, so that the odd distance is ever seen.
fn shows(schedule: &Schedule, kind: FieldKind) -> bool {
    let star = |kind| schedule.field(kind).is_none_or(Field::is_star);
    match kind {
        FieldKind::Minute => {
            let hours = schedule.field(FieldKind::Hour).map(Field::set).unwrap_or_default();
            (0..24).any(|hour| hours.contains(hour) && hours.contains((hour + 1) % 24))
        }
        FieldKind::Hour => schedule.fewest_days_between() == Some(1),
        // Beside another restriction it is cron/dom-or-dow that speaks.
        FieldKind::DayOfMonth => {
            star(FieldKind::Weekday) && {
                let months = schedule.field(FieldKind::Month).map(Field::set).unwrap_or_default();
                (1..=12).any(|month| months.contains(month) && months.contains(month % 12 + 1))
            }
        }
        FieldKind::Month => true,
        FieldKind::Weekday => star(FieldKind::DayOfMonth),
    }
}

impl Uneven<'_> {
    fn message(&self, kind: FieldKind) -> String {
        let name = |value: u8| match kind {
            FieldKind::Month | FieldKind::Weekday => {
                let index = usize::from(value - kind.min());
                kind.names().get(index).map_or_else(|| value.to_string(), |name| (*name).to_owned())
            }
            _ => value.to_string(),
        };
        let unit = |count: u64| {
            let unit = match kind {
                FieldKind::Minute => "minute",
                FieldKind::Hour => "hour",
                FieldKind::Month => "month",
                FieldKind::DayOfMonth | FieldKind::Weekday => "day",
            };
            format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
        };
        let written = self.written;
        let runs = match self.values.as_slice() {
            [first, second] => format!("{} and {}", name(*first), name(*second)),
            [first, second, third] => format!("{}, {} and {}", name(*first), name(*second), name(*third)),
            [first, second, .., last] => format!("{}, {} ... {}", name(*first), name(*second), name(*last)),
            // One value alone is no step any more.
            [] | [_] => String::new(),
        };
        let at = match kind {
            FieldKind::Minute | FieldKind::Hour => "at",
            FieldKind::Month => "in",
            FieldKind::DayOfMonth | FieldKind::Weekday => "on",
        };
        let long_month = if kind == FieldKind::DayOfMonth { " in a long month" } else { "" };
        format!(
            "{written} in the {kind} field runs {at} {runs}, then again after {}{long_month}",
            unit(self.last_gap)
        )
    }
}

fn remedy(kind: FieldKind, step: u64) -> String {
    let range = round(kind);
    let even = |step: &u64| range.is_multiple_of(*step);
    let near = || {
        let below = (2..step.min(range)).rev().find(even).map(|step| format!("*/{step}"));
        let above = (step + 1..range).find(even).map(|step| format!("*/{step}"));
        below.into_iter().chain(above).collect::<Vec<_>>().join(" or ")
    };
    match kind {
        FieldKind::Minute => format!("use a step that divides 60, such as {}, or @every {step}m", near()),
        FieldKind::Hour => format!("use a step that divides 24, such as {}, or @every {step}h", near()),
        FieldKind::Month => format!("use a step that divides 12, such as {}, or name the months", near()),
        FieldKind::DayOfMonth => {
            format!(
                "name the days that you mean, or write @every {}h, which keeps the interval but not the time of day",
                step.saturating_mul(24)
            )
        }
        FieldKind::Weekday => "name the weekdays that you mean, such as MON,WED,FRI".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let schedule = Schedule::parse(text).unwrap();
        let found = schedule
            .fields()
            .iter()
            .filter_map(|field| Some((field.kind(), uneven(&schedule, field, text)?)));
        found
            .map(|(kind, uneven)| format!("{}; {}", uneven.message(kind), remedy(kind, uneven.step)))
            .collect()
    }

    #[test]
    fn what_is_said() {
        let schedules = [
            "*/40 * * * *",
            "*/7 * * * *",
            "5/25 * * * *",
            "0 */5 * * *",
            "0 0 */2 * *",
            "0 0 */10 * *",
            "0 0 1 */5 *",
            "0 0 * * */2",
        ];
        insta::assert_snapshot!(schedules.map(|text| messages(text).join("\n")).join("\n"), @r"
        */40 in the minute field runs at 0 and 40, then again after 20 minutes; use a step that divides 60, such as */30, or @every 40m
        */7 in the minute field runs at 0, 7 ... 56, then again after 4 minutes; use a step that divides 60, such as */6 or */10, or @every 7m
        5/25 in the minute field runs at 5, 30 and 55, then again after 10 minutes; use a step that divides 60, such as */20 or */30, or @every 25m
        */5 in the hour field runs at 0, 5 ... 20, then again after 4 hours; use a step that divides 24, such as */4 or */6, or @every 5h
        */2 in the day of month field runs on 1, 3 ... 31, then again after 1 day in a long month; name the days that you mean, or write @every 48h, which keeps the interval but not the time of day
        */10 in the day of month field runs on 1, 11 ... 31, then again after 1 day in a long month; name the days that you mean, or write @every 240h, which keeps the interval but not the time of day
        */5 in the month field runs in JAN, JUN and NOV, then again after 2 months; use a step that divides 12, such as */4 or */6, or name the months
        */2 in the weekday field runs on SUN, TUE ... SAT, then again after 1 day; name the weekdays that you mean, such as MON,WED,FRI
        ");
    }

    #[test]
    fn what_comes_round_or_is_meant() {
        for text in [
            "*/15 * * * *",
            "7/15 * * * *",
            "*/60 * * * *",
            "*/90 * * * *",
            "0 0-23/36 * * *",
            "*/40 9 * * *",
            "*/40 9,17 * * *",
            "*/7,30 * * * *",
            "10-50/15 * * * *",
            "20/15 * * * *",
            "0 */24 * * *",
            "0 9/4 * * *",
            "0 9-17/5 * * *",
            "0 9-23/5 * * *",
            "0 */5 * * MON",
            "0 0 */31 * *",
            "0 0 */2 1 *",
            "0 0 */2 * MON",
            "0 0 1 */3 *",
            "0 0 * * */7",
            "@hourly",
            "@every 40m",
        ] {
            assert_eq!(messages(text), [""; 0], "{text}");
        }
    }
}
