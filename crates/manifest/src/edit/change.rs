//! What is to be changed: fields of an object, or bytes of a text.

use serde_json::Value;

use super::super::tree::Span;
use crate::path::FieldPath;

/// A change of some fields of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Gives the field this value, whether it has one or not.
    Set {
        /// The field.
        path: FieldPath,
        /// Its value.
        value: Value,
    },
    /// Adds a field that is not there, with the parents it needs.
    Insert {
        /// The field.
        path: FieldPath,
        /// Its value.
        value: Value,
    },
    /// Takes a field away. An object that held nothing else stays, empty.
    Remove {
        /// The field.
        path: FieldPath,
    },
    /// Takes a field to another place, where nothing is set, with the comments that belong to it.
    Move {
        /// The field.
        from: FieldPath,
        /// Its new place.
        to: FieldPath,
    },
    /// Takes entries of a map to another map, where none of them is set, with the comments that belong to them. Objects
    /// that hold nothing afterwards are taken away.
    MoveEntries {
        /// The map.
        from: FieldPath,
        /// The keys of the entries.
        keys: Vec<String>,
        /// The other map.
        to: FieldPath,
    },
    /// Gives a field another name.
    RenameKey {
        /// The field.
        path: FieldPath,
        /// Its new name.
        to: String,
    },
    /// Puts a value that is no string in quotes, exactly as it is written.
    Quote {
        /// The field.
        path: FieldPath,
    },
    /// Puts the elements of a list in another order, or, of plain values, leaves some out.
    Reorder {
        /// The list.
        path: FieldPath,
        /// Which of the elements stands where now, each at most once.
        order: Vec<usize>,
    },
    /// Takes elements of a list to the end of another list, in their order, each with the comments right above it. Their
    /// own list keeps at least one element; the other is made where it is not there.
    Transfer {
        /// The list that they are in.
        list: FieldPath,
        /// Which of its elements, in ascending order.
        indices: Vec<usize>,
        /// The other list.
        to: FieldPath,
        /// Fields that are added to each.
        with: Vec<(String, Value)>,
    },
    /// Changes the text itself: for documents that cannot be read, and so have no fields yet.
    Text(TextEdit),
}

impl Edit {
    /// The fields that this is about: two edits that share one, or of which one is about a field below the other's,
    /// are not made at once.
    pub fn paths(&self) -> Vec<&FieldPath> {
        match self {
            Self::Set { path, .. }
            | Self::Insert { path, .. }
            | Self::Remove { path }
            | Self::RenameKey { path, .. }
            | Self::Quote { path }
            | Self::Reorder { path, .. } => vec![path],
            Self::Move { from, to } | Self::MoveEntries { from, to, .. } => vec![from, to],
            // What stands behind an element in its list moves up.
            Self::Transfer { list, to, .. } => vec![list, to],
            Self::Text(_) => Vec::new(),
        }
    }

    /// The field that has a value afterwards which it did not have before; the map, where there are several.
    pub fn target(&self) -> Option<FieldPath> {
        match self {
            Self::Set { path, .. } | Self::Insert { path, .. } => Some(path.clone()),
            Self::Move { to, .. } | Self::MoveEntries { to, .. } => Some(to.clone()),
            Self::RenameKey { path, to } => Some(path.parent()?.field(to.clone())),
            Self::Remove { .. }
            | Self::Quote { .. }
            | Self::Reorder { .. }
            | Self::Transfer { .. }
            | Self::Text(_) => None,
        }
    }
}

/// A replacement of some bytes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// The bytes that go.
    pub span: Span,
    /// What comes in their place.
    pub with: String,
}

/// Why an edit is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The field is not there.
    #[error("the field is not there")]
    Missing,
    /// The field to add is there already.
    #[error("the field is there already")]
    Exists,
    /// The way to the field leads through an alias or a merge key, or through what one stands for, so that the change
    /// would show elsewhere too.
    #[error("the field comes from an alias, and other places would change too")]
    Shared,
    /// The text is laid out in a way that leaves no room for the change.
    #[error("the text is laid out in a way that cannot be edited safely")]
    Layout,
}

/// Applies `edits`; none where two of them are about the same bytes, or one is about bytes that are not there. Of
/// insertions at the same place the first comes first.
pub fn apply(text: &str, edits: &[TextEdit]) -> Option<String> {
    let mut sorted: Vec<&TextEdit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len() + edits.iter().map(|edit| edit.with.len()).sum::<usize>());
    let mut from = 0;
    for edit in sorted {
        if edit.span.start < from {
            return None;
        }
        out.push_str(text.get(from..edit.span.start)?);
        out.push_str(&edit.with);
        text.get(edit.span.start..edit.span.end)?;
        from = edit.span.end;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}
