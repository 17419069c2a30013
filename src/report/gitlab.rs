//! GitLab's code quality report: findings in the merge request, beside the lines that they are about.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/>

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::json::write_document;
use super::run::Run;
use crate::diagnostic::{Diagnostic, fnv1a};
use crate::engine::Severity;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// Writes an issue for each finding of `run`, and for each file that could not be read, as one JSON array.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let unread = run.errors.iter().map(|error| Issue {
        description: format!("cannot be read: {}", error.message),
        check_name: "unreadable",
        fingerprint: fnv1a(&format!("unreadable\0{}", error.name)),
        severity: "blocker",
        location: location(&error.name, 1),
    });
    // GitLab keeps one issue of those with the same fingerprint, and compares the reports of two branches by them.
    let mut seen = BTreeMap::new();
    let found = run.shown().map(|diagnostic| {
        let fingerprint = diagnostic.fingerprint().hash();
        let times = seen.entry(fingerprint.clone()).or_insert(0_usize);
        *times += 1;
        let fingerprint = if *times == 1 { fingerprint } else { fnv1a(&format!("{fingerprint}\0{times}")) };
        Issue {
            description: description(diagnostic),
            check_name: diagnostic.rule.id(),
            fingerprint,
            severity: match diagnostic.severity {
                Severity::Error => "critical",
                Severity::Warning => "minor",
                Severity::Info => "info",
            },
            location: location(&diagnostic.file, diagnostic.region.line.max(1)),
        }
    });
    write_document(&unread.chain(found).collect::<Vec<_>>(), out)
}

/// GitLab takes a path as git does, from the root of the repository.
fn location(file: &str, begin: usize) -> Location<'_> {
    Location { path: file.strip_prefix("./").unwrap_or(file), lines: Lines { begin } }
}

/// GitLab shows nothing else of an issue.
fn description(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.text().into_owned();
    let subject = diagnostic.subject();
    if !subject.is_empty() {
        text += &format!(" ({subject})");
    }
    if let Some(help) = &diagnostic.help {
        text += &format!("; {help}");
    }
    if let Some(template) = &diagnostic.template {
        text += &format!("; rendered from template {template}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::fixture;
    use super::*;

    #[test]
    fn issues() {
        insta::assert_snapshot!(fixture::render(&fixture::report(), write));
    }

    #[test]
    fn each_has_a_fingerprint_of_its_own() {
        let mut report = fixture::report();
        let again: Vec<_> = report.diagnostics.iter().chain(&report.diagnostics).cloned().collect();
        report.diagnostics.extend(again);
        let text = fixture::render(&report, write);
        let issues: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let distinct: BTreeSet<&str> =
            issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
        assert_eq!((distinct.len(), issues.len()), (10, 10));
    }
}
