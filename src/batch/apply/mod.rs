//! What becomes of a stored object when a manifest is applied to it.
//!
//! `kubectl apply` compares three objects: what was applied the last time, what is stored, and the manifest. What the
//! manifest says is set; what it says no longer, though it was applied, is removed; everything else stays as it is
//! stored, whoever has set it: the server's defaults, webhooks, controllers. Lists are merged by key where their type
//! says so ([`lists`]).
//!
//! The outcome is that of the strategic merge patch (`k8s.io/apimachinery/pkg/util/strategicpatch`), which kubectl
//! computes and the server applies, or of server-side apply, for an object that was applied in that way ([`owned`]).
//! Conflicts between field managers are not judged.

mod lists;
mod owned;
mod sequence;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use self::lists::Elements;
use self::sequence::{Entry, sequence};
use super::Kind;
use super::schema::{Schema, Shape, Type};
use crate::path::{At, FieldPath, Segment};

pub use owned::applied_by_server;

/// The annotation in which `kubectl apply` keeps what it has applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A way to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a strategic merge patch, as `kubectl apply` does.
    Strategic,
    /// By the server, as `kubectl apply --server-side` asks it to.
    ServerSide,
}

/// What a stored object and a manifest are merged to.
#[derive(Debug)]
pub struct Merged {
    /// The object, in JSON.
    pub value: Value,
    /// Where its list elements stand in the manifest.
    pub places: MergedPlaces,
}

/// Where the list elements of a merged object stand in the manifest that was merged into it.
#[derive(Debug, Default)]
pub struct MergedPlaces(BTreeMap<FieldPath, Vec<Option<usize>>>);

impl MergedPlaces {
    /// The place in the manifest of a field of the merged object; for what is below an element that the manifest does
    /// not have, that of the list.
    pub fn in_manifest(&self, path: &FieldPath) -> FieldPath {
        if self.0.is_empty() {
            return path.clone();
        }
        let (mut merged, mut written) = (FieldPath::root(), FieldPath::root());
        for segment in path.segments() {
            let mut there = segment.clone();
            if let Segment::Index(index) = segment
                && let Some(elements) = self.0.get(&merged)
            {
                match elements.get(*index).copied().flatten() {
                    Some(index) => there = Segment::Index(index),
                    None => return written,
                }
            }
            merged.push(segment.clone());
            written.push(there);
        }
        written
    }
}

/// Applies `written` to the object `stored`, of which `applied` was applied before. All three are JSON objects of `kind`;
/// whatever else they are is the outcome of [`Value::Null`]. Fields that the API does not have are left out of it.
///
/// Its cost grows with the size of the three, and no faster.
pub fn merge(kind: Kind, way: Way, stored: Value, applied: Option<&Value>, written: &Value) -> Merged {
    let schema = Schema::get();
    let root = Shape::Object(schema.root(kind));
    let mut merge = Merge { schema, way, places: Some(BTreeMap::new()) };
    let spot = Spot { shape: &root, ty: "", field: "" };
    let value = merge.value(spot, Some(stored), applied, written, &At::root());
    Merged { value, places: MergedPlaces(merge.places.unwrap_or_default()) }
}

/// What a value is: its shape, and the type and name of the field that it belongs to.
#[derive(Debug, Clone, Copy)]
struct Spot<'s> {
    shape: &'s Shape,
    ty: &'s str,
    field: &'s str,
}

/// The fields of an object, or the keys of a free map.
#[derive(Debug, Clone, Copy)]
enum Fields<'s> {
    Of(&'s Type),
    Free(Spot<'s>),
}

impl<'s> Fields<'s> {
    fn get(self, name: &str) -> Option<Spot<'s>> {
        match self {
            Self::Of(ty) => {
                ty.field(name).map(|field| Spot { shape: &field.shape, ty: &ty.name, field: &field.name })
            }
            Self::Free(element) => Some(element),
        }
    }

    fn at<'a>(self, at: &'a At<'a>, name: &'a str) -> At<'a> {
        match self {
            Self::Of(_) => at.field(name),
            Self::Free(_) => at.key(name),
        }
    }
}

struct Merge {
    schema: &'static Schema,
    way: Way,
    /// Of the lists whose elements stand elsewhere in the manifest; none where that is of no interest.
    places: Option<BTreeMap<FieldPath, Vec<Option<usize>>>>,
}

impl Merge {
    /// The parts of an object or a free map that is merged part by part.
    fn fields_of<'s>(&self, spot: Spot<'s>) -> Option<Fields<'s>> {
        match spot.shape {
            Shape::Object(id) => {
                let ty = self.schema.ty(*id);
                (!lists::is_atomic_type(self.way, &ty.name)).then_some(Fields::Of(ty))
            }
            Shape::Map(element) => (!lists::is_atomic_map(self.way, spot.ty, spot.field))
                .then_some(Fields::Free(Spot { shape: element, ..spot })),
            _ => None,
        }
    }

    fn value(
        &mut self,
        spot: Spot<'_>,
        stored: Option<Value>,
        applied: Option<&Value>,
        written: &Value,
        at: &At<'_>,
    ) -> Value {
        match (stored, written) {
            (Some(Value::Object(stored)), Value::Object(written)) => match self.fields_of(spot) {
                Some(fields) => {
                    let applied = applied.and_then(Value::as_object);
                    Value::Object(self.fields(fields, stored, applied, written, at))
                }
                None => without_nulls(&Value::Object(written.clone())),
            },
            (Some(Value::Array(stored)), Value::Array(written)) => {
                let applied = applied.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                self.list(spot, stored, applied, written, at)
            }
            _ => without_nulls(written),
        }
    }

    fn fields(
        &mut self,
        fields: Fields<'_>,
        mut stored: Map<String, Value>,
        applied: Option<&Map<String, Value>>,
        written: &Map<String, Value>,
        at: &At<'_>,
    ) -> Map<String, Value> {
        for (name, applied) in applied.into_iter().flatten() {
            if !written.contains_key(name) && fields.get(name).is_some() {
                self.remove(fields, &mut stored, name, applied);
            }
        }
        for (name, value) in written {
            let Some(spot) = fields.get(name) else { continue };
            let old = stored.remove(name);
            if !value.is_null() {
                let applied = applied.and_then(|applied| applied.get(name));
                let merged = self.value(spot, old, applied, value, &fields.at(at, name));
                stored.insert(name.clone(), merged);
            }
        }
        stored
    }

    /// Removes a field that was applied and is so no longer: by a patch as a whole, by the server as far as nothing but
    /// what was applied is in it.
    fn remove(&self, fields: Fields<'_>, stored: &mut Map<String, Value>, name: &str, applied: &Value) {
        let Some(old) = stored.remove(name) else { return };
        if let (Way::ServerSide, Some(spot)) = (self.way, fields.get(name))
            && let Some(rest) = self.without(spot, old, applied)
        {
            stored.insert(name.to_owned(), rest);
        }
    }

    /// What is left of a value without what was applied of it.
    fn without(&self, spot: Spot<'_>, value: Value, applied: &Value) -> Option<Value> {
        match (value, applied) {
            (Value::Object(mut value), Value::Object(applied)) => {
                let fields = self.fields_of(spot)?;
                for (name, applied) in applied {
                    self.remove(fields, &mut value, name, applied);
                }
                (!value.is_empty()).then_some(Value::Object(value))
            }
            (Value::Array(value), Value::Array(applied)) => {
                let Shape::List(element) = spot.shape else { return None };
                let spot = Spot { shape: element, ..spot };
                let how = lists::elements(self.way, spot.ty, spot.field);
                let mut keys = HashMap::new();
                for element in applied {
                    keys.insert(self.key(how, element)?, element);
                }
                let left = |element: Value| match self.key(how, &element).and_then(|key| keys.get(&key)) {
                    Some(applied) => self.without_element(spot, how, element, applied),
                    None => Some(element),
                };
                let rest: Vec<Value> = value.into_iter().filter_map(left).collect();
                (!rest.is_empty()).then_some(Value::Array(rest))
            }
            _ => None,
        }
    }

    /// What is left of a list's element: its key stays as long as anything else does.
    fn without_element(
        &self,
        spot: Spot<'_>,
        how: Elements,
        element: Value,
        applied: &Value,
    ) -> Option<Value> {
        let Elements::Keyed { keys, .. } = how else { return None };
        let Value::Object(element) = element else { return None };
        let (key, rest): (Map<_, _>, Map<_, _>) =
            element.into_iter().partition(|(name, _)| keys.contains(&name.as_str()));
        let Some(Value::Object(mut rest)) = self.without(spot, Value::Object(rest), applied) else {
            return None;
        };
        rest.extend(key);
        Some(Value::Object(rest))
    }

    /// What tells an element of a list from the others; none for one that lacks its key.
    fn key(&self, how: Elements, element: &Value) -> Option<String> {
        match how {
            Elements::Keyed { keys, .. } => {
                let part = |name: &&str| match element.get(*name) {
                    Some(value) if !value.is_null() => Some(value.to_string()),
                    _ => lists::default_of_key(self.way, name).map(|value| Value::from(value).to_string()),
                };
                let parts: Option<Vec<String>> = keys.iter().map(part).collect();
                parts.map(|parts| parts.join(","))
            }
            Elements::Set | Elements::Atomic => Some(element.to_string()),
        }
    }

    fn keys(&self, how: Elements, list: &[Value]) -> Option<Vec<String>> {
        list.iter().map(|element| self.key(how, element)).collect()
    }

    /// A list that is stored and written. Where an element lacks its key, kubectl and the server
    /// refuse to merge the list: then what is written stands, so that it is judged.
    fn list(
        &mut self,
        spot: Spot<'_>,
        stored: Vec<Value>,
        applied: &[Value],
        written: &[Value],
        at: &At<'_>,
    ) -> Value {
        let plain = || Value::Array(written.to_vec());
        let how = lists::elements(self.way, spot.ty, spot.field);
        let (Shape::List(element), true) = (spot.shape, how != Elements::Atomic) else { return plain() };
        let spot = Spot { shape: element, ..spot };
        let (Some(old), Some(new)) = (self.keys(how, &stored), self.keys(how, written)) else {
            return plain();
        };
        let mut before: HashMap<String, &Value> = HashMap::with_capacity(applied.len());
        for element in applied {
            if let Some(key) = self.key(how, element) {
                before.entry(key).or_insert(element);
            }
        }
        let kept: HashSet<&str> = new.iter().map(String::as_str).collect();
        let mut stored: Vec<Option<Value>> = stored.into_iter().map(Some).collect();
        for (key, element) in old.iter().zip(&mut stored) {
            // Applied, and written no longer.
            if let (false, Some(applied)) = (kept.contains(key.as_str()), before.get(key)) {
                *element = match self.way {
                    Way::Strategic => None,
                    Way::ServerSide => {
                        element.take().and_then(|element| self.without_element(spot, how, element, applied))
                    }
                };
            }
        }
        let is_same = |old: usize, new: usize| {
            let scratch = &mut Self { schema: self.schema, way: self.way, places: None };
            stored[old].as_ref().is_none_or(|element| {
                let merged = scratch.value(spot, Some(element.clone()), None, &written[new], &At::root());
                merged == *element
            })
        };
        let entries = sequence(&old, &new, |old| stored[old].is_some(), is_same);
        let is_moved = entries.len() != written.len()
            || entries.iter().enumerate().any(|(position, entry)| entry.written.first() != Some(&position));
        if let Some(places) = self.places.as_mut().filter(|_| is_moved) {
            places.insert(at.to_path(), entries.iter().map(|entry| entry.written.first().copied()).collect());
        }
        let mut merged = Vec::with_capacity(entries.len());
        for (position, Entry { stored: from, written: over }) in entries.into_iter().enumerate() {
            let mut element = from.and_then(|from| stored[from].take());
            for index in over {
                let applied = before.get(&new[index]).copied();
                if let Elements::Keyed { retain_keys: true, .. } = how {
                    retain_written(element.as_mut(), &written[index]);
                }
                let written = &written[index];
                element = Some(match element {
                    Some(element) => self.value(spot, Some(element), applied, written, &at.index(position)),
                    // What is added to a list keeps its nulls.
                    None => written.clone(),
                });
            }
            merged.extend(element);
        }
        Value::Array(merged)
    }
}

/// Takes out of an element what the manifest does not write of it.
fn retain_written(element: Option<&mut Value>, written: &Value) {
    if let (Some(Value::Object(element)), Some(written)) = (element, written.as_object()) {
        element.retain(|name, _| written.get(name).is_some_and(|value| !value.is_null()));
    }
}

/// A value as it is written where nothing is stored: `null` is nothing.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
