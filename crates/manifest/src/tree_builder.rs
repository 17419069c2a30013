//! Events to a value tree: typing, anchors and aliases, merge keys, duplicates, and the bounds that keep a
//! hostile document cheap.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::budget::{Budget, Marks};
use super::scalar::{self, Scalar};
use super::scan::{Anchor, Event, Tag};
use super::syntax::{Context, Open, SyntaxError};
use super::tree::{Arena, Entry, NodeId, NodeKind, Span, Style, Tree, mark_shadowed};
use super::{MAX_DEPTH, Within};

/// What an anchor names.
#[derive(Debug, Clone, Copy)]
enum Anchored {
    /// A list or object that is still being read.
    Open,
    Done(Weight, NodeId),
    /// What stood in an object that was too large.
    Dropped,
}

/// How much a node expands to when aliases are followed.
#[derive(Debug, Clone, Copy)]
struct Weight {
    /// Decoding steps, itself included.
    size: u64,
    /// Levels below it.
    height: usize,
    /// List items and map entries below it.
    elements: usize,
}

const LEAF: Weight = Weight { size: 1, height: 0, elements: 0 };

/// The key that waits for its value.
#[derive(Debug)]
enum Key<'t> {
    /// None: a key comes next.
    None,
    /// `<<`, and where it stands.
    Merge(Span),
    Plain(Cow<'t, str>, Span),
}

/// A list or object that is being read.
#[derive(Debug)]
struct Frame<'t> {
    map: bool,
    flow: bool,
    start: usize,
    /// Where its children begin in the builder's stack of items or entries.
    base: usize,
    anchor: Anchor,
    weight: Weight,
    key: Key<'t>,
    last_key: Span,
}

/// A tree that is being built.
pub(super) struct Builder<'t, 'w> {
    text: &'t str,
    document: usize,
    arena: Arena<'t>,
    frames: Vec<Frame<'t>>,
    items: Vec<NodeId>,
    entries: Vec<Entry<'t>>,
    anchors: Vec<Option<Anchored>>,
    /// Where the last thing that was read ends.
    end: usize,
    /// The last scalar or alias that is written, and how it is.
    last: (Span, Style),
    /// Decoding steps so far, as go-yaml counts them, and those of them that aliases caused.
    decoded: u64,
    aliased: u64,
    budget: Budget<'w>,
    root: Option<NodeId>,
}

impl<'t, 'w> Builder<'t, 'w> {
    /// A builder of the tree of the document that begins at byte `start` of `text` and ends about at `end`.
    pub(super) fn new(text: &'t str, start: usize, end: usize, within: Option<&'w Within<'w>>) -> Self {
        Self {
            text,
            document: start,
            arena: Arena::for_text(end - start),
            // As much as nearly every manifest takes.
            frames: Vec::with_capacity(16),
            items: Vec::with_capacity(16),
            entries: Vec::with_capacity(32),
            anchors: Vec::new(),
            end: start,
            last: (Span::new(start, start), Style::Plain),
            decoded: 1,
            aliased: 0,
            budget: Budget::new(within),
            root: None,
        }
    }

    /// The tree; none where there was no value.
    ///
    /// # Errors
    /// What of it is too large.
    pub(super) fn finish(self) -> Result<Option<Tree<'t>>, SyntaxError> {
        match self.budget.finish() {
            Some((span, too_large)) => Err(SyntaxError::too_large(span, too_large)),
            None => Ok(self.root.map(|root| self.arena.finish(root))),
        }
    }

    /// Takes the next event, and its place.
    ///
    /// # Errors
    /// What is wrong with it.
    #[inline]
    pub(super) fn step(&mut self, event: Event<'t>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar { text, anchor, style, .. } if self.budget.is_over() => {
                self.pass(span, style);
                self.name(anchor, Anchored::Dropped);
                self.look_over(text);
                Ok(())
            }
            Event::Scalar { text, style, anchor, tag } => self.scalar(text, style, anchor, tag, span),
            Event::Value(kind) => self.value(kind, span),
            Event::SeqStart { flow, anchor } => self.open(false, flow, anchor, span),
            Event::MapStart { flow, anchor } => self.open(true, flow, anchor, span),
            Event::End => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::DocumentEnd => Ok(()),
        }
    }

    /// A scalar or an alias has been read.
    fn pass(&mut self, span: Span, style: Style) {
        self.end = span.end;
        if !span.is_empty() {
            self.last = (span, style);
        }
    }

    /// Whether a key comes next.
    fn wants_key(&self) -> bool {
        self.frames.last().is_some_and(|f| f.map && matches!(f.key, Key::None))
    }

    fn scalar(
        &mut self,
        text: Cow<'t, str>,
        style: Style,
        anchor: Anchor,
        tag: Option<Tag>,
        span: Span,
    ) -> Result<(), SyntaxError> {
        self.pass(span, style);
        let is_key = self.wants_key();
        if is_key && is_merge(&text, style, tag) {
            self.expect_value(Key::Merge(span), span);
            return Ok(());
        }
        self.decoded += 1;
        let typed = match tag {
            None if style == Style::Plain => scalar::resolve(&text),
            None => None,
            Some(tag) => {
                let scalar = scalar::tagged(tag, text.clone());
                Some(scalar.ok_or_else(|| SyntaxError::tag_mismatch(span, tag.wants()))?)
            }
        };
        if is_key {
            if anchor != 0 {
                // Infinity may be a key, but not a value.
                let scalar = typed.clone().unwrap_or_else(|| Scalar::Str(text.clone()));
                let id = self.arena.push(scalar::to_kind(scalar).unwrap_or(NodeKind::Null), span, style);
                self.name(anchor, Anchored::Done(LEAF, id));
            }
            let key = match typed {
                None => text,
                Some(scalar) => scalar::to_key(scalar).ok_or_else(|| SyntaxError::bad_key(span))?,
            };
            self.expect_value(Key::Plain(key, span), span);
            return Ok(());
        }
        if matches!(typed, Some(Scalar::Int(_))) && text.trim_start_matches(['+', '-']).starts_with('0') {
            self.arena.note_leading_zero();
        }
        let kind = match typed {
            None => NodeKind::Str(text),
            Some(scalar) => scalar::to_kind(scalar).ok_or_else(|| SyntaxError::not_finite(span))?,
        };
        if let (NodeKind::Str(text), Some(Frame { key: Key::Plain(key, _), .. })) =
            (&kind, self.frames.last())
        {
            self.budget.note(key, text);
        }
        let id = self.arena.push(kind, span, style);
        if anchor != 0 {
            self.name(anchor, Anchored::Done(LEAF, id));
        }
        self.attach(id, LEAF, false)
    }

    /// A value that is neither text nor a list or an object, from JSON.
    fn value(&mut self, kind: NodeKind<'t>, span: Span) -> Result<(), SyntaxError> {
        self.pass(span, Style::Plain);
        if self.budget.is_over() {
            self.look_over(Cow::Borrowed(""));
            return Ok(());
        }
        let id = self.arena.push(kind, span, Style::Plain);
        self.attach(id, LEAF, false)
    }

    fn expect_value(&mut self, key: Key<'t>, span: Span) {
        if let Some(frame) = self.frames.last_mut() {
            frame.weight.size = frame.weight.size.saturating_add(u64::from(matches!(key, Key::Plain(..))));
            frame.key = key;
            frame.last_key = span;
        }
    }

    fn open(&mut self, map: bool, flow: bool, anchor: Anchor, span: Span) -> Result<(), SyntaxError> {
        if self.wants_key() {
            return Err(self.context().collection_key(span));
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(SyntaxError::too_deep(span));
        }
        let marks = Marks { nodes: self.arena.len(), items: self.items.len(), entries: self.entries.len() };
        let was_over = self.budget.is_over();
        let key = match self.frames.last() {
            Some(Frame { key: Key::Plain(key, _), .. }) => Some(key.as_ref()),
            _ => None,
        };
        self.budget.open(map, key, marks, span);
        self.decoded += 1;
        let start = span.start;
        self.end = span.end;
        self.name(anchor, if was_over { Anchored::Dropped } else { Anchored::Open });
        let base = if map { self.entries.len() } else { self.items.len() };
        self.frames.push(Frame {
            map,
            flow,
            start,
            base,
            anchor,
            weight: LEAF,
            key: Key::None,
            last_key: Span::new(span.start, span.start),
        });
        if !was_over && self.budget.is_over() {
            self.drop_object();
        }
        Ok(())
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
        for anchor in self.anchors.iter_mut().flatten() {
            if matches!(anchor, Anchored::Done(_, id) if !self.arena.holds(*id)) {
                *anchor = Anchored::Dropped;
            }
        }
    }

    /// Takes a scalar, or an alias, for the key or value that it is, and nothing else.
    fn look_over(&mut self, text: Cow<'t, str>) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.key = match std::mem::replace(&mut frame.key, Key::None) {
            Key::None if frame.map => Key::Plain(text, Span::default()),
            Key::Plain(key, _) => {
                self.budget.note(&key, &text);
                Key::None
            }
            _ => Key::None,
        };
    }

    fn close(&mut self, span: Span) -> Result<(), SyntaxError> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let style = if frame.flow { Style::Flow } else { Style::Block };
        if frame.flow {
            self.end = self.end.max(span.end);
        }
        let was_over = self.budget.is_over();
        let resumes = self.budget.close(span);
        if was_over {
            self.name(frame.anchor, Anchored::Dropped);
            if let Some(outer) = self.frames.last_mut() {
                outer.key = Key::None;
            }
            if resumes {
                // An item of a list, so that the others keep their numbers.
                let id = self.arena.push(NodeKind::Null, Span::new(frame.start, self.end), Style::Flow);
                return self.attach(id, LEAF, false);
            }
            return Ok(());
        }
        if self.budget.is_over() {
            self.drop_object();
            self.name(frame.anchor, Anchored::Dropped);
            return Ok(());
        }
        let kind = if frame.map {
            let mut entries: Vec<Entry<'t>> = self.entries.drain(frame.base..).collect();
            mark_shadowed(&mut entries);
            NodeKind::Map(entries)
        } else {
            NodeKind::Seq(self.items.drain(frame.base..).collect())
        };
        let id = self.arena.push(kind, Span::new(frame.start, self.end), style);
        self.name(frame.anchor, Anchored::Done(frame.weight, id));
        self.attach(id, frame.weight, false)
    }

    fn alias(&mut self, anchor: Anchor, span: Span) -> Result<(), SyntaxError> {
        if self.budget.is_over() {
            self.pass(span, Style::Plain);
            self.look_over(Cow::Borrowed(""));
            return Ok(());
        }
        let (weight, id) = match self.anchors.get(anchor).copied().flatten() {
            Some(Anchored::Done(weight, id)) => (weight, id),
            Some(Anchored::Dropped) => {
                self.budget.give_up(span);
                self.drop_object();
                self.look_over(Cow::Borrowed(""));
                return Ok(());
            }
            Some(Anchored::Open) => return Err(SyntaxError::alias_of_itself(span)),
            None => return Err(self.context().unknown_alias(span)),
        };
        self.pass(span, Style::Plain);
        self.decoded = self.decoded.saturating_add(1).saturating_add(weight.size);
        self.aliased = self.aliased.saturating_add(weight.size);
        if is_excessive(self.decoded, self.aliased) {
            return Err(SyntaxError::alias_bomb(span));
        }
        if self.wants_key() {
            let key = match &self.arena.get(id).kind {
                NodeKind::Str(s) => Some(s.clone()),
                NodeKind::Bool(b) => scalar::to_key(Scalar::Bool(*b)),
                NodeKind::Int(i) => scalar::to_key(Scalar::Int(*i)),
                NodeKind::Float(f) => scalar::to_key(Scalar::Float(*f)),
                NodeKind::Null | NodeKind::Uint(_) | NodeKind::Seq(_) | NodeKind::Map(_) => None,
            };
            let key = key.ok_or_else(|| SyntaxError::bad_key(span))?;
            self.expect_value(Key::Plain(key, span), span);
            return Ok(());
        }
        if self.frames.len() + weight.height > MAX_DEPTH {
            return Err(SyntaxError::too_deep(span));
        }
        self.attach(id, Weight { size: weight.size.saturating_add(1), ..weight }, true)
    }

    /// Records what an anchor names.
    fn name(&mut self, anchor: Anchor, named: Anchored) {
        if anchor == 0 {
            return;
        }
        if self.anchors.len() <= anchor {
            self.anchors.resize(anchor + 1, None);
        }
        self.anchors[anchor] = Some(named);
    }

    /// Puts a finished value where it belongs.
    fn attach(&mut self, id: NodeId, weight: Weight, alias: bool) -> Result<(), SyntaxError> {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(id);
            return Ok(());
        };
        frame.weight.size = frame.weight.size.saturating_add(weight.size);
        frame.weight.height = frame.weight.height.max(weight.height + 1);
        frame.weight.elements = frame.weight.elements.saturating_add(weight.elements).saturating_add(1);
        // What stands here itself has been counted as it came.
        let merges = matches!(frame.key, Key::Merge(_));
        let elements = if alias || merges { weight.elements.saturating_add(1) } else { 1 };
        self.budget.add(elements, self.last.0);
        if self.budget.is_over() {
            frame.key = Key::None;
            self.drop_object();
            return Ok(());
        }
        if !frame.map {
            self.items.push(id);
            return Ok(());
        }
        match std::mem::replace(&mut frame.key, Key::None) {
            Key::Plain(key, key_span) => {
                self.entries.push(Entry { key, key_span, value: id, shadowed: false, merged: false });
                Ok(())
            }
            Key::Merge(span) => self.merge(id, alias).ok_or_else(|| SyntaxError::bad_merge(span)),
            Key::None => Ok(()),
        }
    }

    /// Takes in what a merge key gives. It acts where it stands: what comes later shadows what came before, and of
    /// several objects the first counts most, so they are taken from the last.
    fn merge(&mut self, id: NodeId, alias: bool) -> Option<()> {
        match &self.arena.get(id).kind {
            NodeKind::Map(entries) => {
                take_in(&mut self.entries, entries);
                Some(())
            }
            NodeKind::Seq(items) if !alias => {
                for item in items.iter().rev() {
                    let NodeKind::Map(entries) = &self.arena.get(*item).kind else { return None };
                    take_in(&mut self.entries, entries);
                }
                Some(())
            }
            _ => None,
        }
    }

    /// What is known where a fault is found.
    #[cold]
    pub(super) fn context(&self) -> Context<'t> {
        let open =
            self.frames.iter().map(|f| Open { map: f.map, flow: f.flow, start: f.start, key: f.last_key });
        let (last, style) = self.last;
        Context { text: self.text, start: self.document, open: open.collect(), last, style }
    }
}

/// Appends what an object gives to one that merges it.
fn take_in<'t>(into: &mut Vec<Entry<'t>>, entries: &[Entry<'t>]) {
    into.extend(entries.iter().filter(|e| !e.shadowed).map(|e| Entry { merged: true, ..e.clone() }));
}

fn is_merge(text: &str, style: Style, tag: Option<Tag>) -> bool {
    let is_implicit = style == Style::Plain && tag.is_none();
    text == "<<" && (is_implicit || matches!(tag, Some(Tag::Merge | Tag::NonSpecific)))
}

/// go-yaml's measure of a document that is mostly made of aliases: of up to 400,000 decoding steps 99 % may come
/// from them, of 4,000,000 and more 10 %.
fn is_excessive(decoded: u64, aliased: u64) -> bool {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    if aliased <= 100 || decoded <= 1000 {
        return false;
    }
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let (decoded, aliased) = (decoded as f64, aliased as f64);
    let allowed = 0.99 - 0.89 * ((decoded - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
    aliased / decoded > allowed
}
