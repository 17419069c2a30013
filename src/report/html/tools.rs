//! What findings are looked for and put together by: a page's script does it, and without one there is none of it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::counts::{by_rule, by_severity};
use super::super::run::Run;
use super::badge::{badge, linked};
use crate::engine::{Rule, Severity};
use crate::page::foreign;

/// How many files are listed to choose from; of more, one is found by searching.
const FILES: usize = 400;

/// The rules, files and levels of a run's findings.
pub(super) struct Tools<'a> {
    /// The rules with how severe and how many their findings are.
    pub(super) counts: Vec<(Severity, &'static Rule, usize)>,
    levels: BTreeMap<Severity, usize>,
    rules: Vec<&'static Rule>,
    rule_numbers: BTreeMap<&'static str, usize>,
    files: Vec<&'a str>,
    file_numbers: BTreeMap<&'a str, usize>,
}

impl<'a> Tools<'a> {
    /// Of what is shown.
    pub(super) fn of(run: &Run<'a>) -> Self {
        let counts = by_rule(run.shown());
        let mut tools = Self {
            levels: by_severity(run.shown()),
            rules: Vec::new(),
            rule_numbers: BTreeMap::new(),
            files: Vec::new(),
            file_numbers: BTreeMap::new(),
            counts,
        };
        for (_, rule, _) in &tools.counts {
            tools.rule_numbers.entry(rule.id()).or_insert_with(|| {
                tools.rules.push(*rule);
                tools.rules.len() - 1
            });
        }
        for finding in run.shown() {
            tools.file_numbers.entry(&*finding.file).or_insert_with(|| {
                tools.files.push(&*finding.file);
                tools.files.len() - 1
            });
        }
        tools
    }

    /// The number of a rule.
    pub(super) fn rule(&self, rule: &Rule) -> usize {
        self.rule_numbers.get(rule.id()).copied().unwrap_or_default()
    }

    /// The number of a file.
    pub(super) fn file(&self, file: &str) -> usize {
        self.file_numbers.get(file).copied().unwrap_or_default()
    }

    /// The bar above so many findings.
    pub(super) fn bar(&self, count: usize) -> Markup {
        html! {
            div class="toolbar screen scripted" role="search" hidden {
                input id="search" type="search" placeholder="Search" autocomplete="off" spellcheck="false"
                    aria-label="Search findings by message, object, rule, file or line of text" aria-keyshortcuts="/";
                kbd aria-hidden="true" { "/" }
                @if self.levels.len() > 1 {
                    div class="joined" role="group" aria-label="Levels" {
                        @for severity in Severity::ALL {
                            @if let Some(count) = self.levels.get(&severity) {
                                button type="button" data-level=(severity) aria-pressed="true" {
                                    (severity) " " span class="number quiet" { (count) }
                                }
                            }
                        }
                    }
                }
                @if self.rules.len() > 1 {
                    select id="rule" aria-label="Rule" {
                        option value="" { "All rules" }
                        @for (number, rule) in self.rules.iter().enumerate() { option value=(number) { (rule.id()) } }
                    }
                }
                @if (2..=FILES).contains(&self.files.len()) {
                    select id="file" aria-label="File" {
                        option value="" { "All files" }
                        @for (number, file) in self.files.iter().enumerate() { option value=(number) { (foreign(file)) } }
                    }
                }
                div class="joined" role="group" aria-label="Put together" {
                    button type="button" id="by-object" aria-pressed="true" aria-keyshortcuts="g" { "By object" }
                    button type="button" id="by-rule" aria-pressed="false" aria-keyshortcuts="g" { "By rule" }
                }
                button type="button" id="open" { "Open all" }
                button type="button" id="clear" hidden { "Clear" }
                output id="count" role="status" aria-live="polite" class="quiet small number" { (count) " of " (count) " findings" }
            }
        }
    }

    /// The rules as heads for what the script puts below them.
    pub(super) fn rules(&self) -> Markup {
        html! {
            @for rule in &self.rules {
                section class="set" {
                    div class="head" {
                        h3 { (linked(rule)) }
                        span class="quiet from" { (rule.spec.summary) }
                        span class="small counts" {
                            @for (severity, _, count) in self.counts.iter().filter(|(_, of, _)| of.id() == rule.id()) {
                                (badge(*severity)) " " span class="number quiet" { (count) } " "
                            }
                        }
                    }
                    div class="list" {}
                }
            }
        }
    }

    /// How many files have findings.
    pub(super) fn files(&self) -> &[&'a str] {
        &self.files
    }
}
