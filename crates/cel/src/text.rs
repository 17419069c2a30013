//! The text of an expression: what is looked for in it before and after it is parsed. The parser of the crate `cel` keeps no
//! places, so that names are found again here.

use std::ops::Range;

use crate::CompileError;

/// The longest expression, in bytes.
pub(crate) const MAX_BYTES: usize = 4 * 1024;
/// How deep brackets may be nested.
const MAX_NESTING: usize = 32;

/// A token, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Word,
    Open,
    Close,
    Not,
    Minus,
    Other,
}

/// The tokens without strings' insides and comments.
fn tokens(text: &str) -> Vec<(Token, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let start = at;
        let token = match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += bytes[at..].iter().take_while(|byte| **byte != b'\n').count();
                continue;
            }
            b'"' | b'\'' => {
                at = string_end(bytes, at, is_raw(bytes, at));
                Token::Other
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                Token::Word
            }
            b'0'..=b'9' => {
                at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                Token::Other
            }
            byte => {
                at += 1;
                match byte {
                    b'(' | b'[' | b'{' => Token::Open,
                    b')' | b']' | b'}' => Token::Close,
                    b'!' if bytes.get(at) == Some(&b'=') => {
                        at += 1;
                        Token::Other
                    }
                    b'!' => Token::Not,
                    b'-' => Token::Minus,
                    byte if byte.is_ascii_whitespace() => continue,
                    _ => Token::Other,
                }
            }
        };
        out.push((token, start..at));
    }
    out
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Whether the quote at `at` follows an `r` of its own, alone or with a `b`.
fn is_raw(bytes: &[u8], at: usize) -> bool {
    let before = bytes[..at].iter().rev().take_while(|byte| is_word(**byte)).count();
    let prefix = &bytes[at - before..at];
    prefix.len() <= 2 && prefix.iter().any(|byte| matches!(byte, b'r' | b'R'))
}

/// One past the closing quote of the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize, raw: bool) -> usize {
    let quote = bytes[start];
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let closing = if triple { 3 } else { 1 };
    let mut at = start + closing;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'\\' && !raw {
            at += 2;
        } else if bytes[at..].starts_with(&[quote; 3][..closing]) {
            return at + closing;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// What makes a text not worth parsing, or not safe: its length, its nesting, and what the parser reads wrongly.
pub(crate) fn check(text: &str) -> Result<(), CompileError> {
    if text.len() > MAX_BYTES {
        let message = format!("the expression is longer than {MAX_BYTES} bytes");
        return Err(CompileError::new(0..0, message).help("split it into several rules"));
    }
    let tokens = tokens(text);
    if tokens.is_empty() {
        return Err(CompileError::new(0..0, "the expression is empty"));
    }
    let mut depth = 0_usize;
    for (token, range) in &tokens {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            let message = format!("brackets are nested more than {MAX_NESTING} deep");
            return Err(CompileError::new(range.clone(), message));
        }
    }
    // The parser drops one of two.
    let twice = tokens.windows(2).find(|pair| {
        matches!((pair[0].0, pair[1].0), (Token::Not, Token::Not))
            || (matches!((pair[0].0, pair[1].0), (Token::Minus, Token::Minus))
                && pair[0].1.end == pair[1].1.start
                && is_prefix(&tokens, pair[0].1.start))
    });
    if let Some(pair) = twice {
        let range = pair[0].1.start..pair[1].1.end;
        let sign = text.get(pair[0].1.clone()).unwrap_or_default();
        let message = format!("`{sign}` stands twice");
        return Err(CompileError::new(range, message).help("leave both out"));
    }
    Ok(())
}

/// Whether the token at `start` has no operand before it.
fn is_prefix(tokens: &[(Token, Range<usize>)], start: usize) -> bool {
    let before = tokens.iter().rev().find(|(_, range)| range.end <= start);
    before.is_none_or(|(token, _)| matches!(token, Token::Open | Token::Not | Token::Minus))
}

/// Where a name stands: the first word of it that does not follow a dot (`member` false), or the first that does.
pub(crate) fn find(text: &str, name: &str, member: bool) -> Range<usize> {
    let tokens = tokens(text);
    let is_it = |position: usize| {
        let (token, range) = &tokens[position];
        let follows_dot = position > 0
            && text.get(tokens[position - 1].1.clone()).is_some_and(|before| {
                before == "."
                    || (before == "?"
                        && position > 1
                        && text.get(tokens[position - 2].1.clone()) == Some("."))
            });
        *token == Token::Word && text.get(range.clone()) == Some(name) && follows_dot == member
    };
    (0..tokens.len())
        .find(|position| is_it(*position))
        .map_or(0..text.len(), |position| tokens[position].1.clone())
}

/// The byte at a line and a column, both from 1, the column in characters.
pub(crate) fn offset(text: &str, line: isize, column: isize) -> usize {
    let (Ok(line), Ok(column)) = (usize::try_from(line - 1), usize::try_from(column - 1)) else { return 0 };
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}
