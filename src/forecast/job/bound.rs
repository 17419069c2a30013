//! What ends a Job whatever its tries do, and by when.

use serde::Serialize;

use super::backoff::delays;
use super::event::Action;
use super::failure_policy::action;
use super::plan::{Plan, restarts_itself};

/// What ends a Job for certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bound {
    /// When it has finished at the latest, in seconds since its start; none where nothing ends it for certain. Where `open` is
    /// `unscheduled` alone, waits for a node are not in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_seconds: Option<i64>,
    /// What may keep it going beyond any time; nothing where the Job's own deadline ends all.
    pub open: Vec<Open>,
}

/// What may keep a Job going beyond any time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Open {
    /// A try: neither the Job nor its Pods have a deadline.
    TryLength,
    /// Pods that find no node: their own deadline begins once they have one.
    Unscheduled,
    /// A rule of the podFailurePolicy that ignores failures, so that there may be any number of them.
    Ignored {
        /// Which, from 0.
        rule: usize,
    },
    /// A container that the kubelet restarts by rules of its own, which no limit of the Job counts.
    OwnRestarts {
        /// Which.
        container: String,
    },
    /// The Job is paused by a `parallelism` of 0.
    Paused,
    /// Another controller runs the Job, of which nothing is known.
    OtherController,
}

impl Bound {
    pub(super) fn of(plan: &Plan<'_>) -> Self {
        if plan.other_controller {
            return Self { latest_seconds: None, open: vec![Open::OtherController] };
        }
        let by_deadline = plan.deadline.map(|deadline| deadline.saturating_add(plan.grace));
        if plan.items() == 0 && plan.completions.is_some() {
            return Self { latest_seconds: Some(0), open: Vec::new() };
        }
        let by_tries = by_tries(plan);
        let mut open = Vec::new();
        if plan.deadline.is_none() && plan.parallelism == 0 {
            open.push(Open::Paused);
        } else if plan.deadline.is_none() {
            open.push(if plan.pod_deadline.is_some() { Open::Unscheduled } else { Open::TryLength });
            let rules = plan.failure_rules.iter().enumerate();
            let ignoring = rules.filter(|(_, rule)| action(rule) == Some(Action::Ignore));
            open.extend(ignoring.map(|(rule, _)| Open::Ignored { rule }));
            if plan.pod_deadline.is_none() {
                let containers = plan.pod.iter().flat_map(|pod| &pod.containers);
                let own = containers.filter(|container| !plan.on_failure && restarts_itself(container));
                open.extend(own.map(|container| Open::OwnRestarts { container: container.name.clone() }));
            }
        }
        let only_unscheduled = open.iter().all(|open| *open == Open::Unscheduled);
        let by_tries = by_tries.filter(|_| only_unscheduled && plan.deadline.is_none());
        Self { latest_seconds: by_deadline.or(by_tries), open }
    }

    /// Whether the Job ends whatever its tries do, and wherever its Pods find a node.
    pub fn is_certain(&self) -> bool {
        self.open.is_empty()
    }
}

/// What all tries take together, each as long as the Pod's own deadline allows, with the delays between them. Without the
/// failures, the items are worked off in rounds; and each failure costs one try and its delay at most.
fn by_tries(plan: &Plan<'_>) -> Option<i64> {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let each = plan.pod_deadline?.saturating_add(plan.grace);
    let rounds = signed(plan.items().div_ceil(plan.pods_at_once().max(1)));
    let in_row = |failures: u64| signed(failures).saturating_mul(each).saturating_add(delays(failures));
    let together = rounds.saturating_mul(each).saturating_add(in_row(plan.backoff_limit));
    Some(match plan.per_index {
        Some(limit) => together.min(rounds.saturating_mul(each.saturating_add(in_row(limit)))),
        None => together,
    })
}
