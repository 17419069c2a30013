//! SARIF 2.1.0, as far as there is something to write.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde::Serialize;

use super::json::write_document;
use super::run::{RuleEntry, Run};
use super::sarif_places::{
    ArtifactLocation, Location, PhysicalLocation, SarifRegion, Text, logical, physical, region,
};
use super::sarif_suppression::{Suppression, suppression};
use super::sarif_uri::{file_uri, fingerprint};
use crate::diagnostic::{Compared, Diagnostic, FileError, Gone, SuppressedDiagnostic, Versions};
use crate::engine::{Rule, Safety, Severity};
use jobguard_text::plain;

/// The fingerprint by which baselines know a finding, too.
const FINGERPRINT: &str = "jobguardFinding/v2";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [SarifRun<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRun<'a> {
    tool: Tool<'a>,
    invocations: [Invocation; 1],
    /// How columns count: characters, not UTF-16 units.
    column_kind: &'static str,
    /// What ends a line.
    newline_sequences: [&'static str; 3],
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: Vec<ReportingDescriptor<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportingDescriptor<'a> {
    id: &'a str,
    short_description: Text,
    full_description: Text,
    help: Help<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'a str>,
    default_configuration: Configuration,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties<'a> {
    tags: [&'a str; 2],
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    severity: &'static str,
}

#[derive(Serialize)]
struct Help<'a> {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    descriptor: NotificationId,
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
struct NotificationId {
    id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    message: Text,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<SarifFix<'a>>,
    /// Why it does not count; left out of a result that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<[Suppression; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<ResultProperties>,
}

/// The properties of a result that not every result has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultProperties {
    /// The Helm template that the text was rendered from, as in JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// The versions that it holds for, as in JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes_versions: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifFix<'a> {
    description: Text,
    artifact_changes: [ArtifactChange<'a>; 1],
    properties: FixProperties,
}

#[derive(Serialize)]
struct FixProperties {
    /// As in JSON.
    safety: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: ArtifactLocation,
    replacements: Vec<SarifReplacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifReplacement<'a> {
    deleted_region: SarifRegion,
    #[serde(skip_serializing_if = "Option::is_none")]
    inserted_content: Option<Content<'a>>,
}

/// A piece of a file, exactly as it is to be.
#[derive(Serialize)]
struct Content<'a> {
    text: &'a str,
}

/// Writes the report of `run` as one SARIF log, indented, with a newline at its end.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rules: Vec<ReportingDescriptor<'_>> = run.rules.iter().map(described).collect();
    let mut index: HashMap<&str, usize> =
        rules.iter().enumerate().map(|(position, rule)| (rule.id, position)).collect();
    let mut results = Vec::new();
    for (diagnostic, state) in run.with_known() {
        // A rule that the caller has not described.
        let position = *index.entry(diagnostic.rule.id()).or_insert_with(|| {
            rules.push(descriptor(diagnostic.rule, diagnostic.severity, None));
            rules.len() - 1
        });
        results.push(SarifResult { baseline_state: state, ..result(diagnostic, position) });
    }
    for SuppressedDiagnostic { diagnostic, why } in run.shown_suppressed().filter(|_| run.suppressions) {
        let position = *index.entry(diagnostic.rule.id()).or_insert_with(|| {
            rules.push(descriptor(diagnostic.rule, diagnostic.severity, None));
            rules.len() - 1
        });
        results.push(SarifResult { suppressions: Some([suppression(why)]), ..result(diagnostic, position) });
    }
    if let Some(compared) = &run.report.baseline {
        let absent =
            compared.gone.iter().map(|gone| absent(compared, gone, index.get(&*gone.fingerprint.rule)));
        results.extend(absent);
    }
    let driver = Driver {
        name: "jobguard",
        semantic_version: env!("CARGO_PKG_VERSION"),
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        rules,
    };
    let invocation = Invocation {
        execution_successful: run.errors.is_empty(),
        tool_execution_notifications: run.errors.iter().map(notification).chain(gaps(run)).collect(),
    };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [SarifRun {
            tool: Tool { driver },
            invocations: [invocation],
            column_kind: "unicodeCodePoints",
            newline_sequences: ["\r\n", "\n", "\r"],
            results,
        }],
    };
    write_document(&log, out)
}

fn described(entry: &RuleEntry) -> ReportingDescriptor<'_> {
    descriptor(entry.rule, entry.severity, Some(entry))
}

fn descriptor<'a>(
    rule: &'a Rule,
    severity: Severity,
    entry: Option<&'a RuleEntry>,
) -> ReportingDescriptor<'a> {
    let what = rule.docs.what;
    let summary = entry.map_or(rule.spec.summary, |entry| &entry.summary);
    ReportingDescriptor {
        id: rule.id(),
        short_description: text(summary),
        full_description: text(what),
        help: Help {
            text: format!("{what}\n\n{}", rule.docs.why),
            markdown: entry.map(|entry| entry.help.as_str()),
        },
        help_uri: entry.and_then(|entry| entry.url.as_deref()),
        default_configuration: Configuration { level: level(severity) },
        properties: Properties {
            tags: ["kubernetes", rule.spec.category()],
            precision: "very-high",
            severity: match severity {
                Severity::Info => "recommendation",
                other => other.as_str(),
            },
        },
    }
}

fn result(diagnostic: &Diagnostic, rule_index: usize) -> SarifResult<'_> {
    let mut message = sentence(&diagnostic.text());
    if let Some(help) = &diagnostic.help {
        message.push_str("\nHelp: ");
        message.push_str(&sentence(help));
    }
    let template = diagnostic.template.as_deref().map(plain);
    if let Some(template) = &template {
        message.push_str("\nRendered from template ");
        message.push_str(&sentence(template));
    }
    let versions = diagnostic.versions.as_ref().map(Versions::ranges);
    let related = diagnostic.related.iter().enumerate().map(|(position, related)| Location {
        id: Some(position),
        physical_location: physical(&diagnostic.file, Some(related.region)),
        logical_locations: Vec::new(),
        message: Some(text(&sentence(&related.message))),
    });
    SarifResult {
        rule_id: diagnostic.rule.id(),
        rule_index: Some(rule_index),
        level: level(diagnostic.severity),
        baseline_state: None,
        message: Text { text: message },
        locations: [Location {
            id: None,
            physical_location: physical(&diagnostic.file, Some(diagnostic.region)),
            logical_locations: logical(diagnostic),
            message: None,
        }],
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([
            ("jobguardFinding/v1", fingerprint(diagnostic)),
            (FINGERPRINT, diagnostic.fingerprint().hash()),
        ]),
        fixes: fix(diagnostic).into_iter().collect(),
        suppressions: None,
        properties: (template.is_some() || versions.is_some())
            .then_some(ResultProperties { template, kubernetes_versions: versions }),
    }
}

/// What was in the baseline and is no more. Its place is its entry there, the only one that is known: forges refuse a log
/// in which a result has none.
fn absent<'a>(compared: &Compared, gone: &'a Gone, rule_index: Option<&usize>) -> SarifResult<'a> {
    let message = format!(
        "Gone: {}. --write-baseline takes the entry out of the baseline",
        plain(&gone.fingerprint.to_string())
    );
    let (start_line, end_line) = (gone.line.max(1), gone.line.max(1) + 1);
    let entry = SarifRegion { start_line, start_column: 1, end_line, end_column: 1 };
    SarifResult {
        rule_id: &gone.fingerprint.rule,
        rule_index: rule_index.copied(),
        level: "note",
        baseline_state: Some("absent"),
        message: Text { text: sentence(&message) },
        locations: [Location {
            id: None,
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: file_uri(&compared.file) },
                region: Some(entry),
            },
            logical_locations: Vec::new(),
            message: None,
        }],
        related_locations: Vec::new(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, gone.fingerprint.hash())]),
        fixes: Vec::new(),
        suppressions: None,
        properties: None,
    }
}

/// Its fix, for tools that offer fixes.
fn fix(diagnostic: &Diagnostic) -> Option<SarifFix<'_>> {
    let (change, safety) = (diagnostic.change.as_ref()?, diagnostic.offered_fix()?);
    let mut description = sentence(&change.title);
    if safety == Safety::Unsafe {
        description.push_str(" This is probably what is meant: look at it.");
    }
    let replacements = change.replacements.iter().map(|replacement| SarifReplacement {
        deleted_region: region(replacement.region),
        inserted_content: (!replacement.with.is_empty()).then_some(Content { text: &replacement.with }),
    });
    Some(SarifFix {
        description: Text { text: description },
        artifact_changes: [ArtifactChange {
            artifact_location: ArtifactLocation { uri: file_uri(&diagnostic.file) },
            replacements: replacements.collect(),
        }],
        properties: FixProperties { safety: safety.as_str()? },
    })
}

fn notification(error: &FileError) -> Notification {
    Notification {
        descriptor: NotificationId { id: "file-not-read" },
        level: "error",
        message: Text { text: sentence(&error.to_string()) },
        locations: vec![Location {
            id: None,
            physical_location: physical(&error.name, None),
            logical_locations: Vec::new(),
            message: None,
        }],
    }
}

/// What the report does not cover.
fn gaps(run: &Run<'_>) -> impl Iterator<Item = Notification> {
    run.report.gaps.iter().map(|gap| Notification {
        descriptor: NotificationId { id: "not-covered" },
        level: "note",
        message: Text { text: sentence(gap) },
        locations: Vec::new(),
    })
}

fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

/// A message as a sentence. `](` would make a link in viewers, and messages quote what files say.
fn sentence(message: &str) -> String {
    let mut text = plain(message).replace("](", "] (");
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn a_log() {
        let mut log: serde_json::Value =
            serde_json::from_str(&fixture::render(&fixture::report(), write)).unwrap();
        // The rules' own words are theirs to change.
        for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
            for part in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
                let text = rule.pointer_mut(part).unwrap();
                assert!(text.as_str().unwrap().ends_with(['.', '\n']), "{part}: {text}");
                *text = "...".into();
            }
        }
        insta::assert_snapshot!(serde_json::to_string_pretty(&log).unwrap());
    }
}
