//! How long a run takes: what is expected, and where that comes from.

use std::fmt;

use serde::Serialize;

use jobguard_text::duration::{self, DurationFault};

/// The annotation that says how long a run takes, of a CronJob, its Job template or a Job: a duration such as `5m`.
pub const RUN_TIME_ANNOTATION: &str = "jobguard.dev/expected-runtime";

/// How long a run is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunTime {
    /// In seconds, at least 1.
    pub seconds: u64,
    /// Where it comes from.
    pub source: RunTimeSource,
    /// What was measured, where that is the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

impl RunTime {
    /// A run time that somebody stated.
    pub fn stated(seconds: u64, source: RunTimeSource) -> Self {
        Self { seconds, source, measured: None }
    }

    /// A run time that was measured: no more than five in a hundred runs took longer.
    pub fn measured(measured: Measured) -> Self {
        Self { seconds: measured.p95, source: RunTimeSource::Measured, measured: Some(measured) }
    }
}

/// How long runs took that have ended well, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// How many there were.
    pub runs: usize,
    /// Half of them took no longer.
    pub median: u64,
    /// 95 in 100 of them took no longer.
    pub p95: u64,
}

impl Measured {
    /// Of the durations of some runs, in seconds; none where there are none. Each counts as a second at least.
    pub fn of(mut seconds: Vec<u64>) -> Option<Self> {
        seconds.sort_unstable();
        // The nearest rank: a duration that was really measured.
        let rank = |percent: usize| {
            let rank = (seconds.len() * percent).div_ceil(100);
            seconds.get(rank.checked_sub(1)?).map(|seconds| (*seconds).max(1))
        };
        Some(Self { runs: seconds.len(), median: rank(50)?, p95: rank(95)? })
    }
}

/// Where an expected run time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RunTimeSource {
    /// The object's annotation [`RUN_TIME_ANNOTATION`].
    Annotation,
    /// The runs that a cluster has seen.
    Measured,
    /// An option that holds for all Jobs.
    Option,
    /// `activeDeadlineSeconds`: the longest that a run can take.
    Deadline,
}

/// What is known of the run time of one Job.
#[derive(Debug, Clone, Copy, Default)]
pub struct AboutRun<'a> {
    /// Namespace and name of the CronJob that it is a run of, as far as they are known.
    pub cron_job: Option<(&'a str, &'a str)>,
    /// The value of the annotation.
    pub annotation: Option<&'a str>,
    /// After how many seconds the Job is ended.
    pub deadline: Option<i64>,
}

/// An annotation that is no run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRunTime {
    /// What is wrong with it.
    pub fault: DurationFault,
}

impl fmt::Display for BadRunTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{RUN_TIME_ANNOTATION} {}", self.fault)
    }
}

/// A source of run times: what people have said, or what a cluster has seen.
pub trait RunTimes: Sync {
    /// How long a run of this Job takes; none where nothing says so.
    ///
    /// # Errors
    ///
    /// If what says so is no duration.
    fn of(&self, about: AboutRun<'_>) -> Result<Option<RunTime>, BadRunTime>;
}

/// What the manifest says, else a time for all, else the deadline.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stated {
    /// The time for all that say none, in seconds.
    pub default: Option<u64>,
}

impl RunTimes for Stated {
    fn of(&self, about: AboutRun<'_>) -> Result<Option<RunTime>, BadRunTime> {
        if let Some(text) = about.annotation {
            let seconds = parse_run_time(text).map_err(|fault| BadRunTime { fault })?;
            return Ok(Some(RunTime::stated(seconds, RunTimeSource::Annotation)));
        }
        let stated = self.default.map(|seconds| RunTime::stated(seconds, RunTimeSource::Option));
        let deadline =
            about.deadline.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
        Ok(stated.or(deadline.map(|seconds| RunTime::stated(seconds, RunTimeSource::Deadline))))
    }
}

/// A run time in seconds, rounded up, at least 1: a duration as Go writes them.
///
/// # Errors
///
/// If it is none, or not more than nothing.
pub fn parse_run_time(text: &str) -> Result<u64, DurationFault> {
    let nanoseconds = duration::parse(text).map_err(|(_, fault)| fault)?;
    let seconds = u64::try_from(nanoseconds).map_err(|_| DurationFault::NotWhole)?.div_ceil(1_000_000_000);
    if seconds == 0 { Err(DurationFault::NotWhole) } else { Ok(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_so_first() {
        let all = AboutRun { annotation: Some("1m30s"), deadline: Some(3_600), ..AboutRun::default() };
        let stated = Stated { default: Some(60) };
        let of = |stated: Stated, about| stated.of(about).unwrap().map(|run| (run.seconds, run.source));
        assert_eq!(of(stated, all), Some((90, RunTimeSource::Annotation)));
        let about = AboutRun { annotation: None, ..all };
        assert_eq!(of(stated, about), Some((60, RunTimeSource::Option)));
        assert_eq!(of(Stated::default(), about), Some((3_600, RunTimeSource::Deadline)));
        assert_eq!(of(Stated::default(), AboutRun { deadline: Some(0), ..about }), None);
        assert_eq!(of(Stated::default(), AboutRun::default()), None);
    }

    #[test]
    fn what_was_measured_is_a_rank() {
        let of = |seconds: Vec<u64>| Measured::of(seconds).map(|of| (of.runs, of.median, of.p95));
        assert_eq!(of(Vec::new()), None);
        assert_eq!(of(vec![0]), Some((1, 1, 1)));
        assert_eq!(of(vec![9, 1, 5]), Some((3, 5, 9)));
        assert_eq!(of((1..=100).rev().collect()), Some((100, 50, 95)));
        assert_eq!(of((1..=20).collect()), Some((20, 10, 19)));
    }

    #[test]
    fn what_is_no_run_time() {
        for text in ["", "5", "ten minutes", "0s", "-5m", "1d"] {
            let about = AboutRun { annotation: Some(text), ..AboutRun::default() };
            assert!(Stated::default().of(about).is_err(), "{text}");
        }
        assert_eq!(parse_run_time("1500ms"), Ok(2));
    }
}
