//! The fixes that SARIF offers are those that `--fix` makes: applied by line and column, the file becomes the same.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jobguard::engine::Safety;
use jobguard::linter::Linter;
use jobguard::manifest;
use jobguard::policy::{Preset, load};
use jobguard::report::{Run, write_sarif};
use jobguard::rules::registry;
use jobguard::sources::Source;
use serde_json::Value;

use crate::support::fix::{Piece, apply};

fn with_linter<T>(run: impl FnOnce(&Linter<'_>) -> T) -> T {
    let policy = load::preset(Preset::Baseline, registry().catalog()).unwrap();
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    run(&Linter { with_changes: true, ..Linter::new(&policy, now) })
}

fn source(text: &str) -> Source {
    Source::Text { name: "a b.yaml".into(), bytes: text.into() }
}

/// What SARIF offers: the rule, the safety and the changes of each fix.
fn offers(text: &str) -> Vec<(String, Safety, Vec<Piece>)> {
    let mut log = Vec::new();
    let report = with_linter(|linter| linter.lint(&[source(text)]).report);
    write_sarif(&Run::of(&report), &mut log).unwrap();
    let log: Value = serde_json::from_slice(&log).unwrap();
    assert_eq!(log["runs"][0]["columnKind"], "unicodeCodePoints");
    let mut offers = Vec::new();
    for result in log["runs"][0]["results"].as_array().unwrap() {
        for fix in result["fixes"].as_array().into_iter().flatten() {
            let safety = match fix["properties"]["safety"].as_str().unwrap() {
                "safe" => Safety::Safe,
                "unsafe" => Safety::Unsafe,
                other => panic!("{other}"),
            };
            let change = &fix["artifactChanges"][0];
            assert_eq!(change["artifactLocation"]["uri"], "a%20b.yaml");
            let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
            let pieces = change["replacements"].as_array().unwrap().iter().map(|replacement| {
                let region = &replacement["deletedRegion"];
                let place = |line, column| (number(&region[line]), number(&region[column]));
                (
                    place("startLine", "startColumn"),
                    place("endLine", "endColumn"),
                    replacement["insertedContent"]["text"].as_str().unwrap_or_default().to_owned(),
                )
            });
            offers.push((result["ruleId"].as_str().unwrap().to_owned(), safety, pieces.collect()));
        }
    }
    offers
}

/// What `--fix` makes of a text.
fn fixed(text: &str, allowed: Safety) -> String {
    let fixed = with_linter(|linter| {
        Linter { with_changes: false, ..*linter }.fix(&[source(text)], allowed, &|| {}).texts
    });
    fixed.into_iter().next().map_or_else(|| text.to_owned(), |text| text.after)
}

/// One finding each, with characters of one to four bytes before it on its line, where a column in bytes or UTF-16
/// units would miss.
const ONE_EACH: &[&str] = &[
    // A field moved out of the Pod template, with its comments.
    "# Größe 😀\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a, annotations: {notiz: \"größer 😀\"}}\nspec:\n  template:\n    # zwölf 😀 Versuche\n    backoffLimit: 12 # é\n    spec:\n      restartPolicy: Never\n      containers:\n      - {name: a, image: b}\n",
    // Quotes around a number after text on the same line.
    "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b, args: [\"😀ä\", 'ß𝄞', 1, \"漢字\"]}]}}}\n",
    // A schedule that YAML cannot read, below text.
    "# 😀\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec:\n  schedule: */5 * * * * # 😀 alle fünf\n  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}}\n",
    // A zone taken out of the schedule: two changes.
    "{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"metadata\":{\"name\":\"a\",\"annotations\":{\"😀\":\"ä\"}},\"spec\":{\"schedule\":\"TZ=Europe/Berlin 0 3 * * 7\",\"jobTemplate\":{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"é\":\"😀\"}},\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"a\",\"image\":\"b\"}]}}}}}}",
    // A value on the first line, behind a byte order mark.
    "{apiVersion: batch/v1, kind: Cronjob, metadata: {name: a, annotations: {😀: ü}}, spec: {schedule: '@daily', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}}}}",
    // Exit codes in order.
    "apiVersion: batch/v1\nkind: Other\nmetadata: {name: ä}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42, 7]}}]} # 😀\n  template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}\n",
];

#[test]
fn one_fix_is_what_the_fixer_makes_of_one_finding() {
    for text in ONE_EACH {
        for marked in [false, true] {
            for ends in ["\n", "\r\n"] {
                let mark = if marked { "\u{feff}" } else { "" };
                let text = format!("{mark}{}", text.replace('\n', ends));
                let after = fixed(&text, Safety::Safe);
                assert_ne!(after, text);
                let offers = offers(&text);
                let [(_, Safety::Safe, pieces)] = &offers[..] else { panic!("{text}: {offers:?}") };
                assert_eq!(apply(&text, pieces), after);
            }
        }
    }
}

fn manifests() -> Vec<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files: Vec<PathBuf> = ["fixes", "manifests/bad"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(tests.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// Each fix alone resolves its finding and breaks nothing: what is left to fix then comes to the same values. (Fields that
/// are moved to the same place stand there in the order in which they come.)
#[test]
fn each_fix_leads_where_the_fixer_leads() {
    let mut tried = 0;
    for path in manifests() {
        let text = std::fs::read_to_string(&path).unwrap();
        for text in [text.clone(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
            let offers = offers(&text);
            let after = fixed(&text, Safety::Unsafe);
            assert_eq!(offers.is_empty(), after == text, "{}", path.display());
            for (rule, _, pieces) in &offers {
                let one = apply(&text, pieces);
                assert_ne!(one, text, "{}: {rule}", path.display());
                let then = fixed(&one, Safety::Unsafe);
                assert_eq!(values(&then), values(&after), "{}: {rule} {pieces:?}", path.display());
                tried += 1;
            }
        }
    }
    assert!(tried > 150, "{tried}");
}

fn values(text: &str) -> Vec<Option<Value>> {
    let documents = manifest::read(text).into_iter();
    documents.map(|document| document.content.ok().map(|tree| tree.to_value(tree.root()))).collect()
}

#[test]
fn what_cannot_be_written_back_is_not_offered() {
    // Latin-1: it can be read, but not written back.
    let mut bytes = ONE_EACH[1].as_bytes().to_vec();
    bytes.extend(b"# \xfc\n");
    let broken = Source::Text { name: "a.yaml".into(), bytes };
    let report = with_linter(|linter| linter.lint(&[broken]).report);
    assert!(!report.diagnostics.is_empty());
    assert!(report.diagnostics.iter().all(|found| found.fix.is_none() && found.change.is_none()));
}

/// Only SARIF asks for changes; without that there are none.
#[test]
fn changes_are_told_only_to_whoever_asks() {
    let report =
        with_linter(|linter| Linter { with_changes: false, ..*linter }.lint(&[source(ONE_EACH[0])]).report);
    assert!(report.diagnostics.iter().any(|found| found.fix.is_some()));
    assert!(report.diagnostics.iter().all(|found| found.change.is_none()));
}

/// A text with more to prove than is looked at: what is offered is right, and the rest is not offered.
#[test]
fn the_work_is_bounded() {
    let args: String = (0..4000).map(|number| format!("        - {number} # {}\n", "x".repeat(60))).collect();
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  template:\n    spec:\n      restartPolicy: \
         Never\n      containers:\n      - name: a\n        image: b\n        args:\n{args}"
    );
    let offers = offers(&text);
    assert!((1..40).contains(&offers.len()), "{}", offers.len());
    for (_, _, pieces) in &offers {
        assert_eq!(apply(&text, pieces).len(), text.len() + 2);
    }
}
