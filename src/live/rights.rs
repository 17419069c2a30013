//! What the rights do not allow, in sentences; and the rights that an audit needs, as manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::cluster::{MissingRight, Resource};
use crate::diagnostic::FileError;
use crate::embedded::OuterKinds;
use crate::engine::NeighbourKind;

/// How many names a sentence lists.
const NAMED: usize = 3;

/// What a report does not cover, as it comes to light.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    sentences: Vec<String>,
    /// What may not be listed, and where: of objects that are judged each kind by itself, of others all together.
    judged: BTreeMap<Resource, BTreeSet<String>>,
    beside: BTreeMap<String, BTreeSet<String>>,
}

impl Gaps {
    /// Adds a sentence.
    pub(super) fn say(&mut self, sentence: String) {
        if !self.sentences.contains(&sentence) {
            self.sentences.push(sentence);
        }
    }

    /// Objects that were to be judged may not be listed.
    pub(super) fn judged(&mut self, right: &MissingRight) {
        self.judged.entry(right.resource.clone()).or_default().insert(place(right));
    }

    /// Objects that rules ask about may not be listed.
    pub(super) fn beside(&mut self, right: &MissingRight) {
        self.beside.entry(place(right)).or_default().insert(right.resource.to_string());
    }

    /// The labels of namespaces, or of all of them, may not be read.
    pub(super) fn labels(&mut self, of: Option<&[String]>) {
        let (whose, right) = match of {
            None => ("namespaces".to_owned(), "list namespaces".to_owned()),
            Some(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                (some(&names, "namespace", "namespaces"), "get namespaces".to_owned())
            }
        };
        self.say(format!(
            "labels of {whose}, so overrides by such labels do not match: missing right: {right}"
        ));
    }

    /// Nothing but the context's own namespace may be read, as far as can be known.
    pub(super) fn own_namespace(&mut self, own: &str) {
        self.say(format!(
            "namespaces other than {own}, which is the context's: missing right: list namespaces, by which those that \
             may be read could be found; name them with --namespace"
        ));
    }

    /// All sentences.
    pub(super) fn into_sentences(self) -> Vec<String> {
        let mut sentences = self.sentences;
        sentences.extend(self.judged.into_iter().map(|(resource, places)| {
            let places: Vec<String> = places.into_iter().collect();
            format!("{}s: missing right: list {resource} {}", resource.kind, in_all(&places))
        }));
        // Many namespaces in which the same is missing are one sentence.
        let mut places: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
        for (place, resources) in self.beside {
            places.entry(resources.into_iter().collect()).or_default().push(place);
        }
        sentences.extend(places.into_iter().map(|(resources, places)| {
            let resources = resources.join(", ");
            format!("what rules say of other objects: missing right: list {resources} {}", in_all(&places))
        }));
        sentences
    }
}

/// The error of a command that could read nothing of what it is about.
pub(super) fn nothing_read(cluster: &str) -> FileError {
    let message = "nothing was read: your rights allow listing neither CronJobs nor Jobs; `jobguard audit --print-rbac` \
                   prints those that are needed";
    FileError { name: format!("cluster {cluster}"), message: message.to_owned() }
}

/// Where a right is missing.
fn place(right: &MissingRight) -> String {
    match &right.namespace {
        Some(namespace) => format!("in namespace {namespace}"),
        None => "in all namespaces".to_owned(),
    }
}

/// The places in words.
fn in_all(places: &[String]) -> String {
    match places {
        [only] => only.clone(),
        several => format!("in {} namespaces", several.len()),
    }
}

/// `namespace a`, `namespaces a, b and 3 more`.
pub(super) fn some(names: &[&str], one: &str, many: &str) -> String {
    match names {
        [only] => format!("{one} {only}"),
        names if names.len() <= NAMED => format!("{many} {}", names.join(", ")),
        names => format!("{many} {} and {} more", names[..NAMED].join(", "), names.len() - NAMED),
    }
}

/// Why one right is not among them.
const SECRETS: &str = "\
# The right to list Secrets is left out: it is a right to read what they hold, although nothing but their names would be
# asked for. With it, rules on what a Job reads know Secrets, too.
";

/// What the roles are called.
const NAME: &str = "jobguard-audit";

/// For whom rights are written.
#[derive(Debug, Clone, Copy)]
pub struct Roles<'a> {
    /// The namespaces; none for all of them.
    pub namespaces: Option<&'a [String]>,
    /// The kinds that are judged beside Jobs and CronJobs.
    pub outer_kinds: &'a OuterKinds,
    /// The APIs by which reports are written, as group and resource.
    pub reports: &'a [(&'static str, &'static str)],
    /// The ConfigMap that the summary is written to, as namespace and name.
    pub summary: Option<(&'a str, &'a str)>,
}

/// The rights that an audit uses, as manifests: a ClusterRole, or a Role for each of the namespaces. To whom they are given
/// is for others to say.
///
/// The right to list Secrets is left out, although nothing but their metadata would be asked for: who has it can read what
/// they hold.
pub fn roles(of: Roles<'_>) -> String {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = [("batch", ["cronjobs", "jobs"].into())].into();
    let is_granted = |kind: &NeighbourKind| {
        !matches!(kind, NeighbourKind::Secret | NeighbourKind::Namespace | NeighbourKind::ReplicaSet)
    };
    for kind in NeighbourKind::ALL.iter().filter(|kind| is_granted(kind)) {
        groups.entry(kind.group()).or_default().insert(kind.plural());
    }
    let outer: Vec<(String, String)> = of
        .outer_kinds
        .iter()
        .filter(|kind| !kind.jobs.is_empty() || kind.schedule.is_some())
        // What is in no namespace is read only where all are.
        .filter(|kind| of.namespaces.is_none() || !kind.kind.starts_with("Cluster"))
        .map(|kind| (kind.group.to_string(), format!("{}s", kind.kind.to_lowercase())))
        .collect();
    for (group, plural) in &outer {
        groups.entry(group).or_default().insert(plural);
    }
    let mut text = SECRETS.to_owned();
    let reports = |text: &mut String| {
        for &(group, resource) in of.reports {
            granted(text, group, &[resource].into(), &["get", "list", "create", "patch", "delete"]);
        }
    };
    match of.namespaces {
        None => {
            role(&mut text, "ClusterRole", NAME, None);
            rules(&mut text, &groups);
            rule(&mut text, "", &["namespaces"].into());
            reports(&mut text);
        }
        Some(names) => {
            for name in names {
                role(&mut text, "Role", NAME, Some(name));
                rules(&mut text, &groups);
                reports(&mut text);
            }
            // Not the name of the role for all namespaces, which it would replace.
            role(&mut text, "ClusterRole", &format!("{NAME}-{}", names.join("-")), None);
            // Writing into a String does not fail.
            let _ = write!(
                text,
                "- apiGroups: [\"\"]\n  resources: [\"namespaces\"]\n  resourceNames: [{}]\n  verbs: [\"get\"]\n",
                names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
            );
        }
    }
    if let Some((namespace, name)) = of.summary {
        role(&mut text, "Role", &format!("{NAME}-summary"), Some(namespace));
        // RBAC cannot restrict `create` to one name: the ConfigMap has to exist, if only empty.
        let _ = write!(
            text,
            "- apiGroups: [\"\"]\n  resources: [\"configmaps\"]\n  resourceNames: [{name:?}]\n  verbs: [\"patch\"]\n"
        );
    }
    text
}

fn role(text: &mut String, kind: &str, name: &str, namespace: Option<&str>) {
    if text != SECRETS {
        text.push_str("---\n");
    }
    let _ =
        write!(text, "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n");
    if let Some(namespace) = namespace {
        let _ = writeln!(text, "  namespace: {namespace}");
    }
    text.push_str("rules:\n");
}

fn rules(text: &mut String, groups: &BTreeMap<&str, BTreeSet<&str>>) {
    // First what is judged.
    let (judged, beside): (Vec<_>, Vec<_>) = groups.iter().partition(|(group, _)| **group == "batch");
    for (group, resources) in judged.into_iter().chain(beside) {
        rule(text, group, resources);
    }
}

fn rule(text: &mut String, group: &str, resources: &BTreeSet<&str>) {
    granted(text, group, resources, &["list"]);
}

fn granted(text: &mut String, group: &str, resources: &BTreeSet<&str>, verbs: &[&str]) {
    let quoted = |words: &mut dyn Iterator<Item = &&str>| {
        words.map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
    };
    let (resources, verbs) = (quoted(&mut resources.iter()), quoted(&mut verbs.iter()));
    // Writing into a String does not fail.
    let _ = write!(text, "- apiGroups: [{group:?}]\n  resources: [{resources}]\n  verbs: [{verbs}]\n");
}
