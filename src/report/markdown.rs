//! Markdown, for a comment on a pull request or the summary of a pipeline's step: the rules as a table, then each file
//! with its findings. Longer than what GitHub takes of a comment it never is: what has no room is counted instead.

mod finding;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

use maud::html;

use super::counts::{baseline, by_rule, by_severity, checked, counted, found, hidden, outcome, suppressed};
use super::run::Run;
use crate::diagnostic::Diagnostic;
use crate::page::{code, foreign, markdown_text};
use finding::{NAME, TEXT, linked};
use jobguard_apiserver::ranges;
use jobguard_text::{break_commands, plural};

/// How many characters there are at most. GitHub takes 65,536 of a comment.
pub(super) const LIMIT: usize = 65_000;

/// What is kept free for a sentence about what is left out.
const SPARE: usize = 600;

/// How many rules, and files that could not be read, are named.
const RULES: usize = 60;
const ERRORS: usize = 10;

/// How many findings a file has at most for it to be opened at once, where there are few.
const FEW: usize = 12;

/// Writes the Markdown.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    // What begins a line of a block may be anything.
    out.write_all(break_commands(text(run)).as_bytes())
}

fn text(run: &Run<'_>) -> String {
    let mut text = head(run);
    let findings: Vec<&Diagnostic> = run.shown().collect();
    let room = LIMIT.saturating_sub(text.chars().count() + SPARE);
    let chosen = choose(&findings, room);
    let is_open = findings.len() <= FEW;
    let mut shown = findings.iter().copied().zip(&chosen).peekable();
    while let Some((first, _)) = shown.peek().copied() {
        let mut of_file: Vec<(&Diagnostic, &Piece)> = Vec::new();
        while let Some(next) = shown.next_if(|(finding, _)| finding.file == first.file) {
            of_file.push(next);
        }
        if of_file.iter().all(|(_, piece)| piece.text.is_empty()) {
            continue;
        }
        text.push_str(&file_head(&first.file, of_file.iter().map(|(finding, _)| *finding), is_open));
        // A list of lines needs none between them.
        let mut is_line = false;
        for (_, piece) in of_file.iter().filter(|(_, piece)| !piece.text.is_empty()) {
            text.push_str(if is_line && !piece.is_whole { "" } else { "\n" });
            text.push_str(&piece.text);
            is_line = !piece.is_whole;
        }
        text.push_str(FILE_END);
    }
    text.push_str(&rest(run, &chosen));
    text
}

const FILE_END: &str = "\n</details>\n";

/// What it comes to.
fn head(run: &Run<'_>) -> String {
    let mut text = format!("## jobguard: {}\n\n{}", found(run), checked(run));
    // Writing into a String does not fail.
    if !run.versions.is_empty() {
        let _ = write!(text, ", as Kubernetes {} judges them", ranges(run.versions).join(", "));
    }
    if let Some(policy) = run.policy {
        let by = if run.versions.is_empty() { ", by" } else { " and by" };
        let _ = write!(text, "{by} the policy {}", markdown_text(policy, NAME));
    }
    let _ = writeln!(text, ". {}", outcome(run));
    let hidden = hidden(run);
    if !hidden.is_empty() {
        let _ = writeln!(text, "\nHidden by --level: {hidden}.");
    }
    if let Some(line) = baseline(run.report) {
        let _ = writeln!(text, "\n{}.", markdown_text(&line, TEXT));
    }
    let suppressed = suppressed(run.report, run.least);
    if !suppressed.is_empty() {
        let _ = writeln!(text, "\nBy exceptions of the policy and by annotations: {suppressed}.");
    }
    if !run.report.gaps.is_empty() {
        text.push_str("\nNot covered:\n\n");
        for gap in run.report.gaps.iter().take(ERRORS) {
            let _ = writeln!(text, "- {}", markdown_text(gap, TEXT));
        }
        if run.report.gaps.len() > ERRORS {
            let _ = writeln!(text, "- and {} more", run.report.gaps.len() - ERRORS);
        }
    }
    if !run.errors.is_empty() {
        let _ = writeln!(text, "\n**{} could not be read**\n", plural(run.errors.len(), "file"));
        for error in run.errors.iter().take(ERRORS) {
            let _ = writeln!(text, "- {}: {}", code(&error.name, NAME), markdown_text(&error.message, TEXT));
        }
        if run.errors.len() > ERRORS {
            let _ = writeln!(text, "- and {} more", run.errors.len() - ERRORS);
        }
    }
    let rules = by_rule(run.shown());
    if !rules.is_empty() {
        text.push_str("\n| Level | Rule | Findings | What it finds |\n| --- | --- | ---: | --- |\n");
        for (severity, rule, count) in rules.iter().take(RULES) {
            let summary = markdown_text(rule.spec.summary, TEXT);
            let _ = writeln!(text, "| {severity} | {} | {count} | {summary} |", linked(rule));
        }
        if rules.len() > RULES {
            let _ = writeln!(text, "\nand {}", plural(rules.len() - RULES, "more rule"));
        }
        text.push('\n');
    }
    text
}

/// The head of a file's findings. Its name stands in HTML, where nothing is Markdown.
fn file_head<'a>(file: &str, findings: impl Iterator<Item = &'a Diagnostic>, is_open: bool) -> String {
    let counts = counted(&by_severity(findings));
    let summary = html! { summary { code { (foreign(file)) } ": " (counts) } }.into_string();
    format!("<details{}>{summary}\n", if is_open { " open" } else { "" })
}

/// A finding as it is written, or nothing where there is no room.
#[derive(Debug, Clone, Default)]
struct Piece {
    text: String,
    /// Whether it has its lines and its fix.
    is_whole: bool,
}

/// What to write of each finding: all of it, a line, or nothing. The most severe come first; where not all have room, a
/// part of it is kept for those of which a line is all there is.
fn choose(findings: &[&Diagnostic], room: usize) -> Vec<Piece> {
    let mut chosen = vec![Piece::default(); findings.len()];
    let mut order: Vec<usize> = (0..findings.len()).collect();
    // Stable: by number within a severity.
    order.sort_by_key(|at| std::cmp::Reverse(findings.get(*at).map(|finding| finding.severity)));
    let mut files: BTreeSet<&str> = BTreeSet::new();
    let mut used = 0;
    let mut whole_room = room;
    let mut left = order.as_slice();
    // Of many, not even the lines are made that cannot have room.
    let all: Vec<String> = order.iter().take(LIMIT / 150).map(|at| finding::whole(findings[*at])).collect();
    let heads = findings.chunk_by(|a, b| a.file == b.file).map(head_size).sum::<usize>();
    let needed = all.iter().map(|text| text.chars().count() + 1).sum::<usize>() + heads;
    if all.len() < order.len() || needed > room {
        whole_room = room / 10 * 6;
    }
    let mut is_full = false;
    let mut wholes = all.into_iter();
    while let [at, rest @ ..] = left {
        let (Some(finding), Some(piece)) = (findings.get(*at), chosen.get_mut(*at)) else { break };
        let head = if files.contains(&*finding.file) { 0 } else { head_size(&[finding]) + 40 };
        let whole = wholes.next().filter(|_| !is_full);
        let fits = |text: &str, room: usize| used + head + text.chars().count() < room;
        let next = match whole.filter(|text| fits(text, whole_room)) {
            Some(text) => Piece { text, is_whole: true },
            None => {
                is_full = true;
                Piece { text: finding::line(finding), is_whole: false }
            }
        };
        if !fits(&next.text, room) {
            break;
        }
        used += head + next.text.chars().count() + 1;
        files.insert(&finding.file);
        *piece = next;
        left = rest;
    }
    chosen
}

/// How many characters the head and the end of a file take, at most.
fn head_size(findings: &[&Diagnostic]) -> usize {
    let file = findings.first().map(|finding| &*finding.file).unwrap_or_default();
    file_head(file, findings.iter().copied(), true).chars().count() + FILE_END.len() + 2
}

/// What is not there.
fn rest(run: &Run<'_>, chosen: &[Piece]) -> String {
    let is_nothing = run.report.found() == 0 && run.errors.is_empty();
    if is_nothing && run.report.objects > 0 {
        return "\nEverything is as it should be.\n".to_owned();
    }
    let absent = chosen.iter().filter(|piece| piece.text.is_empty()).count();
    let short = chosen.iter().filter(|piece| !piece.is_whole).count() - absent;
    let mut parts = Vec::new();
    if short > 0 {
        parts.push(format!("the lines of {}", plural(short, "finding")));
    }
    if absent > 0 {
        parts.push(format!("{} altogether", plural(absent, "finding")));
    }
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "\nLeft out, since a comment has no room for more: {}. `jobguard {}` shows everything.\n",
        parts.join(", and "),
        if run.report.cluster.is_some() { "audit" } else { "lint" }
    )
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::engine::Severity;

    #[test]
    fn a_comment() {
        insta::assert_snapshot!(fixture::render(&fixture::report(), write));
    }

    #[test]
    fn nothing_found() {
        let mut report = fixture::report();
        report.diagnostics.clear();
        let written = text(&Run::of(&report));
        assert_eq!(
            written,
            "## jobguard: no findings\n\nChecked 2 objects in 2 files. The run passes: only errors would fail it.\n\n\
             Everything is as it should be.\n"
        );
    }

    /// Many findings, so that not all have room.
    fn many(count: usize) -> crate::diagnostic::Report {
        let mut report = fixture::report();
        let pattern = report.diagnostics.clone();
        report.diagnostics = (0..count)
            .map(|number| {
                let mut finding = pattern[number % pattern.len()].clone();
                finding.file = format!("jobs/{:04}.yaml", number / 5).into();
                finding
            })
            .collect();
        report.sort();
        report
    }

    #[test]
    fn a_comment_has_room() {
        for count in [1, 20, 100, 150, 200, 400, 1_000, 5_000] {
            let report = many(count);
            let written = text(&Run::of(&report));
            let length = written.chars().count();
            assert!(length <= LIMIT, "{count}: {length}");
            assert_eq!(written.matches("```").count() % 2, 0, "{count}");
            assert_eq!(written.matches("<details").count(), written.matches("</details>").count());
            assert_eq!(written.contains("a comment has no room for more"), count >= 200, "{count}: {length}");
            assert!(count < 400 || length > LIMIT / 2, "{count}: {length}");
        }
    }

    #[test]
    fn errors_have_room_first() {
        let report = many(1_000);
        let chosen = choose(&report.diagnostics.iter().collect::<Vec<_>>(), 50_000);
        let whole = |severity| {
            let of_level =
                report.diagnostics.iter().zip(&chosen).filter(|(finding, _)| finding.severity == severity);
            of_level.filter(|(_, piece)| piece.is_whole).count()
        };
        assert!(whole(Severity::Error) > 0 && whole(Severity::Info) == 0);
        let written = chosen.iter().filter(|piece| !piece.text.is_empty()).count();
        assert!(written < 1_000 && written > 100, "{written}");
    }
}
