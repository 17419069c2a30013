//! The rows: one for each CronJob and each Job, with what is read without opening it.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::super::model::{CronJobView, Identity, JobView, Preview};
use super::super::times;
use super::data::Data;
use crate::page::foreign;
use jobguard_text::duration::short;

/// How many rows say their notes where there is no script.
const WITH_NOTES: usize = 200;

/// What is searched by. Without a script there is none of it.
pub(super) fn toolbar(preview: &Preview, data: &Data) -> Markup {
    let count = preview.cron_jobs.len();
    html! {
        div class="toolbar screen scripted" role="search" hidden {
            input id="search" type="search" placeholder="Search" aria-label="Search CronJobs by name, schedule or label"
                autocomplete="off" spellcheck="false" aria-keyshortcuts="/";
            kbd aria-hidden="true" { "/" }
            @if data.namespaces.len() > 1 {
                select id="namespace" aria-label="Namespace" {
                    option value="" { "All namespaces" }
                    @for number in &data.namespaces {
                        option value=(number) {
                            @match data.text(*number) { "" => "(not named)", name => (name) }
                        }
                    }
                }
            }
            @if !data.labels.is_empty() {
                select id="label" aria-label="Label" {
                    option value="" { "All labels" }
                    @for number in &data.labels { option value=(number) { (data.text(*number)) } }
                }
            }
            button id="hour" type="button" hidden {}
            button id="clear" type="button" hidden { "Clear" }
            output id="count" role="status" aria-live="polite" class="quiet small number" {
                (count) " of " (count) " CronJobs"
            }
        }
    }
}

pub(super) fn cron_jobs(preview: &Preview, zone: &TimeZone) -> Markup {
    html! {
        section aria-labelledby="cronjobs" class="group" {
            h2 id="cronjobs" { "CronJobs" }
            div class="list" id="rows" {
                @for (number, view) in preview.cron_jobs.iter().enumerate() { (cron_job(view, zone, number)) }
            }
            p class="card quiet" id="none" hidden { "No CronJob is like that. Escape clears the search." }
        }
    }
}

fn cron_job(view: &CronJobView, zone: &TimeZone, number: usize) -> Markup {
    html! {
        details {
            summary {
                (name(&view.identity))
                span class="s" {
                    @if let Some(words) = &view.words {
                        (foreign(words))
                        @if view.time_zone.is_some() { ", " (foreign(&view.zone_words)) }
                        " "
                    }
                    code { (foreign(&view.schedule)) }
                    (badges(view))
                }
                @match view.runs.first() {
                    Some(run) => time class="x" datetime=(run.utc) { (times::with_weekday(run.utc, zone)) },
                    None => span class="x none" { @if view.suspended { "suspended" } @else { "none in this time" } },
                }
                span class="q" { (view.runs_per_week) }
            }
            @if number < WITH_NOTES && !view.notes.is_empty() {
                noscript { ul { @for note in &view.notes { li { (foreign(note)) } } } }
            }
        }
    }
}

fn name(identity: &Identity) -> Markup {
    html! {
        span class="n" {
            @if let Some(namespace) = &identity.namespace { i { (foreign(namespace)) "/" } }
            b { (foreign(&identity.name)) }
            @if identity.kind != "CronJob" && identity.kind != "Job" { " " i { "in " (foreign(&identity.kind)) } }
        }
    }
}

fn badges(view: &CronJobView) -> Markup {
    let meeting = view.meeting.unwrap_or_default();
    let lost = meeting.dropped > 0 || meeting.replaced > 0;
    let late = !lost && meeting.postponed > 0;
    let beside = meeting.at_once > 1;
    html! {
        @if view.problem.is_some() { " " span class="badge warn" { "never runs" } }
        @if lost { " " span class="badge warn" { "runs lost" } }
        @if late { " " span class="badge" { "runs late" } }
        @if beside { " " span class="badge" { (meeting.at_once) " at once" } }
        @if !view.clock_changes.is_empty() { " " span class="badge warn" { "clock change" } }
    }
}

pub(super) fn jobs(preview: &Preview) -> Markup {
    html! {
        section aria-labelledby="jobs" class="group" {
            h2 id="jobs" { "Jobs" }
            div class="list" id="job-rows" { @for view in &preview.jobs { (job(view)) } }
        }
    }
}

fn job(view: &JobView) -> Markup {
    let (bound, pods) = (&view.plan.forecast.bound, view.plan.forecast.pods_at_once);
    html! {
        details {
            summary {
                span { (name(&view.identity)) @if view.problem.is_some() { " " span class="badge warn" { "never runs" } } }
                span class="s" { (foreign(&view.plan.pattern_words)) }
                span class="x none" {
                    @match bound.latest_seconds.filter(|_| bound.is_certain()) {
                        Some(latest) => { "ends within " (short(latest)) },
                        None => "no certain end",
                    }
                }
                span class="p" { (pods) i { @if pods == 1 { " Pod" } @else { " Pods" } } }
            }
            noscript { p { (foreign(&view.plan.worst_case.end_words)) } }
        }
    }
}
