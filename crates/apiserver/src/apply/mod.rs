//! What becomes of a stored object when a manifest is applied to it.
//!
//! `kubectl apply` compares three objects: what was applied the last time, what is stored, and the manifest. What the
//! manifest says is set; what it says no longer, though it was applied, is removed; everything else stays as it is
//! stored, set by others: the server's defaults, webhooks, controllers. Lists are merged by key where their type
//! says so ([`lists`]).
//!
//! The outcome is that of the strategic merge patch (`k8s.io/apimachinery/pkg/util/strategicpatch`), which kubectl
//! computes and the server applies, or of server-side apply, for an object that was applied in that way ([`owned`]).
//! Conflicts between field managers are not judged.

mod lists;
mod owned;
mod sequence;
mod way;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use self::lists::Elements;
use self::sequence::{Entry, sequence};
use super::Kind;
use super::schema::{Schema, Shape, TypeId};
use jobguard_manifest::{At, FieldPath, Segment};

pub(super) use owned::applied_by_server;
pub use way::Way;

/// The annotation in which `kubectl apply` keeps what it has applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What is known to have been applied of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// What is removed where it is written no longer, in JSON.
    pub written: Value,
    /// What stays of that because others have set it as well; for [`Way::ServerSide`].
    pub kept: Option<Value>,
}

impl From<Value> for Applied {
    fn from(written: Value) -> Self {
        Self { written, kept: None }
    }
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
pub(super) fn merge(
    schema: Schema,
    kind: Kind,
    way: Way,
    stored: Value,
    applied: Option<&Applied>,
    written: &Value,
) -> Merged {
    let mut merge = Merge { schema, way, places: Some(BTreeMap::new()) };
    let spot = Spot { shape: Schema::root_shape(kind), ty: "", field: "" };
    let before = Before {
        applied: applied.map(|applied| &applied.written),
        kept: applied.and_then(|applied| applied.kept.as_ref()),
    };
    let value = merge.value(spot, Some(stored), before, written, &At::root());
    Merged { value, places: MergedPlaces(merge.places.unwrap_or_default()) }
}

/// What was applied of a value, and what of it stays when it is removed.
#[derive(Debug, Clone, Copy, Default)]
struct Before<'a> {
    applied: Option<&'a Value>,
    kept: Option<&'a Value>,
}

impl<'a> Before<'a> {
    fn get(self, name: &str) -> Self {
        let below = |value: Option<&'a Value>| value.and_then(|value| value.get(name));
        Self { applied: below(self.applied), kept: below(self.kept) }
    }
}

/// What a value is: its shape, and the type and name of the field that it belongs to.
#[derive(Debug, Clone, Copy)]
struct Spot {
    shape: &'static Shape,
    ty: &'static str,
    field: &'static str,
}

/// The fields of an object, or the keys of a free map.
#[derive(Debug, Clone, Copy)]
enum Fields {
    Of(Schema, TypeId),
    Free(Spot),
}

impl Fields {
    fn get(self, name: &str) -> Option<Spot> {
        match self {
            Self::Of(schema, id) => schema.field(id, name).map(|field| Spot {
                shape: &field.shape,
                ty: schema.ty(id).name,
                field: field.name,
            }),
            Self::Free(element) => Some(element),
        }
    }

    fn at<'a>(self, at: &'a At<'a>, name: &'a str) -> At<'a> {
        match self {
            Self::Of(..) => at.field(name),
            Self::Free(_) => at.key(name),
        }
    }
}

struct Merge {
    schema: Schema,
    way: Way,
    /// Of the lists whose elements stand elsewhere in the manifest; none where that is of no interest.
    places: Option<BTreeMap<FieldPath, Vec<Option<usize>>>>,
}

impl Merge {
    /// The parts of an object or a free map that is merged part by part.
    fn fields_of(&self, spot: Spot) -> Option<Fields> {
        match spot.shape {
            Shape::Object(id) => {
                let ty = self.schema.ty(*id);
                (!lists::is_atomic_type(self.way, ty.name)).then_some(Fields::Of(self.schema, *id))
            }
            Shape::Map(element) => (!lists::is_atomic_map(self.way, spot.ty, spot.field))
                .then_some(Fields::Free(Spot { shape: element, ..spot })),
            _ => None,
        }
    }

    fn value(
        &mut self,
        spot: Spot,
        stored: Option<Value>,
        before: Before<'_>,
        written: &Value,
        at: &At<'_>,
    ) -> Value {
        match (stored, written) {
            (Some(Value::Object(stored)), Value::Object(written)) => match self.fields_of(spot) {
                Some(fields) => Value::Object(self.fields(fields, stored, before, written, at)),
                None => without_nulls(&Value::Object(written.clone())),
            },
            (Some(Value::Array(stored)), Value::Array(written)) => {
                self.list(spot, stored, before, written, at)
            }
            _ => without_nulls(written),
        }
    }

    fn fields(
        &mut self,
        fields: Fields,
        mut stored: Map<String, Value>,
        before: Before<'_>,
        written: &Map<String, Value>,
        at: &At<'_>,
    ) -> Map<String, Value> {
        for name in before.applied.and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            if written.contains_key(name) || fields.get(name).is_none() {
                continue;
            }
            match (before.get(name).kept, stored.get_mut(name)) {
                (Some(kept), Some(stored)) => stored.clone_from(kept),
                _ => {
                    stored.remove(name);
                }
            }
        }
        for (name, value) in written {
            let Some(spot) = fields.get(name) else { continue };
            let old = stored.remove(name);
            if !value.is_null() {
                let merged = self.value(spot, old, before.get(name), value, &fields.at(at, name));
                stored.insert(name.clone(), merged);
            }
        }
        stored
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

    /// The elements of a list by their keys, each the first of its key.
    fn by_key<'v>(&self, how: Elements, list: Option<&'v Value>) -> HashMap<String, &'v Value> {
        let mut elements = HashMap::new();
        for element in list.and_then(Value::as_array).into_iter().flatten() {
            if let Some(key) = self.key(how, element) {
                elements.entry(key).or_insert(element);
            }
        }
        elements
    }

    fn keys(&self, how: Elements, list: &[Value]) -> Option<Vec<String>> {
        list.iter().map(|element| self.key(how, element)).collect()
    }

    /// A list that is stored and written. Where an element lacks its key, kubectl and the server
    /// refuse to merge the list: then what is written stands, so that it is judged.
    fn list(
        &mut self,
        spot: Spot,
        stored: Vec<Value>,
        before: Before<'_>,
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
        let (applied, others) = (self.by_key(how, before.applied), self.by_key(how, before.kept));
        let kept: HashSet<&str> = new.iter().map(String::as_str).collect();
        let mut stored: Vec<Option<Value>> = stored.into_iter().map(Some).collect();
        for (key, element) in old.iter().zip(&mut stored) {
            // Applied, and written no longer.
            if !kept.contains(key.as_str()) && applied.contains_key(key) {
                *element = others.get(key).map(|element| (*element).clone());
            }
        }
        let is_same = |old: usize, new: usize| {
            let scratch = &mut Self { schema: self.schema, way: self.way, places: None };
            stored[old].as_ref().is_none_or(|element| {
                let merged =
                    scratch.value(spot, Some(element.clone()), Before::default(), &written[new], &At::root());
                merged == *element
            })
        };
        let is_there = |old: usize| stored[old].is_some();
        let vacant = match (self.way, how) {
            (Way::Strategic, Elements::Keyed { .. }) => {
                stored.iter().filter(|element| element.is_none()).count()
            }
            _ => 0,
        };
        let entries = sequence(&old, &new, is_there, vacant, is_same);
        let is_moved = entries.len() != written.len()
            || entries.iter().enumerate().any(|(position, entry)| entry.written.first() != Some(&position));
        if let Some(places) = self.places.as_mut().filter(|_| is_moved) {
            places.insert(at.to_path(), entries.iter().map(|entry| entry.written.first().copied()).collect());
        }
        let mut merged = Vec::with_capacity(entries.len());
        for (position, Entry { stored: from, written: over }) in entries.into_iter().enumerate() {
            let mut element = from.and_then(|from| stored[from].take());
            for index in over {
                let before = Before {
                    applied: applied.get(&new[index]).copied(),
                    kept: others.get(&new[index]).copied(),
                };
                if let Elements::Keyed { retain_keys: true, .. } = how {
                    retain_written(element.as_mut(), &written[index]);
                }
                let written = &written[index];
                element = Some(match element {
                    Some(element) => self.value(spot, Some(element), before, written, &at.index(position)),
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
