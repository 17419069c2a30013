//! Values: making them, naming their types, and what it costs to look at one.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, TimeDelta};
use kube_cel::cel::objects::{Key, KeyRef, Map, Opaque, OptionalValue};

use crate::{Budget, EvalError, Value};

/// A string.
pub fn string(text: impl Into<String>) -> Value {
    Value::String(Arc::new(text.into()))
}

/// A map with text for keys.
pub fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Value)>) -> Value {
    let map: HashMap<Key, Value> =
        entries.into_iter().map(|(key, value)| (Key::String(Arc::new(key.to_owned())), value)).collect();
    Value::Map(Map { map: Arc::new(map) })
}

/// A JSON value, in which whole numbers are of type int.
pub fn from_json(value: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Int(number),
            (None, number) => Value::Float(number.unwrap_or(f64::NAN)),
        },
        Json::String(text) => string(text),
        Json::Array(items) => Value::List(Arc::new(items.into_iter().map(from_json).collect())),
        Json::Object(fields) => {
            let entries =
                fields.into_iter().map(|(key, value)| (Key::String(Arc::new(key)), from_json(value)));
            Value::Map(Map { map: Arc::new(entries.collect()) })
        }
    }
}

/// A field of a map with text for keys; none of another value.
pub fn field<'v>(of: &'v Value, name: &str) -> Option<&'v Value> {
    match of {
        Value::Map(map) => get(map, name),
        _ => None,
    }
}

/// A duration of so many seconds; null where that is longer than a duration can be.
pub fn duration(seconds: i64) -> Value {
    TimeDelta::try_seconds(seconds).map_or(Value::Null, Value::Duration)
}

/// The seconds since 1970 of a timestamp, with its part of a second in nanoseconds; none of another value.
pub fn timestamp(value: &Value) -> Option<(i64, u32)> {
    match value {
        Value::Timestamp(time) => Some((time.timestamp(), time.timestamp_subsec_nanos())),
        _ => None,
    }
}

/// A moment, in UTC.
pub(crate) fn moment(seconds: i64, nanoseconds: u32) -> Option<DateTime<FixedOffset>> {
    Some(DateTime::from_timestamp(seconds, nanoseconds)?.fixed_offset())
}

/// The name of a value's type, as `cel-go` calls it.
pub(crate) fn type_name(value: &Value) -> &str {
    match value {
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Function(..) => "function",
        Value::Int(_) => "int",
        Value::UInt(_) => "uint",
        Value::Float(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::Bool(_) => "bool",
        Value::Duration(_) => "google.protobuf.Duration",
        Value::Timestamp(_) => "google.protobuf.Timestamp",
        Value::Opaque(opaque) => opaque.runtime_type_name(),
        Value::Null => "null_type",
    }
}

/// A type as a value: what `type(x)` is, and the name `int`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TypeValue(pub(crate) String);

impl Opaque for TypeValue {
    fn runtime_type_name(&self) -> &str {
        "type"
    }
}

pub(crate) fn type_value(name: &str) -> Value {
    Value::Opaque(Arc::new(TypeValue(name.to_owned())))
}

/// The names of types that can stand as values.
pub(crate) const TYPES: &[&str] =
    &["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// The optional that a value is, if it is one.
pub(crate) fn as_optional(value: &Value) -> Option<&OptionalValue> {
    match value {
        Value::Opaque(opaque) => opaque.downcast_ref::<OptionalValue>(),
        _ => None,
    }
}

pub(crate) fn some(value: Value) -> Value {
    Value::Opaque(Arc::new(OptionalValue::of(value)))
}

pub(crate) fn none() -> Value {
    Value::Opaque(Arc::new(OptionalValue::none()))
}

/// The value at a key that is a text.
pub(crate) fn get<'m>(map: &'m Map, key: &str) -> Option<&'m Value> {
    map.map.get(&KeyRef::String(key) as &dyn kube_cel::cel::objects::AsKeyRef)
}

/// The keys in their order: a hash map has none.
pub(crate) fn sorted_keys(map: &Map) -> Vec<&Key> {
    let mut keys: Vec<&Key> = map.map.keys().collect();
    keys.sort_unstable();
    keys
}

/// A map's key as a value.
pub(crate) fn key_value(key: &Key) -> Value {
    Value::from(key)
}

/// A value as a map's key; none of a type that cannot be one.
pub(crate) fn as_key(value: &Value) -> Option<Key> {
    match value {
        Value::Int(number) => Some(Key::Int(*number)),
        Value::UInt(number) => Some(Key::Uint(*number)),
        Value::Bool(value) => Some(Key::Bool(*value)),
        Value::String(text) => Some(Key::String(Arc::clone(text))),
        // Whole numbers are keys whatever their type.
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            #[allow(clippy::cast_possible_truncation)] // Checked: whole, and exact in 53 bits.
            Some(Key::Int(*number as i64))
        }
        _ => None,
    }
}

/// Takes what it costs to look at all of a value, and returns how many steps that was.
pub(crate) fn weigh(value: &Value, budget: &mut Budget<'_>) -> Result<u64, EvalError> {
    let before = budget.left();
    weigh_below(value, budget)?;
    Ok(before - budget.left())
}

// Values are as deep as the expression or the types of the API make them, which is bounded.
fn weigh_below(value: &Value, budget: &mut Budget<'_>) -> Result<(), EvalError> {
    match value {
        Value::List(items) => {
            budget.take_elements(items.len())?;
            items.iter().try_for_each(|item| weigh_below(item, budget))
        }
        Value::Map(map) => {
            budget.take_elements(map.map.len())?;
            map.map.iter().try_for_each(|(key, value)| {
                if let Key::String(key) = key {
                    budget.take_bytes(key.len())?;
                }
                weigh_below(value, budget)
            })
        }
        Value::String(text) => budget.take_bytes(text.len()),
        Value::Bytes(bytes) => budget.take_bytes(bytes.len()),
        Value::Opaque(_) => match as_optional(value).and_then(OptionalValue::value) {
            Some(value) => weigh_below(value, budget),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}
