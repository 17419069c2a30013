//! A Job at a moment, as its controller and the kubelet see it. Pods that are alike and began together are one entry, so that
//! a million of them cost what one costs.

use super::backoff::CrashLoop;

/// Something that a Pod is to do, or several that are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) class: usize,
    pub(super) count: u64,
    /// The index, where it is one.
    pub(super) index: Option<u64>,
    /// Which try this is, or the next one, from 1: each run of a container is one.
    pub(super) attempt: u64,
    /// Pods that have failed over it, also those whose failure does not count.
    pub(super) failed_pods: u64,
    /// Failures over it that count.
    pub(super) counted: u64,
}

/// What happens to Pods next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Next {
    Succeed,
    Fail,
    /// The containers end, and the kubelet is to restart them.
    Exit,
    Restart,
    /// The Pod's deadline ends them.
    Kill,
}

/// Pods that are there and have not finished.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    /// When the next thing happens to them, and what; none where nothing does.
    pub(super) next: Option<(i64, Next)>,
    pub(super) item: Item,
    pub(super) pod_start: i64,
    /// The restarts of each of these Pods.
    pub(super) restarts: u64,
    pub(super) crash: CrashLoop,
}

/// Something that waits for a new Pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retry {
    pub(super) item: Item,
    /// When its own delay is over; with `backoffLimitPerIndex`, each index has its own.
    pub(super) ready: i64,
    /// The event of the failure, where it is still to be reported when the next Pod comes.
    pub(super) event: Option<usize>,
}

/// What has been counted since the Job's start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) created: u64,
    /// Failed Pods that count towards `backoffLimit`.
    pub(super) failed: u64,
    pub(super) succeeded: u64,
    pub(super) failed_indexes: u64,
    /// Failed Pods that stay.
    pub(super) kept: u64,
    /// Failed Pods that are deleted.
    pub(super) gone: u64,
    /// What has succeeded of each rule of the successPolicy.
    pub(super) in_rule: Vec<u64>,
}

impl Counters {
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            created: self.created.saturating_sub(before.created),
            failed: self.failed.saturating_sub(before.failed),
            succeeded: self.succeeded.saturating_sub(before.succeeded),
            failed_indexes: self.failed_indexes.saturating_sub(before.failed_indexes),
            kept: self.kept.saturating_sub(before.kept),
            gone: self.gone.saturating_sub(before.gone),
            in_rule: self.in_rule.iter().zip(&before.in_rule).map(|(a, b)| a.saturating_sub(*b)).collect(),
        }
    }

    pub(super) fn add(&mut self, cycle: &Self, times: u64) {
        let add = |mine: &mut u64, each: u64| *mine = mine.saturating_add(each.saturating_mul(times));
        add(&mut self.created, cycle.created);
        add(&mut self.failed, cycle.failed);
        add(&mut self.succeeded, cycle.succeeded);
        add(&mut self.failed_indexes, cycle.failed_indexes);
        add(&mut self.kept, cycle.kept);
        add(&mut self.gone, cycle.gone);
        for (mine, each) in self.in_rule.iter_mut().zip(&cycle.in_rule) {
            add(mine, *each);
        }
    }
}

/// A Job at a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) now: i64,
    pub(super) running: Vec<Running>,
    /// In the order of their indexes.
    pub(super) retries: Vec<Retry>,
    /// The first index that has had no Pod yet.
    pub(super) fresh: u64,
    /// Failures since the last success, and when the last one was: what the Job's own delay is made of.
    pub(super) failures: u64,
    pub(super) last_failure: i64,
    pub(super) count: Counters,
}

impl State {
    /// The Pods that are there and have not finished.
    pub(super) fn active(&self) -> u64 {
        self.running.iter().fold(0, |sum, running| sum.saturating_add(running.item.count))
    }

    /// What waits for a new Pod.
    pub(super) fn waiting(&self) -> u64 {
        self.retries.iter().fold(0, |sum, retry| sum.saturating_add(retry.item.count))
    }

    /// The restarts of all Pods that have not finished.
    pub(super) fn restarts(&self) -> u64 {
        self.running
            .iter()
            .fold(0, |sum, running| sum.saturating_add(running.restarts.saturating_mul(running.item.count)))
    }
}
