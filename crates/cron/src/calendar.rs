//! What a schedule says by the calendar and the clock on the wall: its dates and times of day, in no zone at all.

use jiff::civil::{Date, DateTime, Time, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{FieldKind, FieldSet, Schedule};

/// The days that are searched for dates. Every date comes twice within them, 29 February too.
const SEARCHED_DAYS: u32 = 1_600;

/// The months after which dates fall on the same weekdays again, and the years before and after such a stretch.
const CYCLE_MONTHS: u32 = 12 * 30;

/// Where the search for the closest two dates begins: a leap year, so that 29 February comes twice.
const SEARCHED_FROM: Date = date(2024, 1, 1);

/// Minutes of a day.
const DAY: u64 = 24 * 60;

impl Schedule {
    /// Whether the schedule fires on a date, at whatever time. True of every date for `@every`.
    pub fn matches_date(&self, date: Date) -> bool {
        let [_, _, days, months, weekdays] = self.fields() else { return true };
        let on_day = days.set().contains(small(date.day()));
        let on_weekday = weekdays.set().contains(weekday_number(date.weekday()));
        let either = !days.is_star() && !weekdays.is_star();
        months.set().contains(small(date.month()))
            && if either { on_day || on_weekday } else { on_day && on_weekday }
    }

    /// The minutes after `start` in which the clock of `zone` shows a time that the schedule names, in order, all
    /// below `count`. None for `@every`.
    ///
    /// This is what is written, not the controller's walk: where the clock is changed the two can differ.
    pub fn minutes_after(&self, start: Timestamp, count: u32, zone: &TimeZone) -> Vec<u32> {
        let Ok(end) = start.checked_add(SignedDuration::from_mins(i64::from(count))) else {
            return Vec::new();
        };
        let mut minutes = Vec::new();
        let mut from = start;
        // A stretch of time at a time, each with the same offset from UTC throughout.
        while from < end {
            let change = zone.following(from).next().map(|change| change.timestamp());
            let until = change.filter(|change| *change < end).unwrap_or(end);
            let offset = zone.to_offset(from);
            let times = self.wall_times(offset.to_datetime(from), offset.to_datetime(until));
            minutes.extend(times.filter_map(|time| {
                let instant = offset.to_timestamp(time).ok()?;
                u32::try_from(instant.duration_since(start).as_mins()).ok()
            }));
            from = until;
        }
        minutes
    }

    /// The fewest days between two dates of the schedule, at least one; `None` where it has no two dates.
    pub fn fewest_days_between(&self) -> Option<u32> {
        let mut fewest: Option<u32> = None;
        let mut last: Option<u32> = None;
        let mut before = 0;
        let mut first = SEARCHED_FROM;
        while before < SEARCHED_DAYS {
            for day in FieldSet::from_bits(self.days_of_month(first)).iter() {
                let day = before + u32::from(day);
                let gap = last.map(|last| day - last);
                if gap == Some(1) {
                    return gap;
                }
                fewest = [fewest, gap].into_iter().flatten().min();
                last = Some(day);
            }
            let length = first.days_in_month();
            before += u32::from(small(length));
            first = first.checked_add(length.days()).ok()?;
        }
        fewest
    }

    /// The most days between two neighbouring dates of the schedule; `None` where it has no two dates.
    fn most_days_between(&self) -> Option<u32> {
        let (mut most, mut last, mut before) = (None, None, 0);
        let mut first = SEARCHED_FROM;
        for _ in 0..CYCLE_MONTHS {
            for day in FieldSet::from_bits(self.days_of_month(first)).iter() {
                let day = before + u32::from(day);
                most = most.max(last.map(|last| day - last));
                last = Some(day);
            }
            let length = first.days_in_month();
            before += u32::from(small(length));
            first = first.checked_add(length.days()).ok()?;
        }
        most
    }

    /// On how many dates the schedule fires in the days from `from` on. All of them for `@every`.
    pub fn dates_within(&self, from: Date, days: u32) -> u32 {
        let dates = std::iter::successors(Some(from), |date| date.tomorrow().ok()).take(days as usize);
        u32::try_from(dates.filter(|date| self.matches_date(*date)).count()).unwrap_or(u32::MAX)
    }

    /// The days of the month that begins at `first` on which the schedule fires, as bits: bit N for the Nth.
    fn days_of_month(&self, first: Date) -> u64 {
        let [_, _, days, months, weekdays] = self.fields() else { return 0 };
        if !months.set().contains(small(first.month())) {
            return 0;
        }
        let all = !(u64::MAX << (first.days_in_month() + 1)) & !1;
        // The week, turned to begin with the first day of the month, over and over.
        let week = weekdays.set().bits();
        let turn = weekday_number(first.weekday());
        let week = (week >> turn | week << (7 - turn)) & 0b111_1111;
        let of_weekdays = (0..5).fold(0, |bits, number| bits | week << (7 * number + 1));
        let of_days = days.set().bits();
        let either = !days.is_star() && !weekdays.is_star();
        all & if either { of_days | of_weekdays } else { of_days & of_weekdays }
    }

    /// The shortest time between two runs by the calendar, in seconds, changes of the clock left out of account.
    /// `None` where there are no two runs.
    pub fn shortest_interval(&self) -> Option<u64> {
        self.every().or_else(|| self.intervals(self.fewest_days_between()?)?.into_iter().min())
    }

    /// The longest time between two neighbouring runs, as [`Schedule::shortest_interval`] has the shortest.
    pub fn longest_interval(&self) -> Option<u64> {
        self.every().or_else(|| self.intervals(self.most_days_between()?)?.into_iter().max())
    }

    /// The times between neighbouring runs, in seconds, where a date is followed by one so many days later.
    fn intervals(&self, days: u32) -> Option<Vec<u64>> {
        let minutes = self.field(FieldKind::Minute)?.set();
        let hours = self.field(FieldKind::Hour)?.set();
        let bounds =
            |set: FieldSet| Some((u64::from(set.iter().next()?), u64::from(set.iter().next_back()?)));
        let ((first_minute, last_minute), (first_hour, last_hour)) = (bounds(minutes)?, bounds(hours)?);
        let within_an_hour = distances(minutes);
        let from_hour_to_hour = distances(hours).map(|gap| gap * 60 - last_minute + first_minute);
        let overnight =
            u64::from(days) * DAY - (last_hour * 60 + last_minute) + first_hour * 60 + first_minute;
        let all = within_an_hour.chain(from_hour_to_hour).chain([overnight]);
        Some(all.map(|minutes| minutes * 60).collect())
    }

    /// The local times that match, from `from` on and before `until`, whatever a clock in some zone does then.
    /// None for `@every`.
    pub(super) fn wall_times(&self, from: DateTime, until: DateTime) -> impl Iterator<Item = DateTime> + '_ {
        std::iter::successors(Some(from.date()), |day| day.tomorrow().ok())
            .take_while(move |day| day.to_datetime(Time::midnight()) < until)
            .filter(|day| self.matches_date(*day))
            .flat_map(|day| self.times_of_day().map(move |time| day.to_datetime(time)))
            .skip_while(move |time| *time < from)
            .take_while(move |time| *time < until)
    }

    /// The last local time that matches and is before `before`, within as many days as are given.
    pub(super) fn last_wall_time(&self, before: DateTime, days: u32) -> Option<DateTime> {
        let mut day = before.date();
        for _ in 0..=days.min(SEARCHED_DAYS) {
            if self.matches_date(day) {
                let times = self.times_of_day().rev().map(|time| day.to_datetime(time));
                if let Some(found) = times.into_iter().find(|time| *time < before) {
                    return Some(found);
                }
            }
            day = day.yesterday().ok()?;
        }
        None
    }

    /// The times of the day at which the schedule fires on its dates, in order.
    fn times_of_day(&self) -> impl DoubleEndedIterator<Item = Time> + '_ {
        let set = |kind| self.field(kind).map(super::Field::set).unwrap_or_default();
        let minutes = set(FieldKind::Minute);
        let value = |number: u8| i8::try_from(number).unwrap_or(0);
        set(FieldKind::Hour).iter().flat_map(move |hour| {
            minutes.iter().filter_map(move |minute| Time::new(value(hour), value(minute), 0, 0).ok())
        })
    }
}

/// The distances between the neighbours of a set.
fn distances(set: FieldSet) -> impl Iterator<Item = u64> {
    set.iter().zip(set.iter().skip(1)).map(|(low, high)| u64::from(high - low))
}

/// The weekday as schedules count it: 0 is Sunday.
fn weekday_number(weekday: Weekday) -> u8 {
    small(weekday.to_sunday_zero_offset())
}

/// A part of a date, none of which is negative.
fn small(number: i8) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule(expression: &str) -> Schedule {
        Schedule::parse(expression).unwrap()
    }

    #[test]
    fn shortest_intervals() {
        const HOUR: u64 = 3_600;
        for (expression, seconds) in [
            ("* * * * *", Some(60)),
            ("*/5 * * * *", Some(300)),
            ("*/40 * * * *", Some(20 * 60)),
            ("*/40 */2 * * *", Some(40 * 60)),
            ("5 * * * *", Some(HOUR)),
            ("0 0,23 * * *", Some(HOUR)),
            ("0 0,23 * * MON,WED", Some(23 * HOUR)),
            ("59 23 * * *", Some(24 * HOUR)),
            ("0 9 * * MON-FRI", Some(24 * HOUR)),
            ("0 9 * * MON", Some(7 * 24 * HOUR)),
            ("0 9 1 * *", Some(28 * 24 * HOUR)),
            ("0 9 1 * MON", Some(24 * HOUR)),
            ("0 9 29 2 *", Some(1_461 * 24 * HOUR)),
            ("0 9 30 2 *", None),
            (", * * * *", None),
            ("@yearly", Some(365 * 24 * HOUR)),
            ("@every 90m", Some(90 * 60)),
        ] {
            assert_eq!(schedule(expression).shortest_interval(), seconds, "{expression}");
        }
    }

    #[test]
    fn longest_intervals() {
        const HOUR: u64 = 3_600;
        for (expression, seconds) in [
            ("* * * * *", Some(60)),
            ("*/40 * * * *", Some(40 * 60)),
            ("*/15 9-17 * * *", Some(15 * HOUR + 15 * 60)),
            ("0 9 * * MON-FRI", Some(72 * HOUR)),
            ("0 9 1 * *", Some(31 * 24 * HOUR)),
            ("0 9 29 2 *", Some(1_461 * 24 * HOUR)),
            ("0 9 30 2 *", None),
            (", * * * *", None),
            ("@yearly", Some(366 * 24 * HOUR)),
            ("@every 90m", Some(90 * 60)),
        ] {
            assert_eq!(schedule(expression).longest_interval(), seconds, "{expression}");
        }
        assert_eq!(schedule("0 9 * * MON-FRI").dates_within(date(2027, 1, 1), 14), 10);
    }

    #[test]
    fn minutes_by_the_clock_of_the_zone() {
        let minutes = |expression: &str, zone: &str| {
            let zone = crate::load_zone(zone).unwrap();
            // In Berlin the clock goes from 02:00 to 03:00 at 01:00 UTC.
            let start = "2026-03-29T00:00:00Z".parse().unwrap();
            schedule(expression).minutes_after(start, 240, &zone)
        };
        assert_eq!(minutes("30 * * * *", "UTC"), [30, 90, 150, 210]);
        assert_eq!(minutes("30 1-3 * * *", "Europe/Berlin"), [30, 90]);
        assert_eq!(minutes("0 0 * * *", "Asia/Kolkata"), [0; 0]);
        assert_eq!(minutes("0 6 * * *", "Asia/Kolkata"), [30]);
        assert_eq!(minutes("@every 1m", "UTC"), [0; 0]);
    }

    #[test]
    fn wall_times_know_no_zone() {
        let times = |expression: &str| {
            let (from, until) = (date(2026, 3, 29).at(2, 0, 0, 0), date(2026, 3, 30).at(2, 0, 0, 0));
            schedule(expression).wall_times(from, until).map(|time| time.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(times("30 2 * * *"), ["2026-03-29T02:30:00"]);
        assert_eq!(times("0 */12 * * *"), ["2026-03-29T12:00:00", "2026-03-30T00:00:00"]);
        assert_eq!(times("0 1 29 3 *"), [""; 0]);
        assert_eq!(times("@every 1h"), [""; 0]);
        let last = |expression: &str, days| {
            schedule(expression)
                .last_wall_time(date(2026, 3, 29).at(2, 30, 0, 0), days)
                .map(|time| time.to_string())
        };
        assert_eq!(last("30 2 * * *", 1).as_deref(), Some("2026-03-28T02:30:00"));
        assert_eq!(last("0,30 2 * * *", 0).as_deref(), Some("2026-03-29T02:00:00"));
        assert_eq!(last("0 0 29 2 *", 1_500).as_deref(), Some("2024-02-29T00:00:00"));
        assert_eq!(last("0 0 29 2 *", 20), None);
    }

    proptest! {
        #[test]
        fn months_are_their_days(
            day in "(\\*|\\*/[1-9]|[12]?[1-9])", weekday in "(\\*|\\*/[1-5]|[0-6])(,[0-6])?", month in 0..90i32
        ) {
            let schedule = schedule(&format!("0 0 {day} * {weekday}"));
            let first = SEARCHED_FROM.checked_add(month.months()).unwrap();
            let days = FieldSet::from_bits(schedule.days_of_month(first));
            for day in 1..=first.days_in_month() {
                let date = first.with().day(day).build().unwrap();
                prop_assert_eq!(days.contains(small(day)), schedule.matches_date(date), "{}", date);
            }
            prop_assert!(days.iter().all(|day| day > 0 && day <= small(first.days_in_month())));
        }

        #[test]
        fn no_two_runs_are_closer(
            minute in "(\\*|\\*/[1-9]|[1-5]?[0-9])(,[1-5]?[0-9])?",
            hour in "(\\*|\\*/[1-9]|1?[0-9])(,1?[0-9])?",
            day in "(\\*|\\*/[1-9]|[12]?[1-9])",
            weekday in "(\\*|\\*/[1-5]|[0-6])(,[0-6])?",
        ) {
            let schedule = schedule(&format!("{minute} {hour} {day} * {weekday}"));
            let shortest = i64::try_from(schedule.shortest_interval().unwrap()).unwrap();
            let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            let times: Vec<i64> =
                schedule.upcoming(start, &TimeZone::UTC).take(1_500).map(|time| time.as_second()).collect();
            let closest = times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
            // Within 1,500 runs the closest two may not have come yet, but none may be closer.
            prop_assert!(closest >= shortest);
            let longest = i64::try_from(schedule.longest_interval().unwrap()).unwrap();
            let widest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            prop_assert!(widest <= longest);
            if times.len() == 1_500 && times[1_499] - times[0] > 1_461 * 86_400 {
                prop_assert_eq!(widest, longest);
            }
            if times.len() == 1_500 && times[1_499] - times[0] > 1_461 * 86_400 {
                prop_assert_eq!(closest, shortest);
            }
        }
    }
}
