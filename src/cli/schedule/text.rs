//! The answer for people.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::facts::{Facts, Frequency, Question, Zone};
use super::layout::{BOLD, hanging, indented, of_severity, pointed, styled, table};
use crate::engine::Severity;
use crate::rules::api_schedule;
use jobguard_cron::{ClockChange, ParseError, Reading, Schedule, zone_words};
use jobguard_text::{duration, plain, plain_within, plural};

/// How many readings stand beside each other.
const BESIDE: usize = 3;
/// How many local times of a change of the clock are named.
const NAMED: usize = 3;
/// The longest schedule of a reading that is shown, in characters.
const LONGEST: usize = 60;

pub(super) fn text(question: &Question, facts: &Facts) -> String {
    match &facts.schedule {
        Ok(schedule) => accepted(question, facts, schedule),
        Err(error) => refused(question, facts, error),
    }
}

fn accepted(question: &Question, facts: &Facts, schedule: &Schedule) -> String {
    let mut text = format!("{}\n", styled(BOLD, &plain_within(&question.expression, 76)));
    // Neither counts by a clock.
    let has_clock = schedule.every().is_none() && !schedule.never_fires();
    let zone = zone_words(Some(&question.zone.name));
    let zone = if has_clock { format!(", {zone}") } else { String::new() };
    text.push_str(&indented(2, &format!("{}{zone}", schedule.words())));
    if facts.runs.is_empty() {
        if !schedule.never_fires() {
            text.push_str(&indented(2, "no run in the next five years"));
        }
    } else {
        text.push_str(&format!("\n{}", next_runs(question, facts, schedule)));
    }
    if let Some(frequency) = facts.frequency.filter(|frequency| frequency.in_four_years > 0) {
        text.push_str(&format!("\n{}", indented(2, &how_often(frequency))));
    }
    if has_clock {
        text.push_str(&clock_changes(question, facts));
    }
    text.push_str(&findings(facts));
    if !facts.readings.is_empty() {
        text.push_str(&format!("\n{}\n", styled(BOLD, "Elsewhere it means something else")));
        text.push_str(&readings(question, facts));
    }
    text
}

fn refused(question: &Question, facts: &Facts, error: &ParseError) -> String {
    let style = of_severity(Severity::Error);
    let label = format!("{} ", styled(style, "error:"));
    let mut text = hanging(&label, 7, &format!("{} [{}]", plain(&error.problem()), api_schedule::RULE.id()));
    let expression = plain(&question.expression);
    let column = |byte: usize| question.expression.get(..byte).map_or(0, |before| before.chars().count());
    let place = column(error.span.start)..column(error.span.end);
    text.push('\n');
    if !expression.trim().is_empty() {
        text.push_str(&pointed(&expression, place, style));
        text.push('\n');
    }
    text.push_str(&hanging("help: ", 6, &plain(&error.remedy())));
    text.push_str(&findings(facts));
    if !facts.readings.is_empty() {
        text.push_str(&format!("\n{}\n", styled(BOLD, "What other programs mean by it")));
        text.push_str(&readings(question, facts));
    }
    text
}

/// The table of the next runs.
fn next_runs(question: &Question, facts: &Facts, schedule: &Schedule) -> String {
    let is_utc = zone_words(Some(&question.zone.name)) == "UTC";
    let seconds = has_seconds(&facts.runs);
    let utc = TimeZone::UTC;
    let mut zones: Vec<(&str, &TimeZone)> = vec![(&question.zone.name, &question.zone.zone)];
    if !is_utc {
        zones.push(("UTC", &utc));
    }
    if let Some(Zone { name, zone }) = &question.reader {
        zones.push((name, zone));
    }
    let three = zones.len() > 2;
    let mut heading: Vec<String> = zones.iter().map(|(name, _)| plain_within(name, 23)).collect();
    heading.push("in".to_owned());
    let mut rows = Vec::new();
    for run in &facts.runs {
        let mut row: Vec<String> = zones
            .iter()
            .enumerate()
            .map(|(column, (_, zone))| {
                // Three columns with weekdays and seconds are wider than the page.
                let is_short = three && seconds && column == 1;
                local(zone.to_datetime(*run), seconds, !is_short)
            })
            .collect();
        row.push(distance(question.from, *run));
        rows.push(row);
    }
    let from = local(question.zone.zone.to_datetime(question.from), has_seconds(&[question.from]), true);
    let counted = if schedule.every().is_some() { ", of a CronJob created or last due then" } else { "" };
    let title = format!("Next runs from {from}{counted}");
    format!("{}\n{}", styled(BOLD, &title), table(Some(heading), rows))
}

/// `5 runs a week, from 1 day to 3 days apart`.
fn how_often(frequency: Frequency) -> String {
    let Frequency { in_four_years, is_weekly, shortest, longest } = frequency;
    let hundredths = frequency.hundredths_a_week();
    let runs = |count: u64| plural(usize::try_from(count).unwrap_or(usize::MAX), "run");
    let count = if hundredths >= 100 {
        let week = (hundredths + 50) / 100;
        format!("{}{} a week", if is_weekly { "" } else { "about " }, runs(week))
    } else if in_four_years >= 4 {
        let about = if in_four_years % 4 == 0 { "" } else { "about " };
        format!("{about}{} a year", runs((in_four_years + 2) / 4))
    } else {
        format!("{} in four years", runs(in_four_years))
    };
    match (shortest, longest) {
        (Some(shortest), Some(longest)) if shortest == longest => {
            format!("{count}, {} apart", duration::words(shortest))
        }
        (Some(shortest), Some(longest)) => {
            format!("{count}, from {} to {} apart", duration::words(shortest), duration::words(longest))
        }
        _ => count,
    }
}

/// What changes of the clock within a year do.
fn clock_changes(question: &Question, facts: &Facts) -> String {
    let zone = &question.zone.zone;
    let until = question.until();
    let offsets = zone.following(question.from).take_while(|change| change.timestamp() <= until);
    if offsets.count() == 0 {
        return String::new();
    }
    if facts.changes.is_empty() {
        return indented(2, "changes of the clock skip and double no run within a year");
    }
    let mut text = format!("\n{}\n", styled(BOLD, "Changes of the clock within a year"));
    for change in &facts.changes {
        let ClockChange { from, to, skipped, repeated, stray } = change;
        let mut done = Vec::new();
        let skips = if skipped.len() == 1 { "skips the run at" } else { "skips the runs at" };
        for (word, times) in [(skips, skipped), ("runs twice at", repeated), ("runs also at", stray)] {
            if !times.is_empty() {
                done.push(format!("{word} {}", times_of(times, from)));
            }
        }
        let what =
            format!("{} becomes {}: {}", local(*from, false, true), to.strftime("%H:%M"), done.join("; "));
        text.push_str(&indented(2, &what));
    }
    text
}

/// Times of the day, with their dates where these are not the one of the change.
fn times_of(times: &[DateTime], change: &DateTime) -> String {
    let time = |time: &DateTime| {
        let format = if time.date() == change.date() { "%H:%M" } else { "%F %H:%M" };
        time.strftime(format).to_string()
    };
    let named: Vec<String> = times.iter().take(NAMED).map(time).collect();
    match times.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {}", named.join(", "), plural(more, "more time")),
    }
}

/// What the rules find, but for the fault that is shown above.
fn findings(facts: &Facts) -> String {
    let findings: Vec<_> =
        facts.findings.iter().filter(|finding| finding.rule.id() != api_schedule::RULE.id()).collect();
    if findings.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", styled(BOLD, "Findings"));
    for finding in findings {
        let level = finding.severity.as_str();
        let label = format!("  {}: ", styled(of_severity(finding.severity), level));
        let message = format!("{} [{}]", plain(&finding.message), finding.rule.id());
        text.push_str(&hanging(&label, level.len() + 4, &message));
        if let Some(help) = &finding.help {
            text.push_str(&hanging("    help: ", 10, &plain(help)));
        }
    }
    text
}

/// Readings of the same meaning.
struct Group<'a> {
    programs: Vec<String>,
    first: &'a Reading,
    times: &'a [Timestamp],
}

/// What other programs mean, and their next times beside each other.
fn readings(question: &Question, facts: &Facts) -> String {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (reading, times) in &facts.readings {
        let is_same = |group: &&mut Group<'_>| {
            (&group.first.meaning, &group.first.zone) == (&reading.meaning, &reading.zone)
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.programs.push(reading.dialect.to_string()),
            None => groups.push(Group { programs: vec![reading.dialect.to_string()], first: reading, times }),
        }
    }
    let mut text = String::new();
    for (number, group) in groups.iter().enumerate() {
        let (label, width) = match groups.len() {
            1 => ("  ".to_owned(), 2),
            _ => (format!("  {} ", number + 1), 4),
        };
        let zone = group.first.zone.as_ref().map(|zone| format!(", {}", zone_words(Some(zone))));
        let meaning =
            format!("{}: {}{}", group.programs.join(", "), group.first.meaning, zone.unwrap_or_default());
        text.push_str(&hanging(&label, width, &meaning));
        if facts.schedule.is_ok() {
            continue;
        }
        let written = match (&group.first.schedule, &group.first.zone) {
            (Some(schedule), Some(zone)) => {
                format!("in Kubernetes: {}, with timeZone: {}", plain_within(schedule, LONGEST), plain(zone))
            }
            (Some(schedule), None) => format!("in Kubernetes: {}", plain_within(schedule, LONGEST)),
            (None, _) => "in Kubernetes: no schedule says the same".to_owned(),
        };
        text.push_str(&indented(width, &written));
    }
    let has_schedule = groups.iter().any(|group| group.first.schedule.is_some());
    if groups.len() > 1 && has_schedule && facts.schedule.is_err() {
        text.push_str(&indented(
            2,
            "They differ: write the schedule of the program that it was written for.",
        ));
    }
    text + &beside(question, &groups)
}

/// The next times of each group, in columns.
fn beside(question: &Question, groups: &[Group<'_>]) -> String {
    let shown: Vec<&Group<'_>> = groups.iter().filter(|group| !group.times.is_empty()).take(BESIDE).collect();
    let Some(longest) = shown.iter().map(|group| group.times.len()).max() else { return String::new() };
    let seconds = shown.iter().any(|group| has_seconds(group.times));
    let number = |group: &Group<'_>| {
        let position = groups.iter().position(|other| std::ptr::eq(other, group));
        position.map_or_else(String::new, |position| (position + 1).to_string())
    };
    let heading = shown.iter().map(|group| number(group)).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for position in 0..longest {
        let cell = |group: &&Group<'_>| {
            let time = group.times.get(position);
            time.map_or_else(String::new, |time| local(question.zone.zone.to_datetime(*time), seconds, true))
        };
        rows.push(shown.iter().map(cell).collect());
    }
    let zone = zone_words(Some(&question.zone.name));
    format!(
        "\n{}\n{}",
        styled(BOLD, &format!("The next times, {zone}")),
        table((groups.len() > 1).then_some(heading), rows)
    )
}

fn has_seconds(times: &[Timestamp]) -> bool {
    times.iter().any(|time| time.as_second() % 60 != 0)
}

/// `Fri 2027-01-01 02:30`.
fn local(time: DateTime, seconds: bool, weekday: bool) -> String {
    let format = match (weekday, seconds) {
        (true, true) => "%a %F %T",
        (true, false) => "%a %F %H:%M",
        (false, true) => "%F %T",
        (false, false) => "%F %H:%M",
    };
    time.strftime(format).to_string()
}

/// `45s`, `2h 30m`, `3d 4h`, `364d`.
fn distance(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).max(SignedDuration::ZERO).as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let two = |(large, unit): (i64, char), (small, small_unit): (i64, char)| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit} {small}{small_unit}"),
    };
    match (days, hours, minutes) {
        (100.., ..) => format!("{days}d"),
        (1.., ..) => two((days, 'd'), (hours, 'h')),
        (_, 1.., _) => two((hours, 'h'), (minutes, 'm')),
        (_, _, 1..) => two((minutes, 'm'), (seconds % 60, 's')),
        _ => format!("{seconds}s"),
    }
}
