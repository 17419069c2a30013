//! A Job step by step, as version 1.36 of the Job controller and the kubelet go on: each step is a moment at which something
//! ends or a delay is over, and everything of that moment is counted together, as in one sync of the controller.
//!
//! What takes the machinery a moment (syncs are a second apart, a Pod is scheduled and its image pulled) takes no time here.

use super::backoff::{CrashLoop, delay};
use super::cycle::{Cycles, Jump};
use super::event::{Action, By, Cause, Condition, End, Event, EventKind, Left, Reason};
use super::scenario::{Ends, Failure};
use super::simulation::Simulation;
use super::state::{Item, Next, Retry, Running};

/// The most steps that are followed one by one.
const MOST_STEPS: usize = 4_000;

/// What a Job's tries came to.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) events: Vec<Event>,
    pub(super) end: End,
    pub(super) left: Option<Left>,
    /// The Pods that were created.
    pub(super) created: u64,
}

/// What ended in a step.
#[derive(Default)]
struct Finished {
    succeeded: u64,
    failed: u64,
    fail_job: Option<usize>,
}

impl Simulation<'_> {
    /// Goes on until the Job ends, or it is clear that it never does. Without `folded`, every step is taken by itself.
    pub(super) fn run(mut self, folded: bool) -> Outcome {
        let mut cycles = Cycles::default();
        let mut end = self.sync(&Finished::default());
        let mut steps = 0;
        while end.is_none() {
            steps += 1;
            end = match self.next_moment() {
                None => Some(self.never(if self.plan.parallelism == 0 { By::Paused } else { By::Hang })),
                Some(_) if folded && steps > MOST_STEPS => Some(self.never(By::TooLong)),
                Some(moment) => {
                    self.state.now = moment;
                    self.log.begin_step();
                    self.began = false;
                    let finished = self.finish();
                    self.sync(&finished)
                }
            };
            if folded && end.is_none() {
                end = match cycles.jump(&mut self) {
                    Jump::No => None,
                    Jump::Forever => Some(self.never(By::Uncounted)),
                };
            }
        }
        let end = end.unwrap_or_else(|| self.never(By::TooLong));
        let count = &self.state.count;
        let left = end.at_seconds.map(|_| Left {
            failed_pods: count.kept,
            succeeded_pods: count.succeeded,
            deleted_pods: count.gone.saturating_add(self.state.active()),
        });
        Outcome { created: count.created, events: self.log.finish(), end, left }
    }

    fn next_moment(&self) -> Option<i64> {
        let tries = self.state.running.iter().filter_map(|running| running.next).map(|(at, _)| at).min();
        [tries, self.next_creation(), self.plan.deadline].into_iter().flatten().min()
    }

    /// Begins a run of a container, in a Pod that is new or restarts it.
    fn begin(&mut self, mut running: Running) {
        self.began = true;
        let now = self.state.now;
        let item = running.item;
        let way = self.try_of(&item);
        let by_itself = now.saturating_add(self.scenario.length.seconds);
        let killed = self.plan.pod_deadline.map(|deadline| running.pod_start.saturating_add(deadline));
        let (ends, next) = match &way.ends {
            Ends::Never => (None, Next::Fail),
            Ends::Well => (Some(by_itself), Next::Succeed),
            Ends::InPlace { .. } => (Some(by_itself), Next::Exit),
            Ends::Failed(_) => (Some(by_itself), Next::Fail),
        };
        running.next = match (ends, killed) {
            (Some(ends), Some(killed)) if ends >= killed => Some((self.after_grace(killed), Next::Kill)),
            (None, Some(killed)) => Some((self.after_grace(killed), Next::Kill)),
            (Some(ends), _) => {
                let disrupted =
                    matches!(&way.ends, Ends::Failed(failure) if failure.cause == Cause::Disruption);
                let waits = disrupted && self.plan.waits_for_termination;
                Some((if waits { self.after_grace(ends) } else { ends }, next))
            }
            (None, None) => None,
        };
        if ends.is_none() {
            let until = [running.next.map(|(at, _)| at), self.plan.deadline].into_iter().flatten().min();
            let (pods, attempt, index) = (item.count, item.attempt, item.index);
            self.log.add(now, until, EventKind::Hangs { pods, attempt, index });
        }
        self.state.running.push(running);
    }

    fn after_grace(&self, at: i64) -> i64 {
        at.saturating_add(self.plan.grace)
    }

    /// Ends what ends at this moment.
    fn finish(&mut self) -> Finished {
        let now = self.state.now;
        let (mut due, running): (Vec<Running>, _) = std::mem::take(&mut self.state.running)
            .into_iter()
            .partition(|running| running.next.is_some_and(|(at, _)| at == now));
        self.state.running = running;
        due.sort_by_key(|running| running.item.index);
        let mut finished = Finished::default();
        for mut pod in due {
            let Some((_, next)) = pod.next else { continue };
            let way = self.try_of(&pod.item);
            match (next, &way.ends) {
                (Next::Succeed, _) => self.succeed(&pod.item, &mut finished),
                (Next::Kill, _) => self.fail(pod.item, &way.killed, &mut finished),
                (Next::Exit, Ends::InPlace { failure, .. }) => self.exit(pod, failure),
                (Next::Restart, _) => {
                    // Which try failed decides how many containers were restarted.
                    let containers = match &way.ends {
                        Ends::InPlace { containers, .. } => *containers,
                        _ => 1,
                    };
                    pod.restarts = pod.restarts.saturating_add(containers);
                    pod.item.attempt = pod.item.attempt.saturating_add(1);
                    self.begin(pod);
                }
                (_, Ends::Failed(failure)) => self.fail(pod.item, failure, &mut finished),
                _ => {}
            }
        }
        finished
    }

    fn succeed(&mut self, item: &Item, finished: &mut Finished) {
        let count = &mut self.state.count;
        finished.succeeded = finished.succeeded.saturating_add(item.count);
        count.succeeded = count.succeeded.saturating_add(item.count);
        for rule in &self.classes.class(item.class).rules {
            count.in_rule[*rule] = count.in_rule[*rule].saturating_add(item.count);
        }
        let kind = EventKind::Succeeded {
            pods: item.count,
            attempt: item.attempt,
            index: item.index,
            succeeded: count.succeeded,
        };
        self.log.add(self.state.now, None, kind);
    }

    /// The kubelet notices that containers have failed, and plans to restart them.
    fn exit(&mut self, mut pod: Running, failure: &Failure) {
        let now = self.state.now;
        let (wait, crash) = pod.crash.restart(self.scenario.length.seconds);
        let restart = now.saturating_add(wait);
        let killed = self.plan.pod_deadline.map(|deadline| pod.pod_start.saturating_add(deadline));
        let kill = killed.filter(|killed| *killed <= restart);
        pod.crash = crash;
        pod.next = Some(kill.map_or((restart, Next::Restart), |kill| (kill, Next::Kill)));
        let kind = EventKind::Restarts {
            pods: pod.item.count,
            attempt: pod.item.attempt,
            index: pod.item.index,
            exit_code: failure.exit_code,
            container: failure.container.clone(),
            next_at_seconds: kill.is_none().then_some(restart),
            counts: self.plan.on_failure,
        };
        self.log.add(now, None, kind);
        self.state.running.push(pod);
    }

    fn fail(&mut self, mut item: Item, failure: &Failure, finished: &mut Finished) {
        let now = self.state.now;
        let decision = failure.decision;
        let counts = decision.action != Action::Ignore;
        finished.failed = finished.failed.saturating_add(item.count);
        if decision.action == Action::FailJob {
            finished.fail_job = finished.fail_job.or(decision.rule);
        }
        let index_failed = self
            .plan
            .per_index
            .is_some_and(|limit| decision.action == Action::FailIndex || counts && item.counted >= limit);
        let count = &mut self.state.count;
        if counts {
            count.failed = count.failed.saturating_add(item.count);
        }
        let stays = if failure.cause == Cause::Disruption { &mut count.gone } else { &mut count.kept };
        *stays = stays.saturating_add(item.count);
        let kind = EventKind::Failed {
            pods: item.count,
            attempt: item.attempt,
            index: item.index,
            cause: failure.cause,
            exit_code: failure.exit_code,
            container: failure.container.clone(),
            rule: decision.rule,
            action: decision.action,
            failures: count.failed,
            next_at_seconds: None,
        };
        let event = self.log.add(now, None, kind);
        if index_failed {
            count.failed_indexes = count.failed_indexes.saturating_add(item.count);
            let kind = EventKind::IndexFailed {
                indexes: item.count,
                index: item.index,
                failed_indexes: count.failed_indexes,
            };
            self.log.add(now, None, kind);
            return;
        }
        item.attempt = item.attempt.saturating_add(1);
        item.failed_pods = item.failed_pods.saturating_add(1);
        item.counted = item.counted.saturating_add(u64::from(counts));
        let ready = now.saturating_add(delay(item.failed_pods));
        self.state.retries.push(Retry { item, ready, event: Some(event) });
    }

    /// What the controller makes of it, in its own order.
    fn sync(&mut self, finished: &Finished) -> Option<End> {
        if finished.succeeded > 0 {
            // What failed at the same moment did not fail after the success.
            self.state.failures = 0;
        } else if finished.failed > 0 {
            self.state.failures = self.state.failures.saturating_add(finished.failed);
            self.state.last_failure = self.state.now;
        }
        if let Some(end) = self.ended(finished) {
            return Some(end);
        }
        self.create();
        let done = match self.plan.completions {
            None => self.state.count.succeeded > 0,
            Some(completions) => self.state.count.succeeded >= completions,
        };
        let succeeded = self.state.count.succeeded;
        (done && self.state.running.is_empty())
            .then(|| self.end(Condition::Complete, Reason::CompletionsReached, By::Completions { succeeded }))
    }

    fn ended(&self, finished: &Finished) -> Option<End> {
        let (plan, count) = (self.plan, &self.state.count);
        let failed = |reason, by| Some(self.end(Condition::Failed, reason, by));
        if let Some(rule) = finished.fail_job {
            return failed(Reason::PodFailurePolicy, By::PodFailurePolicy { rule });
        }
        let limit = plan.backoff_limit;
        if count.failed > limit {
            let by = By::BackoffLimit { limit, failures: count.failed };
            return failed(Reason::BackoffLimitExceeded, by);
        }
        let restarts = self.state.restarts();
        if plan.on_failure && restarts >= limit.max(1) {
            return failed(Reason::BackoffLimitExceeded, By::Restarts { limit, restarts });
        }
        if let Some(seconds) = plan.deadline.filter(|deadline| self.state.now >= *deadline) {
            return failed(Reason::DeadlineExceeded, By::Deadline { seconds });
        }
        if let Some(limit) = plan.max_failed_indexes.filter(|limit| count.failed_indexes > *limit) {
            let by = By::MaxFailedIndexes { limit, failed: count.failed_indexes };
            return failed(Reason::MaxFailedIndexesExceeded, by);
        }
        let all = count.failed_indexes.saturating_add(count.succeeded) >= plan.items();
        if count.failed_indexes > 0 && all {
            return failed(Reason::FailedIndexes, By::FailedIndexes { failed: count.failed_indexes });
        }
        let met = |at: &usize| count.in_rule[*at] >= self.rules[*at].1.needed;
        let rule = (0..self.rules.len()).find(met).filter(|_| count.succeeded > 0)?;
        let by = By::SuccessPolicy { rule: self.rules[rule].0 };
        Some(self.end(Condition::Complete, Reason::SuccessPolicy, by))
    }

    /// Creates the Pods that may be created now: those that are tried again first, as their indexes are the lowest.
    fn create(&mut self) {
        let now = self.state.now;
        if self.plan.completions.is_none() && self.state.count.succeeded > 0 {
            self.state.retries.clear();
            return;
        }
        // An index that waits for its delay keeps its place: no other is begun instead of it.
        let room = self.room();
        let per_index = self.plan.per_index.is_some();
        let ready_at = self.state.last_failure.saturating_add(delay(self.state.failures));
        if !per_index && self.state.failures > 0 && now < ready_at {
            return;
        }
        let (ready, waiting): (Vec<Retry>, _) = std::mem::take(&mut self.state.retries)
            .into_iter()
            .partition(|retry| !per_index || retry.ready <= now);
        self.state.retries = waiting;
        let mut again: Vec<Item> = Vec::new();
        for retry in ready {
            if let Some(event) = retry.event {
                self.log.tried_again(event, now);
            }
            let item = retry.item;
            let alike = |one: &&mut Item| Item { count: item.count, index: item.index, ..**one } == item;
            match again.iter_mut().find(alike) {
                Some(one) => *one = Item { count: one.count.saturating_add(item.count), index: None, ..*one },
                None => again.push(item),
            }
        }
        for item in again {
            self.create_pods(item);
        }
        let mut fresh: Vec<Item> = Vec::new();
        let until = self.state.fresh.saturating_add(room);
        while self.state.fresh < until {
            let (class, _, end) = self.classes.at(self.state.fresh);
            let count = end.min(until) - self.state.fresh;
            let index = (self.plan.indexed && count == 1).then_some(self.state.fresh);
            match fresh.iter_mut().find(|item| item.class == class) {
                Some(item) => {
                    (item.count, item.index) = (item.count.saturating_add(count), None);
                }
                None => {
                    fresh.push(Item { class, count, index, attempt: 1, failed_pods: 0, counted: 0 });
                }
            }
            self.state.fresh += count;
        }
        if room > 0 {
            let index = fresh.first().and_then(|item| item.index).filter(|_| room == 1);
            let kind = EventKind::Started { pods: room, index, started: self.state.fresh };
            self.log.add(now, None, kind);
        }
        for item in fresh {
            self.create_pods(item);
        }
    }

    fn create_pods(&mut self, item: Item) {
        self.state.count.created = self.state.count.created.saturating_add(item.count);
        let pod_start = self.state.now;
        self.begin(Running { next: None, item, pod_start, restarts: 0, crash: CrashLoop::default() });
    }

    fn end(&self, condition: Condition, reason: Reason, by: By) -> End {
        let now = self.state.now;
        let deleted = !self.state.running.is_empty();
        End {
            certain: true,
            at_seconds: Some(now),
            finished_by_seconds: Some(if deleted { self.after_grace(now) } else { now }),
            condition: Some(condition),
            reason: Some(reason),
            by,
        }
    }

    /// It does not end, or too late to be followed: then the deadline ends it at the latest.
    fn never(&self, by: By) -> End {
        let deadline = self.plan.deadline.filter(|_| by == By::TooLong);
        End {
            certain: false,
            at_seconds: None,
            finished_by_seconds: deadline.map(|deadline| self.after_grace(deadline)),
            condition: None,
            reason: None,
            by,
        }
    }
}
