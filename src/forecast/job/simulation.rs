//! A Job on its way: what is known of it, its state, and the events so far.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::backoff::delay;
use super::classes::Classes;
use super::log::Log;
use super::plan::Plan;
use super::scenario::{Scenario, Try};
use super::state::{Item, State};
use super::success_policy::SuccessRule;

/// A Job on its way.
pub(super) struct Simulation<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) scenario: &'a Scenario,
    pub(super) rules: &'a [(usize, SuccessRule)],
    pub(super) classes: Classes,
    pub(super) last_try: u64,
    tries: BTreeMap<(usize, u64), Rc<Try>>,
    pub(super) state: State,
    pub(super) log: Log,
    /// Whether a try began in this step.
    pub(super) began: bool,
}

impl<'a> Simulation<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, scenario: &'a Scenario, rules: &'a [(usize, SuccessRule)]) -> Self {
        // Only indexes have numbers by which they can be told apart.
        let supposed = if plan.indexed { scenario.indexes() } else { BTreeSet::new() };
        let mut state = State::default();
        state.count.in_rule = vec![0; rules.len()];
        Self {
            plan,
            scenario,
            rules,
            classes: Classes::of(plan.items(), &supposed, rules),
            last_try: scenario.last_try(),
            tries: BTreeMap::new(),
            state,
            log: Log::default(),
            began: false,
        }
    }

    /// When the next Pod is created, where something waits for one.
    pub(super) fn next_creation(&self) -> Option<i64> {
        if self.plan.per_index.is_some() {
            return self.state.retries.iter().map(|retry| retry.ready).min();
        }
        (!self.state.retries.is_empty() || self.room() > 0)
            .then(|| self.state.last_failure.saturating_add(delay(self.state.failures)))
            .filter(|at| *at > self.state.now)
    }

    /// How many more Pods there may be, of those that had none yet.
    pub(super) fn room(&self) -> u64 {
        let plan = self.plan;
        let count = &self.state.count;
        let active = self.state.active();
        let wanted = match plan.completions {
            // A work queue gets no more Pods once one has found it empty.
            None if count.succeeded > 0 => active,
            None => plan.parallelism,
            Some(completions) => completions.saturating_sub(count.succeeded).min(plan.parallelism),
        };
        let free = wanted.saturating_sub(active).saturating_sub(self.state.waiting());
        free.min(plan.items().saturating_sub(self.state.fresh))
    }

    /// How a try of an item goes.
    pub(super) fn try_of(&mut self, item: &Item) -> Rc<Try> {
        let attempt = item.attempt.min(self.last_try.saturating_add(1));
        let index = self.classes.class(item.class).index;
        let (plan, scenario) = (self.plan, self.scenario);
        Rc::clone(
            self.tries
                .entry((item.class, attempt))
                .or_insert_with(|| Rc::new(scenario.of(plan, index, attempt))),
        )
    }
}
