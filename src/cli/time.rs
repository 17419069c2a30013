//! Times as arguments.

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
