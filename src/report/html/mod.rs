//! The findings as one HTML file that needs no other: what it comes to first, then each object with what was found in it.
//!
//! All of it is markup that is there without a script; the script looks for findings and puts them together by rule.
//! However many there are, the file stays small enough to be opened: of the least severe the lines are left out first.

mod badge;
mod finding;
mod overview;
mod room;
mod tools;

use std::io;

use maud::{Markup, html};

use super::counts::{baseline, by_severity, counted, found, hidden};
use super::objects::{Group, by_object, silent};
use super::run::Run;
use crate::diagnostic::{JudgedObject, SuppressedDiagnostic};
use crate::page::{Document, foreign};
use jobguard_text::plural;
use room::Room;
use tools::Tools;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = concat!("\"use strict\";\n{\n", include_str!("report.js"), "}\n");

/// How many objects without findings are named.
const SILENT: usize = 300;

/// Writes the page.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let groups = by_object(run);
    let tools = Tools::of(run);
    let room = Room::of(&groups, &tools);
    let silent = silent(run);
    let body = html! {
        (overview::header(run, silent.len()))
        main {
            (overview::errors(run))
            @if groups.is_empty() { (nothing(run)) } @else {
                (overview::tables(run, &tools))
                (tools.bar(room.shown()))
                (left_out(&room))
                section aria-labelledby="findings" class="group" {
                    h2 id="findings" { "Findings" }
                    div id="objects" { @for group in &groups { (object(group, &room)) } }
                    div id="rules" hidden { (tools.rules()) }
                    p class="card quiet" id="none" hidden { "No finding is like that. Escape clears the search." }
                }
            }
            (suppressed(run))
            (without_findings(&silent))
        }
        footer { "Written by jobguard " (command(run)) ". Nothing in this file is loaded from elsewhere." }
    };
    let title = format!("Findings: {}", found(run));
    let script = if groups.is_empty() { "" } else { SCRIPT };
    out.write_all(Document { title: &title, style: STYLE, script, body }.render().as_bytes())
}

/// The subcommand that the report is of.
fn command(run: &Run<'_>) -> &'static str {
    if run.report.cluster.is_some() { "audit" } else { "lint" }
}

/// What is said where there is nothing to show.
fn nothing(run: &Run<'_>) -> Markup {
    let hidden = hidden(run);
    html! {
        p class="card" {
            @if run.report.objects == 0 && run.report.found() == 0 {
                "There are no Jobs and no CronJobs in what was read, so there is nothing to find."
            } @else if hidden.is_empty() && baseline(run.report).is_some() {
                "Nothing new was found."
            } @else if hidden.is_empty() {
                "Nothing was found: everything is as it should be."
            } @else {
                "Nothing was found at the level that is shown. Hidden by --level: " (hidden) "."
            }
        }
    }
}

/// What did not fit into the page.
fn left_out(room: &Room) -> Markup {
    html! {
        @if room.rows_left_out > 0 || room.lines_left_out > 0 {
            p class="card small" id="left-out" {
                @if room.rows_left_out > 0 {
                    "The " (plural(room.rows_left_out, "least severe finding")) " of "
                    (room.rows_left_out + room.shown()) " "
                    @if room.rows_left_out == 1 { "is" } @else { "are" }
                    " left out: a browser could not open a page with all of it. "
                }
                @if room.lines_left_out > 0 {
                    (plural(room.lines_left_out, "finding")) " " @if room.lines_left_out == 1 { "is" } @else { "are" }
                    " shown without lines, which would be too many or too long. "
                }
                code { "jobguard lint" } " of one folder, or " code { "jobguard audit" } " of one namespace at a time, shows more."
            }
        }
    }
}

/// An object, or a file's text, with its findings.
fn object(group: &Group<'_>, room: &Room) -> Markup {
    let shown: Vec<&Markup> = group.findings.iter().filter_map(|(number, _)| room.row(*number)).collect();
    html! {
        @if !shown.is_empty() {
            section class="set" {
                div class="head" {
                    h3 {
                        @match group.object {
                            Some(object) => { (foreign(&object.kind)) " " (name(object.namespace.as_deref(), object.name.as_deref())) },
                            None => { "The text itself" },
                        }
                    }
                    span class="code quiet from" { (foreign(group.file)) @if let Some(line) = group.line.filter(|line| *line > 0) { ":" (line) } }
                    span class="quiet small counts" { (counted(&by_severity(group.findings.iter().map(|(_, finding)| *finding)))) }
                }
                div class="list" { @for row in shown { (row) } }
            }
        }
    }
}

fn name(namespace: Option<&str>, name: Option<&str>) -> Markup {
    html! {
        @if let (Some(namespace), Some(_)) = (namespace, name) { i { (foreign(namespace)) "/" } }
        @match name { Some(name) => (foreign(name)), None => i { "without a name" } }
    }
}

/// What does not count, and why.
fn suppressed(run: &Run<'_>) -> Markup {
    let all: Vec<&SuppressedDiagnostic> = run.shown_suppressed().collect();
    html! {
        @if !all.is_empty() {
            details class="table silent" {
                summary { (plural(all.len(), "finding")) " suppressed" }
                ul class="small" {
                    @for SuppressedDiagnostic { diagnostic, why } in all.iter().take(SILENT) {
                        li {
                            span class="code" { (diagnostic.rule.id()) } ": "
                            @if let Some(object) = &diagnostic.object {
                                (foreign(&object.kind)) " " (name(object.namespace.as_deref(), object.name.as_deref())) ": "
                            }
                            (foreign(&diagnostic.text())) " "
                            span class="code quiet" { (foreign(&diagnostic.place())) } " "
                            span class="quiet" { (foreign(&why.to_string())) }
                        }
                    }
                    @if all.len() > SILENT { li { "and " (all.len() - SILENT) " more" } }
                }
            }
        }
    }
}

/// The objects in which nothing was found: they were looked at, too.
fn without_findings(silent: &[&JudgedObject]) -> Markup {
    html! {
        @if !silent.is_empty() {
            details class="table silent" {
                summary { (plural(silent.len(), "object")) " without findings" }
                ul class="small" {
                    @for object in silent.iter().take(SILENT) {
                        li {
                            (foreign(&object.id.kind)) " " (name(object.id.namespace.as_deref(), object.id.name.as_deref())) " "
                            span class="code quiet" { (foreign(&object.file)) @if object.line > 0 { ":" (object.line) } }
                        }
                    }
                    @if silent.len() > SILENT { li { "and " (silent.len() - SILENT) " more" } }
                }
            }
        }
    }
}
