//! One Job: its Pods, what they request, and how it may go.

use super::model::{JobPlan, Requests, TimelineView};
use super::options::Options;
use super::{bars, job_words};
use crate::engine::{Demand, JobPart, LimitFacts, Object};
use crate::forecast::job::{self, By, Condition, Timeline, TryLengthSource, WhatIf};
use crate::forecast::{AboutRun, RUN_TIME_ANNOTATION, RunTime, RunTimeSource};
use jobguard_apiserver::Kind;

/// What the Job does, or each Job that the CronJob makes.
pub(super) fn plan(
    object: &Object,
    part: JobPart<'_>,
    limits: &[&LimitFacts],
    options: &Options<'_>,
) -> JobPlan {
    let is_paused = part.spec.suspend == Some(true);
    let pods = if is_paused { 0 } else { u64::try_from(part.peak_pods()).unwrap_or(u64::MAX) };
    let (expected_run_time, run_time_problem) = run_time(object, part, options);
    // A deadline says how long the Job may take, not how long a try does.
    let expected = expected_run_time.filter(|expected| expected.source != RunTimeSource::Deadline);
    let expected = expected.and_then(|expected| i64::try_from(expected.seconds).ok());
    // What is supposed of one Job need not fit another: of a container that it does not have, say.
    let fault = WhatIf::check(options.what_ifs, part.spec).err();
    let what_ifs = if fault.is_some() { &[] } else { options.what_ifs };
    let forecast = job::forecast(part.spec, expected, what_ifs);
    let mut worst_case = timeline_view(&forecast.worst_case, true, part);
    worst_case.after_words.push(sentence(&job_words::bound_words(&forecast.bound)));
    if let Some(maker) = object.maker().filter(|maker| maker.decides_end) {
        let kind = &maker.kind;
        worst_case.after_words.push(format!("This is one attempt: the {kind} says what is tried again."));
    }
    let what_if = match (&forecast.what_if, fault) {
        (Some(what_if), _) => Some(timeline_view(what_if, false, part)),
        (None, Some(fault)) => Some(TimelineView {
            title: "what if".to_owned(),
            end_words: format!("That cannot be supposed of it: {}", job_words::what_if_fault(&fault)),
            ..TimelineView::default()
        }),
        (None, None) => None,
    };
    JobPlan {
        pattern_words: match part.replicas {
            2.. => format!("{}; {} such Jobs", job_words::pattern_words(&forecast), part.replicas),
            _ => job_words::pattern_words(&forecast),
        },
        pods_of_all_at_once: pods,
        requests: requests(part, limits),
        expected_run_time,
        run_time_problem,
        worst_case,
        what_if,
        forecast,
    }
}

fn timeline_view(timeline: &Timeline, is_worst_case: bool, part: JobPart<'_>) -> TimelineView {
    // Tries of unknown length count as none, so that only a deadline's time is the end.
    let is_counted = timeline.try_length.source != TryLengthSource::Unknown;
    let is_known = is_counted || matches!(timeline.end.by, By::Deadline { .. });
    TimelineView {
        title: job_words::title_words(timeline, is_worst_case),
        bars: bars::of(timeline),
        lines: timeline
            .events
            .iter()
            .map(|event| (Some(event.at_seconds), job_words::event_words(event)))
            .collect(),
        end: timeline.end.at_seconds.filter(|_| is_known),
        succeeds: timeline.end.condition == Some(Condition::Complete),
        end_words: sentence(&job_words::end_words(timeline)),
        after_words: (job_words::after_words(timeline, part.of_cron_job).iter().map(|words| sentence(words)))
            .collect(),
    }
}

/// The words with a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// How long it is expected to take, and what is wrong with an annotation that is no duration, and so says nothing.
fn run_time(object: &Object, part: JobPart<'_>, options: &Options<'_>) -> (Option<RunTime>, Option<String>) {
    let annotation = part.annotation(RUN_TIME_ANNOTATION).or_else(|| object.annotation(RUN_TIME_ANNOTATION));
    let deadline = part.deadline();
    let metadata = object.metadata();
    let cron_job = metadata.namespace.as_deref().zip(metadata.name.as_deref());
    let cron_job = cron_job.filter(|_| object.kind() == Kind::CronJob && object.maker().is_none());
    let about = AboutRun { cron_job, annotation, deadline };
    match options.run_times.of(about) {
        Ok(run_time) => (run_time, None),
        Err(fault) => {
            let without = options.run_times.of(AboutRun { annotation: None, ..about }).ok().flatten();
            (without, Some(fault.to_string()))
        }
    }
}

/// What one of its Pods requests, as far as that can be computed.
fn requests(part: JobPart<'_>, limits: &[&LimitFacts]) -> Requests {
    let demand = part.pod().and_then(|pod| {
        let defaults = Demand::defaults(limits.iter().copied())?;
        let mut demand = Demand::of_pod(pod, &defaults)?;
        demand.add_overhead(pod)?;
        Some((
            demand.requests.get("cpu").copied().unwrap_or(0),
            demand.requests.get("memory").copied().unwrap_or(0),
        ))
    });
    let (cpu, memory) = demand.unwrap_or((0, 0));
    let small = |value: i128| i64::try_from(value).unwrap_or(i64::MAX);
    Requests { cpu_milli: small(cpu), memory_bytes: small(memory / 1_000) }
}
