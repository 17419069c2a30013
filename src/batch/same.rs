//! Whether two Pod templates are the same to the API server.
//!
//! It compares its internal form, where nothing, an empty list and an empty text are the same, and so are nothing,
//! zero and `false` in fields that do not tell them apart; quantities are compared by their size.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use serde_json::Value;

use super::pod::quantity::Quantity;
use super::schema::{Schema, Shape};

/// Objects that are always there in the internal form, if only empty.
const ALWAYS_THERE: [&str; 5] = ["metadata", "spec", "resources", "preference", "podAffinityTerm"];

/// Numbers and booleans whose zero is the same as nothing.
const ZERO_IS_NOTHING: [&str; 24] = [
    "chapAuthDiscovery",
    "chapAuthSession",
    "containerPort",
    "failureThreshold",
    "generation",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPort",
    "initialDelaySeconds",
    "lun",
    "maxSkew",
    "partition",
    "periodSeconds",
    "port",
    "readOnly",
    "seconds",
    "sslEnabled",
    "stdin",
    "stdinOnce",
    "successThreshold",
    "timeoutSeconds",
    "tty",
    "weight",
];

/// Texts where an empty one is not the same as nothing.
const EMPTY_IS_SOMETHING: [&str; 8] = [
    "apiGroup",
    "hostnameOverride",
    "localhostProfile",
    "resourceClaimName",
    "resourceClaimTemplateName",
    "runtimeClassName",
    "storageClassName",
    "volumeAttributesClassName",
];

/// Whether two templates are the same.
pub(super) fn same_template(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    same(serde_json::to_value(a), serde_json::to_value(b), "PodTemplateSpec")
}

/// Whether the specs of two templates are the same.
pub(super) fn same_pod_spec(a: &PodSpec, b: &PodSpec) -> bool {
    same(serde_json::to_value(a), serde_json::to_value(b), "PodSpec")
}

fn same(a: serde_json::Result<Value>, b: serde_json::Result<Value>, ty: &str) -> bool {
    let schema = Schema::get();
    match (a, b, schema.named(ty)) {
        (Ok(a), Ok(b), Some(id)) => same_value(schema, &Shape::Object(id), ty, Some(&a), Some(&b)),
        _ => false,
    }
}

fn same_value(schema: &Schema, shape: &Shape, field: &str, a: Option<&Value>, b: Option<&Value>) -> bool {
    let empty = Value::Null;
    match shape {
        Shape::Object(id) => {
            if a.is_some() != b.is_some() && !ALWAYS_THERE.contains(&field) {
                return false;
            }
            let (a, b) = (a.unwrap_or(&empty), b.unwrap_or(&empty));
            schema.ty(*id).fields().all(|field| {
                same_value(schema, &field.shape, &field.name, a.get(&field.name), b.get(&field.name))
            })
        }
        Shape::List(element) => {
            let (a, b) = (a.and_then(Value::as_array), b.and_then(Value::as_array));
            let (a, b) = (a.map_or(&[][..], Vec::as_slice), b.map_or(&[][..], Vec::as_slice));
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| same_value(schema, element, field, Some(a), Some(b)))
        }
        Shape::Map(element) => {
            let (a, b) = (a.and_then(Value::as_object), b.and_then(Value::as_object));
            let count = |map: Option<&serde_json::Map<_, _>>| map.map_or(0, serde_json::Map::len);
            count(a) == count(b)
                && a.into_iter().flatten().all(|(key, value)| {
                    let other = b.and_then(|b| b.get(key));
                    other.is_some() && same_value(schema, element, field, Some(value), other)
                })
        }
        Shape::Quantity => match (a.and_then(Value::as_str), b.and_then(Value::as_str)) {
            (Some(a), Some(b)) => match (Quantity::parse(a), Quantity::parse(b)) {
                (Ok(a), Ok(b)) => a == b,
                _ => a == b,
            },
            (a, b) => a == b,
        },
        Shape::Str => {
            let nothing = |value: &&Value| value.as_str() == Some("") && !EMPTY_IS_SOMETHING.contains(&field);
            a.filter(|value| !nothing(value)) == b.filter(|value| !nothing(value))
        }
        _ => {
            let zero = |value: &&Value| value.as_i64() == Some(0) || value.as_bool() == Some(false);
            let nothing = |value: &&Value| zero(value) && ZERO_IS_NOTHING.contains(&field);
            a.filter(|value| !nothing(value)) == b.filter(|value| !nothing(value))
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
        assert!(!same_specs(json!({"nodeSelector": {"a": ""}}), json!({"nodeSelector": {"b": ""}})));
        assert!(!same_specs(json!({"containers": [{"name": "a"}]}), json!({"containers": []})));
    }
}
