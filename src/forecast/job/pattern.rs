//! Which kind of Job it is, and how many Pods it has.

use k8s_openapi::api::batch::v1::JobSpec;
use serde::Serialize;

use super::event::Action;
use super::failure_policy::action;
use super::plan::Plan;

/// The kinds of Jobs, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Pattern {
    /// One Pod is to succeed.
    OneOff,
    /// A number of Pods is to succeed.
    FixedCompletionCount,
    /// Pods work off a queue until one finds it empty.
    WorkQueue,
    /// Each Pod has an index.
    Indexed,
    /// Each Pod has an index, and a name by which the others find it.
    Peers,
}

impl Pattern {
    /// The kind of a Job.
    pub fn of(spec: &JobSpec) -> Self {
        let plan = Plan::of(spec);
        let subdomain = plan.pod.and_then(|pod| pod.subdomain.as_deref());
        match plan.completions {
            _ if plan.indexed && subdomain.is_some_and(|name| !name.is_empty()) => Self::Peers,
            _ if plan.indexed => Self::Indexed,
            Some(1) => Self::OneOff,
            Some(_) => Self::FixedCompletionCount,
            None if plan.parallelism <= 1 => Self::OneOff,
            None => Self::WorkQueue,
        }
    }
}

/// How many Pods are created in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodsInAll {
    /// Where every try succeeds; none where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// Whatever the tries do.
    pub at_most: AtMost,
}

/// The most Pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AtMost {
    /// There is no limit: some failures are ignored.
    Unbounded,
    /// Nothing is known: another controller runs the Job.
    Unknown,
    /// So many.
    #[serde(untagged)]
    Pods(u64),
}

/// The most Pods that are created, whatever becomes of them.
pub(super) fn at_most(plan: &Plan<'_>) -> AtMost {
    if plan.other_controller {
        return AtMost::Unknown;
    }
    if plan.pods_at_once() == 0 {
        return AtMost::Pods(0);
    }
    if plan.failure_rules.iter().any(|rule| action(rule) == Some(Action::Ignore)) {
        return AtMost::Unbounded;
    }
    // One for each item, and one for each failure but the last. Of an OnFailure Job, Pods fail that are disrupted.
    let most = plan.items().saturating_add(plan.backoff_limit);
    AtMost::Pods(match plan.per_index {
        Some(limit) => most.min(plan.items().saturating_mul(limit.saturating_add(1))),
        None => most,
    })
}
