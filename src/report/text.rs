//! Text for people: each finding with the lines it is about, and a line that sums up.

mod overview;
mod summary;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, Title};

use crate::diagnostic::{Diagnostic, ObjectId, Report, SuppressedDiagnostic};
use crate::engine::{Rule, Severity};
use jobguard_text::{break_commands, is_steering, plain};

use super::counts::flag;
use super::style::Style;
pub use overview::statistics;

/// From how many findings on an overview comes before them.
const MANY: usize = 60;

/// Writes `report`, findings first; where there are many, an overview before them.
///
/// # Errors
///
/// Those of the writer.
pub fn write(report: &Report, style: Style, out: &mut dyn io::Write) -> io::Result<()> {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width).decor_style(DecorStyle::Ascii);
    let findings: Vec<&Diagnostic> =
        report.diagnostics.iter().filter(|diagnostic| diagnostic.severity >= style.least).collect();
    let most = style.max_findings.map_or(usize::MAX, NonZeroUsize::get);
    let shown = worst(&findings, most);
    if !style.quiet && (findings.len() >= MANY || shown.len() < findings.len()) {
        out.write_all(overview::overview(report, &findings).as_bytes())?;
    }
    let mut after_note = false;
    for entry in entries(&shown, style.verbose || style.whole) {
        let text = match &entry {
            Entry::Whole(diagnostic) => renderer.render(&[group(diagnostic, style.color)]),
            Entry::Notes(notes) => renderer.render(&[note(notes, style)]),
        };
        let is_note = matches!(entry, Entry::Notes(_));
        let before = if after_note && !is_note { "\n" } else { "" };
        let after = if is_note { "" } else { "\n" };
        writeln!(out, "{before}{}{after}", harmless(text))?;
        after_note = is_note;
    }
    if !style.quiet || shown.len() < findings.len() {
        if let Some(more) = findings.len().checked_sub(shown.len()).filter(|more| *more > 0) {
            writeln!(out, "... and {more} more: {} of {} findings are shown\n", shown.len(), findings.len())?;
        } else if shown.last().is_some_and(|last| last.severity == Severity::Info) {
            writeln!(out)?;
        }
    }
    if style.verbose {
        out.write_all(suppressed(report, style).as_bytes())?;
    }
    if style.statistics {
        out.write_all(statistics(report).as_bytes())?;
    }
    // Where nothing was read, the reason is reported elsewhere.
    let nothing = report.is_of_nothing() && report.diagnostics.is_empty();
    if !style.quiet && !nothing {
        out.write_all(summary::summary(report, style).as_bytes())?;
    }
    if !style.quiet {
        for gap in &report.gaps {
            writeln!(out, "Not covered: {}", break_commands(plain(gap)))?;
        }
    }
    Ok(())
}

/// The most severe of the findings, `most` of them, in the order in which they are.
fn worst<'a>(findings: &[&'a Diagnostic], most: usize) -> Vec<&'a Diagnostic> {
    let mut positions: Vec<usize> = (0..findings.len()).collect();
    if most < findings.len() {
        // Stable: of the same severity, the first stay.
        positions.sort_by_key(|position| Reverse(findings.get(*position).map(|found| found.severity)));
        positions.truncate(most);
        positions.sort_unstable();
    }
    positions.into_iter().filter_map(|position| findings.get(position).copied()).collect()
}

/// What is written together.
enum Entry<'a> {
    /// A finding with the lines it is about.
    Whole(&'a Diagnostic),
    /// Info findings of one object, on one line.
    Notes(Vec<&'a Diagnostic>),
}

/// The findings in their order. What is only worth a line is folded, object by object: it stands where the first of the
/// object's is.
fn entries<'a>(findings: &[&'a Diagnostic], apart: bool) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::with_capacity(findings.len());
    let mut of_objects: BTreeMap<(&str, &ObjectId), usize> = BTreeMap::new();
    for diagnostic in findings {
        if diagnostic.severity != Severity::Info {
            entries.push(Entry::Whole(diagnostic));
            continue;
        }
        let object = diagnostic.object.as_deref().filter(|_| !apart);
        let position = object
            .map(|object| *of_objects.entry((diagnostic.file.as_ref(), object)).or_insert(entries.len()));
        match position.and_then(|position| entries.get_mut(position)) {
            Some(Entry::Notes(notes)) => notes.push(diagnostic),
            _ => entries.push(Entry::Notes(vec![diagnostic])),
        }
    }
    entries
}

/// What is worth no more than a line: what is found where, of which object. Of several findings their rules only.
fn note(notes: &[&Diagnostic], style: Style) -> Group<'static> {
    let level = || Level::INFO;
    let [first, others @ ..] = notes else { return Group::with_title(level().primary_title("")) };
    // The name of what stands in no text is that of the object.
    let named = first.object.as_ref().filter(|_| first.region.is_in_text());
    let object = named.map(|object| format!("{object}: ")).unwrap_or_default();
    let template = first.template.as_ref().map(|template| format!(" (rendered from template {template})"));
    let template = template.unwrap_or_default();
    if others.is_empty() {
        let help = first.help.as_ref().filter(|_| style.verbose).map(|help| format!("; {help}"));
        let fix = first.offered_fix().and_then(flag).map(|flag| format!(" [fixable with {flag}]"));
        let (help, fix) = (help.unwrap_or_default(), fix.unwrap_or_default());
        let text = format!("{}: {object}{}{help}{fix}{template}", place(first, true), first.text());
        return Group::with_title(identified(level().primary_title(plain(&text)), first.rule, style.color));
    }
    let rule = |note: &&Diagnostic| match note.region.is_in_text() {
        true => format!("{} (line {})", note.rule.id(), note.region.line),
        false => note.rule.id().to_owned(),
    };
    let rules: Vec<String> = notes.iter().map(rule).collect();
    let text =
        format!("{}: {object}{}{template}; --verbose explains them", place(first, false), rules.join(", "));
    Group::with_title(level().primary_title(plain(&text)))
}

/// Where a finding is: its place in a text, else its object and, `with_field`, the field there.
fn place(diagnostic: &Diagnostic, with_field: bool) -> String {
    match with_field && !diagnostic.region.is_in_text() && !diagnostic.path.is_root() {
        true => format!("{}: {}", diagnostic.place(), diagnostic.path),
        false => diagnostic.place(),
    }
}

/// A title with its rule, which a terminal that can shows as a link to the rule's page.
fn identified<'a>(title: Title<'a>, rule: &'static Rule, color: bool) -> Title<'a> {
    let title = title.id(rule.id());
    match rule.url() {
        Some(url) if color => title.id_url(url),
        _ => title,
    }
}

/// What does not count, a line each, and why.
fn suppressed(report: &Report, style: Style) -> String {
    let mut text = String::new();
    for SuppressedDiagnostic { diagnostic, why } in &report.suppressed {
        if diagnostic.severity < style.least {
            continue;
        }
        let named = diagnostic.object.as_ref().filter(|_| diagnostic.region.is_in_text());
        let object = named.map(|object| format!("{object}: ")).unwrap_or_default();
        let (rule, place, what) = (diagnostic.rule.id(), place(diagnostic, true), diagnostic.text());
        text.push_str(&plain(&format!("suppressed[{rule}]: {place}: {object}{what} ({why})")));
        text.push('\n');
    }
    if !text.is_empty() {
        text.push('\n');
    }
    break_commands(text)
}

/// The renderer replaces what steers in the lines it shows, but not all of it (U+009B starts a sequence as well as
/// escape does). Any escape that is left is the renderer's own.
fn harmless(rendered: String) -> String {
    let steers = |c| !matches!(c, '\n' | '\u{1b}') && is_steering(c);
    let rendered = if rendered.contains(steers) { rendered.replace(steers, "\u{fffd}") } else { rendered };
    break_commands(rendered)
}

/// A finding with its lines and its help.
fn group(diagnostic: &Diagnostic, color: bool) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = identified(level.primary_title(plain(&diagnostic.text())), diagnostic.rule, color);
    let path = plain(&diagnostic.file);
    let label = plain(&diagnostic.subject());
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
        None if !diagnostic.region.is_in_text() => {
            title.element(Origin::path(plain(&self::place(diagnostic, true))))
        }
        None => title
            .element(Origin::path(path).line(diagnostic.region.line).char_column(diagnostic.region.column)),
    };
    let fixable = diagnostic.offered_fix().and_then(flag);
    match (&diagnostic.help, fixable) {
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

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::rules;

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
    fn what_does_not_count_is_counted_and_listed_on_demand() {
        let report = fixture::with_suppressed(fixture::report(), "import", "it takes long");
        let text = render(&report);
        assert!(text.ends_with("; 2 suppressed\n") && !text.contains("suppressed["), "{text}");
        let verbose = styled(&report, Style { verbose: true, ..Style::default() });
        assert!(
            verbose.contains(
                "suppressed[api/restart-policy]: jobs/resize.yaml:9:5: Job resize: restartPolicy is missing (exception import \
                 until 2027-01-31: it takes long)\n"
            ),
            "{verbose}"
        );
        let least = styled(&report, Style { least: Severity::Error, ..Style::default() });
        assert!(least.ends_with("; 1 suppressed\n"), "{least}");
    }

    #[test]
    fn nothing_found() {
        let mut report = fixture::report();
        report.diagnostics.clear();
        assert_eq!(render(&report), "Checked 2 objects in 2 files: no findings\n");
        report.objects = 0;
        assert_eq!(render(&report), "No Jobs or CronJobs found in 2 files\n");
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

    fn styled(report: &Report, style: Style) -> String {
        let mut out = Vec::new();
        write(report, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// A report in which the object has three notes, between them an error.
    fn with_notes() -> Report {
        let mut report = fixture::report();
        let error =
            report.diagnostics.iter().find(|found| found.severity == Severity::Error).unwrap().clone();
        let note = |line, rule| {
            let mut note = Diagnostic { rule, severity: Severity::Info, ..error.clone() };
            (note.region.line, note.message, note.help) = (line, "a fact".into(), Some("a remedy".into()));
            note
        };
        report.diagnostics.insert(0, note(2, &rules::job_ttl_missing::RULE));
        report.diagnostics.push(note(5, &rules::job_no_deadline::RULE));
        report
    }

    #[test]
    fn notes_of_an_object_share_a_line() {
        insta::assert_snapshot!(render(&with_notes()));
        let verbose = styled(&with_notes(), Style { verbose: true, ..Style::default() });
        assert!(
            verbose.contains("info[job/no-deadline]: jobs/resize.yaml:5:5: Job resize: a fact; a remedy [fixable with --fix]\n"),
            "{verbose}"
        );
    }

    #[test]
    fn a_level_hides_what_is_below_it() {
        let text = styled(&with_notes(), Style { least: Severity::Warning, ..Style::default() });
        assert!(!text.contains("info:") && !text.contains("info["), "{text}");
        assert!(text.contains("1 error, 1 warning; hidden by --level: 3 info"), "{text}");
        let nothing =
            styled(&with_notes(), Style { least: Severity::Warning, quiet: true, ..Style::default() });
        assert!(nothing.contains("warning[") && !nothing.contains("Checked"), "{nothing}");
    }

    #[test]
    fn an_overview_comes_before_many() {
        let few = styled(&with_notes(), Style { max_findings: NonZeroUsize::new(2), ..Style::default() });
        insta::assert_snapshot!(few);
        let mut many = with_notes();
        while many.diagnostics.len() < MANY {
            many.diagnostics.push(many.diagnostics[1].clone());
        }
        let text = render(&many);
        assert!(
            text.starts_with("60 findings in 2 of 2 files, most of them in:\n  jobs/resize.yaml: "),
            "{text}"
        );
        assert!(text.contains("\ncount  level "), "{text}");
    }

    #[test]
    fn ids_are_links_on_a_terminal() {
        let text = styled(&fixture::report(), Style { color: true, ..Style::default() });
        assert!(text.contains("\u{1b}]8;;https://"), "{text:?}");
        assert!(!render(&fixture::report()).contains('\u{1b}'));
    }

    #[test]
    fn only_what_counts() {
        let mut out = Vec::new();
        let style = Style { quiet: true, least: Severity::Error, ..Style::default() };
        write(&fixture::report(), style, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("error[api/restart-policy]") && !text.contains("warning"), "{text}");
        assert!(!text.contains(" in 2 files"), "{text}");
    }
}
