//! Runs as a calendar that other programs subscribe to or import (iCalendar, RFC 5545): one event a run.

use std::io;

use jiff::{SignedDuration, Timestamp};

use super::model::{CronJobView, Preview};
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
        "{} {name}: {words}, {} ({})\n{}:{}",
        identity.kind, view.zone_words, view.schedule, identity.place.file, identity.place.line
    );
    for run in view.runs.all() {
        lines.line("BEGIN:VEVENT")?;
        // The same run has the same id in each calendar, so that importing again changes it.
        let uid = format!("{}-{}-{name}@jobguard", run.utc.as_second(), identity.kind.to_ascii_lowercase());
        lines.property("UID", &uid)?;
        lines.line(&format!("DTSTAMP:{}", utc(stamp)))?;
        lines.line(&format!("DTSTART:{}", utc(run.utc)))?;
        // Without an end it is a moment, and hides nothing else of the day.
        if let Some(run_time) = view.expected_run_time {
            let seconds = i64::try_from(run_time.seconds).unwrap_or(i64::MAX);
            if let Ok(end) = run.utc.checked_add(SignedDuration::from_secs(seconds)) {
                lines.line(&format!("DTEND:{}", utc(end)))?;
            }
        }
        lines.property("SUMMARY", &name)?;
        lines.property("DESCRIPTION", &description)?;
        lines.line("TRANSP:TRANSPARENT")?;
        lines.line("END:VEVENT")?;
    }
    Ok(())
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
