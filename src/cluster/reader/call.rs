//! One request, with its bounds: on time, on attempts, and on what comes back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::StreamExt as _;
use kube::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};

use crate::cluster::connect::innermost;
use jobguard_text::plain_within;

/// How long one attempt may take, the answer's body included.
const ATTEMPT: Duration = Duration::from_secs(60);

/// How often a request is sent at most.
const ATTEMPTS: u32 = 5;

/// The pause before the second attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest pause that an API server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// After how long no further attempt is begun: who waits for a server that does not answer is to hear of it.
const GIVE_UP: Duration = Duration::from_secs(45);

/// The most bytes of an answer that are read.
pub(super) const MAX_ANSWER: usize = 32 << 20;

/// How much of an API server's message is shown, in characters.
const MAX_MESSAGE: usize = 300;

/// Why a cluster could not be read.
#[derive(Debug, Error)]
#[error("cannot {what}: {cause}")]
pub struct ReadError {
    /// What was asked: `list cronjobs.batch in namespace x`.
    pub what: String,
    /// Why not.
    pub cause: Cause,
}

/// What is in the way.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Cause {
    /// No request could be made.
    #[error("{0}")]
    Request(String),
    /// There is no connection, or it broke.
    #[error("the API server cannot be reached: {0}")]
    Unreachable(String),
    /// The answer did not come in time.
    #[error("the API server did not answer within {} seconds", ATTEMPT.as_secs())]
    Timeout,
    /// 401: it does not know who asks.
    #[error("the API server does not accept the credentials (401): log in again, or renew the kubeconfig's")]
    Unauthorized,
    /// Another answer that is a failure.
    #[error("the API server answered {code}: {message}")]
    Status {
        /// The HTTP status.
        code: u16,
        /// What it said.
        message: String,
    },
    /// The answer is no JSON, or other JSON.
    #[error("the answer cannot be read, is it an API server that answers? {0}")]
    Unreadable(String),
    /// The answer is larger than is read.
    #[error("the answer is larger than {} MiB", MAX_ANSWER >> 20)]
    TooLarge,
}

impl ReadError {
    pub(super) fn new(what: String, cause: Cause) -> Self {
        Self { what, cause }
    }

    pub(super) fn unreadable(what: String, error: &serde_json::Error) -> Self {
        // What serde_json says may quote the answer, and an answer may hold anything.
        let at = format!("line {}, column {}", error.line(), error.column());
        Self::new(what, Cause::Unreadable(at))
    }
}

impl From<kube::core::request::Error> for Cause {
    fn from(error: kube::core::request::Error) -> Self {
        Self::Request(innermost(&error))
    }
}

/// What came back.
pub(super) enum Reply {
    /// 200, with its body.
    Body(Vec<u8>),
    /// Anything else that is not worth another attempt.
    Refused(Refusal),
}

/// An answer that is not what was asked for.
pub(super) struct Refusal {
    pub(super) code: StatusCode,
    pub(super) message: String,
    /// Whether it is about one object.
    pub(super) names_object: bool,
    /// From where a list that has expired can be continued.
    pub(super) token: Option<String>,
}

/// Why `server` cannot be reached, without what the client's layers call themselves.
fn unreachable_because(server: &str, cause: &str) -> String {
    let mut words = cause;
    for layer in ["ServiceError: ", "client error (Connect): ", "tcp connect error: "] {
        words = words.strip_prefix(layer).unwrap_or(words);
    }
    let hint = match words.contains("invalid peer certificate") {
        true => {
            "; its certificate is not signed by the authority that the kubeconfig names (certificate-authority)"
        }
        false => "",
    };
    format!("{server}: {words}{hint}")
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
    metadata: StatusMetadata,
    details: StatusDetails,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StatusMetadata {
    r#continue: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatusDetails {
    name: String,
    retry_after_seconds: u64,
}

impl Refusal {
    pub(super) fn into_error(self, what: String) -> ReadError {
        let code = self.code.as_u16();
        let cause = match self.code {
            StatusCode::UNAUTHORIZED => Cause::Unauthorized,
            _ => Cause::Status { code, message: self.message },
        };
        ReadError::new(what, cause)
    }
}

/// Why an attempt failed, and whether another one may not.
struct Failure {
    cause: Cause,
    /// The pause that the API server asks for.
    pause: Option<Duration>,
    is_passing: bool,
}

/// Sends requests, and counts them.
pub(super) struct Calls {
    client: Client,
    /// The API server's URL, for messages.
    server: String,
    count: AtomicU64,
    /// The most bytes of an answer that are read.
    max_answer: usize,
}

impl Calls {
    pub(super) fn new(client: Client, server: String) -> Self {
        Self { client, server, count: AtomicU64::new(0), max_answer: MAX_ANSWER }
    }

    /// The same, which reads no larger answers.
    #[cfg(test)]
    pub(super) fn with_max_answer(self, max_answer: usize) -> Self {
        Self { max_answer, ..self }
    }

    /// How many requests have been sent, repeated ones among them.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Sends a request, and again where that may help.
    pub(super) async fn send(
        &self,
        request: Request<Vec<u8>>,
        what: &(dyn Fn() -> String + Sync),
    ) -> Result<Reply, ReadError> {
        let started = Instant::now();
        let mut pause = PAUSE;
        for attempt in 1.. {
            self.count.fetch_add(1, Ordering::Relaxed);
            let result = match timeout(ATTEMPT, self.attempt(request.clone())).await {
                Ok(result) => result,
                Err(_) => Err(Failure { cause: Cause::Timeout, pause: None, is_passing: true }),
            };
            match result {
                Ok(reply) => return Ok(reply),
                Err(failure) if failure.is_passing && attempt < ATTEMPTS && started.elapsed() < GIVE_UP => {
                    sleep(failure.pause.unwrap_or(pause).min(LONGEST_PAUSE)).await;
                    pause *= 2;
                }
                Err(failure) => return Err(ReadError::new(what(), failure.cause)),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// What stands at a path that everybody may read.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        what: &(dyn Fn() -> String + Sync),
    ) -> Result<T, ReadError> {
        let request = Request::get(path).body(Vec::new());
        let request = request.map_err(|error| ReadError::new(what(), Cause::Request(error.to_string())))?;
        match self.send(request, what).await? {
            Reply::Body(body) => {
                serde_json::from_slice(&body).map_err(|error| ReadError::unreadable(what(), &error))
            }
            Reply::Refused(status) => Err(status.into_error(what())),
        }
    }

    async fn attempt(&self, request: Request<Vec<u8>>) -> Result<Reply, Failure> {
        let unreachable = |error: &dyn std::error::Error| Failure {
            cause: Cause::Unreachable(unreachable_because(&self.server, &innermost(error))),
            pause: None,
            is_passing: true,
        };
        let request = request.map(kube::client::Body::from);
        let response = self.client.send(request).await.map_err(|error| match &error {
            // A plugin for credentials that fails does so again.
            kube::Error::Auth(auth) => {
                Failure { cause: Cause::Request(innermost(auth)), pause: None, is_passing: false }
            }
            _ => unreachable(&error),
        })?;
        let (head, body) = response.into_parts();
        let mut chunks = Body::new(body).into_data_stream();
        let mut text = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| unreachable(&error))?;
            if text.len() + chunk.len() > self.max_answer {
                return Err(Failure { cause: Cause::TooLarge, pause: None, is_passing: false });
            }
            text.extend_from_slice(&chunk);
        }
        if head.status.is_success() {
            return Ok(Reply::Body(text));
        }
        let status: Status = serde_json::from_slice(&text).unwrap_or_default();
        let is_passing = matches!(
            head.status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
                | StatusCode::INTERNAL_SERVER_ERROR
        );
        let message = match status.message.is_empty() {
            true => head.status.canonical_reason().unwrap_or("no reason").to_owned(),
            false => plain_within(&status.message, MAX_MESSAGE),
        };
        if is_passing {
            let pause = retry_after(&head.headers, &status);
            let cause = Cause::Status { code: head.status.as_u16(), message };
            return Err(Failure { cause, pause, is_passing });
        }
        let token = Some(status.metadata.r#continue).filter(|token| !token.is_empty());
        let names_object = !status.details.name.is_empty();
        Ok(Reply::Refused(Refusal { code: head.status, message, names_object, token }))
    }
}

/// How long the API server asks to wait. As a date it is not read: API servers send seconds.
fn retry_after(headers: &HeaderMap, status: &Status) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds
        .or(Some(status.details.retry_after_seconds).filter(|seconds| *seconds > 0))
        .map(Duration::from_secs)
}
