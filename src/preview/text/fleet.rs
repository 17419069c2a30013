//! All CronJobs together.

use jiff::tz::TimeZone;

use super::super::model::{BusyView, FleetView, High, NamespaceView};
use super::super::times;
use super::sheet::Sheet;
use crate::page::Unit;
use jobguard_text::plural;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

pub(super) fn write(fleet: &FleetView, zone: &TimeZone, sheet: &mut Sheet) {
    sheet.blank();
    sheet.heading("Runs by hour of the week");
    heat_map(fleet, sheet);
    if !fleet.busiest.is_empty() {
        sheet.blank();
        sheet.heading("Busiest minutes");
        for busy in &fleet.busiest {
            let when = times::with_weekday(busy.utc, zone);
            sheet.hanging(2, &format!("{when}  "), &names(busy));
        }
    }
    sheet.blank();
    sheet.heading("At the same time");
    at_once(fleet, zone, sheet);
    for namespace in &fleet.namespaces {
        quotas(namespace, sheet);
    }
    if let Some(spread) = &fleet.spread {
        sheet.blank();
        sheet.heading("With the minutes spread");
        sheet.labelled(
            "would be",
            &format!(
                "at most {} in a minute, not {}; at most {} at once, not {}; {} would run at another minute of the hour",
                plural(usize::try_from(spread.starts_after).unwrap_or(0), "run"),
                spread.starts_before,
                plural(usize::try_from(spread.pods_after).unwrap_or(0), "Pod"),
                spread.pods_before,
                plural(spread.moved, "CronJob")
            ),
        );
    }
}

fn heat_map(fleet: &FleetView, sheet: &mut Sheet) {
    let most = fleet.heat_map.iter().flatten().copied().max().unwrap_or(0).max(1);
    let marks: Vec<char> =
        if sheet.style.ascii { " .-+*#".chars().collect() } else { " ·░▒▓█".chars().collect() };
    let top = u64::try_from(marks.len() - 1).unwrap_or(1);
    let mark = |count: u64| marks[usize::try_from((count * top).div_ceil(most)).unwrap_or(0)];
    let hours: String = (0..24).step_by(3).map(|hour| format!("{hour:02}    ")).collect();
    sheet.line(&format!("        {hours}"));
    for (day, counts) in DAYS.iter().zip(&fleet.heat_map) {
        let cells: String = counts.iter().flat_map(|count| [mark(*count); 2]).collect();
        let sum: u64 = counts.iter().sum();
        let (left, right) = if sheet.style.ascii { ('|', '|') } else { ('│', '│') };
        sheet.line(&format!("  {day}  {left}{cells}{right} {sum:>8}"));
    }
    let steps: Vec<String> = (1..=top)
        .filter_map(|step| {
            let (low, high) = ((step - 1) * most / top + 1, step * most / top);
            (low <= high).then(|| {
                let mark = marks[usize::try_from(step).unwrap_or(0)];
                if low == high { format!("{mark}{mark} {low}") } else { format!("{mark}{mark} {low}-{high}") }
            })
        })
        .collect();
    sheet.line(&format!("        {}", steps.join("   ")));
}

fn names(busy: &BusyView) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = busy.names.iter().take(SHOWN).map(String::as_str).collect();
    let starts = usize::try_from(busy.starts).unwrap_or(usize::MAX);
    let more = starts.saturating_sub(shown.len());
    let names = shown.join(", ");
    let runs = plural(starts, "run");
    if more == 0 { format!("{runs}: {names}") } else { format!("{runs}: {names} and {more} more") }
}

fn at_once(fleet: &FleetView, zone: &TimeZone, sheet: &mut Sheet) {
    const ROOM: usize = 60;
    let total = &fleet.total;
    let when = |high: High| match high.utc {
        Some(utc) => format!(", first on {}", times::with_weekday(utc, zone)),
        None => String::new(),
    };
    let rows = [
        ("runs", &total.runs, total.peak.runs, total.peak.runs.value.to_string()),
        ("Pods", &total.pods, total.peak.pods, total.peak.pods.value.to_string()),
        ("CPU", &total.cpu_milli, total.peak.cpu_milli, Unit::Cpu.words(total.peak.cpu_milli.value)),
        (
            "memory",
            &total.memory_bytes,
            total.peak.memory_bytes,
            Unit::Bytes.words(total.peak.memory_bytes.value),
        ),
    ];
    for (name, levels, high, most) in rows {
        if high.value == 0 {
            continue;
        }
        let curve = sheet.curve(levels, ROOM);
        sheet.line(&format!("  {name:<12}{curve}"));
        sheet.labelled("", &format!("at most {most}{}", when(high)));
    }
    if fleet.without_run_time > 0 {
        let count = fleet.without_run_time;
        let (say, their) = if count == 1 { ("says", "its") } else { ("say", "their") };
        sheet.labelled(
            "",
            &format!(
                "{} {say} nowhere how long {their} runs take: each counts for the minute in which it starts",
                plural(count, "CronJob")
            ),
        );
    }
}

fn quotas(namespace: &NamespaceView, sheet: &mut Sheet) {
    for quota in &namespace.quotas {
        let of = match quota.resource.as_str() {
            "pods" | "count/pods" => quota.peak.to_string(),
            "cpu" | "requests.cpu" => Unit::Cpu.words(quota.peak),
            _ => Unit::Bytes.words(quota.peak),
        };
        let place = namespace.namespace.as_deref().map_or(String::new(), |name| format!(" in {name}"));
        let text = format!("{} of {} {}{place}: at most {of}", quota.name, quota.hard, quota.resource);
        match quota.exceeded {
            true => sheet.warning(
                "quota",
                &format!("{text}, which is more than it allows: Pods are refused until others end"),
            ),
            false => sheet.labelled("quota", &text),
        }
    }
}
