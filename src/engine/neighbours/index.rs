//! Neighbours of one kind, found by name, by namespace, and by the Pods that they select.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use super::{Neighbour, Selector};

/// How many manifests of one namespace and name are kept: one for each environment, say.
const MAX_NAMESAKES: usize = 100;

/// How many selectors without a label are tried on each Pod: they cannot be looked up.
const MAX_UNINDEXED: usize = 1_000;

type Shared = Arc<Neighbour>;

/// Neighbours of one kind. Cheap to copy: what two copies share is there once, by namespace.
#[derive(Debug, Clone, Default)]
pub struct NeighbourIndex {
    namespaces: BTreeMap<Option<String>, Arc<Names>>,
    /// All of them, whatever their namespace: made when the first object without a namespace asks.
    anywhere: OnceLock<Arc<Names>>,
    /// The folders that they stand in, with their namespaces: made when the first rule asks.
    folders: OnceLock<Arc<BTreeSet<Folder>>>,
}

/// A folder, and a namespace where one is named.
type Folder = (String, Option<String>);

/// Those of a namespace.
#[derive(Debug, Clone, Default)]
struct Names {
    by_name: BTreeMap<String, Vec<Shared>>,
    /// Made when the first rule asks.
    by_label: OnceLock<ByLabel>,
}

/// Those that select Pods, by one of the labels that they require.
#[derive(Debug, Clone, Default)]
struct ByLabel {
    labels: BTreeMap<String, BTreeMap<String, Vec<Shared>>>,
    /// Those that require no label of a certain value.
    rest: Vec<Shared>,
}

impl PartialEq for NeighbourIndex {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for NeighbourIndex {}

impl NeighbourIndex {
    /// Adds a neighbour beside those that are there: the same name may stand in several manifests.
    pub fn add(&mut self, neighbour: Neighbour) {
        let names = self.names_mut(neighbour.namespace.clone());
        let same = names.by_name.entry(neighbour.name.clone()).or_default();
        if same.len() < MAX_NAMESAKES && !same.iter().any(|other| **other == neighbour) {
            same.push(Arc::new(neighbour));
        }
    }

    /// Puts a neighbour in place of the one of its name and namespace.
    pub fn replace(&mut self, neighbour: Neighbour) {
        let names = self.names_mut(neighbour.namespace.clone());
        names.by_name.insert(neighbour.name.clone(), vec![Arc::new(neighbour)]);
    }

    /// Takes a neighbour out.
    pub fn remove(&mut self, namespace: Option<&str>, name: &str) {
        let namespace = namespace.map(str::to_owned);
        if self.namespaces.contains_key(&namespace) {
            let names = self.names_mut(namespace.clone());
            names.by_name.remove(name);
            if names.by_name.is_empty() {
                self.namespaces.remove(&namespace);
            }
        }
    }

    /// The names of a namespace, to be changed: what was made from them is made anew.
    fn names_mut(&mut self, namespace: Option<String>) -> &mut Names {
        (self.anywhere, self.folders) = (OnceLock::new(), OnceLock::new());
        let names = Arc::make_mut(self.namespaces.entry(namespace).or_default());
        names.by_label = OnceLock::new();
        names
    }

    /// Where to look for what may be in `namespace`. A manifest without a namespace goes wherever it is applied: it may
    /// be in any, and an object without one may be beside any.
    fn near(&self, namespace: Option<&str>) -> impl Iterator<Item = &Names> {
        let (own, unsaid) = match namespace {
            Some(namespace) => (self.namespaces.get(&Some(namespace.to_owned())), self.namespaces.get(&None)),
            None => (Some(self.anywhere()), None),
        };
        unsaid.into_iter().chain(own).map(Arc::as_ref)
    }

    fn anywhere(&self) -> &Arc<Names> {
        self.anywhere.get_or_init(|| {
            let mut of_each = self.namespaces.values();
            if let (Some(only), None) = (of_each.next(), of_each.next()) {
                return Arc::clone(only);
            }
            let mut all = Names::default();
            for (name, neighbours) in self.namespaces.values().flat_map(|names| &names.by_name) {
                let same = all.by_name.entry(name.clone()).or_default();
                same.extend(neighbours.iter().take(MAX_NAMESAKES.saturating_sub(same.len())).cloned());
            }
            Arc::new(all)
        })
    }

    /// The neighbours of this name that may be in `namespace`.
    pub fn find(&self, name: &str, namespace: Option<&str>) -> impl Iterator<Item = &Neighbour> {
        self.near(namespace).filter_map(move |names| names.by_name.get(name)).flatten().map(Arc::as_ref)
    }

    /// The neighbours that may be in `namespace`, by name.
    pub fn within(&self, namespace: Option<&str>) -> impl Iterator<Item = &Neighbour> {
        self.near(namespace).flat_map(|names| names.by_name.values()).flatten().map(Arc::as_ref)
    }

    /// The neighbours that may be in `namespace` and whose names begin with `prefix`, by name.
    pub fn beginning<'a>(
        &'a self,
        prefix: &'a str,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &'a Neighbour> {
        self.near(namespace).flat_map(move |names| {
            let from = names.by_name.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
            from.take_while(move |(name, _)| name.starts_with(prefix))
                .flat_map(|(_, neighbours)| neighbours)
                .map(Arc::as_ref)
        })
    }

    /// The neighbours that may be in `namespace` and select Pods with these labels.
    pub fn selecting<'a>(
        &'a self,
        labels: &'a BTreeMap<String, String>,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &'a Neighbour> {
        self.near(namespace)
            .flat_map(move |names| {
                let by_label = names.by_label.get_or_init(|| ByLabel::of(&names.by_name));
                let of_label =
                    move |(key, value): (&String, &String)| by_label.labels.get(key)?.get(value.as_str());
                labels.iter().filter_map(of_label).flatten().chain(by_label.rest.iter().take(MAX_UNINDEXED))
            })
            .map(Arc::as_ref)
            .filter(|neighbour| neighbour.facts.selector().is_some_and(|selector| selector.matches(labels)))
    }

    /// Whether there is one in the folder of `file` that may be in `namespace`.
    pub fn has_beside(&self, file: &str, namespace: Option<&str>) -> bool {
        let folders = self.folders.get_or_init(|| {
            let file = |neighbour: &Neighbour| neighbour.origin.file.clone();
            let folders = self.iter().filter_map(|neighbour| {
                Some((folder(&file(neighbour)?).to_owned(), neighbour.namespace.clone()))
            });
            Arc::new(folders.collect())
        });
        let folder = folder(file);
        match namespace {
            Some(namespace) => [None, Some(namespace.to_owned())]
                .into_iter()
                .any(|namespace| folders.contains(&(folder.to_owned(), namespace))),
            None => {
                folders.range((folder.to_owned(), None)..).next().is_some_and(|(first, _)| first == folder)
            }
        }
    }

    /// All of them, by namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = &Neighbour> {
        self.namespaces.values().flat_map(|names| names.by_name.values()).flatten().map(Arc::as_ref)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.namespaces.values().flat_map(|names| names.by_name.values()).map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.namespaces.is_empty()
    }
}

impl ByLabel {
    fn of(by_name: &BTreeMap<String, Vec<Shared>>) -> Self {
        let mut this = Self::default();
        for neighbour in by_name.values().flatten() {
            let Some(selector) = neighbour.facts.selector() else { continue };
            match indexed_label(selector) {
                Some((key, value)) => {
                    let of_key = this.labels.entry(key.clone()).or_default();
                    of_key.entry(value.clone()).or_default().push(Arc::clone(neighbour));
                }
                None => this.rest.push(Arc::clone(neighbour)),
            }
        }
        this
    }
}

/// The label that a selector is found by, where it requires one of a certain value.
pub(super) fn indexed_label(selector: &Selector) -> Option<(&String, &String)> {
    selector.labels.iter().next()
}

/// The folder of a file.
fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl FromIterator<Neighbour> for NeighbourIndex {
    fn from_iter<I: IntoIterator<Item = Neighbour>>(neighbours: I) -> Self {
        let mut index = Self::default();
        neighbours.into_iter().for_each(|neighbour| index.add(neighbour));
        index
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Facts, NeighbourKind, Origin};
    use super::*;

    fn service(namespace: Option<&str>, name: &str, selector: Value) -> Neighbour {
        let kind = NeighbourKind::Service;
        Neighbour {
            kind,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            origin: Origin::default(),
            facts: Facts::of(kind, json!({ "selector": selector }).as_object().unwrap()),
        }
    }

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_manifest_without_namespace_may_be_anywhere() {
        let index: NeighbourIndex = [
            service(Some("a"), "x", json!({"of": "a"})),
            service(None, "x", json!({})),
            service(None, "x", json!({})),
            service(Some("b"), "x", json!({})),
        ]
        .into_iter()
        .collect();
        let count = |namespace| index.find("x", namespace).count();
        assert_eq!((count(Some("a")), count(Some("c")), count(None)), (2, 1, 3));
        assert_eq!(index.find("y", None).count(), 0);
        assert_eq!((index.len(), index.within(Some("b")).count()), (3, 2));
        assert_eq!((index.beginning("x", None).count(), index.beginning("xy", None).count()), (3, 0));
    }

    #[test]
    fn pods_are_selected_by_all_of_the_labels() {
        let index: NeighbourIndex = [
            service(Some("a"), "1", json!({"app": "x"})),
            service(Some("b"), "2", json!({"app": "x"})),
            service(None, "3", json!({"app": "x", "tier": "y"})),
            service(Some("a"), "4", json!({})),
        ]
        .into_iter()
        .collect();
        let count = |pairs: &[(&str, &str)], namespace| index.selecting(&labels(pairs), namespace).count();
        assert_eq!(count(&[("app", "x"), ("more", "z")], Some("a")), 1);
        assert_eq!(count(&[("app", "x"), ("tier", "y")], Some("a")), 2);
        assert_eq!(count(&[("app", "x")], None), 2);
        assert_eq!(count(&[("tier", "y")], None), 0);
    }

    #[test]
    fn copies_do_not_change_with_the_original() {
        let pods = labels(&[("app", "x")]);
        let mut index: NeighbourIndex = [service(Some("a"), "x", json!({"app": "x"}))].into_iter().collect();
        assert_eq!((index.selecting(&pods, Some("a")).count(), index.selecting(&pods, None).count()), (1, 1));
        let before = index.clone();
        index.replace(service(Some("a"), "x", json!({"app": "y"})));
        assert_eq!((index.selecting(&pods, Some("a")).count(), index.selecting(&pods, None).count()), (0, 0));
        assert_eq!(before.selecting(&pods, Some("a")).count(), 1);
        assert!(index != before);
        index.remove(Some("a"), "x");
        index.remove(Some("a"), "never there");
        assert!(index.is_empty() && !before.is_empty());
    }

    #[test]
    fn neighbours_of_a_folder() {
        let mut there = service(Some("a"), "x", json!({}));
        there.origin.file = Some("apps/one/all.yaml".into());
        let index: NeighbourIndex = [there, service(None, "y", json!({}))].into_iter().collect();
        assert!(
            index.has_beside("apps/one/job.yaml", None) && index.has_beside("apps/one/job.yaml", Some("a"))
        );
        assert!(
            !index.has_beside("apps/one/job.yaml", Some("b")) && !index.has_beside("apps/job.yaml", None)
        );
    }
}
