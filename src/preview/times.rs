//! Moments as clocks show them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// What the clock of a zone shows, with its distance from UTC: `2027-03-28T03:30:00+02:00`.
pub(super) fn with_offset(time: Timestamp, zone: &TimeZone) -> String {
    let offset = zone.to_offset(time);
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, rest) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let local = offset.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    match rest {
        0 => format!("{local}{sign}{hours:02}:{minutes:02}"),
        // Long ago clocks went by the sun.
        _ => format!("{local}{sign}{hours:02}:{minutes:02}:{rest:02}"),
    }
}

/// A local time without seconds: `2027-03-28 03:30`.
pub(super) fn local(time: DateTime) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// What the clock of a zone shows, with the day of the week: `Sun 2027-03-28 03:30`.
pub(super) fn with_weekday(time: Timestamp, zone: &TimeZone) -> String {
    let local = zone.to_datetime(time);
    let format = if local.second() == 0 { "%a %Y-%m-%d %H:%M" } else { "%a %Y-%m-%d %H:%M:%S" };
    local.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn around_a_change_of_the_clock() {
        let berlin = jobguard_cron::load_zone("Europe/Berlin").unwrap();
        let time: Timestamp = "2027-03-28T01:30:00Z".parse().unwrap();
        assert_eq!(with_offset(time, &berlin), "2027-03-28T03:30:00+02:00");
        assert_eq!(with_offset(time, &TimeZone::UTC), "2027-03-28T01:30:00+00:00");
        assert_eq!(with_weekday(time, &berlin), "Sun 2027-03-28 03:30");
        let kathmandu = jobguard_cron::load_zone("America/St_Johns").unwrap();
        assert_eq!(with_offset(time, &kathmandu), "2027-03-27T23:00:00-02:30");
    }
}
