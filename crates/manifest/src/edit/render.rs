//! Values as text.

use std::borrow::Cow;

use serde_json::Value;

use super::super::scalar;

/// How far a level is indented below the one above it.
pub(super) const STEP: usize = 2;

/// An entry in block style whose key stands at `indent`, which is not written before it. Lines end in `eol`.
pub(super) fn block_entry(key: &str, value: &Value, indent: usize, eol: &str) -> String {
    let mut out = String::new();
    push_block_entry(key, value, indent, eol, &mut out);
    out
}

fn push_block_entry(key: &str, value: &Value, indent: usize, eol: &str, out: &mut String) {
    out.push_str(&block_key(key));
    out.push(':');
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                out.push_str(eol);
                push_blanks(indent + STEP, out);
                push_block_entry(key, value, indent + STEP, eol, out);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for item in items {
                out.push_str(eol);
                push_blanks(indent, out);
                out.push_str("- ");
                push_block_item(item, indent + STEP, eol, out);
            }
        }
        other => {
            out.push(' ');
            out.push_str(&field_value(key, other, false));
        }
    }
}

/// The value of a field on one line. Modes of files are read in base eight, and so they are written where a leading zero
/// says that.
pub(super) fn field_value(key: &str, value: &Value, json: bool) -> String {
    const FILE_MODES: [&str; 2] = ["defaultMode", "mode"];
    match value.as_u64().filter(|mode| !json && *mode > 0 && FILE_MODES.contains(&key)) {
        Some(mode) => format!("{mode:04o}"),
        None => flow(value, json),
    }
}

fn push_block_item(item: &Value, indent: usize, eol: &str, out: &mut String) {
    match item {
        Value::Object(fields) if !fields.is_empty() => {
            for (position, (key, value)) in fields.iter().enumerate() {
                if position > 0 {
                    out.push_str(eol);
                    push_blanks(indent, out);
                }
                push_block_entry(key, value, indent, eol, out);
            }
        }
        other => out.push_str(&flow(other, false)),
    }
}

/// A value on one line: JSON, or YAML in flow style.
pub(super) fn flow(value: &Value, json: bool) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", flow_key(key, json), field_value(key, value, json)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(items) => {
            // Elements of a list in quotes all alike: that is how commands are written.
            let quote = items.iter().any(|item| item.as_str().is_some_and(|text| !is_word(text)));
            let items: Vec<String> = items.iter().map(|item| flow(item, json || quote)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) if json || !is_word(text) => double_quoted(text),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A key in block style.
pub(super) fn block_key(key: &str) -> Cow<'_, str> {
    flow_key(key, false)
}

/// A key in flow style, or in JSON.
pub(super) fn flow_key(key: &str, json: bool) -> Cow<'_, str> {
    if !json && is_word(key) { Cow::Borrowed(key) } else { Cow::Owned(double_quoted(key)) }
}

/// In double quotes, with escapes that JSON and YAML share.
pub(super) fn double_quoted(text: &str) -> String {
    let json = Value::String(text.to_owned()).to_string();
    if json.chars().all(is_printable) {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_printable(c) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// In single quotes; none where that cannot be.
pub(super) fn single_quoted(text: &str) -> Option<String> {
    let fits = text.chars().all(|c| is_printable(c) && c != '\t');
    fits.then(|| format!("'{}'", text.replace('\'', "''")))
}

/// Whether a character may stand in quotes as it is.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Whether a string needs no quotes anywhere and for no reader: a word that is no number, boolean or date to any.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-'))
        && scalar::resolve(text).is_none()
}

/// Whether a string can stand without quotes in block style, where one stood so before.
pub(super) fn is_plain(text: &str) -> bool {
    let mark = |b| matches!(b, b' ' | b'_' | b'.' | b'/' | b'-' | b'*' | b',' | b'+' | b'=' | b'?' | b'@');
    is_word(text)
        || (text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.contains(' ')
            && !text.ends_with(' ')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || mark(b))
            && scalar::resolve(text).is_none())
}

pub(super) fn push_blanks(count: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// `text` with every line after the first moved from an indentation of `old` to one of `new`; none where a line is
/// indented by less than `old`, and `strict`.
pub(super) fn reindent(text: &str, old: usize, new: usize, strict: bool) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for (position, line) in text.split_inclusive('\n').enumerate() {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        let is_blank = line.trim().is_empty();
        if position == 0 || is_blank {
            out.push_str(line);
        } else if blanks >= old {
            push_blanks(new, &mut out);
            out.push_str(&line[old..]);
        } else if strict {
            return None;
        } else {
            out.push_str(line);
        }
    }
    Some(out)
}
