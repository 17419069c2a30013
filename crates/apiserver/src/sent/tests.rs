use std::borrow::Cow;

use serde_json::{Map, Number, Value, json};

use super::*;
use crate::schema::{Shape, TypeId};
use crate::testing::{server, written};
use crate::wanted::Step;
use crate::{Kind, stored_form};

enum Json {}

impl Form for Json {
    type Value = Value;

    fn null() -> Value {
        Value::Null
    }

    fn bool(value: bool) -> Value {
        value.into()
    }

    fn int(value: i64) -> Value {
        value.into()
    }

    fn float(value: f64) -> Value {
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }

    fn text(text: String) -> Value {
        text.into()
    }

    fn list(items: Vec<Value>) -> Value {
        items.into()
    }

    fn map(entries: Vec<(Cow<'static, str>, Value)>) -> Value {
        Value::Object(entries.into_iter().map(|(key, value)| (key.into_owned(), value)).collect())
    }
}

fn all(workload: &Workload) -> Value {
    sent_form::<Json>(workload, &Wanted::everything())
}

/// The same from what is stored, field by field.
fn sent_of_stored(workload: &Workload) -> Value {
    let mut value = stored_form(workload);
    let schema = Schema::newest();
    if let Value::Object(fields) = &mut value {
        object(schema, schema.root(workload.kind()), fields);
    }
    value
}

fn object(schema: Schema, id: TypeId, fields: &mut Map<String, Value>) {
    let ty = schema.ty(id);
    fields.retain(|name, value| {
        let Some(field) = schema.field(id, name) else { return true };
        any(schema, &field.shape, value);
        match (&field.shape, &*value) {
            (Shape::List(_), Value::Array(elements)) => !elements.is_empty(),
            (Shape::Map(_), Value::Object(entries)) => !entries.is_empty(),
            (_, value) => {
                !(field.zero_is_unset() && is_zero(value))
                    || [("HTTPHeader", "value")].contains(&(ty.name, name.as_str()))
            }
        }
    });
    for field in schema.fields(id).filter(|field| field.is_always_there()) {
        if let Shape::Object(below) = field.shape
            && !fields.contains_key(field.name)
        {
            let mut empty = Map::new();
            object(schema, below, &mut empty);
            fields.insert(field.name.to_owned(), Value::Object(empty));
        }
    }
}

fn any(schema: Schema, shape: &'static Shape, value: &mut Value) {
    match (shape, value) {
        (Shape::Object(id), Value::Object(fields)) => object(schema, *id, fields),
        (Shape::List(element), Value::Array(elements)) => {
            elements.iter_mut().for_each(|value| any(schema, element, value));
        }
        (Shape::Map(element), Value::Object(entries)) => {
            entries.values_mut().for_each(|value| any(schema, element, value));
        }
        _ => {}
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

#[test]
fn fields_are_there_that_the_server_has() {
    let job = json!({
        "metadata": {"name": "n", "labels": {}},
        "spec": {"suspend": false, "template": {"spec": {"hostNetwork": false, "nodeName": "", "nodeSelector": {}, "containers": [
            {"name": "a", "args": [], "env": [{"name": "E", "value": ""}], "tty": true, "resources": {"limits": {"cpu": "1000m"}}},
            {"name": "b"},
        ]}}},
    });
    let sent = all(&written(Kind::Job, &job));
    assert_eq!(
        sent,
        json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "n"},
            "spec": {"suspend": false, "template": {"metadata": {}, "spec": {"containers": [
                {"name": "a", "env": [{"name": "E"}], "tty": true, "resources": {"limits": {"cpu": "1"}}},
                {"name": "b", "resources": {}},
            ]}}},
            "status": {},
        })
    );
    let cron_job = json!({"metadata": {"name": "n"}, "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {}}}}});
    let sent = all(&written(Kind::CronJob, &cron_job));
    assert_eq!(sent["spec"]["jobTemplate"]["metadata"], json!({}));
}

/// Jobs and CronJobs with much in them.
fn objects() -> Vec<Workload> {
    let pod = json!({
        "hostNetwork": false, "nodeName": "", "nodeSelector": {}, "restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
        "securityContext": {"runAsUser": 0, "runAsNonRoot": false, "sysctls": []},
        "tolerations": [{"operator": "Exists", "key": ""}],
        "containers": [
            {"name": "a", "image": "", "args": [], "command": ["", "b"], "env": [{"name": "E", "value": ""}, {"name": "F", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}}],
             "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {}},
             "livenessProbe": {"httpGet": {"port": "http", "httpHeaders": [{"name": "x", "value": ""}]}, "periodSeconds": 0},
             "ports": [{"containerPort": 80, "name": "http"}]},
            {"name": "b", "livenessProbe": {"httpGet": {"port": 0}}},
        ],
        "volumes": [{"name": "v", "projected": {}}, {"name": "w", "emptyDir": {"sizeLimit": "0.5Gi"}}, {"name": "x", "emptyDir": {}}],
    });
    let metadata = json!({
        "name": "n", "generation": 0, "labels": {"a": ""}, "annotations": {}, "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {"number": 1.5, "large": 9_223_372_036_854_775_807_i64, "none": null, "list": [0, ""], "empty": {}}}}],
        "ownerReferences": [{"apiVersion": "v1", "kind": "K", "name": "n", "uid": "u", "controller": false}],
    });
    let spec = json!({
        "suspend": false, "backoffLimit": 0, "parallelism": 0, "podFailurePolicy": {"rules": []},
        "template": {"metadata": {"labels": {}}, "spec": pod},
    });
    let job = json!({"metadata": metadata, "spec": spec, "status": {"active": 0, "conditions": [], "startTime": "2026-01-01T00:00:00Z"}});
    let cron_job = json!({"metadata": metadata, "spec": {"schedule": "@daily", "suspend": false, "jobTemplate": {"metadata": metadata, "spec": spec}}});
    let plain = [
        written(Kind::Job, &job),
        written(Kind::CronJob, &cron_job),
        written(Kind::Job, &json!({})),
        written(Kind::CronJob, &json!({"spec": {"jobTemplate": {"spec": {"template": {}}}}})),
    ];
    let defaulted = plain.clone().map(|mut workload| {
        server().apply_defaults(&mut workload);
        workload
    });
    plain.into_iter().chain(defaulted).collect()
}

#[test]
fn one_pass_writes_what_two_write() {
    for workload in objects() {
        assert_eq!(all(&workload), sent_of_stored(&workload));
    }
}

fn steps(path: &str) -> Vec<Step> {
    let step = |step: &str| if step == "*" { Step::Element } else { Step::Field(step.to_owned()) };
    path.split('.').map(step).collect()
}

/// The values where a path leads to.
fn at<'v>(value: &'v Value, steps: &[Step], found: &mut Vec<Option<&'v Value>>) {
    match steps {
        [] => found.push(Some(value)),
        [Step::Field(name), rest @ ..] => match value.get(name) {
            Some(value) => at(value, rest, found),
            None => found.push(None),
        },
        [Step::Element, rest @ ..] => match value {
            Value::Array(items) => items.iter().for_each(|item| at(item, rest, found)),
            Value::Object(fields) => fields.values().for_each(|value| at(value, rest, found)),
            _ => found.push(None),
        },
    }
}

#[test]
fn what_is_wanted_is_the_same_as_in_the_whole() {
    let paths = [
        "metadata",
        "metadata.labels",
        "metadata.labels.a",
        "metadata.annotations.b",
        "metadata.*",
        "metadata.managedFields.*.fieldsV1.f:spec.number",
        "spec.template.spec.containers.*.resources.limits.memory",
        "spec.template.spec.containers.*.image",
        "spec.template.spec.containers.name",
        "spec.template.spec.volumes.*.projected.sources",
        "spec.template.spec.affinity.nodeAffinity",
        "spec.template.spec.securityContext.*.runAsUser",
        "spec.template.spec.*.*",
        "spec.jobTemplate.metadata",
        "spec.jobTemplate.spec.podFailurePolicy.rules",
        "spec.podFailurePolicy.rules",
        "spec.backoffLimit",
        "status",
        "kind",
    ];
    for workload in objects() {
        let whole = all(&workload);
        let mut many = Wanted::default();
        for path in paths {
            let mut one = Wanted::default();
            one.add(&steps(path), true);
            many.add(&steps(path), true);
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            at(&whole, &steps(path), &mut expected);
            let part = sent_form::<Json>(&workload, &one);
            at(&part, &steps(path), &mut found);
            assert_eq!(found, expected, "{path}");
            let together = sent_form::<Json>(&workload, &many);
            found.clear();
            at(&together, &steps(path), &mut found);
            assert_eq!(found, expected, "{path}, among others");
        }
    }
}

#[test]
fn what_is_not_wanted_is_left_out() {
    let job = &objects()[0];
    let mut wanted = Wanted::default();
    assert_eq!(sent_form::<Json>(job, &wanted), json!({}));
    wanted.add(&steps("metadata.name"), true);
    wanted.add(&steps("spec.template.spec.containers.*.name"), true);
    wanted.add(&steps("spec.template.spec.securityContext"), false);
    let expected = json!({
        "metadata": {"name": "n"},
        "spec": {"template": {"spec": {"containers": [{"name": "a"}, {"name": "b"}], "securityContext": {}}}},
    });
    assert_eq!(sent_form::<Json>(job, &wanted), expected);
}
