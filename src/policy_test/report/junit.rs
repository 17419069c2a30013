//! JUnit XML: a test suite for each file, a test case for each case.

use std::collections::HashMap;
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
        let mut titles = Titles::default();
        for error in &results.policy_errors {
            let title = titles.own("the policy can be used");
            suite.add_test_case(case(&error.file, &title, error.line, broken(std::slice::from_ref(error))));
        }
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}

fn suite(file: &FileResult) -> TestSuite {
    let mut suite = TestSuite::new(plain(&file.name));
    let mut titles = Titles::default();
    for error in &file.errors {
        let title = titles.own("the file can be read");
        suite.add_test_case(case(&file.name, &title, error.line, broken(std::slice::from_ref(error))));
    }
    for each in &file.cases {
        let status = match &each.status {
            Status::Passed(_) => TestCaseStatus::success(),
            Status::Broken(errors) => broken(errors),
            Status::Blocked(error) => broken(std::slice::from_ref(error)),
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
        suite.add_test_case(case(&file.name, &titles.own(&each.name), each.line, status));
    }
    suite
}

fn broken(errors: &[PolicyError]) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let message = errors.first().map(|error| plain(&error.message)).unwrap_or_default();
    let all: Vec<String> = errors.iter().map(|error| plain(&error.to_string())).collect();
    status.set_message(message).set_type("error").set_description(all.join("\n"));
    status
}

/// The names of a suite's test cases, unique within it.
#[derive(Debug, Default)]
struct Titles(HashMap<String, usize>);

impl Titles {
    /// `title`, or if that is taken, with the first number that is not.
    fn own(&mut self, title: &str) -> String {
        let title = plain(title);
        let mut number = self.0.get(&title).map_or(1, |number| number + 1);
        let numbered = |number: usize| match number {
            1 => title.clone(),
            number => format!("{title} ({number})"),
        };
        while self.0.contains_key(&numbered(number)) {
            number += 1;
        }
        let own = numbered(number);
        self.0.insert(own.clone(), 1);
        self.0.insert(title, number);
        own
    }
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
