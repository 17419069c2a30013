//! The value tree of one document: an arena of nodes, each with its span in the text.

use std::borrow::Cow;

/// A range of bytes in the text the tree was read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`; empty at `start` where `end` lies before it.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end: if end < start { start } else { end } }
    }

    /// Whether the range holds no byte: an absent value, or a tree that has no text.
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// A node's place in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// How a value is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Style {
    /// A scalar without quotes, or a value that has no text.
    #[default]
    Plain,
    /// A scalar in `'`.
    SingleQuoted,
    /// A scalar in `"`.
    DoubleQuoted,
    /// A block scalar after `|`.
    Literal,
    /// A block scalar after `>`.
    Folded,
    /// A list or an object by indentation.
    Block,
    /// A list in `[]` or an object in `{}`.
    Flow,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'t> {
    /// What the value is.
    pub kind: NodeKind<'t>,
    /// Where it stands: from its first byte to its last, properties (anchor, tag) not included. A block scalar
    /// starts at its `|` or `>` and ends with its last line that is not blank; a list or object by indentation
    /// goes from its first `-` or key to the end of its last value. Empty where nothing is written.
    pub span: Span,
}

/// A JSON value whose children are nodes of the same tree. An alias is the node that it names, shared.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind<'t> {
    /// `null`, `~` or nothing at all.
    Null,
    /// A boolean, after YAML 1.1 as kubectl reads it (`yes`, `on` ... too).
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// A whole number above `i64::MAX`.
    Uint(u64),
    /// Any other number. A YAML `1.0` is `Int(1)`, since that is what the server is sent; a JSON `1.0` stays here.
    Float(f64),
    /// A string.
    Str(Cow<'t, str>),
    /// A list.
    Seq(Vec<NodeId>),
    /// An object, its entries in the order of the text.
    Map(Vec<Entry<'t>>),
}

/// An entry of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'t> {
    /// The key, as a JSON key (a YAML key `yes` is `true` here).
    pub key: Cow<'t, str>,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: NodeId,
    /// Whether a later entry of the same key takes its place. Kept for strict decoding; look-ups pass it over.
    pub shadowed: bool,
    /// Whether the entry came in by a merge key (`<<`): it then stands where the anchor does, and a key that
    /// shadows it, or that it shadows, is no duplicate that anyone wrote.
    pub merged: bool,
}

/// The values of one document.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree<'t> {
    nodes: Vec<Node<'t>>,
    /// One for each node that has text. Beside the nodes, where each would take eight bytes more.
    styles: Vec<Style>,
    marks: Marks,
    root: NodeId,
}

/// What a tree may hold, noted while it is built: few have any of it, and to look through all of them would cost more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Marks {
    dollar_key: bool,
    leading_zero: bool,
}

impl<'t> std::ops::Index<NodeId> for Tree<'t> {
    type Output = Node<'t>;

    fn index(&self, id: NodeId) -> &Node<'t> {
        &self.nodes[id.0 as usize]
    }
}

/// The nodes of a tree that is being built.
#[derive(Debug, Default)]
pub(super) struct Arena<'t> {
    nodes: Vec<Node<'t>>,
    styles: Vec<Style>,
    marks: Marks,
}

impl<'t> Arena<'t> {
    /// An arena with room for the nodes of about `bytes` of text.
    pub(super) fn for_text(bytes: usize) -> Self {
        let guess = (bytes / 24).min(1 << 20);
        Self { nodes: Vec::with_capacity(guess), styles: Vec::with_capacity(guess), marks: Marks::default() }
    }

    /// Adds a node. Nodes beyond `u32::MAX` would take tens of gigabytes of text; the last id then stands for all.
    pub(super) fn push(&mut self, kind: NodeKind<'t>, span: Span, style: Style) -> NodeId {
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        if let NodeKind::Map(entries) = &kind {
            self.marks.dollar_key |= entries.iter().any(|entry| entry.key.starts_with('$'));
        }
        self.nodes.push(Node { kind, span });
        self.styles.push(style);
        NodeId(id)
    }

    /// A whole number of the tree may be written with a zero at its beginning.
    pub(super) fn note_leading_zero(&mut self) {
        self.marks.leading_zero = true;
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Drops the nodes from the one with this number on.
    pub(super) fn truncate(&mut self, length: usize) {
        self.nodes.truncate(length);
        self.styles.truncate(length);
    }

    /// Whether the node is still there.
    pub(super) fn holds(&self, id: NodeId) -> bool {
        (id.0 as usize) < self.nodes.len()
    }

    pub(super) fn get(&self, id: NodeId) -> &Node<'t> {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn finish(self, root: NodeId) -> Tree<'t> {
        Tree { nodes: self.nodes, styles: self.styles, marks: self.marks, root }
    }
}

impl<'t> Tree<'t> {
    /// The document's own value.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// How many values there are in the document.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Whether any key may begin with `$`: where this is false, none does.
    pub fn may_have_dollar_key(&self) -> bool {
        self.marks.dollar_key
    }

    /// Whether a whole number may be written with a zero at its beginning, as in `010`: where this is false, none is.
    pub fn may_have_leading_zero(&self) -> bool {
        self.marks.leading_zero
    }

    /// How the value is written.
    pub fn style(&self, node: NodeId) -> Style {
        self.styles.get(node.0 as usize).copied().unwrap_or_default()
    }

    /// Whether null stands here for an item of a list that exceeded a limit, and so was not kept.
    pub fn is_left_out(&self, node: NodeId) -> bool {
        // A null that is written is a scalar.
        self[node].kind == NodeKind::Null && self.style(node) == Style::Flow
    }

    /// The value of `key` in the object `node`; none where `node` is no object or has no such key.
    pub fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.entry(node, key).map(|entry| entry.value)
    }

    /// The entry of `key` in the object `node` that counts; none where `node` is no object or has no such key.
    pub fn entry(&self, node: NodeId, key: &str) -> Option<&Entry<'t>> {
        match &self[node].kind {
            NodeKind::Map(entries) => entries.iter().find(|e| !e.shadowed && e.key == key),
            _ => None,
        }
    }

    /// The string that `node` is, if it is one.
    pub fn str(&self, node: NodeId) -> Option<&str> {
        match &self[node].kind {
            NodeKind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A tree of a JSON value, all of whose spans are empty: for objects that have no text.
    pub fn from_value(value: &serde_json::Value) -> Tree<'static> {
        let mut arena = Arena::default();
        let root = add_value(&mut arena, value);
        arena.finish(root)
    }

    /// The JSON value of `node`, later duplicates winning. What aliases may multiply the text to is bounded when
    /// the text is read, so this is bounded too.
    pub fn to_value(&self, node: NodeId) -> serde_json::Value {
        use serde_json::Value;
        match &self[node].kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(b) => Value::Bool(*b),
            NodeKind::Int(i) => (*i).into(),
            NodeKind::Uint(u) => (*u).into(),
            NodeKind::Float(f) => (*f).into(),
            NodeKind::Str(s) => Value::String(s.to_string()),
            NodeKind::Seq(items) => self.seq_value(items),
            NodeKind::Map(entries) => self.map_value(entries),
        }
    }

    // Plain loops in functions of their own: they keep the stack frame of the recursion small.
    fn seq_value(&self, items: &[NodeId]) -> serde_json::Value {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            out.push(self.to_value(*item));
        }
        serde_json::Value::Array(out)
    }

    fn map_value(&self, entries: &[Entry<'_>]) -> serde_json::Value {
        let mut out = serde_json::Map::new();
        for entry in entries {
            if !entry.shadowed {
                out.insert(entry.key.to_string(), self.to_value(entry.value));
            }
        }
        serde_json::Value::Object(out)
    }
}

/// Adds a JSON value, which has no text.
pub(super) fn add_value(arena: &mut Arena<'_>, value: &serde_json::Value) -> NodeId {
    use serde_json::Value;
    let (kind, style) = match value {
        Value::Null => (NodeKind::Null, Style::Plain),
        Value::Bool(b) => (NodeKind::Bool(*b), Style::Plain),
        Value::Number(n) => {
            let kind = match (n.as_i64(), n.as_u64()) {
                (Some(i), _) => NodeKind::Int(i),
                (None, Some(u)) => NodeKind::Uint(u),
                (None, None) => NodeKind::Float(n.as_f64().unwrap_or(f64::NAN)),
            };
            (kind, Style::Plain)
        }
        Value::String(s) => (NodeKind::Str(Cow::Owned(s.clone())), Style::DoubleQuoted),
        Value::Array(items) => {
            let mut ids = Vec::with_capacity(items.len());
            for item in items {
                ids.push(add_value(arena, item));
            }
            (NodeKind::Seq(ids), Style::Flow)
        }
        Value::Object(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map {
                let value = add_value(arena, value);
                entries.push(Entry {
                    key: Cow::Owned(key.clone()),
                    key_span: Span::default(),
                    value,
                    shadowed: false,
                    merged: false,
                });
            }
            (NodeKind::Map(entries), Style::Flow)
        }
    };
    arena.push(kind, Span::default(), style)
}

/// Marks every entry that a later one of the same key takes the place of.
pub(super) fn mark_shadowed(entries: &mut [Entry<'_>]) {
    const FEW: usize = 16;
    if entries.len() <= FEW {
        for later in 1..entries.len() {
            let (before, rest) = entries.split_at_mut(later);
            for entry in before {
                if entry.key == rest[0].key {
                    entry.shadowed = true;
                }
            }
        }
        return;
    }
    let mut shadowed = Vec::new();
    let mut last = std::collections::HashMap::with_capacity(entries.len());
    for (position, entry) in entries.iter().enumerate() {
        if let Some(earlier) = last.insert(&*entry.key, position) {
            shadowed.push(earlier);
        }
    }
    for position in shadowed {
        entries[position].shadowed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_survive_the_tree() {
        let value = json!({"a": [1, -2, 1.5, u64::MAX, "x", null, true], "b": {}, "c": {"d": []}});
        let tree = Tree::from_value(&value);
        assert_eq!(tree.to_value(tree.root()), value);
    }

    #[test]
    fn the_last_of_many_equal_keys_counts() {
        for count in [2_usize, 16, 17, 40] {
            let mut entries: Vec<Entry<'_>> = (0..count)
                .map(|n| Entry {
                    key: Cow::Owned(format!("k{}", n % 2)),
                    key_span: Span::default(),
                    value: NodeId(0),
                    shadowed: false,
                    merged: false,
                })
                .collect();
            mark_shadowed(&mut entries);
            let kept: Vec<usize> = (0..count).filter(|n| !entries[*n].shadowed).collect();
            assert_eq!(kept, [count - 2, count - 1], "{count} entries");
        }
    }

    #[test]
    fn a_node_is_small() {
        assert!(std::mem::size_of::<Node<'_>>() <= 48, "{}", std::mem::size_of::<Node<'_>>());
        assert!(std::mem::size_of::<Entry<'_>>() <= 48, "{}", std::mem::size_of::<Entry<'_>>());
    }
}
