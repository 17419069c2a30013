//! Every rule's examples do what they say: on the bad ones the rule speaks, on the good ones it does not. So do the
//! manifests in `tests/rules/<category>-<name>/`, and what people read about the bad ones is pinned.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jobguard::engine::registry;
use jobguard::lint::{Linter, Source};
use jobguard::policy::{Preset, load};
use jobguard::report::{Report, Style, write_text};

fn lint(manifest: &str) -> Report {
    lint_as("example.yaml", manifest.as_bytes())
}

fn lint_as(name: &str, bytes: &[u8]) -> Report {
    let policy = load::preset(Preset::Strict, registry().catalog()).unwrap();
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let linter = Linter { policy: &policy, now, with_defaults: false, against: None, with_changes: false };
    linter.lint(&[Source::Text { name: name.into(), bytes: bytes.into() }]).report
}

#[test]
fn examples_do_what_they_say() {
    for rule in registry().rules() {
        for example in rule.docs.examples {
            let report = lint(example.manifest);
            let spoke = report.diagnostics.iter().any(|diagnostic| diagnostic.rule.id() == rule.id());
            assert_eq!(spoke, example.bad, "{}: {}: {:?}", rule.id(), example.title, report.diagnostics);
        }
    }
}

#[test]
fn good_examples_are_good_to_the_api_server() {
    for rule in registry().rules() {
        for example in rule.docs.examples.iter().filter(|example| !example.bad) {
            let report = lint(example.manifest);
            let refused: Vec<_> = report
                .diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.rule.spec.category() == "api")
                .collect();
            assert!(refused.is_empty(), "{}: {}: {refused:?}", rule.id(), example.title);
        }
    }
}

/// What is in a folder, ordered by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn manifests_do_what_their_names_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    for of_rule in entries(&folder).into_iter().filter(|folder| name(folder) != "snapshots") {
        let id = name(&of_rule).replacen('-', "/", 1);
        let rule = registry().get(&id).unwrap_or_else(|| panic!("{} is for no rule", of_rule.display()));
        for file in
            entries(&of_rule).into_iter().filter(|file| file.extension().is_some_and(|end| end == "yaml"))
        {
            let stem = name(&file);
            let is_bad = stem.starts_with("bad");
            if !is_bad && !stem.starts_with("good") {
                continue;
            }
            let mut report = lint_as(&format!("{stem}.yaml"), &std::fs::read(&file).unwrap());
            report.diagnostics.retain(|diagnostic| diagnostic.rule.id() == rule.id());
            assert_eq!(
                !report.diagnostics.is_empty(),
                is_bad,
                "{}: {:?}",
                file.display(),
                report.diagnostics
            );
            if is_bad {
                let mut text = Vec::new();
                write_text(&report, Style { width: 120, ..Style::default() }, &mut text).unwrap();
                let settings = {
                    let mut settings = insta::Settings::clone_current();
                    settings.set_snapshot_path("rules/snapshots");
                    settings.set_prepend_module_to_snapshot(false);
                    settings.set_omit_expression(true);
                    settings
                };
                settings.bind(|| {
                    insta::assert_snapshot!(
                        format!("{}__{stem}", name(&of_rule)),
                        String::from_utf8(text).unwrap()
                    );
                });
            }
        }
    }
}
