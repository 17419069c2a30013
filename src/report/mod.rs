//! Findings as people and tools read them: one file a format.
//!
//! A [`Diagnostic`] is a finding made concrete: it has a file, a line and a column. Renderers see nothing else.

mod json;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::batch::Cause;
use crate::engine::{Rule, Severity};
use crate::path::FieldPath;

pub use json::write as write_json;
pub use text::{Style, write as write_text};

/// A finding and where it stands.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The rule that speaks.
    pub rule: &'static Rule,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The file as the user named it; `<stdin>` for standard input.
    pub file: String,
    /// The place.
    pub region: Region,
    /// The object, where the text got that far.
    pub object: Option<ObjectId>,
    /// The field, as the API server names it; empty for the object or the document itself.
    pub path: FieldPath,
    /// The cause type, where the API server would give one.
    pub cause: Option<Cause>,
    /// Other places worth a look, in the same file.
    pub related: Vec<RelatedPlace>,
    /// The lines around the places, for people.
    pub excerpt: Option<Excerpt>,
}

/// A stretch of text. Lines and columns count from 1, columns in characters; the end is one past the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Region {
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
}

/// Another place that explains a diagnostic.
#[derive(Debug, Clone)]
pub struct RelatedPlace {
    /// Where.
    pub region: Region,
    /// What to see there.
    pub message: String,
    /// Its bytes in the excerpt.
    pub in_excerpt: Option<std::ops::Range<usize>>,
}

/// Lines cut out of a file.
#[derive(Debug, Clone)]
pub struct Excerpt {
    /// The lines.
    pub text: String,
    /// The number of the first.
    pub first_line: usize,
    /// The bytes of the diagnostic's place in `text`.
    pub place: std::ops::Range<usize>,
}

/// What identifies an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectId {
    /// `batch/v1` and so on, as written.
    pub api_version: String,
    /// `Job` or `CronJob`.
    pub kind: String,
    /// The namespace, where the manifest says one.
    pub namespace: Option<String>,
    /// The name; where it is generated, its prefix and `*`.
    pub name: Option<String>,
}

/// Everything that a run has to say.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// How many Jobs and CronJobs were judged.
    pub objects: usize,
    /// The diagnostics, ordered by file, position and rule.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Puts the diagnostics in their order, which depends on nothing but themselves.
    pub fn sort(&mut self) {
        self.diagnostics.sort_by(|a, b| {
            (&a.file, a.region, a.rule.id(), &a.path, &a.message).cmp(&(
                &b.file,
                b.region,
                b.rule.id(),
                &b.path,
                &b.message,
            ))
        });
    }

    /// How many diagnostics there are of each severity.
    pub fn counts(&self) -> BTreeMap<Severity, usize> {
        let mut counts: BTreeMap<Severity, usize> = Severity::ALL.map(|severity| (severity, 0)).into();
        for diagnostic in &self.diagnostics {
            *counts.entry(diagnostic.severity).or_default() += 1;
        }
        counts
    }

    /// The heaviest severity there is.
    pub fn worst(&self) -> Option<Severity> {
        self.diagnostics.iter().map(|diagnostic| diagnostic.severity).max()
    }
}

#[cfg(test)]
mod fixture;
