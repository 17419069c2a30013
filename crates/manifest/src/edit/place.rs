//! The way to a field, and the bytes that an entry takes.

use super::super::tree::{Entry, NodeId, NodeKind, Span};
use super::change::Refused;
use super::source::Source;
use crate::path::Segment;

/// An entry of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryAt {
    /// The object.
    pub(super) map: NodeId,
    /// Which of its entries.
    pub(super) index: usize,
}

/// How far a path leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    /// The last value on the way.
    pub(super) node: NodeId,
    /// The entry that holds it; none for an element of a list and for the document.
    pub(super) entry: Option<EntryAt>,
    /// How many steps of the path were taken.
    pub(super) steps: usize,
}

impl<'a, 't> Source<'a, 't> {
    /// Follows `path` as far as there are values.
    pub(super) fn follow(&self, path: &[Segment]) -> Result<Reached, Refused> {
        let mut reached = Reached { node: self.tree.root(), entry: None, steps: 0 };
        for segment in path {
            let next = match (&self.tree[reached.node].kind, segment) {
                (NodeKind::Map(_), Segment::Field(key) | Segment::Key(key)) => {
                    self.entry(reached.node, key)?
                }
                (NodeKind::Map(_), Segment::Index(index)) => self.entry(reached.node, &index.to_string())?,
                (NodeKind::Seq(items), Segment::Index(index)) => {
                    let Some(item) = items.get(*index) else { break };
                    self.is_own_item(reached.node, items, *index)?;
                    reached = Reached { node: *item, entry: None, steps: reached.steps + 1 };
                    continue;
                }
                _ => None,
            };
            let Some(entry) = next else { break };
            let node = self.entries(entry.map)[entry.index].value;
            reached = Reached { node, entry: Some(entry), steps: reached.steps + 1 };
        }
        Ok(reached)
    }

    /// The value at `path`.
    pub(super) fn value_at(&self, path: &[Segment]) -> Result<Reached, Refused> {
        let reached = self.follow(path)?;
        if reached.steps == path.len() { Ok(reached) } else { Err(Refused::Missing) }
    }

    /// The entry at `path`.
    pub(super) fn entry_at(&self, path: &[Segment]) -> Result<EntryAt, Refused> {
        self.value_at(path)?.entry.ok_or(Refused::Layout)
    }

    pub(super) fn entries(&self, map: NodeId) -> &'a [Entry<'t>] {
        match &self.tree[map].kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entry of `key` that counts, written where the object is; none where there is none.
    fn entry(&self, map: NodeId, key: &str) -> Result<Option<EntryAt>, Refused> {
        let entries = self.entries(map);
        let Some(index) = entries.iter().position(|entry| !entry.shadowed && entry.key == key) else {
            return Ok(None);
        };
        let entry = &entries[index];
        // A value that an alias stands for was written before the alias.
        let value = self.span(entry.value).start;
        if entry.merged || value < entry.key_span.end || self.is_named(entry.key_span.end, value) {
            return Err(Refused::Shared);
        }
        Ok(Some(EntryAt { map, index }))
    }

    /// Refuses an element that is an alias: what it stands for was written before it.
    fn is_own_item(&self, seq: NodeId, items: &[NodeId], index: usize) -> Result<(), Refused> {
        let before = items[..index].iter().map(|item| self.span(*item).end).max();
        let earliest = before.unwrap_or(0).max(self.span(seq).start);
        let item = self.span(items[index]).start;
        if item < earliest || self.is_named(earliest, item) { Err(Refused::Shared) } else { Ok(()) }
    }

    /// Whether an anchor stands between `from` and the value at `value`, and an alias of that name behind it.
    fn is_named(&self, from: usize, value: usize) -> bool {
        let gap = self.slice(Span::new(from, value));
        let Some(at) = gap.find('&') else { return false };
        let name = gap[at + 1..].split([' ', '\t', '\n', '\r']).next().unwrap_or_default();
        !name.is_empty() && self.text[value..].contains(&format!("*{name}"))
    }

    /// Whether a tag stands before the value at `value`, which would have a say in what is written there.
    pub(super) fn is_tagged(&self, value: usize) -> bool {
        let words = self.text[self.line_start(value)..value].split([' ', '\t', ',', '[', '{']);
        words
            .rev()
            .filter(|word| !word.is_empty())
            .find(|word| !word.starts_with('&'))
            .is_some_and(|word| word.starts_with('!'))
    }

    /// Where an entry ends: behind its value, or behind the alias that stands for it.
    pub(super) fn entry_end(&self, at: EntryAt) -> Result<usize, Refused> {
        let entry = &self.entries(at.map)[at.index];
        let value = self.span(entry.value);
        if value.start >= entry.key_span.end {
            return Ok(value.end);
        }
        let behind = &self.text[entry.key_span.end..];
        let alias = behind.trim_start().strip_prefix(':').map(str::trim_start);
        let Some(alias) = alias.filter(|alias| alias.starts_with('*')) else { return Err(Refused::Layout) };
        let name = alias.find([' ', '\t', '\n', '\r', ',', ']', '}']).unwrap_or(alias.len());
        Ok(self.text.len() - alias.len() + name)
    }

    /// The entries that are written in the object itself, in the order of the text, one left out.
    pub(super) fn written(&self, map: NodeId, without: Option<usize>) -> Vec<usize> {
        let entries = self.entries(map);
        (0..entries.len()).filter(|index| !entries[*index].merged && Some(*index) != without).collect()
    }

    /// By how much the key at `key` is indented, and whether a dash stands before it.
    pub(super) fn indent(&self, key: Span) -> Result<Indent, Refused> {
        let before = &self.text[self.line_start(key.start)..key.start];
        if !before.bytes().all(|b| matches!(b, b' ' | b'-')) {
            return Err(Refused::Layout);
        }
        Ok(Indent { width: before.len(), dash: before.contains('-') })
    }
}

/// How a key of an object in block style is indented.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indent {
    /// How many characters stand before it.
    pub(super) width: usize,
    /// Whether one of them is the dash of a list.
    pub(super) dash: bool,
}
