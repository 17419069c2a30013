//! Whether a neighbour and a Job end up in the same namespace.

use super::{Known, Neighbour, NeighbourSource};
use crate::engine::{Object, RuleContext, Severity};

/// How surely a neighbour is beside an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// It may well be elsewhere.
    Unlikely,
    /// One of the two says no namespace, and they stand together.
    Likely,
    /// They are in the same namespace.
    Certain,
}

impl Nearness {
    /// The severest that a finding can be which holds only where the two are together; none where it would be a mere guess.
    pub fn severest(self) -> Option<Severity> {
        match self {
            Self::Unlikely => None,
            Self::Likely => Some(Severity::Info),
            Self::Certain => Some(Severity::Error),
        }
    }
}

impl Known {
    /// What a finding about both begins with where only one of the two says its namespace: the other must go there, too.
    pub fn condition(&self, neighbour: &Neighbour, object: &Object) -> String {
        match (self.source, object.namespace(), neighbour.namespace.as_deref()) {
            (NeighbourSource::Input, Some(one), None) | (NeighbourSource::Input, None, Some(one)) => {
                format!("if both are applied to the namespace {one:?}, ")
            }
            _ => String::new(),
        }
    }

    /// How surely `neighbour`, which is one of these, is in the namespace of `object`. A manifest without a namespace goes
    /// wherever it is applied: two of them in one folder go together.
    pub fn nearness(&self, neighbour: &Neighbour, object: &Object, context: &RuleContext<'_>) -> Nearness {
        let together = || {
            let folder = |file: &str| file.rsplit_once('/').map_or(0, |(folder, _)| folder.len());
            let beside = |one: &str, other: &str| one[..folder(one)] == other[..folder(other)];
            context
                .file()
                .zip(neighbour.origin.file.as_deref())
                .is_some_and(|(one, other)| beside(one, other))
        };
        match (self.source, object.namespace(), neighbour.namespace.as_deref()) {
            (NeighbourSource::Cluster, ..) => Nearness::Certain,
            (_, Some(one), Some(other)) if one == other => Nearness::Certain,
            (_, Some(_), Some(_)) => Nearness::Unlikely,
            (_, None, None) if together() => Nearness::Certain,
            (..) if together() => Nearness::Likely,
            _ => Nearness::Unlikely,
        }
    }
}
