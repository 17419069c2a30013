//! The Kubernetes objects of a document: itself, or the items of the list that it is.

use crate::path::FieldPath;

use super::tree::{NodeId, NodeKind, Tree};

/// An object in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// Its node.
    pub node: NodeId,
    /// Where it stands in the document: the root, or `items[0]`, `items[0].items[2]` ...
    pub base: FieldPath,
    /// Its type, where only the list around it says so: kubectl gives an item that has neither `apiVersion` nor
    /// `kind` those of its list, `List` cut off.
    pub implied: Option<ImpliedType>,
}

/// A type that an object does not state itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImpliedType {
    /// As in `apiVersion`.
    pub api_version: String,
    /// As in `kind`.
    pub kind: String,
}

/// How deep lists within lists are followed.
const MAX_LISTS: usize = 16;

/// The objects of a document, in the order of the text. A document of a kind that ends in `List`, with `items`,
/// stands for its items; so does a list within it. Anything else that is an object stands for itself, whatever it is.
pub fn objects(tree: &Tree<'_>) -> Vec<ObjectRef> {
    let mut found = Vec::new();
    walk(tree, tree.root(), &FieldPath::root(), None, MAX_LISTS, &mut found);
    found
}

fn walk(
    tree: &Tree<'_>,
    node: NodeId,
    base: &FieldPath,
    implied: Option<ImpliedType>,
    depth: usize,
    found: &mut Vec<ObjectRef>,
) {
    if !matches!(tree[node].kind, NodeKind::Map(_)) {
        return;
    }
    let stated = |field| tree.get(node, field).and_then(|id| tree.str(id)).filter(|text| !text.is_empty());
    let implied = implied.filter(|_| stated("kind").is_none() && stated("apiVersion").is_none());
    let kind = stated("kind").or(implied.as_ref().map(|i| i.kind.as_str())).unwrap_or_default();
    let items = tree.get(node, "items").map(|id| &tree[id].kind);
    if let (Some(item_kind), Some(NodeKind::Seq(items)), true) = (kind.strip_suffix("List"), items, depth > 0)
    {
        let api_version =
            stated("apiVersion").or(implied.as_ref().map(|i| i.api_version.as_str())).unwrap_or_default();
        for (position, item) in items.iter().enumerate() {
            let implied = (!item_kind.is_empty())
                .then(|| ImpliedType { api_version: api_version.to_owned(), kind: item_kind.to_owned() });
            walk(tree, *item, &base.clone().field("items").index(position), implied, depth - 1, found);
        }
        return;
    }
    found.push(ObjectRef { node, base: base.clone(), implied });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let documents = crate::read(text);
        let mut out = Vec::new();
        for document in &documents {
            let tree = document.content.as_ref().unwrap();
            for object in objects(tree) {
                let name = tree.get(object.node, "name").and_then(|id| tree.str(id)).unwrap_or("-");
                let implied =
                    object.implied.map(|i| format!(" {}/{}", i.api_version, i.kind)).unwrap_or_default();
                out.push(format!("{}: {name}{implied}", object.base));
            }
        }
        out
    }

    #[test]
    fn lists_stand_for_their_items() {
        assert_eq!(found("kind: Job\nname: a\n"), [": a"]);
        assert_eq!(
            found("kind: List\nitems:\n- kind: Job\n  name: a\n- {kind: Pod, name: b}\n"),
            ["items[0]: a", "items[1]: b"]
        );
        assert_eq!(
            found(
                "apiVersion: batch/v1\nkind: JobList\nitems: [{name: a}, {kind: Job, name: b}, {apiVersion: v1}]\n"
            ),
            ["items[0]: a batch/v1/Job", "items[1]: b", "items[2]: -"]
        );
        assert_eq!(
            found("kind: List\nitems:\n- kind: List\n  items: [{kind: Job, name: a}]\n- x\n- null\n"),
            ["items[0].items[0]: a"]
        );
        assert_eq!(found("kind: WaitList\nname: a\n"), [": a"]);
        assert_eq!(found("kind: List\nitems: null\nname: a\n"), [": a"]);
        assert_eq!(found("- kind: Job\n"), Vec::<String>::new());
    }
}
