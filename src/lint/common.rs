//! What is done with every object that is examined: what it is called, and which of several fixes is offered.

use super::classify::{text, type_of};
use crate::diagnostic::ObjectId;
use crate::engine::{Finding, Fix};
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{FieldPath, ObjectRef, Tree};

/// Drops fixes that set a field where another fix moves or renames a value of the text to that field: what the author
/// wrote in the wrong place, or under the wrong name, is preferred to a default.
pub(super) fn prefer_moves(findings: &mut [Finding]) {
    let moves =
        |fix: &Fix| fix.edits.iter().any(|edit| matches!(edit, Edit::Move { .. } | Edit::RenameKey { .. }));
    let filled: Vec<FieldPath> = findings
        .iter()
        .filter_map(|finding| finding.fix.as_ref().filter(|fix| moves(fix)))
        .flat_map(Fix::targets)
        .collect();
    let is_filled =
        |target: FieldPath| filled.iter().any(|path| target.starts_with(path) || path.starts_with(&target));
    for finding in findings {
        if finding.fix.as_ref().is_some_and(|fix| !moves(fix) && fix.targets().any(is_filled)) {
            finding.fix = None;
        }
    }
}

pub(super) fn object_id(tree: &Tree<'_>, object: &ObjectRef, kind: &str) -> ObjectId {
    let (api_version, _) = type_of(tree, object);
    let metadata = tree.get(object.node, "metadata");
    let field = |name| metadata.and_then(|metadata| text(tree, metadata, name)).map(str::to_owned);
    ObjectId {
        api_version: api_version.unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
        namespace: field("namespace"),
        name: field("name").or_else(|| field("generateName").map(|prefix| format!("{prefix}*"))),
    }
}
