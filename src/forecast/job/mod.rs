//! A Job's tries: which kind of Job it is, how many Pods it has, and what becomes of it, in the worst case and in one that
//! somebody supposes.
//!
//! What is modelled is the Job controller of version 1.36 and the kubelet's restarts. Times are whole seconds since the Job's
//! start, or since it is resumed where it is suspended; what takes the machinery a moment takes no time.

mod backoff;
mod bound;
mod classes;
mod cycle;
mod event;
mod failure_policy;
mod log;
mod pattern;
mod plan;
mod scenario;
mod simulate;
mod simulation;
mod state;
mod success_policy;
mod what_if;

#[cfg(test)]
mod tests;

use k8s_openapi::api::batch::v1::JobSpec;
use serde::Serialize;

pub use bound::{Bound, Open};
pub use event::{
    Action, By, Cause, Condition, End, Event, EventKind, Left, Reason, Tries, TryLength, TryLengthSource,
};
pub use log::MOST_EVENTS;
pub use pattern::{AtMost, Pattern, PodsInAll};
pub use what_if::{Happening, MOST_WHAT_IFS, WhatIf, WhatIfFault};

use plan::Plan;
use scenario::Scenario;
use simulate::Outcome;
use simulation::Simulation;

/// What is known of a Job before it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobForecast {
    /// Which kind of Job it is.
    pub pattern: Pattern,
    /// Whether nothing happens until somebody resumes it; all times are then since that.
    pub suspended: bool,
    /// Whether a `parallelism` of 0 keeps it from having Pods.
    pub paused: bool,
    /// The most Pods at once, where failed ones are replaced.
    pub pods_at_once: u64,
    /// The Pods that are created in all.
    pub pods_in_all: PodsInAll,
    /// What ends it for certain.
    pub bound: Bound,
    /// Every try fails.
    pub worst_case: Timeline,
    /// Tries go as somebody supposes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what_if: Option<Timeline>,
}

/// What becomes of a Job whose tries go in a given way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// How long a try takes that ends by itself.
    pub try_length: TryLength,
    /// How its tries go.
    pub supposed: Vec<WhatIf>,
    /// What happens, in order; [`MOST_EVENTS`] at most.
    pub events: Vec<Event>,
    /// How it ends.
    pub end: End,
    /// What is there then; none where it does not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
    /// When the Job is removed with all its Pods, in seconds since its start, by `ttlSecondsAfterFinished`; none where nothing
    /// removes it, or it does not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_at_seconds: Option<i64>,
}

/// What is known of a Job: of one whose tries take so many seconds, where somebody expects that, and of how they go where
/// somebody supposes it ([`WhatIf::check`] says whether that can be supposed).
pub fn forecast(spec: &JobSpec, expected: Option<i64>, what_if: &[WhatIf]) -> JobForecast {
    let plan = Plan::of(spec);
    let bound = Bound::of(&plan);
    let at_least = {
        let scenario = Scenario::success(event::TryLength::of(Some(0)));
        run(spec, &plan, &scenario, true).filter(|outcome| outcome.end.by != By::TooLong)
    };
    let mut worst_case = timeline(spec, &plan, Scenario::worst(&plan, expected));
    worst_case.end.certain = bound.is_certain();
    JobForecast {
        pattern: Pattern::of(spec),
        suspended: plan.suspended,
        paused: plan.parallelism == 0,
        pods_at_once: plan.pods_at_once(),
        pods_in_all: PodsInAll {
            at_least: at_least.map(|outcome| outcome.created),
            at_most: pattern::at_most(&plan),
        },
        worst_case,
        what_if: (!what_if.is_empty()).then(|| {
            let what_if = what_if.iter().take(MOST_WHAT_IFS).cloned().collect();
            timeline(spec, &plan, Scenario { what_if, length: TryLength::of(expected) })
        }),
        bound,
    }
}

/// What ends the Job for certain.
pub fn bound(spec: &JobSpec) -> Bound {
    Bound::of(&Plan::of(spec))
}

/// What becomes of the Job; none where another controller runs it, or there is too much to follow.
fn run(spec: &JobSpec, plan: &Plan<'_>, scenario: &Scenario, folded: bool) -> Option<Outcome> {
    let rules = success_policy::rules(spec, if plan.indexed { plan.items() } else { 0 })?;
    (!plan.other_controller).then(|| Simulation::new(plan, scenario, &rules).run(folded))
}

fn timeline(spec: &JobSpec, plan: &Plan<'_>, scenario: Scenario) -> Timeline {
    let outcome = run(spec, plan, &scenario, true);
    let unknown = || End {
        certain: false,
        at_seconds: None,
        finished_by_seconds: None,
        condition: None,
        reason: None,
        by: if plan.other_controller { By::OtherController } else { By::TooLong },
    };
    let (events, end, left) = match outcome {
        Some(outcome) => (outcome.events, outcome.end, outcome.left),
        None => (Vec::new(), unknown(), None),
    };
    let finished = end.at_seconds.and(end.finished_by_seconds);
    Timeline {
        try_length: scenario.length,
        supposed: scenario.what_if,
        removed_at_seconds: plan.ttl.and_then(|ttl| Some(finished?.saturating_add(ttl))),
        events,
        end,
        left,
    }
}
