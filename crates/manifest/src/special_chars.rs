//! Characters that kubectl's reader (YAML 1.1) minds and the parser (YAML 1.2) does not: control characters, tabs
//! that indent, and line ends that only YAML 1.1 knows.

/// A character that is refused in some places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Odd {
    /// Where it stands.
    pub(super) at: usize,
    pub(super) kind: SpecialChar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpecialChar {
    /// The first tab of a line, with blanks at most before it.
    Indent,
    /// A tab behind the dash of a list item, or behind `?`.
    Item,
    /// U+0085, U+2028 or U+2029: they end a line, as YAML 1.1 has it. Within quotes that only shows in keys.
    LineEnd(char),
}

/// Whether a byte begins a character worth a look.
const SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 0x20 {
        table[b] = b != 0x0A && b != 0x0D;
        b += 1;
    }
    table[0x7F] = true;
    // U+0080 to U+00BF, U+2000 to U+2FFF, U+F000 to U+FFFF.
    table[0xC2] = true;
    table[0xE2] = true;
    table[0xEF] = true;
    table
};

/// Looks through a document's text. Positions are those in `text` plus `base`.
///
/// # Errors
/// The first character that is refused wherever it stands, with its place.
pub(super) fn scan(text: &str, base: usize) -> Result<Vec<Odd>, (usize, char)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|b| SUSPECT[usize::from(*b)]).map(|n| from + n) {
        let Some(c) = text[at..].chars().next() else { break };
        from = at + c.len_utf8();
        let kind = match c {
            '\t' => leading_tab(&bytes[..at]),
            '\u{85}' | '\u{2028}' | '\u{2029}' => Some(SpecialChar::LineEnd(c)),
            '\u{A0}'..='\u{FFFD}' => None,
            _ => return Err((base + at, c)),
        };
        found.extend(kind.map(|kind| Odd { at: base + at, kind }));
    }
    Ok(found)
}

/// What a tab is, given the text before it: nothing odd behind anything but blanks, dashes and question marks, nor
/// behind the dashes that begin a document.
fn leading_tab(before: &[u8]) -> Option<SpecialChar> {
    let signs = before.iter().rev().take_while(|b| matches!(b, b' ' | b'-' | b'?')).count();
    let (above, line) = before.split_at(before.len() - signs);
    if line.starts_with(b"---") || above.last().is_some_and(|b| !matches!(b, b'\n' | b'\r')) {
        return None;
    }
    let indents = line.iter().all(|b| *b == b' ');
    Some(if indents { SpecialChar::Indent } else { SpecialChar::Item })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_are_odd_where_a_line_begins() {
        let odd = |text| scan(text, 0).unwrap().iter().map(|odd| (odd.at, odd.kind)).collect::<Vec<_>>();
        assert_eq!(odd("\ta"), [(0, SpecialChar::Indent)]);
        assert_eq!(odd("a:\n  \t\tb"), [(5, SpecialChar::Indent)]);
        assert_eq!(odd("a:\tb"), []);
        assert_eq!(odd("- - \tb"), [(4, SpecialChar::Item)]);
        assert_eq!(odd("a\r\n- ?\tb\t"), [(6, SpecialChar::Item)]);
        assert_eq!(odd("---\t# c\n--- \t"), []);
        assert_eq!(odd("a\u{2028}é…"), [(1, SpecialChar::LineEnd('\u{2028}'))]);
    }

    #[test]
    fn control_characters_are_refused() {
        for (text, c) in
            [("a: \u{7}", '\u{7}'), ("é\u{7F}", '\u{7F}'), ("\u{86}", '\u{86}'), ("a\u{FFFF}", '\u{FFFF}')]
        {
            assert_eq!(scan(text, 10), Err((10 + text.find(c).unwrap(), c)));
        }
        assert_eq!(scan("a\u{FEFF}\u{E000}\u{FFFD}\u{10000}", 0), Ok(Vec::new()));
    }
}
