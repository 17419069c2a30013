//! What is shown, whichever way it is written.

use std::path::Path;

use crate::policy::trace::Trace;
use crate::policy_test;

/// What is shown.
pub(super) struct Shown<'a> {
    pub(super) trace: &'a Trace,
    /// Which object was asked about.
    pub(super) object: Option<String>,
    /// Whether all of it is shown, and not only some rules.
    pub(super) is_whole: bool,
}

/// A file's name as people would write it here.
pub(super) fn short(file: &str) -> String {
    policy_test::short(Path::new(file))
}
