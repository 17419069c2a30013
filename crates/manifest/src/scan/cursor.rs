//! A place in the text that moves forward, and the column it stands at.

use super::classes::{BLANK, BREAK, break_length, is};
use crate::tree::Span;

#[derive(Debug)]
pub(super) struct Cursor<'t> {
    /// The text up to the end of the document.
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// Where the line begins.
    pub(super) line: usize,
    /// Where the document begins.
    pub(super) start: usize,
    /// Whether the document is ASCII, so that columns are bytes.
    ascii: bool,
    /// Up to where bytes that begin no character have been counted in this line, and how many there are.
    counted: (usize, usize),
    /// Whether the last line has no end yet. kubectl gives it one.
    is_unended: bool,
    /// Where comments are kept, if they are asked for.
    pub(super) comments: Option<Vec<Span>>,
    /// Steps of work, counted for tests alone.
    #[cfg(test)]
    pub(super) steps: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, start: usize) -> Self {
        let ascii = text.as_bytes()[start..].is_ascii();
        let is_unended = !text.ends_with(['\n', '\r']);
        Self {
            text,
            at: start,
            line: start,
            start,
            ascii,
            counted: (start, 0),
            is_unended,
            comments: None,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// Counts steps of work, in tests.
    #[inline(always)]
    pub(super) fn note(&mut self, steps: usize) {
        #[cfg(test)]
        {
            self.steps += steps;
        }
        let _ = steps;
    }

    pub(super) fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// The byte `ahead` of the cursor; 0, which no document holds, at the end.
    #[inline(always)]
    pub(super) fn peek(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(super) fn is_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Whether a blank, a line end or the end stands at `at`.
    #[inline]
    pub(super) fn is_blank_or_end(&self, at: usize) -> bool {
        match self.bytes().get(at) {
            None => true,
            Some(b) => is(*b, BLANK) || (is(*b, BREAK) && break_length(self.bytes(), at) > 0),
        }
    }

    /// Whether a line end or the end stands at the cursor.
    pub(super) fn is_line_end(&self) -> bool {
        self.is_end() || break_length(self.bytes(), self.at) > 0
    }

    /// The column, in characters from 0.
    #[inline]
    pub(super) fn column(&mut self) -> usize {
        if self.ascii { self.at - self.line } else { self.counted_column() }
    }

    #[cold]
    fn counted_column(&mut self) -> usize {
        let (from, inner) = self.counted;
        self.note(self.at - from);
        self.counted = (self.at, inner + continuations(&self.bytes()[from..self.at]));
        self.at - self.line - self.counted.1
    }

    /// Whether the line begins with `---` or `...`, alone or before a blank, and the cursor is there.
    #[inline]
    pub(super) fn is_document_mark(&self) -> bool {
        self.at == self.line
            && matches!(self.peek(0), b'-' | b'.')
            && matches!(self.bytes().get(self.at..self.at + 3), Some(b"---" | b"..."))
            && self.is_blank_or_end(self.at + 3)
    }

    /// Passes over a line end of so many bytes.
    #[inline]
    pub(super) fn next_line(&mut self, length: usize) {
        self.at += length;
        self.line = self.at;
        self.counted = (self.at, 0);
    }

    /// Passes over a line end of so many bytes; or over the one that the last line does not have.
    pub(super) fn next_line_or_end(&mut self, length: usize) {
        if length > 0 {
            self.next_line(length);
        } else {
            self.is_unended = false;
        }
    }

    /// Whether the last line ends here, for lack of an end of its own. Says so once.
    pub(super) fn ends_last_line(&mut self) -> bool {
        self.is_end() && std::mem::take(&mut self.is_unended)
    }

    #[inline]
    pub(super) fn skip_blanks(&mut self) {
        while is(self.peek(0), BLANK) {
            self.at += 1;
        }
    }

    /// Passes over a comment that begins here, up to the end of its line.
    pub(super) fn skip_comment(&mut self) {
        let start = self.at;
        self.skip_to_line_end();
        if let Some(comments) = &mut self.comments {
            comments.push(Span::new(start, self.at));
        }
    }

    /// Goes to the end of the line.
    pub(super) fn skip_to_line_end(&mut self) {
        let bytes = self.bytes();
        loop {
            let rest = &bytes[self.at..];
            let found = if self.ascii {
                memchr::memchr2(b'\n', b'\r', rest)
            } else {
                rest.iter().position(|b| is(*b, BREAK))
            };
            self.at += found.unwrap_or(rest.len());
            if self.is_line_end() {
                return;
            }
            self.at += 1;
        }
    }
}

/// How many of the bytes begin no character.
pub(super) fn continuations(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b & 0xC0 == 0x80).count()
}

/// The first character of `text` from byte `start` on that may stand nowhere in YAML, and its place.
pub(crate) fn forbidden(text: &str, start: usize) -> Option<(usize, char)> {
    const CHUNK: usize = 64;
    // Control characters, and the first bytes of U+0080 to U+00BF and of U+F000 to U+FFFF.
    let suspect = |b: &u8| {
        (*b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) | (*b == 0x7F) | (*b == 0xC2) | (*b == 0xEF)
    };
    let is_forbidden = |c: char| !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'..);
    text.as_bytes()[start..].chunks(CHUNK).enumerate().find_map(|(number, chunk)| {
        // All bytes of the chunk, so that the compiler takes many at a time.
        if !chunk.iter().fold(false, |found, b| found | suspect(b)) {
            return None;
        }
        let from = start + number * CHUNK;
        chunk.iter().enumerate().filter(|(_, b)| suspect(b)).find_map(|(at, _)| {
            let c = text.get(from + at..)?.chars().next()?;
            is_forbidden(c).then_some((from + at, c))
        })
    })
}
