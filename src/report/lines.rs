//! The lines that a finding is about, for formats that draw them themselves: its places marked, long lines cut, and of
//! many lines those around the places.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::diagnostic::{Diagnostic, Excerpt};
use jobguard_text::plain;

/// How many lines of an excerpt are shown, and how many characters of each.
const MAX_LINES: usize = 14;
pub(super) const MAX_WIDTH: usize = 180;
/// How much of a line that is cut stands before its first mark.
const BEFORE_MARK: usize = 60;
/// How many lines before and after a marked one are shown.
const AROUND: usize = 1;

/// A line of what is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Row<'a> {
    /// A line of the file.
    Line {
        /// Its number.
        number: usize,
        /// What it holds, in pieces: neutralised, but not escaped.
        pieces: Vec<(Mark, String)>,
        /// What its marks say, and at which of the characters shown each begins, from 0 on.
        notes: Vec<(usize, &'a str)>,
    },
    /// So many lines that are left out.
    Gap(usize),
}

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing special.
    None,
    /// The place of the finding.
    Place,
    /// A place that explains it.
    Related,
}

/// A place in a line.
struct Marked<'a> {
    line: usize,
    characters: Range<usize>,
    mark: Mark,
    note: Option<&'a str>,
}

/// The lines of a finding; nothing where none are at hand.
pub(super) fn rows(diagnostic: &Diagnostic) -> Vec<Row<'_>> {
    let Some(excerpt) = diagnostic.excerpt.as_deref() else { return Vec::new() };
    let lines = split(&excerpt.text);
    let mut marked: Vec<Marked<'_>> =
        place(excerpt, &lines, &excerpt.place, Mark::Place).into_iter().collect();
    for related in &diagnostic.related {
        let place = related.in_excerpt.as_ref().and_then(|span| place(excerpt, &lines, span, Mark::Related));
        marked.extend(place.map(|place| Marked { note: Some(&related.message), ..place }));
    }
    let mut shown = BTreeSet::new();
    for one in &marked {
        let around = one.line.saturating_sub(AROUND)..=(one.line + AROUND).min(lines.len().saturating_sub(1));
        shown.extend(around.take(MAX_LINES.saturating_sub(shown.len())));
    }
    let mut rows = Vec::new();
    let mut next = shown.first().copied().unwrap_or_default();
    for line in shown {
        if line > next {
            rows.push(Row::Gap(line - next));
        }
        next = line + 1;
        let marks: Vec<&Marked<'_>> = marked.iter().filter(|one| one.line == line).collect();
        let (cut, pieces) = pieces(&excerpt.text[lines[line].clone()], &marks);
        let column =
            |one: &Marked<'_>| one.characters.start.saturating_sub(cut.start) + usize::from(cut.start > 0);
        rows.push(Row::Line {
            number: excerpt.first_line + line,
            pieces,
            notes: marks.iter().filter_map(|one| Some((column(one), one.note?))).collect(),
        });
    }
    rows
}

/// The lines of a text, without their ends: a line ends at CR LF, LF or CR.
pub(super) fn split(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut lines, mut start) = (Vec::new(), 0);
    for (at, byte) in bytes.iter().enumerate() {
        let follows_cr = at > 0 && bytes[at - 1] == b'\r';
        match byte {
            b'\n' if follows_cr => start = at + 1,
            b'\n' | b'\r' => {
                lines.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    lines.push(start..bytes.len());
    lines
}

/// Where a span of an excerpt begins, as far as its first line goes.
fn place<'a>(
    excerpt: &Excerpt,
    lines: &[Range<usize>],
    span: &Range<usize>,
    mark: Mark,
) -> Option<Marked<'a>> {
    let line = lines.partition_point(|line| line.start <= span.start).checked_sub(1)?;
    let of_line = lines.get(line)?;
    let (start, end) = (span.start.min(of_line.end), span.end.min(of_line.end));
    let before = excerpt.text.get(of_line.start..start)?.chars().count();
    let within = excerpt.text.get(start..end.max(start))?.chars().count();
    Some(Marked { line, characters: before..before + within, mark, note: None })
}

/// A line cut into pieces at its marks, which do not overlap: of two that would, the first stays. And which of its
/// characters they are.
fn pieces(line: &str, marks: &[&Marked<'_>]) -> (Range<usize>, Vec<(Mark, String)>) {
    // As many characters as before.
    let line: Vec<char> = plain(line).chars().collect();
    let mut marks: Vec<(Range<usize>, Mark)> =
        marks.iter().map(|one| (one.characters.clone(), one.mark)).collect();
    marks.sort_by_key(|(characters, mark)| (characters.start, *mark == Mark::Related));
    let window = window(line.len(), marks.first().map_or(0, |(first, _)| first.start));
    let mut pieces: Vec<(Mark, String)> = Vec::new();
    let mut push = |mark, range: Range<usize>| {
        let range = range.start.clamp(window.start, window.end)..range.end.clamp(window.start, window.end);
        if !range.is_empty() || mark != Mark::None {
            pieces.push((mark, line.get(range).unwrap_or_default().iter().collect()));
        }
    };
    let mut at = 0;
    for (characters, mark) in marks {
        if characters.start < at || characters.start > window.end {
            continue;
        }
        push(Mark::None, at..characters.start);
        push(mark, characters.clone());
        at = characters.end;
    }
    push(Mark::None, at..line.len());
    if window.start > 0 {
        pieces.insert(0, (Mark::None, "…".to_owned()));
    }
    if window.end < line.len() {
        pieces.push((Mark::None, "…".to_owned()));
    }
    (window, pieces)
}

/// What is shown of a line of so many characters, the first mark at `first`.
fn window(length: usize, first: usize) -> Range<usize> {
    if length <= MAX_WIDTH {
        return 0..length;
    }
    let start = first.saturating_sub(BEFORE_MARK).min(length - MAX_WIDTH);
    start..start + MAX_WIDTH
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn shown(diagnostic: &Diagnostic) -> String {
        let row = |row: &Row<'_>| match row {
            Row::Gap(lines) => format!("({lines} more)\n"),
            Row::Line { number, pieces, notes } => {
                let piece = |(mark, text): &(Mark, String)| match mark {
                    Mark::None => text.clone(),
                    Mark::Place => format!("[{text}]"),
                    Mark::Related => format!("{{{text}}}"),
                };
                let line: String = pieces.iter().map(piece).collect();
                let notes: String = notes.iter().map(|(at, note)| format!("  <- {at}: {note}")).collect();
                format!("{number}: {line}{notes}\n")
            }
        };
        rows(diagnostic).iter().map(row).collect()
    }

    fn about(text: &str, place: Range<usize>) -> Diagnostic {
        let mut diagnostic = fixture::report().diagnostics.swap_remove(0);
        let excerpt = diagnostic.excerpt.as_mut().unwrap();
        (excerpt.text, excerpt.place) = (text.to_owned(), place);
        diagnostic.related.clear();
        diagnostic
    }

    #[test]
    fn places_are_marked() {
        let report = fixture::report();
        assert_eq!(
            shown(&report.diagnostics[0]),
            "5: spec:\n6:   parallelism: [4]\n7:   completions: {2}  <- 15: the number of Pods that must succeed\n8:   template:\n"
        );
        assert_eq!(shown(&report.diagnostics[2]), "");
    }

    #[test]
    fn lines_in_between_are_counted() {
        let mut diagnostic = about("a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n", 3..4);
        let related = fixture::report().diagnostics[0].related[0].clone();
        diagnostic.related = vec![crate::diagnostic::RelatedPlace { in_excerpt: Some(23..24), ..related }];
        assert!(
            shown(&diagnostic).starts_with("5: a: [1]\n6: b: 2\n(1 more)\n8: d: 4\n9: e: {5}  <- 3: the")
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}here{}", "x".repeat(500), "y".repeat(500));
        let line = shown(&about(&text, 500..504));
        assert!(line.contains("x[here]y") && line.starts_with("5: …x") && line.ends_with("y…\n"), "{line}");
        assert_eq!(line.chars().count(), MAX_WIDTH + "5: …[]…\n".chars().count());
    }

    #[test]
    fn what_steers_is_neutralised() {
        assert_eq!(shown(&about("a: \u{1b}[2J\u{202e}\r\nb", 3..4)), "5: a: [\u{fffd}][2J\u{fffd}\n6: b\n");
    }

    #[test]
    fn lines_end_as_in_yaml() {
        assert_eq!(split("a\r\nb\rc\n"), [0..1, 3..4, 5..6, 7..7]);
    }
}
