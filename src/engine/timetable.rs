//! When a CronJob runs: what rules ask of its schedule, worked out once for an object.

use std::borrow::Cow;
use std::sync::OnceLock;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::CronJobSpec;

use super::JobPart;
use crate::forecast::controller_seconds;
use jobguard_cron::{ClockChange, Schedule, host_zone, known_zone};

/// A CronJob whose runs may be judged.
#[derive(Debug, Clone, Copy)]
pub struct CronPart<'a> {
    /// The CronJob's spec.
    pub spec: &'a CronJobSpec,
    /// When it runs; none where the schedule does not parse, which is the API server's to say.
    pub timetable: Option<&'a Timetable>,
}

impl CronPart<'_> {
    /// Whether no run is started until somebody resumes it.
    pub fn is_suspended(&self) -> bool {
        self.spec.suspend == Some(true)
    }

    /// Whether a run starts beside one that is still going on: `concurrencyPolicy` is `Allow`, or not given.
    pub fn allows_overlap(&self) -> bool {
        matches!(self.spec.concurrency_policy.as_deref(), None | Some("" | "Allow"))
    }

    /// Whether a run may take longer than `seconds`: nothing ends it before.
    pub fn may_outlast(&self, seconds: u64) -> bool {
        self.deadline()
            .is_none_or(|deadline| u64::try_from(deadline).is_ok_and(|deadline| deadline > seconds))
    }

    /// How many runs may be due before one ends, where one is due each `interval` seconds; the most there are where
    /// nothing ends a run.
    pub fn runs_at_once(&self, interval: u64) -> u64 {
        let longest = self.deadline().map_or(i64::MAX, |deadline| deadline.max(0));
        longest.unsigned_abs() / interval.max(1)
    }

    /// The seconds after which a run has been ended, with all its retries: `activeDeadlineSeconds` of the Job template,
    /// or what the tries of its Pods take at most by their own, where they find a node. None where that is beyond any
    /// run, or ends nothing since the Pods may go on for as long ([`JobPart::endless`]).
    pub fn deadline(&self) -> Option<i64> {
        JobPart::of_template(&self.spec.job_template)?.deadline()
    }

    /// The seconds that the controller makes of `startingDeadlineSeconds`.
    pub fn starting_deadline(&self) -> Option<i64> {
        self.spec.starting_deadline_seconds.map(controller_seconds)
    }
}

/// A schedule in its time zone.
#[derive(Debug, Clone)]
pub struct Timetable {
    schedule: Schedule,
    zone: Option<TimeZone>,
    zone_name: Option<String>,
    never_fires: bool,
    /// Filled when the first rule asks, as the next is.
    shortest_interval: OnceLock<Option<u64>>,
    /// The changes of the clock in the year after a moment, with that moment.
    coming_year: OnceLock<(Timestamp, Vec<ClockChange>)>,
}

impl Timetable {
    /// The timetable of a CronJob; none where the schedule does not parse.
    pub(super) fn of(spec: &CronJobSpec) -> Option<Self> {
        // A CronJob stored long ago may still say TZ=. The field goes before it.
        let (prefix, schedule) = Schedule::accepted(&spec.schedule)?;
        let zone_name =
            spec.time_zone.as_deref().or(prefix.map(|name| if name.is_empty() { "UTC" } else { name }));
        let zone = zone_name.and_then(|name| known_zone(name).or_else(|| host_zone(name)?.zone()));
        let never_fires = schedule.never_fires();
        Some(Self {
            schedule,
            zone,
            zone_name: zone_name.map(str::to_owned),
            never_fires,
            shortest_interval: OnceLock::new(),
            coming_year: OnceLock::new(),
        })
    }

    /// The schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The time zone that the CronJob names, where there is such a zone.
    pub fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// The name of the zone, as it is written; none where the CronJob leaves the zone to the controller manager.
    pub fn zone_name(&self) -> Option<&str> {
        self.zone_name.as_deref()
    }

    /// Whether the schedule's date never comes.
    pub fn never_fires(&self) -> bool {
        self.never_fires
    }

    /// The shortest time between two runs, in seconds, as [`Schedule::shortest_interval`] has it.
    pub fn shortest_interval(&self) -> Option<u64> {
        *self.shortest_interval.get_or_init(|| self.schedule.shortest_interval())
    }

    /// The changes of the zone's clock in the twelve months after `now` that skip or double runs; none where the
    /// CronJob names no zone.
    ///
    /// What is found for the first moment is kept, as an object is rarely judged at two.
    pub fn coming_year(&self, now: Timestamp) -> Cow<'_, [ClockChange]> {
        let find = || -> Vec<ClockChange> {
            let until = now.checked_add(SignedDuration::from_hours(365 * 24)).unwrap_or(Timestamp::MAX);
            self.zone.iter().flat_map(|zone| self.schedule.clock_changes(now, until, zone)).collect()
        };
        let (at, changes) = self.coming_year.get_or_init(|| (now, find()));
        if *at == now { Cow::Borrowed(changes) } else { Cow::Owned(find()) }
    }
}
