//! Text to tokens: what begins where, how far lines are indented, and what may be a key.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::candidate::{Candidate, KEY_LENGTH};
use super::classes::{BLANK, BREAK, INDICATOR, break_length, is};
use super::cursor::Cursor;
use super::fault::{Fault, FaultKind};
use super::token::{Kind, Token};
use super::{block_scalar, directive, plain, properties, quoted};
use crate::tree::{Span, Style};

#[derive(Debug)]
pub(super) struct Scanner<'t> {
    pub(super) cursor: Cursor<'t>,
    /// The last token that was handed out. It is filled in place, since most are looked at once and passed on.
    pub(super) token: Token<'t>,
    /// One more than the column of the list or object that lines belong to; 0 outside of any.
    floor: usize,
    /// The same of those around it.
    floors: Vec<usize>,
    /// The candidate of each level of brackets; the first is that outside of any.
    candidates: Vec<Candidate>,
    /// Whether a key may begin here.
    key_allowed: bool,
    /// How many tokens have been handed out.
    given: usize,
    /// Tokens that wait for the first of them to be known for a key or none, each with the level of its candidate.
    queue: VecDeque<(Kind, Token<'t>, Option<usize>)>,
    /// What follows the beginning of a list or object at the same place, which the token stands for then.
    second: Option<Kind>,
    /// The level of the candidate that the last token has begun.
    begun: Option<usize>,
    /// From where on the text is behind the document's value, and only looked over.
    tail: usize,
}

type Scanned<T> = Result<T, Box<Fault>>;

impl<'t> Scanner<'t> {
    /// A scanner of the document that begins at byte `start` of `text` and ends with it.
    pub(super) fn new(text: &'t str, start: usize) -> Self {
        Self {
            cursor: Cursor::new(text, start),
            token: Token::default(),
            floor: 0,
            floors: Vec::with_capacity(16),
            candidates: vec![Candidate::default()],
            key_allowed: true,
            given: 0,
            queue: VecDeque::new(),
            second: None,
            begun: None,
            tail: usize::MAX,
        }
    }

    /// The next token. Behind the last, it is the end of the stream again and again.
    #[inline]
    pub(super) fn next(&mut self) -> Scanned<Kind> {
        if self.queue.is_empty() {
            let kind = self.fetch()?;
            if self.begun.is_none() {
                self.given += 1;
                return Ok(kind);
            }
            self.hold(kind);
        }
        self.next_held()
    }

    fn hold(&mut self, kind: Kind) {
        let token = Token { span: self.token.span, text: std::mem::take(&mut self.token.text) };
        self.queue.push_back((kind, token, self.begun.take()));
    }

    /// The first token that is held back, once it is known whether it is a key.
    #[cold]
    fn next_held(&mut self) -> Scanned<Kind> {
        while let Some((_, _, Some(level))) = self.queue.front() {
            let level = *level;
            let is_its_own = self.candidates.get(level).is_some_and(|c| c.token == self.given);
            if !is_its_own || !self.is_still_possible(level)? {
                break;
            }
            // What comes second is in the same place as what comes first.
            let kind = self.fetch()?;
            match self.second.take() {
                Some(second) => {
                    self.queue.push_back((
                        kind,
                        Token { span: self.token.span, text: Cow::Borrowed("") },
                        None,
                    ));
                    self.hold(second);
                }
                None => self.hold(kind),
            }
        }
        self.given += 1;
        let Some((kind, token, _)) = self.queue.pop_front() else { return Ok(Kind::StreamEnd) };
        self.token = token;
        Ok(kind)
    }

    /// The first token behind the document's value. It is not read, but what stands on its line is looked at as far as
    /// it may be a key.
    pub(super) fn next_behind(&mut self) -> Scanned<Kind> {
        self.tail = self.cursor.at;
        let kind = self.next()?;
        let span = self.token.span;
        // That of the value, or of this token: not of one that was looked at beyond it.
        let waits = |c: &Candidate, given| c.is_collection && !c.is_forgotten && c.token < given;
        while waits(&self.candidates[0], self.given) && self.is_still_possible(0)? {
            self.fetch()?;
            (self.begun, self.second) = (None, None);
        }
        self.token.span = span;
        Ok(kind)
    }

    fn is_behind(&self) -> bool {
        self.tail != usize::MAX
    }

    #[inline]
    fn is_flow(&self) -> bool {
        self.candidates.len() > 1
    }

    #[inline]
    fn candidate(&mut self) -> &mut Candidate {
        let last = self.candidates.len() - 1;
        &mut self.candidates[last]
    }

    /// Whether what may be a key can still be one here.
    fn is_still_possible(&mut self, level: usize) -> Scanned<bool> {
        let candidate = &mut self.candidates[level];
        if !candidate.is_possible {
            return Ok(false);
        }
        let at = self.cursor.at;
        if candidate.line == self.cursor.line && candidate.reaches(at, &mut self.cursor) {
            return Ok(true);
        }
        candidate.is_possible = false;
        if candidate.is_required { Err(missing_colon(candidate.at)) } else { Ok(false) }
    }

    /// What begins here, as a key; none where none may.
    #[inline]
    fn begin_key(&mut self) -> Scanned<Option<Candidate>> {
        if !self.key_allowed {
            return Ok(None);
        }
        self.end_key()?;
        self.candidate().was_begun = true;
        let is_flow = self.is_flow();
        let column = if is_flow { 0 } else { self.cursor.column() };
        Ok(Some(Candidate {
            is_possible: true,
            was_begun: true,
            is_required: !is_flow && self.floor == column + 1,
            is_collection: false,
            is_forgotten: false,
            token: self.given + self.queue.len(),
            at: self.cursor.at,
            line: self.cursor.line,
            column,
            limit: self.cursor.at + KEY_LENGTH,
            counted: self.cursor.at,
        }))
    }

    /// Waits for the `:` that makes a key of the token that begins here.
    fn await_colon(&mut self) -> Scanned<()> {
        if let Some(candidate) = self.begin_key()? {
            self.begun = Some(self.candidates.len() - 1);
            *self.candidate() = candidate;
        }
        self.key_allowed = false;
        Ok(())
    }

    /// What may have been a key is none.
    #[inline]
    fn end_key(&mut self) -> Scanned<()> {
        let candidate = self.candidate();
        if std::mem::take(&mut candidate.is_possible) && candidate.is_required {
            return Err(missing_colon(candidate.at));
        }
        Ok(())
    }

    /// Enters a list or object by indentation, if one begins in this column.
    #[inline]
    fn indent(&mut self, column: usize) -> bool {
        if self.is_flow() || self.floor > column {
            return false;
        }
        self.floors.push(self.floor);
        self.floor = column + 1;
        true
    }

    /// The next token of the text.
    fn fetch(&mut self) -> Scanned<Kind> {
        let from = self.cursor.at;
        let kind = self.fetch_token();
        self.cursor.note(1 + self.cursor.at - from);
        kind
    }

    fn fetch_token(&mut self) -> Scanned<Kind> {
        if let Some(kind) = self.second.take() {
            return Ok(kind);
        }
        self.skip_to_token();
        let at = self.cursor.at;
        let byte = self.cursor.peek(0);
        let mut ends_all = self.cursor.is_end();
        if at == self.cursor.line {
            ends_all |= byte == b'%' || self.cursor.is_document_mark();
        }
        if self.floor > 0 && !self.is_flow() && (ends_all || self.floor > self.cursor.column() + 1) {
            self.floor = self.floors.pop().unwrap_or_default();
            self.token.span = Span::new(at, at);
            return Ok(Kind::BlockEnd);
        }
        if ends_all {
            return self.mark();
        }
        match byte {
            b'"' | b'\'' => {
                let candidate = self.begin_key()?;
                quoted::scan(&mut self.cursor, byte, &mut self.token.text)?;
                self.token.span = Span::new(at, self.cursor.at);
                let style = if byte == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
                self.scalar(style, candidate, false)
            }
            b'[' | b'{' => {
                if let Some(candidate) = self.begin_key()? {
                    *self.candidate() = Candidate { is_collection: true, ..candidate };
                }
                self.candidates.push(Candidate::default());
                self.sign(if byte == b'[' { Kind::FlowSeqStart } else { Kind::FlowMapStart }, true)
            }
            b']' | b'}' => {
                self.end_key()?;
                if self.is_flow() {
                    let inner = self.candidates.pop();
                    self.candidate().is_forgotten = inner.is_some_and(|inner| !inner.was_begun);
                }
                self.sign(if byte == b']' { Kind::FlowSeqEnd } else { Kind::FlowMapEnd }, false)
            }
            b',' => {
                self.end_key()?;
                self.sign(Kind::Comma, true)
            }
            b'-' if self.cursor.is_blank_or_end(at + 1) => {
                self.mark_in_block(Kind::Dash, Kind::BlockSeqStart, FaultKind::Dash)
            }
            b'?' if self.is_flow() || self.cursor.is_blank_or_end(at + 1) => {
                self.mark_in_block(Kind::Key, Kind::BlockMapStart, FaultKind::KeyMark)
            }
            b':' if self.is_flow() || self.cursor.is_blank_or_end(at + 1) => self.colon(),
            b'*' | b'&' => {
                self.await_colon()?;
                self.token.text = Cow::Borrowed(properties::scan_name(&mut self.cursor)?);
                self.token.span = Span::new(at, self.cursor.at);
                Ok(if byte == b'&' { Kind::Anchor } else { Kind::Alias })
            }
            b'!' => {
                self.await_colon()?;
                properties::scan_tag(&mut self.cursor)?;
                self.token.span = Span::new(at, self.cursor.at);
                Ok(Kind::Tag)
            }
            b'|' | b'>' if !self.is_flow() => {
                self.end_key()?;
                self.key_allowed = true;
                let end = block_scalar::scan(&mut self.cursor, self.floor, &mut self.token.text)?;
                self.token.span = Span::new(at, end);
                Ok(Kind::Scalar(if byte == b'|' { Style::Literal } else { Style::Folded }))
            }
            b'\t' => Err(Fault::at(FaultKind::Tab, at, at + 1)),
            b if is(b, INDICATOR) => Err(Fault::at(FaultKind::Character(char::from(b)), at, at + 1)),
            _ => {
                let candidate = self.begin_key()?;
                let is_flow = self.is_flow();
                let (end, ended_line) =
                    plain::scan(&mut self.cursor, is_flow, self.floor, &mut self.token.text)?;
                self.token.span = Span::new(at, end);
                self.scalar(Style::Plain, candidate, ended_line)
            }
        }
    }

    #[inline]
    fn sign(&mut self, kind: Kind, key_allowed: bool) -> Scanned<Kind> {
        self.key_allowed = key_allowed;
        self.token.span = Span::new(self.cursor.at, self.cursor.at + 1);
        self.cursor.at += 1;
        Ok(kind)
    }

    /// Hands out what begins here first, if anything does.
    #[inline]
    fn after(&mut self, begins: Option<Kind>, kind: Kind) -> Kind {
        match begins {
            Some(begins) => {
                self.second = Some(kind);
                begins
            }
            None => kind,
        }
    }

    /// A `-` or a `?`.
    fn mark_in_block(&mut self, kind: Kind, begins: Kind, fault: FaultKind) -> Scanned<Kind> {
        let at = self.cursor.at;
        if !self.is_flow() && !self.key_allowed {
            return Err(Fault::at(fault, at, at + 1));
        }
        self.end_key()?;
        let column = self.cursor.column();
        let begins = self.indent(column).then_some(begins);
        let kind = self.sign(kind, kind == Kind::Dash || !self.is_flow())?;
        Ok(self.after(begins, kind))
    }

    /// A `:` that stands apart from what may be its key.
    fn colon(&mut self) -> Scanned<Kind> {
        let level = self.candidates.len() - 1;
        if self.is_still_possible(level)? {
            let candidate = self.candidates[level];
            self.candidates[level].is_possible = false;
            if candidate.is_collection {
                if candidate.at < self.tail && !(self.is_behind() && candidate.is_forgotten) {
                    return Err(Fault::at(FaultKind::CollectionKey, candidate.at, candidate.at + 1));
                }
            } else {
                let place = candidate.token.saturating_sub(self.given).min(self.queue.len());
                self.cursor.note(self.queue.len() - place);
                let begins = [self.indent(candidate.column).then_some(Kind::BlockMapStart), Some(Kind::Key)];
                for kind in begins.into_iter().flatten().rev() {
                    let span = Span::new(candidate.at, candidate.at);
                    self.queue.insert(place, (kind, Token { span, text: Cow::Borrowed("") }, None));
                }
            }
            return self.sign(Kind::Colon, false);
        }
        if !self.is_flow() && !self.key_allowed {
            return Err(Fault::at(FaultKind::Colon, self.cursor.at, self.cursor.at + 1));
        }
        let column = self.cursor.column();
        let begins = self.indent(column).then_some(Kind::BlockMapStart);
        let kind = self.sign(Kind::Colon, !self.is_flow())?;
        Ok(self.after(begins, kind))
    }

    /// A scalar has been read. Where it may be a key, what follows on its line decides.
    #[inline]
    fn scalar(&mut self, style: Style, candidate: Option<Candidate>, ended_line: bool) -> Scanned<Kind> {
        self.key_allowed = ended_line;
        let Some(mut candidate) = candidate else { return Ok(Kind::Scalar(style)) };
        let bytes = self.cursor.bytes();
        let is_one_line = candidate.line == self.cursor.line;
        let mut next = self.cursor.at;
        if is_one_line {
            while bytes.get(next).is_some_and(|b| is(*b, BLANK)) {
                next += 1;
            }
            let is_colon =
                bytes.get(next) == Some(&b':') && (self.is_flow() || self.cursor.is_blank_or_end(next + 1));
            self.cursor.note(next - self.cursor.at);
            if is_colon && candidate.reaches(next, &mut self.cursor) {
                self.cursor.at = next + 1;
                self.key_allowed = false;
                let begins = self.indent(candidate.column).then_some(Kind::BlockMapStart);
                return Ok(self.after(begins, Kind::KeyScalar(style)));
            }
        }
        if candidate.is_required {
            return Err(Fault::at(FaultKind::MissingColon, candidate.at, self.token.span.end));
        }
        // Nothing but what follows on the line can make a key of it. Behind the document's value, as some of what is held
        // back may turn out to be, what comes next is looked at all the same, as go-yaml does.
        let is_undecided = is_one_line
            && (self.is_behind()
                || !self.queue.is_empty()
                || match bytes.get(next) {
                    None | Some(b'#' | b',' | b']' | b'}') => false,
                    Some(b) => !is(*b, BREAK) || break_length(bytes, next) == 0,
                });
        if is_undecided {
            *self.candidate() = candidate;
            self.begun = Some(self.candidates.len() - 1);
        }
        Ok(Kind::Scalar(style))
    }

    /// The end of the stream, a directive, `---` or `...`.
    fn mark(&mut self) -> Scanned<Kind> {
        self.end_key()?;
        self.key_allowed = false;
        let at = self.cursor.at;
        let kind = match self.cursor.peek(0) {
            _ if self.cursor.is_end() => {
                // What may be a key is on a line above.
                self.cursor.line = at;
                Kind::StreamEnd
            }
            b'%' => {
                directive::scan(&mut self.cursor)?;
                Kind::Directive
            }
            b'-' => Kind::DocumentStart,
            _ => Kind::DocumentEnd,
        };
        if matches!(kind, Kind::DocumentStart | Kind::DocumentEnd) {
            self.cursor.at += 3;
        }
        self.token.span = Span::new(at, self.cursor.at);
        Ok(kind)
    }

    /// Passes over blanks, comments and line ends.
    #[inline]
    fn skip_to_token(&mut self) {
        let cursor = &mut self.cursor;
        let is_flow = self.candidates.len() > 1;
        if cursor.at == cursor.start && cursor.text[cursor.at..].starts_with('\u{FEFF}') {
            cursor.at += '\u{FEFF}'.len_utf8();
        }
        loop {
            match cursor.peek(0) {
                b' ' => cursor.at += 1,
                b'\t' if is_flow || !self.key_allowed => cursor.at += 1,
                b'#' => cursor.skip_comment(),
                b if is(b, BREAK) => match break_length(cursor.bytes(), cursor.at) {
                    0 => return,
                    length => {
                        cursor.next_line(length);
                        self.key_allowed |= !is_flow;
                    }
                },
                _ => return,
            }
        }
    }
}

fn missing_colon(key: usize) -> Box<Fault> {
    Fault::at(FaultKind::MissingColon, key, key)
}
