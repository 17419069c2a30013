//! Reads an `AdmissionReview`.
//!
//! The objects inside are read along with it, straight into their own types; where they are not as an API server
//! writes them, they stay raw text ([`RawValue`]) until it is known what to make of them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::decode::Sent;
use super::request::{API_VERSION, KIND, Request};
use super::understood::Understood;
use jobguard_text::plain_within;

/// The longest piece of a request that an error quotes, in characters.
const QUOTE: usize = 60;

/// Why a body is not a review that can be answered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// There is nothing to read.
    #[error("the body is empty; it must be one AdmissionReview in JSON")]
    Empty,
    /// What there is is no JSON object.
    #[error("the body is not a JSON object; it must be one AdmissionReview in JSON")]
    NoObject,
    /// The body is not JSON, or not one JSON object with the fields of a review.
    #[error("the body is not an AdmissionReview in JSON, line {line} column {column}: {problem}")]
    Json {
        /// Line, counted from 1.
        line: usize,
        /// Column in bytes, counted from 1; 0 where the fault is that the text ends.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// Something else than an `AdmissionReview`.
    #[error("the body is {found}, not an AdmissionReview of {API_VERSION}")]
    WrongKind {
        /// The kind and version that were sent.
        found: String,
    },
    /// A review of another version.
    #[error(
        "AdmissionReview of {found} is not spoken here; list `v1` in the webhook's admissionReviewVersions"
    )]
    WrongVersion {
        /// The version that was sent.
        found: String,
    },
    /// A review that asks nothing, such as an answer sent back.
    #[error("the AdmissionReview has no `request`")]
    NoRequest,
    /// A request that cannot be answered, since an answer carries the request's uid.
    #[error("the AdmissionReview has no `request.uid`, without which it cannot be answered")]
    NoUid,
}

impl ReviewError {
    fn json(error: &serde_json::Error) -> Self {
        Self::Json { line: error.line(), column: error.column(), problem: problem_of(error) }
    }
}

/// What serde says, without the position, which it counts from the start of a part at times.
fn problem_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    plain_within(text, 2 * QUOTE)
}

/// What serde says, without the value at fault: it may be anything that stands in a review.
pub(crate) fn quiet(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None if text.starts_with("missing field") => text,
        None => format!("not valid at line {} column {}", error.line(), error.column()),
    };
    plain_within(&what, 2 * QUOTE)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "R: Deserialize<'de>"))]
struct Envelope<'a, R> {
    #[serde(borrow, default)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(default = "Option::default")]
    request: Option<R>,
}

#[derive(Deserialize)]
struct Uid {
    #[serde(default)]
    uid: Option<String>,
}

/// A review as far as it could be read.
#[derive(Debug)]
pub(crate) enum Review<'a> {
    /// A question.
    Request(Box<Request<Sent<'a>>>),
    /// A question of which only the uid is understood: still to be answered.
    UidOnly {
        /// The question's uid.
        uid: String,
        /// What is wrong with the rest.
        problem: String,
    },
}

impl<'a> Review<'a> {
    /// Reads a review.
    ///
    /// # Errors
    /// When there is no uid to answer to, or `AdmissionReview` has a version in which no answer can be given.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, ReviewError> {
        // Checked here, since serde reads a list as a struct as well.
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => return Err(ReviewError::Empty),
            Some(b'{') => {}
            Some(_) => return Err(ReviewError::NoObject),
        }
        // Nearly always: a request that is understood, objects and all, in one pass. That it is text is seen once for
        // all of it, and not again for every string.
        if let Ok(text) = std::str::from_utf8(body)
            && let Ok(Envelope { api_version: Some(version), kind: Some(kind), request: Some(request) }) =
                serde_json::from_str::<Envelope<'a, Understood<'a>>>(text)
            && let Understood(request) = request
            && version == API_VERSION
            && kind == KIND
            && !request.uid.is_empty()
            && objects_are_of_its_kind(&request)
        {
            return Ok(Self::Request(Box::new(request)));
        }
        Self::read_in_parts(body)
    }

    /// Reads a review step by step, to say what is wrong with it, and to keep the uid where that is all there is.
    fn read_in_parts(body: &'a [u8]) -> Result<Self, ReviewError> {
        let envelope: Envelope<'a, &'a RawValue> =
            serde_json::from_slice(body).map_err(|error| ReviewError::json(&error))?;
        let version = envelope.api_version.as_deref().unwrap_or_default();
        let kind = envelope.kind.as_deref().unwrap_or_default();
        if kind != KIND || !version.starts_with("admission.k8s.io/") {
            let found = match (kind, version) {
                ("", "") => "an object without `kind` and `apiVersion`".to_owned(),
                _ => plain_within(&format!("kind {kind:?} of apiVersion {version:?}"), 2 * QUOTE),
            };
            return Err(ReviewError::WrongKind { found });
        }
        if version != API_VERSION {
            return Err(ReviewError::WrongVersion { found: plain_within(version, QUOTE) });
        }
        let request = envelope.request.ok_or(ReviewError::NoRequest)?;
        if !request.get().starts_with('{') {
            return Err(ReviewError::NoUid);
        }
        match serde_json::from_str::<Request<&'a RawValue>>(request.get()) {
            Ok(request) if request.uid.is_empty() => Err(ReviewError::NoUid),
            Ok(request) => Ok(Self::Request(Box::new(request.map(Sent::Raw)))),
            Err(error) => match serde_json::from_str::<Uid>(request.get()) {
                Ok(Uid { uid: Some(uid) }) if !uid.is_empty() => {
                    Ok(Self::UidOnly { uid, problem: quiet(&error) })
                }
                _ => Err(ReviewError::NoUid),
            },
        }
    }
}

/// Whether the objects that are read are what the request says they are.
fn objects_are_of_its_kind(request: &Request<Sent<'_>>) -> bool {
    [&request.object, &request.old_object].into_iter().flatten().all(|object| match object {
        Sent::Read(workload) => workload.kind().as_str() == request.kind.kind,
        Sent::Raw(_) => true,
    })
}

#[cfg(test)]
mod tests;
