//! JUnit XML, as GitLab, Jenkins and others show it: a test suite for each file, a test case for each object.
//!
//! A case fails when the object has a finding that makes the exit status 1, so that both agree; less severe
//! findings stand in its output. Cases that pass are listed too: their names stay when findings come and go.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::run::Run;
use crate::diagnostic::{CLUSTER, Diagnostic, JudgedObject, ObjectId};
use jobguard_text::plain;

/// Writes the report of `run` as one `testsuites` document.
///
/// # Errors
///
/// Those of the writer.
pub fn write(run: &Run<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut files: BTreeMap<&str, File<'_>> = BTreeMap::new();
    for object in &run.report.listed {
        files.entry(suite_of(&object.file, object.line)).or_default().list(object);
    }
    // What makes the exit status 1 fails its case, whatever else is hidden.
    let least = run.fails_from.map_or(run.least, |fails_from| run.least.min(fails_from));
    for diagnostic in run.report.diagnostics.iter().filter(|diagnostic| diagnostic.severity >= least) {
        files.entry(suite_of(&diagnostic.file, diagnostic.region.line)).or_default().add(diagnostic);
    }
    let mut report = quick_junit::Report::new("jobguard");
    for (name, file) in files {
        report.add_test_suite(file.suite(name, run));
    }
    if !run.report.gaps.is_empty() {
        let name = run.report.cluster.as_ref().map_or("jobguard", |cluster| &cluster.name);
        let mut status = TestCaseStatus::skipped();
        status.set_message(plain(&run.report.gaps.join("; ")));
        let mut suite = TestSuite::new(plain(name));
        suite.add_test_case(TestCase::new("everything can be read", status));
        report.add_test_suite(suite);
    }
    for error in run.errors {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(plain(&error.message)).set_type("cannot be read");
        let mut suite = TestSuite::new(plain(&error.name));
        suite.add_test_case(case(&error.name, "can be read", None, status));
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}

/// The suite of what stands in a file or, in no text, in a namespace: its name is that of the object without kind and name.
fn suite_of(file: &str, line: usize) -> &str {
    match line {
        0 => file.rsplitn(3, '/').nth(2).unwrap_or(file),
        _ => file,
    }
}

/// The objects of a file, in their order, each with its findings.
#[derive(Default)]
struct File<'a> {
    objects: Vec<(&'a JudgedObject, Vec<&'a Diagnostic>)>,
    /// The positions of those that stand in no text: of one name there is one, and there may be very many.
    by_id: BTreeMap<&'a ObjectId, usize>,
    /// Findings that are about the text, not an object.
    text: Vec<&'a Diagnostic>,
}

impl<'a> File<'a> {
    fn list(&mut self, object: &'a JudgedObject) {
        if object.line == 0 {
            self.by_id.insert(&object.id, self.objects.len());
        }
        self.objects.push((object, Vec::new()));
    }

    fn add(&mut self, diagnostic: &'a Diagnostic) {
        // Of objects of the same name, it is the last that starts before the finding.
        let place = (diagnostic.region.line, diagnostic.region.column);
        let position = diagnostic.object.as_deref().and_then(|object| self.by_id.get(object));
        if let Some((_, findings)) = position.and_then(|position| self.objects.get_mut(*position)) {
            findings.push(diagnostic);
            return;
        }
        let owner = self.objects.iter_mut().rev().find(|(object, _)| {
            Some(&object.id) == diagnostic.object.as_ref() && (object.line, object.column) <= place
        });
        match owner {
            Some((_, findings)) => findings.push(diagnostic),
            None => self.text.push(diagnostic),
        }
    }

    fn suite(self, name: &str, run: &Run<'_>) -> TestSuite {
        let mut suite = TestSuite::new(plain(name));
        if !self.text.is_empty() {
            suite.add_test_case(judged(name, "reads as YAML or JSON", None, &self.text, run));
        }
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (object, findings) in self.objects {
            let mut title = object.id.to_string();
            let times = seen.entry(title.clone()).or_default();
            *times += 1;
            if *times > 1 {
                let _ = write!(title, " #{times}");
            }
            let line = Some(object.line).filter(|line| *line > 0);
            suite.add_test_case(judged(name, &title, line, &findings, run));
        }
        suite
    }
}

/// The case of one object: failed, or passed with what else there is to say.
fn judged(file: &str, title: &str, line: Option<usize>, findings: &[&Diagnostic], run: &Run<'_>) -> TestCase {
    let text: Vec<String> = findings.iter().map(|finding| explain(finding)).collect();
    let text = text.join("\n");
    // The first of the most severe: `max_by_key` takes the last.
    let worst = findings.iter().rev().max_by_key(|finding| finding.severity);
    match worst.filter(|worst| run.fails_from.is_some_and(|least| worst.severity >= least)) {
        Some(worst) => {
            let others = match findings.len() - 1 {
                0 => String::new(),
                others => format!(" (and {others} more)"),
            };
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_message(format!("{}{others}", plain(&worst.text())))
                .set_type(worst.rule.id())
                .set_description(text);
            case(file, title, line, status)
        }
        None => {
            let mut case = case(file, title, line, TestCaseStatus::success());
            if !text.is_empty() {
                case.set_system_out(text);
            }
            case
        }
    }
}

fn case(file: &str, title: &str, line: Option<usize>, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(plain(title), status);
    let file = plain(file);
    // Jenkins takes what follows the last dot for the class.
    let ending = file.rfind('.').filter(|dot| !file[*dot..].contains('/'));
    case.set_classname(&file[..ending.unwrap_or(file.len())]);
    if !file.starts_with(CLUSTER) {
        case.extra.insert("file".into(), file.as_str().into());
    }
    if let Some(line) = line {
        case.extra.insert("line".into(), line.to_string().into());
    }
    case
}

fn explain(diagnostic: &Diagnostic) -> String {
    let mut text = format!(
        "{}: {}[{}]: {}\n",
        plain(&diagnostic.place()),
        diagnostic.severity,
        diagnostic.rule.id(),
        plain(&diagnostic.text())
    );
    if !diagnostic.path.is_root() {
        let _ = writeln!(text, "  at {}", plain(&diagnostic.path.to_string()));
    }
    for related in &diagnostic.related {
        let _ = writeln!(text, "  line {}: {}", related.region.line, plain(&related.message));
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(text, "  help: {}", plain(help));
    }
    if let Some(template) = &diagnostic.template {
        let _ = writeln!(text, "  rendered from template {}", plain(template));
    }
    if let Some(url) = diagnostic.rule.url() {
        let _ = writeln!(text, "  about the rule: {url}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::engine::Severity;

    #[test]
    fn cases() {
        insta::assert_snapshot!(fixture::render(&fixture::report(), write));
    }

    #[test]
    fn a_case_fails_where_the_exit_status_does() {
        let report = fixture::report();
        let failures = |fails_from| {
            let mut out = Vec::new();
            write(&Run { fails_from, ..Run::of(&report) }, &mut out).unwrap();
            quick_junit::Report::deserialize(out.as_slice()).unwrap().failures
        };
        assert_eq!(failures(None), 0);
        assert_eq!(failures(Some(Severity::Error)), 1);
        assert_eq!(failures(Some(Severity::Info)), 2);
    }
}
