//! What was applied by the server, as the managed fields of an object have it.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::lists::{self, Elements};
use super::{Fields, Kind, Merge, Spot, Way};
use crate::batch::schema::{Schema, Shape};

/// The part of a stored object that server-side apply has set and nobody else: what is removed from it once it is applied
/// no longer. None where nothing was applied in that way, or the managed fields are not shown.
///
/// Of several who apply it is kubectl's, else the latest.
pub fn applied_by_server(kind: Kind, stored: &Value) -> Option<Value> {
    let entries = stored.get("metadata")?.get("managedFields")?.as_array()?;
    let text =
        |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_applied =
        |entry: &&Value| text(entry, "operation") == "Apply" && text(entry, "subresource").is_empty();
    let rank = |entry: &&Value| (text(entry, "manager") == "kubectl", text(entry, "time"));
    let mine = entries.iter().filter(is_applied).max_by(|a, b| {
        let by_rank = rank(a).cmp(&rank(b));
        if by_rank == Ordering::Equal { Ordering::Less } else { by_rank }
    })?;
    let others: Vec<&Value> = entries
        .iter()
        .filter(|entry| !std::ptr::eq(*entry, mine))
        .filter_map(|entry| entry.get("fieldsV1"))
        .collect();
    let schema = Schema::get();
    let merge = Merge { schema, way: Way::ServerSide, places: None };
    let root = Shape::Object(schema.root(kind));
    let spot = Spot { shape: &root, ty: "", field: "" };
    let own = Projection { merge: &merge }.value(spot, stored, mine.get("fieldsV1")?, &others);
    Some(own.unwrap_or_else(|| Value::Object(Map::new())))
}

/// The part of a value that is one manager's own.
struct Projection<'m> {
    merge: &'m Merge,
}

impl Projection<'_> {
    /// `mine` and `others` are the nodes of the field sets (`fieldsV1`) for this value.
    fn value(&self, spot: Spot<'_>, value: &Value, mine: &Value, others: &[&Value]) -> Option<Value> {
        let is_leaf = mine.as_object().is_none_or(|below| below.keys().all(|key| key == "."));
        match value {
            Value::Object(fields) if !is_leaf => {
                self.fields(self.merge.fields_of(spot)?, fields, mine, others).map(Value::Object)
            }
            Value::Array(elements) if !is_leaf => self.list(spot, elements, mine, others).map(Value::Array),
            _ => others.is_empty().then(|| value.clone()),
        }
    }

    fn fields(
        &self,
        fields: Fields<'_>,
        values: &Map<String, Value>,
        mine: &Value,
        others: &[&Value],
    ) -> Option<Map<String, Value>> {
        let mut own = Map::new();
        for (node, below) in mine.as_object()? {
            let Some(name) = node.strip_prefix("f:") else { continue };
            let (Some(value), Some(spot)) = (values.get(name), fields.get(name)) else { continue };
            let theirs: Vec<&Value> = others.iter().filter_map(|other| other.get(node)).collect();
            if let Some(value) = self.value(spot, value, below, &theirs) {
                own.insert(name.to_owned(), value);
            }
        }
        (!own.is_empty()).then_some(own)
    }

    fn list(
        &self,
        spot: Spot<'_>,
        elements: &[Value],
        mine: &Value,
        others: &[&Value],
    ) -> Option<Vec<Value>> {
        let Shape::List(element) = spot.shape else { return None };
        let how = lists::elements(self.merge.way, spot.ty, spot.field);
        let spot = Spot { shape: element, ..spot };
        let mut places = std::collections::HashMap::with_capacity(elements.len());
        for element in elements {
            places.insert(self.merge.key(how, element)?, element);
        }
        let mut own = Vec::new();
        for (node, below) in mine.as_object()? {
            let theirs: Vec<&Value> = others.iter().filter_map(|other| other.get(node)).collect();
            let key = match (how, node.split_once(':')) {
                (Elements::Keyed { .. }, Some(("k", key))) => {
                    serde_json::from_str::<Value>(key).ok().and_then(|key| self.merge.key(how, &key))
                }
                (Elements::Set, Some(("v", value))) => {
                    serde_json::from_str::<Value>(value).ok().map(|value| value.to_string())
                }
                _ => None,
            };
            let Some(element) = key.and_then(|key| places.get(&key)) else { continue };
            own.extend(self.element(spot, how, element, below, &theirs));
        }
        (!own.is_empty()).then_some(own)
    }

    /// An element's own part has its key too, by which it is found.
    fn element(
        &self,
        spot: Spot<'_>,
        how: Elements,
        element: &Value,
        mine: &Value,
        others: &[&Value],
    ) -> Option<Value> {
        let Elements::Keyed { keys, .. } = how else { return self.value(spot, element, mine, others) };
        let own = self.value(spot, element, mine, others);
        let mut own = match own {
            Some(Value::Object(own)) => own,
            _ if others.is_empty() => Map::new(),
            _ => return None,
        };
        for name in keys {
            if let Some(value) = element.get(*name) {
                own.insert((*name).to_owned(), value.clone());
            }
        }
        Some(Value::Object(own))
    }
}
