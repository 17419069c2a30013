//! What `jobguard lint --fix` and `--diff` write.

use anyhow::Result;
use similar::TextDiff;

use super::output::Terminal;
use crate::diagnostic::{FileError, Report};
use crate::lint::MendedText;
use crate::sources::{Source, replace};
use jobguard_text::{break_commands, plain, plural};

/// Writes the mended files, and standard input, mended or not, to standard output. What could not be written is no
/// longer among the mended.
pub(super) fn write(
    sources: &[Source],
    mended: &mut Vec<MendedText>,
    terminal: &Terminal,
) -> Result<Vec<FileError>> {
    let mut errors = Vec::new();
    for (position, source) in sources.iter().enumerate() {
        if let Source::Text { bytes, .. } = source {
            let text = mended.iter().find(|text| text.source == position);
            terminal.print_bytes(text.map_or(bytes, |text| text.after.as_bytes()))?;
        }
    }
    mended.retain(|text| match &sources[text.source] {
        file @ Source::File { .. } => match replace(file, &text.before, &text.after) {
            Ok(()) => true,
            Err(error) => {
                errors.push(error);
                false
            }
        },
        Source::Text { .. } | Source::Unrendered(_) => true,
    });
    Ok(errors)
}

/// Prints all changes as one diff: byte for byte, but on a terminal and in the log of a CI job without what would steer
/// them.
pub(super) fn print_diff(mended: &[MendedText], terminal: &Terminal) -> Result<()> {
    let mut diff: String = mended.iter().map(diff).collect();
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
fn diff(text: &MendedText) -> String {
    let name = text.name.trim_start_matches('/').replace(char::is_control, "\u{FFFD}");
    TextDiff::from_lines(&text.before, &text.after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}

/// One line: what was mended.
pub(super) fn fixed(mended: &[MendedText]) -> String {
    match count(mended) {
        Some(count) => format!("fixed {count}"),
        None => "nothing to fix".to_owned(),
    }
}

/// One line: what would be mended, and what would be left.
pub(super) fn would_fix(mended: &[MendedText], left: &Report) -> String {
    let left = plural(left.diagnostics.len(), "finding");
    match count(mended) {
        Some(count) => format!("would fix {count}; {left} would be left"),
        None => format!("nothing to fix; {left}"),
    }
}

/// One line: why a fix was held back.
pub(super) fn held_back(name: &str) -> String {
    format!(
        "{}: some fixes were not made, since more errors would come to light than they correct; correct what is reported \
         by hand first, or use --unsafe-fixes",
        plain(name)
    )
}

fn count(mended: &[MendedText]) -> Option<String> {
    let findings = mended.iter().map(|text| text.findings).sum();
    (findings > 0).then(|| format!("{} in {}", plural(findings, "finding"), plural(mended.len(), "file")))
}
