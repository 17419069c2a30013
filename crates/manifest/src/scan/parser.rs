//! Tokens to events: which token may follow which.

use std::borrow::Cow;
use std::collections::HashMap;

use super::directive;
use super::events::{Anchor, Event};
use super::fault::{Fault, FaultKind};
use super::properties::{self, Handles, Tag};
use super::scanner::Scanner;
use super::token::Kind;
use crate::tree::{Span, Style};

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The document, perhaps with directives and `---`.
    Start,
    /// What stands behind the document's value.
    DocumentEnd,
    /// Nothing.
    End,
    BlockItem,
    /// An item of a list that is not indented below its key.
    BareItem,
    BlockKey,
    /// The `:` of a key, if it has one.
    BlockColon,
    BlockValue,
    /// The first item of a list in brackets, where no comma comes before.
    FlowFirstItem,
    FlowItem,
    /// The key, `:` and value of an object of one entry that stands in a list in brackets without braces, and its end.
    PairKey,
    PairColon,
    PairValue,
    PairEnd,
    FlowFirstKey,
    FlowKey,
    FlowColon,
    FlowValue,
    /// The value that an entry without `:` does not have.
    FlowNoValue,
}

type Step<'t> = Result<Event<'t>, Box<Fault>>;

/// The events of one document.
#[derive(Debug)]
pub struct Events<'t> {
    scanner: Scanner<'t>,
    /// The next token, where it has been looked at.
    ahead: Option<Kind>,
    /// Where the last event stands.
    span: Span,
    state: State,
    /// What comes after what is open.
    states: Vec<State>,
    /// Where what is open begins.
    open: Vec<usize>,
    /// How many lists and objects may be open at once.
    max_depth: usize,
    /// Where the last token ends that was taken.
    end: usize,
    handles: Handles,
    names: HashMap<&'t str, Anchor>,
    anchors: Anchor,
}

/// What stands before a value.
#[derive(Debug, Default)]
struct Properties {
    anchor: Anchor,
    tag: Option<Tag>,
    are_there: bool,
}

impl<'t> Events<'t> {
    /// The events of the document that begins at byte `start` of `text` and ends with it. Spans are those in `text`. What is
    /// nested deeper than `max_depth` is a fault.
    pub fn new(text: &'t str, start: usize, max_depth: usize) -> Self {
        Self {
            scanner: Scanner::new(text, start),
            ahead: None,
            span: Span::new(start, start),
            state: State::Start,
            states: Vec::with_capacity(32),
            open: Vec::with_capacity(16),
            max_depth,
            end: start,
            handles: Handles::new(),
            names: HashMap::new(),
            anchors: 0,
        }
    }

    /// Keeps the places of comments, for [`comments`](Self::comments).
    pub fn with_comments(mut self) -> Self {
        self.scanner.cursor.comments = Some(Vec::new());
        self
    }

    /// The comments so far, from `#` to the end of the line.
    pub fn comments(&self) -> &[Span] {
        self.scanner.cursor.comments.as_deref().unwrap_or_default()
    }

    /// Where the last event stands.
    pub fn span(&self) -> Span {
        self.span
    }

    #[cfg(test)]
    pub(super) fn steps(&self) -> usize {
        self.scanner.cursor.steps
    }

    /// The next event. Behind the last, and behind a fault, it is the end of the document again and again.
    ///
    /// # Errors
    /// What is wrong, and where.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not be asked for places in between")]
    #[inline]
    pub fn next(&mut self) -> Step<'t> {
        let step = self.step();
        if step.is_err() {
            self.state = State::End;
        }
        step
    }

    #[inline]
    fn step(&mut self) -> Step<'t> {
        match self.state {
            State::BlockKey => self.block_key(),
            State::BlockValue => self.block_node(State::BlockKey),
            State::BlockItem => self.block_item(),
            State::BareItem => self.bare_item(),
            State::Start => self.start(),
            State::DocumentEnd => self.document_end(),
            State::End => Ok(Event::DocumentEnd),
            State::BlockColon => self.colon(State::BlockValue, State::BlockKey),
            State::FlowFirstItem => self.flow_item(true),
            State::FlowItem => self.flow_item(false),
            State::PairKey => self.pair_key(),
            State::PairColon => self.colon(State::PairValue, State::PairEnd),
            State::PairValue => self.flow_value(State::PairEnd),
            State::PairEnd => {
                self.state = State::FlowItem;
                self.span = Span::new(self.end, self.end);
                Ok(Event::End)
            }
            State::FlowFirstKey => self.flow_key(true),
            State::FlowKey => self.flow_key(false),
            State::FlowColon => self.colon(State::FlowValue, State::FlowKey),
            State::FlowValue => self.flow_value(State::FlowKey),
            State::FlowNoValue => Ok(self.missing(State::FlowKey)),
        }
    }

    #[inline]
    fn peek(&mut self) -> Result<Kind, Box<Fault>> {
        if let Some(kind) = self.ahead {
            return Ok(kind);
        }
        let kind = self.scanner.next()?;
        self.ahead = Some(kind);
        Ok(kind)
    }

    /// Takes the token that has been looked at. Gives its place.
    #[inline]
    fn take(&mut self) -> Span {
        self.ahead = None;
        self.end = self.scanner.token.span.end;
        self.scanner.token.span
    }

    /// Where the token begins that has been looked at.
    fn place(&self) -> usize {
        self.scanner.token.span.start
    }

    #[cold]
    fn fault<T>(&self, kind: FaultKind) -> Result<T, Box<Fault>> {
        Err(Fault::at(kind, self.place(), self.place()))
    }

    /// A value that is not there stands behind what was taken last.
    fn missing(&mut self, next: State) -> Event<'t> {
        self.state = next;
        self.span = Span::new(self.end, self.end);
        Event::Scalar { text: Cow::Borrowed(""), style: Style::Plain, anchor: 0, tag: None }
    }

    fn resume(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    fn start(&mut self) -> Step<'t> {
        let mut has_version = false;
        let mut directive = None;
        while self.peek()? == Kind::Directive {
            let span = self.take();
            directive.get_or_insert(span.start);
            let line = &self.scanner.cursor.text[span.start..span.end];
            if directive::declare(line, &mut has_version, &mut self.handles).is_none() {
                return Err(Fault::at(FaultKind::Directive, span.start, span.start + 1));
            }
        }
        match self.peek()? {
            Kind::StreamEnd if directive.is_none() => return self.document_end(),
            Kind::DocumentStart => {
                self.take();
                if let Kind::Directive | Kind::DocumentStart | Kind::DocumentEnd | Kind::StreamEnd =
                    self.peek()?
                {
                    return Ok(self.missing(State::DocumentEnd));
                }
            }
            _ => {
                if let Some(start) = directive {
                    return Err(Fault::at(FaultKind::Directive, start, start + 1));
                }
            }
        }
        self.states.push(State::DocumentEnd);
        self.node(true, false)
    }

    fn document_end(&mut self) -> Step<'t> {
        if self.ahead.is_none() {
            self.ahead = Some(self.scanner.next_behind()?);
        }
        self.state = State::End;
        self.span = Span::new(self.place(), self.place());
        Ok(Event::DocumentEnd)
    }

    /// A value: one that may be written by indentation, or one in brackets, where only brackets can hold one.
    fn node(&mut self, block: bool, below_key: bool) -> Step<'t> {
        let mut kind = self.peek()?;
        if let Kind::Scalar(style) = kind {
            return Ok(self.scalar(style, Properties::default()));
        }
        let properties = self.properties(&mut kind)?;
        let anchor = properties.anchor;
        let (state, event) = match kind {
            Kind::Scalar(style) => return Ok(self.scalar(style, properties)),
            Kind::Alias if !properties.are_there => {
                let anchor = self.names.get(&*self.scanner.token.text).copied().unwrap_or(0);
                self.span = self.take();
                self.resume();
                return Ok(Event::Alias(anchor));
            }
            Kind::Dash if below_key => (State::BareItem, Event::SeqStart { flow: false, anchor }),
            Kind::FlowSeqStart => (State::FlowFirstItem, Event::SeqStart { flow: true, anchor }),
            Kind::FlowMapStart => (State::FlowFirstKey, Event::MapStart { flow: true, anchor }),
            Kind::BlockSeqStart if block => (State::BlockItem, Event::SeqStart { flow: false, anchor }),
            Kind::BlockMapStart if block => (State::BlockKey, Event::MapStart { flow: false, anchor }),
            _ if properties.are_there => {
                self.resume();
                self.span = Span::new(self.end, self.end);
                let tag = properties.tag;
                return Ok(Event::Scalar { text: Cow::Borrowed(""), style: Style::Plain, anchor, tag });
            }
            _ => return self.fault(FaultKind::NoValue),
        };
        self.span = self.scanner.token.span;
        // The dash is the first item's, too.
        if kind != Kind::Dash {
            self.take();
        }
        if self.open.len() >= self.max_depth {
            return Err(Fault::at(FaultKind::TooDeep, self.span.start, self.span.start));
        }
        self.open.push(self.span.start);
        self.state = state;
        Ok(event)
    }

    #[inline]
    fn scalar(&mut self, style: Style, properties: Properties) -> Event<'t> {
        self.resume();
        self.span = self.take();
        let text = std::mem::take(&mut self.scanner.token.text);
        Event::Scalar { text, style, anchor: properties.anchor, tag: properties.tag }
    }

    fn close(&mut self) -> Event<'t> {
        self.span = self.take();
        self.open.pop();
        self.resume();
        Event::End
    }

    /// An anchor, a tag, or both, before the token that is then the next.
    fn properties(&mut self, next: &mut Kind) -> Result<Properties, Box<Fault>> {
        let mut properties = Properties::default();
        let mut name = None;
        while (*next == Kind::Anchor && name.is_none()) || (*next == Kind::Tag && properties.tag.is_none()) {
            let span = self.take();
            properties.are_there = true;
            let written = &self.scanner.cursor.text[span.start..span.end];
            if *next == Kind::Tag {
                properties.tag = properties::resolve(written, &self.handles);
                if properties.tag.is_none() {
                    return Err(Fault::at(FaultKind::Tag, span.start, span.end));
                }
            } else {
                name = Some(&written[1..]);
            }
            *next = self.peek()?;
        }
        if let Some(name) = name {
            self.anchors += 1;
            properties.anchor = self.anchors;
            self.names.insert(name, self.anchors);
        }
        Ok(properties)
    }

    fn opened(&self) -> usize {
        self.open.last().copied().unwrap_or_default()
    }

    /// A value before which `next` comes again.
    #[inline]
    fn node_then(&mut self, next: State, block: bool, below_key: bool) -> Step<'t> {
        self.states.push(next);
        self.node(block, below_key)
    }

    fn block_item(&mut self) -> Step<'t> {
        match self.peek()? {
            Kind::Dash => {
                self.take();
                match self.peek()? {
                    Kind::Dash | Kind::BlockEnd => Ok(self.missing(State::BlockItem)),
                    _ => self.node_then(State::BlockItem, true, false),
                }
            }
            Kind::BlockEnd => Ok(self.close()),
            _ => self.fault(FaultKind::NoItem(self.opened())),
        }
    }

    fn bare_item(&mut self) -> Step<'t> {
        if self.peek()? != Kind::Dash {
            self.open.pop();
            self.resume();
            self.span = Span::new(self.place(), self.place());
            return Ok(Event::End);
        }
        self.take();
        match self.peek()? {
            Kind::Dash | Kind::Key | Kind::KeyScalar(_) | Kind::Colon | Kind::BlockEnd => {
                Ok(self.missing(State::BareItem))
            }
            _ => self.node_then(State::BareItem, true, false),
        }
    }

    #[inline]
    fn block_key(&mut self) -> Step<'t> {
        match self.peek()? {
            Kind::KeyScalar(style) => Ok(self.key(style, State::BlockValue)),
            Kind::Key => {
                self.take();
                self.block_node(State::BlockColon)
            }
            Kind::BlockEnd => Ok(self.close()),
            _ => self.fault(FaultKind::NoKey(self.opened())),
        }
    }

    /// A scalar that is a key, with its `:`.
    #[inline]
    fn key(&mut self, style: Style, next: State) -> Event<'t> {
        self.state = next;
        self.span = self.take();
        // Blanks at most stand before the `:`.
        let bytes = self.scanner.cursor.bytes();
        while bytes.get(self.end).is_some_and(|b| *b != b':') {
            self.end += 1;
        }
        self.end += 1;
        let text = std::mem::take(&mut self.scanner.token.text);
        Event::Scalar { text, style, anchor: 0, tag: None }
    }

    /// The `:` before a value, or nothing where it does not stand here.
    fn colon(&mut self, value: State, otherwise: State) -> Step<'t> {
        if self.peek()? != Kind::Colon {
            return Ok(self.missing(otherwise));
        }
        self.take();
        self.state = value;
        self.step()
    }

    /// A key or a value by indentation, which may be missing.
    #[inline]
    fn block_node(&mut self, next: State) -> Step<'t> {
        match self.peek()? {
            Kind::Scalar(style) => {
                self.state = next;
                self.span = self.take();
                let text = std::mem::take(&mut self.scanner.token.text);
                Ok(Event::Scalar { text, style, anchor: 0, tag: None })
            }
            Kind::Key | Kind::KeyScalar(_) | Kind::Colon | Kind::BlockEnd => Ok(self.missing(next)),
            _ => self.node_then(next, true, true),
        }
    }

    fn flow_item(&mut self, first: bool) -> Step<'t> {
        if self.peek()? == Kind::FlowSeqEnd {
            return Ok(self.close());
        }
        if !first {
            if self.peek()? != Kind::Comma {
                return self.fault(FaultKind::InSequence(self.opened()));
            }
            self.take();
        }
        match self.peek()? {
            Kind::FlowSeqEnd => Ok(self.close()),
            kind @ (Kind::Key | Kind::KeyScalar(_)) => {
                self.span = Span::new(self.place(), self.place());
                if kind == Kind::Key {
                    self.take();
                }
                self.state = State::PairKey;
                Ok(Event::MapStart { flow: true, anchor: 0 })
            }
            _ => self.node_then(State::FlowItem, false, false),
        }
    }

    fn pair_key(&mut self) -> Step<'t> {
        match self.peek()? {
            Kind::KeyScalar(style) => Ok(self.key(style, State::PairValue)),
            Kind::Colon | Kind::Comma | Kind::FlowSeqEnd => {
                // As in go-yaml, which takes the token and looks for the `:` behind it.
                self.take();
                Ok(self.missing(State::PairColon))
            }
            _ => self.node_then(State::PairColon, false, false),
        }
    }

    fn flow_key(&mut self, first: bool) -> Step<'t> {
        if self.peek()? == Kind::FlowMapEnd {
            return Ok(self.close());
        }
        if !first {
            if self.peek()? != Kind::Comma {
                return self.fault(FaultKind::InMapping(self.opened()));
            }
            self.take();
        }
        match self.peek()? {
            Kind::FlowMapEnd => Ok(self.close()),
            Kind::KeyScalar(style) => Ok(self.key(style, State::FlowValue)),
            Kind::Key => {
                self.take();
                match self.peek()? {
                    Kind::Colon | Kind::Comma | Kind::FlowMapEnd => Ok(self.missing(State::FlowColon)),
                    _ => self.node_then(State::FlowColon, false, false),
                }
            }
            _ => self.node_then(State::FlowNoValue, false, false),
        }
    }

    /// A value in brackets, which may be missing.
    fn flow_value(&mut self, next: State) -> Step<'t> {
        match self.peek()? {
            Kind::Comma | Kind::FlowSeqEnd if next == State::PairEnd => Ok(self.missing(next)),
            Kind::Comma | Kind::FlowMapEnd if next == State::FlowKey => Ok(self.missing(next)),
            _ => self.node_then(next, false, false),
        }
    }
}
