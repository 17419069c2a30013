//! Days and months in words.

use super::set::{arc, list, pieces, progression};
use crate::field::FieldSet;
use crate::names::{self, ordinal};
use crate::quartz::QuartzDay;

/// On which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Days {
    /// Every day.
    Every,
    /// Days of the month.
    OfMonth(FieldSet),
    /// Days of the week.
    OfWeek(FieldSet),
    /// Days of the month, and days of the week as well.
    Either(FieldSet, FieldSet),
    /// Days of the month that are such days of the week. Kubernetes knows no such thing.
    Both(FieldSet, FieldSet),
    /// A day that no list of numbers names.
    Quartz(QuartzDay),
}

/// From how many days of the month on those at equal distances are said by the distance.
const PROGRESSION: u32 = 5;
/// From how many pieces on a list begins with their number.
const LONG_LIST: usize = 9;

/// Days and months, to be put behind the times of a day; it brings its own space or comma. `every_day` is said of every day of
/// some months, or of all.
pub(super) fn days(days: Days, months: FieldSet, every_day: &str) -> String {
    let every_month = months.len() == 12;
    let in_months = if every_month { String::new() } else { format!(" {}", in_months(months)) };
    match days {
        Days::Every => format!("{every_day}{in_months}"),
        Days::OfMonth(days) if every_month => format!(" {}", of_month(days, "the month")),
        Days::OfMonth(days) => format!(" {}", of_month(days, &of_months(months))),
        Days::OfWeek(weekdays) => match arc(weekdays, 0, 6) {
            Some((first, last)) => {
                let months = if every_month { String::new() } else { format!(",{in_months}") };
                format!(", {} to {}{months}", weekday(first), weekday(last))
            }
            None => format!(" on {}{in_months}", plural_weekdays(weekdays)),
        },
        Days::Either(days, weekdays) => {
            let months = if every_month { String::new() } else { format!("{in_months},") };
            format!("{months} {} and also on {}", of_month(days, "the month"), every_weekday(weekdays))
        }
        Days::Both(days, weekdays) => {
            let only = one_of(weekdays);
            format!("{in_months} {} when it is a {only}", of_month(days, "the month"))
        }
        Days::Quartz(day) => match day.meaning() {
            Some(meaning) if meaning.starts_with(|first: char| first.is_ascii_digit()) => {
                format!("{in_months}, {meaning}")
            }
            Some(meaning) => format!("{in_months} on {meaning}"),
            None => format!("{in_months} on a day that no month has"),
        },
    }
}

/// `on the 1st and 15th of the month`; `whose` is the month or the months.
fn of_month(days: FieldSet, whose: &str) -> String {
    let name = |day: u8| ordinal(day.into());
    if days.is_empty() {
        return format!("on no day of {whose}");
    }
    if days.len() == 31 {
        return format!("on every day of {whose}");
    }
    match progression(days) {
        Some((first, last, step)) if step > 1 && days.len() >= PROGRESSION => {
            let which = ordinal(step.into());
            format!("on every {which} day from the {} to the {} of {whose}", name(first), name(last))
        }
        _ if pieces(days, name).len() >= LONG_LIST => {
            format!("on {} days of {whose} (the {})", days.len(), list(days, name))
        }
        _ => format!("on the {} of {whose}", list(days, name)),
    }
}

/// `in January and July`, `from June to August`.
fn in_months(months: FieldSet) -> String {
    match arc(months, 1, 12) {
        Some((first, last)) => format!("from {} to {}", month(first), month(last)),
        None if months.is_empty() => "in no month".to_owned(),
        None => format!("in {}", list(months, month)),
    }
}

/// The same behind `of`.
fn of_months(months: FieldSet) -> String {
    match arc(months, 1, 12) {
        Some((first, last)) => format!("each month from {} to {}", month(first), month(last)),
        None if months.is_empty() => "no month".to_owned(),
        None => list(months, month),
    }
}

/// `Mondays and Fridays`.
fn plural_weekdays(weekdays: FieldSet) -> String {
    if weekdays.is_empty() {
        return "no day of the week".to_owned();
    }
    names::and(&from_monday(weekdays).map(|day| format!("{}s", weekday(day))).collect::<Vec<_>>())
}

/// `every Monday and Friday`, `every day from Monday to Friday`.
fn every_weekday(weekdays: FieldSet) -> String {
    match (arc(weekdays, 0, 6), weekdays.len()) {
        (_, 0) => "no day of the week".to_owned(),
        (_, 7) => "every day of the week".to_owned(),
        (Some((first, last)), _) => format!("every day from {} to {}", weekday(first), weekday(last)),
        (None, _) => {
            format!("every {}", names::and(&from_monday(weekdays).map(weekday).collect::<Vec<_>>()))
        }
    }
}

/// `Monday or Friday`.
fn one_of(weekdays: FieldSet) -> String {
    let names: Vec<String> = from_monday(weekdays).map(weekday).collect();
    jobguard_text::one_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The days of the week with Sunday last.
fn from_monday(weekdays: FieldSet) -> impl Iterator<Item = u8> {
    weekdays.iter().filter(|day| *day > 0).chain(weekdays.iter().filter(|day| *day == 0))
}

fn weekday(number: u8) -> String {
    names::weekday(number.into()).to_owned()
}

fn month(number: u8) -> String {
    names::month(number.into()).to_owned()
}
