//! Values of a wrong type that say plainly what they mean: a duration where seconds are counted, an amount with a unit
//! that Kubernetes does not have, variables as a map.

use serde_json::{Value, json};

use crate::Suggestion;
use crate::pod::quantity::Quantity;
use crate::schema::{Schema, Shape};
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{Entry, FieldPath, NodeKind, Segment, Tree};
use jobguard_text::shortened;

/// Longer texts are no numbers with a unit.
const LONGEST: usize = 40;
/// How much of a key a message shows, in characters.
const MAX_KEY: usize = 40;
const SECONDS_OF_A_DAY: i64 = 86_400;

/// What to say about a value at `path`, and how to correct it; nothing where the value does not say what it means.
pub(super) fn meant(
    schema: Schema,
    tree: &Tree<'_>,
    kind: &NodeKind<'_>,
    shape: &Shape,
    path: &FieldPath,
) -> Option<(String, Option<Suggestion>)> {
    let set = |value: Value, certain| Suggestion { edit: Edit::Set { path: path.clone(), value }, certain };
    match (shape, kind) {
        (Shape::Int32 | Shape::Int64, NodeKind::Str(text)) => {
            name(path).filter(|name| name.contains("Seconds"))?;
            let seconds = seconds(text)?;
            if *shape == Shape::Int32 {
                i32::try_from(seconds).ok()?;
            }
            let help = format!("write {seconds}: the field counts seconds");
            Some((help, Some(set(seconds.into(), true))))
        }
        (Shape::Quantity, NodeKind::Str(text)) => {
            let (help, amount, certain) = amount(text, name(path) == Some("cpu"))?;
            Some((help, Some(set(amount.into(), certain))))
        }
        (Shape::List(element), NodeKind::Map(entries)) => {
            let Shape::Object(id) = **element else { return None };
            schema.field(id, "name").and_then(|_| schema.field(id, "value"))?;
            let first = entries.first().filter(|_| !entries.iter().any(|entry| is_of_element(entry)))?;
            // Values may be secret.
            let key = shortened(&first.key, MAX_KEY);
            let help = format!("write a list: - name: {key}, and value: ... in the line below it");
            let list: Option<Vec<Value>> = entries.iter().map(|entry| variable(tree, entry)).collect();
            Some((help, list.map(|list| set(list.into(), false))))
        }
        _ => None,
    }
}

/// The name of the field or the key.
fn name(path: &FieldPath) -> Option<&str> {
    match path.segments().last()? {
        Segment::Field(name) | Segment::Key(name) => Some(name.as_ref()),
        Segment::Index(_) => None,
    }
}

/// The seconds in `1h`, `90 s` or `7d`.
fn seconds(text: &str) -> Option<i64> {
    let text = without_blanks(text)?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match text.strip_suffix('d') {
        Some(days) => days.parse::<u32>().ok().map(|days| i64::from(days) * SECONDS_OF_A_DAY),
        None => jobguard_text::duration::whole_seconds(&text).ok(),
    }
}

/// What to say about an amount, the amount that is meant, and whether no other can be: `512MB`, `1gi`, `500 m`.
fn amount(text: &str, is_cpu: bool) -> Option<(String, String, bool)> {
    // To the server a unit alone is nothing of it.
    let text = without_blanks(text).filter(|text| text.contains(|c: char| c.is_ascii_digit()))?;
    if Quantity::parse(&text).is_ok() {
        return Some((format!("write {text}, without a space"), text, true));
    }
    if is_cpu {
        return None;
    }
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let unit = unit.to_ascii_lowercase();
    let unit = unit.strip_suffix("ytes").unwrap_or(&unit);
    let unit = unit.strip_suffix('b').unwrap_or(unit);
    let (prefix, is_binary) = match unit.strip_suffix('i') {
        Some(prefix) => (prefix, true),
        None => (unit, false),
    };
    let prefix = match prefix {
        "k" | "m" | "g" | "t" | "p" | "e" => prefix.to_ascii_uppercase(),
        "" if !is_binary => String::new(),
        _ => return None,
    };
    let binary = if prefix.is_empty() { number.to_owned() } else { format!("{number}{prefix}i") };
    Quantity::parse(&binary).ok()?;
    if is_binary || prefix.is_empty() {
        return Some((format!("write {binary}"), binary, true));
    }
    let decimal = if prefix == "K" { format!("{number}k") } else { format!("{number}{prefix}") };
    let help = format!("write {decimal} (powers of 1000) or {binary} (powers of 1024)");
    Some((help, decimal, false))
}

fn without_blanks(text: &str) -> Option<String> {
    (text.len() <= LONGEST).then(|| text.chars().filter(|c| !c.is_whitespace()).collect())
}

/// Whether a map is one element that lacks its dash, not a map of variables.
fn is_of_element(entry: &Entry<'_>) -> bool {
    entry.shadowed || entry.merged || matches!(entry.key.as_ref(), "name" | "value" | "valueFrom")
}

/// An element for a variable: of text alone, since others may have been written in another way.
fn variable(tree: &Tree<'_>, entry: &Entry<'_>) -> Option<Value> {
    tree.str(entry.value).map(|value| json!({"name": entry.key, "value": value}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds() {
        let meant = ["1h", "10m", "90 s", "7d", "1h30m"].map(seconds);
        assert_eq!(meant, [3600, 600, 90, 604_800, 5400].map(Some));
        assert_eq!(["", "5", "-1h", "1.5s", "1w", "d", "soon"].map(seconds), [None; 7]);
    }

    #[test]
    fn units_are_those_that_there_are() {
        let meant = |text, is_cpu| amount(text, is_cpu).map(|(_, amount, certain)| (amount, certain));
        for (text, expected, certain) in [
            ("1gi", "1Gi", true),
            ("512MiB", "512Mi", true),
            ("1.5 GIB", "1.5Gi", true),
            ("500 m", "500m", true),
            ("100bytes", "100", true),
            ("512MB", "512M", false),
            ("64K", "64k", false),
            ("1gb", "1G", false),
        ] {
            assert_eq!(meant(text, false), Some((expected.to_owned(), certain)), "{text}");
        }
        for text in ["", "MB", "a lot", "1.2.3Gi", "1i", "5x", "1Gii"] {
            assert_eq!(meant(text, false), None, "{text}");
        }
        assert_eq!(meant("1GB", true), None);
        assert_eq!(meant("500 m", true), Some(("500m".to_owned(), true)));
    }
}
