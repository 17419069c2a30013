//! Objects of the same kind and name in the input, one of which may be a patch of the other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::classify::text;
use jobguard_manifest::{NodeId, Tree};

/// What identifies an object. One without a namespace may be applied to any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(super) kind: Cow<'static, str>,
    name: String,
    namespace: Option<String>,
}

impl Identity {
    /// The identity of the object at `node`, which is of a kind; none where its name is generated, or missing.
    pub(super) fn of(tree: &Tree<'_>, node: NodeId, kind: impl Into<Cow<'static, str>>) -> Option<Self> {
        let metadata = tree.get(node, "metadata")?;
        let name = text(tree, metadata, "name").filter(|name| !name.is_empty())?.to_owned();
        let namespace = text(tree, metadata, "namespace").filter(|namespace| !namespace.is_empty());
        Some(Self { kind: kind.into(), name, namespace: namespace.map(str::to_owned) })
    }
}

/// An object that lacks a required field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Incomplete {
    pub(super) identity: Identity,
    /// Whether that is a `restartPolicy` and nothing else, which is forgotten in manifests too.
    pub(super) only_policy: bool,
}

/// The objects of the input that lack no required field: what lacks one beside such an object is taken for its patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CompleteObjects(BTreeMap<(Cow<'static, str>, String), Vec<Place>>);

/// The namespace of an object, and its file.
type Place = (Option<String>, Arc<str>);

/// How many objects of the same name, in different namespaces or folders, are remembered.
const MAX_NAMESAKES: usize = 1_000;

impl CompleteObjects {
    /// Adds one that is in `file`.
    pub(crate) fn add(&mut self, identity: Identity, file: &Arc<str>) {
        let Identity { kind, name, namespace } = identity;
        let places = self.0.entry((kind, name)).or_default();
        let is_there = |(other, there): &Place| *other == namespace && folder(there) == folder(file);
        if places.len() < MAX_NAMESAKES && !places.iter().any(is_there) {
            places.push((namespace, Arc::clone(file)));
        }
    }

    /// The same, for what is in `file`.
    pub(crate) fn seen_from<'a>(&'a self, file: &'a str) -> Namesakes<'a> {
        Namesakes { complete: self, file }
    }
}

/// The objects of the input that lack no required field, for what is in one of its files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Namesakes<'a> {
    complete: &'a CompleteObjects,
    file: &'a str,
}

impl<'a> Namesakes<'a> {
    /// The file of the object that this one is probably a patch of: of the same kind and name, and of no other namespace.
    /// What lacks a `restartPolicy` and nothing else is a manifest beside a namesake in its own folder: the two are
    /// applied together.
    pub(crate) fn file_of(self, incomplete: &Incomplete) -> Option<&'a str> {
        let Incomplete { identity, only_policy } = incomplete;
        let places = self.complete.0.get(&(identity.kind.clone(), identity.name.clone()))?;
        let is_base = |(namespace, file): &&Place| {
            let is_same =
                namespace.is_none() || identity.namespace.is_none() || *namespace == identity.namespace;
            is_same && !(*only_policy && folder(file) == folder(self.file))
        };
        places.iter().find(is_base).map(|(_, file)| &**file)
    }
}

/// The folder of a file, as it is named.
fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobguard_manifest as manifest;

    #[test]
    fn namesakes() {
        let identity = |text: &str| {
            let documents = manifest::read(text);
            let tree = documents[0].content.as_ref().unwrap();
            Identity::of(tree, tree.root(), "Job")
        };
        let mut complete = CompleteObjects::default();
        complete.add(identity("metadata: {name: a}").unwrap(), &"a.yaml".into());
        complete.add(identity("metadata: {name: b, namespace: x}").unwrap(), &"b.yaml".into());
        let incomplete =
            |text: &str, only_policy| Incomplete { identity: identity(text).unwrap(), only_policy };
        let file =
            |text: &str| complete.seen_from("c.yaml").file_of(&incomplete(text, false)).map(str::to_owned);
        for (text, expected) in [
            ("metadata: {name: a}", Some("a.yaml")),
            ("metadata: {name: a, namespace: other}", Some("a.yaml")),
            ("metadata: {name: b}", Some("b.yaml")),
            ("metadata: {name: b, namespace: x}", Some("b.yaml")),
            ("metadata: {name: b, namespace: other}", None),
            ("metadata: {name: c}", None),
        ] {
            assert_eq!(file(text).as_deref(), expected, "{text}");
        }
        assert_eq!(identity("metadata: {generateName: a}"), None);
        // Nothing but a forgotten policy: a patch only of what is elsewhere.
        let forgotten = incomplete("metadata: {name: a}", true);
        assert_eq!(complete.seen_from("c.yaml").file_of(&forgotten), None);
        assert_eq!(complete.seen_from("other/c.yaml").file_of(&forgotten), Some("a.yaml"));
    }
}
