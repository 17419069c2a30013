//! What is known of the objects beside a Job: Services that select its Pods, quotas of its namespace, ConfigMaps that it
//! reads ...

mod facts;
mod index;
mod kind;
mod near;
mod questions;
mod selector;

use std::sync::Arc;

use jiff::Timestamp;

pub use facts::{
    BudgetFacts, Entries, Facts, LimitFacts, Neighbour, Origin, QuotaFacts, ScopeFacts, ServiceFacts,
};
pub use index::NeighbourIndex;
pub use kind::{NeighbourKind, NeighbourKinds};
pub use near::Nearness;
pub use questions::{Answers, Question, Questions};
pub use selector::{Expression, Operator, Selector};

/// What is known of the neighbours of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Listing {
    /// Nothing: none was given, or none was looked for.
    #[default]
    Unknown,
    /// Not known yet, but before the end: a rule that asks is asked again then.
    Pending,
    /// Those that there are, by the source named.
    Known(Known),
}

/// Neighbours of one kind that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Where they were looked for.
    pub source: NeighbourSource,
    /// The neighbours.
    pub index: NeighbourIndex,
    /// Whether there may be others in the same place: manifests that cannot be read, or that something else makes.
    pub partial: bool,
    /// Since when nothing has been heard of them, where that is so: they may be others by now.
    pub lost: Option<Timestamp>,
}

/// Where knowledge of neighbours comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeighbourSource {
    /// The files given to the linter.
    Input,
    /// A running cluster.
    Cluster,
}

/// What is known of the neighbours of every kind. Cheap to copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    listings: [Arc<Listing>; NeighbourKind::ALL.len()],
}

impl Listing {
    /// The neighbours, where they are known.
    pub fn known(&self) -> Option<&Known> {
        match self {
            Self::Known(known) => Some(known),
            Self::Unknown | Self::Pending => None,
        }
    }
}

impl Neighbours {
    /// Nothing is known yet, but will be.
    pub fn pending() -> Self {
        Self { listings: std::array::from_fn(|_| Arc::new(Listing::Pending)) }
    }

    /// Whether any kind is not known yet.
    pub fn are_pending(&self) -> bool {
        self.listings.iter().any(|listing| **listing == Listing::Pending)
    }

    /// What is known of a kind.
    pub fn of(&self, kind: NeighbourKind) -> &Listing {
        &self.listings[kind as usize]
    }

    /// Replaces what is known of a kind.
    pub fn set(&mut self, kind: NeighbourKind, listing: impl Into<Arc<Listing>>) {
        self.listings[kind as usize] = listing.into();
    }
}
