//! JSON for programs. `schemaVersion` grows when a field changes its meaning or goes away.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::policy::PolicyError;
use crate::policy_test::actual::Actual;
use crate::policy_test::run::{CaseResult, Results, Status};

/// The version of the format.
const SCHEMA_VERSION: u32 = 1;

/// The document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    schema_version: u32,
    files: Vec<File<'a>>,
    /// What is wrong with test files and policies.
    errors: Vec<Error<'a>>,
    summary: Summary,
}

#[derive(Debug, Serialize)]
struct File<'a> {
    file: &'a str,
    cases: Vec<Case<'a>>,
}

#[derive(Debug, Serialize)]
struct Case<'a> {
    name: &'a str,
    line: usize,
    policy: &'a str,
    status: &'static str,
    /// What came out.
    found: Option<Found<'a>>,
    /// The lines of the diff, where it is not as expected.
    diff: Vec<String>,
    /// The first of the errors.
    error: Option<Error<'a>>,
    /// Why it could not be run.
    errors: Vec<Error<'a>>,
}

#[derive(Debug, Serialize)]
struct Found<'a> {
    allowed: bool,
    findings: Vec<Finding<'a>>,
    patched: BTreeMap<&'a str, &'a Value>,
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    rule: &'a str,
    level: &'a str,
    path: &'a str,
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct Error<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    path: &'a str,
    message: &'a str,
    help: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Summary {
    passed: usize,
    failed: usize,
    broken: usize,
}

/// The document about some results.
pub fn document(results: &Results) -> Document<'_> {
    let counts = results.counts();
    let of_files = results.files.iter().flat_map(|file| &file.errors);
    Document {
        schema_version: SCHEMA_VERSION,
        files: (results.files.iter())
            .map(|file| File { file: &file.name, cases: file.cases.iter().map(case).collect() })
            .collect(),
        errors: of_files.chain(&results.policy_errors).map(error).collect(),
        summary: Summary { passed: counts.passed, failed: counts.failed, broken: counts.broken },
    }
}

fn case(case: &CaseResult) -> Case<'_> {
    let (status, actual, diff, errors) = match &case.status {
        Status::Passed(actual) => ("passed", Some(actual), Vec::new(), &[][..]),
        Status::Failed(actual, rows) => {
            let rows = rows.iter().map(|row| format!("{}{}", row.sign.character(), row.text));
            ("failed", Some(actual), rows.collect(), &[][..])
        }
        Status::Broken(errors) => ("broken", None, Vec::new(), &errors[..]),
        Status::Blocked(error) => ("broken", None, Vec::new(), std::slice::from_ref(error)),
    };
    let found = actual.map(found);
    let (first, errors) = (errors.first().map(error), errors.iter().map(error).collect());
    Case {
        name: &case.name,
        line: case.line,
        policy: &case.policy,
        status,
        found,
        diff,
        error: first,
        errors,
    }
}

fn found(actual: &Actual) -> Found<'_> {
    let findings = actual.findings.iter().map(|finding| Finding {
        rule: finding.rule,
        level: finding.severity.as_str(),
        path: finding.path(),
        message: &finding.message,
    });
    Found { allowed: actual.allowed, findings: findings.collect(), patched: actual.patched().collect() }
}

fn error(error: &PolicyError) -> Error<'_> {
    let PolicyError { file, line, column, path, message, help, .. } = error;
    Error { file, line: *line, column: *column, path, message, help: help.as_deref() }
}
