//! A text, and where lines begin and end in it.

use super::super::tree::{NodeId, Span, Tree};

/// A text and the tree that was read from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a, 't> {
    pub(super) text: &'a str,
    pub(super) tree: &'a Tree<'t>,
    /// Whether what is written must be JSON.
    pub(super) json: bool,
}

impl<'a, 't> Source<'a, 't> {
    pub(super) fn new(text: &'a str, tree: &'a Tree<'t>) -> Self {
        let start = tree[tree.root()].span.start;
        // With a quoted key, or none: whatever is written as JSON is YAML too.
        let json = text
            .get(start..)
            .and_then(|text| text.strip_prefix('{'))
            .is_some_and(|inner| matches!(inner.trim_start().as_bytes().first(), Some(b'"' | b'}')));
        Self { text, tree, json }
    }

    pub(super) fn span(&self, node: NodeId) -> Span {
        self.tree[node].span
    }

    pub(super) fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// Where the line of `at` begins, a byte order mark not counted.
    pub(super) fn line_start(&self, at: usize) -> usize {
        match self.text[..at].rfind(['\n', '\r']) {
            Some(end) => end + 1,
            None if self.text.starts_with('\u{FEFF}') => '\u{FEFF}'.len_utf8().min(at),
            None => 0,
        }
    }

    /// Where the line of `at` ends, its end not included.
    pub(super) fn line_end(&self, at: usize) -> usize {
        self.text[at..].find(['\n', '\r']).map_or(self.text.len(), |length| at + length)
    }

    /// The line end at `at`; empty at the end of the text.
    pub(super) fn eol_at(&self, at: usize) -> &'a str {
        let rest = &self.text[at..];
        match rest.as_bytes() {
            [b'\r', b'\n', ..] => &rest[..2],
            [b'\r' | b'\n', ..] => &rest[..1],
            _ => "",
        }
    }

    /// The line end to write near `at`: that of its line, or of the line before.
    pub(super) fn eol(&self, at: usize) -> &'a str {
        let here = self.eol_at(self.line_end(at));
        if !here.is_empty() {
            return here;
        }
        let start = self.line_start(at);
        match &self.text.as_bytes()[..start] {
            [.., b'\r', b'\n'] => "\r\n",
            [.., b'\r'] => "\r",
            _ => "\n",
        }
    }

    /// Whether nothing but a comment follows on the line of `at`.
    pub(super) fn rest_is_blank(&self, at: usize) -> bool {
        let rest = &self.text[at..self.line_end(at)];
        let written = rest.trim_start_matches([' ', '\t']);
        written.is_empty() || (written.starts_with('#') && (written.len() < rest.len() || rest.is_empty()))
    }
}
