//! A finding as Markdown: whole, or as one line.

use std::fmt::Write as _;

use super::super::counts::flag;
use super::super::diff::{Sign, hunks, in_words};
use super::super::lines::{Mark, Row, rows};
use crate::diagnostic::{Change, Diagnostic};
use crate::engine::Rule;
use crate::page::{code, markdown_text};
use jobguard_text::{plain_within, plural};

/// How much of a text and of a name is shown.
pub(super) const TEXT: usize = 400;
pub(super) const NAME: usize = 160;

/// One line of a list: level, rule, place and message. The table of rules has the link.
pub(super) fn line(finding: &Diagnostic) -> String {
    let (severity, rule) = (finding.severity, finding.rule.id());
    format!("- **{severity}** `{rule}`{}: {}\n", line_of(finding), prose(&finding.text()))
}

/// The line that it is on, or the field of what stands in no text.
fn line_of(finding: &Diagnostic) -> String {
    match finding.region.is_in_text() {
        true => format!(", line {}", finding.region.line),
        false if finding.path.is_root() => String::new(),
        false => format!(", {}", code(&finding.path.to_string(), NAME)),
    }
}

/// A rule's id, which leads to its page where there is one.
pub(super) fn linked(rule: &Rule) -> String {
    match rule.url() {
        Some(url) => format!("[`{}`]({url})", rule.id()),
        None => format!("`{}`", rule.id()),
    }
}

/// With its lines, what to do about it, and its fix.
pub(super) fn whole(finding: &Diagnostic) -> String {
    let line = match finding.region.is_in_text() {
        true => line_of(finding),
        false => String::new(),
    };
    let mut text = format!("**{}** {}{line}: ", finding.severity, linked(finding.rule));
    text.push_str(&prose(&finding.text()));
    about(finding, &mut text);
    text.push('\n');
    source(finding, &mut text);
    let offered = finding.offered_fix().and_then(flag);
    // The fix may say the same.
    let help = finding
        .help
        .as_deref()
        .filter(|help| finding.change.as_ref().is_none_or(|change| change.title != *help));
    let hint = offered.filter(|_| finding.change.is_none());
    if help.is_some() || hint.is_some() {
        text.push_str("\nHelp:");
        if let Some(help) = help {
            let _ = write!(text, " {}", prose(help));
        }
        if let Some(flag) = hint {
            let _ = write!(text, " (fixable with `{flag}`)");
        }
        text.push('\n');
    }
    if let Some(change) = &finding.change {
        fix(change, offered, &mut text);
    }
    text
}

/// A sentence. What stands between backquotes in it is code.
fn prose(text: &str) -> String {
    let text = plain_within(text, TEXT);
    let parts: Vec<&str> = text.split('`').collect();
    // Of an odd number of backquotes nobody knows which are a pair.
    if parts.len().is_multiple_of(2) {
        return markdown_text(&text, TEXT);
    }
    let part = |(number, part): (usize, &&str)| match number % 2 {
        _ if part.is_empty() => String::new(),
        1 => code(part, TEXT),
        _ => markdown_text(part, TEXT),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Which object and field it is, where that is known, and what else there is to say of the place.
fn about(finding: &Diagnostic, text: &mut String) {
    let mut parts = Vec::new();
    if let Some(object) = &finding.object {
        parts.push(markdown_text(&object.to_string(), NAME));
    }
    if !finding.path.is_root() {
        parts.push(code(&finding.path.to_string(), NAME));
    }
    if let Some(template) = &finding.template {
        parts.push(format!("rendered from template {}", code(template, NAME)));
    }
    // Writing into a String does not fail.
    if !parts.is_empty() {
        let _ = write!(text, "<br>{}", parts.join(", "));
    }
}

/// The lines that it is about, the places underlined.
fn source(finding: &Diagnostic, text: &mut String) {
    let rows = rows(finding);
    let numbers = rows.iter().filter_map(|row| match row {
        Row::Line { number, .. } => Some(*number),
        Row::Gap(_) => None,
    });
    let width = numbers.max().unwrap_or_default().to_string().len();
    let mut block = String::new();
    for row in &rows {
        match row {
            Row::Gap(lines) => {
                let _ = writeln!(block, "{:>width$} ⋮ {}", "", plural(*lines, "line"));
            }
            Row::Line { number, pieces, notes } => {
                let line: String = pieces.iter().map(|(_, piece)| piece.as_str()).collect();
                let _ = writeln!(block, "{number:>width$} | {line}");
                let marks = underline(pieces);
                if !marks.is_empty() {
                    let notes: Vec<String> = notes.iter().map(|(_, note)| plain_within(note, NAME)).collect();
                    let marks = format!("{:>width$} | {marks} {}", "", notes.join("; "));
                    let _ = writeln!(block, "{}", marks.trim_end());
                }
            }
        }
    }
    fenced("text", &block, text);
}

/// `^` below a place, `-` below one that explains it.
fn underline(pieces: &[(Mark, String)]) -> String {
    let mut marks = String::new();
    for (mark, piece) in pieces {
        let sign = match mark {
            Mark::None => ' ',
            Mark::Place => '^',
            Mark::Related => '-',
        };
        // A place between two characters is seen, too.
        let least = usize::from(*mark != Mark::None);
        marks.extend(std::iter::repeat_n(sign, piece.chars().count().max(least)));
    }
    marks.trim_end().to_owned()
}

fn fix(change: &Change, flag: Option<&str>, text: &mut String) {
    let flag = flag.map(|flag| format!(" (`{flag}`)")).unwrap_or_default();
    let _ = writeln!(text, "\nFix: {}{flag}", prose(&change.title));
    let Some(hunks) = hunks(change) else {
        text.push('\n');
        for words in in_words(change) {
            let _ = writeln!(text, "- {}", markdown_text(&words, TEXT));
        }
        return;
    };
    let mut block = String::new();
    for hunk in &hunks {
        if hunks.len() > 1 {
            let _ = writeln!(block, "@@ line {} @@", hunk.first);
        }
        for (sign, line) in &hunk.rows {
            let sign = if *sign == Sign::More { ' ' } else { sign.character() };
            let _ = writeln!(block, "{sign}{line}");
        }
    }
    fenced("diff", &block, text);
}

/// A block that nothing in it ends.
fn fenced(language: &str, block: &str, text: &mut String) {
    if block.is_empty() {
        return;
    }
    let longest = block.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat((longest + 1).max(3));
    let _ = write!(text, "\n{fence}{language}\n{block}{fence}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_code() {
        assert_eq!(prose("no zone `a*b`, *or* `|`"), "no zone `a*b`, \\*or\\* <code>&#124;</code>");
        assert_eq!(prose("one ` only"), "one \\` only");
        assert_eq!(prose("``"), "");
    }

    #[test]
    fn a_fence_is_longer_than_any_within() {
        let mut text = String::new();
        fenced("text", "a\n````\n<b>\n", &mut text);
        assert_eq!(text, "\n`````text\na\n````\n<b>\n`````\n");
    }
}
