//! The span of a review, for the log: every line within it carries what the review was about.

use tracing::span::EnteredSpan;
use tracing::{Level, Span};

use super::head::Head;
use super::request::{Endpoint, Operation, Request};
use jobguard_text::plain_within;

/// The target of the span, which filters name.
pub(crate) const TARGET: &str = "jobguard::review";

/// The longest name in a log line, in characters.
pub(super) const LOGGED: usize = 253;

/// Enters the span of a request that was read.
pub(super) fn of_request<O>(endpoint: Endpoint, request: &Request<O>) -> EnteredSpan {
    enter(endpoint, &request.uid, &request.kind.kind, Some(request.operation))
}

/// Enters the span of a request of which no more than the head was read.
pub(super) fn of_head(endpoint: Endpoint, head: &Head) -> EnteredSpan {
    enter(endpoint, &head.uid, &head.kind.kind, head.operation)
}

/// Nothing of the object is in it. Fields are computed only where the span is enabled, which is asked here: where
/// nothing listens at all, the macro computes them for the `log` crate.
fn enter(endpoint: Endpoint, uid: &str, kind: &str, operation: Option<Operation>) -> EnteredSpan {
    if !tracing::span_enabled!(target: TARGET, Level::INFO) {
        return Span::none().entered();
    }
    tracing::info_span!(
        target: TARGET,
        "review",
        uid = plain_within(uid, LOGGED),
        kind = plain_within(kind, LOGGED),
        operation = operation.map_or("unknown", Operation::as_str),
        endpoint = endpoint.path(),
    )
    .entered()
}
