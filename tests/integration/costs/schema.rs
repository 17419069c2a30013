//! Every list, map and text that the schema has, and objects in which one of them is long.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    List,
    Map,
    Text,
}

/// A step from an object down.
#[derive(Debug, Clone)]
enum Step {
    Field(String),
    Element,
    Entry,
}

/// A place that the schema has.
pub(crate) struct Place {
    kind: &'static str,
    route: Vec<Step>,
    pub(crate) shape: Shape,
    /// Of the elements of a list or map, or of the text.
    schema: Value,
    definitions: std::rc::Rc<Map<String, Value>>,
}

/// What the elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// With nothing in them.
    Empty,
    /// Full, and all the same.
    Alike,
    /// Full, with other texts and numbers in each.
    Different,
}

impl Place {
    pub(crate) fn path(&self) -> String {
        let steps = self.route.iter().map(|step| match step {
            Step::Field(name) => format!(".{name}"),
            Step::Element => "[]".to_owned(),
            Step::Entry => "{}".to_owned(),
        });
        format!("{} {}", self.kind, steps.collect::<String>().trim_start_matches('.'))
    }
}

/// All places below a Job and a CronJob, each field of a type once.
pub(crate) fn places() -> Vec<Place> {
    let mut generator = SchemaGenerator::default();
    generator.subschema_for::<Job>();
    generator.subschema_for::<CronJob>();
    let definitions = std::rc::Rc::new(generator.take_definitions(false));
    let mut walk = Walk { definitions, seen: BTreeSet::new(), kind: "", found: Vec::new() };
    for kind in ["Job", "CronJob"] {
        walk.kind = kind;
        let root = format!("io.k8s.api.batch.v1.{kind}");
        walk.object(&root, &mut Vec::new());
    }
    walk.found
}

struct Walk {
    definitions: std::rc::Rc<Map<String, Value>>,
    /// Type and field.
    seen: BTreeSet<(String, String)>,
    kind: &'static str,
    found: Vec<Place>,
}

impl Walk {
    fn object(&mut self, definition: &str, route: &mut Vec<Step>) {
        let definitions = self.definitions.clone();
        let Some(properties) = definitions[definition].get("properties").and_then(Value::as_object) else {
            return;
        };
        for (name, schema) in properties {
            // What only servers write is not sent to be judged.
            let of_server = matches!(name.as_str(), "status" | "managedFields" | "apiVersion" | "kind");
            if of_server && route.len() < 2 || !self.seen.insert((definition.to_owned(), name.clone())) {
                continue;
            }
            route.push(Step::Field(name.clone()));
            self.value(schema, route);
            route.pop();
        }
    }

    fn value(&mut self, schema: &Value, route: &mut Vec<Step>) {
        let definitions = self.definitions.clone();
        match resolve(schema, &definitions) {
            Resolved::Object(definition) => self.object(definition, route),
            Resolved::List(element) => {
                self.add(Shape::List, element, route);
                route.push(Step::Element);
                self.value(element, route);
                route.pop();
            }
            Resolved::Map(element) => {
                self.add(Shape::Map, element, route);
                route.push(Step::Entry);
                self.value(element, route);
                route.pop();
            }
            Resolved::Text(schema) => self.add(Shape::Text, schema, route),
            Resolved::Other(_) => {}
        }
    }

    fn add(&mut self, shape: Shape, schema: &Value, route: &[Step]) {
        let (kind, route, definitions) = (self.kind, route.to_vec(), self.definitions.clone());
        self.found.push(Place { kind, route, shape, schema: schema.clone(), definitions });
    }
}

enum Resolved<'d> {
    Object(&'d str),
    List(&'d Value),
    Map(&'d Value),
    Text(&'d Value),
    Other(&'d Value),
}

fn resolve<'d>(schema: &'d Value, definitions: &'d Map<String, Value>) -> Resolved<'d> {
    if let Some(reference) = schema["$ref"].as_str() {
        let (definition, schema) = definitions.get_key_value(reference.rsplit('/').next().unwrap()).unwrap();
        if schema.get("properties").is_some() {
            return Resolved::Object(definition);
        }
        if definition.ends_with("Quantity") || definition.ends_with("IntOrString") {
            return Resolved::Text(schema);
        }
        return resolve(schema, definitions);
    }
    match schema["type"].as_str() {
        Some("array") => Resolved::List(&schema["items"]),
        Some("object") if schema.get("additionalProperties").is_some() => {
            Resolved::Map(&schema["additionalProperties"])
        }
        Some("string") if schema["format"] != "date-time" => Resolved::Text(schema),
        _ => Resolved::Other(schema),
    }
}

/// A value of a schema: its scalars, and what is below them down to `depth` objects.
fn sample(schema: &Value, definitions: &Map<String, Value>, number: Option<usize>, depth: usize) -> Value {
    match resolve(schema, definitions) {
        Resolved::Object(definition) => {
            let properties = definitions[definition]["properties"].as_object().unwrap();
            let required: Vec<&str> = definitions[definition]["required"]
                .as_array()
                .map(|names| names.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            let entries = properties.iter().filter_map(|(name, schema)| {
                let is_scalar =
                    matches!(resolve(schema, definitions), Resolved::Text(_) | Resolved::Other(_));
                if !(is_scalar || depth > 0 || required.contains(&name.as_str())) {
                    return None;
                }
                Some((name.clone(), sample(schema, definitions, number, depth.saturating_sub(1))))
            });
            Value::Object(entries.collect())
        }
        Resolved::List(element) if depth > 0 => json!([sample(element, definitions, number, depth - 1)]),
        Resolved::Map(element) if depth > 0 => json!({"k": sample(element, definitions, number, depth - 1)}),
        Resolved::List(_) => json!([]),
        Resolved::Map(_) => json!({}),
        Resolved::Text(schema)
            if schema.get("description").is_some_and(|d| d.to_string().contains("Quantity is")) =>
        {
            json!(number.unwrap_or(1).to_string())
        }
        Resolved::Text(_) => json!(number.map_or("x".to_owned(), |number| format!("x{number}"))),
        Resolved::Other(schema) => match schema["type"].as_str() {
            Some("integer") => json!(number.unwrap_or(7)),
            Some("boolean") => json!(true),
            Some("string") => json!("2026-01-01T00:00:00Z"),
            _ => json!({}),
        },
    }
}

/// The least that the types read, with what their fields require.
fn least(schema: &Value, definitions: &Map<String, Value>) -> Value {
    match resolve(schema, definitions) {
        Resolved::Object(definition) => {
            let ty = &definitions[definition];
            let required = ty["required"].as_array().map(Vec::as_slice).unwrap_or_default();
            let entries = required
                .iter()
                .filter_map(Value::as_str)
                .map(|name| (name.to_owned(), least(&ty["properties"][name], definitions)));
            Value::Object(entries.collect())
        }
        Resolved::List(_) => json!([]),
        Resolved::Map(_) => json!({}),
        Resolved::Text(_) => json!(""),
        Resolved::Other(schema) => match schema["type"].as_str() {
            Some("integer") => json!(0),
            Some("boolean") => json!(false),
            Some("string") => json!("2026-01-01T00:00:00Z"),
            _ => json!({}),
        },
    }
}

/// A Job or CronJob with no fault of its own.
pub(crate) fn base(kind: &str) -> Value {
    let job = json!({
        "activeDeadlineSeconds": 600,
        "template": {"metadata": {"name": "x"}, "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "example.com/app:1.0"}],
        }},
    });
    let spec = match kind {
        "CronJob" => json!({"schedule": "0 3 * * *", "jobTemplate": {"spec": job}}),
        _ => job,
    };
    json!({
        "apiVersion": "batch/v1",
        "kind": kind,
        "metadata": {"name": "nightly", "namespace": "etl", "uid": "u", "resourceVersion": "1"},
        "spec": spec,
    })
}

/// How many elements of a kind to begin with: fewer where each is large.
pub(crate) fn few(place: &Place, filled: Filled) -> usize {
    const BYTES: usize = 8 * 1024;
    BYTES / element(place, filled, 0).to_string().len().clamp(64, 400)
}

fn element(place: &Place, filled: Filled, number: usize) -> Value {
    match filled {
        Filled::Empty => least(&place.schema, &place.definitions),
        Filled::Alike => sample(&place.schema, &place.definitions, None, 1),
        Filled::Different => sample(&place.schema, &place.definitions, Some(number), 1),
    }
}

/// An object with `count` elements at `place`.
pub(crate) fn object(place: &Place, filled: Filled, count: usize) -> Value {
    let element = |number| element(place, filled, number);
    let many = match place.shape {
        Shape::Map => {
            Value::Object((0..count).map(|number| (format!("k{number}"), element(number))).collect())
        }
        _ => (0..count).map(element).collect(),
    };
    put(place, many)
}

/// An object with `text` at `place`.
pub(crate) fn with_text(place: &Place, text: &str) -> Value {
    // A quantity must be one for the types to read it: they take any text.
    put(place, text.into())
}

fn put(place: &Place, value: Value) -> Value {
    let mut object = base(place.kind);
    let root = format!("io.k8s.api.batch.v1.{}", place.kind);
    let mut schema = json!({"$ref": format!("#/$defs/{root}")});
    let mut at = &mut object;
    for step in &place.route {
        let (definitions, whole) = (&place.definitions, schema.clone());
        let resolved = resolve(&whole, definitions);
        match (step, resolved) {
            (Step::Field(name), Resolved::Object(definition)) => {
                // What stands beside it is what its type requires.
                if let (Value::Object(mut required), Value::Object(there)) =
                    (least(&whole, definitions), at.take())
                {
                    required.extend(there);
                    *at = Value::Object(required);
                }
                at = &mut at[name.as_str()];
                schema = definitions[definition]["properties"][name.as_str()].clone();
                if at.is_null() {
                    *at = least(&schema, definitions);
                }
            }
            (Step::Element, Resolved::List(element)) => {
                schema = element.clone();
                if at.as_array().is_none_or(Vec::is_empty) {
                    *at = json!([least(&schema, definitions)]);
                }
                at = &mut at[0];
            }
            (Step::Entry, Resolved::Map(element)) => {
                schema = element.clone();
                if at.get("k").is_none() {
                    at["k"] = least(&schema, definitions);
                }
                at = &mut at["k"];
            }
            _ => unreachable!("the route was made from the schema"),
        }
    }
    *at = value;
    object
}
