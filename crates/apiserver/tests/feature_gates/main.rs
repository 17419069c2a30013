//! Servers with feature gates that are set otherwise than their version has them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod any_gates;
mod certificates;
mod updates;
mod validation;

use jobguard_apiserver::{FeatureGates, FieldError, Kind, Prepared, Server, Workload};
use jobguard_manifest::Tree;
use serde_json::{Value, json};

/// The server of a version with some gates set.
fn server(version: &str, gates: &str) -> Server {
    let gates: FeatureGates = gates.parse().unwrap();
    gates.on(version.parse().unwrap()).unwrap()
}

fn written(server: &Server, object: &Value) -> Workload {
    let tree = Tree::from_value(object);
    let kind = if object["spec"]["schedule"].is_null() { Kind::Job } else { Kind::CronJob };
    let decoded = server.decode(&tree, tree.root(), kind);
    decoded.workload.unwrap_or_else(|| panic!("{:?}", decoded.complaints))
}

/// A Job with this spec of its Pods, restart policy and container added.
fn job(mut pod: Value) -> Value {
    if pod["restartPolicy"].is_null() {
        pod["restartPolicy"] = json!("Never");
    }
    if pod["containers"].is_null() {
        pod["containers"] = json!([{}]);
    }
    for (kind, name) in [("containers", "main"), ("initContainers", "init")] {
        let containers = pod.get_mut(kind).and_then(Value::as_array_mut);
        for (index, container) in containers.into_iter().flatten().enumerate() {
            container["name"] = json!(format!("{name}{index}"));
            container["image"] = json!("busybox");
        }
    }
    json!({"metadata": {"name": "a", "namespace": "default"}, "spec": {"template": {"spec": pod}}})
}

fn created(server: &Server, object: &Value) -> Prepared {
    server.created(written(server, object)).prepare_for_create()
}

/// Path below the Pod's spec, and cause.
fn shown(errors: &[FieldError]) -> Vec<String> {
    let short = |error: &FieldError| {
        let path = error.path.to_string();
        let path = path.rsplit_once("template.spec.").map_or(path.as_str(), |(_, below)| below);
        format!("{path} {}", error.cause.as_str().trim_start_matches("FieldValue"))
    };
    errors.iter().map(short).collect()
}

/// What a server says about Pods of a new Job.
fn refused(server: &Server, pod: Value) -> Vec<String> {
    shown(&server.validate_create(&created(server, &job(pod))))
}

/// What a server leaves out of Pods of a new Job.
fn dropped(server: &Server, pod: Value) -> Vec<String> {
    let prepared = created(server, &job(pod));
    let path =
        |path: String| path.trim_start_matches("spec.template.").trim_start_matches("spec.").to_owned();
    prepared.dropped().iter().map(|dropped| path(dropped.path.to_string())).collect()
}
