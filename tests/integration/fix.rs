//! Fixes people can trust: what they change, and above all what they do not.
//!
//! `tests/fixes/NAME.yaml` becomes `NAME.safe.yaml` with `--fix` and `NAME.unsafe.yaml` with `--unsafe-fixes`.
//! `JOBGUARD_BLESS=1 cargo test --test integration fix::` writes what comes out; then read it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jobguard::diagnostic::{Diagnostic, Replacement, Report};
use jobguard::engine::{Safety, Severity};
use jobguard::linter::{Fixed, Linter};
use jobguard::manifest;
use jobguard::manifest::{FieldPath, Segment};
use jobguard::policy::{Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;
use serde_json::Value;

use crate::support::fix::{Piece, apply, comments, values_elsewhere};

/// A policy with few rules, so that new ones change nothing here, and with a default.
fn policy_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixes/policy/never.yaml")
}

thread_local! {
    /// The built-in policy that this test judges by, instead of the one in the file.
    static PRESET: Cell<Option<Preset>> = const { Cell::new(None) };
}

fn with_linter<T>(run: impl FnOnce(&Linter<'_>) -> T) -> T {
    let policy = match PRESET.get() {
        Some(preset) => load::preset(preset, registry().catalog()).unwrap(),
        None => load::read_file(&policy_file(), registry().catalog()).unwrap(),
    };
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    run(&Linter::new(&policy, now))
}

fn source(text: &str) -> Source {
    Source::Text { name: "test.yaml".into(), bytes: text.into() }
}

fn lint(text: &str) -> Report {
    with_linter(|linter| linter.lint(&[source(text)]).report)
}

/// The text after fixing, and what is left to say about it.
fn fix(text: &str, allowed: Safety) -> (String, Report) {
    let (after, _, left) = fix_told(text, allowed);
    (after, left)
}

/// As [`fix`], and which fields of which documents the fixes were about.
fn fix_told(text: &str, allowed: Safety) -> (String, Vec<(usize, FieldPath)>, Report) {
    let Fixed { texts, outcome } = with_linter(|linter| linter.fix(&[source(text)], allowed, &|| {}));
    assert!(texts.len() <= 1);
    let fixed = texts.into_iter().next().map(|fixed| {
        assert_eq!(fixed.before, text);
        assert!(fixed.findings > 0);
        (fixed.after, fixed.touched)
    });
    let (after, touched) = fixed.unwrap_or_else(|| (text.to_owned(), Vec::new()));
    (after, touched, outcome.report)
}

/// The values of all documents, an error in the place of what cannot be read.
fn values(text: &str) -> Vec<Result<Value, String>> {
    let read = manifest::read(text).into_iter().map(|document| document.content);
    read.map(|tree| tree.map(|tree| tree.to_value(tree.root())).map_err(|error| error.message)).collect()
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixes");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .filter(|path| path.file_stem().unwrap().to_str().is_some_and(|name| !name.contains('.')))
        .collect();
    files.sort();
    assert!(files.len() > 10);
    files
}

fn hold(path: &Path, content: &str) {
    if std::env::var_os("JOBGUARD_BLESS").is_some() {
        std::fs::write(path, content).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(expected == content, "{} is not what comes out:\n{content}", path.display());
}

fn fixable(report: &Report, allowed: Safety) -> Vec<&Diagnostic> {
    report.diagnostics.iter().filter(|found| found.fix.is_some_and(|safety| safety <= allowed)).collect()
}

fn errors(report: &Report) -> usize {
    report.diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
}

/// What holds for every text.
fn check(text: &str, allowed: Safety) -> String {
    let (after, touched, left) = fix_told(text, allowed);
    // It converges.
    let (again, _) = fix(&after, allowed);
    assert_eq!(again, after, "fixing again changes more");
    // No document gets lost, none that could be read cannot any more, and of those without a finding no byte changes.
    let (old, new) = (manifest::read(text), manifest::read(&after));
    assert_eq!(old.len(), new.len(), "{after}");
    for (old, new) in old.iter().zip(&new) {
        assert!(old.content.is_err() || new.content.is_ok(), "{after}");
        // A carriage return alone ends a line, too.
        let index = manifest::LineIndex::new(text);
        let line = |at: usize| index.position(at).line;
        let lines = line(old.span.start)..=line(old.span.end);
        let is_told = lint(text).diagnostics.iter().any(|found| lines.contains(&found.region.line));
        let slice = |text: &str, span: manifest::Span| text[span.start..span.end].to_owned();
        assert!(is_told || slice(text, old.span) == slice(&after, new.span), "{after}");
    }
    // What was judged whole has no more errors than before, except within what stood in the wrong place.
    let before = lint(text);
    let hides = ["api/syntax", "api/type"];
    if !before.diagnostics.iter().any(|found| hides.contains(&found.rule.id())) {
        let misplaced: BTreeSet<Segment> = fixable(&before, allowed)
            .into_iter()
            .filter(|found| found.rule.id() == "api/unknown-field")
            .filter_map(|found| found.path.segments().last().cloned())
            .collect();
        // What a misspelt field holds was hidden, and is not once the field is renamed, which is never a safe fix.
        let renamed_below: Vec<FieldPath> = match allowed {
            Safety::Unsafe => fixable(&before, allowed)
                .into_iter()
                .filter(|found| found.rule.id() == "api/unknown-field")
                .filter_map(|found| found.path.parent())
                .collect(),
            _ => Vec::new(),
        };
        let judged = left.diagnostics.iter().filter(|found| {
            found.severity == Severity::Error
                && !found.path.segments().iter().any(|segment| misplaced.contains(segment))
                && !renamed_below.iter().any(|parent| found.path.starts_with(parent))
        });
        assert!(judged.count() <= errors(&before), "more errors:\n{after}\n{left:#?}");
    }
    // Every value is as it was, but those of the fields that the fixes are about.
    let (old, new) = (values_elsewhere(text, &touched), values_elsewhere(&after, &touched));
    for (old, new) in old.iter().zip(&new) {
        assert!(old.is_none() || old == new, "{touched:?}\n{old:?}\n{new:?}\n{after}");
    }
    after
}

/// What is offered one by one: each alone changes one document, and leaves all others as they are.
fn check_offers(text: &str) {
    let report = with_linter(|linter| Linter { with_changes: true, ..*linter }.lint(&[source(text)]).report);
    let before = values(text);
    for found in report.diagnostics {
        let Some(change) = found.change else { continue };
        assert!(found.fix.is_some());
        let pieces: Vec<Piece> = change
            .replacements
            .into_iter()
            .map(|Replacement { region, with, .. }| {
                ((region.line, region.column), (region.end_line, region.end_column), with)
            })
            .collect();
        let one = apply(text, &pieces);
        let after = values(&one);
        assert_eq!(before.len(), after.len(), "{pieces:?}\n{one}");
        let differ = before.iter().zip(&after).filter(|(before, after)| before != after);
        assert_eq!(differ.count(), 1, "{pieces:?}\n{one}");
        assert!(before.iter().zip(&after).all(|(before, after)| before.is_err() || after.is_ok()), "{one}");
    }
}

#[test]
fn each_fixture_becomes_what_is_expected() {
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (allowed, name) in [(Safety::Safe, "safe"), (Safety::Unsafe, "unsafe")] {
            let after = check(&text, allowed);
            let ending = path.extension().unwrap().to_str().unwrap();
            hold(&path.with_extension(format!("{name}.{ending}")), &after);
            assert_eq!(comments(&text), comments(&after), "{}", path.display());
            // Nothing that is offered is left undone.
            let left = lint(&after);
            assert!(fixable(&left, allowed).is_empty(), "{}: {:#?}", path.display(), fixable(&left, allowed));
        }
    }
}

#[test]
fn line_ends_stay() {
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        let windows = text.replace('\n', "\r\n");
        for allowed in [Safety::Safe, Safety::Unsafe] {
            let (after, _) = fix(&text, allowed);
            let (after_windows, _) = fix(&windows, allowed);
            assert_eq!(after_windows, after.replace('\n', "\r\n"), "{}", path.display());
        }
    }
}

#[test]
fn only_lines_with_a_finding_change() {
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        let (after, _) = fix(&text, Safety::Unsafe);
        let kept: BTreeSet<&str> = after.lines().map(str::trim).collect();
        let report = lint(&text);
        let mut lost = text.lines().map(str::trim).filter(|line| !kept.contains(line));
        let most = 2 * report.diagnostics.len();
        let lost: Vec<&str> = lost.by_ref().collect();
        assert!(lost.len() <= most, "{}: {lost:?}", path.display());
    }
}

/// JSON and flow style come to the same values as block style.
#[test]
fn every_style_comes_to_the_same() {
    let mut compared = 0;
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        let Ok(documents) = values(&text).into_iter().collect::<Result<Vec<_>, _>>() else { continue };
        // Quotes keep what is written, and the value no longer says how it was.
        let is_quoted = lint(&text).diagnostics.iter().any(|found| found.rule.id() == "api/type");
        for allowed in [Safety::Safe, Safety::Unsafe] {
            for document in &documents {
                let compact = document.to_string();
                let pretty = format!("{document:#}\n");
                let flow = format!("# A comment makes it YAML.\n{compact}\n");
                let spread = format!("# A comment makes it YAML.\n{document:#}\n");
                let block = format!("# A comment.\n{}", block(document, 0));
                let results =
                    [compact, pretty, flow, spread, block].map(|text| values(&check(&text, allowed)));
                for result in &results {
                    // Aliases are written out here, so there is more to fix than in the text.
                    assert!(is_quoted || *result == results[0], "{}: {results:#?}", path.display());
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 40, "{compared}");
}

/// A value in block style.
fn block(value: &Value, indent: usize) -> String {
    let blanks = " ".repeat(indent);
    match value {
        Value::Object(fields) if !fields.is_empty() => fields
            .iter()
            .map(|(key, value)| {
                let key = Value::String(key.clone());
                match value {
                    Value::Object(below) if !below.is_empty() => {
                        format!("{blanks}{key}:\n{}", block(value, indent + 2))
                    }
                    Value::Array(items) if !items.is_empty() => {
                        format!("{blanks}{key}:\n{}", block(value, indent))
                    }
                    leaf => format!("{blanks}{key}: {leaf}\n"),
                }
            })
            .collect(),
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .map(|item| {
                let text = block(item, indent + 2);
                format!("{blanks}- {}", &text[(indent + 2).min(text.len())..])
            })
            .collect(),
        leaf => format!("{blanks}{leaf}\n"),
    }
}

/// Every manifest of mistakes that has one right answer gets it. The others, and why not:
///
/// * `counts`: whether completions or parallelism is wrong only the author knows;
/// * `indentation`, its first document: the line may belong to the container, or to the Pod's spec;
/// * `near-miss-names`: only with `--unsafe-fixes`, since a name that is nearly another is still a guess;
/// * `never-fires`: which day is meant?
/// * `octal`: eight or ten, and what ignored text was for, only the author knows;
/// * `peers-without-service`: the Service's selector, or the Job's subdomain?
/// * `restart-policy-misplaced`, its first document: the container's own policy is a field that Kubernetes has;
/// * `unexpanded-template`, `unrendered-helm`: not manifests yet;
/// * `unquoted-schedule`, its last document: the zone `Europe/Berln` is a guess too.
#[test]
fn bad_manifests_are_mended_where_there_is_one_right_answer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/bad");
    let mut left = String::new();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let rules = |allowed| {
            let after = check(&text, allowed);
            let report = lint(&after);
            let rules: Vec<&str> = report.diagnostics.iter().map(|found| found.rule.id()).collect();
            if rules.is_empty() { "nothing".to_owned() } else { rules.join(" ") }
        };
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (safe, all) = (rules(Safety::Safe), rules(Safety::Unsafe));
        left.push_str(&if safe == all {
            format!("{name}: {safe}\n")
        } else {
            format!("{name}: {safe}; unsafe: {all}\n")
        });
    }
    insta::assert_snapshot!(left);
}

/// What becomes of each mistake that tutorials make, one a document of `tutorials.yaml`.
///
/// What is left has no one answer: a list element may be anything, two fields are called nearly `JobsHistoryLimit`,
/// 010 may be eight or ten, and a name with a placeholder is not a manifest yet.
#[test]
fn every_mistake_of_tutorials_has_its_answer() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixes/tutorials.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let mut said = String::new();
    for document in text.split("\n---\n") {
        let name = document.split_once("name: ").unwrap().1.split('}').next().unwrap();
        let is_told = |text: &str| {
            let found = lint(text).diagnostics;
            found.iter().any(|found| found.severity > Severity::Info)
        };
        assert!(is_told(document), "{name}");
        let answer =
            [Safety::Safe, Safety::Unsafe].into_iter().find(|safety| !is_told(&fix(document, *safety).0));
        let answer = answer.and_then(Safety::as_str).unwrap_or("the author's");
        said += &format!("{name}: {answer}\n");
    }
    insta::assert_snapshot!(said, @"
    backoff-limit-under-template: safe
    backoff-limit-under-template-spec: safe
    containers-under-template: safe
    restart-policy-under-containers: unsafe
    restart-policy-in-the-list: the author's
    restart-policy-under-template: safe
    restart-policy-missing: safe
    beta: safe
    near-miss-names: the author's
    unquoted-stars: safe
    unquoted-descriptor: safe
    escaped-list: safe
    octal: the author's
    env-values: safe
    process-item-$ITEM: the author's
    closed-too-early: safe
    restart-policy-always: safe
    ");
}

mod damaged {
    //! Real manifests, damaged: `--fix` never makes one worse, whatever it is.
    use super::*;
    use proptest::prelude::*;

    /// Manifests to damage: ours, and objects that a real server was asked about.
    fn corpus() -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut texts = Vec::new();
        for folder in ["manifests/good", "manifests/bad", "fixes"] {
            let mut files: Vec<_> =
                std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            files.retain(|path| path.is_file());
            texts.extend(files.iter().map(|path| std::fs::read_to_string(path).unwrap()));
        }
        for (file, every) in [("job", 40), ("cronjob", 20)] {
            let lines = std::fs::read_to_string(root.join(format!("conformance/{file}.jsonl"))).unwrap();
            for line in lines.lines().step_by(every) {
                let record: Value = serde_json::from_str(line).unwrap();
                texts.push(block(&record["object"], 0));
            }
        }
        texts
    }

    #[derive(Debug, Clone)]
    enum Damage {
        Delete(usize),
        Duplicate(usize),
        Swap(usize, usize),
        Indent(usize, bool),
        Insert(usize, String),
    }

    fn damage() -> impl Strategy<Value = Damage> {
        let line = 0_usize..4000;
        let piece = prop_oneof![
            Just("\"".to_owned()),
            Just("'".to_owned()),
            Just("&a ".to_owned()),
            Just("*a ".to_owned()),
            Just("!!str ".to_owned()),
            Just("# ".to_owned()),
            Just("- ".to_owned()),
            Just("<<: ".to_owned()),
            Just("? ".to_owned()),
            Just("|\n".to_owned()),
            Just("{".to_owned()),
            Just("\t".to_owned()),
            Just("\r".to_owned()),
            Just("\u{2028}".to_owned()),
            Just("x".to_owned()),
            "[a-zA-Z0-9:,{}\\[\\]#&*!|>'\"%@ -]{1,3}",
        ];
        prop_oneof![
            line.clone().prop_map(Damage::Delete),
            line.clone().prop_map(Damage::Duplicate),
            (line.clone(), line.clone()).prop_map(|(a, b)| Damage::Swap(a, b)),
            (line.clone(), any::<bool>()).prop_map(|(a, b)| Damage::Indent(a, b)),
            (line, piece).prop_map(|(a, b)| Damage::Insert(a, b)),
        ]
    }

    fn damaged(text: &str, damages: &[Damage]) -> String {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        for damage in damages {
            if lines.is_empty() {
                break;
            }
            let count = lines.len();
            match damage {
                Damage::Delete(at) => drop(lines.remove(at % count)),
                Damage::Duplicate(at) => lines.insert(at % count, lines[at % count].clone()),
                Damage::Swap(a, b) => lines.swap(a % count, b % count),
                Damage::Indent(at, true) => lines[at % count].insert_str(0, "  "),
                Damage::Indent(at, false) => {
                    let line = &mut lines[at % count];
                    *line = line.strip_prefix("  ").unwrap_or(line).to_owned();
                }
                Damage::Insert(at, piece) => {
                    let line = &mut lines[at % count];
                    let places: Vec<usize> = line.char_indices().map(|(place, _)| place).collect();
                    let place = places.get(at / count % places.len().max(1)).copied().unwrap_or(0);
                    line.insert_str(place, piece);
                }
            }
        }
        lines.concat()
    }

    fn cases() -> u32 {
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 400, ..ProptestConfig::default() })]

        #[test]
        fn never_worse(
            which in any::<prop::sample::Index>(),
            damages in prop::collection::vec(damage(), 0..4),
            windows in prop::bool::weighted(0.2),
        ) {
            thread_local!(static CORPUS: Vec<String> = corpus());
            let text = CORPUS.with(|corpus| damaged(which.get::<String>(corpus), &damages));
            let text = if windows { text.replace('\n', "\r\n") } else { text };
            for preset in [None, Some(Preset::Strict)] {
                PRESET.set(preset);
                for allowed in [Safety::Safe, Safety::Unsafe] {
                    check(&text, allowed);
                }
                check_offers(&text);
            }
        }
    }
}
