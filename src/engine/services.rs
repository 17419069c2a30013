//! What is known of the Services beside an object.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

/// What is known of the Services beside the object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Services {
    /// Nothing: no Service was given, or none was looked for.
    #[default]
    Unknown,
    /// Not known yet, but before the end: a rule that asks is asked again then.
    Pending,
    /// All Services that there are, by the source named.
    Known {
        /// Where they were looked for, as messages say it.
        source: Knowledge,
        /// The Services.
        index: ServiceIndex,
        /// Since when nothing has been heard of them, where that is so: they may be others by now.
        lost: Option<Timestamp>,
    },
}

/// Where knowledge of other objects comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// The files given to the linter.
    Input,
    /// A running cluster.
    Cluster,
}

/// What rules need to know of a Service.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceFacts {
    /// Its namespace, where the manifest says one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether `clusterIP` is `None`.
    pub headless: bool,
    /// Whether it is only another name for a host elsewhere (`type: ExternalName`): it has no Pods.
    pub external: bool,
    /// Its selector; empty where there is none.
    pub selector: BTreeMap<String, String>,
}

type ByName = BTreeMap<String, Vec<ServiceFacts>>;

/// Services, found by name and namespace. Cheap to copy: what two copies share is there once, by namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceIndex {
    namespaces: BTreeMap<Option<String>, Arc<ByName>>,
}

impl ServiceIndex {
    /// Adds a Service beside those that are there: the same name may stand in several manifests.
    pub fn add(&mut self, service: ServiceFacts) {
        let names = Arc::make_mut(self.namespaces.entry(service.namespace.clone()).or_default());
        let same = names.entry(service.name.clone()).or_default();
        same.push(service);
        same.sort();
    }

    /// Puts a Service in place of the one of its name and namespace.
    pub fn replace(&mut self, service: ServiceFacts) {
        let names = Arc::make_mut(self.namespaces.entry(service.namespace.clone()).or_default());
        names.insert(service.name.clone(), vec![service]);
    }

    /// Takes a Service out.
    pub fn remove(&mut self, namespace: Option<&str>, name: &str) {
        let namespace = namespace.map(str::to_owned);
        if let Some(names) = self.namespaces.get_mut(&namespace) {
            Arc::make_mut(names).remove(name);
            if names.is_empty() {
                self.namespaces.remove(&namespace);
            }
        }
    }

    /// The Services of this name that may be in `namespace`. A manifest without a namespace goes wherever it is
    /// applied: it may be in any, and an object without one may be beside any.
    pub fn find<'a>(
        &'a self,
        name: &'a str,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &'a ServiceFacts> + 'a {
        let namespaces: Vec<&Arc<ByName>> = match namespace {
            Some(one) => {
                let mut found: Vec<_> = self.namespaces.get(&None).into_iter().collect();
                found.extend(self.namespaces.get(&Some(one.to_owned())));
                found
            }
            None => self.namespaces.values().collect(),
        };
        namespaces.into_iter().filter_map(move |names| names.get(name)).flatten()
    }

    /// The Services whose selector matches Pods of these labels in `namespace`, as [`find`](Self::find) has it.
    pub fn selecting<'a>(
        &'a self,
        labels: &'a BTreeMap<String, String>,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &'a ServiceFacts> + 'a {
        let namespace = namespace.map(str::to_owned);
        let near = move |of: &Option<String>| of.is_none() || namespace.is_none() || *of == namespace;
        self.namespaces
            .iter()
            .filter(move |(of, _)| near(of))
            .flat_map(|(_, names)| names.values().flatten())
            .filter(|service| !service.selector.is_empty())
            .filter(|service| service.selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.namespaces.values().flat_map(|names| names.values()).map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.namespaces.is_empty()
    }
}

impl FromIterator<ServiceFacts> for ServiceIndex {
    fn from_iter<I: IntoIterator<Item = ServiceFacts>>(services: I) -> Self {
        let mut index = Self::default();
        for service in services {
            index.add(service);
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(namespace: Option<&str>, name: &str, headless: bool) -> ServiceFacts {
        ServiceFacts {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            headless,
            ..ServiceFacts::default()
        }
    }

    #[test]
    fn a_manifest_without_namespace_may_be_anywhere() {
        let index: ServiceIndex =
            [service(Some("a"), "x", true), service(None, "x", false), service(Some("b"), "x", false)]
                .into_iter()
                .collect();
        let count = |namespace| index.find("x", namespace).count();
        assert_eq!((count(Some("a")), count(Some("c")), count(None)), (2, 1, 3));
        assert_eq!(index.find("y", None).count(), 0);
        assert_eq!(index.len(), 3);
    }

    #[test]
    fn pods_are_selected_by_all_of_the_labels() {
        let selector = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let with = |namespace, pairs: &[(&str, &str)]| ServiceFacts {
            selector: selector(pairs),
            ..service(namespace, "x", false)
        };
        let index: ServiceIndex = [
            with(Some("a"), &[("app", "x")]),
            with(Some("b"), &[("app", "x")]),
            with(None, &[("app", "x"), ("tier", "y")]),
            with(Some("a"), &[]),
        ]
        .into_iter()
        .collect();
        let count =
            |labels: &[(&str, &str)], namespace| index.selecting(&selector(labels), namespace).count();
        assert_eq!(count(&[("app", "x"), ("more", "z")], Some("a")), 1);
        assert_eq!(count(&[("app", "x"), ("tier", "y")], Some("a")), 2);
        assert_eq!(count(&[("app", "x")], None), 2);
        assert_eq!(count(&[("tier", "y")], None), 0);
    }

    #[test]
    fn copies_do_not_change_with_the_original() {
        let mut index: ServiceIndex = [service(Some("a"), "x", false)].into_iter().collect();
        let before = index.clone();
        index.replace(service(Some("a"), "x", true));
        assert!(index.find("x", Some("a")).all(|service| service.headless));
        assert!(before.find("x", Some("a")).all(|service| !service.headless));
        index.remove(Some("a"), "x");
        index.remove(Some("a"), "never there");
        assert!(index.is_empty() && !before.is_empty());
    }
}
