//! Silence on good manifests: what is reported on Jobs and CronJobs in the shapes of charts that many people install.
//!
//! The files in `tests/corpus/` are written anew, one for each chart, as `helm template` renders it: the fields, labels and
//! annotations are those of the charts, and what the charts leave out is left out. They work for thousands of people, so
//! that each finding has to be worth being read there.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jobguard::diagnostic::Report;
use jobguard::engine::Safety;
use jobguard::linter::Linter;
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;

/// The fewest files that show anything.
const LEAST_FILES: usize = 50;
/// The most findings per object under `recommended`.
const MOST_PER_OBJECT: f64 = 0.3;

/// The whole folder.
fn sources() -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let source = |path: &PathBuf| Source::Text {
        name: path.file_name().unwrap().to_str().unwrap().into(),
        bytes: fs::read(path).unwrap(),
    };
    files.iter().map(source).collect()
}

fn policy(preset: Preset) -> Policy {
    load::preset(preset, registry().catalog()).unwrap()
}

fn linter(policy: &Policy) -> Linter<'_> {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Linter::new(policy, now)
}

/// What `preset` reports on each chart by itself: together they would be one installation that nobody has.
fn lint(preset: Preset) -> Report {
    let policy = policy(preset);
    let mut whole = Report::default();
    for source in sources() {
        let report = linter(&policy).lint(std::slice::from_ref(&source)).report;
        whole.files += report.files;
        whole.objects += report.objects;
        whole.diagnostics.extend(report.diagnostics);
    }
    whole
}

/// Each finding on a line.
fn list(report: &Report) -> String {
    report
        .diagnostics
        .iter()
        .map(|found| format!("{}:{} {}: {}\n", found.file, found.region.line, found.rule.id(), found.message))
        .collect()
}

#[test]
fn the_corpus_is_large_enough_and_all_of_it_is_judged() {
    let report = lint(Preset::Recommended);
    assert!(report.files >= LEAST_FILES, "{} files", report.files);
    assert!(report.objects >= report.files, "{} objects in {} files", report.objects, report.files);
}

/// The API server takes every one of them, without a word.
#[test]
fn nothing_is_refused() {
    let report = lint(Preset::Baseline);
    assert!(report.diagnostics.is_empty(), "{}", list(&report));
}

#[test]
fn no_safe_fix_changes_them() {
    for preset in [Preset::Recommended, Preset::Strict] {
        let fixed = linter(&policy(preset)).fix(&sources(), Safety::Safe, &|| {});
        let changed: Vec<_> = fixed.texts.iter().map(|text| &text.after).collect();
        assert!(changed.is_empty(), "{changed:#?}");
    }
}

/// Read what is listed: would somebody who maintains this chart change it?
#[test]
fn findings_are_worth_reading() {
    insta::assert_snapshot!("recommended", list(&lint(Preset::Recommended)));
}

#[test]
fn there_are_few_findings() {
    let report = lint(Preset::Recommended);
    let per_object = report.diagnostics.len() as f64 / report.objects as f64;
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for found in &report.diagnostics {
        *rules.entry(found.rule.id()).or_default() += 1;
    }
    assert!(per_object <= MOST_PER_OBJECT, "{per_object:.2} findings per object: {rules:?}");
}
