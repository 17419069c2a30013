//! Requests of all kinds, without a network.

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;

use super::app::App;
use super::body::LARGE;
use super::handler::Handler;
use super::routes::Panicked;
use super::{body, review};
use crate::server::admission::request::Endpoint;
use crate::server::listener::handler::Client;
use crate::server::listener::shutdown::{Lifecycle, Phase};
use crate::server::metrics::exposition::Format;
use crate::server::testing;
use crate::server::tls::Peer;
use jobguard_manifest::limits::Limits;

fn app(max_concurrent: usize) -> (Handler, Lifecycle) {
    let app = testing::app(max_concurrent);
    (Handler::new(&app), app.lifecycle)
}

fn client(peer: Peer) -> Client {
    Client { peer, address: ([127, 0, 0, 1], 1).into() }
}

fn request(method: &str, path: &str, body: impl Into<Body>) -> Request {
    Request::builder()
        .method(method)
        .uri(path)
        .extension(client(Peer::Trusted))
        .header(CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn ask(request: Request) -> (u16, String) {
    let response = app(1).0.answer(request).await;
    (response.status().as_u16(), text(response).await)
}

#[tokio::test]
async fn a_review_is_answered_with_its_uid() {
    for path in ["/validate?timeout=10s", "/mutate"] {
        let (code, body) = ask(request("POST", path, testing::review("u7", "{}"))).await;
        assert_eq!(code, 200, "{body}");
        assert!(body.contains(r#""uid":"u7""#), "{body}");
    }
}

#[tokio::test]
async fn large_reviews_are_answered_as_well() {
    let annotation = "x".repeat(2 * LARGE);
    let review =
        testing::review("u8", &format!(r#"{{"metadata":{{"annotations":{{"a":"{annotation}"}}}}}}"#));
    let (code, body) = ask(request("POST", "/validate", review)).await;
    assert_eq!(code, 200, "{body}");
    assert!(body.contains(r#""uid":"u8""#), "{body}");
}

#[tokio::test]
async fn everything_else_is_refused_with_advice() {
    let say = async |method: &str, path: &str| {
        let (code, body) = ask(request(method, path, "")).await;
        format!("{code} {body}")
    };
    insta::assert_snapshot!(say("POST", "/validate").await, @r#"400 {"kind":"Status","apiVersion":"v1","status":"Failure","message":"the body is empty; it must be one AdmissionReview in JSON","reason":"BadRequest","code":400}"#);
    insta::assert_snapshot!(say("GET", "/mutate").await, @r#"405 {"kind":"Status","apiVersion":"v1","status":"Failure","message":"GET is not possible here; an AdmissionReview is sent with POST","reason":"MethodNotAllowed","code":405}"#);
    insta::assert_snapshot!(say("POST", "/livez").await, @r#"405 {"kind":"Status","apiVersion":"v1","status":"Failure","message":"POST is not possible here; this is asked with GET","reason":"MethodNotAllowed","code":405}"#);
    insta::assert_snapshot!(say("GET", "/").await, @r#"404 {"kind":"Status","apiVersion":"v1","status":"Failure","message":"not found; available: POST /validate, POST /mutate, GET /livez, GET /healthz and GET /readyz","reason":"NotFound","code":404}"#);
    assert_eq!(say("GET", "/livez").await, "200 ok\n");
    assert_eq!(say("GET", "/readyz").await, "200 ok\n");
    assert_eq!(say("GET", "/healthz").await, "200 ok\n");
    assert_eq!(say("HEAD", "/livez").await, "200 ");
}

#[tokio::test]
async fn a_wrong_method_is_refused_with_the_right_one() {
    for (path, allow) in [("/validate", "POST"), ("/mutate", "POST"), ("/livez", "GET, HEAD")] {
        let response = app(1).0.answer(request("PUT", path, "")).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[ALLOW], allow);
    }
}

#[tokio::test]
async fn only_plain_json_is_read() {
    let with = async |name: &str, value: &str| {
        let request = Request::post("/validate")
            .extension(client(Peer::Trusted))
            .header(name, value)
            .body(Body::from("{}"))
            .unwrap();
        ask(request).await.0
    };
    assert_eq!(with("content-type", "application/x-www-form-urlencoded").await, 415);
    assert_eq!(with("content-type", "application/jsonp").await, 415);
    assert_eq!(with("content-type", "").await, 415);
    assert_eq!(with("accept", "application/json").await, 415);
    assert_eq!(with("content-type", "Application/JSON; charset=utf-8").await, 400);
    let compressed = Request::post("/validate")
        .extension(client(Peer::Trusted))
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_ENCODING, "gzip")
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(ask(compressed).await.0, 415);
}

#[tokio::test]
async fn bodies_end_at_the_limit() {
    use crate::server::admission::intake::MAX_BODY;
    assert_eq!(ask(request("POST", "/validate", vec![b' '; MAX_BODY])).await.0, 400);
    assert_eq!(ask(request("POST", "/validate", vec![b' '; MAX_BODY + 1])).await.0, 413);
}

#[tokio::test]
async fn above_the_bound_requests_are_refused_at_once() {
    let response = app(0).0.answer(request("POST", "/validate", testing::review("u", "{}"))).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()[RETRY_AFTER], "1");
    // Probes are not reviews.
    assert_eq!(app(0).0.answer(request("GET", "/readyz", "")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn where_an_overload_is_to_refuse_it_is_no_matter_of_the_failure_policy() {
    let ask = async |permits: usize, spec: &str| {
        let app = App { review_permits: Arc::new(Semaphore::new(permits)), ..testing::app_with(spec) };
        let request = request("POST", "/validate?timeout=50ms", testing::review("busy", "{}"));
        let response = Handler::new(&app).answer(request).await;
        let code = response.status().as_u16();
        (code, serde_json::from_str(&text(response).await).unwrap(), app.metrics.text(Format::Prometheus))
    };
    let (code, answer, metrics): (_, serde_json::Value, _) = ask(0, "onTimeout: deny").await;
    let response = &answer["response"];
    assert_eq!(code, 200, "{answer}");
    assert_eq!((&response["uid"], &response["allowed"]), (&"busy".into(), &false.into()));
    assert_eq!(
        (&response["status"]["code"], &response["status"]["reason"]),
        (&429.into(), &"TooManyRequests".into())
    );
    let counted =
        r#"jobguard_unjudged_total{path="/validate",kind="Job",reason="overloaded",answer="denied"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    // Nothing is refused where the policy only warns, and nothing where there is room.
    assert_eq!(ask(0, "onTimeout: deny\n  mode: warn").await.0, 429);
    assert_eq!(ask(0, "onTimeout: allow").await.0, 429);
    let (code, answer, _) = ask(1, "onTimeout: deny").await;
    assert_eq!((code, &answer["response"]["allowed"]), (200, &true.into()));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    struct Never;
    impl hyper::body::Body for Never {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }
    let (code, _) = ask(request("POST", "/validate?timeout=20ms", Body::new(Never))).await;
    assert_eq!(code, 408);
}

#[tokio::test]
async fn a_panic_costs_one_request() {
    let app = testing::app(1);
    let router = Router::new()
        .route("/", get(async || -> &'static str { panic!("no") }))
        .layer(CatchPanicLayer::custom(Panicked(Arc::clone(&app.metrics))));
    let response = router.oneshot(request("GET", "/", "")).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!text(response).await.contains("no\""));
    assert!(app.metrics.text(Format::Prometheus).contains("jobguard_panics_total 1\n"));
}

#[tokio::test]
async fn what_cannot_be_judged_in_time_is_answered_by_the_policy() {
    let large = format!(r#"{{"metadata":{{"annotations":{{"a":"{}"}}}}}}"#, "x".repeat(4 << 20));
    for (word, allowed) in [("allow", true), ("deny", false)] {
        let app = testing::app_with(&format!("onTimeout: {word}"));
        for body in [testing::review("late", "{}"), testing::review("late", &large)] {
            let arrived = body::read(Body::from(body), &app.memory, &Limits::DEFAULT).await;
            let Ok(body::Arrived::Whole(body)) = arrived else { panic!("not whole") };
            let answered = review::judge(&app, Endpoint::Validate, body, Instant::now()).await;
            let answered = answered.unwrap_or_else(|_| panic!("no review"));
            let answer = serde_json::to_value(&answered.answer).unwrap();
            assert_eq!(
                (&answer["response"]["uid"], &answer["response"]["allowed"]),
                (&"late".into(), &allowed.into())
            );
            let words = answer.to_string();
            assert!(words.contains("no time left"), "{words}");
        }
        let counted = format!(r#"jobguard_timeouts_total{{path="/validate",answer="{word}"}} 2"#);
        assert!(
            app.metrics.text(Format::Prometheus).contains(&counted),
            "{}",
            app.metrics.text(Format::Prometheus)
        );
    }
}

#[tokio::test]
async fn clients_need_a_certificate_for_reviews_alone() {
    for (peer, code) in [(Peer::Trusted, 200), (Peer::Unknown, 401), (Peer::OtherName, 403)] {
        let mut review = request("POST", "/validate", testing::review("u", "{}"));
        review.extensions_mut().insert(client(peer));
        assert_eq!(ask(review).await.0, code);
        let mut probe = request("GET", "/readyz", "");
        probe.extensions_mut().insert(client(peer));
        assert_eq!(ask(probe).await.0, 200);
    }
}

#[tokio::test]
async fn readiness_goes_first_and_connections_end() {
    let (handler, lifecycle) = app(1);
    lifecycle.advance(Phase::Leaving);
    let ready = handler.answer(request("GET", "/readyz", "")).await;
    assert_eq!(
        (ready.status().as_u16(), &ready.headers()[CONNECTION]),
        (503, &HeaderValue::from_static("close"))
    );
    assert_eq!(handler.answer(request("GET", "/livez", "")).await.status(), StatusCode::OK);
    let review = handler.answer(request("POST", "/validate", testing::review("u", "{}"))).await;
    assert_eq!(
        (review.status().as_u16(), &review.headers()[CONNECTION]),
        (200, &HeaderValue::from_static("close"))
    );
}
