//! The HTTP side: which requests there are, how large, how many at a time, and what else is answered.

use std::any::Any;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hyper::body::Body as _;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tower_http::catch_panic::CatchPanicLayer;

use super::admission::{Admission, Endpoint};
use super::deadline::time_to_answer;
use super::review::Status;
use super::shutdown::{Lifecycle, Phase};
use super::text::plain;

/// The largest body: an old and a new object, 3 MiB each, and the rest of the review.
pub(crate) const MAX_BODY: usize = 7 << 20;

/// From which size on a body is judged on a thread of its own, in bytes. An ordinary review takes some 50 µs, less
/// than what moving it costs; time grows with size, and nobody else should wait for it.
const LARGE: usize = 32 << 10;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) admission: Arc<Admission>,
    pub(crate) lifecycle: Lifecycle,
    /// How many reviews there may be at a time.
    pub(crate) max_concurrent: usize,
    /// For requests that do not say how long their client waits.
    pub(crate) default_timeout: Duration,
}

struct Shared {
    admission: Arc<Admission>,
    lifecycle: Lifecycle,
    room: Arc<Semaphore>,
    default_timeout: Duration,
}

/// The routes.
pub(crate) fn router(app: App) -> Router {
    let shared = Arc::new(Shared {
        admission: app.admission,
        lifecycle: app.lifecycle,
        room: Arc::new(Semaphore::new(app.max_concurrent)),
        default_timeout: app.default_timeout,
    });
    Router::new()
        .route("/validate", post(validate).fallback(only_post))
        .route("/mutate", post(mutate).fallback(only_post))
        .route("/livez", get(livez).fallback(only_get))
        .route("/readyz", get(readyz).fallback(only_get))
        .fallback(unknown_path)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), end_connections))
        .with_state(shared)
}

async fn validate(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    review(&shared, Endpoint::Validate, request).await
}

async fn mutate(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    review(&shared, Endpoint::Mutate, request).await
}

/// The process runs.
async fn livez() -> &'static str {
    "ok\n"
}

/// The server can be sent requests.
async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    if shared.lifecycle.phase() == Phase::Serving {
        "ok\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response()
    }
}

async fn only_post(method: Method) -> Response {
    wrong_method(&method, "POST", "an AdmissionReview is sent with POST")
}

async fn only_get(method: Method) -> Response {
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

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "jobguard failed on this request; its log says where")
        .into_response()
}

/// Once the server is about to leave, every connection ends with its answer, so that the client's next one goes to
/// a server that stays.
async fn end_connections(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if shared.lifecycle.phase() > Phase::Serving {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn review(shared: &Shared, endpoint: Endpoint, request: Request) -> Response {
    match answer(shared, endpoint, request).await {
        Ok(response) => response,
        Err(refusal) => {
            tracing::info!(path = endpoint.path(), code = refusal.code.as_u16(), reason = %refusal.message, "request refused");
            refusal.into_response()
        }
    }
}

async fn answer(shared: &Shared, endpoint: Endpoint, request: Request) -> Result<Response, Refusal> {
    let deadline = Instant::now() + time_to_answer(request.uri().query(), shared.default_timeout);
    // Refused at once rather than queued: the client has a deadline, and its failurePolicy.
    let Ok(place) = Arc::clone(&shared.room).try_acquire_owned() else {
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many reviews at a time; ask again"));
    };
    check_headers(request.headers())?;
    let body = timeout_at(deadline, read_body(request.into_body()))
        .await
        .map_err(|_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"))??;
    let large = body.len() > LARGE;
    let admission = Arc::clone(&shared.admission);
    let judge = move || {
        let _place = place;
        admission.answer(endpoint, &body, Timestamp::now())
    };
    let answer = if large {
        let judging = timeout_at(deadline, tokio::task::spawn_blocking(judge));
        match judging.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(failed)) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "shutting down")),
            },
            Err(_) => return Err(Refusal::new(StatusCode::GATEWAY_TIMEOUT, "no verdict in the time given")),
        }
    } else {
        judge()
    };
    let answer = answer.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    json(StatusCode::OK, &answer)
}

/// An answer in JSON.
fn json(code: StatusCode, value: &impl Serialize) -> Result<Response, Refusal> {
    let text = serde_json::to_vec(value).map_err(|_| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written as JSON")
    })?;
    Ok((code, [(CONTENT_TYPE, "application/json")], text).into_response())
}

fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim());
    let media_type = value(CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim_end();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = if media_type.is_empty() {
            "there is no Content-Type; send `Content-Type: application/json`".to_owned()
        } else {
            format!(
                "Content-Type {:?} is not read here; send `Content-Type: application/json`",
                plain(media_type, 60)
            )
        };
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    match value(CONTENT_ENCODING) {
        None | Some("" | "identity") => Ok(()),
        Some(_) => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be sent as it is, not compressed",
        )),
    }
}

/// Reads a body of at most [`MAX_BODY`]. Of one that is larger, as much again is read and thrown away: a client that
/// is still writing when the connection closes would not see the answer.
async fn read_body(mut body: Body) -> Result<Vec<u8>, Refusal> {
    let too_large = || {
        let message = format!("the body is larger than {MAX_BODY} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > 2 * MAX_BODY {
        return Err(too_large());
    }
    // What is announced has not come yet: memory is not handed out on a promise.
    let mut bytes = Vec::with_capacity(announced.min(LARGE));
    let mut length: usize = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= MAX_BODY {
            bytes.extend_from_slice(&data);
        } else {
            bytes = Vec::new();
        }
        if length > 2 * MAX_BODY {
            break;
        }
    }
    if length > MAX_BODY { Err(too_large()) } else { Ok(bytes) }
}

/// Why a request is not answered with a review.
#[derive(Debug)]
struct Refusal {
    code: StatusCode,
    message: String,
}

impl Refusal {
    fn new(code: StatusCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// `metav1.StatusReason`.
    fn reason(&self) -> &'static str {
        match self.code {
            StatusCode::BAD_REQUEST => "BadRequest",
            StatusCode::NOT_FOUND => "NotFound",
            StatusCode::METHOD_NOT_ALLOWED => "MethodNotAllowed",
            StatusCode::PAYLOAD_TOO_LARGE => "RequestEntityTooLarge",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "UnsupportedMediaType",
            StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
            StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => "Timeout",
            _ => "InternalError",
        }
    }

    /// A `Status`, which API servers know how to show.
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Document {
            kind: &'static str,
            api_version: &'static str,
            #[serde(flatten)]
            status: Status,
        }
        let code = self.code;
        let status = Status::failure(code.as_u16(), self.reason(), self.message);
        let document = Document { kind: "Status", api_version: "v1", status };
        let mut response = json(code, &document).unwrap_or_else(|_| code.into_response());
        if code == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::super::testing;
    use super::*;

    fn app(max_concurrent: usize) -> (Router, Lifecycle) {
        let lifecycle = Lifecycle::new();
        let router = router(App {
            admission: Arc::new(testing::admission()),
            lifecycle: lifecycle.clone(),
            max_concurrent,
            default_timeout: Duration::from_secs(5),
        });
        (router, lifecycle)
    }

    fn request(method: &str, path: &str, body: impl Into<Body>) -> Request {
        Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, "application/json")
            .body(body.into())
            .unwrap()
    }

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    async fn ask(request: Request) -> (u16, String) {
        let response = app(1).0.oneshot(request).await.unwrap();
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
    async fn everything_else_is_told_what_is_wrong() {
        let say = async |method: &str, path: &str| {
            let (code, body) = ask(request(method, path, "")).await;
            format!("{code} {body}")
        };
        insta::assert_snapshot!(say("POST", "/validate").await, @r#"400 {"kind":"Status","apiVersion":"v1","status":"Failure","message":"the body is empty; it must be one AdmissionReview in JSON","reason":"BadRequest","code":400}"#);
        insta::assert_snapshot!(say("GET", "/mutate").await, @r#"405 {"kind":"Status","apiVersion":"v1","status":"Failure","message":"GET is not possible here; an AdmissionReview is sent with POST","reason":"MethodNotAllowed","code":405}"#);
        insta::assert_snapshot!(say("POST", "/livez").await, @r#"405 {"kind":"Status","apiVersion":"v1","status":"Failure","message":"POST is not possible here; this is asked with GET","reason":"MethodNotAllowed","code":405}"#);
        insta::assert_snapshot!(say("GET", "/").await, @r#"404 {"kind":"Status","apiVersion":"v1","status":"Failure","message":"there is nothing here; there are POST /validate, POST /mutate, GET /livez and GET /readyz","reason":"NotFound","code":404}"#);
        assert_eq!(say("GET", "/livez").await, "200 ok\n");
        assert_eq!(say("GET", "/readyz").await, "200 ok\n");
        assert_eq!(say("HEAD", "/livez").await, "200 ");
    }

    #[tokio::test]
    async fn wrong_methods_are_told_the_right_one() {
        for (path, allow) in [("/validate", "POST"), ("/mutate", "POST"), ("/livez", "GET, HEAD")] {
            let response = app(1).0.oneshot(request("PUT", path, "")).await.unwrap();
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(response.headers()[ALLOW], allow);
        }
    }

    #[tokio::test]
    async fn only_plain_json_is_read() {
        let with = async |name: &str, value: &str| {
            let request = Request::post("/validate").header(name, value).body(Body::from("{}")).unwrap();
            ask(request).await.0
        };
        assert_eq!(with("content-type", "application/x-www-form-urlencoded").await, 415);
        assert_eq!(with("content-type", "application/jsonp").await, 415);
        assert_eq!(with("content-type", "").await, 415);
        assert_eq!(with("accept", "application/json").await, 415);
        assert_eq!(with("content-type", "Application/JSON; charset=utf-8").await, 400);
        let compressed = Request::post("/validate")
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "gzip")
            .body(Body::from("{}"))
            .unwrap();
        assert_eq!(ask(compressed).await.0, 415);
    }

    #[tokio::test]
    async fn bodies_end_at_the_limit() {
        assert_eq!(ask(request("POST", "/validate", vec![b' '; MAX_BODY])).await.0, 400);
        assert_eq!(ask(request("POST", "/validate", vec![b' '; MAX_BODY + 1])).await.0, 413);
        assert_eq!(ask(request("POST", "/validate", vec![b' '; 2 * MAX_BODY + 1])).await.0, 413);
    }

    #[tokio::test]
    async fn above_the_bound_requests_are_refused_at_once() {
        let response =
            app(0).0.oneshot(request("POST", "/validate", testing::review("u", "{}"))).await.unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        // Probes are not reviews.
        assert_eq!(app(0).0.oneshot(request("GET", "/readyz", "")).await.unwrap().status(), StatusCode::OK);
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
        let router = Router::new()
            .route("/", get(async || -> &'static str { panic!("no") }))
            .layer(CatchPanicLayer::custom(panicked));
        let response = router.oneshot(request("GET", "/", "")).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!text(response).await.contains("no\""));
    }

    #[tokio::test]
    async fn readiness_goes_first_and_connections_end() {
        let (router, lifecycle) = app(1);
        lifecycle.advance(Phase::Leaving);
        let ready = router.clone().oneshot(request("GET", "/readyz", "")).await.unwrap();
        assert_eq!(
            (ready.status().as_u16(), &ready.headers()[CONNECTION]),
            (503, &HeaderValue::from_static("close"))
        );
        assert_eq!(
            router.clone().oneshot(request("GET", "/livez", "")).await.unwrap().status(),
            StatusCode::OK
        );
        let review = router.oneshot(request("POST", "/validate", testing::review("u", "{}"))).await.unwrap();
        assert_eq!(
            (review.status().as_u16(), &review.headers()[CONNECTION]),
            (200, &HeaderValue::from_static("close"))
        );
    }
}
