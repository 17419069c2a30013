//! What is shown, whichever way it is written.

use std::path::Path;

use jiff::civil::Date;

use crate::policy::Exception;
use crate::policy::trace::Trace;
use crate::policy_test;

/// What is shown.
pub(super) struct Shown<'a> {
    pub(super) trace: &'a Trace,
    /// Which object was asked about.
    pub(super) object: Option<String>,
    /// Whether all of it is shown, and not only some rules.
    pub(super) is_whole: bool,
    /// The day on which exceptions are looked at.
    pub(super) today: Date,
}

impl Shown<'_> {
    /// The exceptions by which findings of a rule do not count for the object.
    pub(super) fn excepting<'s>(&'s self, rule: &str) -> impl Iterator<Item = &'s Exception> {
        let applying = self.trace.exceptions.iter().filter(|(_, covers)| *covers == Some(true));
        applying
            .map(|(exception, _)| exception)
            .filter(move |exception| exception.names(rule) && exception.state(self.today).counts())
    }
}

/// A file's name as people would write it here.
pub(super) fn short(file: &str) -> String {
    policy_test::short(Path::new(file))
}
