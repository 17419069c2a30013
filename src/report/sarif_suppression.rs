//! Suppressions of results in a SARIF log.

use serde::Serialize;
use serde_json::{Value, json};

use super::sarif_uri::file_uri;
use crate::engine::{Suppressed, SuppressedBy};
use jobguard_text::plain;

/// A suppression. It is always accepted: annotations and exceptions are not reviewed a second time.
#[derive(Serialize)]
pub(super) struct Suppression {
    /// `inSource` for the annotation, `external` for an exception of the policy.
    kind: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    /// Where the exception is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Value>,
    /// The exception and its last day, as in JSON.
    #[serde(skip_serializing_if = "Value::is_null")]
    properties: Value,
}

/// The suppression of a finding.
pub(super) fn suppression(why: &Suppressed) -> Suppression {
    let (kind, exception) = match &why.by {
        SuppressedBy::Annotation => ("inSource", None),
        SuppressedBy::Exception { id, place } => ("external", Some((id, place))),
    };
    let location = exception.map(|(_, place)| {
        json!({
            "physicalLocation": {
                "artifactLocation": { "uri": file_uri(&place.file) },
                "region": { "startLine": place.line.max(1), "startColumn": place.column.max(1) },
            },
        })
    });
    let mut properties = serde_json::Map::new();
    properties.extend(exception.map(|(id, _)| ("exception".to_owned(), plain(id).into())));
    properties.extend(why.until.map(|until| ("until".to_owned(), until.to_string().into())));
    Suppression {
        kind,
        status: "accepted",
        justification: why.reason.as_deref().map(plain),
        location,
        properties: if properties.is_empty() { Value::Null } else { Value::Object(properties) },
    }
}
