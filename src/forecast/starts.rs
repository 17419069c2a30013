//! When a schedule fires in a window: each time once, at a small cost for each.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::window::{MINUTE, Window};
use jobguard_cron::{FieldKind, Schedule, is_by_whole_hours};

const DAY: i64 = 24 * 60 * MINUTE;

/// How long before and after a change of the clock the controller's own walk is taken. It goes astray by a day at most.
const BEFORE_CHANGE: i64 = 36 * 60 * MINUTE;
const AFTER_CHANGE: i64 = 2 * DAY;

/// Calls `visit` with each time in `window` at which `schedule` fires in `zone`, in order, in seconds since 1970.
///
/// They are those of [`Schedule::upcoming`] from the window's beginning. That is a walk over the calendar; far from any
/// change of the clock the times of a day are written out instead, which is some fifty times as fast.
pub fn for_each_start(schedule: &Schedule, zone: &TimeZone, window: Window, mut visit: impl FnMut(i64)) {
    let mut walk = Walk { schedule, zone, last: window.from(), end: window.until().as_second() };
    if let Some(seconds) = schedule.every() {
        let step = i64::try_from(seconds.max(1)).unwrap_or(i64::MAX);
        let mut at = window.from().as_second();
        while let Some(next) = at.checked_add(step).filter(|next| *next <= walk.end) {
            visit(next);
            at = next;
        }
        return;
    }
    // From month to month the walk steps without looking at the clock, and what it loses there it loses until it fires.
    if !is_every_month(schedule) || schedule.never_fires() {
        return walk.to(walk.end, &mut visit);
    }
    let times = times_of_day(schedule);
    let mut at = window.from().as_second();
    let mut changes = changes_near(zone, window.from()).peekable();
    while at < walk.end {
        let change = changes.next_if(|change| change.at < walk.end.saturating_add(BEFORE_CHANGE));
        let before = match change {
            // What the clock shows then is all that matters: its two sides are two stretches.
            Some(change) if change.is_plain => change.at - 1,
            Some(change) => change.at - BEFORE_CHANGE,
            None => walk.end,
        };
        let calm_until = before.min(walk.end);
        if at < calm_until {
            calm_days(schedule, &times, zone, (at, calm_until), |second| {
                walk.last = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
                visit(second);
            });
            at = calm_until;
        }
        if let Some(change) = change.filter(|change| !change.is_plain) {
            let until = (change.at + AFTER_CHANGE).min(walk.end);
            walk.to(until, &mut visit);
            at = at.max(until);
        }
    }
}

/// A change of a clock.
#[derive(Debug, Clone, Copy)]
struct Change {
    /// When, in seconds since 1970.
    at: i64,
    /// Whether it is by full hours within a day, so that the controller's steps from hour to hour still meet every hour there is:
    /// it fires at each moment at which the clock shows a time that the schedule names, and at no other.
    is_plain: bool,
}

/// The changes of the clock from some days before `from` on, in order.
fn changes_near(zone: &TimeZone, from: Timestamp) -> impl Iterator<Item = Change> + '_ {
    let begin = from.checked_sub(SignedDuration::from_secs(AFTER_CHANGE)).unwrap_or(Timestamp::MIN);
    let mut old = zone.to_offset(begin);
    zone.following(begin).map(move |transition| {
        let (at, new) = (transition.timestamp(), transition.offset());
        let shift = SignedDuration::from_secs(i64::from((new.seconds() - old.seconds()).abs()));
        // The local times that never are, or are twice, begin with this one.
        let start = old.min(new).to_datetime(at);
        let is_plain = start.checked_add(shift).is_ok_and(|end| is_by_whole_hours(start, end, shift));
        old = new;
        Change { at: at.as_second(), is_plain }
    })
}

/// Whether one of the times of [`for_each_start`] is in the minute that begins at `minute`.
pub fn starts_in_minute(schedule: &Schedule, zone: &TimeZone, window: Window, minute: Timestamp) -> bool {
    let second = minute.as_second();
    let in_minute = |time: i64| (second..second.saturating_add(MINUTE)).contains(&time);
    let mut found = false;
    let mut look = || for_each_start(schedule, zone, window, |time| found |= in_minute(time));
    if schedule.every().is_some() {
        look();
        return found;
    }
    let local = zone.to_datetime(minute);
    let date = local.date();
    let near = [date.yesterday().ok(), Some(date), date.tomorrow().ok()];
    if !near.into_iter().flatten().any(|date| schedule.matches_date(date)) {
        return false;
    }
    let soon = second.saturating_add(BEFORE_CHANGE);
    let is_astray =
        changes_near(zone, minute).take_while(|change| change.at < soon).any(|change| !change.is_plain);
    if is_astray || !is_every_month(schedule) {
        look();
        return found;
    }
    let has = |kind, value: i8| {
        let set = schedule.field(kind).map(jobguard_cron::Field::set).unwrap_or_default();
        u8::try_from(value).is_ok_and(|value| set.contains(value))
    };
    schedule.matches_date(date)
        && has(FieldKind::Hour, local.hour())
        && has(FieldKind::Minute, local.minute())
        && second > window.from().as_second()
        && second <= window.until().as_second()
}

/// Whether its months say nothing.
fn is_every_month(schedule: &Schedule) -> bool {
    schedule.field(FieldKind::Month).is_some_and(|field| field.set().iter().count() == 12)
}

/// The controller's own walk from time to time.
struct Walk<'a> {
    schedule: &'a Schedule,
    zone: &'a TimeZone,
    /// The last time, or the window's beginning.
    last: Timestamp,
    end: i64,
}

impl Walk<'_> {
    /// Goes on up to and including `until`.
    fn to(&mut self, until: i64, visit: &mut impl FnMut(i64)) {
        while let Some(next) = self.schedule.next_after(self.last, self.zone)
            && next.as_second() <= until.min(self.end)
        {
            self.last = next;
            visit(next.as_second());
        }
    }
}

/// The times in a stretch of time in which the clock is not changed, its beginning left out and its end included.
fn calm_days(
    schedule: &Schedule,
    times: &[i64],
    zone: &TimeZone,
    (from, until): (i64, i64),
    mut visit: impl FnMut(i64),
) {
    // The beginning may be the last second before a change.
    let time = Timestamp::from_second(from.saturating_add(1)).unwrap_or(Timestamp::MAX);
    let offset = zone.to_offset(time);
    let seconds = i64::from(offset.seconds());
    let mut date = offset.to_datetime(time).date();
    // Midnight by the local clock.
    let mut midnight = (from + 1 + seconds).div_euclid(DAY) * DAY - seconds;
    while midnight <= until {
        if schedule.matches_date(date) {
            let first = times.partition_point(|time| midnight + time <= from);
            let day = times[first..].iter().map(|time| midnight + time).take_while(|time| *time <= until);
            day.for_each(&mut visit);
        }
        let Ok(next) = date.tomorrow() else { return };
        (date, midnight) = (next, midnight + DAY);
    }
}

/// The times of day at which the schedule fires on its dates, in seconds from midnight, in order.
fn times_of_day(schedule: &Schedule) -> Vec<i64> {
    let set = |kind| schedule.field(kind).map(jobguard_cron::Field::set).unwrap_or_default();
    let minutes = set(FieldKind::Minute);
    let hours = set(FieldKind::Hour);
    hours
        .iter()
        .flat_map(|hour| {
            minutes.iter().map(move |minute| (i64::from(hour) * 60 + i64::from(minute)) * MINUTE)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn starts(schedule: &Schedule, zone: &TimeZone, window: Window) -> Vec<i64> {
        let mut starts = Vec::new();
        for_each_start(schedule, zone, window, |second| starts.push(second));
        starts
    }

    fn walked(schedule: &Schedule, zone: &TimeZone, window: Window) -> Vec<i64> {
        schedule
            .upcoming(window.from(), zone)
            .take_while(|time| *time <= window.until())
            .map(|time| time.as_second())
            .collect()
    }

    /// Zones whose clocks are changed at midnight, by half an hour, across the date line, or not at all.
    const ZONES: [&str; 13] = [
        "UTC",
        "America/St_Johns",
        "America/Sao_Paulo",
        "Asia/Tehran",
        "Europe/Berlin",
        "America/New_York",
        "America/Havana",
        "America/Asuncion",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "Pacific/Apia",
    ];

    #[test]
    fn the_beginning_is_not_in_it_and_the_end_is() {
        let window =
            Window::new("2027-01-04T00:00:00Z".parse().unwrap(), SignedDuration::from_hours(48)).unwrap();
        let daily = Schedule::parse("0 0 * * *").unwrap();
        let times = starts(&daily, &TimeZone::UTC, window);
        assert_eq!(times.len(), 2);
        assert_eq!(times[1], window.until().as_second());
        let every = Schedule::parse("@every 7h").unwrap();
        assert_eq!(starts(&every, &TimeZone::UTC, window), walked(&every, &TimeZone::UTC, window));
        let never = Schedule::parse("0 0 30 2 *").unwrap();
        assert_eq!(starts(&never, &TimeZone::UTC, window), [0; 0]);
    }

    #[test]
    fn a_minute_is_one_of_its_times() {
        let berlin = jobguard_cron::load_zone("Europe/Berlin").unwrap();
        let schedule = Schedule::parse("30 2 * * *").unwrap();
        let window =
            Window::new("2027-03-26T00:00:00Z".parse().unwrap(), SignedDuration::from_hours(72)).unwrap();
        let at = |text: &str| starts_in_minute(&schedule, &berlin, window, text.parse().unwrap());
        assert!(at("2027-03-27T01:30:00Z"));
        assert!(!at("2027-03-27T01:31:00Z"));
        assert!(!at("2027-03-28T01:30:00Z"), "the hour is skipped");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn as_the_controller_walks(
            minute in "(\\*|\\*/[1-9]|[1-5]?[0-9])(,[1-5]?[0-9])?",
            hour in "(\\*|\\*/[1-9]|1?[0-9])(,[0-2])?",
            day in "(\\*|\\*|\\*/[1-9]|[12]?[1-9])",
            month in "(\\*|\\*|[1-9],1[0-2]|\\*/2)",
            weekday in "(\\*|\\*|\\*/[1-5]|[0-6])",
            zone in proptest::sample::select(&ZONES[..]),
            begin in 1_262_304_000_i64..1_900_000_000,
            days in 1_i64..40,
        ) {
            let schedule = Schedule::parse(&format!("{minute} {hour} {day} {month} {weekday}")).unwrap();
            let zone = jobguard_cron::load_zone(zone).unwrap();
            let from = Timestamp::from_second(begin).unwrap();
            let window = Window::new(from, SignedDuration::from_hours(days * 24)).unwrap();
            let times = starts(&schedule, &zone, window);
            let walked = walked(&schedule, &zone, window);
            prop_assert_eq!(&times, &walked);
            for time in times.iter().take(3) {
                let minute = Timestamp::from_second(time.div_euclid(60) * 60).unwrap();
                prop_assert!(starts_in_minute(&schedule, &zone, window, minute));
                let next = Timestamp::from_second(time.div_euclid(60) * 60 + 60).unwrap();
                let is_there = times.iter().any(|time| time.div_euclid(60) * 60 == next.as_second());
                prop_assert_eq!(starts_in_minute(&schedule, &zone, window, next), is_there);
            }
        }
    }
}
