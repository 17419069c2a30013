//! What rules cannot compute from the object in hand.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Services;
use crate::policy::Policy;

use super::Input;

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
}
