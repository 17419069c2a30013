//! The fields of a Job and of a CronJob: names, types and nesting.
//!
//! They come from the schemas that the Kubernetes types carry, compiled once into a compact form: nothing here
//! lists fields of its own, so the knowledge is as new as the types.

mod go_names;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use schemars::SchemaGenerator;
use serde_json::{Map, Value};

use super::Kind;

/// A type's place in the [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TypeId(usize);

/// What a value may be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// An object with known fields.
    Object(TypeId),
    /// A list.
    List(Box<Shape>),
    /// An object with free keys.
    Map(Box<Shape>),
    /// A 32-bit whole number.
    Int32,
    /// A 64-bit whole number.
    Int64,
    /// `true` or `false`.
    Bool,
    /// Text.
    Str,
    /// RFC 3339 text.
    Time,
    /// A resource quantity, as text or as a number.
    Quantity,
    /// A 32-bit whole number or text.
    IntOrString,
    /// Anything; never looked into.
    Opaque,
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// Its name, as written in a manifest.
    pub(crate) name: String,
    /// What it may be.
    pub(crate) shape: Shape,
    /// The name of its type in the API server's own language, where the shape does not tell.
    go_name: Option<&'static str>,
}

/// An object's type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Type {
    /// Its short name: `JobSpec`.
    pub(crate) name: String,
    /// Its fields, by name.
    fields: BTreeMap<String, Field>,
}

impl Type {
    /// The field `name`.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    /// All fields, by name.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.values()
    }
}

/// All types below a Job and a CronJob.
#[derive(Debug)]
pub(crate) struct Schema {
    types: Vec<Type>,
    job: TypeId,
    cron_job: TypeId,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::compile);

impl Schema {
    /// The one schema, compiled at first use.
    pub(crate) fn get() -> &'static Self {
        &SCHEMA
    }

    /// The type of the object itself.
    pub(crate) fn root(&self, kind: Kind) -> TypeId {
        match kind {
            Kind::Job => self.job,
            Kind::CronJob => self.cron_job,
        }
    }

    /// A type.
    pub(crate) fn ty(&self, id: TypeId) -> &Type {
        &self.types[id.0]
    }

    /// The type of a short name, such as `PodSpec`.
    pub(crate) fn named(&self, name: &str) -> Option<TypeId> {
        self.types.iter().position(|ty| ty.name == name).map(TypeId)
    }

    /// The name of a field's type, or of one of its elements where `element` is given, as the API server writes
    /// it in a message: `int32`, `[]string`, `v1.PodTemplateSpec`, `v1.RestartPolicy`.
    pub(crate) fn go_name(&self, field: &Field, shape: &Shape) -> String {
        let named = |plain: &str| field.go_name.map_or_else(|| plain.to_owned(), str::to_owned);
        match shape {
            Shape::Object(id) => format!("v1.{}", self.ty(*id).name),
            Shape::List(element) => format!("[]{}", self.go_name(field, element)),
            Shape::Map(element) if **element == Shape::Quantity => "v1.ResourceList".to_owned(),
            Shape::Map(element) => format!("map[string]{}", self.go_name(field, element)),
            // An int-or-string that is neither is read as a number, and the message is about that.
            Shape::Int32 | Shape::IntOrString => "int32".to_owned(),
            Shape::Int64 => "int64".to_owned(),
            Shape::Bool => "bool".to_owned(),
            Shape::Str => named("string"),
            Shape::Time => "v1.Time".to_owned(),
            Shape::Quantity => "quantity".to_owned(),
            Shape::Opaque => "v1.FieldsV1".to_owned(),
        }
    }

    fn compile() -> Self {
        let mut generator = SchemaGenerator::default();
        generator.subschema_for::<Job>();
        generator.subschema_for::<CronJob>();
        Compiler::new(generator.take_definitions(false)).run()
    }
}

/// Turns JSON Schema definitions into [`Type`]s.
struct Compiler {
    definitions: Map<String, Value>,
    types: Vec<Type>,
    ids: HashMap<String, TypeId>,
}

impl Compiler {
    fn new(definitions: Map<String, Value>) -> Self {
        Self { definitions, types: Vec::new(), ids: HashMap::new() }
    }

    fn run(mut self) -> Schema {
        let job = self.object("io.k8s.api.batch.v1.Job");
        let cron_job = self.object("io.k8s.api.batch.v1.CronJob");
        Schema { types: self.types, job, cron_job }
    }

    /// The type of a definition, compiled with all it refers to.
    fn object(&mut self, definition: &str) -> TypeId {
        if let Some(id) = self.ids.get(definition) {
            return *id;
        }
        let name = definition.rsplit('.').next().unwrap_or(definition).to_owned();
        let id = TypeId(self.types.len());
        self.ids.insert(definition.to_owned(), id);
        self.types.push(Type { name: name.clone(), fields: BTreeMap::new() });
        let properties = self
            .definitions
            .get(definition)
            .and_then(|schema| schema.get("properties"))
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let fields = properties
            .into_iter()
            .map(|(field, schema)| {
                let go_name = go_names::of_string_field(&name, &field);
                (field.clone(), Field { name: field, shape: self.shape(&schema), go_name })
            })
            .collect();
        self.types[id.0].fields = fields;
        id
    }

    fn shape(&mut self, schema: &Value) -> Shape {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let definition = reference.rsplit('/').next().unwrap_or(reference).to_owned();
            return self.definition(&definition);
        }
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        match (text("type"), text("format")) {
            (Some("integer"), Some("int32")) => Shape::Int32,
            (Some("integer"), _) => Shape::Int64,
            (Some("boolean"), _) => Shape::Bool,
            (Some("string"), Some("date-time")) => Shape::Time,
            (Some("string"), _) => Shape::Str,
            (Some("array"), _) => Shape::List(Box::new(self.element(schema.get("items")))),
            (Some("object"), _) if schema.get("additionalProperties").is_some() => {
                Shape::Map(Box::new(self.element(schema.get("additionalProperties"))))
            }
            _ => Shape::Opaque,
        }
    }

    fn element(&mut self, schema: Option<&Value>) -> Shape {
        schema.map_or(Shape::Opaque, |schema| self.shape(schema))
    }

    fn definition(&mut self, definition: &str) -> Shape {
        let Some(schema) = self.definitions.get(definition).cloned() else { return Shape::Opaque };
        if schema.get("properties").is_some() {
            return Shape::Object(self.object(definition));
        }
        match definition.rsplit('.').next() {
            Some("Quantity") => Shape::Quantity,
            Some("IntOrString") => Shape::IntOrString,
            _ => self.shape(&schema),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(schema: &Schema, path: &[&str]) -> String {
        let mut id = schema.root(Kind::CronJob);
        let mut name = String::new();
        for step in path {
            let field = schema.ty(id).field(step).unwrap();
            name = schema.go_name(field, &field.shape);
            let mut shape = &field.shape;
            while let Shape::List(inner) | Shape::Map(inner) = shape {
                shape = inner;
            }
            if let Shape::Object(next) = shape {
                id = *next;
            }
        }
        name
    }

    #[test]
    fn knows_names_and_types() {
        let schema = Schema::get();
        for (path, expected) in [
            ("spec", "v1.CronJobSpec"),
            ("metadata labels", "map[string]string"),
            ("metadata uid", "types.UID"),
            ("spec schedule", "string"),
            ("spec startingDeadlineSeconds", "int64"),
            ("spec failedJobsHistoryLimit", "int32"),
            ("spec concurrencyPolicy", "v1.ConcurrencyPolicy"),
            ("spec jobTemplate spec template", "v1.PodTemplateSpec"),
            ("spec jobTemplate spec completionMode", "v1.CompletionMode"),
            ("spec jobTemplate spec template spec containers", "[]v1.Container"),
            ("spec jobTemplate spec template spec containers command", "[]string"),
            ("spec jobTemplate spec template spec containers resources limits", "v1.ResourceList"),
            ("spec jobTemplate spec template spec restartPolicy", "v1.RestartPolicy"),
            ("spec jobTemplate spec template spec containers restartPolicy", "v1.ContainerRestartPolicy"),
            ("spec jobTemplate spec template spec volumes emptyDir sizeLimit", "quantity"),
            ("metadata managedFields fieldsV1", "v1.FieldsV1"),
            ("status lastScheduleTime", "v1.Time"),
        ] {
            let path: Vec<_> = path.split(' ').collect();
            assert_eq!(named(schema, &path), expected, "{path:?}");
        }
    }

    #[test]
    fn every_named_string_is_a_string_of_the_schema() {
        for (ty, field, _) in go_names::STRING_FIELDS {
            let found = Schema::get().types.iter().find(|t| t.name == *ty).and_then(|t| t.field(field));
            let mut shape = &found.unwrap_or_else(|| panic!("{ty}.{field} is gone")).shape;
            while let Shape::List(inner) = shape {
                shape = inner;
            }
            assert_eq!(shape, &Shape::Str, "{ty}.{field}");
        }
    }
}
