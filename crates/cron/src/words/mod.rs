//! A schedule as a person would say it.
//!
//! The words say exactly when it fires, no more and no less: what is long is grouped, never left out.

mod day;
mod set;
#[cfg(test)]
mod tests;
mod time;
mod zone;

use jobguard_text::duration;

pub(crate) use day::Days;
pub use zone::zone_words;

use crate::field::FieldSet;
use crate::schedule::Schedule;

/// The minutes of an hour, the hours of a day, the days and the months that a schedule names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar {
    pub(crate) minutes: FieldSet,
    pub(crate) hours: FieldSet,
    pub(crate) days: Days,
    pub(crate) months: FieldSet,
}

impl Calendar {
    /// All of it in words.
    pub(crate) fn words(&self) -> String {
        let every_day = if self.hours.len() == 24 { "" } else { " every day" };
        let times = time::times(self.minutes, self.hours);
        format!("{times}{}", day::days(self.days, self.months, every_day))
    }
}

impl Schedule {
    /// When it fires, in plain English without a full stop: `at 02:30, Monday to Friday`. Whose clock that is the words leave
    /// out; [`zone_words`] has them.
    ///
    /// Two schedules have the same words only where they fire at the same times. There are at most a few hundred letters, however
    /// long the expression is.
    pub fn words(&self) -> String {
        if let Some(seconds) = self.every() {
            // The controller counts from the time at which the last run was due, not from its end.
            return format!(
                "every {}, counted from when the last run was due, at first from the CronJob's creation",
                distance(seconds)
            );
        }
        let Some(calendar) = self.calendar() else { return String::new() };
        let words = calendar.words();
        if self.never_fires() { format!("never ({words})") } else { words }
    }

    fn calendar(&self) -> Option<Calendar> {
        let [minutes, hours, days, months, weekdays] = self.fields() else { return None };
        let (every_day, every_weekday) = (days.set().len() == 31, weekdays.set().len() == 7);
        // A field with a star names every value.
        let days = match (days.is_star() || weekdays.is_star(), every_day, every_weekday) {
            (_, true, true) => Days::Every,
            (true, true, _) => Days::OfWeek(weekdays.set()),
            (true, false, _) => Days::OfMonth(days.set()),
            (false, ..) => Days::Either(days.set(), weekdays.set()),
        };
        Some(Calendar { minutes: minutes.set(), hours: hours.set(), days, months: months.set() })
    }
}

/// `90 minutes`, `24 hours`, `hour`: behind `every`.
fn distance(seconds: u64) -> String {
    let counted = |count: u64, unit: &str| {
        if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") }
    };
    match seconds {
        0..120 => counted(seconds, "second").replace("60 seconds", "minute"),
        _ if seconds.is_multiple_of(60) && seconds < 7_200 && seconds != 3_600 => {
            counted(seconds / 60, "minute")
        }
        _ if seconds.is_multiple_of(3_600) && seconds < 72 * 3_600 => counted(seconds / 3_600, "hour"),
        _ => duration::words(seconds),
    }
}
