//! What may stand in a policy file, by its JSON Schema: the one that editors can be given, too.

use std::sync::LazyLock;

use serde_json::Value;

use crate::policy::schema;
use crate::rules::registry;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| schema::generate(registry().catalog()));

/// How deep one part of the schema stands for another.
const MAX_DEPTH: usize = 6;

/// A key that may stand at a place.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) description: Option<&'static str>,
    /// Whether its value is an object, or a list.
    pub(super) is_object: bool,
    pub(super) is_list: bool,
}

/// What there is to know of a key.
pub(super) fn describe(steps: &[&str]) -> Option<String> {
    let last = steps.last()?;
    let parts = parts_at(steps);
    let description = parts.iter().find_map(|part| part.get("description")?.as_str())?;
    let default = parts.iter().find_map(|part| part.get("default"));
    let default = default.map(|default| format!("\n\nBy default `{default}`.")).unwrap_or_default();
    Some(format!("**{last}**: {description}{default}"))
}

/// The keys of the object at a place.
pub(super) fn keys(steps: &[&str]) -> Vec<Key> {
    let mut keys = Vec::new();
    for part in parts_at(steps) {
        let Some(properties) = part.get("properties").and_then(Value::as_object) else { continue };
        for (name, schema) in properties {
            let parts = unfolded(schema);
            let has = |word: &str| parts.iter().any(|part| is_of_type(part, word));
            keys.push(Key {
                name,
                description: parts.iter().find_map(|part| part.get("description")?.as_str()),
                is_object: has("object"),
                is_list: has("array"),
            });
        }
    }
    keys
}

/// The words that may stand at a place.
pub(super) fn values(steps: &[&str]) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for part in parts_at(steps) {
        let lists = ["enum", "examples"].map(|key| part.get(key).and_then(Value::as_array));
        let single = part.get("const").into_iter();
        for value in lists.into_iter().flatten().flatten().chain(single) {
            let word = match value {
                Value::String(word) => word.clone(),
                Value::Bool(word) => word.to_string(),
                _ => continue,
            };
            if !values.contains(&word) {
                values.push(word);
            }
        }
        if is_of_type(part, "boolean") {
            values.extend(["true", "false"].map(str::to_owned));
        }
    }
    values
}

fn is_of_type(part: &Value, word: &str) -> bool {
    match part.get("type") {
        Some(Value::String(only)) => only == word,
        Some(Value::Array(several)) => several.iter().any(|one| one == word),
        _ => word == "object" && part.get("properties").is_some(),
    }
}

fn parts_at(steps: &[&str]) -> Vec<&'static Value> {
    let mut parts = unfolded(&SCHEMA);
    for step in steps {
        let next = parts.iter().filter_map(|part| {
            let property = part.get("properties").and_then(|properties| properties.get(step));
            let free = || part.get("additionalProperties").filter(|free| free.is_object());
            let item =
                || part.get("items").filter(|items| items.is_object() && step.parse::<usize>().is_ok());
            property.or_else(item).or_else(free)
        });
        parts = next.flat_map(unfolded).collect();
    }
    parts
}

/// A part of the schema, and all that it stands for.
fn unfolded(part: &'static Value) -> Vec<&'static Value> {
    let mut all = Vec::new();
    unfold(part, MAX_DEPTH, &mut all);
    all
}

fn unfold(part: &'static Value, depth: usize, all: &mut Vec<&'static Value>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    all.push(part);
    if let Some(name) = part.get("$ref").and_then(Value::as_str)
        && let Some(definition) = name.strip_prefix('#').and_then(|pointer| SCHEMA.pointer(pointer))
    {
        unfold(definition, depth, all);
    }
    for key in ["then", "else"] {
        if let Some(part) = part.get(key) {
            unfold(part, depth, all);
        }
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        for part in part.get(key).and_then(Value::as_array).into_iter().flatten() {
            unfold(part, depth, all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(steps: &[&str]) -> Vec<&'static str> {
        keys(steps).into_iter().map(|key| key.name).collect()
    }

    #[test]
    fn keys_and_words() {
        assert!(names(&[]).contains(&"spec"));
        assert!(names(&["spec"]).contains(&"suppressions"));
        assert!(names(&["spec", "rules"]).contains(&"job/no-deadline"));
        assert!(names(&["spec", "overrides", "0", "rules"]).contains(&"job/no-deadline"));
        assert!(names(&["spec", "exceptions", "0"]).contains(&"reason"));
        assert!(names(&["spec", "nothing"]).is_empty());
        assert!(values(&["spec", "rules", "job/no-deadline"]).contains(&"warn".to_owned()));
        assert!(values(&["spec", "mode"]).contains(&"enforce".to_owned()));
        assert_eq!(values(&["kind"]), ["JobPolicy"]);
        assert!(values(&["spec", "suppressions", "allow"]).contains(&"true".to_owned()));
        assert!(describe(&["spec", "mode"]).unwrap().contains("By default `\"enforce\"`"));
    }
}
