//! One default as an expression that API servers evaluate to a JSON Patch (RFC 6902).
//!
//! Each adds one field, label or annotation, and sees what those before it have added: the API server applies them one after
//! the other. A variable may be evaluated once for all of them, so that none depends on what they change.

use serde_json::Value;

use super::text::cel_string;
use crate::mutate::MAX_ANNOTATIONS;

/// Labels or annotations that an object has, or is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map<'a> {
    /// `metadata` as an expression, such as `object.metadata`.
    pub(super) metadata: &'a str,
    /// The same as a JSON Pointer.
    pub(super) pointer: &'a str,
    /// `labels` or `annotations`.
    pub(super) field: &'a str,
}

/// A list of operations where a condition holds, else none.
pub(super) fn unless_not(conditions: &[String], operations: &str) -> String {
    format!("{} ? {operations} : []", all(conditions))
}

/// All of the conditions.
pub(super) fn all(conditions: &[String]) -> String {
    if conditions.is_empty() {
        return "true".to_owned();
    }
    conditions.iter().map(|each| format!("({each})")).collect::<Vec<_>>().join(" && ")
}

/// The operation that sets a field, whether or not it is there, in a list.
pub(super) fn add(pointer: &str, value: &str) -> String {
    format!("[JSONPatch{{op: \"add\", path: {}, value: {value}}}]", cel_string(pointer))
}

impl Map<'_> {
    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> String {
        let map = self.expression();
        format!("has({}) && has({map}) && {} in {map}", self.metadata, cel_string(key))
    }

    /// Whether the key is there with this value.
    pub(super) fn has_value(&self, key: &str, value: &str) -> String {
        format!("{} && {}[{}] == {}", self.has(key), self.expression(), cel_string(key), cel_string(value))
    }

    fn expression(&self) -> String {
        format!("{}.{}", self.metadata, self.field)
    }

    /// The operation that sets the key to what an expression says, with the map and the metadata where they are missing.
    pub(super) fn put(&self, key: &str, value: &str) -> String {
        let Self { metadata, pointer, field } = self;
        let map = self.expression();
        let key = cel_string(key);
        let escaped = format!("{} + jsonpatch.escapeKey({key})", cel_string(&format!("{pointer}/{field}/")));
        format!(
            "(!has({metadata}) ? {} : !has({map}) ? {} : [JSONPatch{{op: \"add\", path: {escaped}, value: {value}}}])",
            add(pointer, &format!("{{{}: {{{key}: {value}}}}}", cel_string(field))),
            add(&format!("{pointer}/{field}"), &format!("{{{key}: {value}}}")),
        )
    }

    /// Whether annotations of so many bytes more would still fit, beside those that are there under other keys than `but`.
    pub(super) fn fits(&self, more: &str, but: Option<&str>) -> String {
        let map = self.expression();
        let others = but.map(|key| format!(".filter(key, key != {})", cel_string(key))).unwrap_or_default();
        format!(
            "(has({}) && has({map}) ? {map}.map(key, key){others}.map(key, size(bytes(key)) + \
             size(bytes({map}[key]))).sum() : 0) + {more} <= {MAX_ANNOTATIONS}",
            self.metadata
        )
    }
}

/// A JSON value in CEL. Values of several types in one list or map have no common type: they are wrapped in `dyn`.
pub(super) fn cel_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) => cel_string(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| format!("dyn({})", cel_value(item))).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| format!("{}: dyn({})", cel_string(name), cel_value(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}
