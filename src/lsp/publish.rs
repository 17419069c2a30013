//! Findings as an editor shows them.

use std::path::Path;
use std::str::FromStr as _;

use lsp_types::{
    CodeDescription, Diagnostic as Shown, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    Location, NumberOrString, Uri,
};

use super::analysis::Analysis;
use super::client::Client;
use super::documents::Document;
use super::policy_files::{PolicyFault, of_errors};
use super::position::Places;
use crate::diagnostic::Diagnostic;
use crate::engine::{Rule, Severity};
use crate::policy::PolicyErrors;
use jobguard_text::plain;

/// Who says so.
pub(super) const SOURCE: &str = "jobguard";

/// How many diagnostics of one document are shown: more than anybody reads, and few enough for an editor.
const MAX_SHOWN: usize = 2_000;

/// What an editor is to show of a document.
pub(super) fn shown(
    document: &Document,
    analysis: &Analysis,
    faults: &[PolicyFault],
    client: &Client,
) -> Vec<Shown> {
    let places = Places::new(&document.text, client.encoding);
    let findings = analysis.findings.iter().take(MAX_SHOWN);
    let mut shown: Vec<Shown> =
        findings.map(|finding| diagnostic(finding, &places, &document.uri, client)).collect();
    shown.extend(of_faults(faults, &places));
    shown.extend(analysis.errors.iter().map(|error| Shown {
        severity: Some(DiagnosticSeverity::WARNING),
        source: Some(SOURCE.to_owned()),
        message: message(&error.message, None),
        ..Shown::default()
    }));
    shown
}

/// What is wrong in a policy.
fn of_faults<'f>(faults: &'f [PolicyFault], places: &'f Places<'_>) -> impl Iterator<Item = Shown> {
    faults.iter().map(|fault| Shown {
        range: places.range(fault.span),
        severity: Some(fault.severity),
        code: Some(NumberOrString::String("policy".to_owned())),
        source: Some(SOURCE.to_owned()),
        message: message(&fault.message, fault.help.as_deref()),
        ..Shown::default()
    })
}

/// What is wrong with a policy file that is not open.
pub(super) fn of_policy_file(file: &Path, errors: &PolicyErrors, client: &Client) -> Vec<Shown> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let faults = of_errors(errors, &file.display().to_string());
    of_faults(&faults, &Places::new(&text, client.encoding)).collect()
}

/// One finding. One that has no place in the text, being about a chart or kustomization, stands at its beginning.
pub(super) fn diagnostic(finding: &Diagnostic, places: &Places<'_>, uri: &Uri, client: &Client) -> Shown {
    let related = finding.related.iter().map(|related| DiagnosticRelatedInformation {
        location: Location { uri: uri.clone(), range: places.of_region(related.region) },
        message: plain(&related.message),
    });
    let related: Vec<_> = related.filter(|_| client.related).collect();
    let href = finding.rule.url().and_then(|url| Uri::from_str(&url).ok());
    Shown {
        range: places.of_region(finding.region),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Info => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(finding.rule.id().to_owned())),
        code_description: href.map(|href| CodeDescription { href }),
        source: Some(SOURCE.to_owned()),
        message: message(&finding.text(), finding.help.as_deref()),
        related_information: (!related.is_empty()).then_some(related),
        tags: tag(finding.rule).map(|tag| vec![tag]),
        data: None,
    }
}

fn message(what: &str, help: Option<&str>) -> String {
    match help {
        Some(help) => format!("{}\nhelp: {}", plain(what), plain(help)),
        None => plain(what),
    }
}

/// Strikes through what goes away, and greys out what has no effect.
fn tag(rule: &Rule) -> Option<DiagnosticTag> {
    let name = rule.id().split_once('/').map_or(rule.id(), |(_, name)| name);
    match name {
        name if name.contains("deprecated") => Some(DiagnosticTag::DEPRECATED),
        "unused" | "ended" | "ignored-text" | "field-dropped" => Some(DiagnosticTag::UNNECESSARY),
        _ => None,
    }
}
