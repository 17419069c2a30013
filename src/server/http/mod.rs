//! The HTTP side: which requests there are, and what is answered to those that are no reviews.

mod body;
mod refusal;
mod review;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONNECTION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

pub(crate) use body::{MAX_BODY, Memory};
use refusal::Refusal;

use super::admission::{Admission, Endpoint};
use super::knowledge::Knowledge;
use super::metrics::Metrics;
use super::policies::Policies;
use super::shutdown::{Lifecycle, Phase};
use super::tls::Tls;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) policies: Arc<Policies>,
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tls: Arc<Tls>,
    pub(crate) lifecycle: Lifecycle,
    /// Namespaces that are not judged.
    pub(crate) excluded: Arc<[String]>,
    /// Room for reviews that are being judged.
    pub(crate) room: Arc<Semaphore>,
    /// For requests that do not say how long their client waits.
    pub(crate) default_timeout: Duration,
    /// Room for large bodies.
    pub(crate) memory: Memory,
}

impl App {
    /// What answers the next review.
    pub(crate) fn admission(&self) -> Admission {
        Admission::with(
            Arc::clone(&self.policies.now().policy),
            self.knowledge.services(),
            self.knowledge.namespaces(),
            Arc::clone(&self.excluded),
        )
    }

    /// Why no requests should be sent here.
    pub(crate) fn not_ready(&self) -> Option<String> {
        if self.lifecycle.phase() > Phase::Serving {
            return Some("shutting down".to_owned());
        }
        self.tls.problem(Timestamp::now())
    }
}

/// The routes.
pub(crate) fn router(app: &App) -> Router {
    let app = Arc::new(app.clone());
    Router::new()
        .route("/validate", post(validate).fallback(only_post))
        .route("/mutate", post(mutate).fallback(only_post))
        .merge(probes())
        .fallback(unknown_path)
        .layer(CatchPanicLayer::custom(Panicked(Arc::clone(&app.metrics))))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), end_connections))
        .with_state(app)
}

/// What a kubelet asks.
pub(crate) fn probes() -> Router<Arc<App>> {
    Router::new()
        .route("/livez", get(livez).fallback(only_get))
        .route("/readyz", get(readyz).fallback(only_get))
}

async fn validate(State(app): State<Arc<App>>, request: Request) -> Response {
    review::answer(&app, Endpoint::Validate, request).await
}

async fn mutate(State(app): State<Arc<App>>, request: Request) -> Response {
    review::answer(&app, Endpoint::Mutate, request).await
}

/// The process runs.
async fn livez() -> &'static str {
    "ok\n"
}

/// The server can be sent requests.
async fn readyz(State(app): State<Arc<App>>) -> Response {
    match app.not_ready() {
        None => "ok\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn only_post(method: Method) -> Response {
    wrong_method(&method, "POST", "an AdmissionReview is sent with POST")
}

pub(crate) async fn only_get(method: Method) -> Response {
    wrong_method(&method, "GET, HEAD", "this is asked with GET")
}

fn wrong_method(method: &Method, allow: &'static str, advice: &str) -> Response {
    let mut response =
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not possible here; {advice}"))
            .into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

async fn unknown_path() -> Response {
    let advice = "there is nothing here; there are POST /validate, POST /mutate, GET /livez and GET /readyz";
    Refusal::new(StatusCode::NOT_FOUND, advice).into_response()
}

/// Counts panics, and answers for them.
#[derive(Debug, Clone)]
struct Panicked(Arc<Metrics>);

impl ResponseForPanic for Panicked {
    type ResponseBody = axum::body::Body;

    fn response_for_panic(&mut self, _: Box<dyn Any + Send + 'static>) -> Response {
        self.0.panicked();
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "jobguard failed on this request; its log says where")
            .into_response()
    }
}

/// Once the server is about to leave, every connection ends with its answer, so that the client's next one goes to
/// a server that stays.
async fn end_connections(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if app.lifecycle.phase() > Phase::Serving {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
