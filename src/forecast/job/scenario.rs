//! How each try goes, as the rest of the forecast asks for it.

use std::collections::BTreeSet;

use super::event::{Action, Cause, TryLength, TryLengthSource};
use super::failure_policy::Decision;
use super::plan::Plan;
use super::what_if::{Happening, WhatIf, happenings};

/// What a container that is killed ends with; one that handles SIGTERM may end with another.
const KILLED: i32 = 137;

/// What becomes of tries.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) what_if: Vec<WhatIf>,
    /// How long a try takes that ends by itself, or is disrupted.
    pub(super) length: TryLength,
}

/// What becomes of one try, where no deadline ends it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Try {
    pub(super) ends: Ends,
    /// What the Pod's own deadline makes of it.
    pub(super) killed: Failure,
}

/// How a try ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ends {
    Well,
    /// So many containers fail, and the kubelet restarts them in their Pod.
    InPlace {
        failure: Failure,
        containers: u64,
    },
    /// The Pod has failed.
    Failed(Failure),
    Never,
}

/// A failure of a Pod, or of a container in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) cause: Cause,
    pub(super) exit_code: Option<i32>,
    pub(super) container: Option<String>,
    pub(super) decision: Decision,
}

impl Scenario {
    /// Every try of every container ends well.
    pub(super) fn success(length: TryLength) -> Self {
        Self { what_if: Vec::new(), length }
    }

    /// Every try fails, each as late as it can, and in the way that lets the Job go on longest.
    pub(super) fn worst(plan: &Plan<'_>, expected: Option<i64>) -> Self {
        let length = TryLength::of(expected);
        let every = |happening| vec![WhatIf::every(happening)];
        if let (None, Some(deadline)) = (expected, plan.pod_deadline) {
            let source = TryLengthSource::PodDeadline;
            let hang = Self {
                what_if: every(Happening::Hang),
                length: TryLength { seconds: deadline.saturating_add(plan.grace), source },
            };
            if matches!(hang.of(plan, None, 1).killed.decision.action, Action::Count | Action::Ignore) {
                return hang;
            }
            let length = TryLength { seconds: deadline.saturating_sub(1).max(0), source };
            return Self { what_if: every(Happening::Exit { code: worst_code(plan) }), length };
        }
        Self { what_if: every(Happening::Exit { code: worst_code(plan) }), length }
    }

    /// The last try that is told apart from those after it.
    pub(super) fn last_try(&self) -> u64 {
        self.what_if.iter().filter_map(|one| one.attempt).max().unwrap_or(0)
    }

    /// The indexes that are told apart.
    pub(super) fn indexes(&self) -> BTreeSet<u64> {
        self.what_if.iter().filter_map(|one| one.index).collect()
    }

    /// How a try goes.
    pub(super) fn of(&self, plan: &Plan<'_>, index: Option<u64>, attempt: u64) -> Try {
        let first = plan.first_container().map_or("", |container| container.name.as_str());
        let mut exits: Vec<(String, i32)> = Vec::new();
        let (mut disrupted, mut hangs) = (false, false);
        // What is said of a container by name goes before what is said of the first.
        let (named, unnamed): (Vec<_>, Vec<_>) = happenings(&self.what_if, index, attempt)
            .into_iter()
            .partition(|(container, _)| container.is_some());
        let first_named = named.iter().any(|(container, _)| *container == Some(first));
        for (container, happening) in named.into_iter().chain(unnamed) {
            if container.is_none() && first_named && happening != Happening::Disruption {
                continue;
            }
            match happening {
                Happening::Exit { code } => exits.push((container.unwrap_or(first).to_owned(), code)),
                Happening::Disruption => disrupted = true,
                Happening::Hang => hangs = true,
                Happening::Success => {}
            }
        }
        let failure = |cause, exits: &[(String, i32)], disrupted| Failure {
            cause,
            exit_code: exits.first().map(|(_, code)| *code),
            container: exits.first().map(|(name, _)| name.clone()),
            decision: Decision::of(plan.failure_rules, exits, disrupted),
        };
        let mut all_killed = exits.clone();
        for container in plan.pod.iter().flat_map(|pod| &pod.containers) {
            if !exits.iter().any(|(name, _)| *name == container.name) {
                all_killed.push((container.name.clone(), KILLED));
            }
        }
        let restarted =
            exits.iter().filter(|(name, code)| plan.restarts_in_place(name, *code)).count() as u64;
        let ends = if disrupted {
            Ends::Failed(failure(Cause::Disruption, &all_killed, true))
        } else if hangs {
            Ends::Never
        } else if exits.is_empty() {
            Ends::Well
        } else if restarted > 0 {
            Ends::InPlace { failure: failure(Cause::ExitCode, &exits, false), containers: restarted }
        } else {
            Ends::Failed(failure(Cause::ExitCode, &exits, false))
        };
        Try { ends, killed: failure(Cause::PodDeadline, &all_killed, false) }
    }
}

/// The exit code that lets the Job go on longest: one that counts, else one that is ignored.
fn worst_code(plan: &Plan<'_>) -> i32 {
    let name = plan.first_container().map_or("", |container| container.name.as_str());
    let badness = |code: &i32| {
        if plan.restarts_in_place(name, *code) {
            return 0;
        }
        match Decision::of(plan.failure_rules, &[(name.to_owned(), *code)], false).action {
            Action::Count => 0,
            Action::Ignore => 1,
            Action::FailIndex => 2,
            Action::FailJob => 3,
        }
    };
    // The first of those that are alike: 1, where it is no worse than others.
    (1..=255).min_by_key(badness).unwrap_or(1)
}
