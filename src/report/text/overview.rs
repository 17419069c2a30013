//! What many findings come to: by rule, and by file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::counts::{by_rule, counted};
use crate::diagnostic::{Diagnostic, Report};
use crate::engine::Severity;
use jobguard_text::{plain, plural};

/// How many files and rules an overview names.
const NAMED: usize = 10;

/// Where most of the findings are, and of which rules: what to read before many of them. Ends with an empty line.
pub(super) fn overview(report: &Report, findings: &[&Diagnostic]) -> String {
    let mut files: BTreeMap<&str, BTreeMap<Severity, usize>> = BTreeMap::new();
    for diagnostic in findings {
        let of_file = files.entry(&diagnostic.file).or_default();
        *of_file.entry(diagnostic.severity).or_default() += 1;
    }
    let mut rows: Vec<(&str, &BTreeMap<Severity, usize>)> =
        files.iter().map(|(file, counts)| (*file, counts)).collect();
    // Stable: files with the same counts stay in the order of their names.
    rows.sort_by_key(|(_, counts)| {
        std::cmp::Reverse(Severity::ALL.map(|severity| counts.get(&severity).copied()))
    });
    let (of, all) = match report.cluster {
        Some(_) => (report.objects, "objects"),
        None => (report.files, "files"),
    };
    let mut text = format!("{} findings in {} of {of} {all}", findings.len(), rows.len());
    if rows.len() > 1 {
        text.push_str(", most of them in:\n");
        for (file, counts) in rows.iter().take(NAMED) {
            let _ = writeln!(text, "  {}: {}", plain(file), counted(counts));
        }
        if rows.len() > NAMED {
            let _ = writeln!(text, "  ... and {} more", rows.len() - NAMED);
        }
    } else {
        text.push('\n');
    }
    text.push('\n');
    text + &table(findings.iter().copied(), NAMED)
}

/// A table of the findings by rule, most severe and most frequent first, with an empty line after it. Empty where
/// nothing was found.
pub fn statistics(report: &Report) -> String {
    table(report.diagnostics.iter(), usize::MAX)
}

fn table<'a>(diagnostics: impl Iterator<Item = &'a Diagnostic>, most: usize) -> String {
    let mut rows = by_rule(diagnostics);
    if rows.is_empty() {
        return String::new();
    }
    let more = rows.len().saturating_sub(most);
    rows.truncate(most);
    let id_width = rows.iter().map(|(_, rule, _)| rule.id().len()).max().unwrap_or_default();
    let mut text = format!("count  level    {:id_width$}  finds\n", "rule");
    for (severity, rule, count) in rows {
        let (level, id) = (severity.as_str(), rule.id());
        let _ = writeln!(text, "{count:5}  {level:7}  {id:id_width$}  {}", rule.spec.summary);
    }
    if more > 0 {
        let _ = writeln!(text, "  ... and {}: --statistics lists all", plural(more, "more rule"));
    }
    text.push('\n');
    text
}
