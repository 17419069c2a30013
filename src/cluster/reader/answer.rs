//! What is asked of a cluster, and what it answers.

use crate::cluster::resource::{MissingRight, Resource};

/// What a cluster answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// What was asked for.
    Given(T),
    /// The user may not read it (403).
    Forbidden(MissingRight),
    /// The API server has no such resource (404): a group of an extension that is not installed, or a version that is not
    /// served.
    NotServed(Resource),
}

impl<T> Answer<T> {
    /// The same answer about something else.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Given(given) => Answer::Given(of(given)),
            Self::Forbidden(right) => Answer::Forbidden(right),
            Self::NotServed(resource) => Answer::NotServed(resource),
        }
    }
}

/// Which objects of a resource are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// A single namespace; none for all of them.
    pub namespace: Option<String>,
    /// A selector by labels, as kubectl takes it.
    pub labels: Option<String>,
    /// A selector by fields, as kubectl takes it.
    pub fields: Option<String>,
}
