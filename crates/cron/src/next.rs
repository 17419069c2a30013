//! The next fire time: the walk over the calendar that the CronJob controller makes.
//!
//! The controller goes from unit to unit, largest first, and in each unit steps forward until the field matches;
//! a step over the end of the unit starts again with the month. What it does where the local clock is changed
//! follows from how it steps: months and days by the wall clock, hours and minutes by elapsed time. The same steps
//! are taken here, with the same consequences, but for one: a local day that never was (a zone crossing the date
//! line) holds the controller for ever, and is stepped over here.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::field::Field;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How many calendar years after the present one are searched.
const YEARS: i64 = 5;

/// The first time after `after` that is a whole `seconds` later, on a full second.
pub(super) fn delayed(seconds: u64, after: Timestamp) -> Option<Timestamp> {
    let second = whole_second(after).checked_add(i64::try_from(seconds).ok()?)?;
    Timestamp::from_second(second).ok()
}

/// The first time after `after` whose local time in `zone` matches the five fields.
pub(super) fn matching(fields: &[Field; 5], after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let [minutes, hours, days, months, weekdays] = fields.each_ref().map(|field| field.set());
    // An empty field matches nothing; the walk would only find that out after five years of minutes.
    if minutes.is_empty() || hours.is_empty() || months.is_empty() {
        return None;
    }
    let both = fields[2].is_star() || fields[4].is_star();
    let day_matches = |at: &Local| {
        let (day, weekday) = (days.contains(at.day), weekdays.contains(at.weekday()));
        if both { day && weekday } else { day || weekday }
    };

    let clock = Clock { zone };
    let mut at = clock.read(whole_second(after) + 1);
    let last_year = at.year + YEARS;
    // Whether a step has been taken: from then on, smaller units stand at their beginning.
    let mut stepped = false;

    'search: while at.year <= last_year {
        while !months.contains(at.month) {
            if !std::mem::replace(&mut stepped, true) {
                at = clock.read(clock.instant(at.year, at.month, 1, 0));
            }
            at = clock.read(clock.instant(at.year, at.month + 1, i64::from(at.day), at.second_of_day));
            if at.month == 1 {
                continue 'search;
            }
        }
        while !day_matches(&at) {
            if !std::mem::replace(&mut stepped, true) {
                at = clock.read(clock.instant(at.year, at.month, i64::from(at.day), 0));
            }
            at = clock.next_day(&at);
            if at.day == 1 {
                continue 'search;
            }
        }
        while !hours.contains(at.hour()) {
            if !std::mem::replace(&mut stepped, true) {
                let hour = i64::from(at.hour()) * HOUR;
                at = clock.read(clock.instant(at.year, at.month, i64::from(at.day), hour));
            }
            at = clock.read(at.instant + HOUR);
            if at.hour() == 0 {
                continue 'search;
            }
        }
        while !minutes.contains(at.minute()) {
            if !std::mem::replace(&mut stepped, true) {
                // By elapsed time: not the local minute where the offset has seconds.
                at = clock.read(at.instant - at.instant.rem_euclid(MINUTE));
            }
            at = clock.read(at.instant + MINUTE);
            if at.minute() == 0 {
                continue 'search;
            }
        }
        while at.second() != 0 {
            stepped = true;
            at = clock.read(at.instant + 1);
            if at.second() == 0 {
                continue 'search;
            }
        }
        return Timestamp::from_second(at.instant).ok();
    }
    None
}

/// The second that `time` is in, also before 1970.
fn whole_second(time: Timestamp) -> i64 {
    time.as_second() - i64::from(time.subsec_nanosecond() < 0)
}

/// A moment, and what the local clock shows then.
struct Local {
    /// Seconds since 1970 in UTC.
    instant: i64,
    year: i64,
    month: u8,
    day: u8,
    second_of_day: i64,
    /// Local days since 1 January 1970.
    days: i64,
}

impl Local {
    fn hour(&self) -> u8 {
        small(self.second_of_day / HOUR)
    }

    fn minute(&self) -> u8 {
        small(self.second_of_day % HOUR / MINUTE)
    }

    fn second(&self) -> u8 {
        small(self.second_of_day % MINUTE)
    }

    /// 0 is Sunday. 1 January 1970 was a Thursday.
    fn weekday(&self) -> u8 {
        small((self.days + 4).rem_euclid(7))
    }
}

/// A part of a date or of a time of day, all of which are below 60.
fn small(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// A local clock. Its calendar goes on beyond the years that jiff knows; the zone's last offset stays in force.
struct Clock<'z> {
    zone: &'z TimeZone,
}

impl Clock<'_> {
    /// What the clock shows at a moment.
    fn read(&self, instant: i64) -> Local {
        let local = instant + self.offset(instant);
        let days = local.div_euclid(DAY);
        let (year, month, day) = date_of(days);
        Local { instant, year, month, day, second_of_day: local.rem_euclid(DAY), days }
    }

    /// The moment at which the clock shows a time. A month of 13 and a day beyond the month's end run on into
    /// the next year or month. Where the clock is changed, the time shown may be none (or two): the offset is then
    /// the one in force at a first guess, as Go's `time.Date` has it.
    fn instant(&self, year: i64, month: u8, day: i64, second_of_day: i64) -> i64 {
        let (year, month) = if month > 12 { (year + 1, month - 12) } else { (year, month) };
        let shown = (days_before(year, month) + day - 1) * DAY + second_of_day;
        let guess = shown - self.offset(shown);
        shown - self.offset(guess)
    }

    /// The beginning of the next day; where the clock is changed at midnight, what the controller takes for it.
    fn next_day(&self, at: &Local) -> Local {
        let mut next = self.read(self.instant(at.year, at.month, i64::from(at.day) + 1, at.second_of_day));
        if next.instant <= at.instant {
            // The next day does not exist in this zone: the day after it does.
            next = self.read(self.instant(at.year, at.month, i64::from(at.day) + 2, at.second_of_day));
        }
        let midnight = match i64::from(next.hour()) {
            0 => return next,
            hour if hour > 12 => self.read(next.instant + (24 - hour) * HOUR),
            hour => self.read(next.instant - hour * HOUR),
        };
        // No zone steps back as far as that, but a walk that never goes back is one that ends.
        if midnight.instant > at.instant { midnight } else { self.read(at.instant + DAY) }
    }

    /// Seconds east of UTC.
    fn offset(&self, instant: i64) -> i64 {
        let bounded = instant.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let time = Timestamp::from_second(bounded).unwrap_or(Timestamp::MAX);
        i64::from(self.zone.to_offset(time).seconds())
    }
}

/// Days in 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// Days from 1 March of year 0 to 1 January 1970.
const EPOCH: i64 = 719_468;

/// Days from 1 January 1970 to the first of a month. Years are counted from March, so that a leap day comes last.
fn days_before(year: i64, month: u8) -> i64 {
    let (year, months) =
        if month > 2 { (year, i64::from(month) - 3) } else { (year - 1, i64::from(month) + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * months + 2) / 5 - EPOCH
}

/// Year, month and day of a count of days since 1 January 1970.
fn date_of(days: i64) -> (i64, u8, u8) {
    let days = days + EPOCH;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * of_year + 2) / 153;
    let day = of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, small(month), small(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_is_jiffs() {
        let mut date = jiff::civil::date(1, 1, 1);
        let epoch = jiff::civil::date(1970, 1, 1);
        let mut days = i64::from(epoch.until(date).unwrap().get_days());
        while date.year() < 2500 {
            let (year, month, day) = date_of(days);
            assert_eq!(
                (year, i64::from(month), i64::from(day)),
                (date.year().into(), date.month().into(), date.day().into())
            );
            assert_eq!(days_before(year, month) + i64::from(day) - 1, days);
            date = date.tomorrow().unwrap();
            days += 1;
        }
    }
}
