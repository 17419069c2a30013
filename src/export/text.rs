//! Text of a policy, escaped for CEL, YAML and comments.

use std::fmt::Write as _;

/// A pattern of a policy as a regular expression.
pub(super) fn regex(pattern: &str) -> String {
    let mut out = String::from("(?s)^");
    for c in pattern.chars() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            c => push_literal(&mut out, c),
        }
    }
    out.push('$');
    out
}

/// A text as a regular expression that matches it alone.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        push_literal(&mut out, c);
    }
    out
}

fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(c);
}

/// A string in CEL.
pub(super) fn cel_string(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A string in YAML, as in JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text for a comment.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A named expression of a policy: one of its `matchConditions` or `variables`.
pub(super) fn named(out: &mut String, name: &str, expression: &str) {
    let _ = writeln!(out, "    - name: {name}\n      expression: >-\n        {expression}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_stay_strings() {
        assert_eq!(cel_string("a'b\\c\n\u{2028}"), r"'a\'b\\c\U0000000a\U00002028'");
        assert_eq!(regex("a-*.b?"), r"(?s)^a\-.*\.b.$");
        assert_eq!(literal("a-b.c"), r"a\-b\.c");
    }
}
