//! What rules would ask about neighbours, kept until the neighbours are known.
//!
//! A linter reads each text once before it knows the others. A text is read again only where an answer may make a
//! difference; so the questions are kept, as hashes: eight bytes each.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use super::index::indexed_label;
use super::{Neighbour, NeighbourKind, NeighbourKinds};

/// What a rule asks about the neighbours of a kind.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// Whether there is any that may be in this namespace.
    Within(Option<&'a str>),
    /// Whether one selects Pods with these labels.
    Selecting(&'a BTreeMap<String, String>),
    /// Whether there is one of this name.
    Named(&'a str),
    /// Whether there are some, and none of this name.
    Missing(&'a str),
}

/// Questions that nobody could answer yet. Where two have the same hash, a text is read again for nothing, or a name
/// counts as there that is not: once in many billions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// What makes a difference if it is there.
    present: Vec<u64>,
    /// What makes a difference if others of its kind are there, and it is not.
    missing: Vec<(NeighbourKind, u64)>,
    /// The address of the labels that were asked about last: rules ask the same of one kind after another.
    labels: Option<usize>,
}

/// What the neighbours that there are answer.
#[derive(Debug, Default)]
pub struct Answers {
    kinds: NeighbourKinds,
    present: HashSet<u64>,
}

/// What is asked for, before it is hashed.
#[derive(Hash)]
enum Key<'a> {
    Kind(NeighbourKind),
    In(NeighbourKind, Option<&'a str>),
    Selecting(&'a str, &'a str),
    SelectingAny,
    Named(NeighbourKind, &'a str),
}

fn hash(key: &Key<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

impl Questions {
    /// Keeps a question about neighbours of `kind`.
    pub(in crate::engine) fn add(&mut self, kind: NeighbourKind, question: Question<'_>) {
        match question {
            Question::Within(None) => self.present.push(hash(&Key::Kind(kind))),
            Question::Within(namespace) => {
                self.present.extend([None, namespace].map(|namespace| hash(&Key::In(kind, namespace))));
            }
            Question::Selecting(labels) => {
                let address = std::ptr::from_ref(labels).addr();
                if self.labels.replace(address) != Some(address) {
                    let of_labels = labels.iter().map(|(key, value)| hash(&Key::Selecting(key, value)));
                    self.present.extend(of_labels.chain([hash(&Key::SelectingAny)]));
                }
            }
            Question::Named(name) => self.present.push(hash(&Key::Named(kind, name))),
            Question::Missing(name) => self.missing.push((kind, hash(&Key::Named(kind, name)))),
        }
    }

    /// Adds the questions about another object.
    pub fn append(&mut self, mut others: Self) {
        self.present.append(&mut others.present);
        self.missing.append(&mut others.missing);
    }

    /// Drops what is asked twice, and spare memory.
    pub fn shrink(&mut self) {
        self.present.sort_unstable();
        self.present.dedup();
        self.present.shrink_to_fit();
        self.missing.sort_unstable();
        self.missing.dedup();
        self.missing.shrink_to_fit();
    }

    /// Whether an answer may make a difference.
    pub fn matter(&self, answers: &Answers) -> bool {
        self.present.iter().any(|hash| answers.present.contains(hash))
            || self
                .missing
                .iter()
                .any(|(kind, hash)| answers.kinds.contains(*kind) && !answers.present.contains(hash))
    }
}

impl Answers {
    /// Takes note of a neighbour.
    pub fn add(&mut self, neighbour: &Neighbour) {
        let kind = neighbour.kind;
        self.kinds.insert(kind);
        let selecting = neighbour.facts.selector().map(|selector| match indexed_label(selector) {
            Some((key, value)) => Key::Selecting(key, value),
            None => Key::SelectingAny,
        });
        let keys = [
            Key::Kind(kind),
            Key::In(kind, neighbour.namespace.as_deref()),
            Key::Named(kind, &neighbour.name),
        ];
        self.present.extend(keys.iter().chain(&selecting).map(hash));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Facts, Origin};
    use super::*;

    fn neighbour(kind: NeighbourKind, namespace: Option<&str>, name: &str) -> Neighbour {
        let spec = json!({"selector": {"app": "x"}});
        Neighbour {
            kind,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            origin: Origin::default(),
            facts: Facts::of(kind, spec.as_object().unwrap()),
        }
    }

    #[test]
    fn a_text_is_read_again_where_it_matters() {
        let mut answers = Answers::default();
        answers.add(&neighbour(NeighbourKind::Service, None, "web"));
        answers.add(&neighbour(NeighbourKind::ResourceQuota, Some("a"), "team"));
        answers.add(&neighbour(NeighbourKind::ConfigMap, None, "settings"));
        let labels: BTreeMap<_, _> = [("app".to_owned(), "x".to_owned())].into();
        let others: BTreeMap<_, _> = [("app".to_owned(), "y".to_owned())].into();
        for (kind, question, matters) in [
            (NeighbourKind::Service, Question::Selecting(&labels), true),
            (NeighbourKind::Service, Question::Selecting(&others), false),
            (NeighbourKind::ResourceQuota, Question::Within(Some("a")), true),
            (NeighbourKind::ResourceQuota, Question::Within(Some("b")), false),
            (NeighbourKind::ResourceQuota, Question::Within(None), true),
            (NeighbourKind::LimitRange, Question::Within(None), false),
            (NeighbourKind::Service, Question::Within(Some("b")), true),
            (NeighbourKind::ConfigMap, Question::Named("settings"), true),
            (NeighbourKind::ConfigMap, Question::Named("other"), false),
            (NeighbourKind::ConfigMap, Question::Missing("settings"), false),
            (NeighbourKind::ConfigMap, Question::Missing("other"), true),
            // Nothing is known of the kind.
            (NeighbourKind::Secret, Question::Missing("other"), false),
        ] {
            let mut questions = Questions::default();
            questions.add(kind, question);
            questions.shrink();
            assert_eq!(questions.matter(&answers), matters, "{kind:?} {question:?}");
        }
    }
}
