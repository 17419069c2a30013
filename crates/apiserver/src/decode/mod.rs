//! Strict decoding: from a value tree to a typed Job or CronJob, with everything that does not fit.
//!
//! What is found is what the API server finds: fields it does not have (`fieldValidation=Strict` refuses them, the
//! default drops them), keys given twice, and values of a wrong type, where the server names the first one and
//! stops, and this names all. As in the server, `null` is the same as nothing at all; in a list or a free map it
//! is an empty value.

mod empty;
mod other_versions;
mod slips;
mod suggest;
mod time;
mod type_messages;
mod typed;

use std::collections::HashMap;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use serde::Deserialize;

use self::time::is_time;
use self::typed::{TypedRoot, quantity_text};
use super::pod::quantity::Quantity;
use super::schema::{Field, Schema, Shape, TypeId};
use super::tables;
use super::{Cause, Dropped, Fate, FieldError, Kind, Relation, Server, Suggestion, Topic, Workload};
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{At, FieldPath, Segment};
use jobguard_manifest::{Entry, NodeId, NodeKind, Tree};
use jobguard_text::shortened;

pub use type_messages::{must_be_list, must_be_object};

/// How many values are looked at. A request of the largest size that an API server takes has fewer; aliases can
/// make a small text larger than that.
const MAX_VALUES: usize = 4_000_000;

/// How deep in an object that stands in a wrong place its fields are noted: to the containers of a CronJob's Pods.
const MAX_DEPTH_WITHIN: usize = 5;
/// How many of its fields are noted.
const MAX_FIELDS_WITHIN: usize = 64;

/// How many complaints are kept: enough for every honest mistake, and a bound for what is none.
pub const MAX_COMPLAINTS: usize = 1000;
/// How much of a key a message shows, in characters.
const MAX_KEY: usize = 40;
/// For how many unknown fields their place is looked for.
const MAX_PLACED: usize = 100;

/// How many values are tried elsewhere, all together: whether a field that is moved fits there.
const MAX_TRIED: usize = 100_000;

/// A value of the wrong type, as the API server names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistyped {
    /// Where.
    pub path: FieldPath,
    /// The type that is expected there, by the API server's own name for it: `int32`, `[]string`,
    /// `v1.PodTemplateSpec`; `quantity` for quantities.
    pub expected: String,
}

/// What decoding yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The typed object, fields that the API does not have left out; none where a value has a wrong type.
    pub workload: Option<Workload>,
    /// Unknown fields, duplicate keys and wrong types, in the order of the text; the first thousand of them.
    pub complaints: Vec<FieldError>,
    /// The wrong types among the complaints, once more as the API server names them.
    pub mistyped: Vec<Mistyped>,
    /// Fields that the version knows and leaves out, and that later versions no longer know, so that no type has them.
    pub dropped: Vec<Dropped>,
}

/// Decodes the object at `node`. `apiVersion` and `kind` are the caller's business: it has chosen `kind`.
pub(super) fn decode(server: &Server, tree: &Tree<'_>, node: NodeId, kind: Kind) -> Decoded {
    let (mut decoded, of_other_versions) = walk(server, tree, node, kind);
    other_versions::help(server, &mut decoded.complaints, &of_other_versions, |other| {
        let (Decoded { workload, complaints, dropped, .. }, _) = walk(other, tree, node, kind);
        (workload, complaints, dropped)
    });
    decoded
}

/// Decodes an object, and says which of the complaints are about fields that other versions have.
fn walk(
    server: &Server,
    tree: &Tree<'_>,
    node: NodeId,
    kind: Kind,
) -> (Decoded, Vec<(usize, &'static Field)>) {
    let schema = Schema::of(server.version().minor());
    let mut walk = Walk {
        tree,
        object: node,
        schema,
        kind,
        route: Vec::new(),
        complaints: Vec::new(),
        of_other_versions: Vec::new(),
        mistyped: Vec::new(),
        dropped: Vec::new(),
        server,
        placed: 0,
        tries_left: MAX_TRIED,
        values_left: MAX_VALUES,
    };
    let root = At::root();
    match &tree[node].kind {
        NodeKind::Map(entries) => walk.object(entries, schema.root(kind), &root),
        NodeKind::Null => {}
        _ => walk.mistyped(&root, node, &Shape::Object(schema.root(kind)), format!("v1.{}", kind.as_str())),
    }
    let Walk { mut complaints, of_other_versions, mistyped, dropped, values_left, .. } = walk;
    if values_left == 0 {
        let message = format!("the object has more than {MAX_VALUES} values, too many to be checked");
        complaints.push(FieldError::new(FieldPath::root(), Cause::TooMany, Topic::Type, message));
    }
    let fits = mistyped.is_empty() && values_left > 0;
    let root = TypedRoot { tree, schema, node, id: schema.root(kind) };
    let workload = if fits { typed(root, kind, &mut complaints) } else { None };
    (Decoded { workload, complaints, mistyped, dropped }, of_other_versions)
}

/// The typed object of a tree that fits the schema.
fn typed(root: TypedRoot<'_>, kind: Kind, complaints: &mut Vec<FieldError>) -> Option<Workload> {
    let workload = match kind {
        Kind::Job => Job::deserialize(root).map(|job| Workload::Job(Box::new(job))),
        Kind::CronJob => CronJob::deserialize(root).map(|cron_job| Workload::CronJob(Box::new(cron_job))),
    };
    // The walk has checked all that the types check; should they disagree, that must not pass silently.
    workload
        .map_err(|error| {
            let message = format!("the object cannot be read as a {}: {error}", kind.as_str());
            complaints.push(FieldError::new(FieldPath::root(), Cause::TypeInvalid, Topic::Type, message));
        })
        .ok()
}

/// One pass over the tree, along the schema.
struct Walk<'a> {
    tree: &'a Tree<'a>,
    /// The object that is decoded.
    object: NodeId,
    schema: Schema,
    kind: Kind,
    /// The fields passed on the way here, list indexes and map keys left out.
    route: Vec<&'static str>,
    complaints: Vec<FieldError>,
    /// Which of them are about fields that other versions have.
    of_other_versions: Vec<(usize, &'static Field)>,
    mistyped: Vec<Mistyped>,
    dropped: Vec<Dropped>,
    server: &'a Server,
    /// How many unknown fields have been looked for elsewhere.
    placed: usize,
    /// How many values may still be tried elsewhere.
    tries_left: usize,
    values_left: usize,
}

impl Walk<'_> {
    /// An object with known fields.
    fn object(&mut self, entries: &[Entry<'_>], id: TypeId, at: &At<'_>) {
        self.duplicates(entries, |key| at.field(key).to_path());
        // A field that has nothing, while unknown fields are all that follows: they were meant to be in it.
        let mut above = None;
        for entry in entries.iter().filter(|entry| !entry.shadowed) {
            let Some(field) = self.schema.field(id, &entry.key) else {
                self.unknown(id, entry, above.filter(|_| !entry.merged), at);
                continue;
            };
            let has_fields = matches!(field.shape, Shape::Map(_) | Shape::Object(_));
            above = (self.is_null(entry.value) && !entry.merged && has_fields).then_some(field);
            if self.is_null(entry.value) {
                continue;
            }
            if let Some(gate) = self.server.drops_replaced(field) {
                let effect = "later versions have another field in its place";
                let path = at.field(field.name).to_path();
                let fate = Fate::Effect;
                self.dropped.push(Dropped { path, gate, effect, by_jobs_only: false, fate });
            }
            self.route.push(field.name);
            self.value(entry.value, field, &field.shape, &at.field(field.name));
            self.route.pop();
        }
    }

    fn value(&mut self, node: NodeId, field: &'static Field, shape: &'static Shape, at: &At<'_>) {
        if self.values_left == 0 {
            return;
        }
        self.values_left -= 1;
        let tree = self.tree;
        match (shape, &tree[node].kind) {
            (Shape::Object(id), NodeKind::Map(entries)) => self.object(entries, *id, at),
            (Shape::List(element), NodeKind::Seq(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.element(*item, field, element, &at.index(index));
                }
            }
            (Shape::Map(element), NodeKind::Map(entries)) => {
                self.duplicates(entries, |key| at.key(key).to_path());
                for entry in entries.iter().filter(|entry| !entry.shadowed) {
                    self.element(entry.value, field, element, &at.key(&entry.key));
                }
            }
            (Shape::Int32 | Shape::IntOrString, NodeKind::Int(number)) if i32::try_from(*number).is_ok() => {}
            (Shape::Int64, NodeKind::Int(_)) | (Shape::Bool, NodeKind::Bool(_)) => {}
            (Shape::Str | Shape::IntOrString, NodeKind::Str(_)) => {}
            (Shape::Time, NodeKind::Str(text)) if is_time(text) => {}
            (Shape::Quantity, kind)
                if quantity_text(kind).is_some_and(|text| Quantity::parse(text.trim()).is_ok()) => {}
            (Shape::Opaque, _) => self.opaque(node),
            _ => self.reject(at, node, field, shape),
        }
    }

    /// A value that is kept as it is: it is counted like any other.
    fn opaque(&mut self, node: NodeId) {
        if self.values_left == 0 {
            return;
        }
        self.values_left -= 1;
        let tree = self.tree;
        match &tree[node].kind {
            NodeKind::Seq(items) => items.iter().for_each(|item| self.opaque(*item)),
            NodeKind::Map(entries) => entries.iter().for_each(|entry| self.opaque(entry.value)),
            _ => {}
        }
    }

    /// An element of a list or of a free map, where `null` stands for an empty value.
    fn element(&mut self, node: NodeId, field: &'static Field, shape: &'static Shape, at: &At<'_>) {
        if !self.is_null(node) {
            self.value(node, field, shape, at);
        }
    }

    fn is_null(&self, node: NodeId) -> bool {
        self.tree[node].kind == NodeKind::Null
    }

    fn reject(&mut self, at: &At<'_>, node: NodeId, field: &'static Field, shape: &'static Shape) {
        let expected = match (shape, &self.tree[node].kind) {
            // A time is read as text first, and the message is about that.
            (Shape::Time, kind) if !matches!(kind, NodeKind::Str(_)) => "string".to_owned(),
            _ => tables::go_name(field, shape),
        };
        self.mistyped(at, node, shape, expected);
    }

    fn mistyped(&mut self, at: &At<'_>, node: NodeId, shape: &Shape, expected: String) {
        if self.mistyped.len() >= MAX_COMPLAINTS {
            return;
        }
        let path = at.to_path();
        let (message, help) =
            type_messages::mistyped(&self.tree[node].kind, shape, type_messages::is_private(&self.route));
        let mut error = FieldError::new(path.clone(), Cause::TypeInvalid, Topic::Type, message);
        error.help = help;
        error.suggestion = type_messages::suggestion(&path, &self.tree[node].kind, shape);
        if error.suggestion.is_none()
            && let Some((help, suggestion)) =
                slips::meant(self.schema, self.tree, &self.tree[node].kind, shape, &path)
        {
            error.help = Some(help);
            error.suggestion = suggestion;
        }
        self.complain(error);
        self.mistyped.push(Mistyped { path, expected });
    }

    /// A field that the object does not have, right below the field `above` that has nothing.
    fn unknown(&mut self, id: TypeId, entry: &Entry<'_>, above: Option<&'static Field>, at: &At<'_>) {
        let path = at.field(&entry.key).to_path();
        let ty = self.schema.ty(id);
        let other_version = ty.field(&entry.key);
        let message = match other_version {
            Some(field) => other_versions::message(ty.name, field),
            None => format!("{} has no field {}", ty.name, shortened(&entry.key, MAX_KEY)),
        };
        let mut error = FieldError::new(path, Cause::NotSupported, Topic::UnknownField, message);
        if let Some(field) = other_version {
            if self.complaints.len() < MAX_COMPLAINTS {
                self.of_other_versions.push((self.complaints.len(), field));
            }
            let moved = other_versions::moved(self.schema, id, field, self.tree, entry.value);
            let supplied = moved.as_ref().map_or(field.name, |(to, _)| to);
            error.relation = Some(Relation::Supplies(at.field(supplied).to_path()));
            error.help = moved.map(|(_, help)| help);
        } else if self.placed < MAX_PLACED {
            self.placed += 1;
            let slip = suggest::place(self.schema, self.kind, &self.route, id, &entry.key);
            let in_empty = self.in_empty(id, entry, above, slip.as_ref(), at);
            if let Some((help, suggestion)) = in_empty {
                error.relation = self.supplied(&suggestion.edit, entry.value);
                error.help = Some(help);
                error.suggestion = Some(suggestion);
            } else if let Some(meant) = slip {
                error.suggestion = self.suggestion(&meant, &entry.key, at);
                error.help = Some(meant.help);
                let edit = error.suggestion.as_ref().map(|suggestion| &suggestion.edit);
                error.relation = edit.and_then(|edit| self.supplied(edit, entry.value));
                let is_restart_always = edit.is_some_and(|edit| self.is_restart_always(edit, entry.value));
                // A server that is not strict drops it where it is, and would refuse it where it belongs.
                if let Some(suggest::What::Place { route, .. }) = meant.what
                    && !self.fits(entry, route)
                {
                    error.suggestion = None;
                }
                if error.suggestion.is_some() && is_restart_always {
                    error.suggestion = None;
                    let help = error.help.unwrap_or_default();
                    let stop = if help.ends_with('?') { "" } else { ";" };
                    error.help = Some(format!(
                        "{help}{stop} no Job's Pod can have Always, which is for native sidecars (initContainers) alone"
                    ));
                }
            }
        }
        self.complain(error);
    }

    /// The field that has a value once the field at `value` has been renamed or moved: one that is not there, by a value
    /// that is something. That the value may be another than the one written, the help says.
    fn supplied(&self, edit: &Edit, value: NodeId) -> Option<Relation> {
        let path = edit.target()?;
        let is_something = self.is_something(value);
        let is_free = !self.tree.locate(self.object, &path).exact;
        if !is_something || !is_free {
            return None;
        }
        let mut fields = Vec::new();
        self.fields_within(value, &path, MAX_DEPTH_WITHIN, &mut fields);
        Some(match fields.is_empty() {
            true => Relation::Supplies(path),
            false => Relation::SuppliesObject(path, fields),
        })
    }

    /// The fields of the object at `value`, and of the objects in it, that are something: as they are called at `path`.
    fn fields_within(&self, value: NodeId, path: &FieldPath, depth: usize, fields: &mut Vec<FieldPath>) {
        let NodeKind::Map(entries) = &self.tree[value].kind else { return };
        for entry in entries.iter().filter(|entry| !entry.shadowed) {
            if fields.len() == MAX_FIELDS_WITHIN {
                return;
            }
            // No Job's Pod can have it: to be there is not enough.
            let is_refused = entry.key == "restartPolicy" && self.tree.str(entry.value) == Some("Always");
            if self.is_something(entry.value) && !is_refused {
                let path = path.clone().field(entry.key.to_string());
                if depth > 0 {
                    self.fields_within(entry.value, &path, depth - 1, fields);
                }
                fields.push(path);
            }
        }
    }

    /// Whether a value is more than the zero value of its type.
    fn is_something(&self, value: NodeId) -> bool {
        match &self.tree[value].kind {
            NodeKind::Null | NodeKind::Int(0) => false,
            NodeKind::Str(text) => !text.is_empty(),
            NodeKind::Seq(items) => !items.is_empty(),
            NodeKind::Map(entries) => !entries.is_empty(),
            _ => true,
        }
    }

    /// Whether an edit would make a `restartPolicy` of `Always` count, other than for an init container: the API server
    /// refuses it for a Job's Pod, and a plain container would be restarted for ever.
    fn is_restart_always(&self, edit: &Edit, value: NodeId) -> bool {
        const FIELD: &str = "restartPolicy";
        let target = edit.target();
        let last = target.as_ref().and_then(|path| path.segments().last());
        let of_init = matches!(edit, Edit::RenameKey { .. }) && self.route.last() == Some(&"initContainers");
        matches!(last, Some(Segment::Field(name)) if name == FIELD)
            && !of_init
            && self.tree.str(value) == Some("Always")
    }

    /// Whether the field at `entry` has a type that it may have in the object that `route` leads to, but for faults that
    /// are corrected in one way only.
    fn fits(&mut self, entry: &Entry<'_>, route: &[&'static str]) -> bool {
        let object = route.iter().try_fold(self.schema.root(self.kind), |id, step| {
            match self.schema.field(id, step).map(|field| field.shape.innermost()) {
                Some(Shape::Object(next)) => Some(*next),
                _ => None,
            }
        });
        let Some(field) = object.and_then(|id| self.schema.field(id, &entry.key)) else { return false };
        let mut trial = Walk {
            tree: self.tree,
            object: self.object,
            schema: self.schema,
            kind: self.kind,
            route: route.to_vec(),
            complaints: Vec::new(),
            of_other_versions: Vec::new(),
            mistyped: Vec::new(),
            dropped: Vec::new(),
            server: self.server,
            placed: MAX_PLACED,
            tries_left: 0,
            values_left: self.tries_left,
        };
        if !trial.is_null(entry.value) {
            trial.value(entry.value, field, &field.shape, &At::root());
        }
        self.tries_left = trial.values_left;
        let is_sure = |error: &FieldError| {
            error.topic != Topic::Type
                || error.suggestion.as_ref().is_some_and(|suggestion| suggestion.certain)
        };
        trial.values_left > 0 && trial.complaints.iter().all(is_sure)
    }

    /// What was suggested for the field `key` of the object at `at`, as an edit.
    fn suggestion(&self, meant: &suggest::Meant<'_>, key: &str, at: &At<'_>) -> Option<Suggestion> {
        let field = at.field(key).to_path();
        match meant.what? {
            // A field of a similar name may still be another.
            suggest::What::Name(name) => Some(Suggestion {
                edit: Edit::RenameKey { path: field, to: name.to_owned() },
                certain: false,
            }),
            suggest::What::Place { route, certain } => {
                let shared = self.route.iter().zip(route).take_while(|(a, b)| a == b).count();
                let mut to = FieldPath::root();
                let mut fields = 0;
                for segment in at.to_path().segments() {
                    fields += usize::from(matches!(segment, Segment::Field(_)));
                    if fields > shared {
                        break;
                    }
                    to.push(segment.clone());
                }
                let below = route[shared..].iter().copied().chain([key]);
                let to = below.fold(to, |to, name| to.field(name.to_owned()));
                Some(Suggestion { edit: Edit::Move { from: field, to }, certain })
            }
        }
    }

    /// Complains of keys that someone has written twice. What a merge key (`<<`) brings in may be overridden.
    fn duplicates(&mut self, entries: &[Entry<'_>], path: impl Fn(&str) -> FieldPath) {
        if !entries.iter().any(|entry| entry.shadowed && !entry.merged) {
            return;
        }
        let mut written = HashMap::<&str, usize>::new();
        for entry in entries.iter().filter(|entry| !entry.merged) {
            let times = written.entry(&entry.key).or_default();
            *times += 1;
            // A key given three times is one mistake.
            if *times == 2 {
                let message = "the key is given more than once; only the last one counts";
                self.complain(
                    FieldError::new(path(&entry.key), Cause::Duplicate, Topic::DuplicateKey, message)
                        .help(
                            "keep one of them, or rename the other; kubectl sends the last one alone, but a request that \
                             holds both is refused under strict validation",
                        ),
                );
            }
        }
    }

    fn complain(&mut self, error: FieldError) {
        if self.complaints.len() < MAX_COMPLAINTS {
            self.complaints.push(error);
        }
    }
}

#[cfg(test)]
mod tests;
