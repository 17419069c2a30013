//! `AdmissionReview` of `admission.k8s.io/v1`: what the API server asks, and what it is told.
//!
//! The objects inside are read along with it, straight into their own types; where they are not as an API server
//! writes them, they stay raw text ([`RawValue`]) until it is known what to make of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use json_patch::Patch;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use super::object::Sent;
use super::unjudged::PassedOver;
pub(crate) use head::Head;
use jobguard_text::plain_within;
use understood::Understood;

mod head;
mod understood;

const API_VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";

/// The longest piece of a request that an error quotes, in characters.
const QUOTE: usize = 60;

/// Why a body is no review that could be answered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// There is nothing to read.
    #[error("the body is empty; it must be one AdmissionReview in JSON")]
    Empty,
    /// What there is is no JSON object.
    #[error("the body is no JSON object; it must be one AdmissionReview in JSON")]
    NoObject,
    /// The body is not JSON, or not one JSON object with the fields of a review.
    #[error("the body is no AdmissionReview in JSON, line {line} column {column}: {problem}")]
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

/// Group, version and kind of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct GroupVersionKind {
    /// API group; empty for the core group.
    pub(crate) group: String,
    /// API version.
    pub(crate) version: String,
    /// Kind.
    pub(crate) kind: String,
}

impl fmt::Display for GroupVersionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, version, kind } = self;
        if !group.is_empty() {
            write!(f, "{group}/")?;
        }
        write!(f, "{version} {kind}")
    }
}

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Operation {
    /// A new object.
    Create,
    /// A change of a stored object.
    Update,
    /// A removal.
    Delete,
    /// A connection to a subresource.
    Connect,
}

impl Operation {
    /// The word in a review.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct UserInfo {
    username: Option<String>,
}

/// A question of the API server.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "O: Deserialize<'de>"))]
pub(crate) struct Request<O> {
    /// Names the question, and its answer.
    pub(crate) uid: String,
    /// Of the object as sent, which may be converted from what the user wrote.
    pub(crate) kind: GroupVersionKind,
    /// `status`, `scale` and so on; none for the object itself.
    #[serde(default)]
    pub(crate) sub_resource: Option<String>,
    /// The object's name; none where it is still to be generated.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// The object's namespace.
    #[serde(default)]
    pub(crate) namespace: Option<String>,
    /// What is about to be done.
    pub(crate) operation: Operation,
    #[serde(default)]
    user_info: Option<UserInfo>,
    /// The new object; none on DELETE, and where nobody looks at it ([`Request::passed_over`]).
    #[serde(default = "Option::default")]
    pub(crate) object: Option<O>,
    /// The stored object, on UPDATE and DELETE; none where nobody looks at it.
    #[serde(default = "Option::default")]
    pub(crate) old_object: Option<O>,
    /// Whether nothing is going to be stored, whatever is answered.
    #[serde(default, deserialize_with = "is_true")]
    pub(crate) dry_run: bool,
}

/// Whether this is `true`. What else stands there, the answer does not depend on.
fn is_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    <&'de RawValue>::deserialize(deserializer).map(|value| value.get() == "true")
}

impl<O> Request<O> {
    /// The request with its objects in another form.
    fn map<P>(self, form: impl Fn(O) -> P) -> Request<P> {
        let Self {
            uid,
            kind,
            sub_resource,
            name,
            namespace,
            operation,
            user_info,
            object,
            old_object,
            dry_run,
        } = self;
        let (object, old_object) = (object.map(&form), old_object.map(&form));
        Request {
            uid,
            kind,
            sub_resource,
            name,
            namespace,
            operation,
            user_info,
            object,
            old_object,
            dry_run,
        }
    }

    /// Who asks.
    pub(crate) fn user(&self) -> &str {
        self.user_info.as_ref().and_then(|user| user.username.as_deref()).unwrap_or_default()
    }

    /// Why no verdict is asked for, where that is so.
    pub(crate) fn passed_over(&self) -> Option<PassedOver> {
        passed_over(self.operation, self.sub_resource.as_deref())
    }
}

impl Request<Sent<'_>> {
    /// Whether the objects that are read are what the request says they are.
    fn objects_are_of_its_kind(&self) -> bool {
        [&self.object, &self.old_object].into_iter().flatten().all(|object| match object {
            Sent::Read(workload) => workload.kind().as_str() == self.kind.kind,
            Sent::Raw(_) => true,
        })
    }
}

/// Why no verdict is asked for. There is one on an object that is made or changed; subresources (status, scale) are
/// what controllers write, and nothing that is judged can be changed through them.
fn passed_over(operation: Operation, sub_resource: Option<&str>) -> Option<PassedOver> {
    match operation {
        Operation::Delete | Operation::Connect => Some(PassedOver::Operation),
        Operation::Create | Operation::Update if sub_resource.is_some_and(|name| !name.is_empty()) => {
            Some(PassedOver::Subresource)
        }
        Operation::Create | Operation::Update => None,
    }
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
    /// Whatever leaves no uid to answer to, or is said in a version of `AdmissionReview` in which no answer can be
    /// given.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, ReviewError> {
        // Said here, since serde reads a list as a struct as well.
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
            && request.objects_are_of_its_kind()
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

/// An answer. It is allowed and says nothing else until it is told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The uid of the question.
    pub(crate) uid: String,
    /// Whether the operation may go on.
    pub(crate) allowed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Status>,
    /// A JSON Patch in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    /// What the audit log is told; the API server puts the webhook's name before each key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) audit_annotations: BTreeMap<&'static str, String>,
    /// What the user is told, though the operation goes on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

impl Response {
    /// Yes, and nothing more.
    pub(crate) fn allow(uid: impl Into<String>) -> Self {
        Self {
            uid: uid.into(),
            allowed: true,
            status: None,
            patch: None,
            patch_type: None,
            audit_annotations: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Sets a JSON Patch (RFC 6902).
    pub(crate) fn set_patch(&mut self, patch: &Patch) {
        self.patch = Some(STANDARD.encode(patch.to_string()));
        self.patch_type = Some("JSONPatch");
    }

    /// The `AdmissionReview` around this answer.
    pub(crate) fn into_review(self) -> ReviewAnswer {
        ReviewAnswer { api_version: API_VERSION, kind: KIND, response: self }
    }
}

/// An `AdmissionReview` that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewAnswer {
    api_version: &'static str,
    kind: &'static str,
    /// The answer itself.
    pub(super) response: Response,
}

/// `metav1.Status`: why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Status {
    status: &'static str,
    /// What people read.
    pub(crate) message: String,
    /// One word for programs.
    pub(crate) reason: &'static str,
    /// The HTTP status that the user's client is shown.
    pub(crate) code: u16,
    /// What it is about, and every cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<StatusDetails>,
}

impl Status {
    /// A failure.
    pub(crate) fn failure(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status: "Failure", message: message.into(), reason, code, details: None }
    }
}

/// What a [`Status`] is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StatusDetails {
    /// The object's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    /// Its API group.
    pub(crate) group: &'static str,
    /// Its kind.
    pub(crate) kind: &'static str,
    /// Everything that stands against it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<StatusCause>,
}

/// One thing that stands against an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StatusCause {
    /// `metav1.CauseType`.
    pub(crate) reason: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// The field, as the API server writes it.
    pub(crate) field: String,
}

#[cfg(test)]
mod tests;
