//! Tokens to events: which token may follow which.

use std::borrow::Cow;
use std::collections::HashMap;

use super::directive;
use super::events::{Anchor, Event};
use super::fault::{Fault, FaultKind};
use super::properties::{self, Handles, Tag};
use super::scanner::Scanner;
use super::token::{Kind, Token};
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

type Step<'t> = Result<(Event<'t>, Span), Fault>;

/// The events of one document.
#[derive(Debug)]
pub struct Events<'t> {
    scanner: Scanner<'t>,
    token: Option<Token<'t>>,
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
            token: None,
            state: State::Start,
            states: Vec::new(),
            open: Vec::new(),
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

    /// The next event; none behind the end of the document, or behind a fault.
    ///
    /// # Errors
    /// What is wrong, and where.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator could not be asked for comments in between"
    )]
    pub fn next(&mut self) -> Option<Result<(Event<'t>, Span), Fault>> {
        let step = match self.state {
            State::End => return None,
            State::Start => self.start(),
            State::DocumentEnd => self.document_end(),
            State::BlockItem => self.block_item(),
            State::BareItem => self.bare_item(),
            State::BlockKey => self.block_key(),
            State::BlockColon => self.block_colon(),
            State::BlockValue => self.block_value(),
            State::FlowFirstItem => self.flow_item(true),
            State::FlowItem => self.flow_item(false),
            State::PairKey => self.pair_key(),
            State::PairColon => self.pair_colon(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                self.state = State::FlowItem;
                Ok((Event::End, Span::new(self.end, self.end)))
            }
            State::FlowFirstKey => self.flow_key(true),
            State::FlowKey => self.flow_key(false),
            State::FlowColon => self.flow_colon(),
            State::FlowValue => self.flow_value(),
            State::FlowNoValue => Ok(self.missing(State::FlowKey)),
        };
        if step.is_err() {
            self.state = State::End;
        }
        Some(step)
    }

    #[inline]
    fn peek(&mut self) -> Result<Kind, Fault> {
        match &self.token {
            Some(token) => Ok(token.kind),
            None => {
                let token = self.scanner.next()?;
                Ok(self.token.insert(token).kind)
            }
        }
    }

    /// Where the next token begins, which has been looked at.
    fn place(&self) -> usize {
        self.token.as_ref().map_or(self.end, |token| token.span.start)
    }

    fn take(&mut self) -> Option<Token<'t>> {
        let token = self.token.take();
        if let Some(token) = &token {
            self.end = token.span.end;
        }
        token
    }

    fn fault<T>(&self, kind: FaultKind) -> Result<T, Fault> {
        Err(Fault { kind, span: Span::new(self.place(), self.place()) })
    }

    /// A value that is not there stands behind what was taken last.
    fn missing(&mut self, next: State) -> (Event<'t>, Span) {
        self.state = next;
        let event = Event::Scalar { text: Cow::Borrowed(""), style: Style::Plain, anchor: 0, tag: None };
        (event, Span::new(self.end, self.end))
    }

    fn resume(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    fn start(&mut self) -> Step<'t> {
        let mut has_version = false;
        let mut has_directives = false;
        while self.peek()? == Kind::Directive {
            has_directives = true;
            let span = self.token.take().map(|token| token.span).unwrap_or_default();
            let line = &self.scanner.cursor.text[span.start..span.end];
            if directive::declare(line, &mut has_version, &mut self.handles).is_none() {
                return Err(Fault::new(FaultKind::Directive, span.start, span.start + 1));
            }
        }
        match self.peek()? {
            Kind::StreamEnd if !has_directives => return self.document_end(),
            Kind::DocumentStart => {
                self.take();
                if matches!(
                    self.peek()?,
                    Kind::Directive | Kind::DocumentStart | Kind::DocumentEnd | Kind::StreamEnd
                ) {
                    return Ok(self.missing(State::DocumentEnd));
                }
            }
            _ if has_directives => return self.fault(FaultKind::Directive),
            _ => {}
        }
        self.states.push(State::DocumentEnd);
        self.node(true, false)
    }

    fn document_end(&mut self) -> Step<'t> {
        if self.token.is_none() {
            self.token = Some(self.scanner.next_behind()?);
        }
        self.state = State::End;
        let place = self.place();
        Ok((Event::DocumentEnd, Span::new(place, place)))
    }

    /// A value: one that may be written by indentation, or one in brackets, where only brackets can hold one.
    fn node(&mut self, block: bool, below_key: bool) -> Step<'t> {
        let mut kind = self.peek()?;
        if let Kind::Scalar(style) = kind {
            return Ok(self.scalar(style, Properties::default()));
        }
        let properties = self.properties(&mut kind)?;
        let anchor = properties.anchor;
        match kind {
            Kind::Alias if !properties.are_there => {
                let Some(token) = self.take() else { return self.fault(FaultKind::NoValue) };
                self.resume();
                let anchor = self.names.get(&*token.text).copied().unwrap_or(0);
                Ok((Event::Alias(anchor), token.span))
            }
            Kind::Scalar(style) => Ok(self.scalar(style, properties)),
            Kind::Dash if below_key => {
                let place = self.place();
                self.open(State::BareItem, place)?;
                Ok((Event::SeqStart { flow: false, anchor }, Span::new(place, place + 1)))
            }
            Kind::FlowSeqStart => {
                self.collection(State::FlowFirstItem, Event::SeqStart { flow: true, anchor })
            }
            Kind::FlowMapStart => {
                self.collection(State::FlowFirstKey, Event::MapStart { flow: true, anchor })
            }
            Kind::BlockSeqStart if block => {
                self.collection(State::BlockItem, Event::SeqStart { flow: false, anchor })
            }
            Kind::BlockMapStart if block => {
                self.collection(State::BlockKey, Event::MapStart { flow: false, anchor })
            }
            _ if properties.are_there => {
                self.resume();
                let tag = properties.tag;
                let event = Event::Scalar { text: Cow::Borrowed(""), style: Style::Plain, anchor, tag };
                Ok((event, Span::new(self.end, self.end)))
            }
            _ => self.fault(FaultKind::NoValue),
        }
    }

    #[inline]
    fn scalar(&mut self, style: Style, properties: Properties) -> (Event<'t>, Span) {
        self.resume();
        let (text, span) = match self.take() {
            Some(token) => (token.text, token.span),
            None => (Cow::Borrowed(""), Span::default()),
        };
        (Event::Scalar { text, style, anchor: properties.anchor, tag: properties.tag }, span)
    }

    fn collection(&mut self, state: State, event: Event<'t>) -> Step<'t> {
        let span = self.take().map(|token| token.span).unwrap_or_default();
        self.open(state, span.start)?;
        Ok((event, span))
    }

    fn open(&mut self, state: State, start: usize) -> Result<(), Fault> {
        if self.open.len() >= self.max_depth {
            return Err(Fault::new(FaultKind::TooDeep, start, start));
        }
        self.open.push(start);
        self.state = state;
        Ok(())
    }

    fn close(&mut self) -> (Event<'t>, Span) {
        let span = self.take().map(|token| token.span).unwrap_or_default();
        self.open.pop();
        self.resume();
        (Event::End, span)
    }

    /// An anchor, a tag, or both, before the token that is then the next.
    fn properties(&mut self, next: &mut Kind) -> Result<Properties, Fault> {
        let mut properties = Properties::default();
        let mut name = None;
        while (*next == Kind::Anchor && name.is_none()) || (*next == Kind::Tag && properties.tag.is_none()) {
            let Some(token) = self.take() else { break };
            properties.are_there = true;
            if token.kind == Kind::Tag {
                let written = &self.scanner.cursor.text[token.span.start..token.span.end];
                properties.tag = properties::resolve(written, &self.handles);
                if properties.tag.is_none() {
                    return Err(Fault::new(FaultKind::Tag, token.span.start, token.span.end));
                }
            } else if let Cow::Borrowed(text) = token.text {
                name = Some(text);
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

    fn block_item(&mut self) -> Step<'t> {
        match self.peek()? {
            Kind::Dash => {
                self.take();
                match self.peek()? {
                    Kind::Dash | Kind::BlockEnd => Ok(self.missing(State::BlockItem)),
                    _ => {
                        self.states.push(State::BlockItem);
                        self.node(true, false)
                    }
                }
            }
            Kind::BlockEnd => Ok(self.close()),
            _ => {
                let start = self.open.last().copied().unwrap_or_default();
                self.fault(FaultKind::NoItem(start))
            }
        }
    }

    fn bare_item(&mut self) -> Step<'t> {
        if self.peek()? != Kind::Dash {
            self.open.pop();
            self.resume();
            let place = self.place();
            return Ok((Event::End, Span::new(place, place)));
        }
        self.take();
        match self.peek()? {
            Kind::Dash | Kind::Key | Kind::KeyScalar(_) | Kind::Colon | Kind::BlockEnd => {
                Ok(self.missing(State::BareItem))
            }
            _ => {
                self.states.push(State::BareItem);
                self.node(true, false)
            }
        }
    }

    fn block_key(&mut self) -> Step<'t> {
        match self.peek()? {
            Kind::KeyScalar(style) => Ok(self.key(style, State::BlockValue)),
            Kind::Key => {
                self.take();
                self.block_node(State::BlockColon)
            }
            Kind::BlockEnd => Ok(self.close()),
            _ => {
                let start = self.open.last().copied().unwrap_or_default();
                self.fault(FaultKind::NoKey(start))
            }
        }
    }

    /// A scalar that is a key, with its `:`.
    #[inline]
    fn key(&mut self, style: Style, next: State) -> (Event<'t>, Span) {
        self.states.push(next);
        let scalar = self.scalar(style, Properties::default());
        let bytes = self.scanner.cursor.bytes();
        while bytes.get(self.end).is_some_and(|b| *b != b':') {
            self.end += 1;
        }
        self.end += 1;
        scalar
    }

    fn block_colon(&mut self) -> Step<'t> {
        if self.peek()? != Kind::Colon {
            return Ok(self.missing(State::BlockKey));
        }
        self.take();
        self.block_value()
    }

    fn block_value(&mut self) -> Step<'t> {
        self.block_node(State::BlockKey)
    }

    /// A key or a value by indentation, which may be missing.
    fn block_node(&mut self, next: State) -> Step<'t> {
        match self.peek()? {
            Kind::Key | Kind::KeyScalar(_) | Kind::Colon | Kind::BlockEnd => Ok(self.missing(next)),
            _ => {
                self.states.push(next);
                self.node(true, true)
            }
        }
    }

    fn flow_item(&mut self, first: bool) -> Step<'t> {
        let start = self.open.last().copied().unwrap_or_default();
        if self.peek()? == Kind::FlowSeqEnd {
            return Ok(self.close());
        }
        if !first {
            if self.peek()? != Kind::Comma {
                return self.fault(FaultKind::InSequence(start));
            }
            self.take();
        }
        match self.peek()? {
            Kind::FlowSeqEnd => Ok(self.close()),
            Kind::Key => {
                let span = self.take().map(|token| token.span).unwrap_or_default();
                self.state = State::PairKey;
                Ok((Event::MapStart { flow: true, anchor: 0 }, Span::new(span.start, span.start)))
            }
            Kind::KeyScalar(_) => {
                self.state = State::PairKey;
                Ok((Event::MapStart { flow: true, anchor: 0 }, Span::new(self.place(), self.place())))
            }
            _ => {
                self.states.push(State::FlowItem);
                self.node(false, false)
            }
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
            _ => {
                self.states.push(State::PairColon);
                self.node(false, false)
            }
        }
    }

    fn pair_colon(&mut self) -> Step<'t> {
        if self.peek()? != Kind::Colon {
            return Ok(self.missing(State::PairEnd));
        }
        self.take();
        self.pair_value()
    }

    fn pair_value(&mut self) -> Step<'t> {
        match self.peek()? {
            Kind::Comma | Kind::FlowSeqEnd => Ok(self.missing(State::PairEnd)),
            _ => {
                self.states.push(State::PairEnd);
                self.node(false, false)
            }
        }
    }

    fn flow_key(&mut self, first: bool) -> Step<'t> {
        let start = self.open.last().copied().unwrap_or_default();
        if self.peek()? == Kind::FlowMapEnd {
            return Ok(self.close());
        }
        if !first {
            if self.peek()? != Kind::Comma {
                return self.fault(FaultKind::InMapping(start));
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
                    _ => {
                        self.states.push(State::FlowColon);
                        self.node(false, false)
                    }
                }
            }
            _ => {
                self.states.push(State::FlowNoValue);
                self.node(false, false)
            }
        }
    }

    fn flow_colon(&mut self) -> Step<'t> {
        if self.peek()? != Kind::Colon {
            return Ok(self.missing(State::FlowKey));
        }
        self.take();
        self.flow_value()
    }

    fn flow_value(&mut self) -> Step<'t> {
        match self.peek()? {
            Kind::Comma | Kind::FlowMapEnd => Ok(self.missing(State::FlowKey)),
            _ => {
                self.states.push(State::FlowKey);
                self.node(false, false)
            }
        }
    }
}
