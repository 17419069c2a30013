//! JSON: a contract with other programs. `schemaVersion` grows when a field changes its meaning or goes away; new
//! fields may come at any time.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use super::run::Run;
use crate::diagnostic::{
    ClusterExtent, Compared, Diagnostic, FileError, Gone, ObjectId, Region, SuppressedDiagnostic, Versions,
};
use crate::engine::{Safety, Severity, SuppressedBy};
use jobguard_text::{is_steering, within_commands};

/// The version of the format.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    files: usize,
    objects: usize,
    /// What was read of a cluster; of files it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a ClusterExtent>,
    /// What of it the report does not cover.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_covered: Option<&'a [String]>,
    findings: Vec<Finding<'a>>,
    /// What would be among the findings if nothing said that it does not count.
    suppressed: Vec<Suppressed<'a>>,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Baseline<'a>>,
    /// Files that could not be read.
    errors: &'a [FileError],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule: &'a str,
    level: &'a str,
    /// Null where a rule of a policy's own gives no link.
    url: Option<String>,
    message: &'a str,
    help: Option<&'a str>,
    file: &'a str,
    template: Option<&'a str>,
    /// Null where the object stands in no text, as are the others.
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    object: Option<&'a ObjectId>,
    path: String,
    cause: Option<&'a str>,
    fix: Option<&'a str>,
    /// What the fix does, and what it changes in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<ChangeOf<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes_versions: Option<Vec<String>>,
    /// `new` or `unchanged`, where there is a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'static str>,
}

/// The edits of a fix: all of them or none.
#[derive(Serialize)]
struct ChangeOf<'a> {
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Edit<'a> {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

/// How the findings compare with a baseline.
#[derive(Serialize)]
struct Baseline<'a> {
    file: &'a str,
    new: usize,
    unchanged: usize,
    gone: Vec<GoneEntry<'a>>,
}

/// An entry of the baseline that was not found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GoneEntry<'a> {
    rule: &'a str,
    /// The file of what was found in none of its objects.
    file: Option<&'a str>,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    path: &'a str,
    count: usize,
    line: usize,
    in_input: bool,
}

#[derive(Serialize)]
struct Suppressed<'a> {
    #[serde(flatten)]
    finding: Finding<'a>,
    suppression: Suppression<'a>,
}

/// Why a finding does not count.
#[derive(Serialize)]
struct Suppression<'a> {
    /// `annotation` or `exception`.
    by: &'a str,
    /// Of an exception: its name or field, and where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    reason: Option<&'a str>,
    until: Option<String>,
}

#[derive(Serialize)]
struct Summary {
    error: usize,
    warning: usize,
    info: usize,
}

/// Writes the report of `run` as one JSON document, indented, with a newline at its end.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let report = run.report;
    let counts = report.counts();
    let count = |severity| counts.get(&severity).copied().unwrap_or_default();
    write_document(
        &Document {
            schema_version: SCHEMA_VERSION,
            files: report.files,
            objects: report.objects,
            cluster: report.cluster.as_ref(),
            not_covered: report.cluster.is_some().then_some(report.gaps.as_slice()),
            findings: run.with_known().into_iter().map(finding).collect(),
            suppressed: run.shown_suppressed().map(suppressed).collect(),
            summary: Summary {
                error: count(Severity::Error),
                warning: count(Severity::Warning),
                info: count(Severity::Info),
            },
            baseline: report.baseline.as_ref().map(|compared| baseline(compared, report.diagnostics.len())),
            errors: run.errors,
        },
        out,
    )
}

/// Writes `document` as indented JSON. Characters that steer terminals are escaped, and so is one of each command of a
/// CI log, so that showing the text is harmless; its value stays exact.
pub(crate) fn write_document(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = escape(serde_json::to_string_pretty(document)?);
    text.push('\n');
    out.write_all(text.as_bytes())
}

/// `text`, which is JSON, with characters that steer terminals escaped, and one of each command of a CI log.
pub(crate) fn escape(text: String) -> String {
    // Between strings there are no control characters but the newlines that indent.
    let commands: Vec<usize> = within_commands(&text).collect();
    if commands.is_empty() && !text.contains(|c| c != '\n' && is_steering(c)) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    let mut commands = commands.into_iter().peekable();
    for (at, c) in text.char_indices() {
        let is_of_command = commands.next_if_eq(&at).is_some();
        if c == '\n' || !(is_steering(c) || is_of_command) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

fn baseline(compared: &Compared, new: usize) -> Baseline<'_> {
    fn entry(Gone { fingerprint, count, line, is_in_input }: &Gone) -> GoneEntry<'_> {
        GoneEntry {
            rule: &fingerprint.rule,
            file: fingerprint.file.as_deref(),
            kind: &fingerprint.kind,
            namespace: fingerprint.namespace.as_deref(),
            name: fingerprint.name.as_deref(),
            path: &fingerprint.path,
            count: *count,
            line: *line,
            in_input: *is_in_input,
        }
    }
    Baseline {
        file: &compared.file,
        new,
        unchanged: compared.known.len(),
        gone: compared.gone.iter().map(entry).collect(),
    }
}

fn suppressed(one: &SuppressedDiagnostic) -> Suppressed<'_> {
    let (exception, place) = match &one.why.by {
        SuppressedBy::Annotation => (None, None),
        SuppressedBy::Exception { id, place } => (Some(id.as_str()), Some(place)),
    };
    Suppressed {
        finding: finding((&one.diagnostic, None)),
        suppression: Suppression {
            by: one.why.by.as_str(),
            exception,
            file: place.map(|place| &*place.file),
            line: place.map(|place| place.line),
            reason: one.why.reason.as_deref(),
            until: one.why.until.map(|until| until.to_string()),
        },
    }
}

fn finding<'a>((diagnostic, baseline): (&'a Diagnostic, Option<&'static str>)) -> Finding<'a> {
    let Region { line, column, end_line, end_column } = diagnostic.region;
    let place = |number| diagnostic.region.is_in_text().then_some(number);
    Finding {
        rule: diagnostic.rule.id(),
        level: diagnostic.severity.as_str(),
        url: diagnostic.rule.url(),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        file: &diagnostic.file,
        template: diagnostic.template.as_deref(),
        line: place(line),
        column: place(column),
        end_line: place(end_line),
        end_column: place(end_column),
        object: diagnostic.object.as_deref(),
        path: diagnostic.path.to_string(),
        cause: diagnostic.cause.map(jobguard_apiserver::Cause::as_str),
        fix: diagnostic.fix.and_then(Safety::as_str),
        change: change(diagnostic),
        kubernetes_versions: diagnostic.versions.as_ref().map(Versions::ranges),
        baseline,
    }
}

fn change(diagnostic: &Diagnostic) -> Option<ChangeOf<'_>> {
    diagnostic.offered_fix()?;
    let change = diagnostic.change.as_ref()?;
    let edits = change.replacements.iter().map(|replacement| {
        let Region { line, column, end_line, end_column } = replacement.region;
        Edit { line, column, end_line, end_column, text: &replacement.with }
    });
    Some(ChangeOf { title: &change.title, edits: edits.collect() })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_contract() {
        let report = fixture::with_suppressed(fixture::report(), "import", "it takes long");
        insta::assert_snapshot!(fixture::render(&report, write));
    }

    #[test]
    fn escapes_say_the_same() {
        let commands = "##vso[task.x]y ##[error]";
        let mut out = Vec::new();
        write_document(&[commands], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "[\n  \"#\\u0023vso[task.x]y #\\u0023[error]\"\n]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [commands]);
        let odd = "a\u{1b}\u{9b}\u{7f}\u{202e}\u{e0041}\n\"é";
        let mut out = Vec::new();
        write_document(&[odd], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "[\n  \"a\\u001b\\u009b\\u007f\\u202e\\udb40\\udc41\\n\\\"é\"\n]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [odd]);
    }
}
