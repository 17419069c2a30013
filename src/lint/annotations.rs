//! The annotations of a text that suppress rules: what stands there, whether or not the rules find anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::classify::{Class, classify, text, type_of};
use super::common::object_id;
use super::typeless;
use crate::diagnostic::ObjectId;
use crate::engine::{ANNOTATION, Suppressions};
use crate::policy::{Owner, Policy, Subject};
use crate::rules::registry_of;
use jobguard_apiserver::Kind;
use jobguard_manifest::{
    self as manifest, FieldPath, LineIndex, NodeId, NodeKind, ObjectRef, Position, Tree, Within,
};

/// An entry of an annotation that suppresses rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenSuppression {
    /// The rules and categories, as they are written.
    pub names: Vec<String>,
    /// The last day on which it counts; none where there is no end.
    pub until: Option<Date>,
    /// Why, in its author's words.
    pub reason: Option<String>,
    /// The object.
    pub object: Arc<ObjectId>,
    /// The file, as reports name it.
    pub file: Arc<str>,
    /// The line of the annotation, from 1.
    pub line: usize,
    /// Its column, from 1.
    pub column: usize,
}

/// A document that cannot be read, and may have such an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Where, from 1.
    pub(crate) line: usize,
    /// Its column, from 1.
    pub(crate) column: usize,
    /// Why, in the words of the finding about it.
    pub(crate) message: String,
}

/// The entries of all annotations in a text, in its order, which reports call `file`: those that count for something under
/// the policy, of objects that are judged. And the first document that cannot be read.
pub(crate) fn suppressions(
    text: &str,
    file: &Arc<str>,
    policy: &Policy,
) -> (Vec<WrittenSuppression>, Option<Unreadable>) {
    let (mut found, mut unreadable) = (Vec::new(), None);
    if !policy.suppressions.allow {
        return (found, unreadable);
    }
    let lines = LineIndex::new(text);
    let is_judged = |api_version: Option<&str>, kind: Option<&str>| {
        matches!(classify(api_version, kind), Class::Workload(_) | Class::Misplaced(_))
            || policy.outer_kinds.find(api_version, kind).is_some()
    };
    let is_asked_for = |api_version: Option<&str>, kind: Option<&str>| {
        kind.is_some_and(|kind| kind.ends_with("List")) || is_judged(api_version, kind)
    };
    let within = Within { limits: policy.limits, is_asked_for: &is_asked_for };
    manifest::read_each_within(text, Some(&within), |document| match &document.content {
        Ok(tree) => {
            for object in manifest::objects(tree) {
                let (api_version, kind) = type_of(tree, &object);
                if is_judged(api_version, kind) || typeless::of_batch(tree, object.node).is_some() {
                    found.extend(of_object(tree, &object, (file, &lines), policy));
                }
            }
        }
        // What is too large and of another kind is none of ours.
        Err(error) => {
            let is_ours = error
                .too_large
                .as_ref()
                .is_none_or(|object| is_asked_for(object.api_version.as_deref(), object.kind.as_deref()));
            if is_ours && unreadable.is_none() {
                let Position { line, column } = lines.position(error.span.start);
                unreadable = Some(Unreadable { line, column, message: error.message.clone() });
            }
        }
    });
    (found, unreadable)
}

fn of_object(
    tree: &Tree<'_>,
    object: &ObjectRef,
    (file, lines): (&Arc<str>, &LineIndex<'_>),
    policy: &Policy,
) -> Vec<WrittenSuppression> {
    let metadata = tree.get(object.node, "metadata");
    let annotations = metadata.and_then(|metadata| tree.get(metadata, "annotations"));
    let Some(text) = annotations.and_then(|all| tree.str(tree.get(all, ANNOTATION)?)) else {
        return Vec::new();
    };
    let path = FieldPath::root().field("metadata").field("annotations").key(ANNOTATION);
    let located = tree.locate(object.node, &path);
    let position = lines.position(located.key_span.unwrap_or(located.span).start);
    let (_, kind) = type_of(tree, object);
    let id = Arc::new(object_id(tree, object, kind.unwrap_or_default()));
    let facts = Facts::of(tree, object);
    let entries = Suppressions::parse(text, registry_of(policy)).in_force(policy, &facts.subject(&id));
    let entries = entries.into_iter().map(|entry| WrittenSuppression {
        names: entry.names.iter().map(|name| (*name).to_owned()).collect(),
        until: entry.until,
        reason: entry.reason.map(str::to_owned),
        object: Arc::clone(&id),
        file: Arc::clone(file),
        line: position.line,
        column: position.column,
    });
    entries.collect()
}

/// What overrides look at of an object beside its name, read from the text: it may be none that could be judged.
struct Facts {
    labels: BTreeMap<String, String>,
    /// Of a CronJob: those of its Job template, or else of its Pods.
    template_labels: BTreeMap<String, String>,
    /// The controller that it names: group, kind and name.
    owner: Option<(String, String, String)>,
}

impl Facts {
    fn of(tree: &Tree<'_>, object: &ObjectRef) -> Self {
        let below = |path: &[&str]| path.iter().try_fold(object.node, |node, name| tree.get(node, name));
        let labels = |path: &[&str]| -> BTreeMap<String, String> {
            let NodeKind::Map(entries) = below(path).map_or(&NodeKind::Null, |node| &tree[node].kind) else {
                return BTreeMap::new();
            };
            let pairs = entries
                .iter()
                .filter(|entry| !entry.shadowed)
                .filter_map(|entry| Some((entry.key.as_ref().to_owned(), tree.str(entry.value)?.to_owned())));
            pairs.collect()
        };
        let mut template_labels = labels(&["spec", "jobTemplate", "metadata", "labels"]);
        if template_labels.is_empty() {
            template_labels = labels(&["spec", "jobTemplate", "spec", "template", "metadata", "labels"]);
        }
        let owners = match below(&["metadata", "ownerReferences"]).map(|node| &tree[node].kind) {
            Some(NodeKind::Seq(owners)) => owners.as_slice(),
            _ => &[],
        };
        let is_controller = |owner: &&NodeId| {
            tree.get(**owner, "controller").is_some_and(|value| tree[value].kind == NodeKind::Bool(true))
        };
        let owner = owners.iter().find(is_controller).map(|owner| {
            let field = |name| text(tree, *owner, name).unwrap_or_default().to_owned();
            (group_of(&field("apiVersion")).to_owned(), field("kind"), field("name"))
        });
        Self { labels: labels(&["metadata", "labels"]), template_labels, owner }
    }

    /// The object, as overrides look at it. One that holds Jobs is looked at as they are: as Jobs that belong to it.
    fn subject<'a>(&'a self, id: &'a ObjectId) -> Subject<'a> {
        let ObjectId { api_version, kind, namespace, name } = id;
        let name = name.as_deref().map_or("", |name| name.strip_suffix('*').unwrap_or(name));
        let itself =
            Owner { group: group_of(api_version), kind, name, labels: Some(&self.labels), in_doubt: false };
        let named = self.owner.as_ref().map(|(group, kind, name)| Owner {
            group,
            kind,
            name,
            labels: None,
            in_doubt: false,
        });
        let (kind, owner) = match kind.as_str() {
            "CronJob" => (Kind::CronJob, named),
            "Job" => (Kind::Job, named),
            _ => (Kind::Job, Some(itself)),
        };
        Subject {
            namespace: namespace.as_deref().filter(|namespace| !namespace.is_empty()),
            labels: Some(&self.labels),
            template_labels: Some(&self.template_labels).filter(|_| kind == Kind::CronJob),
            owner,
            ..Subject::new(kind, name)
        }
    }
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}
