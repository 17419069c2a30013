//! Text for people: each finding with the lines it is about, and one line that sums up.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Report};
use crate::engine::{Rule, Safety, Severity};
use jobguard_text::{break_commands, is_steering, plain, plural};

/// How the text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour it.
    pub color: bool,
    /// How wide the terminal is, in characters.
    pub width: usize,
    /// Findings below this are left out, and so is the line that sums up.
    pub only_from: Option<Severity>,
    /// Whether to add the table of rules.
    pub statistics: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 140, only_from: None, statistics: false }
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
    let shown = |diagnostic: &&Diagnostic| style.only_from.is_none_or(|least| diagnostic.severity >= least);
    for diagnostic in report.diagnostics.iter().filter(shown) {
        writeln!(out, "{}\n", harmless(renderer.render(&[group(diagnostic)])))?;
    }
    if style.statistics {
        out.write_all(statistics(report).as_bytes())?;
    }
    // Where nothing was read, the reason is reported elsewhere.
    let nothing = report.files == 0 && report.diagnostics.is_empty();
    if style.only_from.is_none() && !nothing {
        writeln!(out, "{}", summary(report))?;
    }
    Ok(())
}

/// The renderer replaces what steers in the lines it shows, but not all of it (U+009B starts a sequence as well as
/// escape does). Any escape that is left is the renderer's own.
fn harmless(rendered: String) -> String {
    let steers = |c| !matches!(c, '\n' | '\u{1b}') && is_steering(c);
    let rendered = if rendered.contains(steers) { rendered.replace(steers, "\u{fffd}") } else { rendered };
    break_commands(rendered)
}

/// A table of the findings by rule, most severe and most frequent first, with an empty line after it. Empty where
/// nothing was found.
pub fn statistics(report: &Report) -> String {
    let mut rules: BTreeMap<(Severity, &str), (usize, &Rule)> = BTreeMap::new();
    for diagnostic in &report.diagnostics {
        let rule = diagnostic.rule;
        rules.entry((diagnostic.severity, rule.id())).or_insert((0, rule)).0 += 1;
    }
    if rules.is_empty() {
        return String::new();
    }
    let mut rows: Vec<(Severity, usize, &Rule)> =
        rules.into_iter().map(|((severity, _), (count, rule))| (severity, count, rule)).collect();
    // Stable: rules of the same count stay in the order of their ids.
    rows.sort_by_key(|(severity, count, _)| std::cmp::Reverse((*severity, *count)));
    let id_width = rows.iter().map(|(_, _, rule)| rule.id().len()).max().unwrap_or_default();
    let mut text = format!("count  level    {:id_width$}  finds\n", "rule");
    for (severity, count, rule) in rows {
        let (level, id) = (severity.as_str(), rule.id());
        let _ = writeln!(text, "{count:5}  {level:7}  {id:id_width$}  {}", rule.spec.summary);
    }
    text.push('\n');
    text
}

/// A finding with its lines; a note only with its place, so that what has to be fixed stands out.
fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(plain(&diagnostic.text())).id(diagnostic.rule.id());
    let path = plain(&diagnostic.file);
    let label = plain(&diagnostic.subject());
    let is_note = diagnostic.severity == Severity::Info;
    let mut group = match &diagnostic.excerpt {
        Some(excerpt) if !is_note => {
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
        _ => title
            .element(Origin::path(path).line(diagnostic.region.line).char_column(diagnostic.region.column)),
    };
    let fixable = diagnostic.offered_fix().and_then(fixable);
    match (&diagnostic.help, fixable) {
        _ if is_note => {}
        (Some(help), fixable) => {
            let fixable = fixable.map(|flag| format!(" [fixable with {flag}]")).unwrap_or_default();
            group = group.element(Level::HELP.message(plain(help) + &fixable));
        }
        (None, Some(flag)) => group = group.element(Level::HELP.message(format!("fixable with {flag}"))),
        (None, None) => {}
    }
    if let Some(template) = &diagnostic.template {
        group = group.element(Level::NOTE.message(format!("rendered from template {}", plain(template))));
    }
    group
}

/// The flag that makes a fix.
fn fixable(safety: Safety) -> Option<&'static str> {
    match safety {
        Safety::Safe => Some("--fix"),
        Safety::Unsafe => Some("--unsafe-fixes"),
        Safety::Shown => None,
    }
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
        [] if report.objects == 0 => {
            format!("no Jobs or CronJobs found in {}", plural(report.files, "file"))
        }
        [] => format!("no findings: {looked}"),
        found => format!("{}: {looked}{}", found.join(", "), fixes(report)),
    }
}

/// How many of the findings can be fixed, and with which flag.
fn fixes(report: &Report) -> String {
    let count =
        |safety| report.diagnostics.iter().filter(|found| found.offered_fix() == Some(safety)).count();
    match (count(Safety::Safe), count(Safety::Unsafe)) {
        (0, 0) => String::new(),
        (0, more) => format!("; {more} fixable with --unsafe-fixes"),
        (safe, 0) => format!("; {safe} fixable with --fix"),
        (safe, more) => format!("; {safe} fixable with --fix, {more} more with --unsafe-fixes"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn render(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, Style { width: 110, ..Style::default() }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_people_read() {
        insta::assert_snapshot!(render(&fixture::report()));
    }

    #[test]
    fn nothing_found() {
        let mut report = fixture::report();
        report.diagnostics.clear();
        assert_eq!(render(&report), "no findings: 2 objects in 2 files\n");
        report.objects = 0;
        assert_eq!(render(&report), "no Jobs or CronJobs found in 2 files\n");
        assert_eq!(statistics(&report), "");
    }

    #[test]
    fn a_fix_of_a_text_that_is_not_kept_is_not_offered() {
        let mut report = fixture::report();
        assert_eq!(render(&report).matches("fixable with").count(), 3);
        for diagnostic in &mut report.diagnostics {
            diagnostic.template = Some("chart/templates/job.yaml".into());
        }
        assert!(!render(&report).contains("fixable"), "{}", render(&report));
        for diagnostic in &mut report.diagnostics {
            (diagnostic.template, diagnostic.file) = (None, crate::diagnostic::STDIN.into());
        }
        assert!(!render(&report).contains("fixable"), "{}", render(&report));
    }

    #[test]
    fn rules_by_weight_and_number() {
        let mut report = fixture::report();
        report.diagnostics.push(report.diagnostics[0].clone());
        insta::assert_snapshot!(statistics(&report));
    }

    #[test]
    fn only_what_counts() {
        let mut out = Vec::new();
        let style = Style { only_from: Some(Severity::Error), ..Style::default() };
        write(&fixture::report(), style, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("error[api/restart-policy]") && !text.contains("warning"), "{text}");
        assert!(!text.contains(" in 2 files"), "{text}");
    }
}
