//! When a CronJob's runs are due.

use std::collections::VecDeque;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::facts::CronJobFacts;
use crate::forecast::{Window, for_each_start};
use jobguard_cron::{Schedule, host_zone, known_zone};

/// A schedule in its zone.
pub(super) struct Clock {
    schedule: Schedule,
    pub(super) zone: TimeZone,
    /// The zone's name; none where it is the controller manager's own, which is taken to be UTC.
    pub(super) zone_name: Option<String>,
    /// From when on `@every` counts.
    phase: Option<Timestamp>,
}

/// What keeps a CronJob from having runs at all.
pub(super) enum NoClock {
    /// The schedule is not one, and why.
    Schedule(String),
    /// There is no such zone, and why.
    Zone(String),
    /// No date matches.
    Never,
}

/// The runs that were due in a stretch of time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) count: u64,
    /// The last of them, the newest at the end.
    pub(super) last: VecDeque<Timestamp>,
}

impl Clock {
    pub(super) fn of(cron_job: &CronJobFacts) -> Result<Self, NoClock> {
        let Some((prefix, schedule)) = Schedule::accepted(&cron_job.schedule) else {
            let why = Schedule::parse(&cron_job.schedule).err().map(|error| error.problem());
            return Err(NoClock::Schedule(why.unwrap_or_default()));
        };
        let zone_name =
            cron_job.time_zone.as_deref().or(prefix.map(|name| if name.is_empty() { "UTC" } else { name }));
        let zone = match zone_name {
            Some(name) => match known_zone(name) {
                Some(zone) => zone,
                // Some hosts know a name that others do not.
                None => host_zone(name).and_then(jobguard_cron::HostZone::zone).ok_or_else(|| {
                    NoClock::Zone(
                        jobguard_cron::load_zone(name).err().map(|error| error.problem()).unwrap_or_default(),
                    )
                })?,
            },
            None => TimeZone::UTC,
        };
        if schedule.never_fires() {
            return Err(NoClock::Never);
        }
        let phase = cron_job.last_schedule.or(cron_job.meta.created);
        Ok(Self { schedule, zone, zone_name: zone_name.map(str::to_owned), phase })
    }

    /// The first run after a time.
    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self.schedule.every() {
            Some(step) => self.schedule.next_after(self.in_phase(after, step), &self.zone),
            None => self.schedule.next_after(after, &self.zone),
        }
    }

    /// The last run that a change of the clock has swallowed after `from` and up to `until`: when it was named, and from when
    /// to when the clock went.
    pub(super) fn skipped(&self, from: Timestamp, until: Timestamp) -> Option<[DateTime; 3]> {
        let change = self
            .schedule
            .clock_changes(from, until, &self.zone)
            .filter(|change| !change.skipped.is_empty())
            .last()?;
        Some([change.skipped.last().copied()?, change.from, change.to])
    }

    /// The runs that are due after `from`, up to and including `until`: their number in the last year, and the last `most`.
    pub(super) fn due(&self, from: Timestamp, until: Timestamp, most: usize) -> Due {
        let mut due = Due::default();
        let longest = Window::LONGEST.as_secs();
        let begin = from.as_second().max(until.as_second().saturating_sub(longest));
        let Ok(begin) = Timestamp::from_second(begin) else { return due };
        let begin = self.schedule.every().map_or(begin, |step| self.in_phase(begin, step));
        // A window has a minute at least.
        let length = until.as_second().saturating_sub(begin.as_second()).clamp(60, longest);
        let Ok(window) = Window::new(begin, SignedDuration::from_secs(length)) else { return due };
        for_each_start(&self.schedule, &self.zone, window, |second| {
            let Ok(time) = Timestamp::from_second(second) else { return };
            if time > until || time <= from {
                return;
            }
            due.count += 1;
            due.last.push_back(time);
            if due.last.len() > most {
                due.last.pop_front();
            }
        });
        due
    }

    /// The last runs that were due up to `until`, the newest at the end; none before `from`.
    pub(super) fn last(&self, from: Timestamp, until: Timestamp, most: usize) -> VecDeque<Timestamp> {
        let mut hours = 1;
        loop {
            let begin =
                until.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN).max(from);
            let due = self.due(begin, until, most);
            if due.last.len() >= most || begin <= from || hours > Window::LONGEST.as_hours() {
                return due.last;
            }
            hours *= 4;
        }
    }

    /// The last time at or before `time` from which `@every` counts on.
    fn in_phase(&self, time: Timestamp, step: u64) -> Timestamp {
        let Some(phase) = self.phase else { return time };
        let step = i64::try_from(step.max(1)).unwrap_or(i64::MAX);
        let since = time.as_second().saturating_sub(phase.as_second());
        let at = time.as_second().saturating_sub(since.rem_euclid(step));
        Timestamp::from_second(at).unwrap_or(time)
    }
}
