//! One review over HTTP: its client, its body and its verdict, each within its timeout.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes as Data;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use hyper::body::Body;
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::app::App;
use super::body::{self, Arrived, Bytes};
use super::deadline::{body_time, time_to_answer};
use super::refusal::{Refusal, json};
use super::weight::NotDone;
use crate::server::admission::decide::Answered;
use crate::server::admission::request::Endpoint;
use crate::server::admission::review::ReviewError;
use crate::server::admission::unjudged::{Consequence, Unjudged};
use crate::server::listener::handler::{Client, Reviewed};
use crate::server::metrics::Shed;
use crate::server::tls::Peer;

/// How long the rest of a request is read and discarded that is refused before its body.
const DRAIN_GRACE: Duration = Duration::from_secs(2);

/// Answers a request to one of the two endpoints.
pub(super) async fn answer(
    app: &App,
    endpoint: Endpoint,
    request: Request<impl Body<Data = Data> + Unpin>,
) -> Response {
    let _measured = app.metrics.begin(endpoint);
    let client = request.extensions().get::<Client>().map(|client| client.address);
    match attend(app, endpoint, request).await {
        Ok(mut response) => {
            response.extensions_mut().insert(Reviewed);
            response
        }
        Err(refusal) => {
            refused(app, endpoint, client, refusal.code, &refusal.message);
            refusal.into_response()
        }
    }
}

/// Counts and logs a request to one of the two endpoints that is answered with an HTTP error.
pub(super) fn refused(
    app: &App,
    endpoint: Endpoint,
    client: Option<SocketAddr>,
    code: StatusCode,
    reason: &str,
) {
    let (client, code) = (client.map(tracing::field::display), code.as_u16());
    app.metrics.refused(endpoint, code);
    tracing::info!(path = endpoint.path(), code, client, reason, "request refused");
}

/// Checks the client's certificate and the request's headers.
fn admit(parts: &Parts) -> Result<(), Refusal> {
    match parts.extensions.get().map(|client: &Client| client.peer) {
        Some(Peer::Trusted) => {}
        None | Some(Peer::Unknown) => {
            let message = "reviews need a client certificate; an API server shows one that its admission \
                           configuration names for this webhook";
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, message));
        }
        Some(Peer::OtherName) => {
            let message = "the client certificate's name is not among those allowed here";
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
    }
    body::check_headers(&parts.headers)
}

async fn attend(
    app: &App,
    endpoint: Endpoint,
    request: Request<impl Body<Data = Data> + Unpin>,
) -> Result<Response, Refusal> {
    let begin = Instant::now();
    let deadline = begin + time_to_answer(request.uri().query(), app.default_timeout);
    let (parts, body) = request.into_parts();
    if let Err(refusal) = admit(&parts) {
        // A client that is still writing would lose the answer with the connection.
        let grace_end = deadline.min(Instant::now() + DRAIN_GRACE);
        let _ = timeout_at(grace_end, body::discard(body)).await;
        return Err(refusal);
    }
    let limits = app.policies.limits();
    let arrival = deadline.min(begin + body_time(app.body_timeout, body.size_hint().exact()));
    let arrived = timeout_at(arrival, body::read(body, &app.memory, &limits))
        .await
        .map_err(|_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"))??;
    let answered = match arrived {
        Arrived::Whole(body) => judge(app, endpoint, body, deadline).await?,
        Arrived::Refused(refused) => {
            if refused.why == Unjudged::Overloaded {
                if leaves_overload_to_client(app, endpoint) {
                    return Err(shed(app, Shed::Memory, "too many large reviews at a time; ask again"));
                }
                app.metrics.shed(Shed::Memory);
            }
            // An API server sends the head first: without one, this is another client.
            unjudged(app, endpoint, &refused.outline, &refused.why).map_err(|_| body::too_large())?
        }
    };
    app.metrics.answered(endpoint, &answered.outcome);
    json(StatusCode::OK, &answered.answer)
}

fn shed(app: &App, reason: Shed, message: &str) -> Refusal {
    app.metrics.shed(reason);
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, message)
}

/// Whether reviews are refused at once, with an HTTP error, where there are too many: an API server asks again by itself
/// for as long as it waits, perhaps another replica; then its failurePolicy says what follows, which may be stricter than
/// this policy.
fn leaves_overload_to_client(app: &App, endpoint: Endpoint) -> bool {
    let policy = Arc::clone(&app.policies.now().policy);
    Unjudged::Overloaded.decide(endpoint, policy.mode, policy.on_timeout) == Consequence::Allow
}

/// A place among the reviews that are being judged; none where the policy is to answer without a verdict. Only now, so
/// that bodies that arrive slowly keep no place from those that are there.
async fn place(
    app: &App,
    endpoint: Endpoint,
    deadline: Instant,
) -> Result<Option<OwnedSemaphorePermit>, Refusal> {
    if let Ok(place) = Arc::clone(&app.review_permits).try_acquire_owned() {
        return Ok(Some(place));
    }
    if leaves_overload_to_client(app, endpoint) {
        return Err(shed(app, Shed::Reviews, "too many reviews at a time; ask again"));
    }
    // Where an overload is to refuse, it must not be left to a failurePolicy. Most reviews take less than a
    // millisecond: there is room again long before the client gives up.
    match timeout_at(deadline, Arc::clone(&app.review_permits).acquire_owned()).await {
        Ok(Ok(place)) => Ok(Some(place)),
        Ok(Err(_)) | Err(_) => {
            app.metrics.shed(Shed::Reviews);
            Ok(None)
        }
    }
}

/// The verdict, or the policy's answer where there is none.
pub(super) async fn judge(
    app: &App,
    endpoint: Endpoint,
    body: Bytes,
    deadline: Instant,
) -> Result<Answered, Refusal> {
    let broken = |error: ReviewError| Refusal::new(StatusCode::BAD_REQUEST, error.to_string());
    // For an answer without a verdict: these are the same bytes, and no copy.
    let bytes = body.bytes.clone();
    let unjudged = |why: &Unjudged| unjudged(app, endpoint, &bytes, why).map_err(broken);
    let Some(place) = place(app, endpoint, deadline).await? else { return unjudged(&Unjudged::Overloaded) };
    let admission = app.admission();
    if Instant::now() >= deadline {
        return unjudged(&Unjudged::TimedOut);
    }
    if body.is_ordinary() {
        let judge = || admission.judge(endpoint, &body.bytes, Timestamp::now(), None);
        return match catch_unwind(AssertUnwindSafe(judge)) {
            Ok(answered) => answered.map_err(broken),
            Err(_) => unjudged(&Unjudged::Panicked),
        };
    }
    let judging = app.heavy.run(body.weight, deadline, move |cancellation| {
        // Held until it is done, even when its client has gone.
        let (_place, body) = (place, body);
        admission.judge(endpoint, &body.bytes, Timestamp::now(), Some(cancellation))
    });
    match judging.await {
        Ok(answered) => answered.map_err(broken),
        Err(NotDone::Panicked) => unjudged(&Unjudged::Panicked),
        Err(NotDone::ShuttingDown) => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "shutting down")),
        Err(NotDone::NoTurn) => unjudged(&Unjudged::TimedOut),
        Err(NotDone::TooSlow) => unjudged(&Unjudged::OutOfTime),
    }
}

/// The answer where there is no verdict, counted.
fn unjudged(app: &App, endpoint: Endpoint, body: &[u8], why: &Unjudged) -> Result<Answered, ReviewError> {
    match why {
        Unjudged::Panicked => app.metrics.panicked(),
        Unjudged::TimedOut => {
            app.metrics.timed_out(endpoint, app.policies.now().policy.on_timeout.as_str());
        }
        _ => {}
    }
    app.admission().without_verdict(endpoint, body, why)
}
