//! Whether two Pod templates are the same to the API server.
//!
//! It compares its internal form, where nothing, an empty list and an empty text are the same, and so are nothing,
//! zero and `false` in fields that do not tell them apart; quantities are compared by their size.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use serde_json::Value;

use super::pod::quantity::Quantity;
use super::schema::{Field, Schema, Shape, TypeId};
use jobguard_manifest::{At, FieldPath};

/// Whether two templates are the same.
pub(super) fn same_template(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    a == b || same(serde_json::to_value(a), serde_json::to_value(b), "PodTemplateSpec")
}

/// Whether the specs of two templates are the same.
pub(super) fn same_pod_spec(a: &PodSpec, b: &PodSpec) -> bool {
    a == b || same(serde_json::to_value(a), serde_json::to_value(b), "PodSpec")
}

/// So many fields are named. A template that differs in more is another one.
const MAX_NAMED: usize = 3;

/// The fields in which two templates differ, below `at`; none where there are too many to be named.
pub(super) fn differing_fields(a: &PodTemplateSpec, b: &PodTemplateSpec, at: &At<'_>) -> Vec<FieldPath> {
    let schema = Schema::newest();
    let (Ok(a), Ok(b), Some(id)) =
        (serde_json::to_value(a), serde_json::to_value(b), schema.named("PodTemplateSpec"))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    differing(schema, id, &a, &b, at, &mut found);
    if found.len() > MAX_NAMED { Vec::new() } else { found }
}

fn differing(schema: Schema, id: TypeId, a: &Value, b: &Value, at: &At<'_>, found: &mut Vec<FieldPath>) {
    for field in schema.fields(id) {
        let (a, b) = (a.get(field.name), b.get(field.name));
        if found.len() > MAX_NAMED || same_value(schema, field, &field.shape, a, b) {
            continue;
        }
        let here = at.field(field.name);
        match (&field.shape, a, b) {
            (Shape::Object(id), Some(a), Some(b)) => differing(schema, *id, a, b, &here, found),
            (Shape::List(element), Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
                for (index, (a, b)) in a.iter().zip(b).enumerate() {
                    let item = here.index(index);
                    if found.len() > MAX_NAMED || same_value(schema, field, element, Some(a), Some(b)) {
                        continue;
                    }
                    match &**element {
                        Shape::Object(id) => differing(schema, *id, a, b, &item, found),
                        _ => found.push(item.to_path()),
                    }
                }
            }
            (Shape::Map(element), Some(Value::Object(a)), Some(Value::Object(b))) => {
                let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
                let differ = |key: &&String| !same_value(schema, field, element, a.get(*key), b.get(*key));
                let changed = keys.filter(|key| a.contains_key(*key) != b.contains_key(*key) || differ(key));
                found.extend(changed.take(MAX_NAMED + 1).map(|key| here.key(key).to_path()));
            }
            _ => found.push(here.to_path()),
        }
    }
}

fn same(a: serde_json::Result<Value>, b: serde_json::Result<Value>, ty: &str) -> bool {
    let schema = Schema::newest();
    match (a, b, schema.named(ty)) {
        (Ok(a), Ok(b), Some(id)) => same_object(schema, id, &a, &b),
        _ => false,
    }
}

fn same_object(schema: Schema, id: TypeId, a: &Value, b: &Value) -> bool {
    schema
        .fields(id)
        .all(|field| same_value(schema, field, &field.shape, a.get(field.name), b.get(field.name)))
}

fn same_value(
    schema: Schema,
    field: &Field,
    shape: &'static Shape,
    a: Option<&Value>,
    b: Option<&Value>,
) -> bool {
    match shape {
        Shape::Object(id) => {
            let empty = Value::Null;
            (a.is_some() == b.is_some() || field.is_always_there())
                && same_object(schema, *id, a.unwrap_or(&empty), b.unwrap_or(&empty))
        }
        Shape::List(element) => {
            let (a, b) = (a.and_then(Value::as_array), b.and_then(Value::as_array));
            let (a, b) = (a.map_or(&[][..], Vec::as_slice), b.map_or(&[][..], Vec::as_slice));
            let mut pairs = a.iter().zip(b);
            a.len() == b.len() && pairs.all(|(a, b)| same_value(schema, field, element, Some(a), Some(b)))
        }
        Shape::Map(element) => {
            let (a, b) = (a.and_then(Value::as_object), b.and_then(Value::as_object));
            let count = |map: Option<&serde_json::Map<_, _>>| map.map_or(0, serde_json::Map::len);
            let mut entries = a.into_iter().flatten();
            count(a) == count(b)
                && entries.all(|(key, value)| {
                    let other = b.and_then(|b| b.get(key));
                    other.is_some() && same_value(schema, field, element, Some(value), other)
                })
        }
        Shape::Quantity => match (a.and_then(Value::as_str), b.and_then(Value::as_str)) {
            (Some(a), Some(b)) => match (Quantity::parse(a), Quantity::parse(b)) {
                (Ok(a), Ok(b)) => a == b,
                _ => a == b,
            },
            (a, b) => a == b,
        },
        // Of what is no pointer, the zero value is the same as nothing.
        _ => {
            let is_zero = |value: &&Value| {
                value.as_str() == Some("") || value.as_i64() == Some(0) || value.as_bool() == Some(false)
            };
            let counts = |value: &&Value| !field.zero_is_unset() || !is_zero(value);
            a.filter(counts) == b.filter(counts)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same_specs(a: Value, b: Value) -> bool {
        let (a, b): (PodSpec, PodSpec) =
            (serde_json::from_value(a).unwrap(), serde_json::from_value(b).unwrap());
        same_pod_spec(&a, &b)
    }

    #[test]
    fn where_templates_differ() {
        let differ = |a: Value, b: Value| {
            let (a, b): (PodTemplateSpec, PodTemplateSpec) =
                (serde_json::from_value(a).unwrap(), serde_json::from_value(b).unwrap());
            let found = differing_fields(&a, &b, &At::root().field("template"));
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let containers = |containers: Value| json!({"spec": {"containers": containers}});
        for (a, b, fields) in [
            (
                containers(json!([{"name": "a", "image": "x:1"}])),
                containers(json!([{"name": "a", "image": "x:2", "stdin": false}])),
                "template.spec.containers[0].image",
            ),
            (
                containers(json!([{"name": "a", "args": ["x", "y"], "resources": {"limits": {"cpu": "1"}}}])),
                containers(
                    json!([{"name": "a", "args": ["x", "z"], "resources": {"limits": {"cpu": "1000m"}}}]),
                ),
                "template.spec.containers[0].args[1]",
            ),
            (containers(json!([])), containers(json!([{"name": "a"}])), "template.spec.containers"),
            (
                json!({"metadata": {"labels": {"a": "1", "b": "1"}}}),
                json!({"metadata": {"labels": {"a": "2", "c": "1"}}}),
                "template.metadata.labels[a] template.metadata.labels[b] template.metadata.labels[c]",
            ),
            (
                json!({"spec": {"containers": [], "hostPID": true, "hostIPC": true, "hostNetwork": true, "nodeName": "a"}}),
                containers(json!([])),
                "",
            ),
        ] {
            assert_eq!(differ(a, b), fields);
        }
    }

    #[test]
    fn nothing_and_empty() {
        assert!(same_specs(json!({"hostNetwork": false, "nodeName": "", "volumes": []}), json!({})));
        assert!(same_specs(
            json!({"containers": [{"name": "a", "resources": {"limits": {"cpu": "1"}}}]}),
            json!({"containers": [{"name": "a", "stdin": false, "resources": {"limits": {"cpu": "1000m"}}}]}),
        ));
        assert!(!same_specs(json!({"runtimeClassName": ""}), json!({})));
        assert!(!same_specs(json!({"hostUsers": false}), json!({})));
        assert!(!same_specs(json!({"affinity": {}}), json!({})));
        assert!(!same_specs(json!({"resources": {}}), json!({})));
        assert!(!same_specs(json!({"nodeSelector": {"a": ""}}), json!({"nodeSelector": {"b": ""}})));
        assert!(!same_specs(json!({"containers": [{"name": "a"}]}), json!({"containers": []})));
    }
}
