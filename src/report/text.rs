//! Text for people: each finding with the lines it is about, and one line that sums up.

use std::fmt::Write as _;
use std::io;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Report};
use crate::engine::Severity;

/// How the text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour it.
    pub color: bool,
    /// How wide the terminal is, in characters.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 140 }
    }
}

/// Writes `report`, findings first.
///
/// # Errors
///
/// Those of the writer.
pub fn write(report: &Report, style: Style, out: &mut dyn io::Write) -> io::Result<()> {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width).decor_style(DecorStyle::Ascii);
    for diagnostic in &report.diagnostics {
        writeln!(out, "{}\n", renderer.render(&[group(diagnostic)]))?;
    }
    // Nothing was read at all: whoever asked is told why elsewhere.
    if report.files == 0 && report.diagnostics.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", summary(report))
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(plain(&diagnostic.message)).id(diagnostic.rule.id());
    let path = plain(&diagnostic.file);
    let label = label(diagnostic);
    let mut group = match &diagnostic.excerpt {
        Some(excerpt) => {
            let place = AnnotationKind::Primary.span(excerpt.place.clone()).label(label);
            let related = diagnostic.related.iter().filter_map(|related| {
                let span = related.in_excerpt.clone()?;
                Some(AnnotationKind::Context.span(span).label(plain(&related.message)))
            });
            title.element(
                Snippet::source(excerpt.text.as_str())
                    .line_start(excerpt.first_line)
                    .path(path)
                    .annotation(place)
                    .annotations(related),
            )
        }
        None => title
            .element(Origin::path(path).line(diagnostic.region.line).char_column(diagnostic.region.column)),
    };
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(plain(help)));
    }
    group
}

/// What the marks under the line say: which object, which field.
fn label(diagnostic: &Diagnostic) -> String {
    let mut label = String::new();
    if let Some(object) = &diagnostic.object {
        label.push_str(&plain(&object.kind));
        if let Some(name) = &object.name {
            let _ = write!(label, " {}", plain(name));
        }
    }
    if !diagnostic.path.is_root() {
        if !label.is_empty() {
            label.push_str(": ");
        }
        label.push_str(&plain(&diagnostic.path.to_string()));
    }
    label
}

/// One line: what was found where.
fn summary(report: &Report) -> String {
    let counts = report.counts();
    let found: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|severity| {
            let count = counts.get(severity).copied().filter(|count| *count > 0)?;
            let word = match severity {
                Severity::Info => "note",
                other => other.as_str(),
            };
            Some(plural(count, word))
        })
        .collect();
    let looked = format!("{} in {}", plural(report.objects, "object"), plural(report.files, "file"));
    match found.as_slice() {
        [] if report.objects == 0 => format!("no Jobs or CronJobs found in {}", plural(report.files, "file")),
        [] => format!("no findings: {looked}"),
        found => format!("{}: {looked}", found.join(", ")),
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Text without characters that would steer a terminal: messages quote what files say, and file names are
/// anybody's.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() || is_direction(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Characters that turn the direction of text around, or are not seen.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn render(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, Style { color: false, width: 110 }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_people_read() {
        insta::assert_snapshot!(render(&fixture::report()));
    }

    #[test]
    fn nothing_found() {
        let report = Report { files: 2, objects: 3, diagnostics: Vec::new() };
        assert_eq!(render(&report), "no findings: 3 objects in 2 files\n");
        let report = Report { files: 1, objects: 0, diagnostics: Vec::new() };
        assert_eq!(render(&report), "no Jobs or CronJobs found in 1 file\n");
    }

    #[test]
    fn a_hostile_name_stays_harmless() {
        let mut report = fixture::report();
        for diagnostic in &mut report.diagnostics {
            diagnostic.file = "a\u{1b}[2J\u{202e}b\n.yaml".to_owned();
            diagnostic.message = "x\u{1b}]0;pwned\u{7}".to_owned();
        }
        let text = render(&report);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\u{202e}'), "{text}");
    }
}
