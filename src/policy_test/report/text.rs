//! Text for people: what failed, with a diff, and how many did not.

use std::fmt::Write as _;

use crate::policy_test::compare::Sign;
use crate::policy_test::run::{FileResult, Results, Status};
use jobguard_text::{plain, plural};

/// How the text looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look {
    /// Whether it is coloured.
    pub color: bool,
    /// Whether cases that pass are listed, too.
    pub verbose: bool,
}

impl Look {
    fn paint(self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

const RED: &str = "31";
const GREEN: &str = "32";
const BOLD_RED: &str = "1;31";

/// The text.
pub fn render(results: &Results, look: Look) -> String {
    let mut out = String::new();
    for error in &results.policy_errors {
        let _ = writeln!(out, "{} {}", look.paint(BOLD_RED, "ERROR"), plain(&error.to_string()));
    }
    for file in &results.files {
        write_file(file, look, &mut out);
    }
    let counts = results.counts();
    let cases = counts.passed + counts.failed + counts.broken;
    let mut parts = vec![format!("{} passed", counts.passed)];
    if counts.failed > 0 {
        parts.push(format!("{} failed", counts.failed));
    }
    if counts.broken > 0 {
        parts.push(format!("{} could not be run", counts.broken));
    }
    let errors: usize =
        results.files.iter().map(|file| file.errors.len()).sum::<usize>() + results.policy_errors.len();
    if errors > 0 {
        parts.push(plural(errors, "error"));
    }
    let files = plural(results.files.len(), "file");
    let _ = writeln!(out, "{} in {files}: {}", plural(cases, "case"), parts.join(", "));
    out
}

fn write_file(file: &FileResult, look: Look, out: &mut String) {
    for error in &file.errors {
        let _ = writeln!(out, "{} {}", look.paint(BOLD_RED, "ERROR"), plain(&error.to_string()));
    }
    for case in &file.cases {
        let place = format!("{}:{}", plain(&file.name), case.line);
        let name = plain(&case.name);
        match &case.status {
            Status::Passed(_) if look.verbose => {
                let _ = writeln!(out, "{}  {place}: {name}", look.paint(GREEN, "pass"));
            }
            Status::Passed(_) => {}
            Status::Failed(_, rows) => {
                let policy = plain(&case.policy);
                let _ = writeln!(out, "{}  {place}: {name} (policy {policy})", look.paint(BOLD_RED, "FAIL"));
                let _ = writeln!(out, "      {}", look.paint(RED, "--- expected"));
                let _ = writeln!(out, "      {}", look.paint(GREEN, "+++ found"));
                for row in rows {
                    let line = plain(&format!("{}{}", row.sign.character(), row.text));
                    let line = match row.sign {
                        Sign::Same => line,
                        Sign::Missing => look.paint(RED, &line),
                        Sign::Unexpected => look.paint(GREEN, &line),
                    };
                    let _ = writeln!(out, "      {line}");
                }
            }
            Status::Broken(errors) => {
                for error in errors {
                    // A case without a name goes by its field, which is said already.
                    let of = match error.path.starts_with(&case.name) {
                        true => String::new(),
                        false => format!(" (case {name:?})"),
                    };
                    let error = plain(&error.to_string());
                    let _ = writeln!(out, "{} {error}{of}", look.paint(BOLD_RED, "ERROR"));
                }
            }
            Status::Blocked(error) if look.verbose => {
                let error = plain(&error.to_string());
                let _ = writeln!(out, "{} {error} (case {name:?})", look.paint(BOLD_RED, "ERROR"));
            }
            Status::Blocked(_) => {}
        }
    }
}
