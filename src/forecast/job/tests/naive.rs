//! The same, Pod by Pod and second by second: slow, plain, and with nothing of the code that it is compared with but how a try
//! goes. Written after the controller's own functions, in their order.

use super::super::event::Action;
use super::super::event::{By, Cause, Reason};
use super::super::plan::Plan;
use super::super::scenario::{Ends, Failure, Scenario};
use super::super::success_policy::SuccessRule;

/// A Pod.
struct Pod {
    index: u64,
    /// The try that runs, or ran last.
    attempt: u64,
    /// Failures of its index before it: those that count, and all.
    counted_before: u64,
    failed_before: u64,
    start: i64,
    run_start: i64,
    /// When the container failed, while it waits for its restart, and when that is due.
    exited: Option<i64>,
    restarts: u64,
    crash: Option<i64>,
    last_restart: i64,
    /// What it waits for once it is being deleted.
    terminating: Option<(i64, Failure)>,
    phase: Phase,
    finished: i64,
    seen: bool,
}

#[derive(PartialEq, Clone, Copy)]
enum Phase {
    Running,
    Succeeded,
    Failed,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Result {
    pub(super) end: Option<(i64, Reason, By)>,
    pub(super) created: u64,
    pub(super) left: (u64, u64, u64),
}

fn doubled(failures: u64) -> i64 {
    let mut delay = 10;
    for _ in 1..failures {
        delay = (delay * 2).min(600);
    }
    delay
}

fn count(pods: &[Pod], phase: Phase) -> u64 {
    pods.iter().filter(|pod| pod.phase == phase).count() as u64
}

fn last(pods: &[Pod], index: u64) -> Option<&Pod> {
    pods.iter().rfind(|pod| pod.index == index)
}

/// Runs a Job for so many seconds.
pub(super) fn run(
    plan: &Plan<'_>,
    scenario: &Scenario,
    rules: &[(usize, SuccessRule)],
    seconds: i64,
) -> Result {
    let mut pods: Vec<Pod> = Vec::new();
    let (mut failures_in_row, mut last_failure) = (0_u64, 0_i64);
    let mut failed_indexes: Vec<u64> = Vec::new();
    let mut gone = 0;
    for now in 0..=seconds {
        // As often as anything changes: what takes no time happens several times in a second.
        loop {
            let mut changed = advance(plan, scenario, &mut pods, now, &mut gone);
            let active = pods.iter().filter(|pod| pod.phase == Phase::Running).count() as u64;
            let new = |phase| pods.iter().filter(|pod| pod.phase == phase && !pod.seen).count() as u64;
            let (new_succeeded, new_failed) = (new(Phase::Succeeded), new(Phase::Failed));
            let succeeded = count(&pods, Phase::Succeeded);
            let mut fail_job = None;
            if new_succeeded > 0 {
                failures_in_row = 0;
            } else if new_failed > 0 {
                failures_in_row += new_failed;
                last_failure = now;
            }
            let mut failed = 0;
            for pod in pods.iter_mut().filter(|pod| pod.phase == Phase::Failed) {
                let (_, failure) = pod.terminating.as_ref().unwrap();
                let counts = failure.decision.action != Action::Ignore;
                failed += u64::from(counts);
                if failure.decision.action == Action::FailJob {
                    fail_job = fail_job.or(failure.decision.rule);
                }
                if let Some(limit) = plan.per_index.filter(|_| !pod.seen) {
                    let over = counts && pod.counted_before >= limit;
                    if over || failure.decision.action == Action::FailIndex {
                        failed_indexes.push(pod.index);
                    }
                }
            }
            pods.iter_mut().filter(|pod| pod.phase != Phase::Running).for_each(|pod| pod.seen = true);
            let restarts: u64 =
                pods.iter().filter(|pod| pod.phase == Phase::Running).map(|pod| pod.restarts).sum();
            let limit = plan.backoff_limit;
            let bad = failed_indexes.len() as u64;
            let good: Vec<u64> =
                pods.iter().filter(|pod| pod.phase == Phase::Succeeded).map(|pod| pod.index).collect();
            let met = rules.iter().find(|(_, rule)| {
                let inside = |index: &&u64| {
                    rule.indexes
                        .as_ref()
                        .is_none_or(|all| all.iter().any(|(first, last)| first <= index && *index <= last))
                };
                !good.is_empty() && good.iter().filter(inside).count() as u64 >= rule.needed
            });
            let over = |limit: u64| if limit == 0 { restarts > 0 } else { restarts >= limit };
            let end = if let Some(rule) = fail_job {
                Some((Reason::PodFailurePolicy, By::PodFailurePolicy { rule }))
            } else if failed > limit {
                Some((Reason::BackoffLimitExceeded, By::BackoffLimit { limit, failures: failed }))
            } else if plan.on_failure && over(limit) {
                Some((Reason::BackoffLimitExceeded, By::Restarts { limit, restarts }))
            } else if let Some(seconds) = plan.deadline.filter(|deadline| now >= *deadline) {
                Some((Reason::DeadlineExceeded, By::Deadline { seconds }))
            } else if let Some(limit) = plan.max_failed_indexes.filter(|limit| bad > *limit) {
                Some((Reason::MaxFailedIndexesExceeded, By::MaxFailedIndexes { limit, failed: bad }))
            } else if bad > 0 && bad + succeeded >= plan.items() {
                Some((Reason::FailedIndexes, By::FailedIndexes { failed: bad }))
            } else {
                met.map(|(rule, _)| (Reason::SuccessPolicy, By::SuccessPolicy { rule: *rule }))
            };
            let result = |end: Option<(Reason, By)>, pods: &[Pod]| Result {
                end: end.map(|(reason, by)| (now, reason, by)),
                created: pods.len() as u64,
                left: (count(pods, Phase::Failed) - gone, succeeded, gone + active),
            };
            if end.is_some() {
                return result(end, &pods);
            }
            let wanted = match plan.completions {
                None if succeeded > 0 => active,
                None => plan.parallelism,
                Some(completions) => (completions.saturating_sub(succeeded)).min(plan.parallelism),
            };
            let missing = wanted.saturating_sub(active);
            if missing == 0 && active == 0 && plan.completions.is_some_and(|all| succeeded >= all)
                || plan.completions.is_none() && succeeded > 0 && active == 0
            {
                return result(Some((Reason::CompletionsReached, By::Completions { succeeded })), &pods);
            }
            let pending: Vec<u64> = (0..plan.items())
                .filter(|index| {
                    !failed_indexes.contains(index)
                        && !pods.iter().any(|pod| pod.index == *index && pod.phase != Phase::Failed)
                })
                .take(usize::try_from(missing).unwrap())
                .collect();
            let ready = |index: &u64| match (plan.per_index, last(&pods, *index)) {
                (Some(_), None) => true,
                (Some(_), Some(pod)) => now >= pod.finished + doubled(pod.failed_before + 1),
                (None, _) => failures_in_row == 0 || now >= last_failure + doubled(failures_in_row),
            };
            let create: Vec<u64> = pending.into_iter().filter(ready).collect();
            for index in create {
                changed = true;
                let before = last(&pods, index).map(|pod| {
                    let counts = pod.terminating.as_ref().unwrap().1.decision.action != Action::Ignore;
                    (pod.attempt, pod.counted_before + u64::from(counts), pod.failed_before + 1)
                });
                let (tried, counted_before, failed_before) = before.unwrap_or((0, 0, 0));
                pods.push(Pod {
                    index,
                    attempt: tried + 1,
                    counted_before,
                    failed_before,
                    start: now,
                    run_start: now,
                    exited: None,
                    restarts: 0,
                    crash: None,
                    last_restart: now,
                    terminating: None,
                    phase: Phase::Running,
                    finished: 0,
                    seen: false,
                });
            }
            if !changed {
                break;
            }
        }
    }
    Result { end: None, created: pods.len() as u64, left: (0, 0, 0) }
}

/// What the nodes do; whether anything changed.
fn advance(plan: &Plan<'_>, scenario: &Scenario, pods: &mut [Pod], now: i64, gone: &mut u64) -> bool {
    let mut changed = false;
    let length = scenario.length.seconds;
    for pod in pods.iter_mut().filter(|pod| pod.phase == Phase::Running) {
        let index = plan.indexed.then_some(pod.index);
        let way = scenario.of(plan, index, pod.attempt);
        if pod.terminating.is_none() {
            if plan.pod_deadline.is_some_and(|deadline| now >= pod.start + deadline) {
                let grace = if pod.exited.is_some() { 0 } else { plan.grace };
                pod.terminating = Some((now + grace, way.killed.clone()));
            } else if let Some(exited) = pod.exited {
                let delay = match pod.crash {
                    Some(delay) if exited - pod.last_restart <= 600 => delay,
                    _ => 0,
                };
                if now >= exited + delay {
                    let Ends::InPlace { containers, .. } = &way.ends else { panic!("restarted") };
                    pod.crash = Some(if delay == 0 { 10 } else { (delay * 2).min(300) });
                    (pod.exited, pod.last_restart, pod.run_start) = (None, now, now);
                    pod.restarts += containers;
                    pod.attempt += 1;
                    changed = true;
                }
            } else if now >= pod.run_start + length {
                changed |= way.ends != Ends::Never;
                match &way.ends {
                    Ends::Never => {}
                    Ends::Well => (pod.phase, pod.finished) = (Phase::Succeeded, now),
                    Ends::InPlace { .. } => pod.exited = Some(now),
                    Ends::Failed(failure) => {
                        let waits = failure.cause == Cause::Disruption && plan.waits_for_termination;
                        pod.terminating = Some((if waits { now + plan.grace } else { now }, failure.clone()));
                    }
                }
            }
        }
        if let Some((_, failure)) = pod.terminating.as_ref().filter(|(at, _)| now >= *at) {
            *gone += u64::from(failure.cause == Cause::Disruption);
            (pod.phase, pod.finished) = (Phase::Failed, now);
            changed = true;
        }
    }
    changed
}
