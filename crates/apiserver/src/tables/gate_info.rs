//! What the table of gates is made of: a gate has a state in each version.

use std::fmt;

use super::gates::{Gate, NEWEST_MINOR, OLDEST_MINOR};

/// How far a feature has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Off unless somebody switches it on; it may change or go.
    Alpha,
    /// Usually on.
    Beta,
    /// Generally available.
    Ga,
    /// On its way out.
    Deprecated,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Ga => "GA",
            Self::Deprecated => "deprecated",
        })
    }
}

/// A feature gate in one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// Whether it is on by default.
    pub on: bool,
    /// Its stage.
    pub stage: Stage,
    /// Whether the default is all that the API server accepts.
    pub locked: bool,
}

/// How many versions the tables know.
pub(super) const VERSIONS: usize = (NEWEST_MINOR - OLDEST_MINOR) as usize + 1;

/// A gate's name and states.
#[derive(Debug)]
pub(super) struct GateInfo {
    pub(super) gate: Gate,
    pub(super) name: &'static str,
    /// By minor version, from the oldest; none where the version does not know the gate.
    pub(super) states: [Option<State>; VERSIONS],
}

impl GateInfo {
    /// A gate with the states that differ from the version before, in order.
    pub(super) const fn new(gate: Gate, name: &'static str, changes: &[(u8, Option<State>)]) -> Self {
        let mut states = [None; VERSIONS];
        let mut change = 0;
        while change < changes.len() {
            let (minor, state) = changes[change];
            let mut at = (minor - OLDEST_MINOR) as usize;
            while at < VERSIONS {
                states[at] = state;
                at += 1;
            }
            change += 1;
        }
        Self { gate, name, states }
    }
}
