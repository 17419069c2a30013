//! Requests that are not reviews: probes, and the answer to everything else.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, CONNECTION};
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

use super::app::App;
use super::refusal::Refusal;
use crate::server::listener::handler::Client;
use crate::server::listener::shutdown::Phase;
use crate::server::metrics::Metrics;
use jobguard_text::plain_within;

/// How much of a path is logged, in characters.
const MAX_PATH: usize = 100;

/// The routes of the port for reviews, but for the reviews themselves.
pub(crate) fn router(app: &App) -> Router {
    let app = Arc::new(app.clone());
    Router::new()
        .route("/validate", any(only_post))
        .route("/mutate", any(only_post))
        .merge(probes())
        .fallback(unknown_path)
        .layer(CatchPanicLayer::custom(Panicked(Arc::clone(&app.metrics))))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), end_connections))
        .with_state(app)
}

/// What a kubelet asks.
pub(super) fn probes() -> Router<Arc<App>> {
    Router::new()
        .route("/livez", get(livez).fallback(only_get))
        .route("/healthz", get(livez).fallback(only_get))
        .route("/readyz", get(readyz).fallback(only_get))
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

pub(super) async fn only_get(method: Method) -> Response {
    wrong_method(&method, "GET, HEAD", "this is asked with GET")
}

fn wrong_method(method: &Method, allow: &'static str, advice: &str) -> Response {
    let mut response =
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not possible here; {advice}"))
            .into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

async fn unknown_path(request: Request<Body>) -> Response {
    let client = request.extensions().get::<Client>().map(|client| tracing::field::display(client.address));
    // A configuration that asks at a wrong path is seen here, and nowhere else.
    tracing::info!(
        path = plain_within(request.uri().path(), MAX_PATH),
        code = 404,
        client,
        "request refused"
    );
    let advice =
        "not found; available: POST /validate, POST /mutate, GET /livez, GET /healthz and GET /readyz";
    Refusal::new(StatusCode::NOT_FOUND, advice).into_response()
}

/// Counts panics, and answers for them.
#[derive(Debug, Clone)]
pub(super) struct Panicked(pub(super) Arc<Metrics>);

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
async fn end_connections(State(app): State<Arc<App>>, request: Request<Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    end_connection(&app, &mut response);
    response
}

pub(super) fn end_connection(app: &App, response: &mut Response) {
    if app.lifecycle.phase() > Phase::Serving {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}
