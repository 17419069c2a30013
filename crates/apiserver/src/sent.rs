//! An object as the API server hands it to admission: to webhooks, and to the expressions of its own policies.

use serde_json::{Map, Value};

use super::Workload;
use super::schema::{Schema, Shape, TypeId};
use super::stored::stored_form;

/// Texts that are written even where they are empty: in Go, without `omitempty`.
const WRITTEN_EMPTY: [(&str, &str); 1] = [("HTTPHeader", "value")];

/// A prepared object in JSON with just the fields that the API server's has, so that the question whether a field is there has
/// the same answer: zeros, `false`, empty texts, lists and maps are left out where the server leaves them out, and objects
/// that its types always hold (`status`, a container's `resources`) are there, if only empty.
pub fn sent_form(workload: &Workload) -> Value {
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
                    || WRITTEN_EMPTY.contains(&(ty.name, name.as_str()))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Kind;
    use crate::testing::written;

    #[test]
    fn fields_are_there_that_the_server_has() {
        let job = json!({
            "metadata": {"name": "n", "labels": {}},
            "spec": {"suspend": false, "template": {"spec": {"hostNetwork": false, "nodeName": "", "nodeSelector": {}, "containers": [
                {"name": "a", "args": [], "env": [{"name": "E", "value": ""}], "tty": true, "resources": {"limits": {"cpu": "1000m"}}},
                {"name": "b"},
            ]}}},
        });
        let sent = sent_form(&written(Kind::Job, &job));
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
        let sent = sent_form(&written(Kind::CronJob, &cron_job));
        assert_eq!(sent["spec"]["jobTemplate"]["metadata"], json!({}));
    }
}
