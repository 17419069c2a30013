//! A schedule: what it is made of, and when it fires.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::field::Field;
use super::field_kind::FieldKind;
use super::next;

/// A schedule that the API server accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub(super) when: When,
}

/// The two kinds of schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    /// At the times that match minute, hour, day of month, month and weekday, in this order.
    Fields(Box<[Field; 5]>),
    /// At a distance from the last run, in seconds, at least one.
    Every(u64),
}

impl Schedule {
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
