//! What bytes mean to the scanner, by table.

/// A space or a tab.
pub(super) const BLANK: u8 = 1;
/// Ends a line, or begins a character that may (U+0085, U+2028, U+2029).
pub(super) const BREAK: u8 = 1 << 1;
/// May end a run of text without quotes.
pub(super) const PLAIN_STOP: u8 = 1 << 2;
/// Ends a run of text without quotes between brackets.
pub(super) const FLOW_STOP: u8 = 1 << 3;
/// Stands in the name of an anchor: a letter, a digit, `-` or `_`.
pub(super) const WORD: u8 = 1 << 4;
/// Stands in a tag.
pub(super) const URI: u8 = 1 << 5;
/// Begins no text without quotes, whatever follows.
pub(super) const INDICATOR: u8 = 1 << 6;

/// Opens or closes a text in quotes, or begins an escape in one.
pub(super) const QUOTE: u8 = 1 << 7;

const TABLE: [u8; 256] = {
    let mut table = [0_u8; 256];
    set(&mut table, b" \t", BLANK | PLAIN_STOP);
    set(&mut table, b"\n\r\xC2\xE2", BREAK | PLAIN_STOP);
    set(&mut table, b":", PLAIN_STOP);
    set(&mut table, b",?[]{}", FLOW_STOP);
    set(&mut table, b"\"'\\", QUOTE);
    set(&mut table, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-", WORD | URI);
    set(&mut table, b";/?:@&=+$,.!~*'()[]%", URI);
    set(&mut table, b",[]{}#&*!|>'\"%@`", INDICATOR);
    table
};

const fn set(table: &mut [u8; 256], bytes: &[u8], class: u8) {
    let mut n = 0;
    while n < bytes.len() {
        table[bytes[n] as usize] |= class;
        n += 1;
    }
}

/// Whether the byte is of one of these classes.
#[inline(always)]
pub(super) fn is(byte: u8, classes: u8) -> bool {
    TABLE[usize::from(byte)] & classes != 0
}

/// How many bytes the line end has that stands at `at`; 0 where none does. kubectl reads a file line by line and puts `\n`
/// behind each, so a `\r` before `\r\n` is the first half of it.
#[inline]
pub(super) fn break_length(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'\n') => 1,
        Some(b'\r') => match bytes.get(at + 1..) {
            Some([b'\r', b'\n', ..]) => 3,
            Some([b'\n', ..]) => 2,
            _ => 1,
        },
        Some(0xC2) if bytes.get(at + 1) == Some(&0x85) => 2,
        Some(0xE2) if matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xA8 | 0xA9])) => 3,
        _ => 0,
    }
}

/// What a line end of so many bytes at `at` is in a text: U+2028 and U+2029 stay what they are.
pub(super) fn break_text(text: &str, at: usize, length: usize) -> &str {
    let line_end = &text[at..at + length];
    if matches!(line_end, "\u{2028}" | "\u{2029}") { line_end } else { "\n" }
}
