//! What is counted of an answer.

use super::head::Head;
use super::request::{GroupVersionKind, Operation, PassedOver, Request};
use super::ruling::Decision;
use super::unjudged::Unjudged;
use crate::engine::{Severity, Verdict};

/// The verdict on what is not judged here.
const PASSED_OVER: &str = "passed_over";
/// The verdict where there is none.
const UNJUDGED: &str = "unjudged";

/// What is counted of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What was about to be done.
    pub(crate) operation: &'static str,
    /// `Job`, `CronJob` or `other`.
    pub(crate) kind: &'static str,
    /// Whether nothing was going to be stored: `true`, `false`, or `unknown` of a review that was not read so far.
    pub(crate) dry_run: &'static str,
    /// What became of it: `allowed`, `denied`, `would_be_denied`, `passed_over` (nothing that is judged)
    /// or `unjudged`.
    pub(crate) verdict: &'static str,
    /// Why it was not judged, and what followed.
    pub(crate) unjudged: Option<(&'static str, &'static str)>,
    /// Rule and severity of each finding.
    pub(crate) findings: Vec<(&'static str, Severity)>,
    /// The rule of each finding that did not count, and what said so: `annotation` or `exception`.
    pub(crate) suppressed: Vec<(&'static str, &'static str)>,
    /// Whether defaults were filled in.
    pub(crate) patched: bool,
}

impl Outcome {
    /// Of a request that was judged, or is about to be.
    pub(crate) fn of<O>(request: &Request<O>, verdict: &'static str) -> Self {
        Self::new(Some(request.operation), &request.kind, Some(request.dry_run), verdict)
    }

    /// Of a request that is not judged.
    pub(crate) fn passed_over(head: &Head, why: PassedOver) -> Self {
        let unjudged = Some((why.reason(), "allowed"));
        Self { unjudged, ..Self::new(head.operation, &head.kind, head.dry_run, PASSED_OVER) }
    }

    /// Of a request on which there is no verdict.
    pub(crate) fn unjudged(head: &Head, why: &Unjudged, allowed: bool) -> Self {
        let answer = if allowed { "allowed" } else { "denied" };
        let unjudged = Some((why.reason(), answer));
        Self { unjudged, ..Self::new(head.operation, &head.kind, head.dry_run, UNJUDGED) }
    }

    fn new(
        operation: Option<Operation>,
        kind: &GroupVersionKind,
        dry_run: Option<bool>,
        verdict: &'static str,
    ) -> Self {
        let kind = match (kind.group.as_str(), kind.kind.as_str()) {
            ("batch", "Job") => "Job",
            ("batch", "CronJob") => "CronJob",
            _ => "other",
        };
        Self {
            operation: operation.map_or("unknown", Operation::as_str),
            kind,
            dry_run: dry_run.map_or("unknown", |yes| if yes { "true" } else { "false" }),
            verdict,
            unjudged: None,
            findings: Vec::new(),
            suppressed: Vec::new(),
            patched: false,
        }
    }

    /// Of a request that was.
    pub(crate) fn judged<O>(request: &Request<O>, verdict: &Verdict, decision: Decision) -> Self {
        let mut outcome = Self::of(request, decision.as_label());
        outcome.findings =
            verdict.findings.iter().map(|finding| (finding.rule.id(), finding.severity)).collect();
        outcome.suppressed = verdict
            .suppressed
            .iter()
            .filter_map(|finding| Some((finding.rule.id(), finding.suppressed.as_ref()?.by.as_str())))
            .collect();
        outcome
    }
}
