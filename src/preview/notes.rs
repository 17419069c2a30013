//! What there is to know about a CronJob, in sentences: late starts, runs that meet, what is left of them.

use super::model::CronJobView;
use crate::forecast::{Concurrency, Measured, RUN_TIME_ANNOTATION, RunTime, RunTimeSource};
use jobguard_text::duration::words;
use jobguard_text::plural;

/// The sentences, without full stops. `ttl` is the Jobs' `ttlSecondsAfterFinished`.
pub(super) fn of(view: &CronJobView, ttl: Option<i32>) -> Vec<String> {
    let mut notes = Vec::new();
    if view.problem.is_some() || view.words.is_none() {
        return notes;
    }
    if let Some(problem) = view.job.as_ref().and_then(|job| job.run_time_problem.as_ref()) {
        notes.push(format!("How long a run takes is not read: {problem}"));
    }
    if view.suspended {
        notes.push(
            "It is suspended: nothing runs until somebody sets suspend to false; then the latest run that was missed \
             may start at once"
                .to_owned(),
        );
    } else {
        notes.extend(meeting(view));
    }
    if !view.suspended {
        notes.push(late_start(view));
    }
    notes.push(history(view, ttl));
    notes
}

/// A run time, and how it is known.
pub(super) fn run_time(run_time: RunTime) -> String {
    let seconds = words(run_time.seconds);
    match run_time.source {
        RunTimeSource::Annotation => format!("{seconds} (annotation {RUN_TIME_ANNOTATION})"),
        RunTimeSource::Measured => format!("{seconds} ({})", measured(run_time)),
        RunTimeSource::Option => format!("{seconds} (--expected-runtime)"),
        RunTimeSource::Deadline => format!("at most {seconds} (activeDeadlineSeconds)"),
    }
}

/// What was measured: `p95 of 37 finished Jobs, median 40s`.
pub(super) fn measured(run_time: RunTime) -> String {
    let Some(Measured { runs, median, .. }) = run_time.measured else { return "measured".to_owned() };
    match runs {
        1 => "as its only finished Job".to_owned(),
        runs => format!("p95 of {}, median {}", plural(runs, "finished Job"), words(median)),
    }
}

fn meeting(view: &CronJobView) -> Option<String> {
    let Some(meeting) = view.meeting else {
        return (view.run_count > 1).then(|| {
            format!(
                "Nothing says how long a run takes, so whether runs meet is not known: set activeDeadlineSeconds, or the \
                 annotation {RUN_TIME_ANNOTATION}"
            )
        });
    };
    let takes = format!("a run takes {}", run_time(view.expected_run_time?));
    let shortest = view.shortest_interval.map(words)?;
    if meeting.at_once < 2 && meeting.postponed + meeting.dropped + meeting.replaced == 0 {
        return Some(format!(
            "Runs do not overlap: {takes}, and the next one is due {shortest} later at the earliest"
        ));
    }
    let (count, runs) = (view.run_count, if view.run_count == 1 { "run" } else { "runs" });
    Some(match view.concurrency_policy {
        Concurrency::Allow => {
            format!("Up to {} runs go on at once (concurrencyPolicy Allow): {takes}", meeting.at_once)
        }
        Concurrency::Forbid => format!(
            "Of {count} {runs}, {} start late and {} never (concurrencyPolicy Forbid): {takes}",
            meeting.postponed, meeting.dropped
        ),
        Concurrency::Replace if meeting.replaced + 1 >= count => {
            format!(
                "Each run is deleted for the next one before it ends (concurrencyPolicy Replace): {takes}"
            )
        }
        Concurrency::Replace => format!(
            "Of {count} {runs}, {} are deleted for the next one (concurrencyPolicy Replace): {takes}",
            meeting.replaced
        ),
    })
}

fn late_start(view: &CronJobView) -> String {
    match view.starting_deadline_seconds {
        None => "A run that is missed starts as soon as it can, however late: the latest one, if several are missed \
                 (no startingDeadlineSeconds)"
            .to_owned(),
        Some(seconds) => match u64::try_from(seconds) {
            Ok(seconds @ 1..) => format!(
                "A run that cannot start within {} is given up (startingDeadlineSeconds)",
                words(seconds)
            ),
            _ => "No run ever starts in time (startingDeadlineSeconds)".to_owned(),
        },
    }
}

fn history(view: &CronJobView, ttl: Option<i32>) -> String {
    let kept = |count: i32, which: &str| match count {
        0 => format!("no {which} Job"),
        1 => format!("the last {which} Job"),
        count => format!("the last {count} {which} Jobs"),
    };
    let successful = kept(view.successful_jobs_history_limit, "successful");
    let failed = kept(view.failed_jobs_history_limit, "failed");
    let text = format!("It keeps {successful} and {failed}");
    match ttl.and_then(|ttl| u64::try_from(ttl).ok()) {
        None => text,
        Some(0) => "Each Job is removed as soon as it has finished (ttlSecondsAfterFinished)".to_owned(),
        Some(ttl) => {
            format!(
                "{text}, and none longer than {} after it has finished (ttlSecondsAfterFinished)",
                words(ttl)
            )
        }
    }
}
