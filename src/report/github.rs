//! Workflow commands for GitHub Actions: one line a finding, which the runner turns into an annotation.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::fmt::Write as _;
use std::io;

use super::run::Run;
use crate::diagnostic::Diagnostic;
use crate::engine::Severity;
use jobguard_text::plain;

/// Writes a command for each finding of `run`, and for each file that could not be read.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    for error in run.errors {
        let file = property(&error.name);
        let message = data(&format!("{error}"));
        writeln!(out, "::error file={file},title=cannot be read::{message}")?;
    }
    for gap in &run.report.gaps {
        writeln!(out, "::notice title=not covered::{}", data(gap))?;
    }
    for diagnostic in run.shown() {
        out.write_all(command(diagnostic).as_bytes())?;
    }
    Ok(())
}

fn command(diagnostic: &Diagnostic) -> String {
    let name = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let region = diagnostic.region;
    if !region.is_in_text() {
        return format!("::{name} title={}::{}", property(diagnostic.rule.id()), message(diagnostic));
    }
    let mut text = format!("::{name} file={},line={}", property(&diagnostic.file), region.line);
    if region.end_line > region.line {
        // Columns over several lines are refused by the runner.
        let _ = write!(text, ",endLine={}", region.end_line);
    } else {
        let _ = write!(text, ",endLine={},col={}", region.line, region.column);
        if region.end_column > region.column {
            let _ = write!(text, ",endColumn={}", region.end_column);
        }
    }
    let _ = write!(text, ",title={}::{}", property(diagnostic.rule.id()), message(diagnostic));
    text
}

/// What a command says, and the end of its line.
fn message(diagnostic: &Diagnostic) -> String {
    // The log shows the message without the place: it is said again.
    let mut text = data(&format!("{}: {}", diagnostic.place(), diagnostic.text()));
    let about = diagnostic.subject();
    if !about.is_empty() {
        text.push_str(&data(&format!(" ({about})")));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str("%0A");
        text.push_str(&data(&format!("help: {help}")));
    }
    if let Some(url) = diagnostic.rule.url() {
        text.push_str("%0A");
        text.push_str(&data(&format!("about the rule: {url}")));
    }
    if let Some(template) = &diagnostic.template {
        text.push_str("%0A");
        text.push_str(&data(&format!("rendered from template {template}")));
    }
    text.push('\n');
    text
}

/// A message, escaped as the runner reads it. `%` comes first. A line break cannot be left after [`plain`].
fn data(text: &str) -> String {
    plain(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property: there `:` and `,` are separators.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn commands() {
        insta::assert_snapshot!(fixture::render(&fixture::report(), write));
    }

    #[test]
    fn separators_are_escaped() {
        assert_eq!(property("a%0A,b:c::error::\nd"), "a%250A%2Cb%3Ac%3A%3Aerror%3A%3A d");
        assert_eq!(data("50%, a:b"), "50%25, a:b");
    }
}
