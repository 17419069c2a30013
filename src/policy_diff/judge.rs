//! Judges a text by one policy.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::diagnostic::{Diagnostic, FileError, JudgedObject, ObjectId};
use crate::engine::Severity;
use crate::linter::{Linter, decode_text};
use crate::mutate::Change;
use crate::policy::{Mode, Policy};
use crate::policy_test::{Actual, ActualFinding, each_workload, fill};
use crate::sources::Source;

/// One of the policies that are compared.
#[derive(Debug, Clone)]
pub struct Side {
    /// How people call it.
    pub name: String,
    /// The policy.
    pub policy: Arc<Policy>,
}

/// An object, and what comes of it.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) file: String,
    /// The line that it begins on; 0 where it is the file as a whole.
    pub(super) line: usize,
    /// Which it is; empty for the file as a whole.
    pub(super) object: String,
    pub(super) actual: Actual,
}

/// Judges manifests as the linter does. Errors are the same whatever the policy.
pub(super) fn manifests(
    sources: &[Source],
    policy: &Policy,
    now: Timestamp,
) -> (Vec<Judged>, Vec<FileError>) {
    let linter = Linter { with_fixes: false, with_objects: true, ..Linter::new(policy, now) };
    let outcome = linter.lint(sources);
    let mut errors = outcome.errors;
    let mut all = Vec::new();
    let mut by_file: HashMap<&str, (Vec<&JudgedObject>, Vec<&Diagnostic>)> = HashMap::new();
    for object in &outcome.report.listed {
        by_file.entry(&object.file).or_default().0.push(object);
    }
    for finding in &outcome.report.diagnostics {
        by_file.entry(&finding.file).or_default().1.push(finding);
    }
    for source in sources {
        let name = source.name();
        let (objects, findings) = by_file.remove(name).unwrap_or_default();
        let changes = match changes(source, policy) {
            Ok(changes) => changes,
            Err(error) => {
                // The linter has said so already.
                if !errors.iter().any(|other| other.name == error.name) {
                    errors.push(error);
                }
                Vec::new()
            }
        };
        all.extend(of_text(name, &objects, &findings, changes, policy));
    }
    (all, errors)
}

/// What /mutate fills in, by the object that it is filled in.
type Filled = (ObjectId, Vec<Change>);

fn changes(source: &Source, policy: &Policy) -> Result<Vec<Filled>, FileError> {
    let bytes = source.bytes()?;
    let (text, _) = decode_text(&bytes);
    let mut filled = Vec::new();
    each_workload(&text, policy, |mut workload| {
        let metadata = workload.metadata();
        let id = ObjectId {
            api_version: String::new(),
            kind: workload.kind().as_str().to_owned(),
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
        };
        filled.push((id, fill(&mut workload, policy)));
    });
    Ok(filled)
}

fn of_text(
    file: &str,
    objects: &[&JudgedObject],
    findings: &[&Diagnostic],
    mut filled: Vec<Filled>,
    policy: &Policy,
) -> Vec<Judged> {
    let mut by_object: Vec<Vec<&Diagnostic>> = vec![Vec::new(); objects.len()];
    let mut of_file: Vec<&Diagnostic> = Vec::new();
    for finding in findings {
        // Of objects of the same name, it is the last that starts before the finding.
        let place = (finding.region.line, finding.region.column);
        let owner = objects.iter().rposition(|object| {
            Some(&object.id) == finding.object.as_ref() && (object.line, object.column) <= place
        });
        match owner {
            Some(owner) => by_object[owner].push(finding),
            None => of_file.push(finding),
        }
    }
    let judged = |line: usize, object: String, findings: &[&Diagnostic], changes: &[Change]| {
        let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
        let allowed = !refused || policy.mode != Mode::Enforce;
        let found = findings.iter().map(|finding| ActualFinding::from(*finding));
        Judged { file: file.to_owned(), line, object, actual: Actual::new(allowed, found, changes) }
    };
    let mut all = Vec::with_capacity(objects.len() + 1);
    if !of_file.is_empty() {
        all.push(judged(0, String::new(), &of_file, &[]));
    }
    for (object, findings) in objects.iter().zip(&by_object) {
        let is_it = |(id, _): &Filled| {
            (&id.kind, &id.namespace, &id.name) == (&object.id.kind, &object.id.namespace, &object.id.name)
        };
        let changes =
            filled.iter().position(is_it).map(|position| filled.remove(position).1).unwrap_or_default();
        all.push(judged(object.line, object.id.to_string(), findings, &changes));
    }
    all
}
