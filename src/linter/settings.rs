//! How to lint.

use jiff::Timestamp;

use crate::engine::Cancellation;
use crate::lint::{Namesakes, OldObjects, Options};
use crate::policy::Policy;

/// How to lint.
#[derive(Debug, Clone, Copy)]
pub struct Linter<'a> {
    /// Which rules are on, and at which level.
    pub policy: &'a Policy,
    /// The time to judge schedules at.
    pub now: Timestamp,
    /// Whether to fill in the policy's defaults first, as a cluster with the webhook would.
    pub with_defaults: bool,
    /// The stored versions that the manifests would update; none to judge everything as created.
    pub against: Option<&'a OldObjects>,
    /// Whether diagnostics have their fixes ([`Diagnostic::fix`](crate::diagnostic::Diagnostic::fix)), which are proved by making
    /// them.
    pub with_fixes: bool,
    /// Whether they also have what their fixes change ([`Diagnostic::change`](crate::diagnostic::Diagnostic::change)): work
    /// that only some formats need.
    pub with_changes: bool,
    /// Whether diagnostics of level info, too, have the lines that they are about
    /// ([`Diagnostic::excerpt`](crate::diagnostic::Diagnostic::excerpt)): memory that only some formats need.
    pub with_info_lines: bool,
    /// Whether the report lists the objects ([`Report::listed`](crate::diagnostic::Report::listed)), and not only how many there were: memory that only
    /// some outputs need.
    pub with_objects: bool,
    /// Ends the run early when it is set, as an editor does once the text has changed: what was found by then is no verdict.
    pub cancellation: Option<&'a Cancellation>,
}

impl<'a> Linter<'a> {
    /// A linter with this policy at the time `now`: manifests as they are written, all of them as created, and without what
    /// only some formats need.
    pub fn new(policy: &'a Policy, now: Timestamp) -> Self {
        Self {
            policy,
            now,
            with_defaults: false,
            against: None,
            with_fixes: true,
            with_changes: false,
            with_info_lines: false,
            with_objects: false,
            cancellation: None,
        }
    }

    /// How each object is judged. `complete` are the objects of the whole input that lack no required field, once they
    /// are known.
    pub(super) fn options<'b>(&self, complete: Option<Namesakes<'b>>) -> Options<'b>
    where
        'a: 'b,
    {
        Options { with_defaults: self.with_defaults, against: self.against, complete }
    }
}
