//! One CronJob.

use jiff::tz::TimeZone;

use super::super::model::{ClockChangeView, CronJobView};
use super::super::times;
use super::job;
use super::sheet::Sheet;
use super::title::title;
use jobguard_cron::{load_zone, zone_words};
use jobguard_text::duration::words;
use jobguard_text::plain;

/// `reader` is the reader's zone, by name and as such.
pub(super) fn write(view: &CronJobView, reader: (&str, &TimeZone), sheet: &mut Sheet) {
    sheet.blank();
    sheet.heading(&title(&view.identity));
    match &view.words {
        Some(words) => {
            sheet.labelled("schedule", &view.schedule);
            sheet.labelled("", &format!("{words}, {}", view.zone_words));
        }
        None => sheet.labelled("schedule", &view.schedule),
    }
    if let Some(problem) = &view.problem {
        sheet.warning("never runs", problem);
        return;
    }
    if view.phase_is_unknown {
        let text =
            "The times below are counted from the beginning of the preview: only their distance is certain";
        sheet.labelled("", text);
    }
    runs(view, reader, sheet);
    for change in &view.clock_changes {
        sheet.warning("clock", &clock_change(change));
    }
    for note in &view.notes {
        sheet.labelled("", &format!("{note}."));
    }
    if let Some(plan) = &view.job {
        job::plan(plan, sheet);
    }
}

/// The same in a few lines: when it runs next, what is remarkable, and how its Jobs end.
pub(super) fn write_brief(view: &CronJobView, reader: (&str, &TimeZone), sheet: &mut Sheet) {
    sheet.blank();
    sheet.heading(&title(&view.identity));
    let words = view.words.as_ref().map(|words| format!("{words}, {} ({})", view.zone_words, view.schedule));
    sheet.labelled("schedule", words.as_deref().unwrap_or(&view.schedule));
    if let Some(problem) = &view.problem {
        sheet.warning("never runs", problem);
        return;
    }
    match view.runs.first() {
        Some(run) => {
            let when = times::with_weekday(run.utc, reader.1);
            let runs = if view.runs_per_week == 1 { "run" } else { "runs" };
            let zone = zone_words(Some(reader.0));
            sheet.labelled("next run", &format!("{when}, {zone}; {} {runs} a week", view.runs_per_week));
        }
        None if view.suspended => {
            sheet.labelled("suspended", "nothing runs until somebody sets suspend to false")
        }
        None => sheet.labelled("next run", "none in this time"),
    }
    for change in &view.clock_changes {
        sheet.warning("clock", &clock_change(change));
    }
    if let Some(plan) = &view.job {
        job::ends(plan, sheet);
    }
}

fn runs(view: &CronJobView, (reader_name, reader): (&str, &TimeZone), sheet: &mut Sheet) {
    if view.runs.is_empty() {
        if !view.suspended {
            sheet.labelled("next runs", "none in this time");
        }
        return;
    }
    let own_name = view.time_zone.as_deref().unwrap_or("UTC");
    let own = load_zone(own_name).unwrap_or(TimeZone::UTC);
    // Its own zone, the reader's and UTC, each once.
    let mut columns = vec![(zone_words(Some(own_name)), own)];
    for (name, zone) in [(reader_name, reader.clone()), ("UTC", TimeZone::UTC)] {
        let words = zone_words(Some(name));
        if columns.iter().all(|(other, _)| *other != words) {
            columns.push((words, zone));
        }
    }
    // `@every` has seconds.
    let column = if view.runs.iter().any(|run| run.utc.as_second() % 60 != 0) { 25 } else { 22 };
    let row = |cells: Vec<String>| cells.iter().map(|cell| format!("{cell:<column$}")).collect::<String>();
    let indent = " ".repeat(14);
    let label = format!("  {:<12}", "next runs");
    if columns.len() == 1 && columns[0].0 == "UTC" {
        columns[0].0 = "UTC".to_owned();
    }
    let head = row(columns.iter().map(|(words, _)| shortened(words, column - 1)).collect());
    sheet.line(&format!("{label}{head}"));
    for run in view.runs.iter() {
        let cells = columns.iter().map(|(_, zone)| times::with_weekday(run.utc, zone)).collect();
        sheet.line(&format!("{indent}{}", row(cells)));
    }
    let more = view.run_count.saturating_sub(view.runs.len() as u64);
    if more > 0 {
        sheet.line(&format!("{indent}and {more} more"));
    }
    let pace = match (view.shortest_interval, view.longest_interval) {
        (Some(shortest), Some(longest)) if shortest == longest => format!(", {} apart", words(shortest)),
        (Some(shortest), Some(longest)) => format!(", {} to {} apart", words(shortest), words(longest)),
        _ => String::new(),
    };
    let runs = if view.runs_per_week == 1 { "run" } else { "runs" };
    sheet.labelled("", &format!("{} {runs} a week{pace}", view.runs_per_week));
}

/// What a change of the clock does.
fn clock_change(change: &ClockChangeView) -> String {
    let mut parts = Vec::new();
    let times = |times: &[String]| {
        const SHOWN: usize = 4;
        let shown = times.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        match times.len().saturating_sub(SHOWN) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    };
    if !change.skipped.is_empty() {
        parts.push(format!("no run at {}", times(&change.skipped)));
    }
    if !change.repeated.is_empty() {
        parts.push(format!("two runs at {}", times(&change.repeated)));
    }
    if !change.stray.is_empty() {
        parts.push(format!("a run at {}, which the schedule does not name", times(&change.stray)));
    }
    format!(
        "{} becomes {}: {}",
        change.from,
        &change.to[change.to.len().saturating_sub(5)..],
        parts.join("; ")
    )
}

fn shortened(text: &str, room: usize) -> String {
    plain(text).chars().take(room).collect()
}
