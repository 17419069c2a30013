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

/// A node's place in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'t> {
    /// What the value is.
    pub kind: NodeKind<'t>,
    /// Where it stands: from its first byte to its last, properties (anchor, tag) not included.
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
}

/// The values of one document.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree<'t> {
    nodes: Vec<Node<'t>>,
    root: NodeId,
}

impl<'t> std::ops::Index<NodeId> for Tree<'t> {
    type Output = Node<'t>;

    fn index(&self, id: NodeId) -> &Node<'t> {
        &self.nodes[id.0 as usize]
    }
}

impl<'t> Tree<'t> {
    /// The document's own value.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// The value of `key` in the object `node`; none where `node` is no object or has no such key.
    pub fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        match &self[node].kind {
            NodeKind::Map(entries) => entries.iter().find(|e| !e.shadowed && e.key == key).map(|e| e.value),
            _ => None,
        }
    }

    /// A tree of a JSON value, all of whose spans are empty: for objects that have no text.
    pub fn from_value(value: &serde_json::Value) -> Tree<'static> {
        let mut nodes = Vec::new();
        let root = add_value(&mut nodes, value);
        Tree { nodes, root }
    }

    /// The JSON value of `node`, later duplicates winning.
    pub fn to_value(&self, node: NodeId) -> serde_json::Value {
        use serde_json::Value;
        match &self[node].kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(b) => Value::Bool(*b),
            NodeKind::Int(i) => (*i).into(),
            NodeKind::Uint(u) => (*u).into(),
            NodeKind::Float(f) => (*f).into(),
            NodeKind::Str(s) => Value::String(s.to_string()),
            NodeKind::Seq(items) => items.iter().map(|id| self.to_value(*id)).collect(),
            NodeKind::Map(entries) => entries
                .iter()
                .filter(|e| !e.shadowed)
                .map(|e| (e.key.to_string(), self.to_value(e.value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

fn add_value(nodes: &mut Vec<Node<'static>>, value: &serde_json::Value) -> NodeId {
    use serde_json::Value;
    let kind = match value {
        Value::Null => NodeKind::Null,
        Value::Bool(b) => NodeKind::Bool(*b),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => NodeKind::Int(i),
            (None, Some(u)) => NodeKind::Uint(u),
            (None, None) => NodeKind::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(s) => NodeKind::Str(Cow::Owned(s.clone())),
        Value::Array(items) => NodeKind::Seq(items.iter().map(|item| add_value(nodes, item)).collect()),
        Value::Object(map) => NodeKind::Map(
            map.iter()
                .map(|(key, value)| Entry {
                    key: Cow::Owned(key.clone()),
                    key_span: Span::default(),
                    value: add_value(nodes, value),
                    shadowed: false,
                })
                .collect(),
        ),
    };
    nodes.push(Node { kind, span: Span::default() });
    NodeId(u32::try_from(nodes.len() - 1).unwrap_or(u32::MAX))
}
