//! Findings as an editor shows them.

use std::str::FromStr as _;

use lsp_types::{
    CodeDescription, Diagnostic as Shown, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    Location, NumberOrString, Range, Uri,
};

use super::analysis::Analysis;
use super::client::Client;
use super::documents::Document;
use super::policy_files::PolicyFault;
use super::position::Places;
use crate::diagnostic::Diagnostic;
use crate::engine::{Rule, Severity};
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
    shown.extend(faults.iter().map(|fault| Shown {
        range: places.range(fault.span),
        severity: Some(fault.severity),
        code: Some(NumberOrString::String("policy".to_owned())),
        source: Some(SOURCE.to_owned()),
        message: message(&fault.message, fault.help.as_deref()),
        ..Shown::default()
    }));
    shown.extend(analysis.errors.iter().map(|error| Shown {
        severity: Some(DiagnosticSeverity::WARNING),
        source: Some(SOURCE.to_owned()),
        message: message(&error.message, None),
        ..Shown::default()
    }));
    shown
}

/// One finding. One about a chart or kustomization stands at the beginning of the file that belongs to it.
pub(super) fn diagnostic(finding: &Diagnostic, places: &Places<'_>, uri: &Uri, client: &Client) -> Shown {
    let is_elsewhere = finding.rule.id() == crate::rules::manifest_not_judged::RULE.id();
    let range = if is_elsewhere { Range::default() } else { places.of_region(finding.region) };
    let related = finding.related.iter().map(|related| DiagnosticRelatedInformation {
        location: Location { uri: uri.clone(), range: places.of_region(related.region) },
        message: plain(&related.message),
    });
    let related: Vec<_> = related.filter(|_| client.related).collect();
    let href = finding.rule.url().and_then(|url| Uri::from_str(&url).ok());
    Shown {
        range,
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
