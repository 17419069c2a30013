//! A finding: a row, and what stands in it when it is opened.

use maud::{Markup, PreEscaped, html};

use super::super::counts::flag;
use super::super::diff::{Hunk, Sign, hunks, in_words};
use super::super::lines::{Mark, Row, rows};
use super::badge::{badge, linked};
use super::tools::Tools;
use crate::diagnostic::{Change, Diagnostic};
use crate::page::foreign;
use jobguard_text::plain_within;

/// How many characters of a message are shown.
const MESSAGE: usize = 800;
/// How far what a mark says is moved below it.
const MAX_INDENT: usize = 40;
/// How many places beside the lines that are shown are named.
const RELATED: usize = 6;

/// What takes room: the lines that a finding is about, and those that its fix changes.
#[derive(Debug, Default)]
pub(super) struct Lines {
    source: String,
    fix: String,
}

impl Lines {
    /// Of a finding.
    pub(super) fn of(finding: &Diagnostic) -> Self {
        let fix = finding.change.as_ref().map(|change| fix(finding, change).into_string());
        Self { source: source(finding).into_string(), fix: fix.unwrap_or_default() }
    }

    /// Whether the lines that it is about are not there.
    pub(super) fn has_no_source(&self) -> bool {
        self.source.is_empty()
    }

    /// How many bytes they take.
    pub(super) fn size(&self) -> usize {
        self.source.len() + self.fix.len()
    }
}

/// The whole row, with its lines as far as there is room.
pub(super) fn row(finding: &Diagnostic, tools: &Tools<'_>, lines: &Lines, is_open: bool) -> Markup {
    let (rule, region) = (finding.rule, finding.region);
    html! {
        details open[is_open] data-l=(finding.severity) data-r=(tools.rule(rule)) data-f=(tools.file(&finding.file)) {
            summary {
                (badge(finding.severity))
                span class="m" {
                    (prose(&finding.message))
                    @if let Some(versions) = finding.versions.as_ref().filter(|versions| !versions.all) {
                        " " span class="badge" { "Kubernetes " (versions.ranges().join(", ")) }
                    }
                }
                span class="id code" { (rule.id()) }
                span class="w" {
                    @if let Some(object) = &finding.object { span class="o" { (foreign(&object.to_string())) " " } }
                    @if !finding.path.is_root() { span class="code" { (foreign(&finding.path.to_string())) } }
                }
                span class="at code" {
                    @if region.is_in_text() { i { (foreign(&finding.file)) ":" } (region.line) ":" (region.column) }
                    @else { i { (foreign(&finding.file)) } }
                }
            }
            div class="body" {
                (PreEscaped(&lines.source))
                (elsewhere(finding))
                (help(finding))
                (PreEscaped(&lines.fix))
                @if let Some(template) = &finding.template {
                    p class="small" { "Rendered from template " span class="code" { (foreign(template)) } "." }
                }
                p class="small" { "About the rule: " (linked(rule)) }
            }
        }
    }
}

/// A sentence. What stands between backquotes in it is code.
fn prose(text: &str) -> Markup {
    let text = plain_within(text, MESSAGE);
    let parts: Vec<&str> = text.split('`').collect();
    html! {
        // Of an odd number of backquotes nobody knows which are a pair.
        @if parts.len().is_multiple_of(2) { (text) } @else {
            @for (number, part) in parts.iter().enumerate() {
                @if number % 2 == 1 { code { (part) } } @else { (part) }
            }
        }
    }
}

/// The lines that it is about, the places marked.
fn source(finding: &Diagnostic) -> Markup {
    let rows = rows(finding);
    html! {
        @if !rows.is_empty() {
            div class="source code" {
                @for row in &rows {
                    @match row {
                        Row::Gap(lines) => div class="gap" { span class="no" aria-hidden="true" { "⋮" } span class="quiet" { (jobguard_text::plural(*lines, "line")) } },
                        Row::Line { number, pieces, notes } => {
                            div {
                                span class="no" { (number) }
                                span { @for (mark, text) in pieces { (piece(*mark, text)) } }
                            }
                            @for (column, note) in notes {
                                div class="note" { span class="no" {} span { (" ".repeat(*column.min(&MAX_INDENT))) "^ " (foreign(note)) } }
                            }
                        },
                    }
                }
            }
        }
    }
}

fn piece(mark: Mark, text: &str) -> Markup {
    match mark {
        Mark::None => html! { (text) },
        Mark::Place => html! { mark { (text) } },
        Mark::Related => html! { mark class="rel" { (text) } },
    }
}

/// What its fix changes.
fn fix(finding: &Diagnostic, change: &Change) -> Markup {
    html! {
        p class="fix" {
            b { "Fix" } " " (prose(&change.title)) " "
            @if let Some(flag) = finding.offered_fix().and_then(flag) { span class="badge code" { (flag) } }
        }
        @match hunks(change) {
            Some(hunks) => @for hunk in &hunks { (diff(hunk)) },
            None => ul class="small" { @for words in in_words(change) { li { (words) } } },
        }
    }
}

fn diff(hunk: &Hunk) -> Markup {
    let line = |sign: Sign, text: &str| {
        html! { span class="no" { (sign.character()) } span { (text) } }
    };
    html! {
        div class="source code diff" {
            @for (sign, text) in &hunk.rows {
                @match sign {
                    Sign::Gone => del { (line(*sign, text)) },
                    Sign::New => ins { (line(*sign, text)) },
                    Sign::Same | Sign::More => div { (line(*sign, text)) },
                }
            }
        }
    }
}

/// What to do, unless the fix says the same; and how, where what it changes is not at hand.
fn help(finding: &Diagnostic) -> Markup {
    let help = finding
        .help
        .as_deref()
        .filter(|help| finding.change.as_ref().is_none_or(|change| change.title != *help));
    let flag = finding.offered_fix().filter(|_| finding.change.is_none()).and_then(flag);
    html! {
        @if help.is_some() || flag.is_some() {
            p class="help" {
                b { "Help" }
                @if let Some(help) = help { " " (prose(help)) }
                @if let Some(flag) = flag { " " span class="badge" { "fixable with " span class="code" { (flag) } } }
            }
        }
    }
}

/// Other places that explain it, where they are not among the lines that are shown.
fn elsewhere(finding: &Diagnostic) -> Markup {
    let related = finding.related.iter().filter(|related| related.in_excerpt.is_none());
    html! {
        @for related in related.take(RELATED) {
            p class="small" { "Line " (related.region.line) ": " (foreign(&related.message)) }
        }
    }
}
