//! The facts about objects beside Jobs and CronJobs that rules need.

use std::collections::BTreeSet;

use crate::deploy_tool::MARKS;
use crate::engine::{Entries, Facts, Neighbour, NeighbourKind, NeighbourKinds, Origin};
use jobguard_manifest::{NodeId, NodeKind, SyntaxError, Tree};

use super::classify::text;
use super::helm;

/// How many bytes what is kept of one text may take.
const MAX_BYTES: usize = 32 << 20;

/// About what keeping one object takes beside its texts, in bytes.
const OWN_BYTES: usize = 256;

/// The longest value of a label or annotation that is kept, in bytes.
const MAX_MARK: usize = 256;

/// Kinds whose controllers make Secrets, by group: each of a name of its own, which may be any that a Job refers to.
const SECRET_MAKERS: [(&str, &str); 12] = [
    ("bitnami.com", "SealedSecret"),
    ("cert-manager.io", "Certificate"),
    ("external-secrets.io", "ClusterExternalSecret"),
    ("external-secrets.io", "ExternalSecret"),
    ("isindir.github.com", "SopsSecret"),
    ("kubernetes-client.io", "ExternalSecret"),
    ("onepassword.com", "OnePasswordItem"),
    ("postgresql.cnpg.io", "Cluster"),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"),
    ("secrets.hashicorp.com", "VaultDynamicSecret"),
    ("secrets.hashicorp.com", "VaultPKISecret"),
    ("secrets.hashicorp.com", "VaultStaticSecret"),
];

/// The neighbours in a text.
#[derive(Debug, Default)]
pub(crate) struct NeighbourFacts {
    list: Vec<Neighbour>,
    /// How many bytes they take.
    bytes: usize,
    /// The kinds of which there may be more than are seen.
    partial: NeighbourKinds,
}

impl NeighbourFacts {
    /// Keeps what rules need of the object at `node`; nothing where it has no name.
    pub(super) fn add(&mut self, tree: &Tree<'_>, node: NodeId, kind: NeighbourKind, template: Option<&str>) {
        let Some(neighbour) = facts(tree, node, kind, template) else {
            // Its name is generated, or not there.
            self.partial.insert(kind);
            return;
        };
        let bytes = self.bytes.saturating_add(size(tree, node, &neighbour));
        if bytes > MAX_BYTES {
            self.partial.insert(kind);
            return;
        }
        self.bytes = bytes;
        self.list.push(neighbour);
    }

    /// Takes note of objects that make others: in the place where the others are looked for, there may be more than are
    /// seen.
    pub(super) fn note_maker(
        &mut self,
        tree: &Tree<'_>,
        node: NodeId,
        (api_version, kind): (Option<&str>, Option<&str>),
    ) {
        let group = api_version.and_then(|version| version.split_once('/')).map_or("", |(group, _)| group);
        let is_kustomization = group == "kustomize.config.k8s.io"
            || kind.is_none()
                && ["configMapGenerator", "secretGenerator", "resources"]
                    .iter()
                    .any(|field| tree.get(node, field).is_some());
        if is_kustomization {
            self.partial.extend(NeighbourKinds::ALL);
        }
        if kind.is_some_and(|kind| SECRET_MAKERS.contains(&(group, kind))) {
            self.partial.insert(NeighbourKind::Secret);
        }
    }

    /// Takes note of items of a list that were too large to be read.
    pub(super) fn note_left_out(&mut self, tree: &Tree<'_>) {
        let Some(items) = tree.get(tree.root(), "items") else { return };
        if let NodeKind::Seq(items) = &tree[items].kind
            && items.iter().any(|item| tree.is_left_out(*item))
        {
            self.note_unreadable();
        }
    }

    /// Takes note of an object that is too large to be read.
    pub(super) fn note_too_large(&mut self, error: &SyntaxError) {
        let Some(object) = &error.too_large else { return };
        self.partial.extend(
            NeighbourKind::of(object.api_version.as_deref(), object.kind.as_deref()).into_iter().collect(),
        );
    }

    /// Takes note of a document that cannot be read: it may hold anything.
    pub(super) fn note_unreadable(&mut self) {
        self.partial = NeighbourKinds::ALL;
    }

    /// The kinds of which there may be more than are seen.
    pub(crate) fn partial(&self) -> NeighbourKinds {
        self.partial
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Frees spare memory.
    pub(crate) fn shrink(&mut self) {
        self.list.shrink_to_fit();
    }
}

impl IntoIterator for NeighbourFacts {
    type Item = Neighbour;
    type IntoIter = std::vec::IntoIter<Neighbour>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

fn facts(tree: &Tree<'_>, node: NodeId, kind: NeighbourKind, template: Option<&str>) -> Option<Neighbour> {
    let metadata = tree.get(node, "metadata")?;
    let name = text(tree, metadata, "name").filter(|name| !name.is_empty())?.to_owned();
    let namespace = text(tree, metadata, "namespace").filter(|namespace| !namespace.is_empty());
    let origin = Origin {
        file: None,
        chart: template.and_then(helm::chart).map(Into::into),
        marks: marks(tree, metadata),
    };
    let facts = match kind {
        NeighbourKind::ConfigMap => {
            let binary = keys(tree, node, &["binaryData"]);
            Facts::Entries(Entries::Keys { all: keys(tree, node, &["data", "binaryData"]), binary })
        }
        NeighbourKind::Secret => {
            let all = keys(tree, node, &["data", "stringData"]);
            Facts::Entries(Entries::Keys { all, binary: BTreeSet::new() })
        }
        NeighbourKind::Namespace => {
            let labels = tree.get(metadata, "labels").map(|labels| strings(tree, labels));
            Facts::Namespace(labels.into_iter().flatten().collect())
        }
        _ => {
            let spec = tree.get(node, "spec");
            let field = |field: &&'static str| {
                let value = tree.get(spec?, field)?;
                Some(((*field).to_owned(), tree.to_value(value)))
            };
            Facts::of(kind, &kind.fields().iter().filter_map(field).collect())
        }
    };
    Some(Neighbour { kind, namespace: namespace.map(str::to_owned), name, origin, facts })
}

/// About how many bytes keeping a neighbour takes.
fn size(tree: &Tree<'_>, node: NodeId, neighbour: &Neighbour) -> usize {
    let of_facts = match &neighbour.facts {
        Facts::Entries(Entries::Keys { all, binary }) => {
            all.iter().chain(binary).map(|key| key.len() + OWN_BYTES / 4).sum()
        }
        Facts::Named | Facts::Entries(Entries::Unknown) => 0,
        // No text is kept but what stands there, and aliases that repeat it are bounded where they are read.
        _ => tree.get(node, "spec").or_else(|| tree.get(node, "metadata")).map_or(0, |part| {
            let span = tree[part].span;
            4 * span.end.saturating_sub(span.start)
        }),
    };
    OWN_BYTES + neighbour.name.len() + of_facts
}

/// The names of the entries of a ConfigMap or Secret. Their values are not looked at.
fn keys(tree: &Tree<'_>, node: NodeId, fields: &[&str]) -> BTreeSet<String> {
    let maps = fields.iter().filter_map(|field| tree.get(node, field));
    let keys = maps.flat_map(|map| match &tree[map].kind {
        NodeKind::Map(entries) => entries.as_slice(),
        _ => &[],
    });
    keys.map(|entry| entry.key.to_string()).collect()
}

/// The entries of a map whose values are strings.
fn strings<'a>(tree: &'a Tree<'_>, map: NodeId) -> impl Iterator<Item = (String, String)> + 'a {
    let entries = match &tree[map].kind {
        NodeKind::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    entries
        .iter()
        .filter(|entry| !entry.shadowed)
        .filter_map(|entry| Some((entry.key.to_string(), tree.str(entry.value)?.to_owned())))
}

/// The labels and annotations that tell when a tool creates the object.
fn marks(tree: &Tree<'_>, metadata: NodeId) -> Vec<(&'static str, String)> {
    let maps: Vec<NodeId> =
        ["labels", "annotations"].iter().filter_map(|field| tree.get(metadata, field)).collect();
    if maps.is_empty() {
        return Vec::new();
    }
    let value = |mark: &str| maps.iter().find_map(|map| text(tree, *map, mark));
    MARKS
        .iter()
        .filter_map(|mark| {
            Some((*mark, value(mark).filter(|value| value.len() <= MAX_MARK)?.trim().to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jobguard_manifest::{objects, read};

    use super::super::classify::type_of;
    use super::*;

    fn read_facts(manifest: &str) -> NeighbourFacts {
        let mut facts = NeighbourFacts::default();
        for document in read(manifest) {
            let tree = document.content.unwrap();
            for object in objects(&tree) {
                let (api_version, kind) = type_of(&tree, &object);
                match NeighbourKind::of(api_version, kind) {
                    Some(kind) => facts.add(&tree, object.node, kind, Some("shop/templates/x.yaml")),
                    None => facts.note_maker(&tree, object.node, (api_version, kind)),
                }
            }
        }
        facts
    }

    #[test]
    fn values_are_not_kept() {
        let facts = read_facts(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: ns, annotations: {helm.sh/hook: pre-install, other: x}}\n\
             data: {user: c2VjcmV0}\nstringData: {password: hunter2}\n",
        );
        let shown = format!("{facts:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("c2VjcmV0"), "{shown}");
        let secret = &facts.list[0];
        let all = ["password", "user"].map(str::to_owned).into();
        assert_eq!(secret.facts, Facts::Entries(Entries::Keys { all, binary: BTreeSet::new() }));
        assert_eq!((secret.namespace.as_deref(), secret.origin.chart.as_deref()), (Some("ns"), Some("shop")));
        assert_eq!(secret.origin.marks, [("helm.sh/hook", "pre-install".to_owned())]);
        assert!(facts.partial().is_empty());
    }

    #[test]
    fn there_may_be_more() {
        for text in [
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n",
            "configMapGenerator: [{name: a}]\n",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        ] {
            assert!(read_facts(text).partial().contains(NeighbourKind::ConfigMap), "{text}");
        }
        assert!(read_facts("apiVersion: apps/v1\nkind: DaemonSet\n").partial().is_empty());
    }

    #[test]
    fn what_takes_too_much_is_not_kept() {
        let mut facts = read_facts("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
        facts.bytes = MAX_BYTES;
        let text = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: b}\n";
        let document = read(text).remove(0);
        let tree = document.content.unwrap();
        facts.add(&tree, tree.root(), NeighbourKind::ServiceAccount, None);
        assert_eq!((facts.list.len(), facts.partial().contains(NeighbourKind::ServiceAccount)), (1, true));
    }
}
