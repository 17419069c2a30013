//! What rules cannot compute from the object in hand.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::policy::Policy;

use super::{Cancellation, Input, Neighbours, Registry, RequestFacts};

/// Everything a verdict depends on besides the object.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The rules that there are: those that the policy was loaded with.
    pub registry: &'a Registry,
    /// Which of them are on, and at which level.
    pub policy: &'a Policy,
    /// The objects beside this one that are known.
    pub neighbours: &'a Neighbours,
    /// The file that the object stands in, as reports name it.
    pub file: Option<&'a str>,
    /// What the other objects of the input say about this one.
    pub input: Input<'a>,
    /// The time to judge schedules at.
    pub now: Timestamp,
    /// The labels of the object's namespace, where they are known.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
    /// Ends the evaluation once its verdict is of no use any more; none where it is to end by itself.
    pub cancellation: Option<&'a Cancellation>,
    /// Who asks for the object.
    pub author: Author<'a>,
}

impl Context<'_> {
    /// Whether the verdict is of no use any more.
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.is_some_and(Cancellation::is_cancelled)
    }
}

/// Who asks for an object, and what that says of the owner that the object names. By default neither is known, as of a
/// manifest, which is taken at its word.
#[derive(Debug, Clone, Copy, Default)]
pub struct Author<'a> {
    /// The user's name.
    pub user: Option<&'a str>,
    /// Whether the owner is no more than the object's word: see [`Owner::in_doubt`](crate::policy::Owner::in_doubt).
    pub doubts_owner: bool,
    /// The owner's labels, where they are known.
    pub owner_labels: Option<&'a BTreeMap<String, String>>,
    /// The request, where there is one.
    pub request: Option<RequestFacts<'a>>,
}
