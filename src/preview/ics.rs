//! Runs as a calendar that other programs subscribe to or import (iCalendar, RFC 5545): one event a run.

use std::io;

use jiff::Timestamp;

use super::model::{CronJobView, Preview};
use crate::forecast::Runs;
use jobguard_text::plain;

/// The longest line, in bytes without its end (RFC 5545, 3.1).
const LINE: usize = 75;

/// Writes one calendar.
///
/// # Errors
///
/// Those of the writer.
pub fn write(preview: &Preview, out: &mut dyn io::Write) -> io::Result<()> {
    let mut lines = Lines { out };
    lines.line("BEGIN:VCALENDAR")?;
    lines.line("VERSION:2.0")?;
    lines.line("PRODID:-//jobguard//preview//EN")?;
    lines.line("CALSCALE:GREGORIAN")?;
    lines.property("X-WR-CALNAME", "CronJobs")?;
    for cron_job in &preview.cron_jobs {
        events(cron_job, preview.window.from, &mut lines)?;
    }
    lines.line("END:VCALENDAR")
}

fn events(view: &CronJobView, stamp: Timestamp, lines: &mut Lines<'_>) -> io::Result<()> {
    let identity = &view.identity;
    let name = match &identity.namespace {
        Some(namespace) => format!("{namespace}/{}", identity.name),
        None => identity.name.clone(),
    };
    let words = view.words.as_deref().unwrap_or_default();
    let description = format!(
        "{} {name}: {words}, {} ({})\n{}",
        identity.kind, view.zone_words, view.schedule, identity.place
    );
    // As they are carried out: late, or not at all, where another still goes on.
    let length = view.expected_run_time.map(|run_time| i64::try_from(run_time.seconds).unwrap_or(i64::MAX));
    let mut runs = Runs::new(view.concurrency_policy, view.starting_deadline_seconds, length.unwrap_or(1));
    let mut carried_out = Vec::new();
    for run in view.runs.all() {
        runs.due(run.utc.as_second(), &mut |begin, end| carried_out.push((begin, end)));
        for (begin, end) in carried_out.drain(..) {
            event((begin, length.map(|_| end)), (&identity.kind, &name, &description), stamp, lines)?;
        }
    }
    runs.finish(i64::MAX, &mut |begin, end| carried_out.push((begin, end)));
    for (begin, end) in carried_out {
        event((begin, length.map(|_| end)), (&identity.kind, &name, &description), stamp, lines)?;
    }
    Ok(())
}

/// One event; without an end it is a moment, and hides nothing else of the day.
fn event(
    (begin, end): (i64, Option<i64>),
    (kind, name, description): (&str, &str, &str),
    stamp: Timestamp,
    lines: &mut Lines<'_>,
) -> io::Result<()> {
    let Ok(time) = Timestamp::from_second(begin) else { return Ok(()) };
    lines.line("BEGIN:VEVENT")?;
    // The same run has the same id in each calendar, so that importing again changes it.
    let uid = format!("{begin}-{}-{name}@jobguard", kind.to_ascii_lowercase());
    lines.property("UID", &uid)?;
    lines.line(&format!("DTSTAMP:{}", utc(stamp)))?;
    lines.line(&format!("DTSTART:{}", utc(time)))?;
    if let Some(end) = end.and_then(|end| Timestamp::from_second(end).ok()) {
        lines.line(&format!("DTEND:{}", utc(end)))?;
    }
    lines.property("SUMMARY", name)?;
    lines.property("DESCRIPTION", description)?;
    lines.line("TRANSP:TRANSPARENT")?;
    lines.line("END:VEVENT")
}

/// `20270328T013000Z`
fn utc(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

struct Lines<'a> {
    out: &'a mut dyn io::Write,
}

impl Lines<'_> {
    /// A property whose value is text.
    fn property(&mut self, name: &str, text: &str) -> io::Result<()> {
        let text = text.split('\n').map(plain).collect::<Vec<_>>().join("\n");
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\\' | ';' | ',' => escaped.extend(['\\', c]),
                '\n' => escaped.push_str("\\n"),
                c => escaped.push(c),
            }
        }
        self.line(&format!("{name}:{escaped}"))
    }

    /// A line, folded where it is too long; never within a character.
    fn line(&mut self, text: &str) -> io::Result<()> {
        let mut rest = text;
        let mut room = LINE;
        while rest.len() > room {
            let end = (0..=room).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
            write!(self.out, "{}\r\n ", &rest[..end])?;
            rest = &rest[end..];
            // The space that continues a line counts.
            room = LINE - 1;
        }
        write!(self.out, "{rest}\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Lines<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut Lines { out: &mut out }).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_escaped() {
        let line = written(|lines| lines.property("SUMMARY", "a;b,c\\d\ne\u{202e}"));
        assert_eq!(line, "SUMMARY:a\\;b\\,c\\\\d\\ne\u{fffd}\r\n");
    }

    #[test]
    fn long_lines_are_folded() {
        let text = "\u{e4}".repeat(100);
        let line = written(|lines| lines.property("SUMMARY", &text));
        assert!(line.split("\r\n").all(|line| line.len() <= LINE));
        assert_eq!(line.replace("\r\n ", ""), format!("SUMMARY:{text}\r\n"));
    }
}
