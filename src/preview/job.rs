//! One Job: its Pods, what they request, and how it may go.

use super::make::Options;
use super::model::{JobPlan, Requests, TimelineView};
use crate::engine::{Demand, JobPart, LimitFacts, Object};
use crate::forecast::{AboutRun, RUN_TIME_ANNOTATION, RunTime};

/// What the Job does, or each Job that the CronJob makes.
pub(super) fn plan(
    object: &Object,
    part: JobPart<'_>,
    limits: &[&LimitFacts],
    options: &Options<'_>,
) -> JobPlan {
    let is_paused = part.spec.suspend == Some(true);
    let pods = if is_paused { 0 } else { u64::try_from(part.peak_pods()).unwrap_or(u64::MAX) };
    let expected_run_time = run_time(object, part, options);
    JobPlan {
        pattern_words: String::new(),
        pods_at_once: pods,
        requests: requests(part, limits),
        expected_run_time,
        worst_case: TimelineView::default(),
        what_if: None,
        forecast: serde_json::Value::Null,
    }
}

/// How long it is expected to take. An annotation that is no duration says nothing.
fn run_time(object: &Object, part: JobPart<'_>, options: &Options<'_>) -> Option<RunTime> {
    let annotation = part.annotation(RUN_TIME_ANNOTATION).or_else(|| object.annotation(RUN_TIME_ANNOTATION));
    let deadline = part.deadline();
    let stated = options.run_times.of(AboutRun { annotation, deadline });
    stated.or_else(|_| options.run_times.of(AboutRun { annotation: None, deadline })).ok().flatten()
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
