//! Crontabs, and what their relatives add: weekday 7, commands, `@reboot`, time zones, `H` and `~`.

use super::meaning::{Dialect, Reading};
use super::wall::{WallTimes, Written};
use super::weekdays::{Count, names};
use crate::dialects::is_command;
use crate::expression;
use crate::field::Field;
use crate::field_kind::FieldKind;
use crate::zone::known_zone;

const JENKINS: &str =
    "at times that Jenkins derives from the job's name, where `H` stands: the same ones each time";
const RANDOM: &str = "at times drawn by chance from each range with `~`, anew whenever the crontab is read";
const REBOOT: &str = "once, whenever the cron daemon starts";

/// What a crontab means that Kubernetes refuses.
pub(super) fn read(text: &str, words: &[&str]) -> Option<Reading> {
    if words.first().is_some_and(|word| word.eq_ignore_ascii_case("@reboot")) {
        return Some(Reading::without_times(Dialect::Crontab, REBOOT));
    }
    if let Some(reading) = prefixed(text) {
        return Some(reading);
    }
    if let Some(first) = words.first().filter(|word| word.starts_with('@')) {
        let has_command = words.get(1).is_some_and(|word| is_command(word));
        return has_command.then(|| Reading::of_schedule(commanded(&words[1..]), first)).flatten();
    }
    let (five, command) = words.split_at_checked(FieldKind::ALL.len())?;
    match command {
        [] => jenkins(five).or_else(|| random(five)).or_else(|| in_five(Dialect::Crontab, five)),
        [first, ..] if is_command(first) => in_five(commanded(command), five),
        _ => None,
    }
}

/// Whose crontab has such words after the schedule: a command, or a user and then one.
fn commanded(words: &[&str]) -> Dialect {
    let is_user = |word: &str| {
        word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
    };
    match words {
        [user, command, ..] if is_user(user) && (*user == "root" || command.starts_with('/')) => {
            Dialect::SystemCrontab
        }
        _ => Dialect::Crontab,
    }
}

/// Five fields as a crontab reads them, where either of two restricted days is enough.
fn in_five(dialect: Dialect, five: &[&str]) -> Option<Reading> {
    if let Some(reading) = both_days(five) {
        return Some(Reading { dialect, ..reading });
    }
    let [minute, hour, day, month, weekday] = *five else { return None };
    let days = Count::ZeroOrSeven.days(weekday)?;
    let kept = Field::parse(FieldKind::Weekday, weekday, 0).is_ok_and(|field| field.set() == days);
    let weekday = match days.len() {
        _ if kept => weekday.to_owned(),
        // A star would let the day of the month alone decide.
        7 if !matches!(day, "*") => "0-6".to_owned(),
        _ => names(days),
    };
    // `?` is no crontab's.
    let is_ours = five.iter().any(|word| word.contains('?'));
    if is_ours {
        return None;
    }
    Reading::of_schedule(dialect, &format!("{minute} {hour} {day} {month} {weekday}"))
}

/// What five fields that Kubernetes accepts mean otherwise in a crontab: there, a day that begins with `*` counts as
/// unrestricted, with a step too, and both days must match then.
pub(super) fn read_otherwise(words: &[&str]) -> Option<Reading> {
    both_days(words)
}

fn both_days(five: &[&str]) -> Option<Reading> {
    let [minute, hour, day, month, weekday] = *five else { return None };
    let is_step = |field: &str| field.starts_with("*/");
    let is_star = |field: &str| field.starts_with(['*', '?']);
    if !(is_step(day) && !is_star(weekday)
        || is_step(weekday) && !is_star(day)
        || is_step(day) && is_step(weekday))
    {
        return None;
    }
    let times = WallTimes::of(&Written {
        second: "0",
        minute,
        hour,
        day,
        month,
        weekday,
        weekdays: Count::ZeroOrSeven.days(weekday)?,
        year: "*",
        quartz: None,
    })?;
    Some(Reading::of_wall(Dialect::Crontab, times))
}

/// `TZ=Europe/Berlin 0 5 * * *`.
fn prefixed(text: &str) -> Option<Reading> {
    let (prefix, schedule) = text.split_once(char::is_whitespace)?;
    let (marker, zone) = prefix.split_once('=')?;
    if !["TZ", "CRON_TZ"].iter().any(|known| known.eq_ignore_ascii_case(marker)) || known_zone(zone).is_none()
    {
        return None;
    }
    let reading = Reading::of_schedule(Dialect::ZonePrefix, schedule.trim())?;
    Some(Reading { zone: Some(zone.to_owned()), ..reading })
}

/// `H 3 * * *`, `H/15 * * * *`, `H(0-29) 9-17 * * 1-5`.
fn jenkins(five: &[&str]) -> Option<Reading> {
    let mut hashed = 0;
    let fields = each_element(five, |element| {
        let Some(rest) = element.strip_prefix('H') else { return Some(element.to_owned()) };
        hashed += 1;
        let (range, step) = rest.split_once('/').map_or((rest, None), |(range, step)| (range, Some(step)));
        let range = match range {
            "" => "*",
            range => range.strip_prefix('(')?.strip_suffix(')')?,
        };
        Some(step.map_or_else(|| range.to_owned(), |step| format!("{range}/{step}")))
    })?;
    (hashed > 0 && is_sound(&fields)).then(|| Reading::without_times(Dialect::Jenkins, JENKINS))
}

/// `0~59 3 * * *`, `~ 3 * * *`.
fn random(five: &[&str]) -> Option<Reading> {
    let mut drawn = 0;
    let fields = each_element(five, |element| {
        let Some((low, high)) = element.split_once('~') else { return Some(element.to_owned()) };
        drawn += 1;
        Some(match (low, high) {
            ("", "") => "*".to_owned(),
            (low, "") => low.to_owned(),
            ("", high) => high.to_owned(),
            (low, high) => format!("{low}-{high}"),
        })
    })?;
    (drawn > 0 && is_sound(&fields)).then(|| Reading::without_times(Dialect::Random, RANDOM))
}

/// The fields with each element put otherwise.
fn each_element(five: &[&str], mut put: impl FnMut(&str) -> Option<String>) -> Option<Vec<String>> {
    let mut field = |field: &&str| -> Option<String> {
        Some(field.split(',').map(&mut put).collect::<Option<Vec<_>>>()?.join(","))
    };
    five.iter().map(&mut field).collect()
}

/// Whether fields are a schedule, but for weekday 7.
fn is_sound(fields: &[String]) -> bool {
    let [first @ .., weekday] = fields else { return false };
    expression::read(&format!("{} *", first.join(" ")), 0).is_ok()
        && Count::ZeroOrSeven.days(weekday).is_some()
}
