//! What `jobguard lint --fix` and `--diff` write.

use anyhow::Result;
use similar::TextDiff;

use super::output::Terminal;
use crate::diagnostic::{FileError, Report};
use crate::linter::{FixedText, NotApplied};
use crate::sources::{Source, replace};
use jobguard_text::{break_commands, plain, plural};

/// How many fixes of one file that were not applied are named.
const MAX_NOT_APPLIED: usize = 5;

/// Writes the fixed files, and standard input, fixed or not, to standard output. What could not be written is no longer
/// among `fixed_texts`.
pub(super) fn write(
    sources: &[Source],
    fixed_texts: &mut Vec<FixedText>,
    terminal: &Terminal,
) -> Result<Vec<FileError>> {
    let mut errors = Vec::new();
    for (position, source) in sources.iter().enumerate() {
        if let Source::Text { bytes, .. } = source {
            let text = fixed_texts.iter().find(|text| text.source == position);
            terminal.print_bytes(text.map_or(bytes, |text| text.after.as_bytes()))?;
        }
    }
    fixed_texts.retain(|text| match &sources[text.source] {
        file @ Source::File { .. } => match replace(file, &text.before, &text.after) {
            Ok(()) => true,
            Err(error) => {
                errors.push(error);
                false
            }
        },
        Source::Text { .. } | Source::Open { .. } | Source::Unrendered(_) => true,
    });
    Ok(errors)
}

/// Prints all changes as one diff: byte for byte, but on a terminal and in the log of a CI job without what would steer
/// them.
pub(super) fn print_diff(fixed_texts: &[FixedText], terminal: &Terminal) -> Result<()> {
    let mut diff: String = fixed_texts.iter().map(diff).collect();
    if terminal.is_shown() {
        let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        let shown = diff.replace(steers, "\u{FFFD}");
        // The names of files, which we write ourselves, begin their lines as Buildkite's groups do.
        diff = shown
            .split_inclusive('\n')
            .map(|line| match line {
                line if line.starts_with("--- ") || line.starts_with("+++ ") => {
                    format!("{}{}", &line[..4], break_commands(line[4..].to_owned()))
                }
                line => break_commands(line.to_owned()),
            })
            .collect();
    }
    terminal.print_bytes(diff.as_bytes())
}

/// The change of a text as a unified diff, which `patch -p1` and `git apply` take.
fn diff(text: &FixedText) -> String {
    let name = text.name.trim_start_matches('/').replace(char::is_control, "\u{FFFD}");
    TextDiff::from_lines(&text.before, &text.after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}

/// One line: what was fixed.
pub(super) fn fixed(fixed_texts: &[FixedText], left: &Report) -> String {
    match count(fixed_texts) {
        Some(count) => format!("fixed {count}"),
        None if left.found() == 0 => "nothing to fix".to_owned(),
        None => "nothing could be fixed automatically".to_owned(),
    }
}

/// One line: what would be fixed, and what would be left.
pub(super) fn would_fix(fixed_texts: &[FixedText], left: &Report) -> String {
    let left = left.found();
    match (count(fixed_texts), left) {
        (Some(count), _) => format!("would fix {count}; {} would be left", plural(left, "finding")),
        (None, 0) => "nothing to fix".to_owned(),
        (None, 1) => "nothing can be fixed automatically; 1 finding remains".to_owned(),
        (None, left) => format!("nothing can be fixed automatically; {left} findings remain"),
    }
}

/// One line: why a fix was held back.
pub(super) fn held_back(name: &str) -> String {
    format!(
        "{}: some fixes were not applied, since more errors would come to light than they correct; correct what is \
         reported by hand first, or use --unsafe-fixes",
        plain(name)
    )
}

/// One line for each fix that was not applied, up to a few of each file, and why.
pub(super) fn not_applied(fixes: &[(String, NotApplied)]) -> Vec<String> {
    let mut lines = Vec::new();
    for of_file in fixes.chunk_by(|(a, _), (b, _)| a == b) {
        for (name, NotApplied { subject, title, reason }) in of_file.iter().take(MAX_NOT_APPLIED) {
            let place = if subject.is_empty() { name.clone() } else { format!("{name}: {subject}") };
            lines.push(plain(&format!("{place}: cannot {title}: {reason}")));
        }
        if let Some(more @ 1..) = of_file.len().checked_sub(MAX_NOT_APPLIED) {
            lines.push(plain(&format!("{}: {more} more could not be applied", of_file[0].0)));
        }
    }
    lines
}

fn count(fixed_texts: &[FixedText]) -> Option<String> {
    let findings = fixed_texts.iter().map(|text| text.findings).sum();
    (findings > 0)
        .then(|| format!("{} in {}", plural(findings, "finding"), plural(fixed_texts.len(), "file")))
}
