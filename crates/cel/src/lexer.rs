//! From text to tokens.

use std::ops::Range;

use crate::CompileError;
use crate::literals;
use crate::token::Token;

/// The longest expression, in bytes.
pub(crate) const MAX_BYTES: usize = 4 * 1024;

/// The signs, the longer ones first.
const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "<", ">", "+", "-",
    "*", "/", "%", "!",
];

pub(crate) fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// The tokens of a text, with an [`Token::End`] behind them.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, CompileError> {
    if text.len() > MAX_BYTES {
        let message = format!("the expression is longer than {MAX_BYTES} bytes");
        return Err(CompileError::new(0..0, message).help("split it into several rules"));
    }
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let start = at;
        let rest = bytes.get(at..).unwrap_or_default();
        let token = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' => {
                at += 1;
                continue;
            }
            b'/' if rest.starts_with(b"//") => {
                at += rest.iter().take_while(|byte| **byte != b'\n').count();
                continue;
            }
            b'"' | b'\'' => {
                at = literals::end(text, at, false)?;
                Token::Text
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let word = rest.iter().take_while(|byte| is_word(**byte)).count();
                match (literals::prefix(&rest[..word]), rest.get(word)) {
                    (Some(prefix), Some(b'"' | b'\'')) => {
                        at = literals::end(text, at + word, prefix.raw)?;
                        if prefix.bytes { Token::Bytes } else { Token::Text }
                    }
                    _ => {
                        at += word;
                        Token::Word
                    }
                }
            }
            b'0'..=b'9' => number(rest, &mut at),
            b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => number(rest, &mut at),
            b'`' => {
                let length = 1 + text[at + 1..].find('`').map_or(0, |end| end + 1);
                let name = text[at..at + length].trim_matches('`');
                let error =
                    CompileError::new(at..at + length, "names in backticks are not known to API servers");
                return Err(error.help(format!("write a key: object.metadata.labels['{name}']")));
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(sign.as_bytes())) {
                Some(sign) => {
                    at += sign.len();
                    Token::Sign
                }
                None => return Err(stray(text, at)),
            },
        };
        out.push((token, start..at));
    }
    if out.is_empty() {
        return Err(CompileError::new(0..0, "the expression is empty"));
    }
    out.push((Token::End, text.len()..text.len()));
    Ok(out)
}

/// A character that begins no token.
fn stray(text: &str, at: usize) -> CompileError {
    let c = text[at..].chars().next().unwrap_or(' ');
    let error = CompileError::new(at..at + c.len_utf8(), format!("`{c}` is not CEL"));
    match c {
        '=' => error.help("`==` compares"),
        '&' => error.help("`&&` joins conditions"),
        '|' => error.help("`||` joins conditions"),
        '’' | '‘' | '“' | '”' => error.help("write straight quotes: 'text'"),
        _ => error,
    }
}

/// A number that begins here.
fn number(rest: &[u8], at: &mut usize) -> Token {
    let digits = |from: usize| rest.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let mut length;
    let mut token = Token::Int;
    if rest.starts_with(b"0x") && rest.get(2).is_some_and(u8::is_ascii_hexdigit) {
        length = 2 + rest.iter().skip(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
    } else {
        length = digits(0);
        if rest.get(length) == Some(&b'.') && digits(length + 1) > 0 {
            length += 1 + digits(length + 1);
            token = Token::Float;
        }
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                length += 1 + sign + exponent;
                token = Token::Float;
            }
        }
    }
    if token == Token::Int && matches!(rest.get(length), Some(b'u' | b'U')) {
        length += 1;
        token = Token::Uint;
    }
    *at += length;
    token
}
