//! What came out beside what was expected.

use serde_json::Value;

use super::actual::{Actual, ActualFinding};
use super::model::{Expected, ExpectedFinding, Field};
use super::yaml;
use jobguard_text::plain;

/// What becomes of a line of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Expected, and so it is.
    Same,
    /// Expected, and not there.
    Missing,
    /// There, and not expected.
    Unexpected,
}

impl Sign {
    /// The first character of the line.
    pub const fn character(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Missing => '-',
            Self::Unexpected => '+',
        }
    }
}

/// A line of a diff: from what a test expects to what there is, in the words of a test file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What becomes of it.
    pub sign: Sign,
    /// The line, without anything that steers a terminal.
    pub text: String,
}

impl Row {
    fn new(sign: Sign, text: impl Into<String>) -> Self {
        Self { sign, text: text.into() }
    }
}

/// What differs: none where all is as expected.
pub(super) fn compare(expected: &Expected, actual: &Actual) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    if let Some(allowed) = expected.allowed {
        match allowed == actual.allowed {
            true => rows.push(Row::new(Sign::Same, format!("allowed: {allowed}"))),
            false => {
                rows.push(Row::new(Sign::Missing, format!("allowed: {allowed}")));
                rows.push(Row::new(Sign::Unexpected, format!("allowed: {}", actual.allowed)));
            }
        }
    }
    findings(expected, actual, &mut rows);
    absent(expected, actual, &mut rows);
    if let Some(patched) = &expected.patched {
        compare_patched(patched, &actual.patched, expected.others_too, &mut rows);
    }
    rows.iter().any(|row| row.sign != Sign::Same).then_some(rows)
}

/// Which of the findings is which of those expected: as many as can be, each once.
fn assign(expected: &[ExpectedFinding], found: &[ActualFinding]) -> Vec<Option<usize>> {
    // For each finding, the expectation that it meets.
    let mut taken: Vec<Option<usize>> = vec![None; found.len()];
    for index in 0..expected.len() {
        let mut seen = vec![false; found.len()];
        place(index, expected, found, &mut taken, &mut seen);
    }
    taken
}

/// Finds a finding for the expectation at `index`, moving others to theirs if need be (Kuhn's algorithm).
fn place(
    index: usize,
    expected: &[ExpectedFinding],
    found: &[ActualFinding],
    taken: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for candidate in 0..found.len() {
        if seen[candidate] || !meets(&expected[index], &found[candidate]) {
            continue;
        }
        seen[candidate] = true;
        let is_free = match taken[candidate] {
            None => true,
            Some(other) => place(other, expected, found, taken, seen),
        };
        if is_free {
            taken[candidate] = Some(index);
            return true;
        }
    }
    false
}

/// Whether a finding is as expected.
fn meets(expected: &ExpectedFinding, found: &ActualFinding) -> bool {
    expected.rule == found.rule
        && expected.path.as_ref().is_none_or(|path| path.is(&found.path))
        && expected.severity.is_none_or(|severity| severity == found.severity)
        && expected.message.as_ref().is_none_or(|message| found.message.contains(message.as_str()))
}

fn findings(expected: &Expected, actual: &Actual, rows: &mut Vec<Row>) {
    let Some(wanted) = &expected.findings else { return };
    let taken = assign(wanted, &actual.findings);
    let missing: Vec<&ExpectedFinding> = (0..wanted.len())
        .filter(|index| !taken.contains(&Some(*index)))
        .map(|index| &wanted[index])
        .collect();
    // Where others are passed over, those of a rule that is missed may be what was meant.
    let is_shown = |found: &ActualFinding| {
        !expected.others_too || missing.iter().any(|finding| finding.rule == found.rule)
    };
    let mut lines: Vec<((&str, &str), Row)> = Vec::new();
    for finding in &missing {
        let path = finding.path.as_ref().map_or("", |path| path.text.as_str());
        lines.push(((&finding.rule, path), Row::new(Sign::Missing, yaml::expected(finding))));
    }
    for (found, taken) in actual.findings.iter().zip(&taken) {
        let key = (found.rule, found.path());
        match taken {
            Some(_) => lines.push((key, Row::new(Sign::Same, yaml::finding(found)))),
            None if is_shown(found) => {
                lines.push((key, Row::new(Sign::Unexpected, yaml::finding(found))));
                let message = format!("  # {}", plain(&found.message));
                lines.push((key, Row::new(Sign::Unexpected, message)));
            }
            None => {}
        }
    }
    lines.sort_by_key(|(key, _)| *key);
    if lines.is_empty() {
        rows.push(Row::new(Sign::Same, "findings: []"));
        return;
    }
    rows.push(Row::new(Sign::Same, "findings:"));
    rows.extend(lines.into_iter().map(|(_, row)| row));
}

/// What must not be found, and is.
fn absent(expected: &Expected, actual: &Actual, rows: &mut Vec<Row>) {
    for unwanted in &expected.absent {
        let found: Vec<&ActualFinding> =
            actual.findings.iter().filter(|found| meets(unwanted, found)).collect();
        if found.is_empty() {
            continue;
        }
        rows.push(Row::new(Sign::Same, "absent:"));
        rows.push(Row::new(Sign::Missing, yaml::expected(unwanted)));
        for found in found {
            rows.push(Row::new(Sign::Unexpected, yaml::finding(found)));
            rows.push(Row::new(Sign::Unexpected, format!("  # {}", plain(&found.message))));
        }
    }
}

fn compare_patched(
    wanted: &[(Field, Value)],
    actual: &[(Field, Value)],
    others_too: bool,
    rows: &mut Vec<Row>,
) {
    let line =
        |(field, value): &(Field, Value)| format!("  {}: {}", yaml::string(&field.text), yaml::value(value));
    let mut lines: Vec<(&str, Row)> = Vec::new();
    for each in wanted {
        let found = actual.iter().find(|(field, _)| field.is(&each.0));
        let sign = if found.is_some_and(|(_, value)| *value == each.1) { Sign::Same } else { Sign::Missing };
        lines.push((&each.0.text, Row::new(sign, line(each))));
        if let Some(found) = found.filter(|_| sign == Sign::Missing) {
            lines.push((&each.0.text, Row::new(Sign::Unexpected, line(found))));
        }
    }
    let is_wanted = |field: &Field| wanted.iter().any(|(other, _)| other.is(field));
    for each in actual.iter().filter(|(field, _)| !others_too && !is_wanted(field)) {
        lines.push((&each.0.text, Row::new(Sign::Unexpected, line(each))));
    }
    lines.sort_by_key(|(key, _)| *key);
    if lines.is_empty() {
        rows.push(Row::new(Sign::Same, "patched: {}"));
        return;
    }
    rows.push(Row::new(Sign::Same, "patched:"));
    rows.extend(lines.into_iter().map(|(_, row)| row));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Severity;
    use jobguard_manifest::Span;
    use serde_json::json;

    fn found(rule: &'static str, path: &str, message: &str) -> ActualFinding {
        ActualFinding {
            rule,
            severity: Severity::Warning,
            path: Field::parse(path),
            message: message.to_owned(),
        }
    }

    fn wanted(rule: &str, path: Option<&str>) -> ExpectedFinding {
        ExpectedFinding {
            rule: rule.to_owned(),
            place: Span::default(),
            field: String::new(),
            path: path.map(Field::parse),
            severity: None,
            message: None,
        }
    }

    fn shown(expected: &Expected, actual: &Actual) -> String {
        let rows = compare(expected, actual).unwrap_or_default();
        rows.iter().map(|row| format!("{}{}\n", row.sign.character(), row.text)).collect()
    }

    fn actual(findings: Vec<ActualFinding>) -> Actual {
        Actual { allowed: true, findings, patched: Vec::new() }
    }

    #[test]
    fn findings_are_compared_exactly() {
        let expected =
            Expected { findings: Some(vec![wanted("a/b", Some("spec.x"))]), ..Expected::default() };
        assert_eq!(shown(&expected, &actual(vec![found("a/b", "spec.x", "m")])), "");
        let two = actual(vec![found("a/b", "spec.x", "m"), found("a/c", "", "other")]);
        assert_eq!(
            shown(&expected, &two),
            " findings:\n - {rule: a/b, path: spec.x, level: warning}\n+- {rule: a/c, level: warning}\n+  # other\n"
        );
        let lenient = Expected { others_too: true, ..expected.clone() };
        assert_eq!(shown(&lenient, &two), "");
        assert_eq!(
            shown(&lenient, &actual(vec![found("a/b", "spec.y", "m"), found("a/c", "", "other")])),
            " findings:\n-- {rule: a/b, path: spec.x}\n+- {rule: a/b, path: spec.y, level: warning}\n+  # m\n"
        );
        let none = Expected { findings: Some(Vec::new()), ..Expected::default() };
        assert_eq!(shown(&none, &actual(Vec::new())), "");
        assert!(shown(&none, &two).starts_with(" findings:\n+- {rule: a/b"));
    }

    #[test]
    fn each_finding_meets_one_expectation() {
        // The vague one comes first, and leaves the finding that the exact one needs.
        let expected = Expected {
            findings: Some(vec![wanted("a/b", None), wanted("a/b", Some("x"))]),
            ..Expected::default()
        };
        assert_eq!(shown(&expected, &actual(vec![found("a/b", "x", ""), found("a/b", "y", "")])), "");
        assert!(
            shown(&expected, &actual(vec![found("a/b", "y", ""), found("a/b", "z", "")])).contains("-- ")
        );
        assert!(shown(&expected, &actual(vec![found("a/b", "x", "")])).contains("-- "));
    }

    #[test]
    fn what_must_not_be_found() {
        let expected = Expected { absent: vec![wanted("a/b", None)], ..Expected::default() };
        assert_eq!(shown(&expected, &actual(vec![found("a/c", "", "")])), "");
        assert_eq!(
            shown(&expected, &actual(vec![found("a/b", "x", "why")])),
            " absent:\n-- {rule: a/b}\n+- {rule: a/b, path: x, level: warning}\n+  # why\n"
        );
    }

    #[test]
    fn patched_fields() {
        let of = |pairs: &[(&str, Value)]| -> Vec<(Field, Value)> {
            pairs.iter().map(|(path, value)| (Field::parse(path), value.clone())).collect()
        };
        let expected = Expected {
            patched: Some(of(&[("spec.a", json!(1)), ("metadata.labels.b", json!("x"))])),
            ..Expected::default()
        };
        let mut actual = Actual {
            allowed: true,
            findings: Vec::new(),
            patched: of(&[("spec.a", json!(1)), ("metadata.labels[b]", json!("x"))]),
        };
        assert_eq!(shown(&expected, &actual), "");
        actual.patched = of(&[("spec.a", json!(2)), ("spec.c", json!(null))]);
        assert_eq!(
            shown(&expected, &actual),
            " patched:\n-  metadata.labels.b: x\n-  spec.a: 1\n+  spec.a: 2\n+  spec.c: null\n"
        );
        let lenient = Expected { others_too: true, patched: Some(of(&[("spec.a", json!(2))])), ..expected };
        assert_eq!(shown(&lenient, &actual), "");
    }
}
