//! Values in messages: in quotes, escaped, and never long.

/// How much of a value a message shows, in characters.
const SHOWN: usize = 40;

/// The start of a value in double quotes, with what steers or is not seen escaped.
pub fn quote(value: &str) -> String {
    quote_within(value, SHOWN)
}

/// The same, with at most `max` characters of the value.
pub fn quote_within(value: &str, max: usize) -> String {
    match value.char_indices().nth(max) {
        Some((end, _)) => format!("\"{}…\"", value[..end].escape_debug()),
        None => format!("\"{}\"", value.escape_debug()),
    }
}

/// At most `max` characters of a text, with an ellipsis in place of the rest.
pub fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_and_escaped() {
        assert_eq!(quote("a\nb\u{202e}"), "\"a\\nb\\u{202e}\"");
        assert_eq!(quote("é"), "\"é\"");
        assert_eq!(quote(&"é".repeat(41)), format!("\"{}…\"", "é".repeat(40)));
        assert_eq!(quote_within("abc", 2), "\"ab…\"");
        assert_eq!(shortened("abc", 2), "ab…");
        assert_eq!(shortened("abc", 3), "abc");
    }
}
