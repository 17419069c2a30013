//! The same verdict through the running webhook, over HTTPS: the object in an `AdmissionReview`, the causes in the answer.

#[path = "../integration/support/server/mod.rs"]
mod server_support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use jobguard::apiserver::{self, Kind, KubernetesVersion, UNKNOWN_UID, Workload};
use jobguard::manifest::Tree;
use serde_json::{Value, json};
use server_support::{Server, Stream, post};

thread_local! {
    /// A server and one connection to it, for as long as the suite runs. Baseline refuses nothing that the API server
    /// accepts, so that the API server's verdict stands alone.
    static SERVER: RefCell<Option<(Stream, Server)>> = const { RefCell::new(None) };
}

/// A vector of op `create`: the object as it was submitted, which is refused as the server refuses it; and as a server
/// would send it that accepts it all the same.
pub(crate) fn create(vector: &Value) -> Result<(), String> {
    if vector["reason"] == "BadRequest" {
        // No webhook is asked about what cannot be decoded.
        return Ok(());
    }
    compare(vector, "CREATE", &by_hand(vector["object"].clone()), &Value::Null)?;
    let sent = newest().created(decoded(&vector["object"], vector)?).prepare_for_create().into_workload();
    match sent_by_server(sent)? {
        Some(sent) => compare_sent(vector, "CREATE", &sent, &Value::Null),
        None => Ok(()),
    }
}

/// A vector of op `update`, in the same two ways.
pub(crate) fn changed(vector: &Value) -> Result<(), String> {
    let mut old = decoded(&vector["old"], vector)?;
    let new = decoded(&vector["object"], vector)?;
    newest().apply_defaults(&mut old);
    let new = newest().updated(new).prepare_for_update(&old).into_workload();
    compare(vector, "UPDATE", &by_hand(object(&new)?), &object(&old)?)?;
    match (sent_by_server(new)?, sent_by_server(old)?) {
        (Some(new), Some(old)) => compare_sent(vector, "UPDATE", &new, &old),
        _ => Ok(()),
    }
}

/// The object without what it takes to look like one that a server has sent.
fn by_hand(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("creationTimestamp");
    }
    object
}

/// The object with what a server gives it before it asks whether it may be stored; none where a server sends no such
/// object, whatever it accepts: without a name, or a Job without a selector.
fn sent_by_server(workload: Workload) -> Result<Option<Value>, String> {
    let mut object = object(&workload)?;
    let is_set = |value: &Value| !value.is_null() && value != "";
    let is_job = matches!(workload, Workload::Job(_));
    if !is_set(&object["metadata"]["name"]) || (is_job && !is_set(&object["spec"]["selector"])) {
        return Ok(None);
    }
    if !is_set(&object["metadata"]["uid"]) {
        object["metadata"]["uid"] = json!(UNKNOWN_UID);
    }
    object["metadata"]["creationTimestamp"] = json!("2026-03-01T12:00:00Z");
    Ok(Some(object))
}

fn newest() -> &'static apiserver::Server {
    static NEWEST: OnceLock<apiserver::Server> = OnceLock::new();
    NEWEST.get_or_init(|| apiserver::Server::of(KubernetesVersion::NEWEST_COMPARED))
}

fn decoded(object: &Value, vector: &Value) -> Result<Workload, String> {
    let kind = if vector["kind"] == "Job" { Kind::Job } else { Kind::CronJob };
    let tree = Tree::from_value(object);
    newest().decode(&tree, tree.root(), kind).workload.ok_or_else(|| "not decoded".to_owned())
}

/// How a webhook warns of what it would refuse, and the server has accepted.
const OURS: &str = "jobguard's own reading of the API (1.36) would refuse this: ";

fn review(vector: &Value, operation: &str, object: &Value, old: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "8d7f9d5c-0000-4000-8000-000000000001",
            "kind": {"group": "batch", "version": "v1", "kind": vector["kind"]},
            "resource": {"group": "batch", "version": "v1", "resource": "jobs"},
            "namespace": "default",
            "operation": operation,
            "userInfo": {"username": "admin"},
            "object": object,
            "oldObject": old,
        }
    })
}

/// The causes of a denial, but for what would be refused later, in the Jobs of a CronJob: that is ours alone to say.
fn causes(response: &Value) -> impl Iterator<Item = &Value> {
    let causes = response["status"]["details"]["causes"].as_array().into_iter().flatten();
    causes.filter(|cause| !cause["message"].as_str().unwrap_or_default().contains("(job/child-rejected)"))
}

fn compare(vector: &Value, operation: &str, object: &Value, old: &Value) -> Result<(), String> {
    let answer = ask(&review(vector, operation, object, old))?;
    let response = &answer["response"];
    let pair = |field: &Value, cause: &Value| {
        format!("{} {}", field.as_str().unwrap_or_default(), cause.as_str().unwrap_or_default())
    };
    let theirs: BTreeSet<String> =
        vector["causes"].as_array().into_iter().flatten().map(|cause| pair(&cause[0], &cause[1])).collect();
    let ours: BTreeSet<String> =
        causes(response).map(|cause| pair(&cause["field"], &cause["reason"])).collect();
    if theirs != ours {
        return Err(format!("the server's causes {theirs:?}, the webhook's {ours:?}"));
    }
    let code = &response["status"]["code"];
    if vector["accepted"] == false && (response["allowed"] != false || code != 422) {
        return Err(format!("the server refuses with 422, the webhook says {} {code}", response["allowed"]));
    }
    Ok(())
}

/// What the server has sent, it has accepted: the webhook refuses none of it, and warns of the same fields.
fn compare_sent(vector: &Value, operation: &str, object: &Value, old: &Value) -> Result<(), String> {
    let answer = ask(&review(vector, operation, object, old))?;
    let response = &answer["response"];
    if let Some(cause) = causes(response).next() {
        return Err(format!("refused though a server has sent it: {cause}"));
    }
    let theirs: BTreeSet<&str> =
        vector["causes"].as_array().into_iter().flatten().filter_map(|cause| cause[0].as_str()).collect();
    let warnings = response["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let ours: BTreeSet<&str> = warnings
        .filter_map(|warning| warning.strip_prefix(OURS))
        .map(|warning| warning.split_once(": ").map_or(warning, |(field, _)| field))
        .collect();
    // A long path is cut in a warning.
    let is_theirs = |field: &str| match field.strip_suffix('…') {
        Some(start) => theirs.iter().any(|field| field.starts_with(start)),
        None => theirs.contains(field),
    };
    match ours.iter().find(|field| !is_theirs(field)) {
        Some(field) => Err(format!("a server refuses {theirs:?}, the webhook warns of {field}")),
        None if ours.is_empty() != theirs.is_empty() => {
            Err(format!("a server refuses {theirs:?}, the webhook warns of nothing: {response}"))
        }
        None => Ok(()),
    }
}

fn ask(review: &Value) -> Result<Value, String> {
    SERVER.with_borrow_mut(|server| {
        let (stream, _) = server.get_or_insert_with(|| {
            let server = Server::start(&["--policy", "baseline", "--log-level", "info"]);
            (server.connect(), server)
        });
        let answer = post(stream, "/validate", review.to_string().as_bytes());
        if answer.code == 200 {
            Ok(answer.json())
        } else {
            Err(format!("status {}: {}", answer.code, answer.body))
        }
    })
}

fn object(workload: &Workload) -> Result<Value, String> {
    match workload {
        Workload::Job(job) => serde_json::to_value(job),
        Workload::CronJob(cron_job) => serde_json::to_value(cron_job),
    }
    .map_err(|error| error.to_string())
}
