#![doc = include_str!("../README.md")]
//! # In detail
//!
//! The schedule dialect of Kubernetes CronJobs: parsing with the position of the fault, and fire times.
//!
//! The API server parses `spec.schedule` with the standard parser of Go's `robfig/cron` v3, and the CronJob
//! controller asks the same library for the next time. [`Schedule`] accepts what it accepts, and names the same
//! times, oddities included; [`load_zone`] accepts the names that `spec.timeZone` accepts.
//!
//! An expression is one of
//!
//! * five fields, separated by white space: minute, hour, day of month, month, weekday;
//! * `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`;
//! * `@every DURATION`, with a duration as Go writes them (`1h30m`).
//!
//! A field is a list, separated by commas, of `*`, `?` (the same), `N` or `N-M`, each with an optional step
//! (`N/S` means `N-MAX/S`). Months and weekdays may be named by their first three letters.

mod calendar;
mod clock_change;
mod dialects;
mod error;
mod field;
mod next;
mod parse;
mod quartz;
mod six_fields;
mod zone;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use clock_change::ClockChange;
pub use error::{ForeignSyntax, ParseError, ParseErrorKind};
pub use field::{Field, FieldKind, FieldSet, Part};
pub use jobguard_text::duration::DurationFault;
pub use quartz::QuartzDay;
pub use zone::{HostZone, ZoneError, ZoneErrorKind, host_zone, load_zone, zone_data_version};

/// A schedule that the API server accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    when: When,
}

/// The two kinds of schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    /// At the times that match minute, hour, day of month, month and weekday, in this order.
    Fields(Box<[Field; 5]>),
    /// At a distance from the last run, in seconds, at least one.
    Every(u64),
}

impl Schedule {
    /// Parses the value of `spec.schedule` as the API server does on creation.
    ///
    /// # Errors
    ///
    /// The first fault, with its place in the expression. A time zone prefix (`TZ=`, `CRON_TZ=`) is refused
    /// with its own kind, [`ParseErrorKind::TimeZonePrefix`].
    pub fn parse(expression: &str) -> Result<Self, ParseError> {
        parse::without_zone(expression)
    }

    /// Parses like [`Schedule::parse`], but takes a time zone prefix for granted, as the API server does on
    /// update where the old schedule has one. Returns the zone as it is written, and the schedule.
    ///
    /// The prefix knows two names more than `spec.timeZone`: the empty one (`TZ= 0 0 * * *`) is UTC, and `Local`
    /// is the controller's own zone.
    ///
    /// # Errors
    ///
    /// As [`Schedule::parse`], and a prefix whose zone is unknown or that nothing follows.
    pub fn parse_tolerating_tz(expression: &str) -> Result<(Option<&str>, Self), ParseError> {
        parse::with_zone(expression)
    }

    /// The first time after `after` at which the schedule fires in `zone`, as the CronJob controller sees it.
    ///
    /// `None` when there is none up to the end of the fifth calendar year after `after`, and when it lies beyond
    /// what a [`Timestamp`] can hold. `@every` counts from `after`, whole seconds, and knows no zone.
    ///
    /// Around changes of the clock this is the controller's own walk, not what one might expect of it: runs in an
    /// hour that is skipped are lost, runs in an hour that is repeated happen twice, and where the clock jumps at
    /// midnight a whole day can be passed over.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match &self.when {
            When::Fields(fields) => next::matching(fields, after, zone),
            When::Every(seconds) => next::delayed(*seconds, after),
        }
    }

    /// The fire times after `after`, in order; ends where [`Schedule::next_after`] finds none.
    pub fn upcoming<'a>(
        &'a self,
        after: Timestamp,
        zone: &'a TimeZone,
    ) -> impl Iterator<Item = Timestamp> + 'a {
        std::iter::successors(self.next_after(after, zone), move |last| self.next_after(*last, zone))
    }

    /// Whether no date of the calendar matches, ever (30 February, or a field whose list is empty).
    ///
    /// A schedule that fires can still be silent for more than the five years the controller looks ahead:
    /// `0 0 29 2 *` around 2100, or 29 February on one weekday.
    pub fn never_fires(&self) -> bool {
        let When::Fields(fields) = &self.when else { return false };
        let [minutes, hours, days, months, weekdays] = fields.each_ref();
        if minutes.set().is_empty() || hours.set().is_empty() {
            return true;
        }
        // Within the 400 years after which the calendar repeats, every date, 29 February too, falls on every
        // weekday; so day and weekday never exclude each other.
        let a_day = months.set().iter().any(|month| days.set().iter().any(|day| day <= longest(month)));
        let a_weekday = !weekdays.set().is_empty() && !months.set().is_empty();
        if days.is_star() || weekdays.is_star() { !(a_day && a_weekday) } else { !(a_day || a_weekday) }
    }

    /// One of the five fields; `None` for `@every`.
    pub fn field(&self, kind: FieldKind) -> Option<&Field> {
        match &self.when {
            When::Fields(fields) => fields.iter().find(|field| field.kind() == kind),
            When::Every(_) => None,
        }
    }

    /// The five fields in the order in which they are written; empty for `@every`.
    pub fn fields(&self) -> &[Field] {
        match &self.when {
            When::Fields(fields) => fields.as_slice(),
            When::Every(_) => &[],
        }
    }

    /// The seconds between two runs of `@every`, at least one; `None` for every other schedule.
    pub fn every(&self) -> Option<u64> {
        match self.when {
            When::Fields(_) => None,
            When::Every(seconds) => Some(seconds),
        }
    }
}

/// The most days a month can have.
fn longest(month: u8) -> u8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests;
