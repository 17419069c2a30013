//! One policy file, read: its own words only, before it is laid over what it extends.

use super::exceptions::{self, Excepted};
use super::reader::{Reader, Value, quoted};
use super::settings::Layer;
use super::subject::Match;
use super::{
    ControllerJobs, Existing, Level, Mode, OnTimeout, OwnRule, RuleSpec, date, defaults, embedded_jobs,
    names, own, rules,
};
use crate::embedded::OuterKind;
use crate::exclude;
use jiff::civil::Date;
use jobguard_apiserver::{FeatureGates, Kind, VersionSet, names as api_names};
use jobguard_manifest::At;
use jobguard_manifest::{Entry, NodeKind, Span};

/// `apiVersion` of a policy.
pub(crate) const API_VERSION: &str = "jobguard.dev/v1alpha1";
/// `kind` of a policy.
pub(crate) const KIND: &str = "JobPolicy";

pub(super) const MODES: &[(&str, Mode)] =
    &[("enforce", Mode::Enforce), ("warn", Mode::Warn), ("audit", Mode::Audit)];
pub(super) const CONTROLLER_JOBS: &[(&str, ControllerJobs)] =
    &[("warn", ControllerJobs::Warn), ("enforce", ControllerJobs::Enforce), ("skip", ControllerJobs::Skip)];
pub(super) const ON_TIMEOUT: &[(&str, OnTimeout)] = &[("allow", OnTimeout::Allow), ("deny", OnTimeout::Deny)];
pub(super) const EXISTING: &[(&str, Existing)] = &[("warn", Existing::Warn), ("deny", Existing::Deny)];
pub(super) const KINDS: &[(&str, Kind)] = &[("Job", Kind::Job), ("CronJob", Kind::CronJob)];
const SUPPRESSIBLE: &[(&str, Level)] = &[("deny", Level::Deny), ("warn", Level::Warn), ("info", Level::Info)];

/// Beyond this many overrides, a policy is not comprehensible any more.
pub(super) const MAX_OVERRIDES: usize = 500;

/// The most globs that a policy may exclude: each is matched with every path.
pub(super) const MAX_EXCLUDES: usize = 500;
/// The longest of them, in bytes.
pub(super) const MAX_EXCLUDE: usize = 1_024;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Document {
    pub(super) name: String,
    /// With the place of the value.
    pub(super) extends: Option<(String, Span)>,
    pub(super) mode: Option<Mode>,
    pub(super) kubernetes_version: Option<VersionSet>,
    pub(super) feature_gates: FeatureGates,
    pub(super) controller_jobs: Option<ControllerJobs>,
    pub(super) controllers: Option<Vec<String>>,
    /// Globs of paths; and the file that says so, which the loader knows.
    pub(super) exclude: Option<(Vec<String>, String)>,
    pub(super) on_timeout: Option<OnTimeout>,
    pub(super) existing: Option<Existing>,
    /// The outer one says whether the key is there: `null` takes back what is extended.
    pub(super) existing_deny_from: Option<Option<Date>>,
    pub(super) suppressions_allow: Option<bool>,
    pub(super) suppressions_categories: Option<bool>,
    pub(super) suppressions_levels: Option<Vec<Level>>,
    pub(super) max_elements: Option<usize>,
    pub(super) outer_kinds: Vec<OuterKind>,
    pub(super) layer: Layer,
    pub(super) overrides: Vec<(Match, Layer)>,
    pub(super) exceptions: Vec<Excepted>,
    /// With the places of the rules.
    pub(super) own: Vec<(OwnRule, Span)>,
}

/// Reads a document, without its rules where there is no catalog. What is wrong with it is left with the reader.
pub(super) fn read(reader: &mut Reader<'_>, catalog: Option<&[&'static RuleSpec]>) -> Document {
    let mut document = Document::default();
    let root = reader.root();
    let at = At::root();
    if !matches!(reader.kind(root), NodeKind::Map(_)) {
        let help = format!("a policy starts with `apiVersion: {API_VERSION}` and `kind: {KIND}`");
        reader.fault(root.span, &at, "this is not a policy", Some(help));
        return document;
    }
    let entries = reader.object(root, &at, &["apiVersion", "kind", "metadata", "spec"]);
    for (key, wanted) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        let here = at.field(key);
        match entries.iter().find(|entry| entry.key == key) {
            Some(entry) => exactly(reader, entry, &here, wanted),
            None => {
                reader.fault(start(root), &at, format!("{key} is missing"), Some(format!("write {wanted}")))
            }
        }
    }
    let metadata = at.field("metadata");
    match entries.iter().find(|entry| entry.key == "metadata") {
        Some(entry) => document.name = name(reader, entry, &metadata),
        None => reader.fault(start(root), &at, "metadata.name is missing", None),
    }
    match entries.iter().find(|entry| entry.key == "spec") {
        Some(entry) => spec(reader, reader.value(entry), &at.field("spec"), catalog, &mut document),
        None => reader.fault(start(root), &at, "spec is missing", None),
    }
    document
}

/// The first byte: an error about the whole text points at it.
fn start(value: Value) -> Span {
    Span { start: value.span.start, end: value.span.start }
}

fn exactly(reader: &mut Reader<'_>, entry: &Entry<'_>, at: &At<'_>, wanted: &'static str) {
    let _ = reader.word(reader.value(entry), at, &[(wanted, ())]);
}

fn name(reader: &mut Reader<'_>, metadata: &Entry<'_>, at: &At<'_>) -> String {
    let here = at.field("name");
    let entries = reader.object(reader.value(metadata), at, &["name"]);
    let Some(entry) = entries.first() else {
        reader.fault(metadata.key_span, at, "name is missing", None);
        return String::new();
    };
    let value = reader.value(entry);
    match reader.string(value, &here) {
        Some(name) if api_names::dns_subdomain(name).is_empty() => name.to_owned(),
        Some(name) => {
            let message = format!("{} is not a valid name", quoted(name));
            let help = "use lower-case letters, digits, '-' and '.'";
            reader.fault(value.span, &here, message, Some(help.to_owned()));
            String::new()
        }
        None => String::new(),
    }
}

/// The keys of `spec`.
const SPEC_KEYS: &[&str] = &[
    "extends",
    "mode",
    "kubernetesVersion",
    "featureGates",
    "controllerJobs",
    "controllers",
    "exclude",
    "onTimeout",
    "existing",
    "existingDenyFrom",
    "suppressions",
    "limits",
    "embeddedJobs",
    "customRules",
    "defaults",
    "rules",
    "overrides",
    "exceptions",
];

fn spec(
    reader: &mut Reader<'_>,
    spec: Value,
    at: &At<'_>,
    catalog: Option<&[&'static RuleSpec]>,
    document: &mut Document,
) {
    let entries = reader.object(spec, at, SPEC_KEYS);
    for entry in &entries {
        let value = reader.value(entry);
        let here = at.field(&entry.key);
        match entry.key.as_ref() {
            "extends" => match reader.string(value, &here) {
                Some("") => reader.fault(value.span, &here, "is empty", None),
                Some(target) => document.extends = Some((target.to_owned(), value.span)),
                None => {}
            },
            "kubernetesVersion" => document.kubernetes_version = kubernetes_version(reader, value, &here),
            "featureGates" => feature_gates(reader, value, &here, &mut document.feature_gates),
            "mode" => document.mode = reader.word(value, &here, MODES),
            "controllerJobs" => document.controller_jobs = reader.word(value, &here, CONTROLLER_JOBS),
            "controllers" => {
                // None at all is a list as well: it takes back those of an extended file.
                let items = reader.list(value, &here);
                document.controllers = Some(globs(reader, items, &here, &USERS));
            }
            "exclude" => document.exclude = Some((paths(reader, value, &here), String::new())),
            "onTimeout" => document.on_timeout = reader.word(value, &here, ON_TIMEOUT),
            "existing" => document.existing = reader.word(value, &here, EXISTING),
            "existingDenyFrom" => document.existing_deny_from = day(reader, value, &here),
            "suppressions" => suppressions(reader, value, &here, document),
            "limits" => limits(reader, value, &here, document),
            "embeddedJobs" => document.outer_kinds = embedded_jobs::read(reader, value, &here),
            "customRules" => {
                document.own = own::read(reader, value, &here, catalog.unwrap_or_default(), matches);
            }
            "defaults" => document.layer.defaults = defaults::read(reader, value, &here),
            "rules" => {
                document.layer.rules =
                    catalog.map(|catalog| rules::read(reader, value, &here, catalog)).unwrap_or_default();
            }
            "exceptions" => {
                let with = exceptions::With { catalog: catalog.unwrap_or_default(), matches, day };
                document.exceptions = exceptions::read(reader, value, &here, with);
            }
            _ => document.overrides = overrides(reader, value, &here, catalog.unwrap_or_default()),
        }
    }
    if document.existing == Some(Existing::Deny)
        && document.existing_deny_from.flatten().is_some()
        && let Some(entry) = entries.iter().find(|entry| entry.key == "existingDenyFrom")
    {
        let help = "remove it, or write existing: warn for what holds until that day";
        let message = "has no effect beside existing: deny";
        reader.fault(entry.key_span, &at.field(&entry.key), message, Some(help.to_owned()));
    }
}

/// Globs of paths. None at all is a list as well: it takes back those of an extended file.
fn paths(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Vec<String> {
    let items = reader.list(section, at);
    if items.len() > MAX_EXCLUDES {
        reader.fault(section.span, at, format!("more than {MAX_EXCLUDES} globs"), None);
        return Vec::new();
    }
    let mut globs = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let here = at.index(index);
        let Some(glob) = reader.string(item, &here) else { continue };
        let why = match glob.len() > MAX_EXCLUDE {
            true => Err(format!("longer than {MAX_EXCLUDE} bytes")),
            false => exclude::check(glob),
        };
        match why {
            Ok(()) => globs.push(glob.to_owned()),
            Err(why) => {
                let help = "write globs as in .gitignore, such as vendor/ or **/*.gen.yaml";
                let message = format!("{} is not a glob of paths: {why}", quoted(glob));
                reader.fault(item.span, &here, message, Some(help.to_owned()));
            }
        }
    }
    globs
}

/// A day, written `YYYY-MM-DD`; `null` for none.
fn day(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Option<Date>> {
    if matches!(reader.kind(value), NodeKind::Null) {
        return Some(None);
    }
    let text = reader.string(value, at)?;
    match date::parse(text) {
        Some(date) => Some(Some(date)),
        None => {
            let help = "write a day that there is as YYYY-MM-DD, such as 2027-01-31";
            reader.fault(value.span, at, format!("{} is no date", quoted(text)), Some(help.to_owned()));
            None
        }
    }
}

fn kubernetes_version(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<VersionSet> {
    if matches!(reader.kind(value), NodeKind::Int(_) | NodeKind::Uint(_) | NodeKind::Float(_)) {
        let help = "put it in quotes: YAML reads 1.30 as the number 1.3";
        reader.fault(value.span, at, "must be a string, not a number", Some(help.to_owned()));
        return None;
    }
    match reader.string(value, at)?.parse() {
        Ok(version) => Some(version),
        Err(error) => {
            reader.fault(value.span, at, error.to_string(), None);
            None
        }
    }
}

fn feature_gates(reader: &mut Reader<'_>, section: Value, at: &At<'_>, gates: &mut FeatureGates) {
    for entry in reader.entries(section, at) {
        let value = reader.value(entry);
        let here = at.field(&entry.key);
        let Some(on) = reader.bool(value, &here) else { continue };
        if let Err(error) = gates.set(&entry.key, on) {
            reader.fault(entry.key_span, &here, error.to_string(), None);
        }
    }
}

fn suppressions(reader: &mut Reader<'_>, section: Value, at: &At<'_>, document: &mut Document) {
    for entry in reader.object(section, at, &["allow", "categories", "levels"]) {
        let value = reader.value(entry);
        let here = at.field(&entry.key);
        match entry.key.as_ref() {
            "allow" => {
                document.suppressions_allow = reader.bool(value, &here);
                continue;
            }
            "categories" => {
                document.suppressions_categories = reader.bool(value, &here);
                continue;
            }
            _ => {}
        }
        let mut levels = Vec::new();
        for (index, item) in reader.list(value, &here).into_iter().enumerate() {
            levels.extend(reader.word(item, &here.index(index), SUPPRESSIBLE));
        }
        document.suppressions_levels = Some(levels);
    }
}

/// The fewest and the most elements that a policy may allow.
pub(super) const MAX_ELEMENTS: (i64, i64) = (1_000, 1_000_000);

fn limits(reader: &mut Reader<'_>, section: Value, at: &At<'_>, document: &mut Document) {
    for entry in reader.object(section, at, &["maxElements"]) {
        let (least, most) = MAX_ELEMENTS;
        let elements = reader.int(reader.value(entry), &at.field(&entry.key), least, most);
        document.max_elements = elements.and_then(|elements| usize::try_from(elements).ok());
    }
}

fn overrides(
    reader: &mut Reader<'_>,
    section: Value,
    at: &At<'_>,
    catalog: &[&'static RuleSpec],
) -> Vec<(Match, Layer)> {
    let items = reader.list(section, at);
    if items.len() > MAX_OVERRIDES {
        reader.fault(section.span, at, format!("more than {MAX_OVERRIDES} overrides"), None);
        return Vec::new();
    }
    let mut out = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let here = at.index(index);
        let mut layer = Layer::default();
        let mut matching = None;
        let entries = reader.object(item, &here, &["match", "rules", "defaults"]);
        for entry in &entries {
            let value = reader.value(entry);
            let below = here.field(&entry.key);
            match entry.key.as_ref() {
                "match" => matching = Some(matches(reader, value, &below)),
                "rules" => layer.rules = rules::read(reader, value, &below, catalog),
                _ => layer.defaults = defaults::read(reader, value, &below),
            }
        }
        if matching.is_none() && matches!(reader.kind(item), NodeKind::Map(_) | NodeKind::Null) {
            let help = "say which objects it is for, by namespaces, names, labels, namespaceLabels, kinds, \
                        ownerKinds or users";
            reader.fault(start(item), &here, "match is missing", Some(help.to_owned()));
        }
        if matching.is_some() && matches!(reader.kind(item), NodeKind::Map(all) if all.len() == 1) {
            let help = "add rules or defaults";
            reader.fault(start(item), &here, "this override changes nothing", Some(help.to_owned()));
        }
        out.extend(matching.map(|matching| (matching, layer)));
    }
    out
}

/// The keys of `match`.
const MATCH_KEYS: &[&str] =
    &["kinds", "namespaces", "names", "labels", "namespaceLabels", "ownerKinds", "users"];

fn matches(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Match {
    let mut out = Match::default();
    let entries = reader.object(section, at, MATCH_KEYS);
    if entries.is_empty() && matches!(reader.kind(section), NodeKind::Map(_) | NodeKind::Null) {
        let help = "what is for every object belongs in spec.rules and spec.defaults";
        reader.fault(section.span, at, "has no condition", Some(help.to_owned()));
    }
    for entry in entries {
        let value = reader.value(entry);
        let here = at.field(&entry.key);
        match entry.key.as_ref() {
            "kinds" => {
                let mut kinds = Vec::new();
                for (index, item) in some_items(reader, value, &here).into_iter().enumerate() {
                    kinds.extend(reader.word(item, &here.index(index), KINDS));
                }
                out.kinds = Some(kinds);
            }
            "namespaces" => out.namespaces = Some(some_globs(reader, value, &here, &NAMES)),
            "names" => out.names = Some(some_globs(reader, value, &here, &NAMES)),
            "ownerKinds" => out.owner_kinds = Some(some_globs(reader, value, &here, &OWNER_KINDS)),
            "users" => out.users = Some(some_globs(reader, value, &here, &USERS)),
            "labels" => out.labels = Some(labels(reader, value, &here)),
            _ => out.namespace_labels = Some(labels(reader, value, &here)),
        }
    }
    out
}

/// The elements of a list that may not be empty: no object would match.
fn some_items(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Vec<Value> {
    let items = reader.list(value, at);
    if items.is_empty() && matches!(reader.kind(value), NodeKind::Seq(_) | NodeKind::Null) {
        let help = "an empty list matches no object; leave the key out to match all";
        reader.fault(value.span, at, "is empty", Some(help.to_owned()));
    }
    items
}

/// What a list of globs matches.
struct Globs {
    /// The longest one, in bytes.
    max: usize,
    /// Whether a character may stand in one.
    has: fn(char) -> bool,
    /// The message for one that can match nothing.
    cannot: &'static str,
    help: &'static str,
}

const NAMES: Globs = Globs {
    max: 253,
    has: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '*' | '?'),
    cannot: "matches no name",
    help: "names have lower-case letters, digits, '-' and '.'; `*` and `?` are wildcards",
};

const OWNER_KINDS: Globs = Globs {
    max: 317,
    has: |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '*' | '?'),
    cannot: "matches no kind",
    help: "write a kind, such as JobSet, or a kind and its group, such as JobSet.jobset.x-k8s.io; `*` and `?` are \
           wildcards",
};

const USERS: Globs = Globs {
    max: 512,
    has: |c| !c.is_control(),
    cannot: "matches no user",
    help: "write a user's name, such as system:serviceaccount:NAMESPACE:NAME; `*` and `?` are wildcards",
};

fn some_globs(reader: &mut Reader<'_>, value: Value, at: &At<'_>, of: &Globs) -> Vec<String> {
    let items = some_items(reader, value, at);
    globs(reader, items, at, of)
}

fn globs(reader: &mut Reader<'_>, items: Vec<Value>, at: &At<'_>, of: &Globs) -> Vec<String> {
    let mut out = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let here = at.index(index);
        let Some(glob) = reader.string(item, &here) else { continue };
        if glob.is_empty() || glob.len() > of.max || !glob.chars().all(of.has) {
            let message = format!("{} {}", quoted(glob), of.cannot);
            reader.fault(item.span, &here, message, Some(of.help.to_owned()));
            continue;
        }
        out.push(glob.to_owned());
    }
    out
}

fn labels(reader: &mut Reader<'_>, section: Value, at: &At<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let entries = reader.entries(section, at);
    if entries.is_empty() && matches!(reader.kind(section), NodeKind::Map(_) | NodeKind::Null) {
        reader.fault(section.span, at, "is empty", Some("leave the key out to match all".to_owned()));
    }
    for entry in entries {
        let here = at.key(&entry.key);
        let value = reader.value(entry);
        if let Some(wrong) = names::check_key(&entry.key) {
            reader.fault(entry.key_span, &here, format!("not a valid key: {wrong}"), None);
        }
        let Some(pattern) = reader.string(value, &here) else { continue };
        if !names::can_match_label_value(pattern) {
            let message = format!("{} matches no value of a label", quoted(pattern));
            let help = "values of labels have at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both \
                        ends; `*` and `?` are wildcards";
            reader.fault(value.span, &here, message, Some(help.to_owned()));
        }
        out.push((entry.key.to_string(), pattern.to_owned()));
    }
    out
}
