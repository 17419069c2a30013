//! What a schedule means.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use jobguard_cron::{Schedule, load_zone, zone_words};
use jobguard_text::{plain, plain_within};

/// How many runs are named.
const RUNS: usize = 5;
/// How many changes of the clock are named.
const CHANGES: usize = 3;
/// The longest schedule that is shown, in characters.
const LONGEST: usize = 76;

/// When a schedule runs, as Markdown: in words, the next runs by the schedule's clock and by the reader's, and what changes
/// of the clock do to it within a year.
pub(super) fn describe(
    expression: &str,
    zone: Option<&str>,
    now: Timestamp,
    reader: Option<&TimeZone>,
) -> String {
    let shown = plain_within(expression, LONGEST).replace('`', "'");
    let schedule = match Schedule::parse(expression) {
        Ok(schedule) => schedule,
        Err(error) => {
            return format!("`{shown}`: {}\n\n{}", plain(&error.problem()), plain(&error.remedy()));
        }
    };
    let name = zone.unwrap_or("UTC");
    let (clock, zone) = match load_zone(name) {
        Ok(zone) => (zone_words(Some(name)), zone),
        Err(error) => (format!("in a time zone that cannot be used: {error}"), TimeZone::UTC),
    };
    let has_clock = schedule.every().is_none() && !schedule.never_fires();
    let clock = if has_clock { format!(", {}", plain(&clock)) } else { String::new() };
    let mut text = format!("`{shown}`: {}{clock}", schedule.words());
    let runs: Vec<Timestamp> = schedule.upcoming(now, &zone).take(RUNS).collect();
    if runs.is_empty() {
        if !schedule.never_fires() {
            text.push_str("\n\nNo run in the next five years");
        }
        return text;
    }
    // Where the reader's clock shows the same, once is enough.
    let local =
        |zone: &TimeZone, run: &Timestamp| zone.to_datetime(*run).strftime("%a %Y-%m-%d %H:%M").to_string();
    let reader = reader.filter(|reader| runs.iter().any(|run| local(&zone, run) != local(reader, run)));
    text.push_str("\n\nNext runs:\n");
    for run in &runs {
        let _ = write!(text, "\n- {}", local(&zone, run));
        if let Some(reader) = reader {
            let _ = write!(text, " ({} here)", local(reader, run));
        }
    }
    let until = now.checked_add(SignedDuration::from_hours(365 * 24)).unwrap_or(Timestamp::MAX);
    for change in schedule.clock_changes(now, until, &zone).take(CHANGES) {
        let _ = write!(text, "\n\nWhen the clock changes on {}, ", change.from.date());
        let times = |what: &str, times: &[jiff::civil::DateTime]| {
            let first = times.first()?;
            let more = if times.len() > 1 { " and others" } else { "" };
            Some(format!("the run at {}{more} {what}", first.strftime("%H:%M")))
        };
        let parts = [
            times("is skipped", &change.skipped),
            times("happens twice", &change.repeated),
            times("comes that nobody asked for", &change.stray),
        ];
        text.push_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_in_words() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let reader = load_zone("America/New_York").unwrap();
        let text = describe("30 2 * * 1-5", Some("Europe/Berlin"), now, Some(&reader));
        assert!(text.starts_with("`30 2 * * 1-5`: at 02:30, Monday to Friday"), "{text}");
        assert!(text.contains("- Thu 2026-01-01 02:30 (Wed 2025-12-31 20:30 here)"), "{text}");
        assert_eq!(text.matches("\n- ").count(), 5);
        let text = describe("30 2 * * *", Some("Europe/Berlin"), now, None);
        assert!(text.contains("changes on 2026-03-29, the run at 02:30 is skipped"), "{text}");
        assert!(text.contains("changes on 2026-10-25, the run at 02:30 happens twice"), "{text}");
        let text = describe("0 3 * * *", None, now, Some(&TimeZone::UTC));
        assert!(text.contains("UTC") && !text.contains("here"), "{text}");
        assert!(describe("61 * * * *", None, now, None).contains("61"));
        assert!(describe("0 0 30 2 *", None, now, None).contains("never"));
        assert!(describe("0 0 * * *", Some("Mars/X"), now, None).contains("cannot be used"));
    }
}
