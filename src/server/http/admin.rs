//! The port for operators: plain HTTP, for Prometheus and probes, never for reviews.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower::Service as _;

use super::app::App;
use super::routes::{only_get, probes};
use crate::server::listener::accept::{Place, accept};
use crate::server::listener::connections::MAX_BUFFER;
use crate::server::listener::shutdown::Phase;
use crate::server::listener::table::{Slot, Table};
use crate::server::listener::timeout_stream::TimeoutStream;
use crate::server::listener::timeouts::Timeouts;
use crate::server::metrics::build::Build;
use crate::server::metrics::exposition::Format;

/// How many connections there may be at a time: two Prometheus servers, a kubelet, and an operator. Others that
/// are open are closed for new ones, so that they keep out no probe.
pub(crate) const MAX_CONNECTIONS: usize = 64;

/// How long a client may be silent, and how long it may stay.
const SILENCE: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(600);

/// The routes.
pub(crate) fn router(app: &App) -> Router {
    Router::new()
        .route("/metrics", get(metrics).fallback(only_get))
        .route("/policy", get(policy).fallback(only_get))
        .route("/version", get(version).fallback(only_get))
        .merge(probes())
        .fallback(unknown_path)
        .with_state(Arc::new(app.clone()))
}

async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let now = Timestamp::now();
    app.cluster_cache.measure(&app.metrics, now);
    app.policies.now().measure_exceptions(&app.metrics, now);
    let format = Format::asked_for(headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()));
    ([(CONTENT_TYPE, format.content_type()), (VARY, "accept")], app.metrics.text(format)).into_response()
}

async fn policy(State(app): State<Arc<App>>) -> Response {
    Json(app.policies.shown()).into_response()
}

/// Which program this is.
async fn version() -> Json<Build> {
    Json(Build::this())
}

async fn unknown_path() -> Response {
    let advice = "not found; available: GET /metrics, /policy, /version, /livez, /healthz and /readyz\n";
    (StatusCode::NOT_FOUND, advice).into_response()
}

/// Serves until everything ends.
pub(crate) async fn serve(listener: TcpListener, app: App) {
    let router = router(&app);
    let table = Arc::new(Table::new(MAX_CONNECTIONS));
    let accept = accept(&listener, &table, &app.metrics, |stream, _, slot| {
        let (router, table, lifecycle) = (router.clone(), Arc::clone(&table), app.lifecycle.clone());
        tokio::spawn(async move {
            let _place = Place { table: &table, slot: &slot, metrics: None };
            tokio::select! {
                _ = timeout(LONGEST, serve_connection(stream, router, &slot)) => {}
                () = slot.evicted() => {}
                () = lifecycle.reached(Phase::Ended) => {}
            }
        });
    });
    tokio::select! {
        () = accept => {}
        () = app.lifecycle.reached(Phase::Ended) => {}
    }
}

/// Serves one connection.
async fn serve_connection(stream: TcpStream, router: Router, slot: &Arc<Slot>) {
    let service = service_fn(|request: Request<Incoming>| {
        slot.answering();
        let answer = router.clone().call(request.map(Body::new));
        async move {
            let answer = answer.await;
            slot.answered();
            answer as Result<Response, Infallible>
        }
    });
    let timeouts = Timeouts { first_byte: SILENCE, idle: SILENCE, ..Timeouts::default() };
    let stream = TimeoutStream::new(stream, Arc::clone(slot), timeouts);
    let mut server = http1::Builder::new();
    server.header_read_timeout(None).max_buf_size(MAX_BUFFER);
    // Errors are the client's to see.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;
    use crate::server::testing;

    async fn get(app: &App, path: &str) -> (u16, String) {
        let response = router(app).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let code = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (code, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn shows_metrics_policy_and_health() {
        let app = testing::app(1);
        let (code, text) = get(&app, "/metrics").await;
        assert_eq!(code, 200);
        assert!(text.contains("jobguard_build_info{version=") && !text.contains("# EOF"), "{text}");
        let (code, text) = get(&app, "/policy").await;
        assert_eq!(code, 200);
        assert!(text.contains(r#""name":"recommended""#) && text.contains("sha256:"), "{text}");
        assert_eq!(get(&app, "/readyz").await, (200, "ok\n".to_owned()));
        app.lifecycle.advance(Phase::Leaving);
        assert_eq!(get(&app, "/readyz").await.0, 503);
        assert_eq!(get(&app, "/livez").await.0, 200);
        assert_eq!(get(&app, "/healthz").await.0, 200);
        let (code, text) = get(&app, "/version").await;
        let expected = format!(r#"{{"version":"{}","kubernetes":"1.36"}}"#, env!("CARGO_PKG_VERSION"));
        assert_eq!((code, text), (200, expected));
        let (code, text) = get(&app, "/validate").await;
        assert_eq!(code, 404);
        for path in ["/metrics", "/policy", "/version", "/livez", "/healthz", "/readyz"] {
            assert!(text.contains(path), "{text}");
            assert_ne!(get(&app, path).await.0, 404, "{path}");
        }
    }

    #[tokio::test]
    async fn metrics_come_in_the_format_that_is_asked_for() {
        let app = testing::app(1);
        let ask = async |accept: &str| {
            let request = Request::get("/metrics").header(ACCEPT, accept).body(Body::empty()).unwrap();
            let response = router(&app).oneshot(request).await.unwrap();
            let header = |name| response.headers()[name].to_str().unwrap().to_owned();
            let (kind, vary) = (header(CONTENT_TYPE), header(VARY));
            let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
            (kind, vary, String::from_utf8(bytes.to_vec()).unwrap())
        };
        let (kind, vary, text) = ask("*/*").await;
        assert_eq!((kind.as_str(), vary.as_str()), ("text/plain; version=0.0.4; charset=utf-8", "accept"));
        assert!(text.contains("# TYPE jobguard_shed_total counter\n") && !text.contains("# EOF"), "{text}");
        let (kind, vary, text) = ask("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").await;
        let expected = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!((kind.as_str(), vary.as_str()), (expected, "accept"));
        assert!(text.contains("# TYPE jobguard_shed counter\n") && text.ends_with("# EOF\n"), "{text}");
    }
}
