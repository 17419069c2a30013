//! The answer to a review that ends without a verdict.

use crate::policy::{Mode, OnTimeout};

use super::head::Head;
use super::outcome::Outcome;
use super::request::Endpoint;
use super::response::{Response, Status};
use super::ruling::MAX_WARNING;
use super::span::LOGGED;
use super::unjudged::{Consequence, Unjudged};
use jobguard_text::plain_within;

/// The longest message of a refusal, in characters.
pub(super) const MAX_MESSAGE: usize = 1024;

/// The answer to the request that `head` describes, logged, with what is counted of it.
pub(super) fn answer(
    why: &Unjudged,
    endpoint: Endpoint,
    head: &Head,
    mode: Mode,
    on_timeout: OnTimeout,
) -> (Response, Outcome) {
    let consequence = why.decide(endpoint, mode, on_timeout);
    let allowed = consequence == Consequence::Allow;
    tracing::warn!(
        reason = why.reason(),
        fault = why.fault().as_str(),
        kind = plain_within(&head.kind.to_string(), LOGGED),
        namespace = head.namespace().map(|namespace| plain_within(namespace, LOGGED)),
        name = head.name().map(|name| plain_within(name, LOGGED)),
        user = plain_within(head.user(), LOGGED),
        dry_run = head.dry_run.filter(|dry_run| *dry_run),
        uid = plain_within(&head.uid, LOGGED),
        path = endpoint.path(),
        why = plain_within(&why.to_string(), MAX_MESSAGE),
        "{}",
        if allowed { "allowed without a verdict" } else { "denied without a verdict" }
    );
    let mut response = Response::allow(&head.uid);
    match consequence {
        Consequence::Allow => {
            let done = match endpoint {
                Endpoint::Validate => "look at this",
                Endpoint::Mutate => "fill anything in",
            };
            response.warnings.push(plain_within(&format!("jobguard did not {done}: {why}"), MAX_WARNING));
        }
        Consequence::Deny { code, reason } => {
            let advice = why.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
            let message = format!("jobguard cannot judge this, and so refuses it: {why}{advice}");
            response.allowed = false;
            response.status = Some(Status::failure(code, reason, plain_within(&message, MAX_MESSAGE)));
        }
    }
    let annotations = &mut response.audit_annotations;
    annotations.insert("decision", if allowed { "allowed unjudged" } else { "denied unjudged" }.to_owned());
    annotations.insert("unjudged", why.reason().to_owned());
    (response, Outcome::unjudged(head, why, allowed))
}
