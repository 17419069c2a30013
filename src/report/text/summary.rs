//! The lines that sum up.

use std::collections::BTreeMap;

use super::super::counts::{baseline, counted, none_of, suppressed};
use super::super::style::Style;
use crate::diagnostic::Report;
use crate::engine::Safety;

/// What was checked, what was found, what of it can be fixed, and where to read more.
pub(super) fn summary(report: &Report, style: Style) -> String {
    let mut summary = of_findings(report, style);
    // Under the line that the numbers of what is new are on.
    if let Some(line) = baseline(report) {
        summary.extend([line.as_str(), "\n"]);
    }
    summary
}

fn of_findings(report: &Report, style: Style) -> String {
    let extent = report.extent();
    if report.found() == 0 && report.objects == 0 {
        return format!("No Jobs or CronJobs found in {extent}\n");
    }
    let checked = format!("Checked {} in {extent}", report.judged());
    let suppressed = match suppressed(report, style.least) {
        none if none.is_empty() => none,
        some => format!("; {some}"),
    };
    if report.diagnostics.is_empty() {
        return format!("{checked}: {}{suppressed}\n", none_of(report));
    }
    let (shown, hidden): (BTreeMap<_, _>, _) =
        report.counts().into_iter().partition(|(severity, _)| *severity >= style.least);
    let (shown, hidden) = (counted(&shown), counted(&hidden));
    let found = match (shown.as_str(), hidden.as_str()) {
        (shown, "") => shown.to_owned(),
        ("", hidden) => format!("{hidden}, hidden by --level"),
        (shown, hidden) => format!("{shown}; hidden by --level: {hidden}"),
    };
    let summary = format!("{checked}: {found}{}{suppressed}\n", fixes(report, style));
    // The first of the most severe of what is shown.
    let worst = report.worst().filter(|worst| *worst >= style.least);
    match report.diagnostics.iter().find(|diagnostic| Some(diagnostic.severity) == worst) {
        Some(first) => format!("To explain a rule: jobguard rules {}\n{summary}", first.rule.id()),
        None => summary,
    }
}

/// How many of the findings can be fixed, and with which flag.
fn fixes(report: &Report, style: Style) -> String {
    let shown = || report.diagnostics.iter().filter(|found| found.severity >= style.least);
    let count = |safety| shown().filter(|found| found.offered_fix() == Some(safety)).count();
    match (count(Safety::Safe), count(Safety::Unsafe)) {
        (0, 0) => String::new(),
        (0, more) => format!("; {more} fixable with --unsafe-fixes"),
        (safe, 0) => format!("; {safe} fixable with --fix"),
        (safe, more) => format!("; {safe} fixable with --fix, {more} more with --unsafe-fixes"),
    }
}
