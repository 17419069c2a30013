//! Changes of a text by byte span: what is not edited stays byte for byte, comments, quotes, indentation and line
//! ends included.
//!
//! An [`Edit`] names fields; [`plan`] turns it into [`TextEdit`]s of the text that a tree was read from, in block and
//! in flow style and in JSON. It refuses what it cannot do without touching anything else ([`Refused`]): above all it
//! never reaches through an alias or a merge key. [`perform`] does the same to a value, so that a caller that applies an
//! edit can prove it: the text that comes out must read as the value that was meant.

mod insert;
mod place;
mod relocate;
mod remove;
mod render;
mod reorder;
mod scalar;
#[cfg(test)]
mod tests;
mod value;

use serde_json::Value;

use super::tree::{NodeId, Span, Tree};
use crate::path::FieldPath;
pub use value::perform;

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
    /// Puts the elements of a list of plain values in another order, or leaves some out.
    Reorder {
        /// The list.
        path: FieldPath,
        /// Which of the elements stands where now, each at most once.
        order: Vec<usize>,
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
            Self::Move { from, to } => vec![from, to],
            Self::Text(_) => Vec::new(),
        }
    }

    /// The field that has a value afterwards which it did not have before.
    pub fn target(&self) -> Option<FieldPath> {
        match self {
            Self::Set { path, .. } | Self::Insert { path, .. } => Some(path.clone()),
            Self::Move { to, .. } => Some(to.clone()),
            Self::RenameKey { path, to } => Some(path.parent()?.field(to.clone())),
            Self::Remove { .. } | Self::Quote { .. } | Self::Reorder { .. } | Self::Text(_) => None,
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

/// The changes of `text` that make `edit` to the object at `base` of the document `tree`, which was read from `text`.
///
/// # Errors
///
/// Why it cannot be done without touching anything else.
pub fn plan(text: &str, tree: &Tree<'_>, base: &FieldPath, edit: &Edit) -> Result<Vec<TextEdit>, Refused> {
    let source = Source::new(text, tree);
    let at =
        |path: &FieldPath| -> Vec<_> { base.segments().iter().chain(path.segments()).cloned().collect() };
    match edit {
        Edit::Set { path, value } => scalar::set(&source, &at(path), value),
        Edit::Insert { path, value } => insert::insert(&source, &at(path), value),
        Edit::Remove { path } => remove::remove(&source, &at(path)),
        Edit::Move { from, to } => relocate::relocate(&source, &at(from), &at(to)),
        Edit::RenameKey { path, to } => scalar::rename(&source, &at(path), to),
        Edit::Quote { path } => scalar::quote(&source, &at(path)),
        Edit::Reorder { path, order } => reorder::reorder(&source, &at(path), order),
        Edit::Text(edit) => Ok(vec![edit.clone()]),
    }
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

/// A text and the tree that was read from it.
#[derive(Debug, Clone, Copy)]
struct Source<'a, 't> {
    text: &'a str,
    tree: &'a Tree<'t>,
    /// Whether what is written must be JSON.
    json: bool,
}

impl<'a, 't> Source<'a, 't> {
    fn new(text: &'a str, tree: &'a Tree<'t>) -> Self {
        let start = tree[tree.root()].span.start;
        // With a quoted key, or none: whatever is written as JSON is YAML too.
        let json = text
            .get(start..)
            .and_then(|text| text.strip_prefix('{'))
            .is_some_and(|inner| matches!(inner.trim_start().as_bytes().first(), Some(b'"' | b'}')));
        Self { text, tree, json }
    }

    fn span(&self, node: NodeId) -> Span {
        self.tree[node].span
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// Where the line of `at` begins, a byte order mark not counted.
    fn line_start(&self, at: usize) -> usize {
        match self.text[..at].rfind(['\n', '\r']) {
            Some(end) => end + 1,
            None if self.text.starts_with('\u{FEFF}') => '\u{FEFF}'.len_utf8().min(at),
            None => 0,
        }
    }

    /// Where the line of `at` ends, its end not included.
    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find(['\n', '\r']).map_or(self.text.len(), |length| at + length)
    }

    /// The line end at `at`; empty at the end of the text.
    fn eol_at(&self, at: usize) -> &'a str {
        let rest = &self.text[at..];
        match rest.as_bytes() {
            [b'\r', b'\n', ..] => &rest[..2],
            [b'\r' | b'\n', ..] => &rest[..1],
            _ => "",
        }
    }

    /// The line end to write near `at`: that of its line, or of the line before.
    fn eol(&self, at: usize) -> &'a str {
        let here = self.eol_at(self.line_end(at));
        if !here.is_empty() {
            return here;
        }
        let start = self.line_start(at);
        match &self.text.as_bytes()[..start] {
            [.., b'\r', b'\n'] => "\r\n",
            [.., b'\r'] => "\r",
            _ => "\n",
        }
    }

    /// Whether nothing but a comment follows on the line of `at`.
    fn rest_is_blank(&self, at: usize) -> bool {
        let rest = &self.text[at..self.line_end(at)];
        let written = rest.trim_start_matches([' ', '\t']);
        written.is_empty() || (written.starts_with('#') && (written.len() < rest.len() || rest.is_empty()))
    }
}
