//! A preview as Markdown, for a comment on a pull request or the summary of a pipeline's step. Longer than what GitHub takes of
//! a comment it never is: what has no room is counted instead.

use std::fmt::Write as _;
use std::io;

use jiff::tz::TimeZone;

use super::model::{BarKind, CronJobView, JobPlan, Preview, TimelineView};
use super::{show, times};
use crate::page::{DAYS, code, diagram_words, markdown_text};
use jobguard_text::duration::short;
use jobguard_text::plural;

/// How many characters there are at most. GitHub takes 65,536 of a comment.
pub(super) const LIMIT: usize = 65_000;

/// What is kept free for what follows the table of CronJobs.
const REST: usize = 20_000;

/// How much of a text and of a name is shown.
const TEXT: usize = 200;
const NAME: usize = 120;

/// How many objects, or Jobs beside many CronJobs, there are at most for timelines to be drawn.
const DRAWN: usize = 3;

/// Writes the Markdown.
///
/// # Errors
///
/// Those of the writer.
pub fn write(preview: &Preview, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(text(preview).as_bytes())
}

fn text(preview: &Preview) -> String {
    let mut text = Text { text: String::new(), characters: 0 };
    let window = &preview.window;
    let zone = show::zone(window);
    let (cron_jobs, jobs) = (&preview.cron_jobs, &preview.jobs);
    let mut parts = Vec::new();
    if !cron_jobs.is_empty() {
        parts.push(format!("{} with {}", plural(cron_jobs.len(), "CronJob"), show::runs(preview.fleet.runs)));
    }
    if !jobs.is_empty() {
        parts.push(plural(jobs.len(), "Job"));
    }
    if parts.is_empty() {
        parts.push("no Jobs and no CronJobs".to_owned());
    }
    text.add(&format!("## What will run: {}\n\n", parts.join(", ")));
    text.add(&format!(
        "{} to {}, by the clock of {}\n",
        times::with_weekday(window.from, &zone),
        times::with_weekday(window.until, &zone),
        markdown_text(&window.zone, NAME)
    ));
    exceeded(preview, &mut text);
    table(preview, &zone, &mut text);
    if cron_jobs.len() > 1 {
        busiest(preview, &zone, &mut text);
        hours(preview, &mut text);
    }
    job_table(preview, &mut text);
    if cron_jobs.len() + jobs.len() <= DRAWN {
        for view in cron_jobs.iter().filter(|view| view.problem.is_none()) {
            if let Some(plan) = &view.job {
                timelines(plan, &show::full_name(&view.identity), &mut text);
            }
        }
    }
    if jobs.len() <= DRAWN {
        for view in jobs.iter().filter(|view| view.problem.is_none()) {
            timelines(&view.plan, &show::full_name(&view.identity), &mut text);
        }
    }
    text.text
}

/// What is written, never longer than allowed.
struct Text {
    text: String,
    characters: usize,
}

impl Text {
    /// Adds a piece if it has room, with so much to spare; says whether it had.
    fn fits(&mut self, piece: &str, spare: usize) -> bool {
        let characters = self.characters + piece.chars().count();
        // An ellipsis for what does not fit is always left room for.
        if characters + spare + 200 > LIMIT {
            return false;
        }
        self.text.push_str(piece);
        self.characters = characters;
        true
    }

    fn add(&mut self, piece: &str) -> bool {
        self.fits(piece, 0)
    }

    /// A table or a list, row by row, with a sentence about those for which there is no room. Says whether any of it is there.
    fn rows(
        &mut self,
        head: &str,
        rows: impl ExactSizeIterator<Item = String>,
        spare: usize,
        what: &str,
    ) -> bool {
        let count = rows.len();
        if count == 0 || !self.fits(head, spare) {
            return false;
        }
        for (number, row) in rows.enumerate() {
            if !self.fits(&row, spare) {
                let left = count - number;
                let sentence =
                    format!("\n{} left out: a comment has no room for more.\n", plural(left, what));
                self.text.push_str(&sentence);
                self.characters += sentence.chars().count();
                break;
            }
        }
        true
    }
}

fn exceeded(preview: &Preview, text: &mut Text) {
    let all = preview.fleet.namespaces.iter().flat_map(|namespace| {
        namespace.quotas.iter().filter(|quota| quota.exceeded).map(move |quota| (namespace, quota))
    });
    let rows: Vec<String> = all
        .map(|(namespace, quota)| {
            let unit = show::resource_unit(&quota.resource);
            format!(
                "- **Over the quota**: namespace {}, {} up to {} at once, ResourceQuota {} allows {}\n",
                code(namespace.namespace.as_deref().unwrap_or("(not named)"), NAME),
                code(&quota.resource, NAME),
                unit.words(quota.peak),
                code(&quota.name, NAME),
                markdown_text(&quota.hard, NAME)
            )
        })
        .collect();
    text.rows("\n", rows.into_iter(), LIMIT / 2, "exceeded quota");
}

fn table(preview: &Preview, zone: &TimeZone, text: &mut Text) {
    let head =
        "\n| CronJob | Schedule | Next run | Runs a week | Notes |\n| --- | --- | --- | ---: | --- |\n";
    text.rows(head, preview.cron_jobs.iter().map(|view| row(view, zone)), REST, "CronJob");
}

fn row(view: &CronJobView, zone: &TimeZone) -> String {
    let schedule = match &view.words {
        Some(words) => {
            let zone =
                if view.time_zone.is_some() { format!(", {}", view.zone_words) } else { String::new() };
            format!(
                "{}{}<br>{}",
                markdown_text(words, TEXT),
                markdown_text(&zone, NAME),
                code(&view.schedule, NAME)
            )
        }
        None => code(&view.schedule, NAME),
    };
    let next = match view.runs.first() {
        Some(run) => times::with_weekday(run.utc, zone),
        None if view.suspended => "suspended".to_owned(),
        None => "none".to_owned(),
    };
    format!(
        "| {} | {schedule} | {next} | {} | {} |\n",
        code(&show::full_name(&view.identity), show::NAME),
        view.runs_per_week,
        notes(view)
    )
}

/// What stands out; the rest is for who opens the preview.
fn notes(view: &CronJobView) -> String {
    let mut notes = Vec::new();
    if let Some(problem) = &view.problem {
        notes.push(format!("never runs: {}", markdown_text(problem, TEXT)));
    }
    if let Some(meeting) = view.meeting {
        let counts = [
            (meeting.dropped, "never starts", "never start"),
            (meeting.replaced, "is deleted for the next one", "are deleted for the next one"),
            (meeting.postponed, "starts late", "start late"),
        ];
        for (count, one, many) in counts {
            match count {
                0 => {}
                1 => notes.push(format!("1 run {one}")),
                count => notes.push(format!("{count} runs {many}")),
            }
        }
        if meeting.at_once > 1 {
            notes.push(format!("up to {} runs at once", meeting.at_once));
        }
    }
    const CHANGES: usize = 2;
    notes.extend(
        view.clock_changes
            .iter()
            .take(CHANGES)
            .map(|change| markdown_text(&show::clock_change(change), TEXT)),
    );
    if view.clock_changes.len() > CHANGES {
        notes.push(format!("{} more changes of the clock", view.clock_changes.len() - CHANGES));
    }
    notes.join("<br>")
}

fn busiest(preview: &Preview, zone: &TimeZone, text: &mut Text) {
    const NAMED: usize = 5;
    let rows = preview.fleet.busiest.iter().map(|busy| {
        let names: Vec<String> = busy.names.iter().take(NAMED).map(|name| code(name, NAME)).collect();
        let more = u64::from(busy.starts).saturating_sub(names.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!(
            "| {} | {} | {}{more} |\n",
            times::with_weekday(busy.utc, zone),
            busy.starts,
            names.join(", ")
        )
    });
    let head = "\n**Busiest minutes**\n\n| Minute | Runs | CronJobs |\n| --- | ---: | --- |\n";
    text.rows(head, rows, 0, "minute");
}

/// The hours of the week as blocks, the higher the more.
fn hours(preview: &Preview, text: &mut Text) {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let week = show::week(preview);
    let highest = week.iter().flatten().copied().max().unwrap_or(0);
    if highest == 0 {
        return;
    }
    let mut piece = format!("\n**Runs by hour of the week**, {highest} in the busiest\n\n```text\n");
    let hours = (0..24).step_by(6).map(|hour| format!("{hour:02}          ")).collect::<String>();
    // Writing into a String does not fail.
    let _ = writeln!(piece, "     {}  day", hours);
    for (day, counts) in DAYS.iter().zip(&week) {
        let _ = write!(piece, "{day}  ");
        for count in counts {
            let part = u128::from(*count) * 8;
            let block = usize::try_from(part.div_ceil(u128::from(highest))).unwrap_or(8);
            let block = if block == 0 { '·' } else { BLOCKS[block.min(8) - 1] };
            piece.extend([block, block]);
        }
        let sum = counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count));
        let _ = writeln!(piece, "  {sum:>4}");
    }
    piece.push_str("```\n");
    text.add(&piece);
}

fn job_table(preview: &Preview, text: &mut Text) {
    let rows = preview.jobs.iter().map(|view| {
        let plan = &view.plan;
        format!(
            "| {} | {} | {} | {} |\n",
            code(&show::full_name(&view.identity), show::NAME),
            markdown_text(&plan.pattern_words, TEXT),
            plan.forecast.pods_at_once,
            match &view.problem {
                Some(problem) => format!("never runs: {}", markdown_text(problem, TEXT)),
                None => markdown_text(&plan.worst_case.end_words, TEXT),
            }
        )
    });
    text.rows("\n| Job | Kind | Pods at once | Worst case |\n| --- | --- | ---: | --- |\n", rows, 0, "Job");
}

fn timelines(plan: &JobPlan, name: &str, text: &mut Text) {
    for timeline in [Some(&plan.worst_case), plan.what_if.as_ref()].into_iter().flatten() {
        if timeline.lines.is_empty() && timeline.end_words.is_empty() {
            continue;
        }
        text.add(&format!(
            "\n**{}**, {}\n",
            markdown_text(&show::capital(&timeline.title), TEXT),
            code(name, show::NAME)
        ));
        gantt(timeline, text);
        let lines = timeline.lines.iter().map(|(at, line)| {
            let at = at.map(|at| format!("{}: ", show::after(at))).unwrap_or_default();
            format!("- {at}{}\n", markdown_text(line, TEXT))
        });
        if text.rows("\n<details><summary>Step by step</summary>\n\n", lines, 2_000, "step") {
            text.add("\n</details>\n");
        }
        let mut end = format!("\n{}\n\n", markdown_text(&timeline.end_words, 2 * TEXT));
        for line in &timeline.after_words {
            let _ = writeln!(end, "- {}", markdown_text(line, TEXT));
        }
        text.add(&end);
    }
}

/// A Gantt chart as Mermaid draws it. It counts days from the first of a month, since it knows dates only.
fn gantt(timeline: &TimelineView, text: &mut Text) {
    const BARS: usize = 40;
    const LONGEST: i64 = 27 * 86_400;
    let last = timeline.bars.iter().filter_map(|bar| bar.until).chain(timeline.end).max().unwrap_or(0);
    if timeline.bars.is_empty() || last == 0 || last > LONGEST {
        return;
    }
    let axis = if last > 86_400 { "day %-d %H:%M" } else { "%H:%M:%S" };
    let mut piece = format!(
        "\n```mermaid\ngantt\n    title {}\n    dateFormat YYYY-MM-DD HH:mm:ss\n    axisFormat {axis}\n",
        diagram_words(&show::capital(&timeline.title), 60)
    );
    const INTERVALS: [(i64, &str); 10] = [
        (5, "5second"),
        (15, "15second"),
        (60, "1minute"),
        (300, "5minute"),
        (900, "15minute"),
        (3_600, "1hour"),
        (10_800, "3hour"),
        (43_200, "12hour"),
        (86_400, "1day"),
        (345_600, "4day"),
    ];
    if let Some((_, interval)) = INTERVALS.iter().find(|(seconds, _)| last / seconds <= 8) {
        let _ = writeln!(piece, "    tickInterval {interval}");
    }
    let time = |seconds: i64| {
        let seconds = seconds.clamp(0, LONGEST);
        let (day, hour, minute, second) =
            (seconds / 86_400 + 1, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        format!("2001-01-{day:02} {hour:02}:{minute:02}:{second:02}")
    };
    let mut lane: Option<&str> = None;
    for bar in timeline.bars.iter().take(BARS) {
        if lane != Some(&bar.lane) {
            let _ = writeln!(piece, "    section {}", diagram_words(&bar.lane, 40));
            lane = Some(&bar.lane);
        }
        let look = match bar.kind {
            BarKind::Success => "active, ",
            BarKind::Failure | BarKind::Hang => "crit, ",
            BarKind::Backoff => "done, ",
            BarKind::Folded => "",
        };
        let until = bar.until.unwrap_or(last.saturating_add(last / 5).max(bar.from + 1));
        let words = diagram_words(&bar.label, 40);
        let length = short(until.saturating_sub(bar.from));
        let length = if bar.until.is_some() { format!(" ({length})") } else { String::new() };
        let _ = writeln!(piece, "    {words}{length} :{look}{}, {}", time(bar.from), time(until));
    }
    if let Some(end) = timeline.end {
        let _ =
            writeln!(piece, "    section End\n    over after {} :milestone, {}, 0s", short(end), time(end));
    }
    piece.push_str("```\n");
    if timeline.bars.len() > BARS {
        let _ = writeln!(piece, "\n{} more bars are left out.", timeline.bars.len() - BARS);
    }
    text.add(&piece);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_room_are_counted() {
        let mut text = Text { text: String::new(), characters: 0 };
        let row = "x".repeat(9_999) + "\n";
        text.rows("head\n", vec![row; 9].into_iter(), 0, "CronJob");
        assert!(text.text.ends_with("x\n\n3 CronJobs left out: a comment has no room for more.\n"));
        assert!(text.text.chars().count() <= LIMIT);
        assert!(!text.add(&"y".repeat(6_000)));
    }
}
