//! Cutting a YAML stream into documents, line by line as kubectl's reader does, before any YAML is parsed.
//!
//! A line that begins with `---` ends a document wherever it stands, even in the middle of a quoted text. After
//! the `---` only blanks and a comment may follow; anything else is an error in kubectl, and the document before
//! the line is lost with it.

use memchr::memmem;

use super::tree::Span;

/// A piece of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    /// One document.
    Document(Span),
    /// A document that a malformed separator ends.
    BadSeparator {
        /// The document's text before the separator.
        before: Span,
        /// The separator's line, without its end.
        line: Span,
        /// What stands on the line after `---` and blanks, where there is a blank between: content that belongs
        /// below the separator. The lines that follow are then part of it, up to the next separator.
        rest: Option<Span>,
    },
}

/// Cuts `text[from..]`, piece by piece: a large text may have millions.
pub(super) fn split(text: &str, from: usize) -> impl Iterator<Item = Chunk> + '_ {
    let mut lines = separators(text, from);
    let mut start = from;
    std::iter::from_fn(move || {
        for line in lines.by_ref() {
            let after = &text[line.start + 3..line.end];
            let content = after.trim();
            let before = Span::new(start, line.start);
            if content.is_empty() || content.starts_with('#') {
                // A separator that comes first is part of its document.
                if line.start > start {
                    start = next_line(text, line.end);
                    return Some(Chunk::Document(before));
                }
                continue;
            }
            let spaced = after.starts_with([' ', '\t']);
            let rest = spaced.then(|| {
                let start = line.start + 3 + (after.len() - after.trim_start().len());
                Span::new(start, start + content.len())
            });
            start = next_line(text, line.end);
            return Some(Chunk::BadSeparator { before, line, rest });
        }
        let last = Span::new(start, text.len());
        start = text.len();
        (last.start < last.end).then_some(Chunk::Document(last))
    })
}

/// The lines of `text[from..]` that begin with `---`, without their ends. `from` begins a line.
fn separators(text: &str, from: usize) -> impl Iterator<Item = Span> + '_ {
    let mut next = text[from..].starts_with("---").then_some(from);
    let mut line_starts = memmem::find_iter(&text.as_bytes()[from..], b"\n---").map(move |at| from + at + 1);
    std::iter::from_fn(move || {
        let start = next.take().or_else(|| line_starts.next())?;
        let line = text[start..].split('\n').next().unwrap_or_default();
        Some(Span::new(start, start + line.strip_suffix('\r').unwrap_or(line).len()))
    })
}

/// The start of the line after the one that ends at `end`.
fn next_line(text: &str, end: usize) -> usize {
    text[end..].find('\n').map_or(text.len(), |n| end + n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        split(text, 0)
            .map(|chunk| match chunk {
                Chunk::Document(span) => text[span.start..span.end].to_owned(),
                Chunk::BadSeparator { before, line, rest } => format!(
                    "{}!{}!{}",
                    &text[before.start..before.end],
                    &text[line.start..line.end],
                    rest.map_or("", |rest| &text[rest.start..rest.end])
                ),
            })
            .collect()
    }

    #[test]
    fn cuts_at_separator_lines_only() {
        assert_eq!(pieces("a: 1\n---\nb: 2\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(pieces("---\na: 1\n"), ["---\na: 1\n"]);
        assert_eq!(pieces("---\n---\na: 1\n"), ["---\n", "a: 1\n"]);
        assert_eq!(pieces("a: 1\n--- # c\nb: 2"), ["a: 1\n", "b: 2"]);
        assert_eq!(pieces("a: 1\r\n---\r\nb: 2\r\n"), ["a: 1\r\n", "b: 2\r\n"]);
        assert_eq!(pieces("a: 1\n ---\nb: 2\n"), ["a: 1\n ---\nb: 2\n"]);
        assert_eq!(pieces("a: 1\n---"), ["a: 1\n"]);
        assert_eq!(pieces("---"), ["---"]);
        assert_eq!(pieces(""), Vec::<String>::new());
    }

    #[test]
    fn a_separator_with_content_is_an_error() {
        assert_eq!(pieces("a: 1\n--- b\nc: 1\n"), ["a: 1\n!--- b!b", "c: 1\n"]);
        assert_eq!(pieces("a: 1\n----\nb: 2\n"), ["a: 1\n!----!", "b: 2\n"]);
        assert_eq!(pieces("a: 1\n---\n---x\nb: 2\n"), ["a: 1\n", "!---x!", "b: 2\n"]);
    }
}
