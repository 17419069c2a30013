//! The same verdict through the running webhook, over HTTPS: the object in an `AdmissionReview`, the causes in the answer.

#[path = "../server_support/mod.rs"]
mod server_support;

use std::cell::RefCell;
use std::collections::BTreeSet;

use jobguard::batch::{Kind, Workload, apply_defaults, decode, prepare_for_update};
use jobguard::manifest::Tree;
use serde_json::{Value, json};
use server_support::{Server, Stream, post};

thread_local! {
    /// A server and one connection to it, for as long as the suite runs. Baseline refuses nothing that the API server
    /// accepts, so that the API server's verdict stands alone.
    static SERVER: RefCell<Option<(Stream, Server)>> = const { RefCell::new(None) };
}

/// A vector of op `create`: the object as it was submitted.
pub(crate) fn create(vector: &Value) -> Result<(), String> {
    if vector["reason"] == "BadRequest" {
        // No webhook is asked about what cannot be decoded.
        return Ok(());
    }
    compare(vector, "CREATE", &vector["object"], &Value::Null)
}

/// A vector of op `update`.
pub(crate) fn changed(vector: &Value) -> Result<(), String> {
    let mut old = decoded(&vector["old"], vector)?;
    let mut new = decoded(&vector["object"], vector)?;
    apply_defaults(&mut old);
    apply_defaults(&mut new);
    prepare_for_update(&mut new, &old);
    compare(vector, "UPDATE", &object(&new)?, &object(&old)?)
}

fn decoded(object: &Value, vector: &Value) -> Result<Workload, String> {
    let kind = if vector["kind"] == "Job" { Kind::Job } else { Kind::CronJob };
    let tree = Tree::from_value(object);
    decode(&tree, tree.root(), kind).workload.ok_or_else(|| "not decoded".to_owned())
}

fn compare(vector: &Value, operation: &str, object: &Value, old: &Value) -> Result<(), String> {
    let answer = ask(&json!({
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
    }))?;
    let response = &answer["response"];
    let pair = |field: &Value, cause: &Value| {
        format!("{} {}", field.as_str().unwrap_or_default(), cause.as_str().unwrap_or_default())
    };
    let theirs: BTreeSet<String> =
        vector["causes"].as_array().into_iter().flatten().map(|cause| pair(&cause[0], &cause[1])).collect();
    let ours: BTreeSet<String> = response["status"]["details"]["causes"]
        .as_array()
        .into_iter()
        .flatten()
        // What would be refused later, in the Jobs of a CronJob, is ours alone to say.
        .filter(|cause| !cause["message"].as_str().unwrap_or_default().contains("(cron/child-rejected)"))
        .map(|cause| pair(&cause["field"], &cause["reason"]))
        .collect();
    if theirs != ours {
        return Err(format!("the server's causes {theirs:?}, the webhook's {ours:?}"));
    }
    let code = &response["status"]["code"];
    if vector["accepted"] == false && (response["allowed"] != false || code != 422) {
        return Err(format!("the server refuses with 422, the webhook says {} {code}", response["allowed"]));
    }
    Ok(())
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
