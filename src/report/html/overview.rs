//! What the findings come to.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::counts::{baseline, checked, fixable, hidden, outcome};
use super::super::run::Run;
use super::badge::badge;
use super::tools::Tools;
use crate::engine::Severity;
use crate::page::foreign;
use jobguard_apiserver::ranges;
use jobguard_text::plural;

/// How many rules and files are named.
const NAMED: usize = 8;
/// How many of the files that could not be read are.
const ERRORS: usize = 20;

/// What was checked, and the most important numbers.
pub(super) fn header(run: &Run<'_>, silent: usize) -> Markup {
    let report = run.report;
    let counts = report.counts();
    let (safe, more) = fixable(run);
    html! {
        header class="top" {
            h1 { "Findings in Jobs and CronJobs" }
            p class="quiet lead" {
                (checked(run))
                @if !run.versions.is_empty() { ", as Kubernetes " (ranges(run.versions).join(", ")) " judges them" }
                @if let Some(policy) = run.policy {
                    @if run.versions.is_empty() { ", by" } @else { " and by" } " the policy " strong { (foreign(policy)) }
                }
                "."
                @if !run.rules.is_empty() { " " (plural(run.rules.len(), "rule")) " were at work." }
            }
            p class="lead" { (outcome(run)) }
            @if let Some(line) = baseline(report) { p class="quiet" { (foreign(&line)) "." } }
            dl class="tiles" {
                @for severity in Severity::ALL {
                    (level(severity, counts.get(&severity).copied().unwrap_or_default(), run))
                }
                @if report.objects > 0 {
                    (tile("objects", report.objects, &format!("{silent} without findings")))
                    @if report.cluster.is_none() { (tile("files", report.files, "were read")) }
                }
                @if safe + more > 0 {
                    (tile("fixable", safe + more, &match (safe, more) {
                        (_, 0) => "with --fix".to_owned(),
                        (0, _) => "with --unsafe-fixes".to_owned(),
                        (safe, more) => format!("{safe} with --fix, {more} more with --unsafe-fixes"),
                    }))
                }
            }
        }
    }
}

fn level(severity: Severity, count: usize, run: &Run<'_>) -> Markup {
    let name = match (severity, count) {
        (Severity::Error, 1) => "error",
        (Severity::Error, _) => "errors",
        (Severity::Warning, 1) => "warning",
        (Severity::Warning, _) => "warnings",
        (Severity::Info, _) => "info",
    };
    let fails = run.fails_from.is_some_and(|least| severity >= least);
    let note = match (count, severity < run.least, fails) {
        (0, ..) => "none",
        (_, true, _) => "hidden by --level",
        (1, _, true) => "fails the run",
        (_, _, true) => "fail the run",
        _ => "does not fail the run",
    };
    tile(name, count, note)
}

fn tile(name: &str, value: usize, note: &str) -> Markup {
    html! { div { dt { (name) } dd class="value number" { (value) } dd class="quiet small" { (note) } } }
}

/// What could not be read: of that nothing is known.
pub(super) fn errors(run: &Run<'_>) -> Markup {
    html! {
        @if !run.report.gaps.is_empty() {
            section class="card notice" aria-labelledby="gaps" {
                h2 id="gaps" { "Not covered" }
                ul { @for gap in &run.report.gaps { li { (foreign(gap)) } } }
            }
        }
        @if !run.errors.is_empty() {
            section class="card notice" aria-labelledby="errors" {
                h2 id="errors" { (plural(run.errors.len(), "file")) " could not be read" }
                ul {
                    @for error in run.errors.iter().take(ERRORS) {
                        li { span class="code" { (foreign(&error.name)) } ": " (foreign(&error.message)) }
                    }
                    @if run.errors.len() > ERRORS { li { "and " (run.errors.len() - ERRORS) " more" } }
                }
            }
        }
    }
}

/// Which rules, and which files, have most of the findings.
pub(super) fn tables(run: &Run<'_>, tools: &Tools<'_>) -> Markup {
    html! {
        @if tools.counts.len() > 1 {
            div class="pair" {
                (rules(tools))
                @if tools.files().len() > 1 { (files(run, tools)) }
            }
        }
        @let hidden = hidden(run);
        @if !hidden.is_empty() { p class="quiet small" { "Hidden by --level: " (hidden) "." } }
    }
}

fn rules(tools: &Tools<'_>) -> Markup {
    let most = tools.counts.iter().take(NAMED).map(|(_, _, count)| *count).max().unwrap_or(1);
    html! {
        section class="card" aria-labelledby="by-rules" {
            h2 id="by-rules" { "Rules" }
            table class="top-rows" {
                thead class="unseen" { tr {
                    th scope="col" { "Level" } th scope="col" { "Rule" } th scope="col" class="number" { "Findings" } th aria-hidden="true" {}
                } }
                tbody {
                    @for (severity, rule, count) in tools.counts.iter().take(NAMED) {
                        tr {
                            td { (badge(*severity)) }
                            th scope="row" {
                                span class="pick code" data-rule=(tools.rule(rule)) { (rule.id()) }
                                div class="quiet small" { (rule.spec.summary) }
                            }
                            td class="number" { (count) }
                            td class="share" aria-hidden="true" { (bar(*count, most)) }
                        }
                    }
                }
            }
            (and_more(tools.counts.len(), "rule"))
        }
    }
}

/// A bar as long as the count.
fn bar(count: usize, most: usize) -> Markup {
    // In tenths of a percent.
    let width = (count.saturating_mul(1_000) / most.max(1)).max(20);
    html! { svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" { rect class="run" width=(width) height="10" {} } }
}

fn files(run: &Run<'_>, tools: &Tools<'_>) -> Markup {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for finding in run.shown() {
        let of_file = counts.entry(&finding.file).or_default();
        for (count, severity) in of_file.iter_mut().zip(Severity::ALL) {
            *count += usize::from(finding.severity == severity);
        }
    }
    let mut rows: Vec<(&str, [usize; 3])> = counts.into_iter().collect();
    // Stable: files with the same counts stay in the order of their names.
    rows.sort_by_key(|(_, counts)| std::cmp::Reverse(*counts));
    html! {
        section class="card" aria-labelledby="by-files" {
            h2 id="by-files" { "Files" }
            table class="top-rows" {
                thead { tr {
                    th scope="col" { "File" }
                    @for severity in Severity::ALL { th scope="col" class="number" { (severity) } }
                } }
                tbody {
                    @for (file, counts) in rows.iter().take(NAMED) {
                        tr {
                            th scope="row" { span class="pick code" data-file=(tools.file(file)) { (foreign(file)) } }
                            @for count in counts { td class={ "number" @if *count == 0 { " quiet" } } { (count) } }
                        }
                    }
                }
            }
            (and_more(rows.len(), "file"))
        }
    }
}

fn and_more(count: usize, what: &str) -> Markup {
    html! {
        @if count > NAMED {
            p class="quiet small more" { "and " (plural(count - NAMED, &format!("more {what}"))) }
        }
    }
}
