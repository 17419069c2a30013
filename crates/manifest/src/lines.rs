//! Byte offsets to lines and columns.

/// A place for people: line and column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line. `\n`, `\r\n` and a lone `\r` each end one.
    pub line: usize,
    /// The column. A byte order mark at the start of the text takes none.
    pub column: usize,
}

/// How many lines end in a part of a text that does not end within a `\r\n`.
pub fn line_ends(part: &str) -> usize {
    let bytes = part.as_bytes();
    let is_alone = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
    memchr::memchr_iter(b'\n', bytes).count() + memchr::memchr_iter(b'\r', bytes).filter(is_alone).count()
}

/// How many bytes lie between two of the counts kept for text that is not ASCII.
const STRIDE: usize = 256;

/// The number of characters and of UTF-16 units before some byte.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    chars: usize,
    utf16: usize,
}

impl Count {
    /// Adds what `bytes` hold. A character counts with its first byte, so any cut will do.
    fn add(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.chars += usize::from(b & 0xC0 != 0x80);
            self.utf16 += usize::from(b & 0xC0 != 0x80) + usize::from(*b >= 0xF0);
        }
    }
}

/// Where the lines of a text begin. Made once per text; a look-up takes a binary search and a bounded count.
#[derive(Debug, Clone)]
pub struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The count before every [`STRIDE`]th byte; empty for ASCII text, whose columns are bytes.
    counts: Vec<Count>,
}

impl<'t> LineIndex<'t> {
    /// Finds the lines of `text`.
    pub fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let line_feeds = memchr::memchr_iter(b'\n', bytes);
        // As many as there are, at once: the list would grow several times otherwise.
        let mut starts = Vec::with_capacity(1 + line_feeds.clone().count());
        starts.push(0);
        if memchr::memchr(b'\r', bytes).is_some() {
            for (at, b) in bytes.iter().enumerate() {
                if *b == b'\n' || (*b == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                    starts.push(at + 1);
                }
            }
        } else {
            starts.extend(line_feeds.map(|at| at + 1));
        }
        let mut counts = Vec::new();
        if !text.is_ascii() {
            let mut count = Count::default();
            for chunk in bytes.chunks(STRIDE) {
                counts.push(count);
                count.add(chunk);
            }
            counts.push(count);
        }
        Self { text, starts, counts }
    }

    /// The text that this is the index of.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// How many lines there are: one more than line ends.
    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// The place of a byte, the column in characters (Unicode scalar values). A byte within a character is that
    /// character's place, a byte past the end the end's.
    pub fn position(&self, offset: usize) -> Position {
        self.place(offset, |count| count.chars)
    }

    /// The place of a byte, the column in UTF-16 units.
    pub fn position_utf16(&self, offset: usize) -> Position {
        self.place(offset, |count| count.utf16)
    }

    /// The bytes of a line (counted from 1) without its end; none past the last line.
    pub fn line_span(&self, line: usize) -> Option<super::Span> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        let line = &self.text[start..end];
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Some(super::Span::new(start, start + line.len()))
    }

    fn place(&self, offset: usize, unit: impl Fn(Count) -> usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let mut column = if self.counts.is_empty() {
            offset - start
        } else {
            unit(self.count_before(offset)) - unit(self.count_before(start))
        };
        if line == 1 && offset > 0 && self.text.starts_with('\u{FEFF}') {
            column -= 1;
        }
        Position { line, column: column + 1 }
    }

    fn count_before(&self, offset: usize) -> Count {
        let mut count = self.counts[offset / STRIDE];
        count.add(&self.text.as_bytes()[offset / STRIDE * STRIDE..offset]);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, needle: &str) -> (usize, usize) {
        let place = LineIndex::new(text).position(text.find(needle).unwrap());
        (place.line, place.column)
    }

    #[test]
    fn every_line_end_counts_once() {
        let text = "a\nb\r\nc\rd\n\n\re";
        let lines = ["a", "b", "c", "d"].map(|needle| at(text, needle).0);
        assert_eq!(lines, [1, 2, 3, 4]);
        assert_eq!(at(text, "e"), (7, 1));
        let index = LineIndex::new(text);
        assert_eq!(index.line_count(), 7);
        assert_eq!(line_ends(text), 6);
        let line = index.line_span(2).unwrap();
        assert_eq!(&text[line.start..line.end], "b");
        assert_eq!(index.line_span(8), None);
        assert_eq!(index.line_span(0), None);
    }

    #[test]
    fn columns_count_characters() {
        let text = "é: 日本 😀 x\n";
        assert_eq!(at(text, "x"), (1, 9));
        let utf16 = LineIndex::new(text).position_utf16(text.find('x').unwrap());
        assert_eq!(utf16, Position { line: 1, column: 10 });
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        assert_eq!(at("\u{FEFF}a: 1", "a"), (1, 1));
        assert_eq!(LineIndex::new("\u{FEFF}a").position(0), Position { line: 1, column: 1 });
        assert_eq!(LineIndex::new("\u{FEFF}a").position(1), Position { line: 1, column: 1 });
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_counting(text in "[a-c\u{e9}\u{1F600}\n\r ]{0,700}", offset in 0_usize..2000) {
            let index = LineIndex::new(&text);
            let mut end = offset.min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let (mut line, mut column, mut utf16) = (1, 1, 1);
            let mut chars = text.char_indices().peekable();
            while let Some((at, c)) = chars.next() {
                if at >= end {
                    break;
                }
                let next = chars.peek().map(|(_, c)| *c);
                if c == '\n' || (c == '\r' && next != Some('\n')) {
                    (line, column, utf16) = (line + 1, 1, 1);
                } else {
                    (column, utf16) = (column + 1, utf16 + c.len_utf16());
                }
            }
            proptest::prop_assert_eq!(index.position(offset), Position { line, column });
            proptest::prop_assert_eq!(index.position_utf16(offset), Position { line, column: utf16 });
        }
    }
}
