//! One report for the tests of all formats.

use std::io;
use std::sync::Arc;

use super::{RuleEntry, Run};
use crate::diagnostic::{
    Change, Diagnostic, Excerpt, FileError, JudgedObject, ObjectId, Region, RelatedPlace, Replacement,
    Report, SuppressedDiagnostic,
};
use crate::docs::rule_page;
use crate::engine::{Rule, Safety, Severity, Suppressed, SuppressedBy};
use crate::policy::Place;
use crate::rules;
use jobguard_apiserver::Cause;
use jobguard_manifest::FieldPath;

const TEXT: &str =
    "spec:\n  parallelism: 4\n  completions: 2\n  template:\n    spec:\n      containers: []\n";

pub(super) fn report() -> Report {
    let object = Some(Arc::new(ObjectId {
        api_version: "batch/v1".into(),
        kind: "Job".into(),
        namespace: None,
        name: Some("resize".into()),
    }));
    let at = |needle: &str| {
        let start = TEXT.find(needle).unwrap();
        start..start + needle.len()
    };
    let excerpt =
        |needle: &str| Some(Box::new(Excerpt { text: TEXT.into(), first_line: 5, place: at(needle) }));
    Report {
        files: 2,
        objects: 2,
        baseline: None,
        cluster: None,
        gaps: Vec::new(),
        listed: vec![judged("jobs/resize.yaml", 2, "resize"), judged("other.yaml", 1, "fine")],
        diagnostics: vec![
            Diagnostic {
                rule: &rules::job_parallelism_exceeds_completions::RULE,
                severity: Severity::Warning,
                message: "parallelism is 4 but completions is 2: at most 2 Pods ever run at once".into(),
                help: Some("set parallelism to 2 or less".into()),
                fix: Some(Safety::Unsafe),
                change: Some(Change {
                    title: "set parallelism to 2".into(),
                    replacements: vec![Replacement {
                        region: Region { line: 6, column: 16, end_line: 6, end_column: 17 },
                        with: "2".into(),
                        lines: Some("  parallelism: 4".into()),
                    }],
                }),
                file: "jobs/resize.yaml".into(),
                template: None,
                region: Region { line: 6, column: 16, end_line: 6, end_column: 17 },
                object: object.clone(),
                path: FieldPath::parse("spec.parallelism"),
                named_path: None,
                cause: None,
                related: vec![RelatedPlace {
                    region: Region { line: 7, column: 16, end_line: 7, end_column: 17 },
                    message: "the number of Pods that must succeed".into(),
                    in_excerpt: Some(at("2")),
                }],
                excerpt: excerpt("4"),
                versions: None,
            },
            Diagnostic {
                rule: &rules::api_restart_policy::RULE,
                severity: Severity::Error,
                message: "restartPolicy is missing".into(),
                help: None,
                fix: Some(Safety::Safe),
                change: Some(Change {
                    title: "set restartPolicy to Never".into(),
                    replacements: vec![Replacement {
                        region: Region { line: 9, column: 1, end_line: 9, end_column: 1 },
                        with: "      restartPolicy: Never\n".into(),
                        lines: Some("    spec:".into()),
                    }],
                }),
                file: "jobs/resize.yaml".into(),
                template: None,
                region: Region { line: 9, column: 5, end_line: 9, end_column: 9 },
                object,
                path: FieldPath::parse("spec.template.spec.restartPolicy"),
                named_path: None,
                cause: Some(Cause::Required),
                related: Vec::new(),
                excerpt: Some(Box::new(Excerpt {
                    text: TEXT.into(),
                    first_line: 5,
                    place: TEXT.rfind("spec:").map(|at| at..at + 4).unwrap(),
                })),
                versions: None,
            },
            Diagnostic {
                rule: &rules::api_syntax::RULE,
                severity: Severity::Info,
                message: "no place at all".into(),
                help: Some("none".into()),
                fix: None,
                change: None,
                file: "other.yaml".into(),
                template: Some("chart/templates/other.yaml".into()),
                region: Region { line: 1, column: 1, end_line: 1, end_column: 1 },
                object: None,
                path: FieldPath::root(),
                named_path: None,
                cause: None,
                related: Vec::new(),
                excerpt: None,
                versions: None,
            },
        ],
        suppressed: Vec::new(),
    }
}

/// The report with findings that do not count: by the annotation, and by an exception of the policy, for `reason`.
pub(super) fn with_suppressed(mut report: Report, id: &str, reason: &str) -> Report {
    let place = Place { file: "policies/jobguard.yaml".into(), line: 7, column: 5 };
    let whys = [
        Suppressed { by: SuppressedBy::Annotation, reason: None, until: None },
        Suppressed {
            by: SuppressedBy::Exception { id: id.to_owned(), place },
            reason: Some(reason.into()),
            until: Some(jiff::civil::date(2027, 1, 31)),
        },
    ];
    let diagnostics = report.diagnostics.iter().cloned().map(|diagnostic| Diagnostic {
        excerpt: None,
        fix: None,
        change: None,
        ..diagnostic
    });
    let suppressed =
        diagnostics.zip(whys).map(|(diagnostic, why)| SuppressedDiagnostic { diagnostic, why: why.into() });
    report.suppressed = suppressed.collect();
    report
}

fn judged(file: &str, line: usize, name: &str) -> JudgedObject {
    let id = ObjectId {
        api_version: "batch/v1".into(),
        kind: "Job".into(),
        namespace: None,
        name: Some(name.into()),
    };
    JudgedObject { file: file.into(), line, column: 1, id: id.into() }
}

/// `report` in a format, with a file that could not be read.
pub(super) fn render(
    report: &Report,
    write: impl Fn(&Run<'_>, &mut dyn io::Write) -> io::Result<()>,
) -> String {
    let entry = |rule: &'static Rule, severity| RuleEntry {
        rule,
        severity,
        summary: rule_page::sentence(rule.spec.summary),
        url: rule.url(),
        help: rule_page::help(rule),
    };
    let rules: Vec<RuleEntry> = [
        (&rules::api_restart_policy::RULE, Severity::Error),
        (&rules::cron_never_fires::RULE, Severity::Info),
        // Those of the report that an override turns on.
        (&rules::job_parallelism_exceeds_completions::RULE, Severity::Warning),
        (&rules::api_syntax::RULE, Severity::Info),
    ]
    .into_iter()
    .map(|(rule, severity)| entry(rule, severity))
    .collect();
    let errors = [FileError { name: "gone.yaml".into(), message: "there is no such file or folder".into() }];
    let mut out = Vec::new();
    write(&Run { errors: &errors, rules: &rules, ..Run::of(report) }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
