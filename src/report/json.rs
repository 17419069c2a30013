//! JSON: a contract with other programs. `schemaVersion` grows when a field changes its meaning or goes away; new
//! fields may come at any time.

use std::io;

use serde::Serialize;

use super::{Diagnostic, ObjectId, Report};
use crate::engine::Severity;

/// The version of the format.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    files: usize,
    objects: usize,
    findings: Vec<Finding<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule: &'a str,
    level: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    object: Option<&'a ObjectId>,
    path: String,
    cause: Option<&'a str>,
    fix: Option<&'a str>,
}

#[derive(Serialize)]
struct Summary {
    error: usize,
    warning: usize,
    info: usize,
}

/// Writes `report` as one JSON document, indented, with a newline at its end.
///
/// # Errors
///
/// Those of the writer.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let counts = report.counts();
    let count = |severity| counts.get(&severity).copied().unwrap_or_default();
    let document = Document {
        schema_version: SCHEMA_VERSION,
        files: report.files,
        objects: report.objects,
        findings: report.diagnostics.iter().map(finding).collect(),
        summary: Summary {
            error: count(Severity::Error),
            warning: count(Severity::Warning),
            info: count(Severity::Info),
        },
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn finding(diagnostic: &Diagnostic) -> Finding<'_> {
    Finding {
        rule: diagnostic.rule.id(),
        level: diagnostic.severity.as_str(),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        file: &diagnostic.file,
        line: diagnostic.region.line,
        column: diagnostic.region.column,
        end_line: diagnostic.region.end_line,
        end_column: diagnostic.region.end_column,
        object: diagnostic.object.as_ref(),
        path: diagnostic.path.to_string(),
        cause: diagnostic.cause.map(crate::batch::Cause::as_str),
        // Fixes come with the fixer; the field is part of the format from the start.
        fix: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_contract() {
        let mut out = Vec::new();
        write(&fixture::report(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
