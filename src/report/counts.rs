//! Findings in numbers.

use std::collections::BTreeMap;

use super::run::Run;
use crate::diagnostic::{Compared, Diagnostic, Report};
use crate::engine::{Rule, Safety, Severity};
use jobguard_text::{plain, plural};

/// `13 errors, 5 warnings, 27 info`.
pub(super) fn counted(counts: &BTreeMap<Severity, usize>) -> String {
    let parts: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|severity| {
            let count = counts.get(severity).copied().filter(|count| *count > 0)?;
            Some(match severity {
                // The level's name; it has no plural.
                Severity::Info => format!("{count} info"),
                other => plural(count, other.as_str()),
            })
        })
        .collect();
    parts.join(", ")
}

/// How many of some findings there are of each severity.
pub(super) fn by_severity<'a>(
    findings: impl IntoIterator<Item = &'a Diagnostic>,
) -> BTreeMap<Severity, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.severity).or_default() += 1;
    }
    counts
}

/// How many findings do not count, of those that would be shown: `2 suppressed`; empty where there are none.
pub(super) fn suppressed(report: &Report, least: Severity) -> String {
    let shown = report.suppressed.iter().filter(|one| one.diagnostic.severity >= least);
    match shown.count() {
        0 => String::new(),
        count => format!("{count} suppressed"),
    }
}

/// The rules of some findings with how many there are of each, the most severe and most frequent first.
pub(super) fn by_rule<'a>(
    findings: impl IntoIterator<Item = &'a Diagnostic>,
) -> Vec<(Severity, &'static Rule, usize)> {
    let mut rules: BTreeMap<(Severity, &str), (&'static Rule, usize)> = BTreeMap::new();
    for finding in findings {
        rules.entry((finding.severity, finding.rule.id())).or_insert((finding.rule, 0)).1 += 1;
    }
    let mut rules: Vec<(Severity, &'static Rule, usize)> =
        rules.into_iter().map(|((severity, _), (rule, count))| (severity, rule, count)).collect();
    // Stable: rules of the same count stay in the order of their ids.
    rules.sort_by_key(|(severity, _, count)| std::cmp::Reverse((*severity, *count)));
    rules
}

/// How many of the findings that are shown `--fix` and, in addition, `--unsafe-fixes` would fix.
pub(super) fn fixable(run: &Run<'_>) -> (usize, usize) {
    let count = |safety| run.shown().filter(|found| found.offered_fix() == Some(safety)).count();
    (count(Safety::Safe), count(Safety::Unsafe))
}

/// The flag that makes a fix.
pub(super) const fn flag(safety: Safety) -> Option<&'static str> {
    match safety {
        Safety::Safe => Some("--fix"),
        Safety::Unsafe => Some("--unsafe-fixes"),
        Safety::Shown => None,
    }
}

/// What the run is of, as a sentence without its end: `Checked 12 objects in 16 files`.
pub(super) fn checked(run: &Run<'_>) -> String {
    let report = run.report;
    let extent = report.extent();
    match report.objects {
        0 if report.cluster.is_some() && !run.errors.is_empty() => format!("Nothing was checked in {extent}"),
        0 if report.found() == 0 => format!("No Jobs or CronJobs found in {extent}"),
        _ => format!("Checked {} in {extent}", report.judged()),
    }
}

/// What there is to be said of a run as a whole: `1 error, 2 warnings`, or that there is nothing. What is hidden is not
/// counted.
pub(super) fn found(run: &Run<'_>) -> String {
    match counted(&by_severity(run.shown())) {
        none if none.is_empty() => none_of(run.report).to_owned(),
        some => some,
    }
}

/// That there are none: with a baseline, none that is new.
pub(super) const fn none_of(report: &Report) -> &'static str {
    if report.baseline.is_some() { "no new findings" } else { "no findings" }
}

/// How the findings compare with the baseline, as a sentence without its end; none where there is no baseline.
pub(crate) fn baseline(report: &Report) -> Option<String> {
    let Compared { file, known, gone } = report.baseline.as_ref()?;
    let file = plain(file);
    let are = |count: usize| if count == 1 { "is" } else { "are" };
    let mut parts = vec![match known.len() {
        0 => format!("No finding is in the baseline {file}"),
        count => format!("{} {} in the baseline {file} and not shown", plural(count, "finding"), are(count)),
    }];
    let entries = |count| if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
    let elsewhere = gone.iter().filter(|gone| !gone.is_in_input).count();
    let here = gone.len() - elsewhere;
    if here > 0 {
        parts.push(format!("{} {} gone (run --write-baseline {file} to prune)", entries(here), are(here)));
    }
    if elsewhere > 0 {
        // Who lints a part of what the baseline is for must not be advised to prune the rest.
        parts.push(format!(
            "{} {} about objects or files that are not in the input",
            entries(elsewhere),
            are(elsewhere)
        ));
    }
    Some(parts.join("; "))
}

/// Whether the run is a failure, and why: a sentence.
pub(super) fn outcome(run: &Run<'_>) -> String {
    let failing = run.fails_from.map(|least| {
        counted(&run.report.counts().into_iter().filter(|(severity, _)| *severity >= least).collect())
    });
    let unread = match run.errors.len() {
        0 => None,
        errors => Some(format!("{} could not be read", plural(errors, "file"))),
    };
    let reasons: Vec<String> =
        unread.into_iter().chain(failing.filter(|failing| !failing.is_empty())).collect();
    if !reasons.is_empty() {
        return format!("The run fails: {}.", reasons.join("; "));
    }
    match run.fails_from {
        None => "The run passes, whatever is found.".to_owned(),
        Some(Severity::Error) => "The run passes: only errors would fail it.".to_owned(),
        Some(Severity::Warning) => "The run passes: only errors and warnings would fail it.".to_owned(),
        Some(Severity::Info) => "The run passes.".to_owned(),
    }
}

/// How many findings are not shown, by level; empty where all are.
pub(super) fn hidden(run: &Run<'_>) -> String {
    counted(&run.report.counts().into_iter().filter(|(severity, _)| *severity < run.least).collect())
}
