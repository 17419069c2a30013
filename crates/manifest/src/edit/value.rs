//! What an edit means, on a value: the measure of whether a text was edited rightly.

use serde_json::{Map, Value};

use super::super::tree::Tree;
use super::change::{Edit, Refused};
use super::source::Source;
use crate::path::{FieldPath, Segment};

/// Makes `edit` to the object at `base` of `document`, the value of the whole of `tree`.
///
/// # Errors
///
/// Why it cannot be made. A change of the text itself has no meaning here, and is [`Refused::Layout`].
pub fn perform(
    document: &mut Value,
    text: &str,
    tree: &Tree<'_>,
    base: &FieldPath,
    edit: &Edit,
) -> Result<(), Refused> {
    let at =
        |path: &FieldPath| -> Vec<_> { base.segments().iter().chain(path.segments()).cloned().collect() };
    match edit {
        Edit::Set { path, value } => put(document, &at(path), value.clone(), true),
        Edit::Insert { path, value } => put(document, &at(path), value.clone(), false),
        Edit::Remove { path } => take(document, &at(path)).map(drop),
        Edit::Move { from, to } => {
            let value = take(document, &at(from))?;
            put(document, &at(to), value, false)
        }
        Edit::MoveEntries { from, keys, to } => {
            let (mut from, to) = (at(from), at(to));
            for key in keys {
                let [old, new] = [&from, &to].map(|map| below(map, key));
                let value = take(document, &old)?;
                put(document, &new, value, false)?;
            }
            while matches!(value_at(document, &from), Some(Value::Object(fields)) if fields.is_empty())
                && take(document, &from).is_ok()
            {
                from.pop();
            }
            Ok(())
        }
        Edit::RenameKey { path, to } => {
            let mut path = at(path);
            let value = take(document, &path)?;
            path.pop();
            path.push(Segment::Field(to.clone().into()));
            put(document, &path, value, false)
        }
        Edit::Quote { path } => {
            let path = at(path);
            let source = Source::new(text, tree);
            let written = source.slice(source.span(source.value_at(&path)?.node));
            put(document, &path, Value::String(written.to_owned()), true)
        }
        Edit::Reorder { path, order } => {
            let Some(Value::Array(items)) = value_at(document, &at(path)) else {
                return Err(Refused::Missing);
            };
            let all = std::mem::take(items);
            *items = order.iter().filter_map(|index| all.get(*index).cloned()).collect();
            Ok(())
        }
        Edit::Transfer { list, indices, to, with } => {
            let Some(Value::Array(items)) = value_at(document, &at(list)) else {
                return Err(Refused::Missing);
            };
            let (mut elements, mut left) =
                (Vec::with_capacity(indices.len()), Vec::with_capacity(items.len()));
            for (index, mut element) in std::mem::take(items).into_iter().enumerate() {
                if indices.binary_search(&index).is_err() {
                    left.push(element);
                    continue;
                }
                let Value::Object(fields) = &mut element else { return Err(Refused::Layout) };
                fields.extend(with.iter().cloned());
                elements.push(element);
            }
            *items = left;
            if elements.len() != indices.len() {
                return Err(Refused::Missing);
            }
            match at(to).iter().try_fold(document, open).ok_or(Refused::Missing)? {
                Value::Array(items) => items.extend(elements),
                here if here.is_null() => *here = Value::Array(elements),
                _ => return Err(Refused::Layout),
            }
            Ok(())
        }
        Edit::Text(_) => Err(Refused::Layout),
    }
}

fn step<'v>(value: &'v mut Value, segment: &Segment) -> Option<&'v mut Value> {
    match (value, segment) {
        (Value::Object(fields), Segment::Field(key) | Segment::Key(key)) => fields.get_mut(key.as_ref()),
        (Value::Object(fields), Segment::Index(index)) => fields.get_mut(&index.to_string()),
        (Value::Array(items), Segment::Index(index)) => items.get_mut(*index),
        _ => None,
    }
}

fn value_at<'v>(value: &'v mut Value, path: &[Segment]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, step)
}

/// One step down, to a field that is made where it is not there.
fn open<'v>(value: &'v mut Value, segment: &Segment) -> Option<&'v mut Value> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => Some(fields.entry(name(segment)).or_insert(Value::Null)),
        other => step(other, segment),
    }
}

fn name(segment: &Segment) -> String {
    match segment {
        Segment::Field(key) | Segment::Key(key) => key.to_string(),
        Segment::Index(index) => index.to_string(),
    }
}

/// The path of the entry `key` of `map`.
pub(super) fn below(map: &[Segment], key: &str) -> Vec<Segment> {
    map.iter().cloned().chain([Segment::Key(key.to_owned().into())]).collect()
}

/// Takes away the entry at `path`.
fn take(value: &mut Value, path: &[Segment]) -> Result<Value, Refused> {
    let (last, parents) = path.split_last().ok_or(Refused::Missing)?;
    let Some(Value::Object(fields)) = value_at(value, parents) else { return Err(Refused::Missing) };
    fields.remove(&name(last)).ok_or(Refused::Missing)
}

/// Puts `new` at `path`, with the objects that are missing on the way.
fn put(value: &mut Value, path: &[Segment], new: Value, replace: bool) -> Result<(), Refused> {
    let here = path.iter().try_fold(value, open).ok_or(Refused::Missing)?;
    if !replace && !here.is_null() {
        return Err(Refused::Exists);
    }
    *here = new;
    Ok(())
}
