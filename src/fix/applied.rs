//! What fixing a text comes to.

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
}

/// What fixing a text came to.
#[derive(Debug)]
pub(crate) struct TextOutcome {
    /// None where nothing was fixed.
    pub(crate) applied: Option<Applied>,
    /// Whether a fix was not applied because it would have left more errors than there were.
    pub(crate) held_back: bool,
}
