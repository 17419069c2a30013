//! Times as arguments.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// How long a date is, in bytes.
const DATE_LENGTH: usize = "2027-03-28".len();

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
    let local = match text.len() == DATE_LENGTH {
        true => text.parse().ok().map(|date: Date| date.to_datetime(jiff::civil::Time::midnight())),
        false => text.parse().ok(),
    };
    local.map(Moment::Local).ok_or_else(|| {
        "give a time such as 2027-03-28T00:00:00Z, or a date or time on your clock, such as 2027-03-28 or 2027-03-28T02:30"
            .to_owned()
    })
}

/// A time, or the begin of a day in UTC.
pub(super) fn parse_time(text: &str) -> Result<Timestamp, String> {
    let start_of = |date: Date| date.to_zoned(TimeZone::UTC).map(|start| start.timestamp());
    let date: Option<Date> = text.get(..DATE_LENGTH).and_then(|date| date.parse().ok());
    // Days at both ends of the calendar begin, or end, in some zone at a time that there is not.
    if date.is_some_and(|date| start_of(date).is_err()) {
        return Err(format!("give a time between {} and {}", Timestamp::MIN, Timestamp::MAX));
    }
    // A time without a zone would be read as a date.
    let time = match text.len() == DATE_LENGTH {
        true => date.and_then(|date| start_of(date).ok()),
        false => text.parse().ok(),
    };
    time.ok_or_else(|| "give a time such as 2027-03-28T00:00:00Z, or a date".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_beyond_the_calendar_is_a_day() {
        assert_eq!(parse_time("9999-12-30").unwrap().to_string(), "9999-12-30T00:00:00Z");
        for text in ["9999-12-31", "9999-12-31T00:00:00Z"] {
            let error = parse_time(text).unwrap_err();
            assert!(
                error.starts_with("give a time between ") && error.contains(" and 9999-12-30T"),
                "{error}"
            );
        }
        for text in ["2027-02-30", "2027-03-28T00:00:00", "soon", "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"] {
            assert!(parse_time(text).unwrap_err().starts_with("give a time such as"), "{text}");
        }
    }
}
