//! What was applied by the server, as the managed fields of an object have it.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::lists::{self, Elements};
use super::{Applied, Fields, Kind, Merge, Spot, Way};
use crate::schema::{Schema, Shape};

/// What server-side apply has set of a stored object, and what other managers have. None where nothing was applied in
/// that way, or the managed fields are not shown.
///
/// Of several who apply it is kubectl's, else the latest.
pub(crate) fn applied_by_server(schema: Schema, kind: Kind, stored: &Value) -> Option<Applied> {
    let entries = stored.get("metadata")?.get("managedFields")?.as_array()?;
    let text =
        |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_applied =
        |entry: &&Value| text(entry, "operation") == "Apply" && text(entry, "subresource").is_empty();
    let rank = |entry: &&Value| (text(entry, "manager") == "kubectl", text(entry, "time"));
    let mine = entries.iter().filter(is_applied).max_by(|a, b| match rank(a).cmp(&rank(b)) {
        Ordering::Equal => Ordering::Less,
        other => other,
    })?;
    let fields = |entry: &&Value| std::ptr::eq(*entry, mine);
    let (own, others): (Vec<&Value>, Vec<&Value>) = entries.iter().partition(fields);
    let sets = |entries: Vec<&'_ Value>| -> Vec<Value> {
        entries.into_iter().filter_map(|entry| entry.get("fieldsV1").cloned()).collect()
    };
    let part = |sets: Vec<Value>| {
        let merge = Merge { schema, way: Way::ServerSide, places: None };
        let spot = Spot { shape: Schema::root_shape(kind), ty: "", field: "" };
        let part = Part { merge: &merge }.value(spot, stored, &sets.iter().collect::<Vec<_>>());
        part.unwrap_or_else(|| Value::Object(Map::new()))
    };
    Some(Applied { written: part(sets(own)), kept: Some(part(sets(others))) })
}

/// The part of a value that field sets (`fieldsV1`) speak of. Who owns an object or a list without any of its parts owns it
/// as an empty one.
struct Part<'m> {
    merge: &'m Merge,
}

impl Part<'_> {
    /// `sets` are the nodes for this value.
    fn value(&self, spot: Spot, value: &Value, sets: &[&Value]) -> Option<Value> {
        if sets.is_empty() {
            return None;
        }
        let is_leaf = |set: &&Value| set.as_object().is_none_or(|below| below.keys().all(|key| key == "."));
        let is_owned = sets.iter().any(is_leaf);
        let parts = match value {
            Value::Object(fields) => {
                self.merge.fields_of(spot).map(|parts| Value::Object(self.fields(parts, fields, sets)))
            }
            Value::Array(elements) => self.list(spot, elements, sets).map(Value::Array),
            _ => None,
        };
        parts.or_else(|| is_owned.then(|| value.clone()))
    }

    fn fields(&self, fields: Fields, values: &Map<String, Value>, sets: &[&Value]) -> Map<String, Value> {
        let mut part = Map::new();
        for (name, value) in values {
            let below = below(sets, &format!("f:{name}"));
            if let Some(value) = fields.get(name).and_then(|spot| self.value(spot, value, &below)) {
                part.insert(name.clone(), value);
            }
        }
        part
    }

    /// None for a list that is not merged.
    fn list(&self, spot: Spot, elements: &[Value], sets: &[&Value]) -> Option<Vec<Value>> {
        let Shape::List(element) = spot.shape else { return None };
        let how = lists::elements(self.merge.way, spot.ty, spot.field);
        if how == Elements::Atomic {
            return None;
        }
        let spot = Spot { shape: element, ..spot };
        // The nodes by the keys of the elements that they are for.
        let mut nodes: HashMap<String, HashSet<&str>> = HashMap::new();
        for node in sets.iter().filter_map(|set| set.as_object()).flat_map(Map::keys) {
            let key = match (how, node.split_once(':')) {
                (Elements::Keyed { .. }, Some(("k", key))) => {
                    serde_json::from_str::<Value>(key).ok().and_then(|key| self.merge.key(how, &key))
                }
                (Elements::Set, Some(("v", value))) => {
                    serde_json::from_str::<Value>(value).ok().map(|value| value.to_string())
                }
                _ => None,
            };
            if let Some(key) = key {
                nodes.entry(key).or_default().insert(node);
            }
        }
        let part = elements.iter().filter_map(|element| {
            let nodes = nodes.get(&self.merge.key(how, element)?)?;
            let below: Vec<&Value> = nodes.iter().flat_map(|node| below(sets, node)).collect();
            let part = self.value(spot, element, &below)?;
            Some(with_key(how, part, element))
        });
        Some(part.collect())
    }
}

/// A part of an element, with the key by which it is found.
fn with_key(how: Elements, mut part: Value, element: &Value) -> Value {
    if let (Elements::Keyed { keys, .. }, Some(fields)) = (how, part.as_object_mut()) {
        for key in keys {
            if let Some(value) = element.get(*key) {
                fields.insert((*key).to_owned(), value.clone());
            }
        }
    }
    part
}

/// The nodes of this name below others.
fn below<'v>(sets: &[&'v Value], node: &str) -> Vec<&'v Value> {
    sets.iter().filter_map(|set| set.get(node)).collect()
}
