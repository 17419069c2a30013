//! The place of a part of a string in the file: YAML folds, indents and quotes.

use std::ops::Range;

use jobguard_manifest::Span;

use crate::policy::reader::{Reader, Value};

/// The place of `range` of the string `text`, which is written as `value`; the whole value if that is not known.
pub(super) fn place(reader: &Reader<'_>, value: Value, text: &str, range: Range<usize>) -> Span {
    let within = reader.written(value).and_then(|raw| {
        let start = find(raw, text, range.start)?;
        let end = if range.end > range.start { find(raw, text, range.end - 1)? + 1 } else { start };
        Some(Span::new(value.span.start + start, value.span.start + end))
    });
    within.unwrap_or(value.span)
}

/// The byte of `raw` that byte `at` of `text` comes from. YAML changes white space, quotes and escapes alone: the other characters
/// are the same, one by one.
fn find(raw: &str, text: &str, at: usize) -> Option<usize> {
    let (content, characters) = match raw.chars().next()? {
        // A block begins below its header.
        '|' | '>' => {
            let content = raw.find('\n')? + 1;
            (content, plain(raw.get(content..)?, content))
        }
        '\'' => (1, single(raw)),
        '"' => (1, double(raw)?),
        _ => (0, plain(raw, 0)),
    };
    let mut written = characters.into_iter().filter(|(_, c)| !c.is_whitespace()).peekable();
    let mut last = content;
    for (position, wanted) in text.char_indices() {
        if wanted.is_whitespace() {
            if position >= at {
                // The next one, or the end.
                return Some(written.peek().map_or(last, |(place, _)| place.start));
            }
            continue;
        }
        let (place, c) = written.next()?;
        if c != wanted {
            return None;
        }
        if position >= at {
            return Some(place.start);
        }
        last = place.end;
    }
    Some(last)
}

/// Characters, each with the bytes that it is written with.
type Characters = Vec<(Range<usize>, char)>;

fn plain(text: &str, start: usize) -> Characters {
    text.char_indices().map(|(at, c)| (start + at..start + at + c.len_utf8(), c)).collect()
}

/// Within single quotes, of which two stand for one.
fn single(raw: &str) -> Characters {
    let mut out = Vec::new();
    let mut chars = raw.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        let is_doubled = c == '\'' && chars.next_if(|(_, next)| *next == '\'').is_some();
        out.push((at..at + if is_doubled { 2 } else { c.len_utf8() }, c));
    }
    out
}

/// Within double quotes, with escapes; none where one cannot be read.
fn double(raw: &str) -> Option<Characters> {
    let mut out = Vec::new();
    let mut at = 1;
    while let Some(c) = raw.get(at..)?.chars().next() {
        if c != '\\' {
            out.push((at..at + c.len_utf8(), c));
            at += c.len_utf8();
            continue;
        }
        let escape = raw.get(at + 1..)?.chars().next()?;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let length = 1 + escape.len_utf8() + digits;
        let stands_for = match escape {
            'x' | 'u' | 'U' => char::from_u32(u32::from_str_radix(raw.get(at + 2..at + length)?, 16).ok()?)?,
            '0' => '\0',
            'a' => '\x07',
            'b' => '\x08',
            'e' => '\x1b',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' | '\t' => '\t',
            'v' => '\x0b',
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            // Itself; of a line end, nothing that counts.
            other => other,
        };
        out.push((at..at + length, stands_for));
        at += length;
    }
    Some(out)
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
        let (raw, text) = (
            r#""a == \"b\u00e9\n\" \
    && c""#,
            "a == \"b\u{e9}\n\" && c",
        );
        assert_eq!(find(raw, text, text.len() - 1), Some(raw.len() - 2));
        assert_eq!(find(raw, text, text.find('"').unwrap()), Some(6));
        assert_eq!(find(raw, text, text.find('\u{e9}').unwrap()), Some(9));
    }
}
