//! Fields of objects as an API server, or `kubectl get -o yaml`, prints them. What is not there, or has another type than it
//! should, is none: a newer server may say more, and a bundle may have been edited.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// The value of a field, by the names on the way to it, with dots between them.
pub(super) fn get<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

/// A string that is not empty.
pub(super) fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    get(value, path)?.as_str().filter(|text| !text.is_empty())
}

/// A string, or nothing.
pub(super) fn string(value: &Value, path: &str) -> String {
    text(value, path).unwrap_or_default().to_owned()
}

/// A whole number.
pub(super) fn number(value: &Value, path: &str) -> Option<i64> {
    get(value, path)?.as_i64()
}

/// Whether a boolean is there, and true.
pub(super) fn is_true(value: &Value, path: &str) -> bool {
    get(value, path).and_then(Value::as_bool) == Some(true)
}

/// A time.
pub(super) fn time(value: &Value, path: &str) -> Option<Timestamp> {
    text(value, path)?.parse().ok()
}

/// The elements of a list; none where there is no list.
pub(super) fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    get(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The strings of a list.
pub(super) fn strings(value: &Value, path: &str) -> Vec<String> {
    list(value, path).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The strings of a map.
pub(super) fn map(value: &Value, path: &str) -> BTreeMap<String, String> {
    let entries = get(value, path).and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
