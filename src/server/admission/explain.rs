//! What the webhook does with an object and why: the answers of both endpoints, with the findings and changes that they rest on.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::decide::{Admission, Answered};
use super::namespaces::{Labels, Namespaces};
use super::record::Record;
use super::request::Endpoint;
use super::review::ReviewError;
use crate::engine::Finding;
use crate::mutate::{self, Change};
use crate::policy::Policy;

/// A review, and what is known besides.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The `AdmissionReview`.
    pub(crate) review: Value,
    /// The labels of its namespace, where they are known.
    pub(crate) namespace_labels: Option<Labels>,
    /// Whether /mutate is asked first, and its patch applied, as by an API server.
    pub(crate) with_defaults: bool,
}

/// What the webhook does, and why.
#[derive(Debug)]
pub(crate) struct Explained {
    /// Whether the object may be stored.
    pub(crate) allowed: bool,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
    /// What /mutate fills in, asked or not.
    pub(crate) changes: Vec<Change>,
    /// Why there is no verdict, where the review is about nothing that could be judged: another kind, say, or an object that
    /// cannot be read.
    pub(crate) not_judged: Option<String>,
}

/// Why there is no verdict on what is no Job or CronJob as far as can be seen. Others are too large, or too much.
const NOTHING_TO_JUDGE: [&str; 5] =
    ["other_kind", "unknown_version", "unreadable_object", "unreadable_request", "no_object"];

/// Answers a review as the two endpoints do, one after the other.
///
/// # Errors
/// When it is nothing that an `AdmissionReview` could answer.
pub(crate) fn explain(policy: &Arc<Policy>, asked: Asked, now: Timestamp) -> Result<Explained, ReviewError> {
    let Asked { mut review, namespace_labels, with_defaults } = asked;
    let namespace = review.pointer("/request/namespace").and_then(Value::as_str).unwrap_or_default();
    let namespaces = match namespace_labels {
        Some(labels) => {
            Namespaces::Known { labels: BTreeMap::from([(namespace.into(), Arc::new(labels))]), lost: None }
        }
        None => Namespaces::default(),
    };
    let record = Arc::new(Record::default());
    let admission = Admission::with(Arc::clone(policy), Arc::default(), Arc::new(namespaces), Arc::default())
        .noting(Arc::clone(&record));
    admission.answer(Endpoint::Mutate, review.to_string().as_bytes(), now)?;
    let changes = record.take().changes;
    if with_defaults && let Some(object) = review.pointer_mut("/request/object") {
        // Made for this very object, so that it fits.
        let _ = json_patch::patch(object, &mutate::json_patch(&changes));
    }
    let Answered { answer, outcome } =
        admission.answered(Endpoint::Validate, review.to_string().as_bytes(), now)?;
    let noted = record.take();
    let response = answer.response;
    let not_judged =
        outcome.unjudged.filter(|(reason, _)| NOTHING_TO_JUDGE.contains(reason)).map(|(reason, _)| {
            let message = response.status.as_ref().map(|status| status.message.clone());
            message.or_else(|| response.warnings.first().cloned()).unwrap_or_else(|| reason.to_owned())
        });
    Ok(Explained { allowed: response.allowed, findings: noted.findings, changes, not_judged })
}
