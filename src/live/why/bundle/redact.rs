//! What a bundle tells of an object: the fields that an answer may rest on, and no others. Of those, no values of env
//! variables, no arguments of commands, and no messages but those of Kubernetes' own components.

use serde_json::{Map, Value, json};

use super::allowed::{self, Allowed};
use super::messages::{self, REDACTED, is_program};
use crate::live::why::facts::SCHEDULED;
use crate::live::why::known::Kind;

/// The annotations that are kept.
const ANNOTATIONS: [&str; 6] = [
    SCHEDULED,
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-index-failure-count",
    "cronjob.kubernetes.io/instantiate",
    "jobguard.dev/ignore",
    RUN_TIME,
];

/// The annotation by which a Job says how long it runs.
const RUN_TIME: &str = "jobguard.dev/expected-runtime";

/// How deep objects of the API are, by far.
const DEEPEST: usize = 40;

/// The object without what is confidential.
pub fn redact(kind: Kind, object: &Value) -> Value {
    let mut redacted =
        json!({ "apiVersion": api_version(kind), "kind": kind.as_str(), "metadata": metadata(kind, object) });
    let allowed = allowed::of(kind);
    for key in ["spec", "status"] {
        if let Some(value) = object.get(key).and_then(|value| kept(allowed, key, value, 0)) {
            redacted[key] = value;
        }
    }
    if kind == Kind::Event {
        event(object, &mut redacted);
    }
    redacted
}

/// An event of either API group, as one of the older.
fn event(object: &Value, redacted: &mut Value) {
    const FIELDS: [(&str, &str); 10] = [
        ("involvedObject", "regarding"),
        ("reason", ""),
        ("type", ""),
        ("count", "deprecatedCount"),
        ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"),
        ("eventTime", ""),
        ("series", ""),
        ("source", "deprecatedSource"),
        ("reportingComponent", "reportingController"),
    ];
    for (key, newer) in FIELDS {
        let value = object.get(key).or_else(|| object.get(newer));
        if let Some(value) = value.and_then(|value| kept(allowed::of(Kind::Event), key, value, 0)) {
            redacted[key] = value;
        }
    }
    if let Some(message) = messages::of_event(object) {
        redacted["message"] = Value::from(message);
    }
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
            kept.insert(key.to_owned(), plain(kind, key, value));
        }
    }
    if let Some(annotations) = metadata.get("annotations").map(annotations).filter(|map| !map.is_empty()) {
        kept.insert("annotations".to_owned(), Value::Object(annotations));
    }
    Value::Object(kept)
}

/// A field of the metadata, without what the API does not have there.
fn plain(kind: Kind, key: &str, value: &Value) -> Value {
    match (key, value) {
        // The labels of a namespace tell who pays for it; those of Kubernetes, what it admits.
        ("labels", Value::Object(labels)) => {
            let is_kept = |key: &str| match kind {
                Kind::Namespace => key.split_once('/').is_some_and(|(domain, _)| {
                    domain == "kubernetes.io" || domain.ends_with(".kubernetes.io")
                }),
                _ => true,
            };
            let kept = labels.iter().filter(|(key, value)| is_kept(key) && value.is_string());
            Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        ("ownerReferences", Value::Array(owners)) => {
            let fields = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
            let owner = |owner: &Value| {
                let kept = fields.iter().filter_map(|field| Some(((*field).to_owned(), owner.get(*field)?)));
                let kept = kept.filter(|(_, value)| value.is_string() || value.is_boolean());
                Value::Object(kept.map(|(field, value)| (field, value.clone())).collect())
            };
            owners.iter().map(owner).collect()
        }
        ("finalizers", Value::Array(names)) => {
            names.iter().filter(|name| name.is_string()).cloned().collect()
        }
        (_, Value::Object(_) | Value::Array(_)) => Value::Null,
        _ => value.clone(),
    }
}

fn annotations(value: &Value) -> Map<String, Value> {
    let entries = value.as_object().into_iter().flatten();
    let known = entries.filter(|(key, value)| ANNOTATIONS.contains(&key.as_str()) && value.is_string());
    // A duration, a number, ids of rules: words of few letters, and no sentences.
    let is_plain = |text: &str| {
        text.len() <= 200 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-+:./, _".contains(c))
    };
    let is_time = |key: &str, text: &str| key != RUN_TIME || text.starts_with(|c: char| c.is_ascii_digit());
    let known =
        known.filter(|(key, value)| value.as_str().is_some_and(|text| is_plain(text) && is_time(key, text)));
    known.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What is kept of a value at a path: objects and lists by what they hold, all else where its field is allowed.
fn kept(allowed: &Allowed, path: &str, value: &Value, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let name = path.rsplit('.').next().unwrap_or_default();
    match value {
        Value::Array(words) if matches!(name, "command" | "args") && allowed.holds(path) => {
            Some(words.iter().enumerate().map(|(at, word)| argument(name, at, word)).collect())
        }
        Value::Array(list) => {
            let elements = list.iter().filter_map(|element| kept(allowed, path, element, depth + 1));
            (allowed.holds(path) || allowed.holds_some(path)).then(|| elements.collect())
        }
        Value::Object(map) if allowed.holds_some(path) => {
            if name == "annotations" {
                return Some(Value::Object(annotations(value)));
            }
            let mut fields: Map<String, Value> = map
                .iter()
                // A key with a dot is no field, and must not be taken for one.
                .filter(|(key, _)| !key.contains('.') || allowed.is_map(path))
                .filter_map(|(key, value)| {
                    Some((key.clone(), kept(allowed, &below(allowed, path, key), value, depth + 1)?))
                })
                .collect();
            if fields.contains_key("message") {
                let message = match name {
                    "waiting" => messages::of_waiting(value),
                    "terminated" => messages::of_terminated(value),
                    "conditions" => messages::of_condition(value),
                    "status" => messages::of_pod(value),
                    _ => None,
                };
                match message {
                    Some(message) => fields.insert("message".to_owned(), Value::from(message)),
                    None => fields.remove("message"),
                };
            }
            // An object of which nothing is left would say something else than it did.
            (!fields.is_empty() || map.is_empty() || allowed.holds(path)).then_some(Value::Object(fields))
        }
        Value::Object(_) => None,
        // What has to be there, with a value that is confidential.
        Value::String(_) if is_hidden(path) => Some(Value::from(REDACTED)),
        _ => allowed.holds(path).then(|| value.clone()),
    }
}

/// The path of a field. The keys of a map count as one.
fn below(allowed: &Allowed, path: &str, key: &str) -> String {
    match (path.is_empty(), allowed.is_map(path)) {
        (true, _) => key.to_owned(),
        (_, true) => format!("{path}.*"),
        _ => format!("{path}.{key}"),
    }
}

/// Values that stand where the API wants one.
fn is_hidden(path: &str) -> bool {
    ["env.value", "httpGet.path", "hostPath.path"].iter().any(|end| path.ends_with(end))
}

/// A word of a command. The program is kept where it is no more than its path.
fn argument(key: &str, at: usize, word: &Value) -> Value {
    match word.as_str() {
        Some(word) if key == "command" && at == 0 && is_program(word) => Value::from(word),
        _ => Value::from(REDACTED),
    }
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
        for kept in ["\"s\"", "no such file", "/bin/sh", "\"exitCode\":1", "job-completion-index"] {
            assert!(text.contains(kept), "{kept} is not in {text}");
        }
        assert_eq!(
            redact(Kind::ServiceAccount, &json!({"metadata": {"name": "a"}, "secrets": [{"name": "t"}]}))["secrets"],
            Value::Null
        );
    }

    /// A Pod with a text of its own in every field that may hold one, as the schema has them.
    fn full_pod() -> (Value, usize) {
        let mut generator = schemars::SchemaGenerator::default();
        let root = generator.subschema_for::<k8s_openapi::api::core::v1::Pod>();
        let definitions = generator.take_definitions(true);
        let mut count = 0;
        let pod = filled(root.as_value(), &definitions, "", &mut count, 0);
        (pod, count)
    }

    fn filled(
        schema: &Value,
        definitions: &Map<String, Value>,
        path: &str,
        count: &mut usize,
        depth: usize,
    ) -> Value {
        if depth > 30 {
            return Value::Null;
        }
        if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
            return filled(&definitions[name], definitions, path, count, depth + 1);
        }
        for several in ["anyOf", "allOf", "oneOf"] {
            if let Some(first) = schema[several].get(0) {
                return filled(first, definitions, path, count, depth + 1);
            }
        }
        let is = |kind: &str| {
            schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&kind.into()))
        };
        if is("object") {
            let mut fields = Map::new();
            for (name, of) in schema["properties"].as_object().into_iter().flatten() {
                fields.insert(
                    name.clone(),
                    filled(of, definitions, &format!("{path}.{name}"), count, depth + 1),
                );
            }
            if schema["additionalProperties"].is_object() {
                let of = &schema["additionalProperties"];
                fields.insert(
                    "key".to_owned(),
                    filled(of, definitions, &format!("{path}.*"), count, depth + 1),
                );
            }
            return Value::Object(fields);
        }
        if is("array") {
            let one = |count: &mut usize| filled(&schema["items"], definitions, path, count, depth + 1);
            return json!([one(count), one(count)]);
        }
        if is("string") {
            *count += 1;
            return Value::from(format!("MARK{path}"));
        }
        json!(1)
    }

    fn texts(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => found.push((path.trim_start_matches('.').to_owned(), text.clone())),
            Value::Array(list) => list.iter().for_each(|one| texts(one, path, found)),
            Value::Object(map) => {
                map.iter().for_each(|(key, one)| texts(one, &format!("{path}.{key}"), found))
            }
            _ => {}
        }
    }

    #[test]
    fn of_every_text_that_a_pod_may_hold_only_those_that_are_listed_are_left() {
        let (pod, count) = full_pod();
        assert!(count > 500, "{count}");
        let mut found = Vec::new();
        texts(&redact(Kind::Pod, &pod), "", &mut found);
        let marked: Vec<&str> = found.iter().filter_map(|(_, text)| text.strip_prefix("MARK.")).collect();
        assert!(marked.len() > 100 && marked.len() < count / 3, "{} of {count}", marked.len());
        for path in &marked {
            let is_of_metadata = path.starts_with("metadata.");
            assert!(is_of_metadata || allowed::of(Kind::Pod).holds(path), "{path} is left");
        }
        for hidden in [
            "message",
            "args",
            "httpGet.path",
            "httpGet.host",
            "httpHeaders",
            "hostAliases",
            "dnsConfig",
            "sysctls",
            "hostPath.path",
            "gitRepo",
            "scaleIO",
            "nfs",
            "iscsi",
            "cephfs",
            "rbd",
            "flexVolume",
            "volumeAttributes",
            "IP",
            "ephemeralContainers",
            "annotations",
            "managedFields",
            "affinity",
            "containerID",
        ] {
            let left = marked.iter().find(|path| path.contains(hidden));
            assert_eq!(left, None, "{hidden}");
        }
        assert!(!marked.iter().any(|path| path.ends_with("env.value")));
        // What the schema does not have, a newer server may.
        let newer = json!({"spec": {"new": "x", "containers": [{"name": "a", "new": {"name": "x"}, "a.b": "x"}]}, "new": "x"});
        let spec = &redact(Kind::Pod, &newer)["spec"];
        assert_eq!(*spec, json!({"containers": [{"name": "a"}]}));
    }

    #[test]
    fn what_holds_in_a_namespace() {
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted", "paid-by": "x", "notkubernetes.io/a": "x"});
        let namespace = redact(Kind::Namespace, &json!({"metadata": {"name": "a", "labels": labels}}));
        assert_eq!(
            namespace["metadata"]["labels"],
            json!({"pod-security.kubernetes.io/enforce": "restricted"})
        );
        let event = json!({
            "regarding": {"kind": "Pod", "name": "p"}, "reason": "Paid", "note": "secret", "related": {"name": "secret"},
            "deprecatedSource": {"component": "c", "host": "secret"}, "deprecatedCount": 2, "metadata": {"annotations": {"a": "secret"}},
        });
        let event = redact(Kind::Event, &event);
        assert!(!event.to_string().contains("secret"), "{event}");
        assert_eq!((&event["involvedObject"]["name"], &event["count"]), (&json!("p"), &json!(2)));
    }
}
