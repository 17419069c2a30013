//! What an apply makes of a stored object, as Kubernetes' own libraries merge it.

use jobguard::apiserver::{Applied, Kind, KubernetesVersion, Server, Way};
use serde_json::Value;

/// A vector of `apply.jsonl`: a stored object, what was applied before, what is applied, and what they are merged to.
pub(crate) fn merged(vector: &Value) -> Result<(), String> {
    let applied = Some(vector["applied"].clone()).filter(|applied| !applied.is_null());
    compare(vector, Way::Strategic, applied.map(Applied::from).as_ref())
}

/// A vector of `apply-server-side.jsonl`: the same, where the managed fields say what was applied.
pub(crate) fn merged_by_server(vector: &Value) -> Result<(), String> {
    let own = server().applied_by_server(kind(vector), &vector["stored"]);
    compare(vector, Way::ServerSide, own.as_ref())
}

fn server() -> Server {
    Server::of(KubernetesVersion::NEWEST_COMPARED)
}

fn kind(vector: &Value) -> Kind {
    if vector["kind"] == "Job" { Kind::Job } else { Kind::CronJob }
}

fn compare(vector: &Value, way: Way, applied: Option<&Applied>) -> Result<(), String> {
    let mut ours =
        server().merge(kind(vector), way, vector["stored"].clone(), applied, &vector["written"]).value;
    let mut theirs = vector["merged"].clone();
    if way == Way::ServerSide {
        // What is left empty is as good as gone: the two differ in no field.
        [&mut ours, &mut theirs].into_iter().for_each(drop_empty);
    }
    if let Some(metadata) = ours.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    difference("", &theirs, &ours).map_or(Ok(()), Err)
}

fn drop_empty(value: &mut Value) {
    let is_empty = |value: &Value| match value {
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(drop_empty),
        Value::Object(fields) => {
            fields.values_mut().for_each(drop_empty);
            fields.retain(|_, value| !is_empty(value));
        }
        _ => {}
    }
}

/// The first place where two values differ.
fn difference(at: &str, theirs: &Value, ours: &Value) -> Option<String> {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let mut all = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            all.find_map(|key| match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => difference(&format!("{at}.{key}"), a, b),
                (a, b) => Some(format!("{at}.{key}: the library has {a:?}, we have {b:?}")),
            })
        }
        // A set has no order, and the library sorts one of the two before it compares them.
        (Value::Array(a), Value::Array(b)) if at.ends_with("finalizers") => {
            let is_same = a.len() == b.len() && a.iter().all(|element| b.contains(element));
            (!is_same).then(|| format!("{at}: the library has {theirs}, we have {ours}"))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| difference(&format!("{at}[{index}]"), a, b))
        }
        _ => (theirs != ours).then(|| format!("{at}: the library has {theirs}, we have {ours}")),
    }
}
