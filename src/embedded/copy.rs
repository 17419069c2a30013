//! Copying a part of a tree into another one, with what a controller fills in on the way.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use jobguard_manifest::{At, Entry, FieldPath, Graft, Node, NodeId, NodeKind, Tree};

use super::kind::Placeholders;

/// A field that a controller fills in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fill {
    /// The way to it, from the Job's spec on.
    pub(super) way: Vec<Cow<'static, str>>,
    pub(super) value: Value,
    pub(super) when: When,
}

/// What becomes of what is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// It gives way.
    Always,
    /// It stays, and nothing is filled in.
    IfMissing,
    /// It is a list, and so is the value: its elements come after those that are written.
    Append,
}

impl Fill {
    /// Fills in a field whatever is set.
    pub(super) fn always(way: &'static str, value: impl Into<Value>) -> Self {
        Self { way: way.split('.').map(Cow::Borrowed).collect(), value: value.into(), when: When::Always }
    }

    /// Fills in a field where nothing is set.
    pub(super) fn if_missing(way: &'static str, value: impl Into<Value>) -> Self {
        Self { when: When::IfMissing, ..Self::always(way, value) }
    }

    /// Adds elements to a list.
    pub(super) fn append(way: &'static str, elements: Vec<Value>) -> Self {
        Self { when: When::Append, ..Self::always(way, elements) }
    }
}

/// Copies nodes.
pub(super) struct Copying<'a, 't> {
    pub(super) from: &'a Tree<'t>,
    pub(super) to: Graft<'t>,
    pub(super) placeholders: Option<&'a Placeholders>,
    /// Fields that are left out.
    pub(super) without: &'a BTreeSet<FieldPath>,
}

impl<'t> Copying<'_, 't> {
    /// Copies a node, which becomes the field `at`.
    pub(super) fn copy(
        &mut self,
        node: NodeId,
        at: &At<'_>,
        fills: &[(&[Cow<'static, str>], &Fill)],
    ) -> NodeId {
        let from = self.from;
        let Node { kind, span } = &from[node];
        let kind = match kind {
            NodeKind::Map(entries) => NodeKind::Map(self.entries(entries, at, fills)),
            // What is filled in goes into an object, and nothing else can be meant there.
            NodeKind::Null if fills.iter().any(|(way, _)| !way.is_empty()) => {
                NodeKind::Map(self.entries(&[], at, fills))
            }
            NodeKind::Seq(items) => {
                let mut copied = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    copied.push(self.copy(*item, &at.index(index), &[]));
                }
                for (_, fill) in
                    fills.iter().filter(|(way, fill)| way.is_empty() && fill.when == When::Append)
                {
                    let added = fill.value.as_array().into_iter().flatten();
                    copied.extend(added.map(|element| self.to.value(element)));
                }
                NodeKind::Seq(copied)
            }
            NodeKind::Str(text) => match self.placeholders.and_then(|known| known.replaced(text)) {
                Some(replaced) => NodeKind::Str(Cow::Owned(replaced)),
                None => NodeKind::Str(text.clone()),
            },
            scalar => scalar.clone(),
        };
        self.to.node(Node { kind, span: *span }, from.style(node))
    }

    /// A value that is made of nothing but what is filled in.
    pub(super) fn made(&mut self, fills: &[(&[Cow<'static, str>], &Fill)]) -> NodeId {
        let entries = self.entries(&[], &At::root(), fills);
        self.to.node(Node { kind: NodeKind::Map(entries), span: Default::default() }, Default::default())
    }

    fn entries(
        &mut self,
        entries: &[Entry<'t>],
        at: &At<'_>,
        fills: &[(&[Cow<'static, str>], &Fill)],
    ) -> Vec<Entry<'t>> {
        let mut copied = Vec::with_capacity(entries.len());
        let mut placed = BTreeSet::new();
        for entry in entries {
            let here = at.field(&entry.key);
            if !self.without.is_empty() && self.without.contains(&here.to_path()) {
                continue;
            }
            let about = if entry.shadowed { Vec::new() } else { below(fills, &entry.key) };
            let is_set = !is_nothing(self.from, entry.value);
            let replaces = |fill: &Fill| fill.when == When::Always || !is_set;
            let replaced = about.iter().find(|(way, fill)| way.is_empty() && replaces(fill));
            let value = match replaced {
                Some((_, fill)) => self.to.value(&fill.value),
                None => {
                    let deeper =
                        about.iter().filter(|(way, fill)| !way.is_empty() || fill.when == When::Append);
                    let deeper: Vec<_> = deeper.copied().collect();
                    self.copy(entry.value, &here, &deeper)
                }
            };
            if !about.is_empty() {
                placed.insert(entry.key.clone());
            }
            copied.push(Entry { value, ..entry.clone() });
        }
        for (way, _) in fills {
            let Some(key) = way.first().filter(|key| !placed.contains(*key)) else { continue };
            let about = below(fills, key);
            let value = match about.iter().find(|(way, _)| way.is_empty()) {
                Some((_, fill)) => self.to.value(&fill.value),
                None => self.made(&about),
            };
            placed.insert(key.clone());
            copied.push(Entry {
                key: key.clone(),
                key_span: Default::default(),
                value,
                shadowed: false,
                merged: false,
            });
        }
        copied
    }
}

/// What is filled in below a key, with the rest of the way.
fn below<'f>(
    fills: &[(&'f [Cow<'static, str>], &'f Fill)],
    key: &str,
) -> Vec<(&'f [Cow<'static, str>], &'f Fill)> {
    fills
        .iter()
        .filter_map(|(way, fill)| {
            way.split_first().filter(|(first, _)| *first == key).map(|(_, rest)| (rest, *fill))
        })
        .collect()
}

/// Whether a value counts as none: null, or an empty text.
pub(super) fn is_nothing(tree: &Tree<'_>, node: NodeId) -> bool {
    match &tree[node].kind {
        NodeKind::Null => true,
        NodeKind::Str(text) => text.is_empty(),
        _ => false,
    }
}
