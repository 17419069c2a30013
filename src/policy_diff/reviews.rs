//! Recorded reviews, judged as the webhook does.

use jiff::Timestamp;
use serde_json::Value;

use super::judge::{Judged, Side};
use crate::diagnostic::FileError;
use crate::linter::decode_text;
use crate::policy_test::{Actual, ActualFinding};
use crate::server::{Asked, explain};
use crate::sources::Source;
use jobguard_manifest as manifest;

/// A review that was kept.
#[derive(Debug)]
pub(super) struct Recorded {
    file: String,
    /// Its number in the file, from 1; 0 where it is alone.
    number: usize,
    review: Value,
}

/// Takes the files that hold reviews out of `sources`.
pub(super) fn take(sources: &mut Vec<Source>, errors: &mut Vec<FileError>) -> Vec<Recorded> {
    let mut recorded = Vec::new();
    sources.retain(|source| {
        // What cannot be read is reported with the manifests.
        let Ok(bytes) = source.bytes() else { return true };
        let (text, _) = decode_text(&bytes);
        if !text.contains("AdmissionReview") {
            return true;
        }
        let documents = documents(&text);
        let is_review = |value: &Value| value.get("kind").and_then(Value::as_str) == Some("AdmissionReview");
        let reviews: Vec<Value> = documents.into_iter().filter(is_review).collect();
        let count = reviews.len();
        for (index, review) in reviews.into_iter().enumerate() {
            let file = source.name().to_owned();
            let number = if count > 1 { index + 1 } else { 0 };
            if review.get("request").is_some_and(Value::is_object) {
                recorded.push(Recorded { file, number, review });
            } else {
                let message =
                    "the AdmissionReview has no request: record what the API server sends".to_owned();
                errors.push(FileError { name: file, message });
            }
        }
        count == 0
    });
    recorded
}

/// The documents of a text: YAML, JSON, or JSON one a line.
fn documents(text: &str) -> Vec<Value> {
    if text.trim_start().starts_with('{') {
        let stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        if let Ok(values) = stream.collect::<Result<Vec<_>, _>>() {
            return values;
        }
    }
    let mut values = Vec::new();
    manifest::read_each(text, |document| {
        values.extend(document.content.ok().map(|tree| tree.to_value(tree.root())));
    });
    values
}

/// What the webhook does with each.
pub(super) fn judge(
    recorded: &[Recorded],
    side: &Side,
    now: Timestamp,
    errors: &mut Vec<FileError>,
) -> Vec<Judged> {
    let mut all = Vec::new();
    for Recorded { file, number, review } in recorded {
        // The object has been through the webhook of its time; filling in again changes only what differs.
        let asked = Asked { review: review.clone(), namespace_labels: None, with_defaults: true };
        match explain(&side.policy, asked, now) {
            Ok(explained) => {
                let findings = explained.findings.iter().map(ActualFinding::from);
                let actual = Actual::new(explained.allowed, findings, &explained.changes);
                let object = format!(
                    "{}{}",
                    object(review),
                    if *number > 0 { format!(" (review {number})") } else { String::new() }
                );
                all.push(Judged { file: file.clone(), line: *number, object, actual });
            }
            Err(error) => {
                let error = FileError { name: file.clone(), message: error.to_string() };
                if !errors.iter().any(|other| (&other.name, &other.message) == (&error.name, &error.message))
                {
                    errors.push(error);
                }
            }
        }
    }
    all
}

/// What a review is about.
fn object(review: &Value) -> String {
    let text = |pointer: &str| review.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = match text("/request/name") {
        "" => text("/request/object/metadata/generateName"),
        name => name,
    };
    let namespace = text("/request/namespace");
    let slash = if namespace.is_empty() { "" } else { "/" };
    format!("{} {} {namespace}{slash}{name}", text("/request/operation"), text("/request/kind/kind"))
}
