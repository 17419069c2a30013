//! A change to an object, and JSON Patch.

use serde_json::{Value, json};

use jobguard_manifest::FieldPath;

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// The field was absent or null.
    Add,
    /// The field held what counts as nothing set, or what came from elsewhere and is to follow it.
    Replace,
    /// The field held what came from elsewhere and is no longer there.
    Remove,
}

/// One field that was changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The field. Its parent is there, in the object as it was or through an earlier change.
    pub path: FieldPath,
    /// What it holds now, with everything below where parents were missing too; null where it is removed.
    pub value: Value,
    /// What becomes of it.
    pub kind: ChangeKind,
    /// Why, in one sentence without a full stop, for people who read the patch or the fix.
    pub why: &'static str,
}

/// The changes as a JSON Patch (RFC 6902), one operation each.
pub fn json_patch(changes: &[Change]) -> Value {
    changes
        .iter()
        .map(|change| {
            let path = change.path.to_json_pointer();
            match change.kind {
                ChangeKind::Add => json!({ "op": "add", "path": path, "value": change.value }),
                ChangeKind::Replace => json!({ "op": "replace", "path": path, "value": change.value }),
                ChangeKind::Remove => json!({ "op": "remove", "path": path }),
            }
        })
        .collect()
}
