//! Every rule's examples do what they say: on the bad ones the rule speaks, on the good ones nothing does.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use jobguard::engine::registry;
use jobguard::lint::{Linter, Source};
use jobguard::policy::{Preset, load};
use jobguard::report::Report;

fn lint(manifest: &str) -> Report {
    let policy = load::preset(Preset::Strict, registry().catalog()).unwrap();
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let linter = Linter { policy: &policy, now, with_defaults: false, against: None };
    linter.lint(&[Source::Text { name: "example.yaml".into(), bytes: manifest.into() }]).report
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
