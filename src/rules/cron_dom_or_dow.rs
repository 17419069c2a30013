//! `cron/dom-or-dow`

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_cron::{Field, FieldKind, FieldSet, Schedule};
use jobguard_manifest::FieldPath;

/// Two restrictions of which one is enough.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "cron/dom-or-dow",
        summary: "day of month and weekday are both restricted: a match of either one is enough",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::WrongTime],
        what: "The schedule restricts both the day of the month and the weekday. It then fires on days that \
               match either of them, not only on days that match both. A field counts as unrestricted only if it \
               is `*` or `?`; unlike in most other crons, `*/2` is a restriction.",
        why: "`0 6 1-7 * MON` is meant for the first Monday of the month. It fires on each of the first seven \
              days and on every Monday: about ten times a month, not once.",
        examples: &[
            Example::bad(
                "meant for the first Monday of the month",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: monthly-report
spec:
  schedule: "0 6 1-7 * MON"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/monthly-report:1.4
"#,
            ),
            Example::bad(
                "meant for Friday the 13th",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: monthly-report
spec:
  schedule: "0 6 13 * 5"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/monthly-report:1.4
"#,
            ),
            Example::good(
                "one field restricted; the command checks the date",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: monthly-report
spec:
  schedule: "0 6 * * MON"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: report
            image: example.com/monthly-report:1.4
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax",
            "https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// How many dates are named.
const DATES: usize = 3;
/// How many values of a field are named one by one.
const VALUES: usize = 4;

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(timetable) = object.cron().and_then(|cron| cron.timetable) else { return };
    let schedule = timetable.schedule();
    let (Some(days), Some(weekdays), Some(months)) = (
        schedule.field(FieldKind::DayOfMonth),
        schedule.field(FieldKind::Weekday),
        schedule.field(FieldKind::Month),
    ) else {
        return;
    };
    // Where one of them names nothing, or both everything, either and both come to the same.
    let nothing = days.set().is_empty() || weekdays.set().is_empty();
    let everything = is_whole(days) && is_whole(weekdays);
    if days.is_star() || weekdays.is_star() || nothing || everything {
        return;
    }
    let in_months = if is_whole(months) {
        String::new()
    } else {
        format!(", in {} only", list(months.set(), month_name))
    };
    let zone = timetable.zone().cloned().unwrap_or(TimeZone::UTC);
    let dates = upcoming_dates(schedule, context.now(), &zone);
    let next = match dates.as_slice() {
        [] => String::new(),
        dates => format!(": next on {}", and(dates)),
    };
    sink.report(
        FieldPath::root().field("spec").field("schedule"),
        format!("fires on {} and also on {}{in_months}{next}", describe_days(days.set()), describe_weekdays(weekdays.set())),
    )
    .help(format!(
        "a schedule cannot require both: put * in one of the two fields and let the command check the other; if \
         either one is intended, use two {}s",
        object.kind_as_written(),
    ));
}

fn is_whole(field: &Field) -> bool {
    let kind = field.kind();
    field.set().len() == u32::from(kind.max() - kind.min()) + 1
}

/// The next dates of the schedule. One step of the schedule a date, however often it fires then.
fn upcoming_dates(schedule: &Schedule, now: Timestamp, zone: &TimeZone) -> Vec<String> {
    let mut dates = Vec::new();
    let mut after = now;
    while dates.len() < DATES {
        let Some(time) = schedule.next_after(after, zone) else { break };
        let date = zone.to_datetime(time).date();
        dates.push(date.strftime("%a %Y-%m-%d").to_string());
        let end_of_day = date
            .tomorrow()
            .and_then(|next| next.to_zoned(zone.clone()))
            .and_then(|midnight| midnight.timestamp().checked_sub(SignedDuration::from_secs(1)));
        let Ok(end_of_day) = end_of_day else { break };
        after = end_of_day.max(time);
    }
    dates
}

fn describe_days(days: FieldSet) -> String {
    match run(days) {
        Some((first, last)) if last > first + 1 => {
            format!("the {} to the {} of the month", ordinal(first), ordinal(last))
        }
        _ if days.len() as usize <= VALUES => format!("the {} of the month", list(days, ordinal)),
        _ => format!("{} days of the month", days.len()),
    }
}

fn describe_weekdays(weekdays: FieldSet) -> String {
    match run(weekdays) {
        Some((0, 6)) => "every day of the week".to_owned(),
        Some((first, last)) if last > first + 1 => {
            format!("every {} to {}", weekday_name(first), weekday_name(last))
        }
        _ => format!("every {}", list(weekdays, weekday_name)),
    }
}

/// The first and the last value of a set without gaps.
fn run(set: FieldSet) -> Option<(u8, u8)> {
    let (first, last) = (set.iter().next()?, set.iter().next_back()?);
    (u32::from(last - first) + 1 == set.len()).then_some((first, last))
}

fn list(set: FieldSet, name: fn(u8) -> String) -> String {
    and(&set.iter().map(name).collect::<Vec<_>>())
}

fn and(words: &[String]) -> String {
    match words {
        [init @ .., last] if !init.is_empty() => format!("{} and {last}", init.join(", ")),
        words => words.concat(),
    }
}

fn ordinal(day: u8) -> String {
    let ending = match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

fn weekday_name(weekday: u8) -> String {
    const NAMES: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    NAMES.get(usize::from(weekday)).copied().unwrap_or_default().to_owned()
}

fn month_name(month: u8) -> String {
    const NAMES: [&str; 13] = [
        "",
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
    NAMES.get(usize::from(month)).copied().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(expression: &str) -> [String; 2] {
        let schedule = Schedule::parse(expression).unwrap();
        let set = |kind| schedule.field(kind).unwrap().set();
        [describe_days(set(FieldKind::DayOfMonth)), describe_weekdays(set(FieldKind::Weekday))]
    }

    #[test]
    fn days_in_words() {
        assert_eq!(words("0 0 1 * 1"), ["the 1st of the month", "every Monday"]);
        assert_eq!(words("0 0 1-7 * 1-5"), ["the 1st to the 7th of the month", "every Monday to Friday"]);
        assert_eq!(words("0 0 2,3 * 0,6"), ["the 2nd and 3rd of the month", "every Sunday and Saturday"]);
        assert_eq!(words("0 0 */2 * 0-6"), ["16 days of the month", "every day of the week"]);
        assert_eq!(words("0 0 11,21,22 * 3"), ["the 11th, 21st and 22nd of the month", "every Wednesday"]);
    }

    #[test]
    fn each_date_is_told_once() {
        let schedule = Schedule::parse("* * 1 * 1").unwrap();
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let dates = upcoming_dates(&schedule, now, &TimeZone::UTC);
        assert_eq!(dates, ["Thu 2026-01-01", "Mon 2026-01-05", "Mon 2026-01-12"]);
    }
}
