//! Holds the table of the newest version against the schemas that k8s-openapi carries: a second opinion, made from the
//! API that the release publishes.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use schemars::SchemaGenerator;
use serde_json::{Map, Value};

use crate::tables::{self, CRON_JOB, Field, JOB, NEWEST_MINOR, Shape, TypeId};

/// Fields that differ, and that somebody has looked at: type, field, what the table has, what the schema has.
const EXPLAINED: &[(&str, &str, &str, &str)] = &[
    // Neither says what is in it: that depends on the object that the entry is about.
    ("ManagedFieldsEntry", "fieldsV1", "opaque", "opaque FieldsV1"),
    // Structs without fields: a schema cannot tell one from a value of any kind, but the API server knows no field there.
    (
        "WorkloadPodGroupDisruptionMode",
        "all",
        "WorkloadPodGroupAllDisruptionMode",
        "opaque WorkloadPodGroupAllDisruptionMode",
    ),
    (
        "WorkloadPodGroupDisruptionMode",
        "single",
        "WorkloadPodGroupSingleDisruptionMode",
        "opaque WorkloadPodGroupSingleDisruptionMode",
    ),
    (
        "WorkloadPodGroupSchedulingPolicy",
        "basic",
        "WorkloadPodGroupBasicSchedulingPolicy",
        "opaque WorkloadPodGroupBasicSchedulingPolicy",
    ),
];

/// A difference: type, field, what the table has, what the schema has.
type Difference = (String, String, String, String);

#[test]
fn the_newest_table_agrees_with_the_published_schemas() {
    let mut generator = SchemaGenerator::default();
    generator.subschema_for::<Job>();
    generator.subschema_for::<CronJob>();
    let mut walk = Walk {
        definitions: generator.take_definitions(false),
        seen: BTreeSet::new(),
        differences: BTreeSet::new(),
    };
    walk.compare(JOB, "io.k8s.api.batch.v1.Job");
    walk.compare(CRON_JOB, "io.k8s.api.batch.v1.CronJob");
    assert!(walk.seen.len() > 100, "only {} types were compared", walk.seen.len());
    let explained: BTreeSet<Difference> = EXPLAINED
        .iter()
        .map(|(ty, field, table, schema)| {
            ((*ty).to_owned(), (*field).to_owned(), (*table).to_owned(), (*schema).to_owned())
        })
        .collect();
    let news: Vec<_> = walk.differences.difference(&explained).collect();
    assert!(news.is_empty(), "not explained: {news:#?}");
    let gone: Vec<_> = explained.difference(&walk.differences).collect();
    assert!(gone.is_empty(), "explained, and no longer there: {gone:#?}");
}

struct Walk {
    definitions: Map<String, Value>,
    /// The types that have been compared.
    seen: BTreeSet<String>,
    differences: BTreeSet<Difference>,
}

impl Walk {
    fn compare(&mut self, id: TypeId, definition: &str) {
        if !self.seen.insert(definition.to_owned()) {
            return;
        }
        let ty = tables::ty(id);
        let properties = self.definitions[definition].get("properties").and_then(Value::as_object).cloned();
        let properties = properties.unwrap_or_default();
        let fields: Vec<&Field> = ty.fields.iter().filter(|field| field.known_in(NEWEST_MINOR)).collect();
        let names = fields.iter().map(|field| field.name).chain(properties.keys().map(String::as_str));
        for name in names.collect::<BTreeSet<_>>() {
            let field = fields.iter().find(|field| field.name == name);
            let schema = properties.get(name);
            if let (Some(field), Some(schema)) = (field, schema) {
                self.descend(&field.shape, schema);
            }
            let table = field.map_or_else(|| "nothing".to_owned(), |field| show(&field.shape));
            let schema = schema.map_or_else(|| "nothing".to_owned(), |schema| self.describe(schema));
            if table != schema {
                self.differences.insert((ty.name.to_owned(), name.to_owned(), table, schema));
            }
        }
    }

    /// Compares the types below a field.
    fn descend(&mut self, shape: &Shape, schema: &Value) {
        match shape {
            Shape::List(inner) => {
                if let Some(items) = schema.get("items") {
                    self.descend(inner, items);
                }
            }
            Shape::Map(inner) => {
                if let Some(values) = schema.get("additionalProperties") {
                    self.descend(inner, values);
                }
            }
            Shape::Object(id) => {
                if let Some(definition) = definition(schema) {
                    self.compare(*id, definition);
                }
            }
            _ => {}
        }
    }

    /// A schema in the words of [`show`].
    fn describe(&self, schema: &Value) -> String {
        if let Some(definition) = definition(schema) {
            let name = definition.rsplit('.').next().unwrap_or(definition);
            let schema = &self.definitions[definition];
            return match name {
                "Quantity" | "IntOrString" => name.to_owned(),
                _ if schema.get("properties").is_some() => name.to_owned(),
                // Of a struct without fields nothing is left in a schema, as of a value that is never looked into.
                _ if schema.get("type").and_then(Value::as_str) == Some("object") => format!("opaque {name}"),
                _ => self.describe(schema),
            };
        }
        let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
        match (text("type"), text("format")) {
            ("integer", "int32") => "int32".to_owned(),
            ("integer", "int64") => "int64".to_owned(),
            ("boolean", _) => "bool".to_owned(),
            ("string", "date-time") => "time".to_owned(),
            ("string", _) => "text".to_owned(),
            ("array", _) => format!("[]{}", self.describe(&schema["items"])),
            ("object", _) => format!("map of {}", self.describe(&schema["additionalProperties"])),
            (other, format) => format!("{other} {format}"),
        }
    }
}

/// The definition that a schema refers to.
fn definition(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// A shape in words.
fn show(shape: &Shape) -> String {
    match shape {
        Shape::Object(id) => tables::ty(*id).name.to_owned(),
        Shape::List(inner) => format!("[]{}", show(inner)),
        Shape::Map(inner) => format!("map of {}", show(inner)),
        Shape::Int32 => "int32".to_owned(),
        Shape::Int64 => "int64".to_owned(),
        Shape::Bool => "bool".to_owned(),
        Shape::Str => "text".to_owned(),
        Shape::Time => "time".to_owned(),
        Shape::Quantity => "Quantity".to_owned(),
        Shape::IntOrString => "IntOrString".to_owned(),
        Shape::Opaque => "opaque".to_owned(),
    }
}
