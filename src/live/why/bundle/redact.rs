//! What a bundle tells of an object, and what it does not: no values of env variables, no arguments of commands, no
//! annotations but a few that are known, nothing that a program has written.

use serde_json::{Map, Value, json};

use crate::live::why::facts::SCHEDULED;
use crate::live::why::known::Kind;
use crate::live::why::pod_facts::RUNTIME_REASONS;

/// The annotations that are kept.
const ANNOTATIONS: [&str; 6] = [
    SCHEDULED,
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-index-failure-count",
    "cronjob.kubernetes.io/instantiate",
    "jobguard.dev/ignore",
    "jobguard.dev/expected-runtime",
];

/// What stands for what was taken out.
const REDACTED: &str = "(redacted)";

/// How deep objects of the API are, by far.
const DEEPEST: usize = 40;

/// The object without what nobody else is to see.
pub fn redact(kind: Kind, object: &Value) -> Value {
    let mut redacted =
        json!({ "apiVersion": api_version(kind), "kind": kind.as_str(), "metadata": metadata(kind, object) });
    let keep: &[&str] = match kind {
        Kind::CronJob | Kind::Job | Kind::Pod => &["spec", "status"],
        Kind::ResourceQuota => &["spec", "status"],
        Kind::LimitRange => &["spec"],
        Kind::Event => &[
            "involvedObject",
            "reason",
            "message",
            "type",
            "count",
            "firstTimestamp",
            "lastTimestamp",
            "eventTime",
            "series",
            "source",
            "reportingComponent",
        ],
        Kind::ServiceAccount | Kind::Namespace => &[],
    };
    for key in keep {
        if let Some(value) = object.get(*key) {
            redacted[*key] = part(key, value, 0);
        }
    }
    if kind == Kind::Event {
        let moved = [
            ("regarding", "involvedObject"),
            ("note", "message"),
            ("deprecatedCount", "count"),
            ("deprecatedLastTimestamp", "lastTimestamp"),
        ];
        for (from, to) in moved {
            if let (Some(value), None) = (object.get(from), object.get(to)) {
                redacted[to] = part(to, value, 0);
            }
        }
    }
    redacted
}

fn api_version(kind: Kind) -> &'static str {
    match kind {
        Kind::CronJob | Kind::Job => "batch/v1",
        _ => "v1",
    }
}

fn metadata(kind: Kind, object: &Value) -> Value {
    let Some(metadata) = object.get("metadata") else { return json!({}) };
    let mut kept = Map::new();
    let keep = [
        "name",
        "namespace",
        "uid",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "finalizers",
        "labels",
        "ownerReferences",
    ];
    for key in keep {
        // Who owns a namespace or an account is of no interest.
        let is_of_interest =
            !matches!((kind, key), (Kind::ServiceAccount | Kind::Event, "labels" | "ownerReferences"));
        if let Some(value) = metadata.get(key).filter(|_| is_of_interest) {
            kept.insert(key.to_owned(), part(key, value, 0));
        }
    }
    if let Some(annotations) = metadata.get("annotations").map(annotations).filter(|map| !map.is_empty()) {
        kept.insert("annotations".to_owned(), Value::Object(annotations));
    }
    Value::Object(kept)
}

fn annotations(value: &Value) -> Map<String, Value> {
    let entries = value.as_object().into_iter().flatten();
    let known = entries.filter(|(key, value)| ANNOTATIONS.contains(&key.as_str()) && value.is_string());
    known.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The value of a field, by its name.
fn part(key: &str, value: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    match (key, value) {
        ("annotations", value) => Value::Object(annotations(value)),
        ("env", Value::Array(variables)) => variables.iter().map(variable).collect(),
        ("command" | "args", Value::Array(words)) => {
            words.iter().enumerate().map(|(at, word)| argument(key, at, word)).collect()
        }
        ("httpHeaders", Value::Array(headers)) => {
            headers.iter().map(|header| json!({ "name": header.get("name"), "value": REDACTED })).collect()
        }
        // Drivers take what they like, credentials too.
        ("volumeAttributes" | "options", Value::Object(_)) => json!({}),
        ("terminated", Value::Object(state)) => Value::Object(terminated(state, depth)),
        (_, Value::Object(map)) => {
            let kept = map.iter().filter(|(key, _)| !is_left_out(key));
            Value::Object(kept.map(|(key, value)| (key.clone(), part(key, value, depth + 1))).collect())
        }
        (_, Value::Array(list)) => list.iter().map(|value| part("", value, depth + 1)).collect(),
        (_, value) => value.clone(),
    }
}

/// What is of no use, or too much of it.
fn is_left_out(key: &str) -> bool {
    matches!(
        key,
        "managedFields"
            | "hostIP"
            | "hostIPs"
            | "podIP"
            | "podIPs"
            | "selfLink"
            | "containerID"
            | "hostAliases"
    )
}

/// A variable, without a value that is written there.
fn variable(variable: &Value) -> Value {
    let mut kept = Map::new();
    for key in ["name", "valueFrom"] {
        if let Some(value) = variable.get(key) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    if variable.get("value").is_some() {
        kept.insert("value".to_owned(), Value::from(REDACTED));
    }
    Value::Object(kept)
}

/// A word of a command. The program is kept where it is no more than its path.
fn argument(key: &str, at: usize, word: &Value) -> Value {
    let is_path = |word: &str| {
        word.len() <= 100
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'))
    };
    match word.as_str() {
        Some(word) if key == "command" && at == 0 && is_path(word) => Value::from(word),
        _ => Value::from(REDACTED),
    }
}

/// How a container ended. Its message may be the end of the program's log.
fn terminated(state: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    let is_of_runtime =
        state.get("reason").and_then(Value::as_str).is_some_and(|reason| RUNTIME_REASONS.contains(&reason));
    let kept =
        state.iter().filter(|(key, _)| !is_left_out(key) && (key.as_str() != "message" || is_of_runtime));
    kept.map(|(key, value)| (key.clone(), part(key, value, depth + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_left() {
        let pod = json!({
            "metadata": {
                "name": "p",
                "managedFields": [{"manager": "secret-1"}],
                "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": "secret-2",
                    "batch.kubernetes.io/job-completion-index": "3",
                },
            },
            "spec": {
                "containers": [{
                    "name": "main",
                    "command": ["/bin/sh", "-c", "secret-3"],
                    "args": ["secret-4"],
                    "env": [{"name": "A", "value": "secret-5"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                    "livenessProbe": {
                        "exec": {"command": ["curl", "secret-6"]},
                        "httpGet": {"httpHeaders": [{"name": "Authorization", "value": "secret-7"}]},
                    },
                    "lifecycle": {"preStop": {"exec": {"command": ["TOKEN=secret-8"]}}},
                }],
                "volumes": [{"name": "v", "csi": {"driver": "d", "volumeAttributes": {"password": "secret-9"}}}],
            },
            "status": {
                "containerStatuses": [{
                    "name": "main",
                    "state": {"terminated": {"exitCode": 1, "reason": "Error", "message": "secret-10"}},
                    "lastState": {"terminated": {"exitCode": 128, "reason": "StartError", "message": "no such file"}},
                }],
            },
            "data": {"x": "secret-11"},
        });
        let text = redact(Kind::Pod, &pod).to_string();
        assert!(!text.contains("secret-"), "{text}");
        for kept in
            ["\"s\"", "no such file", "/bin/sh", "\"exitCode\":1", "job-completion-index", "Authorization"]
        {
            assert!(text.contains(kept), "{kept} is not in {text}");
        }
        assert_eq!(
            redact(Kind::ServiceAccount, &json!({"metadata": {"name": "a"}, "secrets": [{"name": "t"}]}))["secrets"],
            Value::Null
        );
    }
}
