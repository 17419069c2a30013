//! What is sent back to an API server: the response of an `AdmissionReview`, and the `Status` in it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use json_patch::Patch;
use serde::Serialize;

use super::request::{API_VERSION, KIND};

/// A response. By default it allows the operation and has nothing else.
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
    /// What goes into the audit log; the API server puts the webhook's name before each key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) audit_annotations: BTreeMap<&'static str, String>,
    /// What the user is warned of, though the operation goes on.
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
    pub(crate) group: String,
    /// Its kind.
    pub(crate) kind: String,
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
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_no_more_than_it_must() {
        let answer = serde_json::to_string(&Response::allow("u").into_review()).unwrap();
        insta::assert_snapshot!(answer, @r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u","allowed":true}}"#);
        let mut response = Response::allow("u");
        response.set_patch(&Patch::default());
        assert_eq!((response.patch.as_deref(), response.patch_type), (Some("W10="), Some("JSONPatch")));
    }
}
