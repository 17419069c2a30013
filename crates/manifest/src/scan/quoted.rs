//! Text in quotes.

use std::borrow::Cow;

use super::classes::{BLANK, BREAK, QUOTE, break_length, is};
use super::cursor::Cursor;
use super::fault::{Fault, FaultKind};
use super::plain::fold;

/// Reads the text whose quote opens at the cursor.
pub(super) fn scan<'t>(
    cursor: &mut Cursor<'t>,
    quote: u8,
    value: &mut Cow<'t, str>,
) -> Result<(), Box<Fault>> {
    let (text, bytes) = (cursor.text, cursor.text.as_bytes());
    let start = cursor.at;
    cursor.at += 1;
    // What has been changed on reading; what begins at `piece` is not among it.
    let mut out: Option<String> = None;
    let mut piece = cursor.at;
    loop {
        let mut at = cursor.at;
        while bytes.get(at).is_some_and(|b| !is(*b, QUOTE | BREAK)) {
            at += 1;
        }
        cursor.at = at;
        match bytes.get(at) {
            None => return Err(Fault::at(FaultKind::UnclosedQuote, start, start + 1)),
            Some(&b) if b == quote => {
                cursor.at += 1;
                if quote == b'"' || cursor.peek(0) != b'\'' {
                    break;
                }
                out.get_or_insert_default().push_str(&text[piece..cursor.at]);
                cursor.at += 1;
                piece = cursor.at;
            }
            Some(b'\\') if quote == b'"' => {
                let out = out.get_or_insert_default();
                out.push_str(&text[piece..at]);
                match break_length(bytes, at + 1) {
                    0 => out.push(escape(cursor, start)?),
                    length => {
                        cursor.at += 1;
                        cursor.next_line(length);
                        let from = cursor.at;
                        pass_lines(cursor, start)?;
                        fold(out, text, from, cursor.at, true);
                    }
                }
                piece = cursor.at;
            }
            Some(b) if is(*b, BREAK) && break_length(bytes, at) > 0 => {
                let mut end = at;
                while end > piece && is(bytes[end - 1], BLANK) {
                    end -= 1;
                }
                let out = out.get_or_insert_default();
                out.push_str(&text[piece..end]);
                pass_lines(cursor, start)?;
                fold(out, text, at, cursor.at, false);
                piece = cursor.at;
            }
            Some(_) => cursor.at += 1,
        }
    }
    let last = &text[piece..cursor.at - 1];
    *value = match out {
        None => Cow::Borrowed(last),
        Some(mut out) => {
            out.push_str(last);
            Cow::Owned(out)
        }
    };
    Ok(())
}

/// Passes over line ends and blanks. A line that looks like the end of a document ends it, even in quotes.
fn pass_lines(cursor: &mut Cursor<'_>, quote: usize) -> Result<(), Box<Fault>> {
    loop {
        cursor.skip_blanks();
        match break_length(cursor.bytes(), cursor.at) {
            0 if cursor.is_document_mark() => {
                return Err(Fault::at(FaultKind::UnclosedQuote, quote, quote + 1));
            }
            0 => return Ok(()),
            length => cursor.next_line(length),
        }
    }
}

/// The character that the escape at the cursor stands for.
fn escape(cursor: &mut Cursor<'_>, quote: usize) -> Result<char, Box<Fault>> {
    let at = cursor.at;
    let Some(c) = cursor.text[at + 1..].chars().next() else {
        return Err(Fault::at(FaultKind::UnclosedQuote, quote, quote + 1));
    };
    let digits = match c {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let code = at + 2;
    let given = cursor.bytes().iter().skip(code).take(digits).take_while(|b| b.is_ascii_hexdigit()).count();
    let known = match c {
        '0' => Some('\0'),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        't' | '\t' => Some('\t'),
        'n' => Some('\n'),
        'v' => Some('\u{B}'),
        'f' => Some('\u{C}'),
        'r' => Some('\r'),
        'e' => Some('\u{1B}'),
        ' ' | '"' | '\'' | '\\' => Some(c),
        'N' => Some('\u{85}'),
        '_' => Some('\u{A0}'),
        'L' => Some('\u{2028}'),
        'P' => Some('\u{2029}'),
        'x' | 'u' | 'U' if given == digits => {
            u32::from_str_radix(&cursor.text[code..code + digits], 16).ok().and_then(char::from_u32)
        }
        _ => None,
    };
    let end = at + 1 + c.len_utf8() + given;
    cursor.at = end;
    known.ok_or_else(|| Fault::at(FaultKind::Escape, at, end))
}
