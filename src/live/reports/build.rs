//! From findings to reports: one for each object, of bounded size.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    Api, Entry, MANAGED_BY, Metadata, ObjectReference, Outcome, OwnerReference, PREFIX, Report, SOURCE,
    Summary,
};
use crate::diagnostic::{self, Diagnostic, ObjectId};
use crate::engine::Severity;
use crate::live::judge::JudgedInCluster;
use jobguard_text::{plain_within, plural};

/// How many results a report has at most, and how many bytes all of its results: etcd holds 1.5 MiB in one object.
const MAX_RESULTS: usize = 200;
const MAX_BYTES: usize = 256 * 1024;

/// How long texts are, in characters.
const MAX_MESSAGE: usize = 1_000;
const MAX_PROPERTY: usize = 500;

/// Rules that say that something was not judged.
const UNJUDGED: [&str; 2] = ["manifest/not-judged", "manifest/too-large"];

/// What the reports are made from.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// What was found.
    pub report: &'a diagnostic::Report,
    /// The objects that were judged.
    pub judged: &'a [JudgedInCluster],
    /// The policy's name.
    pub policy: &'a str,
    /// The least severity that is reported.
    pub least: Severity,
    /// Whether objects in which nothing was found have a report, too.
    pub passed: bool,
}

/// The reports that there should be, by namespace and name.
#[derive(Debug, Default)]
pub(super) struct Desired {
    pub(super) reports: BTreeMap<(String, String), Report>,
    /// The names of reports of objects that were judged and have none.
    pub(super) without: BTreeSet<(String, String)>,
    /// How many objects have findings and no namespace for a report.
    pub(super) outside: usize,
}

/// The reports of what was found, for an API.
pub(super) fn desired<'a>(found: &Found<'a>, api: Api) -> Desired {
    let mut entries: BTreeMap<&ObjectId, Vec<Entry>> = BTreeMap::new();
    let mut put = |diagnostic: &'a Diagnostic, skipped: Option<String>| {
        if let Some(object) = diagnostic.object.as_deref() {
            entries.entry(object).or_default().push(entry(diagnostic, skipped, found.policy, api));
        }
    };
    let is_shown = |diagnostic: &&Diagnostic| diagnostic.severity >= found.least;
    for diagnostic in found.report.diagnostics.iter().filter(is_shown) {
        put(diagnostic, None);
    }
    for diagnostic in found.report.baseline.iter().flat_map(|compared| &compared.known).filter(is_shown) {
        put(diagnostic, Some("baseline".to_owned()));
    }
    for suppressed in found.report.suppressed.iter().filter(|one| one.diagnostic.severity >= found.least) {
        put(&suppressed.diagnostic, Some(suppressed.why.to_string()));
    }
    let mut desired = Desired::default();
    for object in found.judged {
        let entries = entries.remove(&*object.id).unwrap_or_default();
        let Some(namespace) = object.id.namespace.clone() else {
            desired.outside += usize::from(!entries.is_empty());
            continue;
        };
        let name = name(&object.id.kind, &object.uid);
        if entries.is_empty() && !found.passed {
            desired.without.insert((namespace, name));
            continue;
        }
        let entries = if entries.is_empty() { vec![passed(found.policy, api)] } else { entries };
        let report = report(object, (&namespace, &name), entries, (found.policy, api));
        desired.reports.insert((namespace, name), report);
    }
    desired
}

/// The name of the report of an object: of a kind and an uid there is one only.
fn name(kind: &str, uid: &str) -> String {
    let kept = |text: &str| -> String {
        let lower = text.to_ascii_lowercase();
        lower.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(100).collect()
    };
    format!("{PREFIX}{}-{}", kept(kind), kept(uid)).trim_end_matches('-').to_owned()
}

fn report(
    object: &JudgedInCluster,
    (namespace, name): (&str, &str),
    mut entries: Vec<Entry>,
    (policy, api): (&str, Api),
) -> Report {
    let mut summary = Summary::default();
    entries.iter().for_each(|entry| summary.count(entry.result));
    // By nothing but what they say, so that the next run has the same order.
    entries.sort_by(|a, b| {
        let key = |entry: &Entry| (entry.result, entry.rule.clone(), entry.properties.get("path").cloned());
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    let kept = within(&entries);
    if kept < entries.len() {
        let left_out = entries.len() - kept;
        entries.truncate(kept);
        entries.push(note(
            &format!(
                "{} left out: a report has room for {MAX_RESULTS}, and for {} KiB of them; the summary counts all",
                plural(left_out, "more result"),
                MAX_BYTES / 1024
            ),
            (policy, api),
        ));
    }
    let ObjectId { api_version, kind, name: of, .. } = &*object.id;
    let of = of.clone().unwrap_or_default();
    let resource = api.resource();
    Report {
        api_version: resource.api_version(),
        kind: resource.kind.into_owned(),
        metadata: Metadata {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            uid: None,
            resource_version: None,
            labels: [(MANAGED_BY.to_owned(), SOURCE.to_owned())].into(),
            owner_references: vec![OwnerReference {
                api_version: api_version.clone(),
                kind: kind.clone(),
                name: of.clone(),
                uid: object.uid.clone(),
            }],
        },
        source: api.has_source().then(|| SOURCE.to_owned()),
        scope: Some(ObjectReference {
            api_version: api_version.clone(),
            kind: kind.clone(),
            namespace: namespace.to_owned(),
            name: of,
            uid: object.uid.clone(),
        }),
        summary,
        results: entries,
    }
}

/// How many of the results there is room for.
fn within(entries: &[Entry]) -> usize {
    let mut bytes = 0;
    for (position, entry) in entries.iter().enumerate() {
        // The JSON of what can always be written.
        bytes += serde_json::to_vec(entry).map_or(0, |json| json.len());
        if position == MAX_RESULTS || bytes > MAX_BYTES {
            return position;
        }
    }
    entries.len()
}

fn entry(diagnostic: &Diagnostic, skipped: Option<String>, policy: &str, api: Api) -> Entry {
    let id = diagnostic.rule.id();
    let result = match diagnostic.severity {
        _ if skipped.is_some() => Outcome::Skip,
        _ if UNJUDGED.contains(&id) => Outcome::Error,
        Severity::Error => Outcome::Fail,
        Severity::Warning | Severity::Info => Outcome::Warn,
    };
    let severity = match diagnostic.severity {
        Severity::Error => "high",
        Severity::Warning => "medium",
        Severity::Info => "info",
    };
    let mut properties = BTreeMap::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            properties.insert(name.to_owned(), plain_within(value, MAX_PROPERTY));
        }
    };
    put("level", Some(diagnostic.severity.as_str()));
    put("path", Some(&diagnostic.path.to_string()));
    put("help", diagnostic.help.as_deref());
    put("docs", diagnostic.rule.url().as_deref());
    put("skipped", skipped.as_deref());
    Entry {
        source: (!api.has_source()).then(|| SOURCE.to_owned()),
        policy: plain_within(policy, MAX_PROPERTY),
        rule: Some(id.to_owned()),
        category: id.split_once('/').map(|(category, _)| category.to_owned()),
        severity: Some(severity.to_owned()),
        result,
        scored: result == Outcome::Fail,
        message: Some(plain_within(&diagnostic.text(), MAX_MESSAGE)),
        properties,
        timestamp: None,
    }
}

/// That nothing was found.
fn passed(policy: &str, api: Api) -> Entry {
    Entry { result: Outcome::Pass, ..note("no rule of the policy found anything", (policy, api)) }
}

/// A result that is no rule's.
fn note(message: &str, (policy, api): (&str, Api)) -> Entry {
    Entry {
        source: (!api.has_source()).then(|| SOURCE.to_owned()),
        policy: plain_within(policy, MAX_PROPERTY),
        rule: None,
        category: None,
        severity: None,
        result: Outcome::Skip,
        scored: false,
        message: Some(message.to_owned()),
        properties: BTreeMap::new(),
        timestamp: None,
    }
}
