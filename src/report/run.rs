//! The run that a report is of.

use crate::diagnostic::{Diagnostic, FileError, Report, SuppressedDiagnostic};
use crate::engine::{Rule, Severity};
use jobguard_apiserver::KubernetesVersion;

/// A report, and what formats for programs state of the run that made it.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// What it found.
    pub report: &'a Report,
    /// What it could not read.
    pub errors: &'a [FileError],
    /// The rules that were at work, for formats that describe rules: so that a reader can distinguish "nothing found" from
    /// "not checked".
    pub rules: &'a [RuleEntry],
    /// The Kubernetes versions whose API servers' verdict it is; none where they are not known.
    pub versions: &'a [KubernetesVersion],
    /// What people call the policy, where it is known.
    pub policy: Option<&'a str>,
    /// The least severity that makes the run a failure; none if nothing does.
    pub fails_from: Option<Severity>,
    /// The least severity that is shown.
    pub least: Severity,
    /// Whether SARIF includes suppressed findings, as results with `suppressions`. Tools without support for these show them like
    /// any other result.
    pub suppressions: bool,
}

/// A rule, and what is written about it elsewhere.
#[derive(Debug, Clone)]
pub struct RuleEntry {
    /// The rule.
    pub rule: &'static Rule,
    /// Its severity where no override of the policy says otherwise.
    pub severity: Severity,
    /// What it finds, as a sentence.
    pub summary: String,
    /// Where its page can be read.
    pub url: Option<String>,
    /// What it finds, why that matters, its options and examples, as Markdown.
    pub help: String,
}

impl<'a> Run<'a> {
    /// A run of which only the report is known. Errors make it a failure.
    pub fn of(report: &'a Report) -> Self {
        Self {
            report,
            errors: &[],
            rules: &[],
            versions: &[],
            policy: None,
            fails_from: Some(Severity::Error),
            least: Severity::Info,
            suppressions: false,
        }
    }

    /// What does not count, as far as it would be shown.
    pub fn shown_suppressed(&self) -> impl Iterator<Item = &'a SuppressedDiagnostic> + use<'a> {
        let least = self.least;
        self.report.suppressed.iter().filter(move |one| one.diagnostic.severity >= least)
    }

    /// The findings that are shown.
    pub fn shown(&self) -> impl Iterator<Item = &'a Diagnostic> + use<'a> {
        let least = self.least;
        self.report.diagnostics.iter().filter(move |diagnostic| diagnostic.severity >= least)
    }

    /// The findings that are shown and those of the baseline, in the order of reports, each with how it compares with the
    /// baseline where there is one.
    pub(super) fn with_known(&self) -> Vec<(&'a Diagnostic, Option<&'static str>)> {
        let Some(compared) = &self.report.baseline else {
            return self.shown().map(|finding| (finding, None)).collect();
        };
        let known = compared.known.iter().filter(|finding| finding.severity >= self.least);
        let mut all: Vec<_> = self.shown().map(|finding| (finding, Some("new"))).collect();
        all.extend(known.map(|finding| (finding, Some("unchanged"))));
        all.sort_by(|(one, _), (other, _)| one.cmp_in_report(other));
        all
    }
}
