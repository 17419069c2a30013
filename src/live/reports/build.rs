//! From findings to reports: one for each object, of bounded size.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    Api, Entry, MANAGED_BY, Metadata, ObjectReference, Outcome, OwnerReference, PREFIX, Report, SOURCE,
    Summary,
};
use crate::diagnostic::{self, Diagnostic, ObjectId};
use crate::engine::{Rule, Severity, Suppressed};
use crate::live::judge::JudgedInCluster;
use crate::rules;
use jobguard_text::{plain_within, plural};

/// How many results a report has at most, and how many bytes all of its results: etcd holds 1.5 MiB in one object.
const MAX_RESULTS: usize = 200;
const MAX_BYTES: usize = 256 * 1024;

/// How long texts are, in characters.
const MAX_MESSAGE: usize = 1_000;
const MAX_PROPERTY: usize = 500;

/// Rules that say that something was not judged.
static UNJUDGED: [&Rule; 2] = [&rules::manifest_not_judged::RULE, &rules::manifest_too_large::RULE];

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

/// A report that there should be. It is made when it is compared or written: all of them together would be more than what was
/// found.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    object: &'a JudgedInCluster,
    findings: Vec<(&'a Diagnostic, Skipped<'a>)>,
}

/// Why a finding does not count.
#[derive(Debug, Clone, Copy)]
enum Skipped<'a> {
    /// It does.
    No,
    /// It is in the baseline.
    Known,
    /// An annotation or an exception says so.
    Suppressed(&'a Suppressed),
}

/// The reports that there should be, by namespace and name.
#[derive(Debug, Default)]
pub(super) struct Desired<'a> {
    pub(super) reports: BTreeMap<(String, String), Wanted<'a>>,
    /// The names of reports of objects that were judged and have none.
    pub(super) without: BTreeSet<(String, String)>,
    /// How many objects have findings and no namespace for a report.
    pub(super) outside: usize,
}

/// The reports of what was found.
pub(super) fn desired<'a>(found: &Found<'a>) -> Desired<'a> {
    let mut of_objects: BTreeMap<&ObjectId, Vec<(&Diagnostic, Skipped<'_>)>> = BTreeMap::new();
    let report = found.report;
    let counting = report.diagnostics.iter().map(|one| (one, Skipped::No));
    let known = report.baseline.iter().flat_map(|compared| &compared.known).map(|one| (one, Skipped::Known));
    let suppressed = report.suppressed.iter().map(|one| (&one.diagnostic, Skipped::Suppressed(&one.why)));
    for (diagnostic, skipped) in counting.chain(known).chain(suppressed) {
        if let Some(object) = diagnostic.object.as_deref().filter(|_| diagnostic.severity >= found.least) {
            of_objects.entry(object).or_default().push((diagnostic, skipped));
        }
    }
    let mut desired = Desired::default();
    for object in found.judged {
        let findings = of_objects.remove(&*object.id).unwrap_or_default();
        let Some(namespace) = object.id.namespace.clone() else {
            desired.outside += usize::from(!findings.is_empty());
            continue;
        };
        let key = (namespace, name(&object.id.kind, &object.uid));
        if findings.is_empty() && !found.passed {
            desired.without.insert(key);
        } else {
            desired.reports.insert(key, Wanted { object, findings });
        }
    }
    desired
}

impl Wanted<'_> {
    /// The report.
    pub(super) fn report(&self, (namespace, name): (&str, &str), (policy, api): (&str, Api)) -> Report {
        let entries = match self.findings.is_empty() {
            true => vec![passed((policy, api))],
            false => self.findings.iter().map(|(one, skipped)| entry(one, *skipped, (policy, api))).collect(),
        };
        report(self.object, (namespace, name), entries, (policy, api))
    }
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

fn entry(diagnostic: &Diagnostic, skipped: Skipped<'_>, (policy, api): (&str, Api)) -> Entry {
    let id = diagnostic.rule.id();
    let skipped = match skipped {
        Skipped::No => None,
        Skipped::Known => Some("baseline".to_owned()),
        Skipped::Suppressed(why) => Some(why.to_string()),
    };
    let result = match diagnostic.severity {
        _ if skipped.is_some() => Outcome::Skip,
        _ if UNJUDGED.iter().any(|rule| rule.id() == id) => Outcome::Error,
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
fn passed(by: (&str, Api)) -> Entry {
    Entry { result: Outcome::Pass, ..note("no rule of the policy found anything", by) }
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
