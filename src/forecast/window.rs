//! The stretch of time that a forecast is about.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Seconds of a minute.
pub const MINUTE: i64 = 60;

/// The cells of a week by hour.
pub const WEEK_HOURS: usize = 7 * 24;

/// A stretch of time: what happens after `from`, up to and including `until`, as schedules are asked for what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    from: Timestamp,
    until: Timestamp,
}

/// Why a stretch of time cannot be a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// It is shorter than a minute, or longer than [`Window::LONGEST`].
    #[error("must be from 1 minute to 366 days")]
    Length,
    /// It ends after the last time that can be represented.
    #[error("ends after the year 9999")]
    Beyond,
}

impl Window {
    /// The longest window: a leap year.
    pub const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

    /// The `length` after `from`.
    ///
    /// # Errors
    ///
    /// If it is too short or too long, or ends beyond the calendar.
    pub fn new(from: Timestamp, length: SignedDuration) -> Result<Self, WindowError> {
        if length < SignedDuration::from_mins(1) || length > Self::LONGEST {
            return Err(WindowError::Length);
        }
        let until = from.checked_add(length).map_err(|_| WindowError::Beyond)?;
        Ok(Self { from, until })
    }

    /// Its beginning, which is not part of it.
    pub fn from(self) -> Timestamp {
        self.from
    }

    /// Its end, which is part of it.
    pub fn until(self) -> Timestamp {
        self.until
    }

    /// Its length in seconds, at least 60.
    pub fn seconds(self) -> i64 {
        self.until.as_second() - self.from.as_second()
    }

    /// The minutes that it touches, at least one: minute 0 is the one that its beginning is in.
    pub fn minutes(self) -> usize {
        self.minute_of(self.until.as_second()) + 1
    }

    /// The minute of a moment in it, given in seconds since 1970.
    pub fn minute_of(self, second: i64) -> usize {
        usize::try_from((second - self.first_minute()) / MINUTE).unwrap_or(0)
    }

    /// The beginning of a minute.
    pub fn minute(self, minute: usize) -> Timestamp {
        let seconds = i64::try_from(minute).unwrap_or(i64::MAX).saturating_mul(MINUTE);
        Timestamp::from_second(self.first_minute().saturating_add(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// For each minute, the hour of the week by the clock of `zone`, from 0, Monday's first, to 167.
    pub fn hours_of_week(self, zone: &TimeZone) -> Vec<u8> {
        let mut hours = Vec::with_capacity(self.minutes());
        let mut at = self.first_minute();
        let end = at + i64::try_from(self.minutes()).unwrap_or(0) * MINUTE;
        let hour_of = |local: i64| {
            // 1 January 1970 was a Thursday, the fourth day of a week that begins on Monday.
            let hour = (local.div_euclid(3_600) + 3 * 24).rem_euclid(7 * 24);
            u8::try_from(hour).unwrap_or(0)
        };
        while at < end {
            let time = Timestamp::from_second(at).unwrap_or(Timestamp::MAX);
            let offset = i64::from(zone.to_offset(time).seconds());
            let change = zone.following(time).next().map_or(end, |change| change.timestamp().as_second());
            let stretch = change.min(end);
            while at < stretch {
                hours.push(hour_of(at + offset));
                at += MINUTE;
            }
        }
        hours
    }

    /// The same, with so many seconds before its beginning; as many as there are.
    pub fn led_by(self, seconds: i64) -> Self {
        let from = self.from.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN);
        Self { from, ..self }
    }

    /// How many of its minutes are within as many days by the calendar of `zone` as it has days of 24 hours.
    pub fn calendar_minutes(self, zone: &TimeZone) -> usize {
        let days = (self.seconds() + 12 * 60 * MINUTE) / (24 * 60 * MINUTE);
        let begin = zone.to_datetime(self.minute(0));
        let end = begin.checked_add(jiff::Span::new().days(days)).ok();
        let end =
            end.and_then(|end| zone.to_timestamp(end).ok()).map_or(self.until, |end| end.min(self.until));
        if days == 0 { self.minutes() } else { self.minute_of(end.as_second()) + 1 }
    }

    /// The beginning of the minute that it begins in, in seconds since 1970.
    fn first_minute(self) -> i64 {
        self.from.as_second().div_euclid(MINUTE) * MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_count_from_the_one_it_begins_in() {
        let window =
            Window::new("2026-11-30T00:00:30Z".parse().unwrap(), SignedDuration::from_hours(1)).unwrap();
        assert_eq!(window.minutes(), 61);
        assert_eq!(window.minute(0), "2026-11-30T00:00:00Z".parse().unwrap());
        assert_eq!(window.minute_of(window.until().as_second()), 60);
        assert_eq!(window.seconds(), 3_600);
    }

    #[test]
    fn a_week_begins_on_monday_by_the_reader_s_clock() {
        // A Monday; Berlin is an hour ahead.
        let window =
            Window::new("2026-11-30T00:00:00Z".parse().unwrap(), SignedDuration::from_hours(24)).unwrap();
        let utc = window.hours_of_week(&TimeZone::UTC);
        assert_eq!((utc[0], utc[59], utc[60], utc[1_439], utc[1_440]), (0, 0, 1, 23, 24));
        let berlin = jobguard_cron::load_zone("Europe/Berlin").unwrap();
        assert_eq!(window.hours_of_week(&berlin)[0], 1);
        // In the night of 25 October 2026 the clock goes back, so that an hour comes twice.
        let window =
            Window::new("2026-10-25T00:00:00Z".parse().unwrap(), SignedDuration::from_hours(2)).unwrap();
        let hours = window.hours_of_week(&berlin);
        assert_eq!((hours[0], hours[60], hours[120]), (6 * 24 + 2, 6 * 24 + 2, 6 * 24 + 3));
    }

    #[test]
    fn bounds() {
        let now: Timestamp = "2026-11-30T00:00:00Z".parse().unwrap();
        assert_eq!(Window::new(now, SignedDuration::from_secs(59)), Err(WindowError::Length));
        assert_eq!(Window::new(now, SignedDuration::from_hours(367 * 24)), Err(WindowError::Length));
        assert_eq!(Window::new(Timestamp::MAX, SignedDuration::from_hours(1)), Err(WindowError::Beyond));
    }
}
