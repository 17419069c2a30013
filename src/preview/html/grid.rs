//! The hours of the week as a table, which is picture and numbers at once. The page's script fills it anew for what is searched.

use maud::{Markup, html};

use super::super::model::Preview;
use super::super::show;
use crate::page::{DAYS, Shades, compact, foreign};

/// The classes of the shades.
const SHADES: [&str; 7] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6"];

pub(super) fn card(preview: &Preview) -> Markup {
    let week = show::week(preview);
    let shades = Shades::up_to(week.iter().flatten().copied().max().unwrap_or(0));
    let sum = |counts: &[u64; 24]| counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count));
    html! {
        section class="card" aria-labelledby="hours" {
            h2 id="hours" { "Runs by hour of the week" }
            p class="quiet small" {
                "How many runs start in each hour, by the clock of " (foreign(&preview.window.zone))
                @if preview.cron_jobs.len() > 1 {
                    span class="screen scripted" hidden { ". Choose an hour to see which CronJobs they are." }
                }
            }
            table class="heat number" id="heat" role="grid" aria-labelledby="hours" {
                thead { tr {
                    td {}
                    @for hour in 0..24 { th scope="col" { (format!("{hour:02}")) } }
                    th scope="col" class="sum" { "day" }
                } }
                tbody {
                    @for (day, counts) in DAYS.iter().zip(&week) {
                        tr {
                            th scope="row" { (day) }
                            @for count in counts {
                                td role="gridcell" class=(SHADES[shades.of(*count)]) {
                                    @if *count > 0 { (compact(*count)) }
                                }
                            }
                            td class="sum" { (compact(sum(counts))) }
                        }
                    }
                }
            }
            div class="under" {
                p class="cell-words small screen" id="cell" {}
                p class="legend small quiet" id="legend" {
                    @for (shade, from, until) in shades.legend() {
                        span class="key" {
                            span class={ "swatch " (SHADES[shade]) } {}
                            (compact(from)) @if until > from { "–" (compact(until)) }
                        }
                    }
                }
            }
        }
    }
}
