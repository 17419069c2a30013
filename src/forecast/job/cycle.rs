//! Skips what repeats itself: once a Job is in a state in which it was before, but for what only counts up, the steps between
//! are taken again and again until one of those counts comes to a limit. So a `backoffLimit` of two thousand million, or a
//! thousand million completions, cost no more than a few.

use std::collections::BTreeMap;

use super::backoff::{CrashLoop, STEADY, delay};
use super::event::{EventKind, Tries};
use super::simulation::Simulation;
use super::state::{Item, Next, State};

/// From how many times on what repeats itself is skipped.
const WORTH: u64 = 2;

/// What came of an attempt to skip.
pub(super) enum Jump {
    /// Nothing, or some cycles were skipped: the Job goes on.
    No,
    /// What repeats itself never comes to an end.
    Forever,
}

/// All of a state that decides what comes next, but for limits and for what counts up towards them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    running: Vec<RunningKey>,
    retries: Vec<(ItemKey, i64)>,
    /// Failures in a row, as far as the delay tells them apart, and how long ago the last was.
    failures: Option<(u64, i64)>,
    any_success: bool,
}

/// The class, how many, which try and how many failed Pods before it, as far as these tell it apart.
type ItemKey = (usize, u64, u64, u64);

/// Besides, how long until what happens next, and since the Pod's start where it has a deadline.
type RunningKey = (ItemKey, Option<(i64, Next)>, Option<i64>, CrashLoop);

/// The states in which a Job was.
#[derive(Default)]
pub(super) struct Cycles {
    seen: BTreeMap<Key, (usize, State)>,
    /// The restarts that count, after each step.
    restarts: Vec<u64>,
}

impl Cycles {
    /// Skips as many cycles as come to no limit, where the state is one in which the Job was before.
    pub(super) fn jump(&mut self, job: &mut Simulation<'_>) -> Jump {
        self.restarts.push(job.state.restarts());
        // Where no try began, the state is not the one to compare.
        if !job.began {
            return Jump::No;
        }
        job.state.running.sort_by_key(|running| (running.next, running.item));
        job.state.retries.sort_by_key(|retry| retry.item.index);
        let key = key(job);
        let step = self.restarts.len();
        if let Some((since, before)) = self.seen.get(&key) {
            let peak = self.restarts[*since..].iter().copied().max().unwrap_or(0);
            match (times(job, before, peak), job.state.now > before.now) {
                (Some(None), false) => {}
                (Some(None), true) => {
                    note(job, before, None);
                    return Jump::Forever;
                }
                (Some(Some(times)), _) if times >= WORTH => {
                    note(job, before, Some(times));
                    skip(job, before, times);
                }
                _ => {}
            }
        }
        self.seen.insert(key, (step, job.state.clone()));
        Jump::No
    }
}

fn key(job: &Simulation<'_>) -> Key {
    let state = &job.state;
    let told_apart = job.last_try.saturating_add(1);
    let item =
        |item: &Item| (item.class, item.count, item.attempt.min(told_apart), item.failed_pods.min(STEADY));
    let ago = |at: i64| at.saturating_sub(state.now);
    let has_pod_deadline = job.plan.pod_deadline.is_some();
    Key {
        running: state
            .running
            .iter()
            .map(|running| {
                let next = running.next.map(|(at, next)| (ago(at), next));
                let start = has_pod_deadline.then(|| ago(running.pod_start));
                (item(&running.item), next, start, running.crash)
            })
            .collect(),
        retries: state.retries.iter().map(|retry| (item(&retry.item), ago(retry.ready))).collect(),
        // Longer ago than any delay, it is all the same.
        failures: (state.failures > 0)
            .then(|| (state.failures.min(STEADY), ago(state.last_failure).max(-delay(STEADY)))),
        any_success: job.plan.completions.is_none() && state.count.succeeded > 0,
    }
}

/// How often the steps since `before` can be taken again before anything comes to a limit. `Some(None)`: as often as one likes.
/// None where they are no cycle: something counts down.
fn times(job: &Simulation<'_>, before: &State, peak: u64) -> Option<Option<u64>> {
    let (state, plan) = (&job.state, job.plan);
    let mut most: Option<u64> = None;
    let mut bound = |value: u64, each: u64, limit: Option<u64>| {
        if let Some(limit) = limit.filter(|_| each > 0) {
            let times = limit.saturating_sub(value) / each;
            most = Some(most.map_or(times, |most| most.min(times)));
        }
    };
    let cycle = state.count.since(&before.count);
    let seconds = state.now.saturating_sub(before.now).unsigned_abs();
    // The last cycle ends before the deadline.
    let deadline = plan.deadline.map(|deadline| deadline.saturating_sub(1).max(0).unsigned_abs());
    bound(state.now.unsigned_abs(), seconds, deadline);
    bound(state.count.failed, cycle.failed, Some(plan.backoff_limit));
    bound(state.count.failed_indexes, cycle.failed_indexes, plan.max_failed_indexes);
    if plan.on_failure {
        let each = state.restarts().checked_sub(before.restarts())?;
        bound(peak, each, Some(plan.backoff_limit.max(1) - 1));
    }
    // Indexes that have had no Pod yet, as far as they are alike, and as long as there are more than are wanted at once.
    if state.fresh > before.fresh {
        let (_, start, end) = job.classes.at(before.fresh);
        let last = if before.fresh >= start && state.fresh <= end { end } else { state.fresh };
        bound(state.fresh, state.fresh - before.fresh, Some(last));
    }
    let enough = plan.completions.map(|completions| completions.saturating_sub(plan.parallelism));
    bound(state.count.succeeded, cycle.succeeded, enough);
    for (at, (_, rule)) in job.rules.iter().enumerate() {
        bound(state.count.in_rule[at], cycle.in_rule[at], Some(rule.needed - 1));
    }
    for (item, old) in items(state).zip(items(before)) {
        item.attempt.checked_sub(old.attempt)?;
        item.failed_pods.checked_sub(old.failed_pods)?;
        item.index.unwrap_or(0).checked_sub(old.index.unwrap_or(0))?;
        bound(item.counted, item.counted.checked_sub(old.counted)?, plan.per_index);
    }
    for (running, old) in state.running.iter().zip(&before.running) {
        running.restarts.checked_sub(old.restarts)?;
    }
    state.failures.checked_sub(before.failures)?;
    Some(most)
}

fn items(state: &State) -> impl Iterator<Item = &Item> {
    state.running.iter().map(|one| &one.item).chain(state.retries.iter().map(|one| &one.item))
}

/// Tells of the cycles that are skipped.
fn note(job: &mut Simulation<'_>, before: &State, times: Option<u64>) {
    let state = &job.state;
    let every = state.now.saturating_sub(before.now);
    let cycle = state.count.since(&before.count);
    let mut all =
        items(state).zip(items(before)).map(|(item, old)| (item.attempt, item.attempt - old.attempt));
    let tries = all
        .next()
        .filter(|first| first.1 > 0 && all.all(|other| other == *first) && state.retries.is_empty())
        .map(|(attempt, each)| Tries {
            from: attempt,
            to: times.map(|times| attempt.saturating_add(each.saturating_mul(times)).saturating_sub(1)),
        });
    let sum = |each: u64| each.saturating_mul(times.unwrap_or(u64::from(each > 0)));
    let kind = EventKind::Repeated {
        every_seconds: every,
        times,
        tries,
        failures: sum(cycle.failed),
        successes: sum(cycle.succeeded),
        failed_indexes: sum(cycle.failed_indexes),
    };
    let now = state.now;
    let until = times.map(|times| later(now, every, times));
    job.log.add(now, until, kind);
}

fn later(at: i64, every: i64, times: u64) -> i64 {
    at.saturating_add(every.saturating_mul(i64::try_from(times).unwrap_or(i64::MAX)))
}

fn skip(job: &mut Simulation<'_>, before: &State, times: u64) {
    // An index that waits for a new Pod now gets it when planned; the one that is created later is another.
    let planned = job.next_creation();
    for retry in &mut job.state.retries {
        let at = if job.plan.per_index.is_some() { Some(retry.ready) } else { planned };
        if let (Some(event), Some(at)) = (retry.event.take(), at) {
            job.log.tried_again(event, at);
        }
    }
    let state = &mut job.state;
    let every = state.now.saturating_sub(before.now);
    let shift = |at: &mut i64| *at = later(*at, every, times);
    let grow = |value: &mut u64, old: u64| {
        *value = value.saturating_add(value.saturating_sub(old).saturating_mul(times));
    };
    let advance = |item: &mut Item, old: &Item| {
        grow(&mut item.attempt, old.attempt);
        grow(&mut item.failed_pods, old.failed_pods);
        grow(&mut item.counted, old.counted);
        if let (Some(index), Some(old)) = (&mut item.index, old.index) {
            grow(index, old);
        }
    };
    for (running, old) in state.running.iter_mut().zip(&before.running) {
        advance(&mut running.item, &old.item);
        grow(&mut running.restarts, old.restarts);
        shift(&mut running.pod_start);
        if let Some((at, _)) = &mut running.next {
            shift(at);
        }
    }
    for (retry, old) in state.retries.iter_mut().zip(&before.retries) {
        advance(&mut retry.item, &old.item);
        shift(&mut retry.ready);
    }
    grow(&mut state.fresh, before.fresh);
    grow(&mut state.failures, before.failures);
    let cycle = state.count.since(&before.count);
    state.count.add(&cycle, times);
    shift(&mut state.last_failure);
    shift(&mut state.now);
}
