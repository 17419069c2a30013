//! The place of a part of a string in the file: YAML folds, indents and quotes.

use std::ops::Range;

use jobguard_manifest::Span;

use crate::policy::reader::{Reader, Value};

/// The place of `range` of the string `text`, which is written as `value`; the whole value if that is not known, as in a
/// string with escapes.
pub(super) fn place(reader: &Reader<'_>, value: Value, text: &str, range: Range<usize>) -> Span {
    let within = reader.written(value).and_then(|raw| {
        let start = find(raw, text, range.start)?;
        let end = if range.end > range.start { find(raw, text, range.end - 1)? + 1 } else { start };
        Some(Span::new(value.span.start + start, value.span.start + end))
    });
    within.unwrap_or(value.span)
}

/// The byte of `raw` that byte `at` of `text` comes from. YAML changes white space alone, as long as nothing is escaped: the
/// others are the same, one by one.
fn find(raw: &str, text: &str, at: usize) -> Option<usize> {
    let (content, doubled) = match raw.chars().next()? {
        // A block begins below its header.
        '|' | '>' => (raw.find('\n')? + 1, None),
        quote @ ('\'' | '"') => (1, Some(quote)),
        _ => (0, None),
    };
    let mut written = raw.get(content..)?.char_indices().filter(|(_, c)| !c.is_whitespace()).peekable();
    let mut last = content;
    for (position, wanted) in text.char_indices() {
        if wanted.is_whitespace() {
            if position >= at {
                // The next one, or the end.
                return Some(written.peek().map_or(last, |(there, _)| content + there));
            }
            continue;
        }
        let (there, c) = written.next()?;
        if c != wanted {
            return None;
        }
        // '' is a quote.
        if doubled == Some('\'') && c == '\'' {
            written.next().filter(|(_, c)| *c == '\'')?;
        }
        if position >= at {
            return Some(content + there);
        }
        last = content + there + c.len_utf8();
    }
    Some(last)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn characters_are_found_again() {
        let text = "object.a &&\nb c\n";
        for (raw, found) in [
            ("|\n    object.a &&\n    b c\n", "c"),
            (">-\n    object.a &&\n\n    b c", "c"),
            ("object.a && b c", "c"),
            ("'object.a &&\n   b c'", "c"),
            ("\"object.a && b c\"", "c"),
        ] {
            let at = find(raw, text, text.find('c').map(|_| text.len() - 2).unwrap()).unwrap();
            assert_eq!(&raw[at..=at], found, "{raw}");
            assert_eq!(raw.rfind('c'), Some(at), "{raw}");
        }
        let (raw, text) = ("'a == ''b'' && c'", "a == 'b' && c");
        assert_eq!(find(raw, text, text.len() - 1), Some(raw.len() - 2));
        // The end.
        assert_eq!(find("a + ", "a +", 3), Some(3));
        // Escapes.
        assert_eq!(find(r#""a == \"b\" && c""#, r#"a == "b" && c"#, 12), None);
    }
}
