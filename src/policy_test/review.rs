//! Judges a review, as the webhook does.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::actual::{Actual, ActualFinding};
use super::judge::{self, TestFile};
use super::model::{Review, Written};
use super::recorded;
use super::scalar::start;
use crate::policy::Policy;
use crate::policy::reader::{Fault, quoted};
use crate::server::{Asked, explain};

/// The user of a review that names none.
const USER: &str = "kubernetes-admin";
/// The namespace of an object that names none, as kubectl has it.
const NAMESPACE: &str = "default";

/// Judges a review.
///
/// # Errors
/// When it cannot be put together, with its place in the test file.
pub(super) fn judge(
    review: &Review,
    test: TestFile<'_>,
    (policy, now): (&Arc<Policy>, Timestamp),
    with_defaults: bool,
) -> Result<Actual, Fault> {
    let asked = Asked {
        review: match &review.recorded {
            Some(named) => recorded::read(review, named, test)?,
            None => put_together(review, test)?,
        },
        namespace_labels: review.namespace_labels.clone(),
        with_defaults,
    };
    let explained = explain(policy, asked, now).map_err(|error| fault(review, error.to_string(), None))?;
    if let Some(why) = explained.not_judged {
        return Err(fault(review, format!("the webhook gives no verdict on it: {why}"), None));
    }
    Ok(Actual::new(explained.allowed, explained.findings.iter().map(ActualFinding::from), &explained.changes))
}

fn fault(review: &Review, message: String, help: Option<String>) -> Fault {
    Fault { span: review.span, path: review.path.clone(), message, help }
}

fn add_resource_version(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.entry("resourceVersion").or_insert_with(|| "1".into());
    }
}

/// Refuses a review that no API server could send.
fn agree(review: &Review, object: &Value, old_object: &Value) -> Result<(), Fault> {
    fn text<'v>(object: &'v Value, pointer: &str) -> Option<&'v str> {
        object.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
    for (pointer, what) in
        [("/kind", "kind"), ("/metadata/namespace", "namespace"), ("/metadata/name", "name")]
    {
        let (Some(new), Some(old)) = (text(object, pointer), text(old_object, pointer)) else { continue };
        if new != old {
            let (span, path) = match &review.old_object {
                Some(Written::File { path, .. }) => (path.span, path.path.clone()),
                Some(Written::Here(span, _)) => (start(*span), format!("{}.oldObject", review.path)),
                None => (review.span, review.path.clone()),
            };
            let message = format!("its {what} is {}, and that of the object is {}", quoted(old), quoted(new));
            let help = "an update replaces an object of the same kind, namespace and name".to_owned();
            return Err(Fault { span, path, message, help: Some(help) });
        }
    }
    let Some(namespace) = &review.namespace else { return Ok(()) };
    let own = [object, old_object].into_iter().find_map(|object| text(object, "/metadata/namespace"));
    match own.filter(|own| *own != namespace.value) {
        None => Ok(()),
        Some(own) => Err(Fault {
            span: namespace.span,
            path: namespace.path.clone(),
            message: format!(
                "the review is of the namespace {}, and its object of {}",
                quoted(&namespace.value),
                quoted(own)
            ),
            help: Some("remove it: the namespace of a review is that of its object".to_owned()),
        }),
    }
}

/// A review as an API server would send it.
fn put_together(review: &Review, test: TestFile<'_>) -> Result<Value, Fault> {
    let object = |written: &Option<Written>| -> Result<Value, Fault> {
        written.as_ref().map_or(Ok(Value::Null), |written| judge::object(written, test))
    };
    let (mut object, mut old_object) = (object(&review.object)?, object(&review.old_object)?);
    if review.operation == "UPDATE" {
        // Clients send it back; manifests do not have it.
        [&mut object, &mut old_object].into_iter().for_each(add_resource_version);
    }
    let about = if object.is_null() { &old_object } else { &object };
    let text = |pointer: &str| about.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(api_version), Some(kind)) = (text("/apiVersion"), text("/kind")) else {
        let help = "an object begins with apiVersion and kind";
        return Err(fault(
            review,
            "the object has no apiVersion or no kind".to_owned(),
            Some(help.to_owned()),
        ));
    };
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    agree(review, &object, &old_object)?;
    let namespace = review.namespace.as_ref().map(|namespace| namespace.value.as_str());
    let namespace = text("/metadata/namespace").or(namespace).unwrap_or(NAMESPACE);
    let mut user = Map::from_iter([("username".to_owned(), review.user.as_deref().unwrap_or(USER).into())]);
    if !review.groups.is_empty() {
        user.insert("groups".to_owned(), review.groups.clone().into());
    }
    Ok(json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "00000000-0000-0000-0000-000000000000",
            "kind": { "group": group, "version": version, "kind": kind },
            "name": text("/metadata/name"),
            "namespace": namespace,
            "operation": review.operation,
            "userInfo": user,
            "object": object,
            "oldObject": old_object,
            "dryRun": review.dry_run,
        },
    }))
}
