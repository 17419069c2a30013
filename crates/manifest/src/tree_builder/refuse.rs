//! What kubectl's reader refuses and the parser does not.

use super::super::events::Event;
use super::super::special_chars::SpecialChar;
use super::super::syntax::SyntaxError;
use super::super::tree::{Span, Style};
use super::{Builder, Failure};

impl<'t> Builder<'t, '_> {
    /// Refuses odd characters up to the end of an event, where kubectl refuses them.
    #[cold]
    pub(super) fn check_odd(&mut self, event: &Event<'t>, span: Span) -> Result<(), Failure> {
        let flow = self.frames.last().is_some_and(|frame| frame.flow);
        let style = match event {
            Event::AnchorName => return Ok(()),
            Event::Scalar { style, .. } => Some(*style),
            _ => None,
        };
        let quoted = matches!(style, Some(Style::SingleQuoted | Style::DoubleQuoted));
        let written = matches!(style, Some(Style::Plain)) && !span.is_empty();
        while let Some(odd) = self.odd.get(self.next_odd).copied() {
            let within = odd.at >= span.start;
            if odd.at >= span.end.max(span.start + 1) || (within && style.is_none()) {
                break;
            }
            self.next_odd += 1;
            let refused = match odd.kind {
                SpecialChar::LineEnd(_) => !(within && quoted),
                // A line of a text without quotes may have a tab once it is indented.
                SpecialChar::Indent if (within && written) || (!within && self.continues(odd.at)) => {
                    self.context().is_short_of_indent(odd.at)
                }
                _ if flow => false,
                SpecialChar::Indent if within && matches!(style, Some(Style::Literal | Style::Folded)) => {
                    self.is_block_indent(odd.at, span)
                }
                SpecialChar::Indent | SpecialChar::Item => !within,
            };
            if refused && odd.at >= self.gap {
                return Err(match odd.kind {
                    SpecialChar::LineEnd(c) => {
                        let error = SyntaxError::line_end(Span::new(odd.at, odd.at + c.len_utf8()), c);
                        Failure::Refused(odd.at, error)
                    }
                    _ => self.context().tab(odd.at).into(),
                });
            }
        }
        self.gap = self.gap.max(span.end);
        self.after_plain = written || (self.after_plain && style.is_none() && span.is_empty());
        Ok(())
    }

    /// The first line end of YAML 1.1 that has not been looked at, where the parser stumbled on its line or behind it.
    #[cold]
    pub(super) fn line_end_before(&self, fault: usize) -> Option<usize> {
        let line = self.context().line(self.context().clamp(fault));
        let mut left = self.odd.get(self.next_odd..).unwrap_or_default().iter();
        let first = left.find(|odd| matches!(odd.kind, SpecialChar::LineEnd(_)))?;
        (first.at <= line.end).then_some(first.at)
    }

    /// Whether the text without quotes that was read last goes on until a tab behind it: a key has ended with its colon.
    fn continues(&self, tab: usize) -> bool {
        self.after_plain && self.text[self.gap.min(tab)..tab].trim().is_empty()
    }

    /// Whether a tab that a line of the block scalar at `content` begins with stands where its indentation is looked
    /// for: before the column of its first line, or on that line, unless the header says how far it is indented.
    fn is_block_indent(&self, tab: usize, content: Span) -> bool {
        let context = self.context();
        if tab != content.start {
            return context.column(tab) < context.column(content.start);
        }
        let header = self.block_scalar_header(content.start).unwrap_or(content.start);
        !self.text[header..].chars().skip(1).take(2).any(|c| c.is_ascii_digit())
    }

    /// Refuses what kubectl refuses around the end of a document, up to the next thing that is written.
    pub(super) fn finish(&mut self, end: usize) -> Result<(), Failure> {
        if self.next_odd < self.odd.len() {
            let end = skip_blank_lines(&self.text[..self.chunk.end], end.min(self.chunk.end));
            self.check_odd(&Event::DocumentEnd, Span::new(end, end))?;
        }
        let start = skip_blank_lines(&self.text[..self.chunk.end], self.chunk.start);
        let begins_line = start == self.chunk.start || self.text[..start].ends_with(['\n', '\r']);
        let is_end = |rest: &str| rest.chars().next().is_none_or(char::is_whitespace);
        if begins_line && self.text[start..self.chunk.end].strip_prefix("...").is_some_and(is_end) {
            return Err(SyntaxError::nothing_to_end(Span::new(start, start + "...".len())).into());
        }
        Ok(())
    }

    /// Refuses names of anchors and aliases that kubectl's reader does not take for one word, and those with a bracket
    /// right behind.
    pub(super) fn check_name(&self, span: Span) -> Result<(), SyntaxError> {
        let name = self.text.as_bytes().get(span.start + 1..span.end).unwrap_or_default();
        if let Some(b'[' | b'{') = self.text.as_bytes()[..self.chunk.end].get(span.end) {
            return Err(SyntaxError::name_against_bracket(Span::new(span.start, span.end + 1)));
        }
        if name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            return Ok(());
        }
        Err(self.context().bad_name(span))
    }

    /// Refuses a tag with no value that a comma or a bracket follows at once: kubectl's reader takes that for a part of the
    /// tag.
    pub(super) fn check_tag_end(&self, end: usize) -> Result<(), SyntaxError> {
        let is_closed = self.text[end..self.chunk.end].starts_with([',', ']', '}']);
        let is_close = !self.text[..end].ends_with(char::is_whitespace);
        if is_closed && is_close { Err(self.context().tag(end)) } else { Ok(()) }
    }

    /// Refuses, in brackets, a text without quotes that begins with a colon, which kubectl's reader takes for the end of a
    /// key, or that holds a question mark, which it takes for the beginning of one. Looks at each byte once.
    pub(super) fn check_plain_in_brackets(&self, span: Span) -> Result<(), SyntaxError> {
        let text = &self.text[span.start..span.end];
        if text.starts_with(':') {
            return Err(SyntaxError::sign_in_brackets(Span::new(span.start, span.start + 1), ':'));
        }
        match text.bytes().skip(1).position(|b| b == b'?') {
            Some(before) => {
                let at = span.start + 1 + before;
                Err(SyntaxError::sign_in_brackets(Span::new(at, at + 1), '?'))
            }
            None => Ok(()),
        }
    }

    /// Refuses a key that is not on one line with its colon. Outside of brackets and braces the parser does, but for the
    /// line ends that only YAML 1.1 knows.
    pub(super) fn check_key_line(&self, key: Span, flow: bool) -> Result<(), SyntaxError> {
        let is_written_over_lines = !self.odd.is_empty()
            && self.text[key.start..key.end].contains(['\u{85}', '\u{2028}', '\u{2029}']);
        if is_written_over_lines && !self.text[..key.start].trim_end().ends_with('?') {
            return Err(SyntaxError::key_over_lines(key));
        }
        if !flow {
            return Ok(());
        }
        let text = self.text.as_bytes();
        let is_end = |b: &u8| matches!(b, b'\n' | b'\r');
        let rest = &text[key.end..self.chunk.end];
        let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        if rest.get(blanks) != Some(&b':') || !text[key.start..key.end + blanks].iter().any(is_end) {
            return Ok(());
        }
        let marked = self.text[..key.start].trim_end().ends_with('?');
        if marked { Ok(()) } else { Err(SyntaxError::key_over_lines(key)) }
    }

    /// Refuses the escapes that the parser knows and kubectl's reader does not: `\/`, and characters written as
    /// two surrogates.
    pub(super) fn check_escapes(&self, span: Span) -> Result<(), SyntaxError> {
        let bytes = &self.text.as_bytes()[span.start..span.end];
        let mut at = 0;
        while let Some(n) = bytes[at..].iter().position(|b| *b == b'\\') {
            at += n;
            let length = match bytes.get(at + 1) {
                Some(b'/') => 2,
                Some(b'u') => {
                    let surrogate = matches!(bytes.get(at + 2), Some(b'd' | b'D'))
                        && bytes
                            .get(at + 3)
                            .is_some_and(|b| matches!(b, b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F'));
                    if surrogate { 6 } else { 0 }
                }
                _ => 0,
            };
            if length > 0 {
                let start = span.start + at;
                return Err(SyntaxError::bad_escape(
                    self.text,
                    Span::new(start, (start + length).min(span.end)),
                ));
            }
            at = (at + 2).min(bytes.len());
        }
        Ok(())
    }
}

/// The first thing written in `text` from byte `at` on: neither blank nor comment.
pub(super) fn skip_blank_lines(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        match text[at..].strip_prefix('#') {
            Some(comment) => at += 1 + comment.find(['\n', '\r']).unwrap_or(comment.len()),
            None => return at,
        }
    }
}
