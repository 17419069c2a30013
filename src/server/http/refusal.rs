//! Answers that are no reviews: a `Status` that says what is wrong.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::server::admission::response::Status;

/// Why a request is not answered with a review.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: StatusCode,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: StatusCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// `metav1.StatusReason`.
    fn reason(&self) -> &'static str {
        match self.code {
            StatusCode::BAD_REQUEST => "BadRequest",
            StatusCode::UNAUTHORIZED => "Unauthorized",
            StatusCode::FORBIDDEN => "Forbidden",
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
    pub(super) fn into_response(self) -> Response {
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

/// How long most answers are at most, in bytes: room for as much is made at once.
const USUAL_ANSWER: usize = 2 << 10;

/// An answer in JSON.
pub(super) fn json(code: StatusCode, value: &impl Serialize) -> Result<Response, Refusal> {
    let mut text = Vec::with_capacity(USUAL_ANSWER);
    serde_json::to_writer(&mut text, value).map_err(|_| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written as JSON")
    })?;
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
