//! A change to an object, and JSON Patch.

use json_patch::jsonptr::{PointerBuf, Token};
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::Value;

use jobguard_manifest::{FieldPath, Segment};

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
pub fn json_patch(changes: &[Change]) -> Patch {
    let operations = changes.iter().map(|change| {
        let (path, value) = (pointer(&change.path), change.value.clone());
        match change.kind {
            ChangeKind::Add => PatchOperation::Add(AddOperation { path, value }),
            ChangeKind::Replace => PatchOperation::Replace(ReplaceOperation { path, value }),
            ChangeKind::Remove => PatchOperation::Remove(RemoveOperation { path }),
        }
    });
    Patch(operations.collect())
}

fn pointer(path: &FieldPath) -> PointerBuf {
    PointerBuf::from_tokens(path.segments().iter().map(|segment| match segment {
        Segment::Field(name) | Segment::Key(name) => Token::from(name.as_ref()),
        Segment::Index(index) => Token::from(*index),
    }))
}
