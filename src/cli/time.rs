//! Times as arguments.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A time, or what a clock shows then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// A time.
    Instant(Timestamp),
    /// What a clock shows.
    Local(DateTime),
}

impl Moment {
    /// The time, by the clock of `zone`; none beyond the calendar.
    pub(super) fn at(self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Instant(time) => Some(time),
            Self::Local(local) => zone.to_timestamp(local).ok(),
        }
    }
}

/// A time with its distance from UTC, or a local one, or the beginning of a day.
pub(super) fn parse_moment(text: &str) -> Result<Moment, String> {
    if let Ok(time) = text.parse() {
        return Ok(Moment::Instant(time));
    }
    let local = match text.len() == "2027-03-28".len() {
        true => text.parse().ok().map(|date: Date| date.to_datetime(jiff::civil::Time::midnight())),
        false => text.parse().ok(),
    };
    local.map(Moment::Local).ok_or_else(|| {
        "give a time such as 2027-03-28T00:00:00Z, or a date or time on your clock, such as 2027-03-28 or 2027-03-28T02:30"
            .to_owned()
    })
}

/// A time, or the begin of a day in UTC.
pub(super) fn parse_time(text: &str) -> Result<jiff::Timestamp, String> {
    let day = |text: &str| {
        let date: jiff::civil::Date = text.parse().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    // A time without a zone would be read as a date.
    let is_day = text.len() == "2027-03-28".len();
    let time = if is_day { day(text) } else { text.parse().ok() };
    time.ok_or_else(|| "give a time such as 2027-03-28T00:00:00Z, or a date".to_owned())
}
