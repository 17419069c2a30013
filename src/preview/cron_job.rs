//! One CronJob: what the forecast is asked about it, and what it answers.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use k8s_openapi::api::batch::v1::CronJobSpec;

use super::collect::Input;
use super::groups::Groups;
use super::model::{AllRuns, ClockChangeView, CronJobView, Identity, JobPlan, Place, RunList, RunView};
use super::options::Options;
use super::{job, notes, times};
use crate::engine::{LimitFacts, Timetable};
use crate::forecast::{Concurrency, Load, Member, MemberRuns, WEEK_HOURS};
use jobguard_apiserver::Workload;
use jobguard_cron::{FieldKind, Schedule, zone_words};

/// A CronJob, and what is known of it before anything is counted.
pub(super) struct Planned<'a> {
    pub(super) input: &'a Input,
    pub(super) spec: &'a CronJobSpec,
    pub(super) timetable: Option<&'a Timetable>,
    pub(super) problem: Option<String>,
    pub(super) job: Option<JobPlan>,
    load: Load,
}

impl<'a> Planned<'a> {
    pub(super) fn of(input: &'a Input, limits: &[&LimitFacts], options: &Options<'_>) -> Option<Self> {
        let Workload::CronJob(cron_job) = input.object.workload() else { return None };
        let timetable = input.object.timetable();
        let part = input.object.job();
        let job = part.map(|part| job::plan(&input.object, part, limits, options));
        let pods = job.as_ref().map_or(0, |job| i64::try_from(job.pods_of_all_at_once).unwrap_or(i64::MAX));
        let requests = job.as_ref().map(|job| job.requests).unwrap_or_default();
        // What is beyond any cluster is cut, so that the sum of many can still be taken apart again.
        const MOST: i64 = 1 << 42;
        let load = Load {
            runs: 1,
            pods: pods.min(MOST),
            cpu: requests.cpu_milli.saturating_mul(pods).min(MOST),
            memory: requests.memory_bytes.saturating_mul(pods).min(MOST << 10),
        };
        let problem =
            problem(&cron_job.spec, timetable).or_else(|| refusal(input)).or_else(|| too_late(input));
        Some(Self { input, spec: &cron_job.spec, timetable, problem, job, load })
    }

    /// Whether it starts anything.
    pub(super) fn takes_part(&self) -> bool {
        self.problem.is_none() && self.spec.suspend != Some(true) && self.timetable.is_some()
    }

    /// What the forecast is asked; none where it starts nothing.
    pub(super) fn member(&self, groups: &Groups<'a>) -> Option<Member<'a>> {
        let timetable = self.timetable.filter(|_| self.takes_part())?;
        Some(Member {
            schedule: timetable.schedule(),
            zone: zone_of(timetable),
            concurrency: Concurrency::of(self.spec.concurrency_policy.as_deref()),
            starting_deadline: self.input.object.cron().and_then(|cron| cron.starting_deadline()),
            run_time: self.run_time().map(|run_time| run_time.seconds),
            load: self.load,
            group: groups.number(self.namespace()),
        })
    }

    pub(super) fn run_time(&self) -> Option<crate::forecast::RunTime> {
        self.job.as_ref()?.expected_run_time
    }

    pub(super) fn namespace(&self) -> Option<&'a str> {
        self.input.object.namespace()
    }

    /// Its schedule with a minute by its name's hash, where nobody chose the one that it has; none where that changes nothing.
    pub(super) fn spread(&self) -> Option<Schedule> {
        let metadata = self.input.object.metadata();
        let (namespace, name) = (self.namespace(), metadata.name.as_deref()?);
        let expression = &self.spec.schedule;
        let spread = jobguard_cron::spread(expression, namespace, name)
            .or_else(|| jobguard_cron::spread_descriptor(expression, namespace, name))?;
        Schedule::parse(&spread).ok()
    }

    /// `NAMESPACE/NAME`, or the name alone.
    pub(super) fn name(&self) -> String {
        let identity = identity(self.input);
        match identity.namespace {
            Some(namespace) => format!("{namespace}/{}", identity.name),
            None => identity.name,
        }
    }
}

/// The zone whose clock it goes by. The controller manager's is mostly UTC, since its image has no other.
fn zone_of(timetable: &Timetable) -> &TimeZone {
    static UTC: TimeZone = TimeZone::UTC;
    timetable.zone().unwrap_or(&UTC)
}

/// Why it starts nothing, by its own fault.
fn problem(spec: &CronJobSpec, timetable: Option<&Timetable>) -> Option<String> {
    let Some(timetable) = timetable else {
        let error = Schedule::parse(&spec.schedule).err();
        return Some(
            error.map_or_else(|| "the schedule is not accepted".to_owned(), |error| error.to_string()),
        );
    };
    if timetable.never_fires() {
        return Some("the schedule's date never comes".to_owned());
    }
    if let (Some(name), None) = (timetable.zone_name(), timetable.zone()) {
        let error = jobguard_cron::load_zone(name).err();
        return Some(
            error.map_or_else(|| "there is no such time zone".to_owned(), |error| error.to_string()),
        );
    }
    None
}

/// Why a cluster does not have it, or none of its Jobs.
pub(super) fn refusal(input: &Input) -> Option<String> {
    let reason = input.refused.as_deref()?;
    Some(format!("the API server refuses {reason} (jobguard lint says what to do)"))
}

/// Why no run ever starts in time.
fn too_late(input: &Input) -> Option<String> {
    let cron = input.object.cron()?;
    let written = cron.spec.starting_deadline_seconds?;
    // The controller counts in nanoseconds, of which 64 bits hold 292 years.
    let reason = if written > 0 { ", which is more than the controller can count," } else { "" };
    let is_over = cron.starting_deadline().is_some_and(|seconds| seconds <= 0);
    is_over.then(|| format!("startingDeadlineSeconds {written}{reason} leaves no run the time to start"))
}

/// Which object it is.
pub(super) fn identity(input: &Input) -> Identity {
    let metadata = input.object.metadata();
    let mut name = input.id.name.clone().unwrap_or_else(|| "(without a name)".to_owned());
    if !input.part.is_empty() && input.object.workload().kind() == jobguard_apiserver::Kind::Job {
        name = format!("{name}: {}", input.part);
    }
    Identity {
        namespace: input.id.namespace.clone().filter(|namespace| !namespace.is_empty()),
        name,
        kind: input.id.kind.clone(),
        place: Place { file: input.file.to_string(), line: input.line },
        labels: metadata.labels.clone().unwrap_or_default(),
    }
}

/// How many runs the calendar has in the seven days from `date` on, whatever the clock does then.
fn a_week(schedule: &Schedule, date: Date) -> u64 {
    const WEEK: u64 = 7 * 24 * 60 * 60;
    if let Some(seconds) = schedule.every() {
        // At most one Job a minute has a name.
        return WEEK / seconds.max(60);
    }
    let values = |kind| schedule.field(kind).map_or(0, |field| field.set().iter().count() as u64);
    u64::from(schedule.dates_within(date, 7)) * values(FieldKind::Hour) * values(FieldKind::Minute)
}

/// What it does. `runs` is what the forecast says.
pub(super) fn view(planned: Planned<'_>, runs: Option<MemberRuns>, options: &Options<'_>) -> CronJobView {
    let Planned { input, spec, timetable, job, .. } = &planned;
    let zone = timetable.map_or(TimeZone::UTC, |timetable| zone_of(timetable).clone());
    let concurrency = Concurrency::of(spec.concurrency_policy.as_deref());
    let expected_run_time = planned.run_time();
    let runs_per_week = match (&runs, timetable) {
        (Some(_), Some(timetable)) => {
            a_week(timetable.schedule(), zone.to_datetime(options.window.from()).date())
        }
        _ => 0,
    };
    let run = |time: &Timestamp| RunView::of(*time, &zone, options.zone);
    let first: Vec<RunView> = runs.iter().flat_map(|runs| &runs.first).map(run).collect();
    let list = match timetable.filter(|_| runs.is_some()) {
        Some(timetable) => {
            let all = AllRuns {
                schedule: timetable.schedule().clone(),
                zone: zone.clone(),
                reader: options.zone.clone(),
                window: options.window,
                most: options.most_runs,
            };
            RunList::new(first, all)
        }
        None => first.into(),
    };
    let changes = match (&runs, timetable) {
        (Some(_), Some(timetable)) => {
            let (from, until) = (options.window.from(), options.window.until());
            timetable
                .schedule()
                .clock_changes(from, until, &zone)
                .map(|change| clock_change(&change))
                .collect()
        }
        _ => Vec::new(),
    };
    let mut view = CronJobView {
        identity: identity(input),
        schedule: spec.schedule.clone(),
        time_zone: timetable.and_then(|timetable| timetable.zone_name()).map(str::to_owned),
        words: timetable.map(|timetable| timetable.schedule().words()),
        zone_words: match timetable.and_then(|timetable| timetable.zone_name()) {
            Some(name) => zone_words(Some(name)),
            None => format!("{}, taken to be UTC", zone_words(None)),
        },
        suspended: spec.suspend == Some(true),
        problem: planned.problem.clone(),
        runs: list,
        run_count: runs.as_ref().map_or(0, |runs| runs.count),
        runs_per_week,
        shortest_interval: runs.as_ref().and_then(|runs| runs.shortest),
        longest_interval: runs.as_ref().and_then(|runs| runs.longest),
        phase_is_unknown: timetable.is_some_and(|timetable| timetable.schedule().every().is_some()),
        clock_changes: changes,
        concurrency_policy: concurrency,
        starting_deadline_seconds: spec.starting_deadline_seconds,
        meeting: runs.as_ref().filter(|_| expected_run_time.is_some()).map(|runs| runs.meeting),
        expected_run_time,
        successful_jobs_history_limit: spec.successful_jobs_history_limit.unwrap_or(3),
        failed_jobs_history_limit: spec.failed_jobs_history_limit.unwrap_or(1),
        week: runs.map_or_else(|| Box::new([0; WEEK_HOURS]), |runs| runs.week),
        notes: Vec::new(),
        job: job.clone(),
    };
    let ttl = spec.job_template.spec.as_ref().and_then(|spec| spec.ttl_seconds_after_finished);
    view.notes = notes::of(&view, ttl);
    view
}

fn clock_change(change: &jobguard_cron::ClockChange) -> ClockChangeView {
    let all = |times: &[jiff::civil::DateTime]| times.iter().map(|time| times::local(*time)).collect();
    ClockChangeView {
        from: times::local(change.from),
        to: times::local(change.to),
        skipped: all(&change.skipped),
        repeated: all(&change.repeated),
        stray: all(&change.stray),
    }
}
