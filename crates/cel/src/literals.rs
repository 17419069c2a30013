//! Literals: what strings, bytes and numbers say.

use std::ops::Range;

use crate::token::Token;
use crate::value::string;
use crate::{CompileError, Value};

/// What stands before the quote of a string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix {
    pub(crate) raw: bool,
    pub(crate) bytes: bool,
}

/// The prefix that a word is: `r`, `b` or `br`, in any case.
pub(crate) fn prefix(word: &[u8]) -> Option<Prefix> {
    match word {
        [b'r' | b'R'] => Some(Prefix { raw: true, bytes: false }),
        [b'b' | b'B'] => Some(Prefix { raw: false, bytes: true }),
        [b'b' | b'B', b'r' | b'R'] => Some(Prefix { raw: true, bytes: true }),
        _ => None,
    }
}

fn quotes(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    if bytes[start..].starts_with(&[quote; 3]) { 3 } else { 1 }
}

/// One past the closing quote of the string whose quote is at `start`.
pub(crate) fn end(text: &str, start: usize, raw: bool) -> Result<usize, CompileError> {
    let bytes = text.as_bytes();
    let quote = bytes[start];
    let count = quotes(bytes, start);
    let mut at = start + count;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'\\' && !raw {
            at += 2;
        } else if bytes[at..].starts_with(&[quote; 3][..count]) {
            return Ok(at + count);
        } else if count == 1 && matches!(byte, b'\n' | b'\r') {
            break;
        } else {
            at += 1;
        }
    }
    let end = start + text[start..].lines().next().map_or(0, str::len);
    Err(CompileError::new(start..end, "the string has no end"))
}

/// The value of a literal that stands at `range`.
pub(crate) fn value(
    text: &str,
    token: Token,
    range: Range<usize>,
    negative: bool,
) -> Result<Value, CompileError> {
    let written = &text[range.clone()];
    match token {
        Token::Text | Token::Bytes => quoted(text, range),
        Token::Float => {
            let number: f64 =
                written.parse().map_err(|_| CompileError::new(range.clone(), "not a number"))?;
            if !number.is_finite() {
                return Err(CompileError::new(range, "the number is too large for a double"));
            }
            Ok(Value::Float(if negative { -number } else { number }))
        }
        _ => {
            let unsigned = token == Token::Uint;
            let digits = written.trim_end_matches(['u', 'U']);
            let number = match digits.strip_prefix("0x") {
                Some(hex) => i128::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            let number = number.ok().map(|number| if negative { -number } else { number });
            let value = if unsigned {
                number.and_then(|number| u64::try_from(number).ok()).map(Value::UInt)
            } else {
                number.and_then(|number| i64::try_from(number).ok()).map(Value::Int)
            };
            let name = if unsigned { "a uint" } else { "an int" };
            value.ok_or_else(|| CompileError::new(range, format!("the number is out of the range of {name}")))
        }
    }
}

/// What an escape stands for.
enum Escaped {
    Char(char),
    Byte(u8),
}

fn quoted(text: &str, range: Range<usize>) -> Result<Value, CompileError> {
    let bytes = text.as_bytes();
    let word = bytes[range.clone()].iter().take_while(|byte| !matches!(byte, b'"' | b'\'')).count();
    let Prefix { raw, bytes: is_bytes } =
        prefix(&bytes[range.start..range.start + word]).unwrap_or(Prefix { raw: false, bytes: false });
    let start = range.start + word;
    let count = quotes(bytes, start);
    let inner = start + count..range.end - count;
    let mut out: Vec<u8> = Vec::with_capacity(inner.len());
    let mut at = inner.start;
    while let Some(c) = text[at..inner.end].chars().next() {
        if c != '\\' || raw {
            // As API servers read line ends.
            if c == '\r' {
                out.push(b'\n');
                at += if text[at..inner.end].starts_with("\r\n") { 2 } else { 1 };
                continue;
            }
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            at += c.len_utf8();
            continue;
        }
        let (escaped, length) =
            escape(&text[at + 1..inner.end], is_bytes).map_err(|(length, message, help)| {
                let end = (at + 1 + length).min(inner.end);
                CompileError::new(at..end, message).help(help)
            })?;
        match escaped {
            Escaped::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Escaped::Byte(byte) => out.push(byte),
        }
        at += 1 + length;
    }
    if is_bytes {
        return Ok(Value::Bytes(out.into()));
    }
    // Whole characters alone were put into it.
    Ok(string(String::from_utf8_lossy(&out).into_owned()))
}

/// What the escape behind a backslash says, and how long it is; else how long it is, what is wrong with it and what to do.
fn escape(rest: &str, is_bytes: bool) -> Result<(Escaped, usize), (usize, String, String)> {
    let Some(c) = rest.chars().next() else {
        return Err((0, "the escape has no end".to_owned(), r"write \\ for a backslash".to_owned()));
    };
    let plain = match c {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '?' | '"' | '\'' | '`' => c,
        _ => return numbered(rest, c, is_bytes),
    };
    Ok((Escaped::Char(plain), 1))
}

fn numbered(rest: &str, c: char, is_bytes: bool) -> Result<(Escaped, usize), (usize, String, String)> {
    let (start, digits, radix) = match c {
        'x' | 'X' => (1, 2, 16),
        'u' if !is_bytes => (1, 4, 16),
        'U' if !is_bytes => (1, 8, 16),
        '0'..='3' => (0, 3, 8),
        _ => {
            let help = format!(r"write \\{c} for a backslash and {c}, or r'…' for a text without escapes");
            return Err((c.len_utf8(), format!(r"`\{c}` is not an escape"), help));
        }
    };
    let written = rest.get(start..start + digits).unwrap_or_default();
    let is_number = !written.is_empty() && written.chars().all(|c| c.is_digit(radix));
    let Some(number) = is_number.then(|| u32::from_str_radix(written, radix).ok()).flatten() else {
        let kind = if radix == 8 { "octal" } else { "hexadecimal" };
        let message = format!(r"`\{c}` needs {digits} {kind} digits");
        return Err((c.len_utf8(), message, r"write \\ for a backslash".to_owned()));
    };
    let length = start + digits;
    if is_bytes {
        return Ok((Escaped::Byte(u8::try_from(number).unwrap_or(u8::MAX)), length));
    }
    match char::from_u32(number) {
        Some(c) => Ok((Escaped::Char(c), length)),
        None => {
            let message = format!(r"`\{}` is not a character", &rest[..length]);
            let help = if (0xd800..0xe000).contains(&number) {
                r"it is half of a pair in UTF-16: write the character itself, or \U with its 8 digits"
            } else {
                "the last one is \\U0010ffff"
            };
            Err((length, message, help.to_owned()))
        }
    }
}
