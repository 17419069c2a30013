//! A change to an object, and JSON Patch.

use serde_json::{Value, json};

use crate::path::FieldPath;

/// Whether a field was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// The field was absent or null.
    Add,
    /// The field held what counts as nothing set.
    Replace,
}

/// One field that was filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The field. Its parent is there, in the object as it was or through an earlier change.
    pub path: FieldPath,
    /// What it holds now; with everything below, where parents were missing too.
    pub value: Value,
    /// Whether it was there before.
    pub kind: ChangeKind,
    /// Why, in one sentence without a full stop, for people who read the patch or the fix.
    pub why: &'static str,
}

/// The changes as a JSON Patch (RFC 6902), one operation each.
pub fn json_patch(changes: &[Change]) -> Value {
    changes
        .iter()
        .map(|change| {
            let op = match change.kind {
                ChangeKind::Add => "add",
                ChangeKind::Replace => "replace",
            };
            json!({ "op": op, "path": change.path.to_json_pointer(), "value": change.value })
        })
        .collect()
}
