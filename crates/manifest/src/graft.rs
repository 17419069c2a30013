//! A tree that is put together from parts of others: for an object that stands within another one. What is taken from a
//! text keeps its place in it.

use std::borrow::Cow;

use super::tree::{Arena, Entry, Node, NodeId, NodeKind, Span, Style, Tree, add_value};

/// The nodes of a tree that is being put together. A node is added after those that it holds.
///
/// ```
/// use jobguard_manifest::{Graft, NodeKind, read};
///
/// let documents = read("{outer: {a: 1}}");
/// let tree = documents[0].content.as_ref().unwrap();
/// let outer = tree.get(tree.root(), "outer").unwrap();
/// let NodeKind::Map(entries) = &tree[outer].kind else { panic!() };
///
/// let mut graft = Graft::default();
/// let one = graft.node(tree[entries[0].value].clone(), tree.style(entries[0].value));
/// let two = graft.value(&2.into());
/// let map = graft.map([("a".into(), one), ("b".into(), two)]);
/// let grafted = graft.finish(map);
/// assert_eq!(grafted.to_value(grafted.root()).to_string(), r#"{"a":1,"b":2}"#);
/// ```
#[derive(Debug, Default)]
pub struct Graft<'t>(Arena<'t>);

impl<'t> Graft<'t> {
    /// Adds a node: a copy of one of another tree, whose children are those of this one.
    pub fn node(&mut self, node: Node<'t>, style: Style) -> NodeId {
        if matches!(node.kind, NodeKind::Int(_)) {
            self.0.note_leading_zero();
        }
        self.0.push(node.kind, node.span, style)
    }

    /// Adds a value that has no text.
    pub fn value(&mut self, value: &serde_json::Value) -> NodeId {
        add_value(&mut self.0, value)
    }

    /// Adds an object that has no text, of nodes that were added.
    pub fn map(&mut self, entries: impl IntoIterator<Item = (Cow<'t, str>, NodeId)>) -> NodeId {
        let entries = entries.into_iter().map(|(key, value)| entry(key, value)).collect();
        self.0.push(NodeKind::Map(entries), Span::default(), Style::Flow)
    }

    /// The tree, with this node as its root.
    pub fn finish(self, root: NodeId) -> Tree<'t> {
        self.0.finish(root)
    }
}

/// An entry that has no text.
fn entry<'t>(key: Cow<'t, str>, value: NodeId) -> Entry<'t> {
    Entry { key, key_span: Span::default(), value, shadowed: false, merged: false }
}
