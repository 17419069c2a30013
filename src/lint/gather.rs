//! The Jobs and CronJobs of a text as a cluster would have them, without a verdict: what a forecast is made of.

use std::sync::Arc;

use jiff::Timestamp;

use super::classify::{Class, classify, type_of};
use super::common::object_id;
use super::helm;
use super::neighbours::NeighbourFacts;
use super::verdict::stored_object;
use super::{MAX_OBJECTS, stored, typeless};
use crate::diagnostic::{FileError, ObjectId};
use crate::embedded::Outer;
use crate::engine::corrected::Faulty;
use crate::engine::{ANNOTATION, Object, made_objects};
use crate::mutate;
use crate::policy::Policy;
use jobguard_apiserver::{FieldError, Kind, Server, Topic, Workload};
use jobguard_manifest::{self as manifest, Document, LineIndex, NodeId, ObjectRef, Tree, Within};

/// What a text holds.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The Jobs and CronJobs, in the order of the text.
    pub(crate) objects: Vec<GatheredObject>,
    /// The objects beside them that rules know.
    pub(crate) neighbours: NeighbourFacts,
    /// What could not be read, or was left out.
    pub(crate) errors: Vec<FileError>,
}

/// A Job or CronJob of a text.
#[derive(Debug)]
pub(crate) struct GatheredObject {
    /// The object, with the API's defaults.
    pub(crate) object: Object,
    /// What identifies it; the outer object, of a Job inside one.
    pub(crate) id: Arc<ObjectId>,
    /// The line that it starts on, from 1.
    pub(crate) line: usize,
    /// What tells it from the other Jobs of the same outer object; empty for an object of its own.
    pub(crate) part: String,
    /// Why an API server would refuse it, or each Job that it makes: the first reason.
    pub(crate) refused: Option<String>,
}

/// The Jobs and CronJobs of `text`, which reports call `name`. With `fills`, the policy's defaults are filled in, as a
/// cluster with the webhook does.
pub(crate) fn gather(text: &str, name: &str, policy: &Policy, fills: bool) -> Gathered {
    let lines = LineIndex::new(text);
    let kinds = &policy.outer_kinds;
    let is_asked_for = |api_version: Option<&str>, kind: Option<&str>| {
        kind.is_some_and(|kind| kind.ends_with("List"))
            || matches!(classify(api_version, kind), Class::Workload(_) | Class::Misplaced(_))
            || kinds.find(api_version, kind).is_some()
    };
    let within = Within { limits: policy.limits, is_asked_for: &is_asked_for };
    let mut gathering = Gathering { text, name, policy, fills, lines, gathered: Gathered::default() };
    manifest::read_each_within(text, Some(&within), |document| gathering.document(&document));
    gathering.gathered
}

struct Gathering<'a> {
    text: &'a str,
    name: &'a str,
    policy: &'a Policy,
    fills: bool,
    lines: LineIndex<'a>,
    gathered: Gathered,
}

impl Gathering<'_> {
    fn document(&mut self, document: &Document<'_>) {
        match &document.content {
            Ok(tree) => {
                let own_text = self.text.get(document.span.start..document.span.end).unwrap_or_default();
                let template = helm::template_of(own_text);
                for object in manifest::objects(tree) {
                    self.object(tree, &object, template);
                }
            }
            Err(error) => {
                let line = self.lines.position(error.span.start).line;
                self.error(line, &error.message);
            }
        }
    }

    fn object(&mut self, tree: &Tree<'_>, object: &ObjectRef, template: Option<&str>) {
        let (api_version, kind) = type_of(tree, object);
        let class = typeless::of_batch(tree, object.node).unwrap_or_else(|| classify(api_version, kind));
        let kind = match class {
            Class::Workload(kind) => kind,
            Class::Misplaced(misplaced) => misplaced.kind,
            Class::Neighbour(kind) => return self.gathered.neighbours.add(tree, object.node, kind, template),
            Class::Other => {
                if let Some(kind) = self.policy.outer_kinds.find(api_version, kind) {
                    let outer =
                        Outer { tree, node: object.node, kind, annotation: ANNOTATION, namespace: None };
                    let id = object_id(tree, object, &kind.kind);
                    self.made(&outer, id);
                }
                return;
            }
        };
        let id = object_id(tree, object, kind.as_str());
        let line = self.line(tree, object.node);
        match self.workload(tree, object.node, kind) {
            Some((workload, mistyped)) => {
                let server = &self.policy.server;
                let defaults = |workload: &Workload| {
                    let subject = crate::engine::subject(workload, None);
                    self.fills.then(|| self.policy.settings_for(&subject).defaults.clone())
                };
                // What is stored, an API server has accepted.
                let (object, refused) = if stored::is_stored(tree, object.node) {
                    let defaults = defaults(&workload);
                    (stored_object(server, workload, defaults.as_ref()), mistyped)
                } else {
                    let object = Object::created(server, workload, |workload| {
                        defaults(workload)
                            .is_some_and(|defaults| !mutate::fill(workload, &defaults).is_empty())
                    });
                    let refused = mistyped.or_else(|| refused(server, &object));
                    (object, refused)
                };
                self.keep(GatheredObject { object, id: Arc::new(id), line, part: String::new(), refused });
            }
            None => self.error(line, &format!("{id} cannot be read; jobguard lint says why")),
        }
    }

    /// The object; where values are of a wrong type, what is left of it, and the first of them.
    fn workload(&self, tree: &Tree<'_>, node: NodeId, kind: Kind) -> Option<(Workload, Option<String>)> {
        let server = &self.policy.server;
        let mut decoded = server.decode(tree, node, kind);
        if let Some(workload) = decoded.workload.take() {
            return Some((workload, None));
        }
        let faulty = Faulty { server, tree, node, kind, text: self.text, decoded: &decoded };
        let mistyped = decoded.complaints.iter().find(|error| error.topic == Topic::Type).map(reason);
        Some((faulty.without_mistyped()?.workload, mistyped))
    }

    /// The Jobs inside an object.
    fn made(&mut self, outer: &Outer<'_, '_>, id: ObjectId) {
        let line = self.line(outer.tree, outer.node);
        let id = Arc::new(id);
        let Ok(made) = made_objects(outer, self.policy, self.fills) else {
            return self.error(line, &format!("{id} holds too many Jobs"));
        };
        for (part, object) in made {
            match object {
                Some(object) => {
                    let (id, part) = (Arc::clone(&id), part.to_string());
                    let refused = refused(&self.policy.server, &object);
                    self.keep(GatheredObject { object, id, line, part, refused });
                }
                None => self.error(line, &format!("{part} of {id} cannot be read; jobguard lint says why")),
            }
        }
    }

    fn keep(&mut self, object: GatheredObject) {
        if self.gathered.objects.len() < MAX_OBJECTS {
            self.gathered.objects.push(object);
        } else if self.gathered.objects.len() == MAX_OBJECTS && self.gathered.errors.len() <= MAX_OBJECTS {
            self.error(object.line, &format!("only the first {MAX_OBJECTS} Jobs and CronJobs are read"));
        }
    }

    fn error(&mut self, line: usize, message: &str) {
        /// What goes beyond is not read by anybody.
        const MAX_ERRORS: usize = 1_000;
        if self.gathered.errors.len() < MAX_ERRORS {
            let name = format!("{}:{line}", self.name);
            self.gathered.errors.push(FileError { name, message: message.to_owned() });
        }
    }

    fn line(&self, tree: &Tree<'_>, node: NodeId) -> usize {
        self.lines.position(tree[node].span.start).line
    }
}

/// The first reason for which the server refuses the object or, of a CronJob that it accepts, each of its Jobs.
fn refused(server: &Server, object: &Object) -> Option<String> {
    let errors = server.validate_create(object.as_prepared());
    if let Some(error) = errors.first() {
        return Some(reason(error));
    }
    let Workload::CronJob(cron_job) = object.workload() else { return None };
    // Which run it is matters only for the digits at the end of the name.
    let errors = server.validate_child_of_accepted(cron_job, Timestamp::UNIX_EPOCH);
    errors.first().map(|error| format!("its Jobs: {}", reason(error)))
}

fn reason(error: &FieldError) -> String {
    format!("{}: {}", error.path, error.message)
}
