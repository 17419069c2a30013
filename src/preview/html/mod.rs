//! A preview as one HTML file that needs no other: the fleet first, then every CronJob and Job to be searched and opened.
//!
//! What the file shows at once is written here. What stands in an opened row is handed to the page's script as data, in which
//! nothing is written twice: a thousand CronJobs have few different notes, hours and timelines. Without a script the rows still
//! say when everything runs.

mod data;
mod fleet;
mod grid;
mod rows;

use std::io;

use maud::{Markup, html};

use super::model::Preview;
use super::{show, times};
use crate::page::{Document, PAINTER, Unit, data_block, foreign};
use data::Data;
use jobguard_text::plural;

const STYLE: &str = include_str!("preview.css");
const SCRIPT: &str = include_str!("preview.js");

/// Writes the page.
///
/// # Errors
///
/// Those of the writer.
pub fn write(preview: &Preview, out: &mut dyn io::Write) -> io::Result<()> {
    let data = Data::of(preview);
    let zone = show::zone(&preview.window);
    // A single one is read first, and there is nothing to look for.
    let is_single = preview.cron_jobs.len() == 1;
    let title = format!("Preview: {}", counts(preview));
    let body = html! {
        (header(preview, &zone))
        main {
            (notices(preview))
            @if !preview.cron_jobs.is_empty() {
                @if is_single { (rows::cron_jobs(preview, &zone)) } @else { (rows::toolbar(preview, &data)) }
                @if preview.fleet.runs > 0 {
                    div class="pair" {
                        (grid::card(preview))
                        @if !is_single { (fleet::busiest(preview, &zone)) }
                    }
                    (fleet::levels(preview, &zone))
                    (fleet::spread(preview, &zone))
                    (fleet::namespaces(preview, &zone))
                }
                @if !is_single { (rows::cron_jobs(preview, &zone)) }
            }
            @if !preview.jobs.is_empty() { (rows::jobs(preview)) }
            @if preview.cron_jobs.is_empty() && preview.jobs.is_empty() {
                p class="card" { "There are no Jobs and no CronJobs." }
            }
        }
        footer { "Written by jobguard preview. Nothing in this file is loaded from elsewhere." }
        (data_block("data", &data)?)
    };
    let script = format!("\"use strict\";\n{{\n{PAINTER}{SCRIPT}}}\n");
    let page = Document { title: &title, style: STYLE, script: &script, body };
    out.write_all(page.render().as_bytes())
}

fn counts(preview: &Preview) -> String {
    let cron_jobs = plural(preview.cron_jobs.len(), "CronJob");
    let jobs = plural(preview.jobs.len(), "Job");
    match (preview.cron_jobs.is_empty(), preview.jobs.is_empty()) {
        (_, true) => cron_jobs,
        (true, false) => jobs,
        (false, false) => format!("{cron_jobs} and {jobs}"),
    }
}

/// What it is about, and its most important numbers.
fn header(preview: &Preview, zone: &jiff::tz::TimeZone) -> Markup {
    let (window, fleet) = (&preview.window, &preview.fleet);
    let peak = &fleet.total.peak;
    let mut numbers: Vec<(&str, String, String)> = Vec::new();
    if !preview.cron_jobs.is_empty() {
        let off = preview.cron_jobs.len() - fleet.cron_jobs.min(preview.cron_jobs.len());
        let note = match (off, preview.cron_jobs.len()) {
            (0, 1) => "starts runs".to_owned(),
            (_, 1) => "starts nothing".to_owned(),
            (0, _) => "all start runs".to_owned(),
            _ => format!("{off} of them start nothing"),
        };
        let name = if preview.cron_jobs.len() == 1 { "CronJob" } else { "CronJobs" };
        numbers.push((name, preview.cron_jobs.len().to_string(), note));
        let runs = Unit::Count.words(i64::try_from(fleet.runs).unwrap_or(i64::MAX));
        numbers.push(("runs", runs, "in this time".to_owned()));
        if let Some(busy) = fleet.busiest.first() {
            numbers.push((
                "starts in the busiest minute",
                busy.starts.to_string(),
                times::with_weekday(busy.utc, zone),
            ));
        }
        for (name, unit, high) in [
            ("Pods at once", Unit::Count, peak.pods),
            ("CPU requested", Unit::Cpu, peak.cpu_milli),
            ("memory requested", Unit::Bytes, peak.memory_bytes),
        ] {
            if let Some(utc) = high.utc {
                numbers.push((name, unit.words(high.value), times::with_weekday(utc, zone)));
            }
        }
    }
    if !preview.jobs.is_empty() {
        let name = if preview.jobs.len() == 1 { "Job" } else { "Jobs" };
        numbers.push((name, preview.jobs.len().to_string(), "made by no CronJob".to_owned()));
    }
    html! {
        header class="top" {
            h1 { "What will run" }
            p class="quiet window" {
                (times::with_weekday(window.from, zone)) " to " (times::with_weekday(window.until, zone)) ", by the clock of "
                strong { (foreign(&window.zone)) }
            }
            dl class="tiles" {
                @for (name, value, note) in &numbers {
                    div { dt { (name) } dd class="value number" { (value) } dd class="quiet small" { (note) } }
                }
            }
        }
    }
}

/// What somebody should look at first.
fn notices(preview: &Preview) -> Markup {
    let exceeded: Vec<_> = preview
        .fleet
        .namespaces
        .iter()
        .flat_map(|namespace| namespace.quotas.iter().map(move |quota| (namespace, quota)))
        .filter(|(_, quota)| quota.exceeded)
        .collect();
    let cron_jobs = preview.cron_jobs.iter().map(|view| (&view.identity, view.problem.as_deref()));
    let jobs = preview.jobs.iter().map(|view| (&view.identity, view.problem.as_deref()));
    let refused: Vec<_> =
        cron_jobs.chain(jobs).filter_map(|(identity, problem)| Some((identity, problem?))).collect();
    if exceeded.is_empty() && refused.is_empty() {
        return html! {};
    }
    const NAMED: usize = 8;
    html! {
        section class="card notice" aria-labelledby="notice" {
            h2 id="notice" { "To look at" }
            ul {
                @for (namespace, quota) in exceeded.iter().take(NAMED) {
                    li {
                        "Namespace " strong { (fleet::namespace_name(namespace)) } ": " code { (foreign(&quota.resource)) }
                        " up to " (show::resource_unit(&quota.resource).words(quota.peak)) " at once, ResourceQuota "
                        (foreign(&quota.name)) " allows " (foreign(&quota.hard))
                    }
                }
                @if exceeded.len() > NAMED { li { (exceeded.len() - NAMED) " more quotas are exceeded" } }
                @for (identity, problem) in refused.iter().take(NAMED) {
                    li {
                        strong { (foreign(&show::full_name(identity))) } " never runs: " (foreign(problem))
                    }
                }
                @if refused.len() > NAMED { li { (refused.len() - NAMED) " more never run" } }
            }
        }
    }
}
