//! JSON text to a value tree, strict as Go's decoder is.

use std::borrow::Cow;

use super::budget::{Budget, Marks};
use super::tree::{Arena, Entry, NO_NODE, NodeId, NodeKind, Span, Style, Tree, mark_shadowed};
use super::{MAX_DEPTH, SyntaxError, Within};

/// A value that is not read.
pub(super) struct Unread {
    /// Why.
    pub(super) error: SyntaxError,
    /// Where it ends, in bytes from the beginning of the text, if that is known.
    pub(super) end: Option<usize>,
}

/// Reads the value that begins at byte `start` of `text`. Gives the end too: another value may follow.
///
/// # Errors
/// What is wrong; with the end of the value where it is only too large.
pub(super) fn read<'t>(
    text: &'t str,
    start: usize,
    within: Option<&Within>,
) -> Result<(Tree<'t>, usize), Box<Unread>> {
    let mut reader = Reader {
        text,
        at: start,
        budget: Budget::new(within),
        // Where the value ends is not known yet, so neither is how much room it takes.
        arena: Arena::default(),
        frames: Vec::new(),
        items: Vec::new(),
        entries: Vec::new(),
        too_large: None,
    };
    let root = reader.whole_value().map_err(|error| Unread { error, end: None })?;
    let end = reader.at;
    if let Some(span) = reader.too_large {
        return Err(Box::new(Unread { error: SyntaxError::number_too_large(span), end: Some(end) }));
    }
    match reader.budget.finish() {
        Some((span, too_large)) => {
            Err(Box::new(Unread { error: SyntaxError::too_large(span, too_large), end: Some(end) }))
        }
        None => Ok((reader.arena.finish(root), end)),
    }
}

struct Frame<'t> {
    map: bool,
    start: usize,
    base: usize,
    key: Option<(Cow<'t, str>, Span)>,
}

struct Reader<'t, 'w> {
    text: &'t str,
    at: usize,
    arena: Arena<'t>,
    frames: Vec<Frame<'t>>,
    items: Vec<NodeId>,
    entries: Vec<Entry<'t>>,
    budget: Budget<'w>,
    /// The first number that is JSON, and too large to be read: the values around it are read all the same, as by kubectl,
    /// which only then gives up.
    too_large: Option<Span>,
}

impl<'t> Reader<'t, '_> {
    /// The value that begins here, to its end.
    fn whole_value(&mut self) -> Result<NodeId, SyntaxError> {
        loop {
            // A value comes next.
            self.blanks();
            let begin = self.at;
            let Some(mut done) = self.value()? else { continue };
            // Hand it up until something is left open.
            loop {
                let Some(frame) = self.frames.last_mut() else { return Ok(done) };
                let key = frame.key.take();
                let was_over = self.budget.is_over();
                self.budget.add(1, Span::new(begin, self.at));
                match key {
                    _ if was_over => {}
                    _ if self.budget.is_over() => self.drop_object(),
                    Some((key, key_span)) => {
                        self.entries.push(Entry {
                            key,
                            key_span,
                            value: done,
                            shadowed: false,
                            merged: false,
                        });
                    }
                    None => self.items.push(done),
                }
                match self.after_value()? {
                    Some(closed) => done = closed,
                    None => break,
                }
            }
        }
    }

    /// Drops what was built of an object that is too large. What is left of it is only looked over.
    #[cold]
    fn drop_object(&mut self) {
        let (level, marks) = self.budget.dropped();
        self.arena.truncate(marks.nodes);
        self.items.truncate(marks.items);
        self.entries.truncate(marks.entries);
        for frame in self.frames.iter_mut().skip(level) {
            frame.base = if frame.map { marks.entries } else { marks.items };
        }
    }

    fn push(&mut self, kind: NodeKind<'t>, span: Span, style: Style) -> NodeId {
        if self.budget.is_over() { NO_NODE } else { self.arena.push(kind, span, style) }
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

    fn fail<T>(&self, message: &str) -> Result<T, SyntaxError> {
        if self.at == self.text.len()
            && let Some(frame) = self.frames.last()
        {
            return Err(SyntaxError::unclosed_bracket(self.text, frame.start));
        }
        Err(SyntaxError::new(self.here(), message))
    }

    /// A scalar or an empty collection; none where a collection was opened and its first value comes next.
    fn value(&mut self) -> Result<Option<NodeId>, SyntaxError> {
        let start = self.at;
        let kind = match self.peek() {
            Some(open @ (b'{' | b'[')) => return self.open(open == b'{'),
            Some(b'"') => {
                let text = self.string()?;
                if let Some(Frame { key: Some((key, _)), .. }) = self.frames.last() {
                    self.budget.note(key, &text);
                }
                let id = self.push(NodeKind::Str(text), Span::new(start, self.at), Style::DoubleQuoted);
                return Ok(Some(id));
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", NodeKind::Bool(true))?,
            Some(b'f') => self.word("false", NodeKind::Bool(false))?,
            Some(b'n') => self.word("null", NodeKind::Null)?,
            Some(b']') if !self.frames.is_empty() => {
                return self.fail("JSON allows no comma before the closing bracket");
            }
            _ => return self.fail("a JSON value is expected here"),
        };
        Ok(Some(self.push(kind, Span::new(start, self.at), Style::Plain)))
    }

    fn open(&mut self, map: bool) -> Result<Option<NodeId>, SyntaxError> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(SyntaxError::too_deep(self.here()));
        }
        let marks = Marks { nodes: self.arena.len(), items: self.items.len(), entries: self.entries.len() };
        let was_over = self.budget.is_over();
        let key = self.frames.last().and_then(|frame| frame.key.as_ref()).map(|(key, _)| key.as_ref());
        self.budget.open(map, key, marks, Span::new(self.at, self.at + 1));
        let base = if map { marks.entries } else { marks.items };
        self.frames.push(Frame { map, start: self.at, base, key: None });
        if !was_over && self.budget.is_over() {
            self.drop_object();
        }
        self.at += 1;
        self.blanks();
        match (map, self.peek()) {
            (true, Some(b'}')) | (false, Some(b']')) => Ok(self.close()),
            (true, _) => self.key().map(|()| None),
            (false, _) => Ok(None),
        }
    }

    fn close(&mut self) -> Option<NodeId> {
        let frame = self.frames.pop()?;
        self.at += 1;
        let span = Span::new(frame.start, self.at);
        let was_over = self.budget.is_over();
        let resumes = self.budget.close(span);
        if was_over {
            // An item of a list, so that the others keep their numbers.
            return Some(if resumes { self.push(NodeKind::Null, span, Style::Flow) } else { NO_NODE });
        }
        if self.budget.is_over() {
            self.drop_object();
            return Some(NO_NODE);
        }
        let kind = if frame.map {
            let mut entries: Vec<Entry<'t>> = self.entries.drain(frame.base..).collect();
            mark_shadowed(&mut entries);
            NodeKind::Map(entries)
        } else {
            NodeKind::Seq(self.items.drain(frame.base..).collect())
        };
        Some(self.push(kind, span, Style::Flow))
    }

    /// What follows a value in a collection: a comma (and, in an object, the next key), or the end.
    fn after_value(&mut self) -> Result<Option<NodeId>, SyntaxError> {
        self.blanks();
        let map = self.frames.last().is_some_and(|frame| frame.map);
        match (map, self.peek()) {
            (true, Some(b'}')) | (false, Some(b']')) => Ok(self.close()),
            (_, Some(b',')) => {
                self.at += 1;
                self.blanks();
                if map {
                    self.key()?;
                }
                Ok(None)
            }
            (true, _) => self.fail("`,` or `}` is expected here: a comma stands between two entries"),
            (false, _) => self.fail("`,` or `]` is expected here: a comma stands between two values"),
        }
    }

    fn key(&mut self) -> Result<(), SyntaxError> {
        match self.peek() {
            Some(b'"') => {}
            Some(b'}') => return self.fail("JSON allows no comma before the closing brace"),
            _ => return self.fail("a key in double quotes is expected here"),
        }
        let start = self.at;
        let key = self.string()?;
        let span = Span::new(start, self.at);
        self.blanks();
        if self.peek() != Some(b':') {
            return self.fail("`:` is expected after the key");
        }
        self.at += 1;
        if let Some(frame) = self.frames.last_mut() {
            frame.key = Some((key, span));
        }
        Ok(())
    }

    fn word(&mut self, word: &str, kind: NodeKind<'t>) -> Result<NodeKind<'t>, SyntaxError> {
        if !self.text[self.at..].starts_with(word) {
            return self.fail("a JSON value is expected here");
        }
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Result<NodeKind<'t>, SyntaxError> {
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

    fn some_digits(&mut self) -> Result<(), SyntaxError> {
        match self.peek() {
            Some(b'0'..=b'9') => self.digits(),
            _ => return self.fail("a digit is expected here"),
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'t, str>, SyntaxError> {
        let open = self.at;
        self.at += 1;
        let mut out = Cow::Borrowed("");
        loop {
            let start = self.at;
            let bytes = &self.text.as_bytes()[start..];
            let Some(length) = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | ..0x20)) else {
                return Err(SyntaxError::unclosed_quote(self.text, open));
            };
            let stop = bytes[length];
            self.at += length;
            let piece = &self.text[start..self.at];
            if out.is_empty() {
                out = Cow::Borrowed(piece);
            } else {
                out.to_mut().push_str(piece);
            }
            match stop {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => {
                    let c = self.escape()?;
                    out.to_mut().push(c);
                }
                b'\n' | b'\r' => return Err(SyntaxError::unclosed_quote(self.text, open)),
                _ => return self.fail("a control character must be written as an escape (`\\t`, `\\u0007`)"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
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
                return Err(SyntaxError::bad_escape(self.text, Span::new(start, start + 1 + escaped)));
            }
        };
        Ok(c)
    }

    /// `\uXXXX`, or two of them where the first begins a pair. Half a pair becomes U+FFFD, as in Go.
    fn unicode(&mut self, start: usize) -> Result<char, SyntaxError> {
        let unit = |at: usize| {
            let digits = self.text.get(at..at + 4)?;
            let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
            if hex { u32::from_str_radix(digits, 16).ok() } else { None }
        };
        let Some(first) = unit(start + 2) else {
            let end = self.text[start..].char_indices().nth(6).map_or(self.text.len(), |(n, _)| start + n);
            return Err(SyntaxError::bad_escape(self.text, Span::new(start, end)));
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
