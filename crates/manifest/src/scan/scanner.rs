//! Text to tokens: what begins where, how far lines are indented, and what may be a key.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::classes::{BLANK, BREAK, INDICATOR, break_length, is};
use super::cursor::Cursor;
use super::fault::{Fault, FaultKind};
use super::token::{Kind, Token};
use super::{block_scalar, directive, plain, properties, quoted};
use crate::tree::{Span, Style};

/// How many characters a key may have, from its beginning to its `:`, where no `?` marks it.
pub(super) const KEY_LENGTH: usize = 1024;

/// What may turn out to be a key. There is one at a time in each level of brackets.
#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    is_possible: bool,
    /// Whether anything could be a key in this level yet.
    was_begun: bool,
    /// Whether nothing but a key can stand here.
    is_required: bool,
    /// Whether it is a list or an object in brackets. None is ever held back: as a key, it cannot be read at all.
    is_collection: bool,
    /// Whether nothing in the brackets could be a key. go-yaml then forgets to wait for the `:` behind them, which shows
    /// where they are the document's value.
    is_forgotten: bool,
    /// The number of its token.
    token: usize,
    at: usize,
    /// Where its line begins.
    line: usize,
    column: usize,
}

#[derive(Debug)]
pub(super) struct Scanner<'t> {
    pub(super) cursor: Cursor<'t>,
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
    queue: VecDeque<(Token<'t>, Option<usize>)>,
    /// The second of two tokens that were found at once.
    second: Option<Token<'t>>,
    /// The level of the candidate that the last token has begun.
    begun: Option<usize>,
    /// From where on the text is behind the document's value, and only looked over.
    tail: usize,
    /// Steps of work, for tests.
    #[cfg(test)]
    pub(super) steps: usize,
}

impl<'t> Scanner<'t> {
    /// A scanner of the document that begins at byte `start` of `text` and ends with it.
    pub(super) fn new(text: &'t str, start: usize) -> Self {
        Self {
            cursor: Cursor::new(text, start),
            floor: 0,
            floors: Vec::new(),
            candidates: vec![Candidate::default()],
            key_allowed: true,
            given: 0,
            queue: VecDeque::new(),
            second: None,
            begun: None,
            tail: usize::MAX,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// The next token. Behind the last, it is the end of the stream again and again.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Token<'t>, Fault> {
        if self.queue.is_empty() {
            let token = self.fetch()?;
            if self.begun.is_none() {
                self.given += 1;
                return Ok(token);
            }
            self.queue.push_back((token, self.begun.take()));
        }
        self.next_decided()
    }

    /// The first token of the queue, once it is known whether it is a key.
    #[cold]
    fn next_decided(&mut self) -> Result<Token<'t>, Fault> {
        while let Some((_, Some(level))) = self.queue.front() {
            let level = *level;
            let is_its_own = self.candidates.get(level).is_some_and(|c| c.token == self.given);
            if !is_its_own || !self.is_still_possible(level)? {
                break;
            }
            let token = self.fetch()?;
            self.queue.push_back((token, self.begun.take()));
        }
        self.given += 1;
        match self.queue.pop_front() {
            Some((token, _)) => Ok(token),
            None => Ok(Token::sign(Kind::StreamEnd, self.cursor.at, 0)),
        }
    }

    /// The first token behind the document's value. It is not read, but what stands on its line is looked at as far as
    /// it may be a key.
    pub(super) fn next_behind(&mut self) -> Result<Token<'t>, Fault> {
        self.tail = self.cursor.at;
        let token = self.next()?;
        // That of the value, or of this token: not of one that was looked at beyond it.
        let waits = |c: &Candidate, given| c.is_collection && !c.is_forgotten && c.token < given;
        while waits(&self.candidates[0], self.given) && self.is_still_possible(0)? {
            self.fetch()?;
            self.begun = None;
        }
        Ok(token)
    }

    fn is_behind(&self) -> bool {
        self.tail != usize::MAX
    }

    fn is_flow(&self) -> bool {
        self.candidates.len() > 1
    }

    fn candidate(&mut self) -> &mut Candidate {
        let last = self.candidates.len() - 1;
        &mut self.candidates[last]
    }

    /// Whether what may be a key can still be one here.
    fn is_still_possible(&mut self, level: usize) -> Result<bool, Fault> {
        let candidate = &mut self.candidates[level];
        if !candidate.is_possible {
            return Ok(false);
        }
        if candidate.line == self.cursor.line && is_close(self.cursor.bytes(), candidate.at, self.cursor.at) {
            return Ok(true);
        }
        candidate.is_possible = false;
        if candidate.is_required { Err(missing_colon(candidate.at)) } else { Ok(false) }
    }

    /// Something begins that may be a key.
    fn begin_key(&mut self, is_collection: bool) -> Result<(), Fault> {
        if !self.key_allowed {
            return Ok(());
        }
        self.end_key()?;
        let (at, line) = (self.cursor.at, self.cursor.line);
        let column = if self.is_flow() { 0 } else { self.cursor.column() };
        let candidate = Candidate {
            is_possible: true,
            was_begun: true,
            is_required: !self.is_flow() && self.floor == column + 1,
            is_collection,
            is_forgotten: false,
            token: self.given + self.queue.len(),
            at,
            line,
            column,
        };
        *self.candidate() = candidate;
        if !is_collection {
            self.begun = Some(self.candidates.len() - 1);
        }
        Ok(())
    }

    /// What may have been a key is none.
    #[inline]
    fn end_key(&mut self) -> Result<(), Fault> {
        let candidate = self.candidate();
        if std::mem::take(&mut candidate.is_possible) && candidate.is_required {
            return Err(missing_colon(candidate.at));
        }
        Ok(())
    }

    /// Enters a list or object by indentation, if one begins in this column.
    fn indent(&mut self, column: usize) -> bool {
        if self.is_flow() || self.floor > column {
            return false;
        }
        self.floors.push(self.floor);
        self.floor = column + 1;
        true
    }

    /// The next token of the text. A second that comes with it is kept for the next call.
    fn fetch(&mut self) -> Result<Token<'t>, Fault> {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        if let Some(token) = self.second.take() {
            return Ok(token);
        }
        self.skip_to_token();
        let at = self.cursor.at;
        let byte = self.cursor.peek(0);
        let mut ends_all = self.cursor.is_end();
        if at == self.cursor.line {
            ends_all |= byte == b'%' || self.cursor.is_document_mark();
        }
        if !self.is_flow() && self.floor > 0 && (ends_all || self.floor > self.cursor.column() + 1) {
            self.floor = self.floors.pop().unwrap_or_default();
            return Ok(Token::sign(Kind::BlockEnd, at, 0));
        }
        if ends_all {
            return self.mark();
        }
        match byte {
            b'"' | b'\'' => {
                self.begin_key(false)?;
                let (text, span) = quoted::scan(&mut self.cursor, byte)?;
                let style = if byte == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
                self.scalar(text, span, style, false)
            }
            b'[' | b'{' => {
                self.begin_key(true)?;
                let kind = if byte == b'[' { Kind::FlowSeqStart } else { Kind::FlowMapStart };
                self.candidates.push(Candidate::default());
                self.sign(kind, true)
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
                self.begin_key(false)?;
                self.key_allowed = false;
                let name = properties::scan_name(&mut self.cursor)?;
                let span = Span::new(at, self.cursor.at);
                let kind = if byte == b'&' { Kind::Anchor } else { Kind::Alias };
                Ok(Token { kind, span, text: Cow::Borrowed(name) })
            }
            b'!' => {
                self.begin_key(false)?;
                self.key_allowed = false;
                properties::scan_tag(&mut self.cursor)?;
                Ok(Token::sign(Kind::Tag, at, self.cursor.at - at))
            }
            b'|' | b'>' if !self.is_flow() => {
                self.end_key()?;
                self.key_allowed = true;
                let (text, span) = block_scalar::scan(&mut self.cursor, self.floor)?;
                let style = if byte == b'|' { Style::Literal } else { Style::Folded };
                Ok(Token { kind: Kind::Scalar(style), span, text })
            }
            b if is(b, INDICATOR | BLANK) => self.no_token(byte),
            _ => {
                self.begin_key(false)?;
                let is_flow = self.is_flow();
                let plain = plain::scan(&mut self.cursor, is_flow, self.floor)?;
                self.scalar(plain.text, plain.span, Style::Plain, plain.ended_line)
            }
        }
    }

    #[cold]
    fn no_token(&self, byte: u8) -> Result<Token<'t>, Fault> {
        let at = self.cursor.at;
        if byte == b'\t' {
            return Err(Fault::new(FaultKind::Tab, at, at + 1));
        }
        Err(Fault::new(FaultKind::Character(char::from(byte)), at, at + 1))
    }

    fn sign(&mut self, kind: Kind, key_allowed: bool) -> Result<Token<'t>, Fault> {
        self.key_allowed = key_allowed;
        let at = self.cursor.at;
        self.cursor.at += 1;
        Ok(Token::sign(kind, at, 1))
    }

    /// A `-` or a `?`.
    fn mark_in_block(&mut self, kind: Kind, begins: Kind, fault: FaultKind) -> Result<Token<'t>, Fault> {
        let at = self.cursor.at;
        if !self.is_flow() && !self.key_allowed {
            return Err(Fault::new(fault, at, at + 1));
        }
        self.end_key()?;
        let column = self.cursor.column();
        let is_flow = self.is_flow();
        let begins = self.indent(column).then(|| Token::sign(begins, at, 0));
        let sign = self.sign(kind, kind == Kind::Dash || !is_flow)?;
        Ok(self.after(begins, sign))
    }

    /// Hands out what begins first, if anything does.
    fn after(&mut self, begins: Option<Token<'t>>, token: Token<'t>) -> Token<'t> {
        match begins {
            Some(begins) => {
                self.second = Some(token);
                begins
            }
            None => token,
        }
    }

    /// A `:` that stands apart from what may be its key.
    fn colon(&mut self) -> Result<Token<'t>, Fault> {
        let level = self.candidates.len() - 1;
        let at = self.cursor.at;
        let is_flow = self.is_flow();
        if self.is_still_possible(level)? {
            let candidate = self.candidates[level];
            self.candidates[level].is_possible = false;
            if candidate.is_collection {
                if candidate.at < self.tail && !(self.is_behind() && candidate.is_forgotten) {
                    return Err(Fault::new(FaultKind::CollectionKey, candidate.at, candidate.at + 1));
                }
            } else {
                let place = candidate.token.saturating_sub(self.given).min(self.queue.len());
                self.queue.insert(place, (Token::sign(Kind::Key, candidate.at, 0), None));
                if self.indent(candidate.column) {
                    self.queue.insert(place, (Token::sign(Kind::BlockMapStart, candidate.at, 0), None));
                }
            }
            return self.sign(Kind::Colon, false);
        }
        if !is_flow && !self.key_allowed {
            return Err(Fault::new(FaultKind::Colon, at, at + 1));
        }
        let column = self.cursor.column();
        let begins = self.indent(column).then(|| Token::sign(Kind::BlockMapStart, at, 0));
        let sign = self.sign(Kind::Colon, !is_flow)?;
        Ok(self.after(begins, sign))
    }

    /// A scalar has been read. Where it may be a key, what follows on its line decides.
    #[inline]
    fn scalar(
        &mut self,
        text: Cow<'t, str>,
        span: Span,
        style: Style,
        ended_line: bool,
    ) -> Result<Token<'t>, Fault> {
        let could_begin_key = std::mem::replace(&mut self.key_allowed, ended_line);
        if !could_begin_key {
            return Ok(Token { kind: Kind::Scalar(style), span, text });
        }
        let level = self.candidates.len() - 1;
        let candidate = self.candidates[level];
        let is_one_line = candidate.line == self.cursor.line;
        let mut next = self.cursor.at;
        if is_one_line {
            while self.cursor.bytes().get(next).is_some_and(|b| is(*b, BLANK)) {
                next += 1;
            }
            let is_colon = self.cursor.bytes().get(next) == Some(&b':')
                && (level > 0 || self.cursor.is_blank_or_end(next + 1));
            if is_colon && is_close(self.cursor.bytes(), candidate.at, next) {
                self.cursor.at = next + 1;
                self.key_allowed = false;
                self.candidates[level].is_possible = false;
                self.begun = None;
                let begins =
                    self.indent(candidate.column).then(|| Token::sign(Kind::BlockMapStart, candidate.at, 0));
                return Ok(self.after(begins, Token { kind: Kind::KeyScalar(style), span, text }));
            }
        }
        if candidate.is_required {
            return Err(missing_colon(candidate.at));
        }
        // Nothing but what follows on the line can make a key of it. Behind the document's value, what comes next is looked
        // at all the same, as go-yaml does.
        let is_undecided = is_one_line
            && (self.is_behind()
                || match self.cursor.bytes().get(next) {
                    None | Some(b'#' | b',' | b']' | b'}') => false,
                    Some(b) => !is(*b, BREAK) || break_length(self.cursor.bytes(), next) == 0,
                });
        if !is_undecided {
            self.candidates[level].is_possible = false;
            self.begun = None;
        }
        Ok(Token { kind: Kind::Scalar(style), span, text })
    }

    /// The end of the stream, a directive, `---` or `...`.
    fn mark(&mut self) -> Result<Token<'t>, Fault> {
        self.end_key()?;
        self.key_allowed = false;
        let at = self.cursor.at;
        let kind = match self.cursor.peek(0) {
            _ if self.cursor.is_end() => {
                // What may be a key is on a line above.
                self.cursor.line = at;
                return Ok(Token::sign(Kind::StreamEnd, at, 0));
            }
            b'%' => {
                directive::scan(&mut self.cursor)?;
                return Ok(Token::sign(Kind::Directive, at, self.cursor.at - at));
            }
            b'-' => Kind::DocumentStart,
            _ => Kind::DocumentEnd,
        };
        self.cursor.at += 3;
        Ok(Token::sign(kind, at, 3))
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

fn missing_colon(key: usize) -> Fault {
    Fault::new(FaultKind::MissingColon, key, key)
}

/// Whether there are no more than [`KEY_LENGTH`] characters between two places.
#[inline]
fn is_close(bytes: &[u8], from: usize, to: usize) -> bool {
    to - from <= KEY_LENGTH
        || (to - from <= KEY_LENGTH * 4
            && bytes[from..to].iter().filter(|b| **b & 0xC0 != 0x80).count() <= KEY_LENGTH)
}
