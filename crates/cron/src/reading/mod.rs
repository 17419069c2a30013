//! What an expression means to other programs, and the schedule that says the same here.

mod aws;
mod crontab;
mod meaning;
mod quartz_day;
mod seconds;
mod systemd;
#[cfg(test)]
mod tests;
mod wall;
mod weekdays;

pub use meaning::{Dialect, Reading};

use super::dialects::LONGEST;
use super::schedule::Schedule;

/// What other programs make of an expression that Kubernetes refuses, one reading for each that accepts it. Of an expression that
/// Kubernetes accepts there are only the readings that differ.
///
/// Programs that count weekdays from another day have readings of their own: which of them is meant nobody knows but who wrote
/// it. [`agreed`] is the schedule where all of them come to the same.
pub fn translate(expression: &str) -> Vec<Reading> {
    let text = expression.trim();
    if text.is_empty() || text.len() > LONGEST {
        return Vec::new();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if Schedule::accepted(expression).is_some_and(|(prefix, _)| prefix.is_none()) {
        return crontab::read_otherwise(&words).into_iter().collect();
    }
    let mut readings: Vec<Reading> = Vec::new();
    readings.extend(aws::read(text));
    readings.extend(seconds::read(&words));
    readings.extend(crontab::read(text, &words));
    readings.extend(systemd::read(&words));
    readings
}

/// The schedule that all readings agree on.
pub fn agreed<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> Option<&'a str> {
    let mut schedules = readings.into_iter().map(|reading| reading.schedule.as_deref());
    let first = schedules.next()??;
    schedules.all(|schedule| schedule == Some(first)).then_some(first)
}
