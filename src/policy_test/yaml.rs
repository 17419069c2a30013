//! Values in the YAML of test files, on one line each.

use std::fmt::Write as _;

use serde_json::Value;

use super::actual::ActualFinding;
use super::model::ExpectedFinding;
use jobguard_text::{is_steering, within_commands};

/// A string: as it is where that reads back as the same string wherever it stands, else in quotes.
pub(super) fn string(text: &str) -> String {
    const WORDS: [&str; 8] = ["true", "false", "null", "yes", "no", "on", "off", "y"];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let lower = text.to_ascii_lowercase();
    let is_word = lower == "n" || WORDS.contains(&lower.as_str());
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_plain) && !is_word {
        return text.to_owned();
    }
    quoted(text)
}

/// JSON, which is YAML as well. What would steer a terminal is written by its number.
fn quoted(text: &str) -> String {
    let json = Value::from(text).to_string();
    let mut out = String::with_capacity(json.len());
    // And what a CI system takes for a command in its log, so that it may be printed as well.
    let mut commands = within_commands(&json).peekable();
    for (at, c) in json.char_indices() {
        let is_command = commands.next_if_eq(&at).is_some();
        match is_steering(c) || is_command {
            true => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            false => out.push(c),
        }
    }
    out
}

/// Any value.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => quoted_parts(value),
    }
}

/// A list or an object, whose strings are quoted as JSON has it.
fn quoted_parts(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(quoted_parts).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted_parts(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// A finding, as an element of a list.
pub(super) fn finding(finding: &ActualFinding) -> String {
    let mut parts = vec![format!("rule: {}", finding.rule)];
    if !finding.path().is_empty() {
        parts.push(format!("path: {}", string(finding.path())));
    }
    parts.push(format!("level: {}", finding.severity));
    format!("- {{{}}}", parts.join(", "))
}

/// A finding as a test expects it.
pub(super) fn expected(finding: &ExpectedFinding) -> String {
    let mut parts = vec![format!("rule: {}", string(&finding.rule))];
    parts.extend(finding.path.as_ref().map(|path| format!("path: {}", string(&path.text))));
    parts.extend(finding.severity.map(|severity| format!("level: {severity}")));
    parts.extend(finding.message.as_ref().map(|message| format!("message: {}", quoted(message))));
    format!("- {{{}}}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back_as_themselves() {
        for text in [
            "a",
            "spec.containers[0]",
            "true",
            "No",
            "1",
            "",
            "a: b",
            "#",
            "a\nb",
            "\u{202e}x",
            "é",
            "~",
            "a b",
            "##vso[task.x]y ##[error] #",
        ] {
            let yaml = format!("[{}]", string(text));
            let read = jobguard_manifest::read(&yaml);
            let tree = read[0].content.as_ref().unwrap();
            assert_eq!(tree.to_value(tree.root()), serde_json::json!([text]), "{yaml}");
            assert!(!yaml.contains(is_steering) && !yaml.contains("##"), "{yaml}");
        }
    }
}
