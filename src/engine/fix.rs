//! Fixes, in terms of fields. The linter turns them into changes of the text; the webhook has no text to change.

mod api;
mod schedule;

use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;

pub(super) use api::{help_of_object, of_error, of_object};

/// Whether a fix is applied without review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// Only this can be meant: `--fix` applies it.
    Safe,
    /// Probably what is meant, or the usual choice: `--unsafe-fixes` applies it, and its result is to be reviewed.
    Unsafe,
    /// A hint that is never applied: the choice is the author's.
    Shown,
}

impl Safety {
    /// The word used in every output; none for a fix that is only shown.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Safe => Some("safe"),
            Self::Unsafe => Some("unsafe"),
            Self::Shown => None,
        }
    }
}

/// A correction of what a finding is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// Whether it is applied without review.
    pub safety: Safety,
    /// What it does, in the imperative: `set restartPolicy to Never`.
    pub title: String,
    /// The changes, all of them or none.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A fix that only shows what could be done.
    pub fn shown(title: impl Into<String>) -> Self {
        Self { safety: Safety::Shown, title: title.into(), edits: Vec::new() }
    }

    /// A fix of one change.
    pub fn new(safety: Safety, title: impl Into<String>, edit: Edit) -> Self {
        Self { safety, title: title.into(), edits: vec![edit] }
    }

    /// A fix that gives a field a value.
    pub fn set(
        safety: Safety,
        title: impl Into<String>,
        path: FieldPath,
        value: impl Into<serde_json::Value>,
    ) -> Self {
        Self::new(safety, title, Edit::Set { path, value: value.into() })
    }

    /// The fields that have a value afterwards which they did not have before.
    pub(crate) fn targets(&self) -> impl Iterator<Item = FieldPath> + '_ {
        self.edits.iter().filter_map(Edit::target)
    }
}
