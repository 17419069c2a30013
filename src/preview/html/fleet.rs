//! All CronJobs together: the busiest minutes, and what is up at the same time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::super::model::{High, NamespaceView, Preview, QuotaView};
use super::super::{show, times};
use crate::page::{Level, Unit, foreign};

/// How many cards of quotas, and how many namespaces in the table, there are at most.
const QUOTAS: usize = 9;
const NAMESPACES: usize = 100;

/// How many CronJobs of a busy minute are named.
const NAMED: usize = 4;

/// The size of a card's picture.
const SIZE: [f64; 2] = [380.0, 170.0];

/// The minutes in which most runs start.
pub(super) fn busiest(preview: &Preview, zone: &TimeZone) -> Markup {
    html! {
        section class="card" aria-labelledby="busy" {
            h2 id="busy" { "Busiest minutes" }
            @if preview.fleet.busiest.is_empty() {
                p class="quiet small" { "No two runs start in the same minute." }
            }
            ol class="busy" {
                @for busy in &preview.fleet.busiest {
                    li {
                        p class="line" {
                            strong class="number" { (busy.starts) " runs" }
                            time class="number" datetime=(busy.utc) { (times::with_weekday(busy.utc, zone)) }
                        }
                        p class="names small" {
                            @for (number, name) in busy.names.iter().take(NAMED).enumerate() {
                                @if number > 0 { ", " }
                                (foreign(name))
                            }
                            @let named = u32::try_from(busy.names.len().min(NAMED)).unwrap_or(u32::MAX);
                            @if busy.starts > named { " and " (busy.starts - named) " more" }
                        }
                    }
                }
            }
        }
    }
}

/// Pods, CPU and memory over time.
pub(super) fn levels(preview: &Preview, zone: &TimeZone) -> Markup {
    let fleet = &preview.fleet;
    let (series, peak) = (&fleet.total, &fleet.total.peak);
    let ticks = show::ticks(&preview.window, zone);
    let all: [(&str, &str, Unit, &[i64], High); 3] = [
        ("pods", "Pods at once", Unit::Count, &series.pods, peak.pods),
        ("cpu", "CPU requested at once", Unit::Cpu, &series.cpu_milli, peak.cpu_milli),
        ("memory", "Memory requested at once", Unit::Bytes, &series.memory_bytes, peak.memory_bytes),
    ];
    if peak.pods.value == 0 {
        return html! {};
    }
    let without = fleet.without_run_time;
    html! {
        section aria-labelledby="levels" class="group" {
            h2 id="levels" { "At the same time" }
            p class="quiet small" {
                "The highest level in each stretch of time."
                @if without == fleet.cron_jobs {
                    " Nothing says how long a run takes: each counts for the minute in which it starts."
                } @else if without > 0 {
                    " Nothing says how long runs of " (without) " of " (fleet.cron_jobs)
                    " CronJobs take: each counts for the minute in which it starts."
                }
            }
            div class="columns" {
                @for (id, name, unit, values, high) in all {
                    @if high.value > 0 {
                        div class="card" {
                            h3 { (name) }
                            (Level {
                                title: name,
                                description: &peak_words(unit, high, zone),
                                values,
                                before: None,
                                unit,
                                limit: None,
                                peak: high.utc.map(|utc| show::share(utc, &preview.window)),
                                ticks: &ticks,
                                width: SIZE[0],
                                height: SIZE[1],
                            }.draw().inline(&format!("level-{id}")))
                            p class="quiet small" { (peak_words(unit, high, zone)) }
                        }
                    }
                }
            }
            (day_table(preview, zone, &all))
        }
    }
}

fn peak_words(unit: Unit, high: High, zone: &TimeZone) -> String {
    match high.utc {
        Some(utc) => format!("Highest: {}, {}", unit.words(high.value), times::with_weekday(utc, zone)),
        None => "Nothing.".to_owned(),
    }
}

/// The highest levels of each day as numbers.
fn day_table(preview: &Preview, zone: &TimeZone, all: &[(&str, &str, Unit, &[i64], High); 3]) -> Markup {
    const DAYS: usize = 62;
    let step = i64::try_from(preview.fleet.step_seconds).unwrap_or(i64::MAX);
    let mut days: Vec<(String, [i64; 3])> = Vec::new();
    for number in 0..all[0].3.len() {
        let second = i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(step);
        let time = Timestamp::from_second(preview.window.from.as_second().saturating_add(second));
        let Ok(time) = time else { break };
        let day = zone.to_datetime(time).strftime("%a %Y-%m-%d").to_string();
        let levels = [0, 1, 2].map(|kind| all[kind].3.get(number).copied().unwrap_or(0));
        match days.last_mut() {
            Some((last, highest)) if *last == day => {
                for (highest, level) in highest.iter_mut().zip(levels) {
                    *highest = level.max(*highest);
                }
            }
            _ => days.push((day, levels)),
        }
    }
    html! {
        details class="table" {
            summary { "Each day as a table" }
            div class="scroll" { table {
                thead { tr { th scope="col" { "Day" } @for (_, name, ..) in all { th scope="col" class="number" { (name) } } } }
                tbody {
                    @for (day, levels) in days.iter().take(DAYS) {
                        tr {
                            th scope="row" class="number" { (day) }
                            @for ((_, _, unit, ..), level) in all.iter().zip(levels) {
                                td class="number" { (unit.words(*level)) }
                            }
                        }
                    }
                }
            } }
            @if days.len() > DAYS { p class="quiet small" { (days.len() - DAYS) " more days are left out." } }
        }
    }
}

/// What it would be like if minutes were spread.
pub(super) fn spread(preview: &Preview, zone: &TimeZone) -> Markup {
    let Some(spread) = &preview.fleet.spread else { return html! {} };
    let ticks = show::ticks(&preview.window, zone);
    let words = format!(
        "Pods at once: {} today, {} if minutes are spread.",
        Unit::Count.words(spread.pods_before),
        Unit::Count.words(spread.pods_after)
    );
    html! {
        section class="card" aria-labelledby="spread" {
            h2 id="spread" { "If minutes were spread" }
            p { (spread.moved) " CronJobs run at a minute that many people choose, and could run at another." }
            div class="beside" {
                dl class="tiles" {
                    div {
                        dt { "starts in one minute" }
                        dd class="value number" { (spread.starts_before) " → " (spread.starts_after) }
                    }
                    div {
                        dt { "Pods at once" }
                        dd class="value number" { (spread.pods_before) " → " (spread.pods_after) }
                    }
                }
                div {
                    (Level {
                        title: "Pods at once, spread",
                        description: &words,
                        values: &spread.pods,
                        before: Some(&preview.fleet.total.pods),
                        unit: Unit::Count,
                        limit: None,
                        peak: None,
                        ticks: &ticks,
                        width: 760.0,
                        height: 170.0,
                    }.draw().inline("level-spread"))
                    p class="quiet small" { "Grey: today. Line: spread." }
                }
            }
        }
    }
}

/// The namespaces, with their quotas.
pub(super) fn namespaces(preview: &Preview, zone: &TimeZone) -> Markup {
    let all = &preview.fleet.namespaces;
    let has_quota = all.iter().any(|namespace| !namespace.quotas.is_empty());
    if all.len() < 2 && !has_quota {
        return html! {};
    }
    let mut quotas: Vec<(&NamespaceView, &QuotaView)> = all
        .iter()
        .flat_map(|namespace| namespace.quotas.iter().map(move |quota| (namespace, quota)))
        .collect();
    // The fullest first.
    let fullness = |quota: &QuotaView| i128::from(quota.peak) * 10_000 / i128::from(quota.limit.max(1));
    quotas.sort_by_key(|(_, quota)| std::cmp::Reverse(fullness(quota)));
    html! {
        section aria-labelledby="spaces" class="group" {
            h2 id="spaces" { "Namespaces" }
            @if has_quota {
                div class="columns" {
                    @for (number, (namespace, quota)) in quotas.iter().take(QUOTAS).enumerate() {
                        (quota_card(preview, zone, (namespace, quota), number))
                    }
                }
                @if quotas.len() > QUOTAS { p class="quiet small" { "The fullest " (QUOTAS) " of " (quotas.len()) " quotas." } }
            }
            (namespace_table(all))
        }
    }
}

fn quota_card(
    preview: &Preview,
    zone: &TimeZone,
    (namespace, quota): (&NamespaceView, &QuotaView),
    number: usize,
) -> Markup {
    let unit = show::resource_unit(&quota.resource);
    let (series, peak) = (&namespace.series, &namespace.series.peak);
    let (values, high) = match unit {
        Unit::Count => (&series.pods, peak.pods),
        Unit::Cpu => (&series.cpu_milli, peak.cpu_milli),
        Unit::Bytes => (&series.memory_bytes, peak.memory_bytes),
    };
    let name = format!("{} of namespace {}", quota.resource, namespace_name(namespace));
    let words = format!("{} of {} at most", unit.words(quota.peak), unit.words(quota.limit));
    html! {
        div class="card" {
            h3 { (namespace_name(namespace)) " " span class="quiet" { (foreign(&quota.resource)) } }
            (Level {
                title: &name,
                description: &words,
                values,
                before: None,
                unit,
                limit: Some((quota.limit, &format!("quota {}", quota.hard))),
                peak: high.utc.map(|utc| show::share(utc, &preview.window)),
                ticks: &show::ticks(&preview.window, zone),
                width: SIZE[0],
                height: SIZE[1],
            }.draw().inline(&format!("quota-{number}")))
            p class="small quiet" {
                (words) ", ResourceQuota " (foreign(&quota.name)) " "
                @if quota.exceeded { span class="badge warn" { "over the quota" } }
            }
        }
    }
}

fn namespace_table(all: &[NamespaceView]) -> Markup {
    html! {
        details class="table" {
            summary { "All namespaces as a table" }
            div class="scroll" { table {
                thead { tr {
                    th scope="col" { "Namespace" }
                    @for name in ["CronJobs", "Runs at once", "Pods", "CPU", "Memory"] {
                        th scope="col" class="number" { (name) }
                    }
                    th scope="col" { "Quotas" }
                } }
                tbody {
                    @for namespace in all.iter().take(NAMESPACES) {
                        @let peak = &namespace.series.peak;
                        tr {
                            th scope="row" { (namespace_name(namespace)) }
                            td class="number" { (namespace.cron_jobs) }
                            td class="number" { (Unit::Count.words(peak.runs.value)) }
                            td class="number" { (Unit::Count.words(peak.pods.value)) }
                            td class="number" { (Unit::Cpu.words(peak.cpu_milli.value)) }
                            td class="number" { (Unit::Bytes.words(peak.memory_bytes.value)) }
                            td {
                                @for quota in &namespace.quotas {
                                    div {
                                        code { (foreign(&quota.resource)) } " " (foreign(&quota.hard)) " "
                                        @if quota.exceeded { span class="badge warn" { "exceeded" } }
                                    }
                                }
                            }
                        }
                    }
                }
            } }
            @if all.len() > NAMESPACES { p class="quiet small" { (all.len() - NAMESPACES) " more are left out." } }
        }
    }
}

/// A namespace as people say it.
pub(super) fn namespace_name(namespace: &NamespaceView) -> String {
    namespace.namespace.as_deref().map_or_else(|| "(not named)".to_owned(), foreign)
}
