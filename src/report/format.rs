//! The formats of findings, listed once.

use std::io;

use super::run::Run;
use super::style::Style;
use super::{checkstyle, concise, github, gitlab, html, json, junit, markdown, rdjson, sarif, text};

/// A format of findings.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Whether it is read by people, and so has a style.
    pub is_for_people: bool,
    /// Whether it shows which findings can be fixed ([`Diagnostic::fix`](crate::diagnostic::Diagnostic::fix)).
    pub shows_fixes: bool,
    /// Whether it shows what fixes change ([`Diagnostic::change`](crate::diagnostic::Diagnostic::change)).
    pub shows_changes: bool,
    /// Whether it shows the lines that info findings are about ([`Diagnostic::excerpt`](crate::diagnostic::Diagnostic::excerpt)).
    pub shows_info_lines: bool,
    /// Whether it lists the objects that were judged ([`Report::listed`](crate::diagnostic::Report::listed)).
    pub lists_objects: bool,
    /// Whether it describes the rules ([`Run::rules`]).
    pub describes_rules: bool,
    write: fn(&Run<'_>, Style, &mut dyn io::Write) -> io::Result<()>,
}

/// A format for programs that shows the findings and nothing else.
const PLAIN: Format = Format {
    name: "",
    summary: "",
    is_for_people: false,
    shows_fixes: false,
    shows_changes: false,
    shows_info_lines: false,
    lists_objects: false,
    describes_rules: false,
    write: |_, _, _| Ok(()),
};

/// A format that shows all there is to know.
const SHOWN_WHOLE: Format = Format {
    shows_fixes: true,
    shows_changes: true,
    shows_info_lines: true,
    lists_objects: true,
    describes_rules: true,
    ..PLAIN
};

/// All formats; the first is the default.
pub static FORMATS: [Format; 11] = [
    Format {
        name: "text",
        summary: "For people: each finding with the lines it is about",
        is_for_people: true,
        shows_fixes: true,
        write: |run, style, out| text::write(run.report, style, out),
        ..PLAIN
    },
    Format {
        name: "concise",
        summary: "For people and editors: one line a finding",
        shows_fixes: true,
        write: |run, _, out| concise::write(run, out),
        ..PLAIN
    },
    Format {
        name: "json",
        summary: "For programs: one JSON document",
        shows_fixes: true,
        shows_changes: true,
        write: |run, _, out| json::write(run, out),
        ..PLAIN
    },
    Format {
        name: "sarif",
        summary: "For code scanning: SARIF 2.1.0",
        shows_fixes: true,
        shows_changes: true,
        describes_rules: true,
        write: |run, _, out| sarif::write(run, out),
        ..PLAIN
    },
    Format {
        name: "github",
        summary: "For GitHub Actions: annotations",
        write: |run, _, out| github::write(run, out),
        ..PLAIN
    },
    Format {
        name: "gitlab",
        summary: "For GitLab: code quality in merge requests",
        write: |run, _, out| gitlab::write(run, out),
        ..PLAIN
    },
    Format {
        name: "rdjson",
        summary: "For reviewdog: comments with suggested changes",
        shows_fixes: true,
        shows_changes: true,
        shows_info_lines: true,
        write: |run, _, out| rdjson::write(run, out),
        ..PLAIN
    },
    Format {
        name: "checkstyle",
        summary: "For tools that read Checkstyle's XML",
        write: |run, _, out| checkstyle::write(run, out),
        ..PLAIN
    },
    Format {
        name: "junit",
        summary: "For test reports in CI: JUnit XML",
        lists_objects: true,
        write: |run, _, out| junit::write(run, out),
        ..PLAIN
    },
    Format {
        name: "html",
        summary: "For people: a page to be searched, one file",
        write: |run, _, out| html::write(run, out),
        ..SHOWN_WHOLE
    },
    Format {
        name: "markdown",
        summary: "For a comment on a pull request, or the summary of a step",
        write: |run, _, out| markdown::write(run, out),
        ..SHOWN_WHOLE
    },
];

impl Format {
    /// Writes the report of `run`. Only a format for people has a style.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(self, run: &Run<'_>, style: Style, out: &mut dyn io::Write) -> io::Result<()> {
        (self.write)(run, style, out)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

impl Default for Format {
    fn default() -> Self {
        FORMATS[0]
    }
}
