//! The format of reviewdog, which comments on lines of a pull request wherever it is hosted, fixes included.
//!
//! <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>

use std::io;

use serde::Serialize;

use super::json::write_document;
use super::lines::split;
use super::run::Run;
use crate::diagnostic::{Change, Diagnostic, Region, Replacement};
use crate::engine::{Safety, Severity};

#[derive(Serialize)]
struct Document<'a> {
    source: Source,
    diagnostics: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
struct Found<'a> {
    message: String,
    location: Location<'a>,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Related<'a>>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Position>,
}

/// Columns count bytes of UTF-8, from 1 on; without one, the line as a whole is meant.
#[derive(Serialize)]
struct Position {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(Serialize)]
struct Code<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    range: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    location: Location<'a>,
}

/// Writes a diagnostic for each finding of `run`, and for each file that could not be read.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let unread = run.errors.iter().map(|error| Found {
        message: format!("cannot be read: {}", error.message),
        location: Location { path: &error.name, range: None },
        severity: "ERROR",
        code: None,
        suggestions: Vec::new(),
        related_locations: Vec::new(),
    });
    let diagnostics = unread.chain(run.shown().map(found)).collect();
    let source = Source { name: env!("CARGO_PKG_NAME"), url: env!("CARGO_PKG_REPOSITORY") };
    write_document(&Document { source, diagnostics }, out)
}

fn found(diagnostic: &Diagnostic) -> Found<'_> {
    let excerpt = diagnostic.excerpt.as_deref();
    let lines =
        Lines::of(excerpt.map_or("", |excerpt| &excerpt.text), excerpt.map_or(0, |one| one.first_line));
    let at = |region: Region| Location {
        path: &diagnostic.file,
        range: region.is_in_text().then(|| lines.range(region)),
    };
    Found {
        message: message(diagnostic),
        location: at(diagnostic.region),
        severity: match diagnostic.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        },
        code: Some(Code { value: diagnostic.rule.id(), url: diagnostic.rule.url() }),
        suggestions: suggestion(diagnostic).into_iter().collect(),
        related_locations: diagnostic
            .related
            .iter()
            .map(|related| Related { message: &related.message, location: at(related.region) })
            .collect(),
    }
}

fn message(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.text().into_owned();
    let subject = diagnostic.subject();
    if !subject.is_empty() {
        text += &format!(" ({subject})");
    }
    if let Some(help) = &diagnostic.help {
        text += &format!("\nhelp: {help}");
    }
    if let (Some(change), Some(Safety::Unsafe)) = (&diagnostic.change, diagnostic.offered_fix()) {
        text += &format!("\nThe suggestion is probably what is meant, look at it: {}", change.title);
    }
    if let Some(template) = &diagnostic.template {
        text += &format!("\nrendered from template {template}");
    }
    text
}

/// The fix, where it is one piece: reviewdog makes a suggestion of each, and one of several alone would break the file.
fn suggestion(diagnostic: &Diagnostic) -> Option<Suggestion<'_>> {
    diagnostic.offered_fix()?;
    let Change { replacements, .. } = diagnostic.change.as_ref()?;
    let [Replacement { region, with, lines }] = replacements.as_slice() else { return None };
    // Without the lines, its columns cannot be given in bytes.
    let range = Lines::of(lines.as_deref()?, region.line).range(*region);
    let is_exact = range.start.column.is_some() && range.end.as_ref().is_some_and(|end| end.column.is_some());
    is_exact.then_some(Suggestion { range, text: with })
}

/// Lines of a file, to tell how many bytes a column is.
struct Lines<'a> {
    first: usize,
    lines: Vec<&'a str>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str, first: usize) -> Self {
        let lines = if first == 0 { Vec::new() } else { split(text) };
        Self { first, lines: lines.into_iter().map(|line| &text[line]).collect() }
    }

    fn range(&self, region: Region) -> Range {
        let end = self.position(region.end_line, region.end_column);
        Range { start: self.position(region.line, region.column), end: (region.end_line > 0).then_some(end) }
    }

    fn position(&self, line: usize, column: usize) -> Position {
        let text = line.checked_sub(self.first).and_then(|at| self.lines.get(at));
        let bytes = |text: &&str| {
            let before: usize = text.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
            // Behind the end of the line, as where the next begins.
            before + 1
        };
        Position { line, column: text.map(bytes).or((column == 1).then_some(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn diagnostics() {
        insta::assert_snapshot!(fixture::render(&fixture::report(), write));
    }

    #[test]
    fn columns_are_bytes() {
        let lines = Lines::of("a: 1\nä: ö\n", 3);
        let range = lines.range(Region { line: 4, column: 4, end_line: 4, end_column: 5 });
        assert_eq!((range.start.column, range.end.unwrap().column), (Some(5), Some(7)));
        let unknown = lines.range(Region { line: 9, column: 4, end_line: 10, end_column: 1 });
        assert_eq!((unknown.start.column, unknown.end.unwrap().column), (None, Some(1)));
    }
}
