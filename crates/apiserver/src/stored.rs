//! An object as the API server stores it and sends it.

use serde_json::{Map, Value};

use super::Workload;
use super::pod::quantity::Quantity;
use super::schema::{Schema, Shape, TypeId};

/// Lists that the server writes as `null` where they have no elements: in Go, slices without `omitempty`.
const WRITTEN_AS_NULL: [(&str, &str); 8] = [
    ("CephFSVolumeSource", "monitors"),
    ("NodeSelector", "nodeSelectorTerms"),
    ("PodFailurePolicy", "rules"),
    ("PodFailurePolicyOnExitCodesRequirement", "values"),
    ("PodSpec", "containers"),
    ("ProjectedVolumeSource", "sources"),
    ("RBDVolumeSource", "monitors"),
    ("SuccessPolicy", "rules"),
];

/// The lists of a type that the server writes as `null` where they have no elements.
pub(crate) fn written_as_null(ty: &str) -> impl Iterator<Item = &'static str> {
    WRITTEN_AS_NULL.iter().filter(move |(of, _)| *of == ty).map(|(_, list)| *list)
}

/// A prepared object in JSON, as the API server stores and sends it: quantities in their canonical form, and `null` for
/// the empty lists that the server does not leave out.
///
/// Validation comes before: the server judges a quantity as it was sent, and `1000000000000000000` is another one to its
/// arithmetic than `1E`, as which it is stored.
pub fn stored_form(workload: &Workload) -> Value {
    let value = match workload {
        Workload::Job(job) => serde_json::to_value(job),
        Workload::CronJob(cron_job) => serde_json::to_value(cron_job),
    };
    // The types write maps with text for keys, and no numbers but whole ones: there is nothing to fail at.
    let mut value = value.unwrap_or_default();
    let schema = Schema::newest();
    if let Value::Object(fields) = &mut value {
        object(schema, schema.root(workload.kind()), fields);
    }
    value
}

fn object(schema: Schema, id: TypeId, fields: &mut Map<String, Value>) {
    let ty = schema.ty(id);
    for (name, value) in fields.iter_mut() {
        if let Some(field) = schema.field(id, name) {
            any(schema, &field.shape, value);
        }
    }
    for list in written_as_null(ty.name) {
        let is_empty = fields.get(list).is_none_or(|list| list.as_array().is_some_and(Vec::is_empty));
        if is_empty {
            fields.insert(list.to_owned(), Value::Null);
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
        (Shape::Quantity, Value::String(text)) => {
            if let Ok(quantity) = Quantity::parse(text) {
                *text = quantity.canonical();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Kind;
    use crate::testing::{server, written};

    fn pod(spec: &Value) -> Value {
        let job = json!({"metadata": {"name": "n"}, "spec": {"template": {"spec": spec}}});
        let mut workload = written(Kind::Job, &job);
        server().apply_defaults(&mut workload);
        stored_form(&workload)["spec"]["template"]["spec"].clone()
    }

    #[test]
    fn quantities_are_canonical() {
        for (written, stored) in [
            (json!(1_000_000_000_000_000_000_i64), "1E"),
            (json!("1E"), "1E"),
            (json!("1024Mi"), "1Gi"),
            (json!("0.5"), "500m"),
            (json!(2), "2"),
        ] {
            let limits = json!({"memory": written});
            let pod = pod(&json!({"containers": [{"name": "a", "resources": {"limits": limits}}]}));
            assert_eq!(pod["containers"][0]["resources"]["limits"]["memory"], stored, "{written}");
        }
    }

    #[test]
    fn empty_lists_are_null_where_the_server_writes_them() {
        let pod = pod(
            &json!({"volumes": [{"name": "v", "projected": {}}], "containers": [{"name": "a", "args": []}]}),
        );
        assert_eq!(pod["volumes"][0]["projected"], json!({"sources": null, "defaultMode": 420}));
        assert_eq!(pod.get("tolerations"), None);
    }

    #[test]
    fn every_list_is_one_of_the_schema() {
        let schema = Schema::newest();
        for (ty, list) in WRITTEN_AS_NULL {
            let id = schema.named(ty).unwrap_or_else(|| panic!("{ty} is gone"));
            let field = schema.field(id, list).unwrap_or_else(|| panic!("{ty}.{list} is gone"));
            assert!(matches!(field.shape, Shape::List(_)), "{ty}.{list}");
        }
    }
}
