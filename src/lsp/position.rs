//! Places in a text as editors count them.

use lsp_types::{Position, PositionEncodingKind, Range};

use crate::diagnostic::Region;
use jobguard_manifest::{LineIndex, Span};

/// What a column counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 units: what every client can do.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// The first that we know of those that a client offers, which it orders by what it prefers.
    pub fn choose<'a>(offered: impl IntoIterator<Item = &'a str>) -> Self {
        let known = |name| match name {
            "utf-8" => Some(Self::Utf8),
            "utf-16" => Some(Self::Utf16),
            "utf-32" => Some(Self::Utf32),
            _ => None,
        };
        offered.into_iter().find_map(known).unwrap_or_default()
    }

    /// Its name in the protocol.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn width(self, c: char) -> usize {
        match self {
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// A text with its lines, and what its columns count.
#[derive(Debug)]
pub(super) struct Places<'t> {
    index: LineIndex<'t>,
    encoding: Encoding,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str, encoding: Encoding) -> Self {
        Self { index: LineIndex::new(text), encoding }
    }

    pub(super) fn text(&self) -> &'t str {
        self.index.text()
    }

    /// The bytes of a line, counted from 0, without its end; the empty end of the text for one that is not there.
    pub(super) fn line(&self, line: usize) -> Span {
        let end = self.text().len();
        self.index.line_span(line.saturating_add(1)).unwrap_or(Span::new(end, end))
    }

    /// The byte at a position. One past the end of its line is that end, one past the text the text's; one within a
    /// character is the character's.
    pub(super) fn offset(&self, position: Position) -> usize {
        let line = self.line(position.line as usize);
        let wanted = position.character as usize;
        let mut column = 0;
        for (at, c) in self.text()[line.start..line.end].char_indices() {
            column += self.encoding.width(c);
            if column > wanted {
                return line.start + at;
            }
        }
        line.end
    }

    /// The bytes of a range, whichever end comes first.
    pub(super) fn span(&self, range: Range) -> Span {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        Span::new(start.min(end), start.max(end))
    }

    /// The position of a byte.
    pub(super) fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text().len());
        while !self.text().is_char_boundary(offset) {
            offset -= 1;
        }
        let number = self.index.position(offset).line - 1;
        let line = self.line(number);
        let before = &self.text()[line.start..offset.min(line.end)];
        place(number, before.chars().map(|c| self.encoding.width(c)).sum())
    }

    /// The range of some bytes.
    pub(super) fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start), end: self.position(span.end.max(span.start)) }
    }

    /// The range of a region, whose columns are characters and do not count a byte order mark.
    pub(super) fn of_region(&self, region: Region) -> Range {
        if !region.is_in_text() {
            return Range::default();
        }
        Range { start: self.at(region.line, region.column), end: self.at(region.end_line, region.end_column) }
    }

    fn at(&self, line: usize, column: usize) -> Position {
        let number = line.saturating_sub(1);
        let span = self.line(number);
        let text = &self.text()[span.start..span.end];
        let mark = usize::from(number == 0 && column > 1 && text.starts_with('\u{FEFF}'));
        let before = text.chars().take(column.saturating_sub(1) + mark);
        place(number, before.map(|c| self.encoding.width(c)).sum())
    }
}

fn place(line: usize, character: usize) -> Position {
    let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Position { line: count(line), character: count(character) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_in_every_encoding() {
        let text = "a: é😀x\r\nb: 1\rc\n";
        let x = text.find('x').unwrap();
        for (encoding, column) in [(Encoding::Utf8, 9), (Encoding::Utf16, 6), (Encoding::Utf32, 5)] {
            let places = Places::new(text, encoding);
            assert_eq!(places.position(x), Position::new(0, column), "{encoding:?}");
            assert_eq!(places.offset(Position::new(0, column)), x);
            assert_eq!(places.offset(Position::new(0, 99)), x + 1, "the end of its line");
            assert_eq!(places.offset(Position::new(2, 0)), text.find('c').unwrap());
            assert_eq!(places.offset(Position::new(9, 9)), text.len());
            let region = Region { line: 1, column: 6, end_line: 1, end_column: 7 };
            assert_eq!(places.of_region(region).start, Position::new(0, column));
        }
        // Between the halves of a pair.
        assert_eq!(Places::new(text, Encoding::Utf16).offset(Position::new(0, 5)), text.find('😀').unwrap());
    }

    #[test]
    fn a_byte_order_mark_counts_where_the_editor_has_it() {
        let places = Places::new("\u{FEFF}ab: 1\n", Encoding::Utf16);
        let region = Region { line: 1, column: 2, end_line: 1, end_column: 3 };
        assert_eq!(places.of_region(region).start, Position::new(0, 2));
        assert_eq!(places.position("\u{FEFF}a".len()), Position::new(0, 2));
    }

    proptest::proptest! {
        #[test]
        fn there_and_back(text in "[a\u{e9}\u{1F600}\n\r ]{0,60}", at in 0_usize..200) {
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                let places = Places::new(&text, encoding);
                let mut at = at.min(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                // Between the two bytes of a line's end there is no position.
                if !(text[..at].ends_with('\r') && text[at..].starts_with('\n')) {
                    proptest::prop_assert_eq!(places.offset(places.position(at)), at);
                }
            }
        }
    }
}
