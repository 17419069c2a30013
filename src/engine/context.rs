//! What rules cannot compute from the object in hand.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Services;
use crate::policy::Policy;

use super::{Cancellation, Input};

/// Everything a verdict depends on besides the object.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Which rules speak, and how loudly.
    pub policy: &'a Policy,
    /// The Services that are known.
    pub services: &'a Services,
    /// What the other objects of the input say about this one.
    pub input: Input<'a>,
    /// The time to judge schedules at.
    pub now: Timestamp,
    /// The labels of the object's namespace, where they are known.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
    /// Ends the evaluation once nobody waits for it; none where it is to end by itself.
    pub cancellation: Option<&'a Cancellation>,
}

impl Context<'_> {
    /// Whether nobody waits for the verdict any more.
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.is_some_and(Cancellation::is_cancelled)
    }
}
