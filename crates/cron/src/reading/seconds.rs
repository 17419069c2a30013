//! Six and seven fields with seconds in front, and days of Quartz in five.

use super::meaning::{Dialect, Reading};
use super::wall::{WallTimes, Written};
use super::weekdays::Count;
use crate::field::{Field, FieldSet};
use crate::field_kind::FieldKind;
use crate::quartz::QuartzDay;

/// The readings of six or seven words, or of five with a day of Quartz.
pub(super) fn read(words: &[&str]) -> Vec<Reading> {
    match *words {
        [second, minute, hour, day, month, weekday] => {
            let six = [second, minute, hour, day, month, weekday];
            let quartz = read_fields(Dialect::Quartz, six, "*");
            let spring = read_fields(Dialect::Spring, six, "*");
            let theirs = read_fields(Dialect::CronCrate, six, "*");
            [quartz, spring, theirs, go(six)].into_iter().flatten().collect()
        }
        [second, minute, hour, day, month, weekday, year] => {
            let six = [second, minute, hour, day, month, weekday];
            let quartz = read_fields(Dialect::Quartz, six, year);
            [quartz, read_fields(Dialect::CronCrate, six, year)].into_iter().flatten().collect()
        }
        [minute, hour, day, month, weekday] => {
            let six = ["0", minute, hour, day, month, weekday];
            let has_quartz_day = QuartzDay::parse(FieldKind::DayOfMonth, &day.to_ascii_uppercase()).is_some()
                || QuartzDay::parse(FieldKind::Weekday, &weekday.to_ascii_uppercase()).is_some();
            if !has_quartz_day {
                return Vec::new();
            }
            let croniter = read_fields(Dialect::Croniter, six, "*");
            [croniter, read_fields(Dialect::QuartzInFive, six, "*")].into_iter().flatten().collect()
        }
        _ => Vec::new(),
    }
}

/// The reading of a dialect in which both days must match.
pub(super) fn read_fields(dialect: Dialect, six: [&str; 6], year: &str) -> Option<Reading> {
    let [second, minute, hour, day, month, weekday] = six;
    let (count, is_one_open) = match dialect {
        Dialect::Quartz => (Count::FromOneAround, true),
        Dialect::Aws => (Count::FromOne, true),
        Dialect::QuartzInFive => (Count::FromOneAround, false),
        Dialect::Spring => (Count::MondayFirst, false),
        Dialect::Croniter => (Count::ZeroOrSeven, false),
        _ => (Count::FromOne, false),
    };
    // Quartz and AWS want just one of the two days left open.
    if is_one_open && (day == "?") == (weekday == "?") {
        return None;
    }
    let around = |kind, text: &str| match dialect {
        Dialect::Quartz => go_around(kind, text),
        _ => text.to_owned(),
    };
    let quartz = match (named_day(dialect, count, FieldKind::DayOfMonth, day), matches!(weekday, "*" | "?")) {
        (Some(named), true) => Some((named, FieldKind::DayOfMonth)),
        (Some(_), false) => return None,
        (None, _) => named_day(dialect, count, FieldKind::Weekday, weekday)
            .filter(|_| matches!(day, "*" | "?"))
            .map(|named| (named, FieldKind::Weekday)),
    };
    let (day, weekday) = match quartz {
        Some((_, FieldKind::DayOfMonth)) => ("*".to_owned(), "*"),
        Some((QuartzDay::Saturday, _)) => (day.to_owned(), "SAT"),
        Some(_) => (day.to_owned(), "*"),
        None => (around(FieldKind::DayOfMonth, day), weekday),
    };
    let times = WallTimes::of(&Written {
        second: &around(FieldKind::Minute, second),
        minute: &around(FieldKind::Minute, minute),
        hour: &around(FieldKind::Hour, hour),
        day: &day,
        month: &around(FieldKind::Month, month),
        weekday,
        weekdays: count.days(weekday)?,
        year,
        quartz: quartz.map(|(named, _)| named).filter(|named| *named != QuartzDay::Saturday),
    })?;
    Some(Reading::of_wall(dialect, times))
}

/// A day that no list of numbers names, where the dialect has it, counted as Kubernetes counts.
fn named_day(dialect: Dialect, count: Count, kind: FieldKind, element: &str) -> Option<QuartzDay> {
    let day = QuartzDay::parse(kind, &element.to_ascii_uppercase())?;
    let known = match dialect {
        Dialect::CronCrate => false,
        Dialect::Croniter => matches!(day, QuartzDay::Last { before: 0 } | QuartzDay::NthWeekday { .. }),
        Dialect::Spring => !matches!(day, QuartzDay::Saturday | QuartzDay::LastWorking { before: 1.. }),
        _ => true,
    };
    let from_one = matches!(count, Count::FromOne | Count::FromOneAround);
    let recount = |weekday: u32, is_number: bool| match is_number && from_one {
        // 0 is no day where 1 is Sunday.
        true if element.starts_with('0') => None,
        true => Some((weekday + 6) % 7),
        false => Some(weekday),
    };
    let day = match day {
        QuartzDay::LastWeekday { weekday, is_number } => {
            QuartzDay::LastWeekday { weekday: recount(weekday, is_number)?, is_number }
        }
        QuartzDay::NthWeekday { weekday, nth, is_number } => {
            QuartzDay::NthWeekday { weekday: recount(weekday, is_number)?, nth, is_number }
        }
        day => day,
    };
    (known && day.meaning().is_some()).then_some(day)
}

/// A field with each range that goes on from the field's end to its beginning (`22-2`) written as the two that it is.
fn go_around(kind: FieldKind, field: &str) -> String {
    let element = |element: &str| {
        let ends = element.split_once('-').and_then(|(first, last)| {
            let (first, last) = (first.parse::<u8>().ok()?, last.parse::<u8>().ok()?);
            let around = first > last && first <= kind.max() && last >= kind.min();
            around.then(|| format!("{first}-{},{}-{last}", kind.max(), kind.min()))
        });
        ends.unwrap_or_else(|| element.to_owned())
    };
    field.split(',').map(element).collect::<Vec<_>>().join(",")
}

/// The library that Kubernetes uses, with seconds in front: either of two restricted days is enough.
fn go(six: [&str; 6]) -> Option<Reading> {
    let [second, five @ ..] = six;
    let seconds = Field::parse(FieldKind::Minute, second, 0).ok()?.set();
    let is_full_minute = seconds == FieldSet::range(0, 0, 1);
    is_full_minute.then(|| Reading::of_schedule(Dialect::Go, &five.join(" "))).flatten()
}
