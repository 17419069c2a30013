//! One line a finding, as compilers print them: for `grep`, for the problem matchers of editors, and for long lists.

use std::io;

use super::counts::flag;
use super::run::Run;
use crate::diagnostic::Diagnostic;
use jobguard_text::plain;

/// Writes `FILE:LINE:COLUMN: LEVEL[RULE]: MESSAGE` for each finding of `run`, and a line for each file that could not be
/// read.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    for error in run.errors {
        writeln!(out, "{}: error: {}", plain(&error.name), plain(&error.message))?;
    }
    for gap in &run.report.gaps {
        writeln!(out, "not covered: {}", plain(gap))?;
    }
    for diagnostic in run.shown() {
        writeln!(out, "{}", line(diagnostic))?;
    }
    Ok(())
}

fn line(diagnostic: &Diagnostic) -> String {
    let mut line = format!(
        "{}: {}[{}]: {}",
        plain(&diagnostic.place()),
        diagnostic.severity,
        diagnostic.rule.id(),
        plain(&diagnostic.text())
    );
    let subject = diagnostic.subject();
    if !subject.is_empty() {
        line += &format!(" ({})", plain(&subject));
    }
    if let Some(flag) = diagnostic.offered_fix().and_then(flag) {
        line += &format!(" [{flag}]");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn lines() {
        insta::assert_snapshot!(fixture::render(&fixture::report(), write));
    }
}
