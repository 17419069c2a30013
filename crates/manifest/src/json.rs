//! JSON text to events and a value tree, strict as Go's decoder is.

use std::borrow::Cow;

use super::scan::Event;
use super::tree::{NodeKind, Span, Style, Tree};
use super::tree_builder::Builder;
use super::{SyntaxError, Within};

/// A value that is not read.
pub(super) struct Unread {
    /// Why.
    pub(super) error: SyntaxError,
    /// Where it ends, in bytes from the beginning of the text, if that is known.
    pub(super) end: Option<usize>,
}

/// How many bytes a small value has.
const SMALL: usize = 4096;

/// Reads the value that begins at byte `start` of `text`. Gives the end too: another value may follow.
///
/// # Errors
/// What is wrong; with the end of the value where it is only too large.
pub(super) fn read<'t>(
    text: &'t str,
    start: usize,
    within: Option<&Within<'_>>,
) -> Result<(Tree<'t>, usize), Box<Unread>> {
    let mut events = Events {
        text,
        at: start,
        span: Span::default(),
        open: Vec::new(),
        next: Next::Value,
        too_large: None,
    };
    // Where the value ends is not known yet: room for a small one.
    let mut builder = Builder::new(text, start, text.len().min(start + SMALL), within);
    loop {
        let step = match events.next() {
            Ok(Event::DocumentEnd) => break,
            Ok(event) => builder.step(event, events.span),
            Err(error) => Err(*error),
        };
        if let Err(error) = step {
            return Err(Box::new(Unread { error, end: None }));
        }
    }
    let end = events.at;
    let error = match (events.too_large, builder.finish()) {
        (None, Ok(Some(tree))) => return Ok((tree, end)),
        (Some(span), _) => SyntaxError::number_too_large(span),
        (None, Err(error)) => error,
        (None, Ok(None)) => SyntaxError::new(Span::new(end, end), "a JSON value is expected here"),
    };
    Err(Box::new(Unread { error, end: Some(end) }))
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// The first key or value, or the bracket that closes.
    First,
    /// A comma, or the bracket that closes.
    Comma,
}

/// The events of one value.
struct Events<'t> {
    text: &'t str,
    at: usize,
    /// Where the last event stands.
    span: Span,
    /// What is open: whether it is an object, and where it begins.
    open: Vec<(bool, usize)>,
    next: Next,
    /// The first number that is JSON, and too large to be read: the values around it are read all the same, as by kubectl,
    /// which only then gives up.
    too_large: Option<Span>,
}

impl<'t> Events<'t> {
    /// The next event.
    #[inline]
    fn next(&mut self) -> Result<Event<'t>, Box<SyntaxError>> {
        let next = self.next;
        let Some(&(map, _)) = self.open.last() else {
            // The value has ended, unless it has not begun.
            return if next == Next::Value { self.value() } else { Ok(Event::DocumentEnd) };
        };
        self.blanks();
        if next != Next::Value && self.peek() == Some(if map { b'}' } else { b']' }) {
            self.open.pop();
            self.next = Next::Comma;
            self.span = Span::new(self.at, self.at + 1);
            self.at += 1;
            return Ok(Event::End);
        }
        if next == Next::Comma {
            match (self.peek(), map) {
                (Some(b','), _) => self.at += 1,
                (_, true) => {
                    return self.fail("`,` or `}` is expected here: entries are separated by commas");
                }
                (_, false) => {
                    return self.fail("`,` or `]` is expected here: values are separated by commas");
                }
            }
            self.blanks();
        }
        if map && next != Next::Value { self.key() } else { self.value() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The character here, for messages.
    fn here(&self) -> Span {
        Span::new(self.at, self.at + self.text[self.at..].chars().next().map_or(0, char::len_utf8))
    }

    #[cold]
    fn fail<T>(&self, message: &str) -> Result<T, Box<SyntaxError>> {
        match self.open.last() {
            Some((_, start)) if self.at == self.text.len() => {
                Err(Box::new(SyntaxError::unclosed_bracket(self.text, *start)))
            }
            _ => Err(Box::new(SyntaxError::new(self.here(), message))),
        }
    }

    /// A scalar, or the beginning of a list or an object.
    fn value(&mut self) -> Result<Event<'t>, Box<SyntaxError>> {
        let start = self.at;
        self.next = Next::Comma;
        let event = match self.peek() {
            Some(open @ (b'{' | b'[')) => {
                self.open.push((open == b'{', start));
                self.next = Next::First;
                self.at += 1;
                match open {
                    b'{' => Event::MapStart { flow: true, anchor: 0 },
                    _ => Event::SeqStart { flow: true, anchor: 0 },
                }
            }
            Some(b'"') => self.text_event()?,
            Some(b'-' | b'0'..=b'9') => Event::Value(self.number()?),
            Some(b't') => self.word("true", NodeKind::Bool(true))?,
            Some(b'f') => self.word("false", NodeKind::Bool(false))?,
            Some(b'n') => self.word("null", NodeKind::Null)?,
            Some(b']') if !self.open.is_empty() => {
                return self.fail("JSON allows no comma before the closing bracket");
            }
            _ => return self.fail("a JSON value is expected here"),
        };
        self.span = Span::new(start, self.at);
        Ok(event)
    }

    #[inline]
    fn text_event(&mut self) -> Result<Event<'t>, Box<SyntaxError>> {
        Ok(Event::Scalar { text: self.string()?, style: Style::DoubleQuoted, anchor: 0, tag: None })
    }

    /// A key, with the colon behind it.
    fn key(&mut self) -> Result<Event<'t>, Box<SyntaxError>> {
        match self.peek() {
            Some(b'"') => {}
            Some(b'}') => return self.fail("JSON allows no comma before the closing brace"),
            _ => return self.fail("a key in double quotes is expected here"),
        }
        let start = self.at;
        let key = self.text_event()?;
        self.span = Span::new(start, self.at);
        self.blanks();
        if self.peek() != Some(b':') {
            return self.fail("`:` is expected after the key");
        }
        self.at += 1;
        self.next = Next::Value;
        Ok(key)
    }

    fn word(&mut self, word: &str, kind: NodeKind<'t>) -> Result<Event<'t>, Box<SyntaxError>> {
        if !self.text[self.at..].starts_with(word) {
            return self.fail("a JSON value is expected here");
        }
        self.at += word.len();
        Ok(Event::Value(kind))
    }

    fn number(&mut self) -> Result<NodeKind<'t>, Box<SyntaxError>> {
        let start = self.at;
        let mut whole = true;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.fail("a digit is expected here"),
        }
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            whole = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        let text = &self.text[start..self.at];
        if whole {
            if let Ok(int) = text.parse() {
                return Ok(NodeKind::Int(int));
            }
            if let Ok(uint) = text.parse() {
                return Ok(NodeKind::Uint(uint));
            }
        }
        match text.parse() {
            Ok(float) if f64::is_finite(float) => Ok(NodeKind::Float(float)),
            _ => {
                self.too_large.get_or_insert(Span::new(start, self.at));
                Ok(NodeKind::Null)
            }
        }
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), Box<SyntaxError>> {
        match self.peek() {
            Some(b'0'..=b'9') => self.digits(),
            _ => return self.fail("a digit is expected here"),
        }
        Ok(())
    }

    #[inline]
    fn string(&mut self) -> Result<Cow<'t, str>, Box<SyntaxError>> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        while bytes.get(at).is_some_and(|b| !matches!(b, b'"' | b'\\' | ..0x20)) {
            at += 1;
        }
        if bytes.get(at) != Some(&b'"') {
            return self.escaped_string(at);
        }
        self.at = at + 1;
        Ok(Cow::Borrowed(&self.text[start..at]))
    }

    /// A string with something else than text at `at`.
    #[cold]
    fn escaped_string(&mut self, mut at: usize) -> Result<Cow<'t, str>, Box<SyntaxError>> {
        let (open, bytes) = (self.at, self.text.as_bytes());
        let mut out = String::new();
        self.at += 1;
        loop {
            out.push_str(&self.text[self.at..at]);
            self.at = at;
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => out.push(self.escape()?),
                None | Some(b'\n' | b'\r') => {
                    return Err(Box::new(SyntaxError::unclosed_quote(self.text, open)));
                }
                _ => return self.fail("a control character must be written as an escape (`\\t`, `\\u0007`)"),
            }
            at = self.at;
            at += bytes[at..]
                .iter()
                .position(|b| matches!(b, b'"' | b'\\' | ..0x20))
                .unwrap_or(bytes.len() - at);
        }
        self.at += 1;
        Ok(Cow::Owned(out))
    }

    fn escape(&mut self) -> Result<char, Box<SyntaxError>> {
        let start = self.at;
        self.at += 2;
        let c = match self.text.as_bytes().get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            _ => {
                let escaped = self.text[start + 1..].chars().next().map_or(0, char::len_utf8);
                return Err(Box::new(SyntaxError::bad_escape(
                    self.text,
                    Span::new(start, start + 1 + escaped),
                )));
            }
        };
        Ok(c)
    }

    /// `\uXXXX`, or two of them where the first begins a pair. Half a pair becomes U+FFFD, as in Go.
    fn unicode(&mut self, start: usize) -> Result<char, Box<SyntaxError>> {
        let unit = |at: usize| {
            let digits = self.text.get(at..at + 4)?;
            let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
            if hex { u32::from_str_radix(digits, 16).ok() } else { None }
        };
        let Some(first) = unit(start + 2) else {
            let end = self.text[start..].char_indices().nth(6).map_or(self.text.len(), |(n, _)| start + n);
            return Err(Box::new(SyntaxError::bad_escape(self.text, Span::new(start, end))));
        };
        self.at = start + 6;
        if !(0xD800..0xE000).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or('\u{FFFD}'));
        }
        if first < 0xDC00
            && self.text[self.at..].starts_with("\\u")
            && let Some(second @ 0xDC00..0xE000) = unit(self.at + 2)
        {
            self.at += 6;
            let c = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            return Ok(char::from_u32(c).unwrap_or('\u{FFFD}'));
        }
        Ok('\u{FFFD}')
    }
}
