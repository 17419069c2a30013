//! The HTTP side: which requests there are, and what is answered to those that are no reviews.

pub(crate) mod admin;
mod body;
pub(crate) mod deadline;
#[cfg(test)]
mod limits_tests;
mod refusal;
mod review;
#[cfg(test)]
mod tests;
mod weight;

use std::any::Any;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, CONNECTION};
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tower::Service as _;
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

pub(crate) use body::Memory;
use refusal::Refusal;
pub(crate) use weight::Heavy;

use super::metrics::Metrics;
use super::tls::{Peer, Tls};
use crate::server::admission::decide::Admission;
use crate::server::admission::request::Endpoint;
use crate::server::listener::accept::Arriving;
use crate::server::listener::shutdown::{Lifecycle, Phase};
use crate::server::state::cluster_cache::ClusterCache;
use crate::server::state::policies::Policies;
use jobguard_text::plain_within;

/// How much of a path is logged, in characters.
const MAX_PATH: usize = 100;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) policies: Arc<Policies>,
    pub(crate) cluster_cache: Arc<ClusterCache>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tls: Arc<Tls>,
    pub(crate) lifecycle: Lifecycle,
    /// Namespaces that are not judged.
    pub(crate) excluded: Arc<[String]>,
    /// Room for reviews that are being judged.
    pub(crate) room: Arc<Semaphore>,
    /// For requests that do not say how long their client waits.
    pub(crate) default_timeout: Duration,
    /// For the body of a request; large ones get more.
    pub(crate) body_timeout: Duration,
    /// Room for bodies.
    pub(crate) memory: Memory,
    /// Room for evaluations on threads of their own.
    pub(crate) heavy: Heavy,
}

impl App {
    /// What answers the next review.
    pub(crate) fn admission(&self) -> Admission {
        Admission::with(
            Arc::clone(&self.policies.now().policy),
            self.cluster_cache.services(),
            self.cluster_cache.namespaces(),
            Arc::clone(&self.excluded),
        )
        .knowing(self.cluster_cache.cron_jobs())
    }

    /// Why no requests should be sent here.
    pub(crate) fn not_ready(&self) -> Option<String> {
        if self.lifecycle.phase() > Phase::Serving {
            return Some("shutting down".to_owned());
        }
        self.tls.problem(Timestamp::now())
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    /// What its certificate says.
    pub(crate) peer: Peer,
    /// Where it is.
    pub(crate) address: SocketAddr,
}

/// Marks the answer to a review by a client that may ask for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reviewed;

/// Answers requests. Reviews, which come by the thousand, are recognised here; the routes are for the rest.
#[derive(Debug, Clone)]
pub(crate) struct Handler {
    app: Arc<App>,
    router: Router,
}

impl Handler {
    pub(crate) fn new(app: &App) -> Self {
        Self { app: Arc::new(app.clone()), router: router(app) }
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Arriving>) -> Result<Response, Infallible> {
        let endpoint = match request.uri().path() {
            "/validate" => Endpoint::Validate,
            "/mutate" => Endpoint::Mutate,
            _ => return self.router.clone().call(request.map(Body::new)).await,
        };
        if request.method() != Method::POST {
            let client = request.extensions().get::<Client>().map(|client| client.address);
            review::refused(&self.app, endpoint, client, StatusCode::METHOD_NOT_ALLOWED, "not POST");
            return self.router.clone().call(request.map(Body::new)).await;
        }
        let mut response = review::answer(&self.app, endpoint, request).await;
        end_connection(&self.app, &mut response);
        Ok(response)
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

async fn validate(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    review::answer(&app, Endpoint::Validate, request).await
}

async fn mutate(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
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

async fn unknown_path(request: Request<Body>) -> Response {
    let client = request.extensions().get::<Client>().map(|client| tracing::field::display(client.address));
    // A configuration that asks at a wrong path is seen here, and nowhere else.
    tracing::info!(
        path = plain_within(request.uri().path(), MAX_PATH),
        code = 404,
        client,
        "request refused"
    );
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
async fn end_connections(State(app): State<Arc<App>>, request: Request<Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    end_connection(&app, &mut response);
    response
}

fn end_connection(app: &App, response: &mut Response) {
    if app.lifecycle.phase() > Phase::Serving {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}
