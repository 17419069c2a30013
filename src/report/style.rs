//! How text for people looks.

use std::num::NonZeroUsize;

use crate::engine::Severity;

/// How the text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour it.
    pub color: bool,
    /// How wide the terminal is, in characters.
    pub width: usize,
    /// Findings below this are left out.
    pub least: Severity,
    /// Whether to leave out everything but the findings: the lines that sum up.
    pub quiet: bool,
    /// Whether to show each info finding on a line of its own, with its help.
    pub verbose: bool,
    /// Whether to give each info finding a line of its own, where otherwise those of one object share a line.
    pub whole: bool,
    /// How many findings to show at most.
    pub max_findings: Option<NonZeroUsize>,
    /// Whether to add the table of rules.
    pub statistics: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: false,
            width: 140,
            least: Severity::Info,
            quiet: false,
            verbose: false,
            whole: false,
            max_findings: None,
            statistics: false,
        }
    }
}
