//! The port for operators: plain HTTP, for Prometheus and probes, never for reviews.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::http::{App, only_get, probes};
use super::shutdown::Phase;

/// How many connections there may be at a time: two Prometheus servers, a kubelet, and somebody who looks.
const MAX_CONNECTIONS: usize = 64;

/// How long a client may be silent, and how long it may stay.
const SILENCE: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(600);

/// The routes.
pub(crate) fn router(app: &App) -> Router {
    Router::new()
        .route("/metrics", get(metrics).fallback(only_get))
        .route("/policy", get(policy).fallback(only_get))
        .merge(probes())
        .fallback(unknown_path)
        .with_state(Arc::new(app.clone()))
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    app.knowledge.measure(&app.metrics, Timestamp::now());
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], app.metrics.text()).into_response()
}

async fn policy(State(app): State<Arc<App>>) -> Response {
    Json(app.policies.shown()).into_response()
}

async fn unknown_path() -> Response {
    let advice = "there is nothing here; there are GET /metrics, /policy, /livez and /readyz\n";
    (StatusCode::NOT_FOUND, advice).into_response()
}

/// Serves until everything ends.
pub(crate) async fn serve(listener: TcpListener, app: App) {
    let router = router(&app);
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let accept = async {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
            let (router, lifecycle) = (router.clone(), app.lifecycle.clone());
            tokio::spawn(async move {
                let _place = place;
                let mut server = http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(SILENCE).max_buf_size(16 << 10);
                let talk = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
                tokio::select! {
                    _ = timeout(LONGEST, talk) => {}
                    () = lifecycle.reached(Phase::Ended) => {}
                }
            });
        }
    };
    tokio::select! {
        () = accept => {}
        () = app.lifecycle.reached(Phase::Ended) => {}
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use tower::ServiceExt as _;

    use super::super::testing;
    use super::*;

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
        assert!(text.contains("jobguard_build_info{version=") && text.ends_with("# EOF\n"), "{text}");
        let (code, text) = get(&app, "/policy").await;
        assert_eq!(code, 200);
        assert!(text.contains(r#""name":"recommended""#) && text.contains("sha256:"), "{text}");
        assert_eq!(get(&app, "/readyz").await, (200, "ok\n".to_owned()));
        app.lifecycle.advance(Phase::Leaving);
        assert_eq!(get(&app, "/readyz").await.0, 503);
        assert_eq!(get(&app, "/livez").await.0, 200);
        assert_eq!(get(&app, "/validate").await.0, 404);
    }
}
