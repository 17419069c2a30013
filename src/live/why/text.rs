//! An answer for a terminal.

use std::io;

use super::answer::{Answer, Evidence, Field, Outcome, Reason, Run, State};
use super::words::{about, ago, capital, time};

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub struct TextStyle {
    /// Whether to colour it.
    pub color: bool,
    /// How wide it may be, in characters.
    pub width: usize,
}

/// How many lines of evidence a reason shows.
const MAX_EVIDENCE: usize = 6;

/// Writes an answer.
///
/// # Errors
///
/// Those of the writer.
pub fn write(answer: &Answer, style: TextStyle, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page { style: TextStyle { width: style.width.clamp(50, 110), ..style }, out };
    page.head(answer)?;
    for (number, reason) in answer.reasons.iter().enumerate() {
        page.reason(number + 1, reason, answer)?;
    }
    if !answer.cannot_tell.is_empty() {
        page.heading("What is not known")?;
        for line in &answer.cannot_tell {
            page.hanging(2, "- ", line)?;
        }
        page.blank()?;
    }
    if let Some(next) = &answer.next_run {
        let left = next.utc.as_second().saturating_sub(answer.now.as_second());
        let mut text = format!("Next run: {} (in {})", time(next.utc), about(left));
        if let Some(zone) = next.zone.as_deref().filter(|_| !next.local.ends_with("+00:00")) {
            text = format!("{text}, {} in {zone}", next.local);
        }
        if let Some(but) = &next.but {
            text = format!("{text}; but {but}");
        }
        page.hanging(0, "", &text)?;
        page.blank()?;
    }
    page.runs(answer)
}

struct Page<'o> {
    style: TextStyle,
    out: &'o mut dyn io::Write,
}

impl Page<'_> {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.style.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint("1", text);
        writeln!(self.out, "{text}")
    }

    fn head(&mut self, answer: &Answer) -> io::Result<()> {
        let code = match answer.state {
            State::Fine => "1;32",
            State::Running => "1",
            State::NotRunning | State::Failed => "1;31",
        };
        for line in wrapped(&capital(&answer.summary), self.style.width) {
            let line = self.paint(code, &line);
            writeln!(self.out, "{line}")?;
        }
        let namespace = if answer.namespace.is_empty() {
            String::new()
        } else {
            format!("namespace {}, ", answer.namespace)
        };
        let known =
            if answer.now_is_newest_known { ", the newest time that the objects tell of" } else { "" };
        self.hanging(0, "", &format!("({namespace}as of {}{known})", time(answer.now)))?;
        self.blank()
    }

    fn reason(&mut self, number: usize, reason: &Reason, answer: &Answer) -> io::Result<()> {
        let begin = format!("{number}. ");
        let certainty = reason.certainty.as_str();
        let first = format!("{certainty}: {}", reason.text);
        for (line_number, line) in
            wrapped(&first, self.style.width.saturating_sub(begin.len())).iter().enumerate()
        {
            match line_number {
                0 => {
                    let rest = line.strip_prefix(certainty).unwrap_or(line);
                    let word =
                        if line.starts_with(certainty) { self.paint("1", certainty) } else { String::new() };
                    writeln!(self.out, "{begin}{word}{rest}")?;
                }
                _ => writeln!(self.out, "{:1$}{line}", "", begin.len())?,
            }
        }
        for evidence in reason.evidence.iter().take(MAX_EVIDENCE) {
            self.hanging(5, "| ", &evidence_words(evidence, answer))?;
        }
        if reason.evidence.len() > MAX_EVIDENCE {
            self.hanging(5, "| ", &format!("and {} more", reason.evidence.len() - MAX_EVIDENCE))?;
        }
        if let Some(change) = &reason.change {
            self.hanging(3, "To change: ", change)?;
            if let Some(field) = &reason.field {
                self.hanging(3, "At: ", &field_words(field))?;
            }
        }
        for rule in &reason.rules {
            self.hanging(3, "Rule: ", &format!("{}: {} ({})", rule.rule, rule.message, rule.path))?;
        }
        let id = self.paint("2", &format!("[{}]", reason.id));
        writeln!(self.out, "   {id}")?;
        self.blank()
    }

    fn runs(&mut self, answer: &Answer) -> io::Result<()> {
        if answer.runs.is_empty() {
            return Ok(());
        }
        self.heading(if answer.kind == "CronJob" { "Last runs" } else { "Its run" })?;
        for run in &answer.runs {
            let sign = match run.outcome {
                Outcome::Succeeded => "ok  ",
                Outcome::Failed => "FAIL",
                Outcome::Running => "run ",
                Outcome::Waiting => "wait",
                Outcome::NoJob => "none",
                Outcome::Unknown => "?   ",
            };
            self.hanging(2, &format!("{sign}  "), &run_words(run))?;
            for one in &run.tries {
                let started = one.started.map_or("not started".to_owned(), time);
                let length = one
                    .started
                    .zip(one.ended)
                    .map(|(from, until)| length(until.as_second() - from.as_second()));
                let length = length.map(|length| format!(", for {length}")).unwrap_or_default();
                self.hanging(10, "- ", &format!("{}: {started}{length}, {}", one.pod, one.words))?;
            }
            if run.more_tries > 0 {
                self.hanging(10, "- ", &format!("and {} earlier Pods", run.more_tries))?;
            }
        }
        Ok(())
    }

    /// Text behind a beginning, below which its other lines start.
    fn hanging(&mut self, indent: usize, begin: &str, text: &str) -> io::Result<()> {
        let inner = indent + begin.chars().count();
        for (number, line) in wrapped(text, self.style.width.saturating_sub(inner)).iter().enumerate() {
            match number {
                0 => writeln!(self.out, "{:indent$}{begin}{line}", "")?,
                _ => writeln!(self.out, "{:inner$}{line}", "")?,
            }
        }
        Ok(())
    }
}

/// `due 03:30, started 5 seconds later, took 2 minutes, Job nightly-30: succeeded`.
fn run_words(run: &Run) -> String {
    let facts = run_facts(run);
    if facts.is_empty() { run.words.clone() } else { format!("{facts}: {}", run.words) }
}

/// The same without how it went.
pub(super) fn run_facts(run: &Run) -> String {
    let mut parts = Vec::new();
    match (run.due, run.created) {
        (Some(due), _) => parts.push(format!("due {}", time(due))),
        (None, Some(created)) => parts.push(format!("made {}", time(created))),
        (None, None) => {}
    }
    if let (Some(due), Some(started)) = (run.due, run.started.or(run.created)) {
        let late = started.as_second() - due.as_second();
        parts.push(match late {
            ..=0 => "started at once".to_owned(),
            late => format!("started {} later", length(late)),
        });
    }
    if let Some((from, until)) = run.started.or(run.created).zip(run.ended) {
        parts.push(format!("took {}", length(until.as_second() - from.as_second())));
    }
    if let Some(job) = &run.job {
        parts.push(format!("Job {job}"));
    }
    parts.join(", ")
}

/// Seconds in two units at most.
fn length(seconds: i64) -> String {
    if seconds <= 0 { "less than a second".to_owned() } else { about(seconds) }
}

/// `Pod a status.phase: Failed (2 minutes ago)`.
pub(super) fn evidence_words(evidence: &Evidence, answer: &Answer) -> String {
    let Evidence { object, source, text, time: at, count } = evidence;
    let age = at.map(|at| answer.now.as_second().saturating_sub(at.as_second()));
    let when = match age {
        // A time that is said already, or is yet to come.
        Some(age) if age >= 0 => format!(" ({}{})", ago(age), times(*count)),
        _ if *count > 1 => format!(" ({})", times(*count).trim_start_matches(", ")),
        _ => String::new(),
    };
    format!("{object}, {source}: {text}{when}")
}

fn times(count: i64) -> String {
    if count > 1 { format!(", {count} times") } else { String::new() }
}

/// `spec.suspend of CronJob nightly (nightly.yaml:12:3)`.
pub(super) fn field_words(field: &Field) -> String {
    let Field { kind, name, path, place } = field;
    let of = format!("{path} of {kind} {name}");
    match place {
        Some(place) => {
            let what = if place.exact { "" } else { ": it is not set there yet" };
            format!("{of}, {}:{}:{}{what}", jobguard_text::plain(&place.file), place.line, place.column)
        }
        None => of,
    }
}

/// The words in lines of at most `width` characters; a word that is longer has a line of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut room = width;
    for word in text.split(' ') {
        let length = word.chars().count();
        let is_first = lines.last().is_some_and(String::is_empty);
        if !is_first && length + 1 > room {
            lines.push(String::new());
            room = width;
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
                room = room.saturating_sub(1);
            }
            line.push_str(word);
            room = room.saturating_sub(length);
        }
    }
    lines
}
