//! One rule of a policy's own.

use std::sync::Arc;

use super::compiled::Compiled;
use crate::policy::subject::{Match, Subject};
use crate::policy::{Level, Place};

/// How an object is treated for which the expression has no value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// It is at fault, at the rule's level: as the API server does by default.
    #[default]
    Deny,
    /// It is warned about at most.
    Warn,
}

impl OnError {
    /// The word in a policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
        }
    }
}

/// A rule of a policy's own.
#[derive(Debug, Clone)]
pub struct OwnRule {
    /// `category/name`.
    pub id: String,
    /// Its level, before `rules` and overrides.
    pub level: Level,
    /// Whether the level is written, and not the default.
    pub(super) has_level: bool,
    /// Where it is written.
    pub place: Place,
    /// Which objects it is about; none for all.
    pub matching: Option<Match>,
    /// What has to be true, as it is written.
    pub expression: String,
    /// The message if it is not true.
    pub message: Option<String>,
    /// The message as an expression, which takes precedence.
    pub message_expression: Option<String>,
    /// The field to point at, as findings name it, or from `job.` on.
    pub path: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Where more can be read.
    pub docs: Option<String>,
    /// How an object is treated for which the expression has no value.
    pub on_error: OnError,
    /// The expressions, compiled.
    pub compiled: Arc<Compiled>,
}

impl PartialEq for OwnRule {
    fn eq(&self, other: &Self) -> bool {
        // The programs follow from the rest, and where a rule is written makes no difference.
        self.id == other.id
            && self.level == other.level
            && self.has_level == other.has_level
            && self.matching == other.matching
            && self.expression == other.expression
            && self.message == other.message
            && self.message_expression == other.message_expression
            && self.path == other.path
            && self.help == other.help
            && self.docs == other.docs
            && self.on_error == other.on_error
    }
}

impl OwnRule {
    /// Whether the rule is about an object: what it says of kinds is about the object itself, since the expression is.
    pub fn is_about(&self, subject: &Subject<'_>) -> bool {
        self.matching.as_ref().is_none_or(|matching| matching.covers_itself(subject))
    }

    /// What the expressions make use of that API servers do not know (`schedule.minInterval`, `job.spec`, `cel.bind`), in order:
    /// nothing where an API server's ValidatingAdmissionPolicy could evaluate them as they stand.
    pub fn beyond_kubernetes(&self) -> Vec<String> {
        self.compiled.beyond_kubernetes()
    }

    /// What the expressions make use of that API servers of a minor version of Kubernetes do not take in a new policy yet: each
    /// function or macro, and the first minor version that takes it.
    pub fn newer_than(&self, minor: u8) -> Vec<(&'static str, u8)> {
        self.compiled.requires().into_iter().filter(|(_, since)| *since > minor).collect()
    }

    /// Whether the expression alone tells that its value is true or false; else only an evaluation does.
    pub fn is_condition(&self) -> bool {
        self.compiled.is_condition()
    }

    /// Whether the rule asks for the labels of namespaces.
    pub fn asks_for_namespaces(&self) -> bool {
        self.compiled.asks_for_namespaces()
            || self.matching.as_ref().is_some_and(|matching| matching.namespace_labels.is_some())
    }

    /// One line: what the rule finds.
    pub(super) fn summary(&self) -> String {
        let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        match &self.message {
            Some(message) => first(message),
            None => format!("what does not satisfy {}", first(self.expression.trim())),
        }
    }
}
