//! JUnit XML: a test suite for each file, a test case for each case.

use std::io;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::policy::PolicyError;
use crate::policy_test::run::{FileResult, Results, Status};
use jobguard_text::plain;

/// Writes one `testsuites` document.
///
/// # Errors
/// Those of the writer.
pub fn write(results: &Results, out: &mut dyn io::Write) -> io::Result<()> {
    let mut report = Report::new("jobguard policy test");
    for file in &results.files {
        report.add_test_suite(suite(file));
    }
    if !results.policy_errors.is_empty() {
        let mut suite = TestSuite::new("policies");
        for error in &results.policy_errors {
            suite.add_test_case(case(&error.file, "the policy can be used", error.line, broken(error)));
        }
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}

fn suite(file: &FileResult) -> TestSuite {
    let mut suite = TestSuite::new(plain(&file.name));
    for error in &file.errors {
        suite.add_test_case(case(&file.name, "the file can be read", error.line, broken(error)));
    }
    for each in &file.cases {
        let status = match &each.status {
            Status::Passed(_) => TestCaseStatus::success(),
            Status::Broken(error) => broken(error),
            Status::Failed(_, rows) => {
                let differing = rows.iter().filter(|row| row.sign.character() != ' ');
                let first = differing.clone().next().map_or_else(String::new, |row| {
                    plain(&format!("{}{}", row.sign.character(), row.text.trim_start()))
                });
                let lines: Vec<String> =
                    rows.iter().map(|row| plain(&format!("{}{}", row.sign.character(), row.text))).collect();
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status
                    .set_message(format!("not as expected: {first}"))
                    .set_type("mismatch")
                    .set_description(format!("--- expected\n+++ found\n{}\n", lines.join("\n")));
                status
            }
        };
        suite.add_test_case(case(&file.name, &each.name, each.line, status));
    }
    suite
}

fn broken(error: &PolicyError) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(plain(&error.message)).set_type("error").set_description(plain(&error.to_string()));
    status
}

fn case(file: &str, title: &str, line: usize, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(plain(title), status);
    let file = plain(file);
    // Jenkins takes what follows the last dot for the class.
    let ending = file.rfind('.').filter(|dot| !file[*dot..].contains('/'));
    case.set_classname(&file[..ending.unwrap_or(file.len())]);
    case.extra.insert("file".into(), file.as_str().into());
    case.extra.insert("line".into(), line.to_string().into());
    case
}
