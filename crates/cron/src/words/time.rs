//! Times of the day in words.

use super::set::{list, pieces, progression, runs};
use crate::field::FieldSet;
use crate::names::{and, ordinal};

/// How many times of the day are named one by one, however they lie.
const FEW_TIMES: u32 = 4;
/// How many are, where they are all of the same minute.
const SAME_MINUTE: u32 = 8;
/// From how many values on those at equal distances are said by the distance.
const PROGRESSION: u32 = 5;
/// How many minutes are named one by one where a distance would say as much.
const FEW_MINUTES: u32 = 6;
/// How many stretches of hours are named by their ends.
const FEW_STRETCHES: usize = 3;
/// From how many pieces on a list begins with their number.
const LONG_LIST: usize = 9;

/// When in the day.
pub(super) fn times(minutes: FieldSet, hours: FieldSet) -> String {
    if minutes.is_empty() || hours.is_empty() {
        return format!("{} {}", of_hour(minutes), of_day(hours));
    }
    if minutes.len() * hours.len() <= FEW_TIMES {
        return one_by_one(minutes, hours);
    }
    if let Some(minute) = only(minutes)
        && let Some(words) = same_minute(minute, minutes, hours)
    {
        return words;
    }
    if let Some((first, step)) = pace(minutes)
        && hours.len() < 24
        && runs(hours).len() <= FEW_STRETCHES
    {
        let last = 60 - step + first;
        let stretch = |(start, end)| format!("from {} to {}", clock(start, first), clock(end, last));
        let stretches: Vec<String> = runs(hours).into_iter().map(stretch).collect();
        return format!("{} {}", every(step, "minute"), and(&stretches));
    }
    if let (Some(hour), Some((first, last, step))) = (only(hours), progression(minutes))
        && minutes.len() >= PROGRESSION
    {
        return format!("{} from {} to {}", every(step, "minute"), clock(hour, first), clock(hour, last));
    }
    if hours.len() == 24 && matches!(pace(minutes), Some((0, _))) {
        return of_hour(minutes);
    }
    format!("{} {}", of_hour(minutes), of_day(hours))
}

/// Times that share their minute, where that is shorter than hours and minute apart.
fn same_minute(minute: u8, minutes: FieldSet, hours: FieldSet) -> Option<String> {
    if hours.len() == 24 {
        let at = if minute == 0 { "on the hour".to_owned() } else { format!("at minute {minute}") };
        return Some(format!("every hour {at}"));
    }
    match progression(hours) {
        Some((first, last, step)) if hours.len() >= PROGRESSION => {
            Some(format!("{} from {} to {}", every(step, "hour"), clock(first, minute), clock(last, minute)))
        }
        _ => (hours.len() <= SAME_MINUTE).then(|| one_by_one(minutes, hours)),
    }
}

/// `at 02:30 and 14:30`.
fn one_by_one(minutes: FieldSet, hours: FieldSet) -> String {
    let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| clock(hour, minute)));
    format!("at {}", and(&times.collect::<Vec<_>>()))
}

/// Which minutes of an hour: `every 5 minutes`, `at minutes 0 and 40`.
fn of_hour(minutes: FieldSet) -> String {
    if let Some((0, step)) = pace(minutes) {
        return every(step, "minute");
    }
    if let Some((first, last, step)) = progression(minutes)
        && (minutes.len() > FEW_MINUTES || step == 1)
        && minutes.len() > 2
    {
        return format!("{} from minute {first} to {last}", every(step, "minute"));
    }
    let number = |minute: u8| minute.to_string();
    match minutes.len() {
        0 => "at no minute".to_owned(),
        1 => format!("at minute {}", list(minutes, number)),
        count if pieces(minutes, number).len() >= LONG_LIST => {
            format!("at {count} minutes ({})", list(minutes, number))
        }
        _ => format!("at minutes {}", list(minutes, number)),
    }
}

/// Of which hours, behind [`of_hour`].
fn of_day(hours: FieldSet) -> String {
    if hours.is_empty() {
        return "of no hour".to_owned();
    }
    if hours.len() == 24 {
        return "of each hour".to_owned();
    }
    if let [(first, last)] = runs(hours).as_slice() {
        let (start, end) = (clock(*first, 0), clock(*last, 59));
        return if first == last {
            format!("between {start} and {end}")
        } else {
            format!("of each hour from {start} to {end}")
        };
    }
    match progression(hours) {
        Some((first, last, step)) if hours.len() >= FEW_TIMES => {
            let which = ordinal(step.into());
            format!("of every {which} hour from {} to {}", clock(first, 0), clock(last, 59))
        }
        _ => format!("of the hours {}", list(hours, |hour| hour.to_string())),
    }
}

/// For minutes that go on at the same pace from hour to hour: the first and the distance.
fn pace(minutes: FieldSet) -> Option<(u8, u8)> {
    let (first, last, step) = progression(minutes)?;
    (first + 60 - last == step).then_some((first, step))
}

fn only(set: FieldSet) -> Option<u8> {
    set.iter().next().filter(|_| set.len() == 1)
}

/// `every minute`, `every 5 minutes`.
fn every(step: u8, unit: &str) -> String {
    if step == 1 { format!("every {unit}") } else { format!("every {step} {unit}s") }
}

fn clock(hour: u8, minute: u8) -> String {
    format!("{hour:02}:{minute:02}")
}
