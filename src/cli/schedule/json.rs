//! The answer for programs.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::facts::{Facts, Question, Zone};
use crate::engine::Finding;
use jobguard_cron::{ClockChange, ParseError, Reading, Schedule, agreed};

/// The version of the format.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    schema_version: u32,
    schedule: &'a str,
    time_zone: &'a str,
    words: Option<String>,
    accepted: bool,
    error: Option<Fault>,
    runs: Vec<Run>,
    runs_per_week: Option<f64>,
    /// In seconds.
    shortest_interval: Option<u64>,
    /// In seconds.
    longest_interval: Option<u64>,
    clock_changes: Vec<Change>,
    findings: Vec<Remark<'a>>,
    readings: Vec<ReadingDocument<'a>>,
    /// The schedule that all readings of a refused expression agree on.
    suggestion: Option<&'a str>,
}

/// Why the schedule is refused. Columns count from 1, in characters; the end is one past the last.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fault {
    message: String,
    help: String,
    column: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Run {
    utc: Timestamp,
    local: String,
    reader: Option<String>,
}

/// Local times, without a zone.
#[derive(Serialize)]
struct Change {
    from: String,
    to: String,
    skipped: Vec<String>,
    repeated: Vec<String>,
    stray: Vec<String>,
}

#[derive(Serialize)]
struct Remark<'a> {
    rule: &'a str,
    level: &'a str,
    message: &'a str,
    help: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReadingDocument<'a> {
    dialect: String,
    words: &'a str,
    schedule: Option<&'a str>,
    time_zone: Option<&'a str>,
    runs: Vec<Run>,
}

pub(super) fn document<'a>(question: &'a Question, facts: &'a Facts) -> Document<'a> {
    let schedule = facts.schedule.as_ref();
    let runs = |times: &[Timestamp]| times.iter().map(|time| run(*time, question)).collect();
    let suggestion = match schedule {
        Ok(_) => None,
        Err(_) => agreed(facts.readings.iter().map(|(reading, _)| reading)),
    };
    Document {
        schema_version: SCHEMA_VERSION,
        schedule: &question.expression,
        time_zone: &question.zone.name,
        words: schedule.ok().map(Schedule::words),
        accepted: schedule.is_ok(),
        error: schedule.err().map(|error| fault(&question.expression, error)),
        runs: runs(&facts.runs),
        runs_per_week: facts.frequency.map(|frequency| hundredths(frequency.hundredths_a_week())),
        shortest_interval: facts.frequency.and_then(|frequency| frequency.shortest),
        longest_interval: facts.frequency.and_then(|frequency| frequency.longest),
        clock_changes: facts.changes.iter().map(change).collect(),
        findings: facts.findings.iter().map(remark).collect(),
        readings: facts.readings.iter().map(|(reading, times)| reading_of(reading, runs(times))).collect(),
        suggestion,
    }
}

fn fault(expression: &str, error: &ParseError) -> Fault {
    let column = |byte: usize| expression.get(..byte).map_or(0, |before| before.chars().count()) + 1;
    Fault {
        message: error.problem(),
        help: error.remedy(),
        column: column(error.span.start),
        end_column: column(error.span.end),
    }
}

fn run(time: Timestamp, question: &Question) -> Run {
    Run {
        utc: time,
        local: with_offset(time, &question.zone.zone),
        reader: question.reader.as_ref().map(|Zone { zone, .. }| with_offset(time, zone)),
    }
}

/// A local time with its distance from UTC, as RFC 3339 has it.
fn with_offset(time: Timestamp, zone: &TimeZone) -> String {
    time.display_with_offset(zone.to_offset(time)).to_string()
}

fn change(change: &ClockChange) -> Change {
    let times = |times: &[jiff::civil::DateTime]| times.iter().map(ToString::to_string).collect();
    Change {
        from: change.from.to_string(),
        to: change.to.to_string(),
        skipped: times(&change.skipped),
        repeated: times(&change.repeated),
        stray: times(&change.stray),
    }
}

fn remark(finding: &Finding) -> Remark<'_> {
    Remark {
        rule: finding.rule.id(),
        level: finding.severity.as_str(),
        message: &finding.message,
        help: finding.help.as_deref(),
    }
}

fn reading_of(reading: &Reading, runs: Vec<Run>) -> ReadingDocument<'_> {
    ReadingDocument {
        dialect: reading.dialect.to_string(),
        words: &reading.meaning,
        schedule: reading.schedule.as_deref(),
        time_zone: reading.zone.as_deref(),
        runs,
    }
}

fn hundredths(number: u64) -> f64 {
    // No schedule has more than a run each second.
    f64::from(u32::try_from(number).unwrap_or(u32::MAX)) / 100.0
}
