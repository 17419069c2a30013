//! Ignoring a finding: by the annotation on its object, which the webhook heeds too.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use lsp_types::{CodeAction, CodeActionKind};
use serde_json::Value;

use super::analysis::Analysis;
use super::documents::Document;
use super::edits;
use super::position::Places;
use super::shared::Snapshot;
use crate::diagnostic::Diagnostic;
use crate::engine::{ANNOTATION, Check, Severity};
use crate::policy::Level;
use jobguard_manifest::edit::{Edit, TextEdit, apply, plan};
use jobguard_manifest::{self as manifest, FieldPath, LineIndex, NodeId, Tree};

/// How long a finding is ignored, in days: until somebody has to look at it again.
const DAYS: i64 = 90;

/// Adds the annotation for a finding that [can be ignored](can_be_ignored); none where the finding would still be there.
pub(super) fn action(
    snapshot: &Snapshot,
    places: &Places<'_>,
    finding: &Diagnostic,
    analysis: &Analysis,
) -> Option<CodeAction> {
    let entry = format!("{} until={} (say why)", finding.rule.id(), until(snapshot.now)?);
    let edits = annotated(&snapshot.document.text, finding, &entry)?;
    let after = apply(&snapshot.document.text, &edits)?;
    let document = Document { text: Arc::new(after), ..snapshot.document.clone() };
    let left = snapshot.view(None).analyse(&document, false)?;
    // Proved as fixes are: this finding is gone, and nothing has come in its place.
    let count =
        |analysis: &Analysis| analysis.findings.iter().filter(|other| is_same(other, finding)).count();
    if count(&left) >= count(analysis) || left.findings.len() >= analysis.findings.len() {
        return None;
    }
    Some(CodeAction {
        title: format!("Ignore {} in this object for {DAYS} days", finding.rule.id()),
        kind: Some(CodeActionKind::QUICKFIX),
        edit: Some(edits::edit(snapshot, edits::of_bytes(places, &edits))),
        ..CodeAction::default()
    })
}

/// Whether the policy and the rule let the annotation count.
pub(super) fn can_be_ignored(snapshot: &Snapshot, finding: &Diagnostic) -> bool {
    let level = match finding.severity {
        Severity::Error => Level::Deny,
        Severity::Warning => Level::Warn,
        Severity::Info => Level::Info,
    };
    let is_about_object = !matches!(finding.rule.check, Check::Text | Check::Reader | Check::Suppression(_));
    let policies = &snapshot.policy.clusters;
    finding.rule.spec.is_settable()
        && is_about_object
        && finding.object.is_some()
        && policies.iter().all(|policy| policy.suppressions.cover(level))
}

fn until(now: Timestamp) -> Option<Date> {
    TimeZone::UTC.to_datetime(now).date().checked_add(DAYS.days()).ok()
}

fn is_same(one: &Diagnostic, other: &Diagnostic) -> bool {
    one.rule == other.rule
        && one.object == other.object
        && one.path == other.path
        && one.message == other.message
}

/// The changes that add `entry` to the annotation of the object that a finding is about.
fn annotated(text: &str, finding: &Diagnostic, entry: &str) -> Option<Vec<TextEdit>> {
    let lines = LineIndex::new(text);
    let wanted = (finding.region.line, finding.region.column);
    let mut edits = None;
    manifest::read_each(text, |document| {
        let Ok(tree) = &document.content else { return };
        if edits.is_some() || !holds(&lines, tree, tree.root(), wanted) {
            return;
        }
        let objects = manifest::objects(tree);
        let Some(object) = objects.iter().find(|object| holds(&lines, tree, object.node, wanted)) else {
            return;
        };
        let path = FieldPath::root().field("metadata").field("annotations").field(ANNOTATION);
        let metadata = tree.get(object.node, "metadata").and_then(|node| tree.get(node, "annotations"));
        let edit = match metadata.and_then(|node| tree.get(node, ANNOTATION)) {
            Some(node) => {
                let Some(before) = tree.str(node) else { return };
                let value = match before.trim().trim_end_matches(';') {
                    "" => entry.to_owned(),
                    before => format!("{before}; {entry}"),
                };
                Edit::Set { path, value: Value::String(value) }
            }
            None => Edit::Insert { path, value: Value::String(entry.to_owned()) },
        };
        edits = plan(text, tree, &object.base, &edit).ok();
    });
    edits
}

fn holds(lines: &LineIndex<'_>, tree: &Tree<'_>, node: NodeId, (line, column): (usize, usize)) -> bool {
    let place = |offset| {
        let position = lines.position(offset);
        (position.line, position.column)
    };
    let span = tree[node].span;
    (place(span.start)..=place(span.end)).contains(&(line, column))
}
