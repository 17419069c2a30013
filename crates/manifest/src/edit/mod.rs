//! Changes of a text by byte span: what is not edited stays byte for byte, comments, quotes, indentation and line
//! ends included.
//!
//! An [`Edit`] names fields; [`plan`] turns it into [`TextEdit`]s of the text that a tree was read from, in block and
//! in flow style and in JSON. It refuses what it cannot do without touching anything else ([`Refused`]): above all it
//! never reaches through an alias or a merge key. [`perform`] does the same to a value, so that a caller that applies an
//! edit can prove it: the text that comes out must read as the value that was meant.

mod change;
mod insert;
mod move_entries;
mod place;
mod relocate;
mod remove;
mod render;
mod reorder;
mod scalar;
mod source;
#[cfg(test)]
mod tests;
mod transfer;
mod transfer_flow;
mod value;

use self::source::Source;
use super::tree::Tree;
use crate::path::FieldPath;
pub use change::{Edit, Refused, TextEdit, apply};
pub use value::perform;

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
        Edit::MoveEntries { from, keys, to } => move_entries::move_entries(&source, &at(from), keys, &at(to)),
        Edit::RenameKey { path, to } => scalar::rename(&source, &at(path), to),
        Edit::Quote { path } => scalar::quote(&source, &at(path)),
        Edit::Reorder { path, order } => reorder::reorder(&source, &at(path), order),
        Edit::Transfer { list, indices, to, with } => {
            transfer::transfer(&source, &at(list), indices, &at(to), with)
        }
        Edit::Text(edit) => Ok(vec![edit.clone()]),
    }
}
