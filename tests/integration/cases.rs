//! Situations that people have reported, each in a folder of `tests/cases/`, judged under the policy `recommended`;
//! `strict.txt` has what only `strict` says besides.
//!
//! | file | |
//! | --- | --- |
//! | `*.yaml` | what is given to the linter, all of them together |
//! | `old/*.yaml` | what is stored, given as `--against` |
//! | `said.txt` | what people read about it |
//! | `fixed/*.yaml`, `unsafe/*.yaml` | what `--fix` and `--unsafe-fixes` make of a file, where they change it |
//!
//! A folder is all that a case needs. `JOBGUARD_BLESS=1 cargo test --test integration cases::` writes what comes out; then read it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jobguard::engine::Safety;
use jobguard::lint::OldObjects;
use jobguard::linter::Linter;
use jobguard::policy::{Policy, Preset, load};
use jobguard::report::{Style, write_text};
use jobguard::rules::registry;
use jobguard::sources::Source;

/// What is in a folder, ordered by name; nothing where there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The manifests in a folder, as the linter gets them.
fn sources(folder: &Path) -> Vec<Source> {
    let manifests =
        entries(folder).into_iter().filter(|file| file.extension().is_some_and(|end| end == "yaml"));
    let read = |file: PathBuf| Source::Text {
        name: file.file_name().unwrap().to_str().unwrap().into(),
        bytes: std::fs::read(&file).unwrap(),
    };
    manifests.map(read).collect()
}

/// What a case must look like on disk, by the path below its folder: what is said, and what is fixed.
fn outcome((policy, strict): (&Policy, &Policy), folder: &Path) -> BTreeMap<String, String> {
    let input = sources(folder);
    assert!(!input.is_empty(), "{} holds no manifest", folder.display());
    let stored = sources(&folder.join("old"));
    let old = (!stored.is_empty()).then(|| OldObjects::read(&stored, &crate::support::server()).unwrap());
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let linter = Linter { against: old.as_ref(), ..Linter::new(policy, now) };
    let mut text = Vec::new();
    let report = linter.lint(&input).report;
    write_text(&report, Style { width: 120, verbose: true, ..Style::default() }, &mut text).unwrap();
    let mut outcome = BTreeMap::from([("said.txt".to_owned(), String::from_utf8(text).unwrap())]);
    let known: BTreeSet<_> = report.diagnostics.iter().map(|found| (found.region, found.rule.id())).collect();
    let of_strict = Linter { against: old.as_ref(), ..Linter::new(strict, now) }.lint(&input).report;
    let more: String = of_strict
        .diagnostics
        .iter()
        .filter(|found| !known.contains(&(found.region, found.rule.id())))
        .map(|found| format!("{}:{} {}: {}\n", found.file, found.region.line, found.rule.id(), found.message))
        .collect();
    if !more.is_empty() {
        outcome.insert("strict.txt".to_owned(), more);
    }
    for (allowed, below) in [(Safety::Safe, "fixed"), (Safety::Unsafe, "unsafe")] {
        for fixed in linter.fix(&input, allowed, &|| {}).texts {
            outcome.insert(format!("{below}/{}", fixed.name), fixed.after);
        }
    }
    outcome
}

/// What stands on disk, of that which comes out of a case.
fn expected(folder: &Path) -> BTreeMap<String, String> {
    let outputs = ["fixed", "unsafe"].into_iter().flat_map(|below| entries(&folder.join(below)));
    let files =
        outputs.chain([folder.join("said.txt"), folder.join("strict.txt")]).filter(|file| file.is_file());
    let name = |file: &Path| file.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
    files.map(|file| (name(&file), std::fs::read_to_string(&file).unwrap())).collect()
}

fn bless(folder: &Path, outcome: &BTreeMap<String, String>) {
    for gone in expected(folder).keys().filter(|name| !outcome.contains_key(*name)) {
        std::fs::remove_file(folder.join(gone)).unwrap();
    }
    for (name, text) in outcome {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

#[test]
fn what_is_said_of_each() {
    let policy = |preset| load::preset(preset, registry().catalog()).unwrap();
    let (recommended, strict) = (policy(Preset::Recommended), policy(Preset::Strict));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let cases: Vec<PathBuf> = entries(&folder).into_iter().filter(|entry| entry.is_dir()).collect();
    assert!(!cases.is_empty());
    let mut wrong = Vec::new();
    for case in cases {
        let outcome = outcome((&recommended, &strict), &case);
        if std::env::var_os("JOBGUARD_BLESS").is_some() {
            bless(&case, &outcome);
        }
        if expected(&case) != outcome {
            wrong.push((case, outcome));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
