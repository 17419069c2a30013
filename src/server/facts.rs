//! What is counted of an answer.

use super::answer::Decision;
use super::review::Request;
use crate::engine::{Severity, Verdict};

/// The verdict on what is not judged here.
pub(crate) const PASSED_OVER: &str = "passed_over";
/// The verdict on what cannot be read.
pub(crate) const NOT_UNDERSTOOD: &str = "not_understood";
/// The verdict on what could not be judged in time.
pub(crate) const TIMED_OUT: &str = "timed_out";

/// What is counted of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// What was about to be done.
    pub(crate) operation: &'static str,
    /// `Job`, `CronJob` or `other`.
    pub(crate) kind: &'static str,
    /// What became of it: `allowed`, `denied`, `would_be_denied`, `passed_over` (nothing that is judged),
    /// `not_understood` or `timed_out`.
    pub(crate) verdict: &'static str,
    /// Rule and severity of each finding.
    pub(crate) findings: Vec<(&'static str, Severity)>,
    /// The rule of each finding that an annotation silenced.
    pub(crate) suppressed: Vec<&'static str>,
    /// Whether defaults were filled in.
    pub(crate) patched: bool,
}

impl Facts {
    /// Of a request that was not judged.
    pub(crate) fn of<O>(request: &Request<O>, verdict: &'static str) -> Self {
        let kind = match (request.kind.group.as_str(), request.kind.kind.as_str()) {
            ("batch", "Job") => "Job",
            ("batch", "CronJob") => "CronJob",
            _ => "other",
        };
        Self { operation: request.operation.as_str(), kind, ..Self::unread(verdict) }
    }

    /// Of a request of which only the uid is understood.
    pub(crate) fn unread(verdict: &'static str) -> Self {
        let (operation, kind) = ("unknown", "other");
        Self { operation, kind, verdict, findings: Vec::new(), suppressed: Vec::new(), patched: false }
    }

    /// Of a request that was.
    pub(crate) fn judged<O>(request: &Request<O>, verdict: &Verdict, decision: Decision) -> Self {
        let mut facts = Self::of(request, decision.as_label());
        facts.findings =
            verdict.findings.iter().map(|finding| (finding.rule.id(), finding.severity)).collect();
        facts.suppressed = verdict.suppressed.iter().map(|finding| finding.rule.id()).collect();
        facts
    }
}
