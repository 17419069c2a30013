//! Days as policies and annotations write them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The date of a time, in UTC.
pub(crate) fn of(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// A valid date in the form `YYYY-MM-DD`; none for other spellings of ISO 8601, which not every reader accepts.
pub(crate) fn parse(text: &str) -> Option<Date> {
    let digits = |part: Option<&str>, count: usize| {
        part.is_some_and(|part| part.len() == count && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut parts = text.split('-');
    let shape = digits(parts.next(), 4)
        && digits(parts.next(), 2)
        && digits(parts.next(), 2)
        && parts.next().is_none();
    text.parse().ok().filter(|_| shape)
}
