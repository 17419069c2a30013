//! What fixing a text comes to.

use std::collections::BTreeMap;

use super::key::Left;
use jobguard_manifest::FieldPath;

/// A text with fixes applied.
#[derive(Debug)]
pub(crate) struct Applied {
    /// The text.
    pub(crate) text: String,
    /// How many findings are gone.
    pub(crate) gone: usize,
    /// The fields that the fixes were about, each with the number of its document. All others have the values that they
    /// had.
    pub(crate) touched: Vec<(usize, FieldPath)>,
    /// The findings of the fixed text.
    pub(super) left: BTreeMap<Left, usize>,
}

/// A fix that was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotApplied {
    /// The object and the field that the finding is about; empty for the file as a whole.
    pub subject: String,
    /// What the fix would do, in the imperative.
    pub title: String,
    /// Why it was not applied.
    pub reason: String,
}

/// What fixing a text came to.
#[derive(Debug, Default)]
pub(crate) struct TextOutcome {
    /// None where nothing was fixed.
    pub(crate) applied: Option<Applied>,
    /// Whether a fix was not applied because it would have left more errors than there were.
    pub(crate) held_back: bool,
    /// The fixes that could not be proved to be right.
    pub(crate) not_applied: Vec<NotApplied>,
}
