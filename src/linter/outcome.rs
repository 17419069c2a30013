//! What a run comes to.

use crate::diagnostic::{FileError, Report};
use crate::fix::NotApplied;

/// What a run found, and what it could not read.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The findings.
    pub report: Report,
    /// Files that could not be read.
    pub errors: Vec<FileError>,
    /// After fixing, the names of the texts with documents in which some fixes were not applied, because with all of them
    /// more errors would come to light than they correct.
    pub held_back: Vec<String>,
    /// After fixing, the fixes that could not be proved to be right, each with the name of the text.
    pub not_applied: Vec<(String, NotApplied)>,
}
