//! The words of the annotation, and which of them may be rules or begin a day.

/// A piece of the text, with its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Token<'a> {
    Word(&'a str),
    Comma,
    Semicolon,
    /// Without its parentheses.
    Reason {
        text: &'a str,
        is_closed: bool,
    },
    Closing,
}

/// The token at `from` or behind it, with its place. Each byte is looked at once.
pub(super) fn next(text: &str, from: usize) -> Option<(Token<'_>, usize, usize)> {
    let rest = &text[from..];
    let start = from + (rest.len() - rest.trim_start().len());
    let rest = &text[start..];
    let one = |token| Some((token, start, start + 1));
    match rest.chars().next()? {
        ',' => one(Token::Comma),
        ';' => one(Token::Semicolon),
        ')' => one(Token::Closing),
        '(' => {
            let inner = &rest[1..];
            Some(match inner.find(')') {
                Some(end) => {
                    (Token::Reason { text: inner[..end].trim(), is_closed: true }, start, start + end + 2)
                }
                None => (Token::Reason { text: inner.trim(), is_closed: false }, start, text.len()),
            })
        }
        _ => {
            let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')');
            let word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
            Some((Token::Word(word), start, start + word.len()))
        }
    }
}

/// Whether a word has the shape of a rule or a category, known or not.
pub(super) fn has_shape_of_rule(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '*');
    word == "*" || (word.contains('/') && word.chars().all(fits))
}

/// The value of a word that begins a day (`until=...`, and what is near it): none in `until` alone. The second says
/// whether it is written as it must be.
pub(super) fn of_until(word: &str) -> Option<(Option<&str>, bool)> {
    let (start, rest) = (word.get(..5)?, word.get(5..)?);
    if !start.eq_ignore_ascii_case("until") {
        return None;
    }
    match rest.chars().next() {
        None => Some((None, false)),
        Some('=') => Some((Some(&rest[1..]), start == "until")),
        Some(':') => Some((Some(&rest[1..]), false)),
        Some(_) => None,
    }
}
