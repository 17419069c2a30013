//! `cron(...)` and `rate(...)` of Amazon EventBridge, the former without its brackets too.

use super::meaning::{Dialect, Reading};
use super::seconds;

pub(super) fn read(text: &str) -> Option<Reading> {
    if let Some(inner) = call(text, "rate") {
        return rate(inner);
    }
    let fields = match call(text, "cron") {
        Some(inner) => inner,
        None => text,
    };
    let words: Vec<&str> = fields.split_whitespace().collect();
    let [minute, hour, day, month, weekday, year] = *words.as_slice() else { return None };
    let mut reading = seconds::read_fields(Dialect::Aws, ["0", minute, hour, day, month, weekday], year)?;
    // Rules know no other zone; schedules may name one, beside the expression.
    reading.schedule = reading.schedule.map(|schedule| schedule.replace('?', "*"));
    reading.meaning.push_str(", in UTC unless set otherwise there");
    Some(reading)
}

/// What stands between the brackets.
fn call<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(name.len())?;
    if !start.eq_ignore_ascii_case(name) {
        return None;
    }
    rest.trim_start().strip_prefix('(')?.strip_suffix(')')
}

fn rate(inner: &str) -> Option<Reading> {
    let mut words = inner.split_whitespace();
    let (count, unit) = (words.next()?, words.next()?);
    let count: u32 = count.parse().ok().filter(|count| *count > 0)?;
    let (factor, letter) = match unit.to_ascii_lowercase().trim_end_matches('s') {
        "minute" => (1, 'm'),
        "hour" => (1, 'h'),
        "day" => (24, 'h'),
        _ => return None,
    };
    if words.next().is_some() {
        return None;
    }
    let mut reading =
        Reading::of_schedule(Dialect::Aws, &format!("@every {}{letter}", count.checked_mul(factor)?))?;
    let (distance, _) = reading.meaning.split_once(',')?;
    reading.meaning = format!("{distance}, counted from when the rule was made");
    Some(reading)
}
