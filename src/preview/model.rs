//! What a preview shows, whatever it is written as. What is serialised is the JSON of `jobguard preview`, whose schema is
//! `docs/preview.schema.json`: `schemaVersion` grows, fields stay.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use super::times;
use crate::forecast::job::JobForecast;
use crate::forecast::{Concurrency, Meeting, RunTime, WEEK_HOURS, Window};
use jobguard_cron::Schedule;

/// The version of the JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// What will happen in a stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The stretch of time.
    pub window: WindowView,
    /// The CronJobs, in the order of the input.
    pub cron_jobs: Vec<CronJobView>,
    /// The Jobs that no CronJob makes.
    pub jobs: Vec<JobView>,
    /// All CronJobs together.
    pub fleet: FleetView,
}

/// The stretch of time that a preview is about: what comes after `from`, up to and including `until`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowView {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// The reader's time zone, an IANA name.
    pub zone: String,
}

/// Where an object is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// The line that the object starts on, from 1; 0 for an object that stands in no file.
    #[serde(skip_serializing_if = "is_zero")]
    pub line: usize,
}

/// Whether a number is none.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        Ok(())
    }
}

/// Which object it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The namespace, where the manifest says one.
    pub namespace: Option<String>,
    /// The name; where it is generated, its prefix and `*`.
    pub name: String,
    /// `CronJob`, `Job`, or the kind of the object that it is inside of.
    pub kind: String,
    /// Where it is written.
    pub place: Place,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// What one CronJob does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CronJobView {
    /// Which it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// The schedule as it is written.
    pub schedule: String,
    /// `timeZone`; none where it leaves the zone to the controller manager, which is taken to be UTC.
    pub time_zone: Option<String>,
    /// The schedule in words, without the zone; none where it is not accepted.
    pub words: Option<String>,
    /// The zone in words.
    #[serde(skip)]
    pub zone_words: String,
    /// Whether it is suspended, and so starts nothing until somebody resumes it.
    pub suspended: bool,
    /// Why there are no runs, where that is so.
    pub problem: Option<String>,
    /// The runs of the window, from the first on.
    pub runs: RunList,
    /// How many runs are due in the window, of which `runs` may be the first ones only.
    pub run_count: u64,
    /// How many runs there are in the week after the beginning of the window.
    pub runs_per_week: u64,
    /// The shortest time between two runs in the window, in seconds.
    pub shortest_interval: Option<u64>,
    /// The longest, in seconds.
    pub longest_interval: Option<u64>,
    /// Whether the times are counted from when the controller last started a run, or the CronJob was created (`@every`), so
    /// that only the distance between them is certain.
    pub phase_is_unknown: bool,
    /// What changes of the clock in the window do to the runs.
    pub clock_changes: Vec<ClockChangeView>,
    /// `concurrencyPolicy`.
    pub concurrency_policy: Concurrency,
    /// `startingDeadlineSeconds`.
    pub starting_deadline_seconds: Option<i64>,
    /// What becomes of runs that meet; none where it is not known how long a run takes.
    pub meeting: Option<Meeting>,
    /// How long a run takes.
    pub expected_run_time: Option<RunTime>,
    /// `successfulJobsHistoryLimit`.
    pub successful_jobs_history_limit: i32,
    /// `failedJobsHistoryLimit`.
    pub failed_jobs_history_limit: i32,
    /// How many runs start in each hour of the week by the reader's clock, from Monday's first.
    #[serde(skip)]
    pub week: Box<[u32; WEEK_HOURS]>,
    /// What there is to know, one sentence each: late starts, meetings, what is left.
    #[serde(skip)]
    pub notes: Vec<String>,
    /// The Job that it makes; none where the template has no spec.
    pub job: Option<JobPlan>,
}

/// The runs of a CronJob: the first few, and where to find the others.
///
/// Formats for people show the first few, as a slice. Formats for programs write all, one by one, so that the memory that this takes
/// does not grow with their number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunList {
    first: Vec<RunView>,
    all: Option<Box<AllRuns>>,
}

/// Where the runs of a CronJob come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AllRuns {
    pub(super) schedule: Schedule,
    pub(super) zone: TimeZone,
    pub(super) reader: TimeZone,
    pub(super) window: Window,
    /// How many are written at most.
    pub(super) most: usize,
}

impl RunList {
    /// The first few runs, of `all`.
    pub(super) fn new(first: Vec<RunView>, all: AllRuns) -> Self {
        Self { first, all: Some(Box::new(all)) }
    }

    /// All runs of the window, up to the limit that the preview has.
    pub fn all(&self) -> impl Iterator<Item = RunView> + '_ {
        let first = if self.all.is_none() { self.first.as_slice() } else { &[] };
        let all = self.all.iter().flat_map(|all| {
            let AllRuns { schedule, zone, reader, window, most } = &**all;
            let times = schedule.upcoming(window.from(), zone).take_while(|time| *time <= window.until());
            times.take(*most).map(move |time| RunView::of(time, zone, reader))
        });
        first.iter().cloned().chain(all)
    }
}

impl From<Vec<RunView>> for RunList {
    fn from(first: Vec<RunView>) -> Self {
        Self { first, all: None }
    }
}

impl Deref for RunList {
    type Target = [RunView];

    fn deref(&self) -> &[RunView] {
        &self.first
    }
}

impl Serialize for RunList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.all())
    }
}

impl RunView {
    /// The run at a moment, of a CronJob in `zone`, for a reader in another.
    pub(super) fn of(time: Timestamp, zone: &TimeZone, reader: &TimeZone) -> Self {
        Self { utc: time, local: times::with_offset(time, zone), reader: times::with_offset(time, reader) }
    }
}

/// One run of a CronJob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    /// When it is due.
    pub utc: Timestamp,
    /// What the clock of the CronJob's zone shows then, with its distance from UTC: `2027-03-28T03:30:00+02:00`.
    pub local: String,
    /// What the reader's clock shows then, likewise.
    pub reader: String,
}

/// What a change of the clock does to the runs of a CronJob. All times are local ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockChangeView {
    /// What the clock shows before.
    pub from: String,
    /// What it shows after.
    pub to: String,
    /// The times at which a run should start and does not.
    pub skipped: Vec<String>,
    /// The times at which a run starts twice.
    pub repeated: Vec<String>,
    /// The times at which a run starts although the schedule does not name them.
    pub stray: Vec<String>,
}

/// What a Job that no CronJob makes does, from when it is created.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// Which it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// Why it never runs, where that is so.
    pub problem: Option<String>,
    /// What it does.
    #[serde(flatten)]
    pub plan: JobPlan,
}

/// What a Job does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobPlan {
    /// The kind of Job in words: `one-off`, `indexed, 5 Pods` ...
    #[serde(skip)]
    pub pattern_words: String,
    /// How many Pods there are at once, at most, of all such Jobs; 0 of one that is paused.
    #[serde(skip)]
    pub pods_of_all_at_once: u64,
    /// What one Pod requests.
    pub requests: Requests,
    /// How long it is expected to take.
    pub expected_run_time: Option<RunTime>,
    /// What is wrong with the annotation that should say so.
    #[serde(skip)]
    pub run_time_problem: Option<String>,
    /// The worst case.
    #[serde(skip)]
    pub worst_case: TimelineView,
    /// What was asked for with `--what-if`.
    #[serde(skip)]
    pub what_if: Option<TimelineView>,
    /// Pattern, worst case and what-if, as arithmetic has them.
    #[serde(flatten)]
    pub forecast: JobForecast,
}

/// What a Pod requests, or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    /// CPU in thousandths of a core.
    pub cpu_milli: i64,
    /// Memory in bytes.
    pub memory_bytes: i64,
}

/// How a Job may go, to be drawn and read. Times are seconds from its start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimelineView {
    /// What it is: `worst case`, or the what-if as it was asked.
    pub title: String,
    /// What takes time, in lanes.
    pub bars: Vec<Bar>,
    /// One line for each event, in order, with its time in front: `+1m 10s  try 3 fails ...`.
    pub lines: Vec<(Option<i64>, String)>,
    /// When the Job ends for certain; none where nothing ends it, or where that rests on how long the Pods run.
    pub end: Option<i64>,
    /// Whether it ends well.
    pub succeeds: bool,
    /// How it ends, in one sentence.
    pub end_words: String,
    /// What is left to look at, and when that is removed, one sentence each.
    pub after_words: Vec<String>,
}

/// A stretch of time in a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// The lane: `Pods`, `index 3` ...
    pub lane: String,
    /// Its beginning.
    pub from: i64,
    /// Its end; none where it has none, or none that is known.
    pub until: Option<i64>,
    /// What it is.
    pub kind: BarKind,
    /// A few words: `try 3`, `waits 40 s`.
    pub label: String,
}

/// What a bar of a timeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarKind {
    /// Pods run, and succeed.
    Success,
    /// Pods run, and fail.
    Failure,
    /// The controller or the kubelet waits before it tries again.
    Backoff,
    /// Pods hang.
    Hang,
    /// Many alike, folded into one.
    Folded,
}

/// All CronJobs together.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FleetView {
    /// How many CronJobs take part: those that are neither suspended nor refused.
    pub cron_jobs: usize,
    /// How many of them have no run time: each of their runs counts for the minute in which it starts.
    pub without_run_time: usize,
    /// How many runs start in the window.
    pub runs: u64,
    /// How many runs start in each hour of the week by the reader's clock: seven days from Monday on, of 24 hours each.
    pub heat_map: Vec<[u64; 24]>,
    /// The busiest minutes, the busiest first.
    pub busiest: Vec<BusyView>,
    /// How many seconds a step of the series takes.
    pub step_seconds: u64,
    /// What is up at the same time, of all namespaces together.
    pub total: SeriesView,
    /// The same for each namespace that has a CronJob here, in the order of their names.
    pub namespaces: Vec<NamespaceView>,
    /// The fleet as it would be if the minutes that nobody chose were spread; none where nothing would change.
    pub spread: Option<SpreadView>,
}

/// A minute in which several runs start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BusyView {
    /// The minute.
    pub utc: Timestamp,
    /// What the reader's clock shows then.
    pub reader: String,
    /// How many runs start in it.
    pub starts: u32,
    /// The CronJobs, `NAMESPACE/NAME` or `NAME`, the first few of them.
    pub names: Vec<String>,
}

/// A level over time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeriesView {
    /// The most runs at once in each step.
    pub runs: Vec<i64>,
    /// The most Pods at once in each step.
    pub pods: Vec<i64>,
    /// The most CPU requested at once, in thousandths of a core.
    pub cpu_milli: Vec<i64>,
    /// The most memory requested at once, in bytes.
    pub memory_bytes: Vec<i64>,
    /// The highest of each, and when.
    pub peak: PeakView,
}

/// The highest levels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeakView {
    /// Runs.
    pub runs: High,
    /// Pods.
    pub pods: High,
    /// CPU in thousandths of a core.
    pub cpu_milli: High,
    /// Memory in bytes.
    pub memory_bytes: High,
}

/// A highest level, and when it is reached first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct High {
    /// The level.
    pub value: i64,
    /// When; none where it is 0 throughout.
    pub utc: Option<Timestamp>,
}

/// The CronJobs of a namespace together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceView {
    /// The namespace; none for manifests that name none.
    pub namespace: Option<String>,
    /// How many CronJobs take part.
    pub cron_jobs: usize,
    /// What is up at the same time.
    pub series: SeriesView,
    /// The ResourceQuotas of the input that count their Pods.
    pub quotas: Vec<QuotaView>,
}

/// A limit of a ResourceQuota, and what the namespace's CronJobs make of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaView {
    /// The ResourceQuota.
    pub name: String,
    /// The resource as the quota names it: `pods`, `requests.cpu` ...
    pub resource: String,
    /// The limit as it is written.
    pub hard: String,
    /// The limit in the unit of `peak`: Pods, thousandths of a core, or bytes.
    pub limit: i64,
    /// The highest level of the window.
    pub peak: i64,
    /// Whether that is more than the limit.
    pub exceeded: bool,
}

/// The fleet with its minutes spread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpreadView {
    /// How many CronJobs would run at another minute.
    pub moved: usize,
    /// The most runs that start in one minute today.
    pub starts_before: u32,
    /// The most that would.
    pub starts_after: u32,
    /// The most Pods at once today.
    pub pods_before: i64,
    /// The most that there would be.
    pub pods_after: i64,
    /// The Pods at once in each step, spread.
    pub pods: Vec<i64>,
}
