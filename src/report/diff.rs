//! What a fix changes, line by line, for people.

use std::fmt::Write as _;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

use super::lines::{MAX_WIDTH, split};
use crate::diagnostic::{Change, Replacement};
use jobguard_text::{plain_within, plural};

/// How many lines of a fix are shown.
const MAX_LINES: usize = 40;
/// How many lines are compared with each other.
const COMPARED: usize = 400;
/// How much of a piece that comes is shown where there are no lines.
const MAX_PIECE: usize = 120;

/// A stretch of lines that change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The number of the first line.
    pub(super) first: usize,
    /// The lines: neutralised, but not escaped.
    pub(super) rows: Vec<(Sign, String)>,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It stays.
    Same,
    /// It goes.
    Gone,
    /// It comes.
    New,
    /// So many lines are not shown, says the text.
    More,
}

impl Sign {
    /// As diffs write it.
    pub(super) const fn character(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Gone => '-',
            Self::New => '+',
            Self::More => '…',
        }
    }
}

/// The stretches of a file that a change is about; none where its lines are not at hand.
pub(super) fn hunks(change: &Change) -> Option<Vec<Hunk>> {
    let mut all: Vec<Stretch<'_>> = Vec::new();
    for replacement in &change.replacements {
        match all.last_mut().filter(|last| replacement.region.line <= last.first + last.lines.len()) {
            Some(last) => last.add(replacement)?,
            None => all.push(Stretch::of(replacement)?),
        }
    }
    let mut left = MAX_LINES;
    let hunks = all.iter().map(|stretch| stretch.hunk(&mut left)).collect::<Option<Vec<Hunk>>>()?;
    Some(hunks.into_iter().filter(|hunk| !hunk.rows.is_empty()).collect())
}

/// Lines that belong together, with the replacements in them.
struct Stretch<'a> {
    first: usize,
    lines: Vec<Vec<char>>,
    replacements: Vec<&'a Replacement>,
}

impl<'a> Stretch<'a> {
    fn of(replacement: &'a Replacement) -> Option<Self> {
        let lines = lines_of(replacement)?;
        Some(Self { first: replacement.region.line, lines, replacements: vec![replacement] })
    }

    fn add(&mut self, replacement: &'a Replacement) -> Option<()> {
        let known = (self.first + self.lines.len()).checked_sub(replacement.region.line)?;
        self.lines.extend(lines_of(replacement)?.into_iter().skip(known));
        self.replacements.push(replacement);
        Some(())
    }

    /// The lines as they are to be.
    fn changed(&self) -> Option<String> {
        let mut out = String::new();
        let (mut line, mut column) = (self.first, 1);
        for Replacement { region, with, .. } in &self.replacements {
            self.copy(&mut out, (line, column), (region.line, region.column))?;
            out.push_str(&split(with).into_iter().map(|line| &with[line]).collect::<Vec<_>>().join("\n"));
            (line, column) = (region.end_line, region.end_column);
        }
        let last = self.lines.last()?;
        self.copy(&mut out, (line, column), (self.first + self.lines.len() - 1, last.len() + 1))?;
        Some(out)
    }

    /// Copies what stands between two places.
    fn copy(&self, out: &mut String, from: (usize, usize), to: (usize, usize)) -> Option<()> {
        for number in from.0..=to.0 {
            let line = self.lines.get(number.checked_sub(self.first)?)?;
            let start = if number == from.0 { from.1.checked_sub(1)? } else { 0 };
            let end = if number == to.0 { to.1.checked_sub(1)? } else { line.len() };
            out.extend(line.get(start..end)?);
            if number < to.0 {
                out.push('\n');
            }
        }
        Some(())
    }

    fn hunk(&self, left: &mut usize) -> Option<Hunk> {
        let old: Vec<String> = self.lines.iter().map(|line| line.iter().collect()).collect();
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let new = self.changed()?;
        let new: Vec<&str> = new.split('\n').collect();
        let begin = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
        let most = old.len().min(new.len()) - begin;
        let pairs = old.iter().rev().zip(new.iter().rev());
        let end = pairs.take(most).take_while(|(old, new)| old == new).count();
        if begin + end == old.len() && old.len() == new.len() {
            return Some(Hunk { first: self.first, rows: Vec::new() });
        }
        // One line before and after, for what is only inserted.
        let context = begin.saturating_sub(1);
        let mut rows: Vec<(Sign, &str)> =
            old[context..begin].iter().map(|line| (Sign::Same, *line)).collect();
        rows.extend(difference(&old[begin..old.len() - end], &new[begin..new.len() - end]));
        rows.extend(old[old.len() - end..].iter().take(1).map(|line| (Sign::Same, *line)));
        // The end of a file is no line, nor is what is left of one that goes.
        rows.pop_if(|last| *last == (Sign::Same, ""));
        rows.retain(|row| *row != (Sign::New, "") || new != [""]);
        let more = rows.len().saturating_sub(*left);
        rows.truncate(*left);
        *left -= rows.len();
        let mut rows: Vec<(Sign, String)> =
            rows.into_iter().map(|(sign, line)| (sign, plain_within(line, MAX_WIDTH))).collect();
        if more > 0 {
            rows.push((Sign::More, plural(more, "more line")));
        }
        Some(Hunk { first: self.first + context, rows })
    }
}

/// What becomes of some lines, as far as that is looked for: of many, they go and others come.
fn difference<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(Sign, &'a str)> {
    let ops = if old.len() + new.len() <= COMPARED {
        capture_diff_slices(Algorithm::Myers, old, new)
    } else {
        vec![DiffOp::Replace { old_index: 0, old_len: old.len(), new_index: 0, new_len: new.len() }]
    };
    let mut rows = Vec::new();
    for op in ops {
        let (tag, of_old, of_new) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            rows.extend(old[of_old].iter().map(|line| (Sign::Same, *line)));
        } else {
            rows.extend(old[of_old].iter().map(|line| (Sign::Gone, *line)));
            rows.extend(new[of_new].iter().map(|line| (Sign::New, *line)));
        }
    }
    rows
}

/// The lines that a replacement is on.
fn lines_of(replacement: &Replacement) -> Option<Vec<Vec<char>>> {
    let text = replacement.lines.as_deref()?;
    let lines: Vec<Vec<char>> = split(text).into_iter().map(|line| text[line].chars().collect()).collect();
    let expected = replacement.region.end_line.checked_sub(replacement.region.line)? + 1;
    (lines.len() == expected).then_some(lines)
}

/// What a change does, one sentence a piece: for where its lines are not at hand. Neutralised, but not escaped.
pub(super) fn in_words(change: &Change) -> Vec<String> {
    const NAMED: usize = 8;
    let mut sentences: Vec<String> = change.replacements.iter().take(NAMED).map(sentence).collect();
    let more = change.replacements.len().saturating_sub(NAMED);
    if more > 0 {
        sentences.push(format!("and {}", plural(more, "more place")));
    }
    sentences
}

fn sentence(Replacement { region, with, .. }: &Replacement) -> String {
    let is_insertion = (region.line, region.column) == (region.end_line, region.end_column);
    let mut text = match (is_insertion, with.is_empty()) {
        (true, _) => "insert at line ".to_owned(),
        (false, true) => "remove from line ".to_owned(),
        (false, false) => "replace from line ".to_owned(),
    };
    // Writing into a String does not fail.
    let _ = write!(text, "{}, column {}", region.line, region.column);
    if !is_insertion {
        let _ = write!(text, " to line {}, column {}", region.end_line, region.end_column);
    }
    if !with.is_empty() {
        let _ = write!(
            text,
            "{}{}",
            if is_insertion { ": " } else { " by: " },
            plain_within(with.trim(), MAX_PIECE)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Region;

    fn replacement(places: [usize; 4], lines: &str, with: &str) -> Replacement {
        let [line, column, end_line, end_column] = places;
        let region = Region { line, column, end_line, end_column };
        Replacement { region, with: with.to_owned(), lines: Some(lines.to_owned()) }
    }

    fn shown(replacements: Vec<Replacement>) -> Option<String> {
        let hunks = hunks(&Change { title: String::new(), replacements })?;
        let mut out = String::new();
        for hunk in hunks {
            let _ = write!(out, "@{}", hunk.first);
            for (sign, line) in hunk.rows {
                let _ = write!(out, "\n{}{line}", sign.character());
            }
            out.push('\n');
        }
        Some(out)
    }

    #[test]
    fn lines_go_and_come() {
        let value = || replacement([6, 4, 6, 5], "a: 4", "2");
        assert_eq!(shown(vec![value()]).unwrap(), "@6\n-a: 4\n+a: 2\n");
        let same_line = replacement([6, 1, 6, 2], "a: 4", "b");
        assert_eq!(shown(vec![same_line, value()]).unwrap(), "@6\n-a: 4\n+b: 2\n");
        let inserted = replacement([9, 1, 9, 1], "  c: 1", "  b: 1\r\n");
        assert_eq!(shown(vec![value(), inserted]).unwrap(), "@6\n-a: 4\n+a: 2\n@9\n+  b: 1\n   c: 1\n");
        let removed = replacement([3, 1, 5, 1], "a: 1\nb: 2\nc: 3", "");
        assert_eq!(shown(vec![removed]).unwrap(), "@3\n-a: 1\n-b: 2\n c: 3\n");
        let at_end = replacement([9, 5, 9, 5], "a: 1", "\nb: 2");
        assert_eq!(shown(vec![at_end]).unwrap(), "@9\n a: 1\n+b: 2\n");
        let behind_the_end = replacement([9, 1, 9, 1], "", "b: 2\n");
        assert_eq!(shown(vec![behind_the_end]).unwrap(), "@9\n+b: 2\n");
        assert_eq!(shown(vec![replacement([1, 1, 1, 2], "a", "a")]).unwrap(), "");
        let moved = replacement([1, 1, 4, 1], "b: 1\nc: 1\na: 1\nd: 1", "a: 1\nb: 1\nc: 1\n");
        assert_eq!(shown(vec![moved]).unwrap(), "@1\n+a: 1\n b: 1\n c: 1\n-a: 1\n d: 1\n");
    }

    #[test]
    fn lines_next_to_each_other_are_one_stretch() {
        let pair = vec![replacement([6, 4, 6, 5], "a: 4", "2"), replacement([7, 4, 7, 5], "b: 4", "2")];
        assert_eq!(shown(pair).unwrap(), "@6\n-a: 4\n-b: 4\n+a: 2\n+b: 2\n");
    }

    #[test]
    fn much_is_cut() {
        let text = vec!["x: 1"; 60].join("\n");
        let out = shown(vec![replacement([1, 1, 60, 5], &text, "")]).unwrap();
        assert!(out.ends_with("\n…20 more lines\n"), "{out}");
        assert_eq!(out.lines().count(), 1 + MAX_LINES + 1);
    }

    #[test]
    fn what_does_not_fit_the_lines_is_said_in_words() {
        assert_eq!(shown(vec![replacement([6, 40, 6, 41], "a: 4", "2")]), None);
        assert_eq!(shown(vec![replacement([6, 1, 7, 1], "a: 4", "2")]), None);
        let unknown = Replacement { lines: None, ..replacement([6, 4, 6, 5], "", "2\u{202e}") };
        let change = Change { title: String::new(), replacements: vec![unknown] };
        assert_eq!(hunks(&change), None);
        assert_eq!(in_words(&change), ["replace from line 6, column 4 to line 6, column 5 by: 2\u{fffd}"]);
        let inserted =
            Change { title: String::new(), replacements: vec![replacement([9, 1, 9, 1], "", " b: 1\n")] };
        assert_eq!(in_words(&inserted), ["insert at line 9, column 1: b: 1"]);
        let removed = Change { title: String::new(), replacements: vec![replacement([9, 1, 10, 1], "", "")] };
        assert_eq!(in_words(&removed), ["remove from line 9, column 1 to line 10, column 1"]);
    }
}
