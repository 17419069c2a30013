//! Fields that the API server fills in and a manifest does not have: which of them an expression reads.

use jobguard_cel::{Path, PathStep, Root};

use super::vocabulary::{JOB, OBJECT, OLD_OBJECT, VOCABULARY};

/// The fields that the API server fills in, those about the deletion of the object included.
const FIELDS: &[(&[&str], FilledIn)] = &[
    (&["metadata", "creationTimestamp"], FilledIn::Set("metadata.creationTimestamp")),
    (&["metadata", "deletionGracePeriodSeconds"], FilledIn::Set("metadata.deletionGracePeriodSeconds")),
    (&["metadata", "deletionTimestamp"], FilledIn::Set("metadata.deletionTimestamp")),
    (&["metadata", "generation"], FilledIn::Set("metadata.generation")),
    (&["metadata", "managedFields"], FilledIn::Set("metadata.managedFields")),
    (&["metadata", "name"], FilledIn::Name),
    (&["metadata", "namespace"], FilledIn::Namespace),
    (&["metadata", "resourceVersion"], FilledIn::Set("metadata.resourceVersion")),
    (&["metadata", "selfLink"], FilledIn::Set("metadata.selfLink")),
    (&["metadata", "uid"], FilledIn::Set("metadata.uid")),
    (&["spec", "selector"], FilledIn::Selector),
    (&["status"], FilledIn::Set("status")),
];

/// A field that the API server fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilledIn {
    /// Whatever the manifest says.
    Set(&'static str),
    /// The namespace, if the manifest has none: the client chooses it.
    Namespace,
    /// The name, if the manifest has only `generateName`.
    Name,
    /// The selector of a Job, unless `manualSelector` is set.
    Selector,
}

/// The object whose field an expression reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The object itself.
    Object,
    /// The stored object.
    OldObject,
    /// The Job: the object itself, if that is one.
    Job,
}

/// The fields that the API server fills in and an expression with these paths reads, each with its object.
pub(super) fn filled_in(paths: &[Path]) -> Vec<(Holder, FilledIn)> {
    let mut found = Vec::new();
    for path in paths {
        let (holder, start) = match path.root {
            Root::Variable(OBJECT) => (Holder::Object, None),
            Root::Variable(OLD_OBJECT) => (Holder::OldObject, None),
            Root::Field { part: JOB, field } => (Holder::Job, Some(VOCABULARY.parts[JOB].fields[field].0)),
            _ => continue,
        };
        // The object as a whole is compared with null, to test whether there is one.
        if path.steps.is_empty() && start.is_none() {
            continue;
        }
        for (field, is) in FIELDS {
            let rest = match start {
                Some(start) => field.strip_prefix(&[start]),
                None => Some(*field),
            };
            if rest.is_some_and(|rest| looks_at(path, rest)) && !found.contains(&(holder, *is)) {
                found.push((holder, *is));
            }
        }
    }
    found
}

/// Whether a path leads to a field, into it, or reads all of a parent.
fn looks_at(path: &Path, field: &[&str]) -> bool {
    let is_on_the_way = path.steps.iter().zip(field).all(|(step, name)| match step {
        PathStep::Field(step) => **step == **name,
        PathStep::Element => true,
    });
    let reaches = match field.last() {
        // `has(object.status)` is known: it is always true.
        Some(&"status") => path.whole || path.steps.len() > field.len(),
        // A spec as a whole is compared with a stored one, whose selector is the same.
        Some(&"selector") => path.steps.len() >= field.len(),
        _ => path.whole || path.steps.len() >= field.len(),
    };
    is_on_the_way && reaches
}
