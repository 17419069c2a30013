//! Whether two Pod templates are the same to the API server.
//!
//! It compares its internal form, where nothing, an empty list and an empty text are the same, and so are nothing,
//! zero and `false` in fields that do not tell them apart; quantities are compared by their size.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use serde_json::Value;

use super::pod::quantity::Quantity;
use super::schema::{Field, Schema, Shape, TypeId};

/// Whether two templates are the same.
pub(super) fn same_template(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    a == b || same(serde_json::to_value(a), serde_json::to_value(b), "PodTemplateSpec")
}

/// Whether the specs of two templates are the same.
pub(super) fn same_pod_spec(a: &PodSpec, b: &PodSpec) -> bool {
    a == b || same(serde_json::to_value(a), serde_json::to_value(b), "PodSpec")
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
