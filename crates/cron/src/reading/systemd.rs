//! `OnCalendar=` of systemd's timers in its common forms: weekdays, a date, a time of the day and a zone, or a word for all of it.

use super::meaning::{Dialect, Reading};
use super::wall::{WallTimes, Written};
use crate::field::FieldSet;
use crate::names;
use crate::zone::known_zone;

/// The words, with what they stand for.
const SHORTHANDS: [(&str, &str); 10] = [
    ("minutely", "*:*"),
    ("hourly", "*:0"),
    ("daily", "*-*-* 0:0"),
    ("weekly", "Mon *-*-* 0:0"),
    ("monthly", "*-*-01 0:0"),
    ("yearly", "*-01-01 0:0"),
    ("annually", "*-01-01 0:0"),
    ("quarterly", "*-1,4,7,10-01 0:0"),
    ("semiannually", "*-1,7-01 0:0"),
    ("semi-annually", "*-1,7-01 0:0"),
];

pub(super) fn read(words: &[&str]) -> Option<Reading> {
    let (words, zone) = match words {
        [rest @ .., last] if !rest.is_empty() && known_zone(last).is_some() => {
            (rest, Some((*last).to_owned()))
        }
        words => (words, None),
    };
    if let [word] = words
        && let Some((_, long)) = SHORTHANDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))
    {
        let reading = of_parts(&long.split(' ').collect::<Vec<_>>())?;
        return Some(Reading { zone, ..reading });
    }
    Some(Reading { zone, ..of_parts(words)? })
}

/// Weekdays, date and time, each of which may be left out.
fn of_parts(words: &[&str]) -> Option<Reading> {
    let mut rest = words.iter().copied().peekable();
    let weekdays = rest.peek().and_then(|word| weekdays(word));
    let weekdays = match weekdays {
        Some(days) => {
            rest.next();
            days
        }
        None => FieldSet::range(0, 6, 1),
    };
    let date = rest.next_if(|word| !word.contains(':'));
    let (year, month, day) = date.map_or(Some(("*", "*", "*")), date_parts)?;
    let time = rest.next().map_or(Some(("0", "0", "0")), time_parts)?;
    if words.is_empty() || rest.next().is_some() {
        return None;
    }
    let (hour, minute, second) = time;
    let (year, month, day) = (component(year, false)?, component(month, false)?, component(day, false)?);
    let (hour, minute, second) = (component(hour, true)?, component(minute, true)?, component(second, true)?);
    let times = WallTimes::of(&Written {
        second: &second,
        minute: &minute,
        hour: &hour,
        day: &day,
        month: &month,
        weekday: "0-6",
        weekdays,
        year: &year,
        quartz: None,
    })?;
    Some(Reading::of_wall(Dialect::Systemd, times))
}

/// Year, month and day of `*-01-01` or `01-01`.
fn date_parts(text: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = text.split('-').collect();
    match *parts.as_slice() {
        [year, month, day] => Some((year, month, day)),
        [month, day] => Some(("*", month, day)),
        _ => None,
    }
}

/// Hour, minute and second of `02:30` or `02:30:00`.
fn time_parts(text: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = text.split(':').collect();
    match *parts.as_slice() {
        [hour, minute, second] => Some((hour, minute, second)),
        [hour, minute] => Some((hour, minute, "0")),
        _ => None,
    }
}

/// A component as cron writes it: without zeros in front, and with a hyphen for two dots. In a date, systemd counts the steps
/// of `*/2` from 0, which is no day; that is left alone.
fn component(text: &str, is_time: bool) -> Option<String> {
    let number = |text: &str| {
        let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| is_number).map(|number| number.to_string())
    };
    let element = |element: &str| -> Option<String> {
        let (range, step) = match element.split_once('/') {
            Some((range, step)) => (range, Some(number(step)?)),
            None => (element, None),
        };
        let range = match range.split_once("..") {
            Some((first, last)) => format!("{}-{}", number(first)?, number(last)?),
            None if range == "*" && (is_time || step.is_none()) => "*".to_owned(),
            None => number(range)?,
        };
        Some(step.map_or_else(|| range.clone(), |step| format!("{range}/{step}")))
    };
    Some(text.split(',').map(element).collect::<Option<Vec<_>>>()?.join(","))
}

/// `Mon..Fri`, `Sat,Sun`, by short or full names.
fn weekdays(text: &str) -> Option<FieldSet> {
    // Monday comes first, Sunday last.
    let position = |name: &str| {
        (1..=7_u8).find(|number| {
            let known = names::weekday(u32::from(*number));
            known.eq_ignore_ascii_case(name) || known[..3].eq_ignore_ascii_case(name)
        })
    };
    text.split(',').try_fold(FieldSet::default(), |days, element| {
        let ends = element.split_once("..").or_else(|| element.split_once('-')).unwrap_or((element, element));
        let (first, last) = (position(ends.0)?, position(ends.1)?);
        let range = (first..=last).fold(0, |bits, number| bits | 1 << (number % 7));
        (first <= last).then(|| days.union(FieldSet::from_bits(range)))
    })
}
