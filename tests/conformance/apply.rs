//! What an apply makes of a stored object, as Kubernetes' own library merges it.

use jobguard::batch::{Kind, Way, merge};
use serde_json::Value;

/// A vector of `apply.jsonl`: a stored object, what was applied before, what is applied, and what they are merged to.
pub(crate) fn merged(vector: &Value) -> Result<(), String> {
    let kind = if vector["kind"] == "Job" { Kind::Job } else { Kind::CronJob };
    let applied = Some(&vector["applied"]).filter(|applied| !applied.is_null());
    let ours = merge(kind, Way::Strategic, vector["stored"].clone(), applied, &vector["written"]).value;
    difference("", &vector["merged"], &ours).map_or(Ok(()), Err)
}

/// The first place where two values differ.
fn difference(at: &str, theirs: &Value, ours: &Value) -> Option<String> {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let all = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            all.into_iter().find_map(|key| match (a.get(key), b.get(key)) {
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
            let pairs = a.iter().zip(b).enumerate();
            pairs.into_iter().find_map(|(index, (a, b))| difference(&format!("{at}[{index}]"), a, b))
        }
        _ => (theirs != ours).then(|| format!("{at}: the library has {theirs}, we have {ours}")),
    }
}
