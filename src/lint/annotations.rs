//! The annotations of a text that suppress rules: what stands there, whether or not the rules find anything.

use std::sync::Arc;

use jiff::civil::Date;

use super::classify::{Class, classify, type_of};
use super::common::object_id;
use super::typeless;
use crate::diagnostic::ObjectId;
use crate::engine::{ANNOTATION, Annotation};
use crate::policy::Policy;
use jobguard_manifest::{self as manifest, FieldPath, LineIndex, ObjectRef, Tree, Within};

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

/// The entries of all annotations in a text, in its order, which reports call `file`: those that fit the grammar, of
/// objects that are judged. And the line of the first document that has such an annotation and cannot be read.
pub(crate) fn suppressions(
    text: &str,
    file: &Arc<str>,
    policy: &Policy,
) -> (Vec<WrittenSuppression>, Option<usize>) {
    let (mut found, mut unreadable) = (Vec::new(), None);
    // Few texts have one: the others are not read.
    if !text.contains(ANNOTATION) || !policy.suppressions.allow {
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
                    found.extend(of_object(tree, &object, file, &lines));
                }
            }
        }
        Err(error) => {
            let own_text = text.get(document.span.start..document.span.end).unwrap_or_default();
            if own_text.contains(ANNOTATION) {
                unreadable.get_or_insert(lines.position(error.span.start).line);
            }
        }
    });
    (found, unreadable)
}

fn of_object(
    tree: &Tree<'_>,
    object: &ObjectRef,
    file: &Arc<str>,
    lines: &LineIndex<'_>,
) -> Vec<WrittenSuppression> {
    let of = |metadata: Option<manifest::NodeId>| {
        tree.get(metadata?, "annotations").and_then(|all| tree.str(tree.get(all, ANNOTATION)?))
    };
    let Some(text) = of(tree.get(object.node, "metadata")) else { return Vec::new() };
    let path = FieldPath::root().field("metadata").field("annotations").key(ANNOTATION);
    let located = tree.locate(object.node, &path);
    let position = lines.position(located.key_span.unwrap_or(located.span).start);
    let (_, kind) = type_of(tree, object);
    let id = Arc::new(object_id(tree, object, kind.unwrap_or_default()));
    let entries = Annotation::parse(text).entries.into_iter().filter(|entry| !entry.is_void);
    entries
        .map(|entry| WrittenSuppression {
            names: entry.names.iter().map(|name| (*name).to_owned()).collect(),
            until: entry.until,
            reason: entry.reason.map(str::to_owned),
            object: Arc::clone(&id),
            file: Arc::clone(file),
            line: position.line,
            column: position.column,
        })
        .collect()
}
