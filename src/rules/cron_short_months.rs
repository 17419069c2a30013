//! `cron/short-months`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_cron::{Field, FieldKind, Schedule};
use jobguard_manifest::FieldPath;
use jobguard_text::plural;

/// Days that not every month has.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/short-months",
        summary: "the schedule names a day that some of its months do not have",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::DidNotRun],
        what: "A schedule for the 29th, 30th or 31st, and no earlier day, in a month that does not have that \
               day: `0 0 31 * *` runs in only seven months of the year, `0 0 30 * *` skips February, and the \
               29th of February exists only in leap years.",
        why: "In a month without that day there is no run at all; it is not moved to the last day. Monthly \
              invoices that are made on the 31st are made seven times a year.",
        examples: &[
            Example::bad(
                "seven times a year",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: monthly-report
spec:
  schedule: "0 6 31 * *"
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
                "every month, and the command checks that tomorrow is the 1st",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: monthly-report
spec:
  schedule: "0 6 28-31 * *"
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
                "months that have the day",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: quarterly-report
spec:
  schedule: "0 6 30 3,6,9,12 *"
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
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

const FEBRUARY: u8 = 2;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(timetable) = object.cron().and_then(|cron| cron.timetable) else { return };
    let Some(short) = short_months(timetable.schedule()) else { return };
    sink.report(FieldPath::root().field("spec").field("schedule"), short.message()).help(short.help());
}

/// A day that some months do not have.
#[derive(Debug, PartialEq, Eq)]
struct Short {
    /// The first day of the schedule.
    day: u8,
    /// How many months it names.
    months: usize,
    /// Those of them without the day; February too where it has it in leap years alone.
    without: Vec<u8>,
}

/// The months that a schedule passes over; none where each has one of its days, or the weekday counts as well, of which
/// cron/dom-or-dow speaks.
fn short_months(schedule: &Schedule) -> Option<Short> {
    let days = schedule.field(FieldKind::DayOfMonth)?;
    if days.is_star() || !schedule.field(FieldKind::Weekday).is_none_or(Field::is_star) {
        return None;
    }
    let day = days.set().iter().next().filter(|day| *day > 28)?;
    let months: Vec<u8> = schedule.field(FieldKind::Month)?.set().iter().collect();
    let without: Vec<u8> = months.iter().copied().filter(|month| shortest(*month) < day).collect();
    (!without.is_empty()).then_some(Short { day, months: months.len(), without })
}

/// The days that a month has in every year.
fn shortest(month: u8) -> u8 {
    match month {
        FEBRUARY => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Short {
    /// Whether only February is short, and only in years that are no leap years.
    fn is_of_leap_years(&self) -> bool {
        self.day == 29
    }

    fn message(&self) -> String {
        let Self { day, months, without } = self;
        if self.is_of_leap_years() {
            return "February has a 29th only in leap years: in other years there is no run in that month"
                .to_owned();
        }
        let name = |month: &u8| MONTHS.get(usize::from(*month) - 1).copied();
        let names: Vec<&str> = without.iter().filter_map(name).collect();
        let (names, have) = match names.as_slice() {
            [first @ .., last] if !first.is_empty() => (format!("{} and {last}", first.join(", ")), "have"),
            _ => (names.concat(), "has"),
        };
        let left = plural(months - without.len(), "month");
        format!("this runs in only {left} of the year: {names} {have} no day {day}")
    }

    fn help(&self) -> &'static str {
        if self.is_of_leap_years() && self.months == 1 {
            "for the last day of February run on days 28 and 29, and let the command exit if tomorrow is still \
             in February"
        } else {
            "for the last day of each month run on days 28-31 (`28-31` for the day), and let the command exit \
             unless tomorrow is the 1st; or run on day 1, for the month before"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<Short> {
        short_months(&Schedule::parse(text).unwrap())
    }

    #[test]
    fn months_that_are_passed_over() {
        for (text, without) in [
            ("0 0 31 * *", &[2, 4, 6, 9, 11][..]),
            ("0 0 30 * *", &[2]),
            ("0 0 29 * *", &[2]),
            ("0 0 30,31 * *", &[2]),
            ("0 0 29 2 *", &[2]),
            ("0 0 31 3,6,9,12 *", &[6, 9]),
            ("0 0 31 */2 ?", &[9, 11]),
        ] {
            assert_eq!(found(text).unwrap().without, without, "{text}");
        }
        for text in [
            "0 0 28-31 * *",
            "0 0 1,31 * *",
            "0 0 */30 * *",
            "0 0 31 1,3,5,7,8,10,12 *",
            "0 0 30 3-12 *",
            "0 0 28 2 *",
            "0 0 31 * MON",
            "0 0 * * *",
            "0 0 *,31 * *",
            "@monthly",
            "@every 24h",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_said() {
        let schedules = ["0 0 31 * *", "0 0 30 * *", "0 0 29 * *", "0 0 29 2 *", "0 0 31 3,6 *"];
        let said = schedules.map(|text| found(text).unwrap().message());
        insta::assert_snapshot!(said.join("\n"), @r"
        this runs in only 7 months of the year: February, April, June, September and November have no day 31
        this runs in only 11 months of the year: February has no day 30
        February has a 29th only in leap years: in other years there is no run in that month
        February has a 29th only in leap years: in other years there is no run in that month
        this runs in only 1 month of the year: June has no day 31
        ");
    }
}
