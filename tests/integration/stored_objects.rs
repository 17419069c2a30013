//! `kubectl get cronjobs,jobs -A -o yaml | jobguard lint -`: what an API server has stored, it has accepted. The policy
//! has its say as ever.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use jobguard::diagnostic::Diagnostic;
use jobguard::engine::{Safety, Severity};
use jobguard::lint::OldObjects;
use jobguard::linter::{Linter, Outcome};
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;

use crate::support::recordings::CONFORMANCE;

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn preset(preset: Preset) -> Policy {
    load::preset(preset, registry().catalog()).unwrap()
}

fn source(text: &str) -> [Source; 1] {
    [Source::Text { name: "<stdin>".to_owned(), bytes: text.into() }]
}

fn lint(policy: &Policy, text: &str) -> Outcome {
    Linter::new(policy, now()).lint(&source(text))
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fixture(name: &str) -> String {
    fs::read_to_string(repository().join("tests/fixtures/stored").join(name)).unwrap()
}

fn is_api(diagnostic: &&Diagnostic) -> bool {
    diagnostic.rule.id().starts_with("api/")
}

fn told(outcome: &Outcome) -> Vec<String> {
    let line = |diagnostic: &Diagnostic| {
        format!(
            "{} {}[{}] {}",
            diagnostic.region.line,
            diagnostic.severity,
            diagnostic.rule.id(),
            diagnostic.message
        )
    };
    outcome.report.diagnostics.iter().map(line).collect()
}

#[test]
fn what_the_server_has_set_is_not_blamed() {
    for name in [Preset::Baseline, Preset::Recommended, Preset::Strict] {
        let outcome = lint(&preset(name), &fixture("cronjobs-and-jobs.yaml"));
        assert_eq!(outcome.report.objects, 5);
        let api = outcome.report.diagnostics.iter().filter(is_api).count();
        assert_eq!(api, 0, "{name}: {:#?}", told(&outcome));
    }
    // One by one as well, and as JSON.
    let text = fixture("cronjobs-and-jobs.yaml");
    let tree = jobguard::manifest::read(&text).remove(0).content.unwrap();
    for item in tree.to_value(tree.root())["items"].as_array().unwrap() {
        let outcome = lint(&preset(Preset::Baseline), &item.to_string());
        assert_eq!(told(&outcome), [""; 0]);
    }
}

/// Objects that a real API server has stored.
#[test]
fn recorded_objects_are_accepted_as_they_were() {
    let Some(vectors) = CONFORMANCE.find_or_report("update.jsonl") else { return };
    let policy = preset(Preset::Baseline);
    let mut count = 0;
    for line in vectors.lines() {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let outcome = lint(&policy, &vector["old"].to_string());
        assert_eq!(outcome.report.objects, 1);
        let api: Vec<_> = outcome.report.diagnostics.iter().filter(is_api).collect();
        assert!(api.is_empty(), "{}: {:?}", vector["id"], told(&outcome));
        count += 1;
    }
    assert!(count >= 100, "{count}");
}

/// What we do not know, a newer server may.
#[test]
fn what_a_newer_server_has_accepted_is_warned_about() {
    let text = fixture("newer-server.yaml");
    let outcome = lint(&preset(Preset::Strict), &text);
    let api: Vec<_> = outcome.report.diagnostics.iter().filter(is_api).collect();
    let fields: Vec<String> = api.iter().map(|diagnostic| diagnostic.path.to_string()).collect();
    for field in ["spec.concurrencyPolicy", "spec.jobTemplate.spec.completionsFromTheFuture"] {
        assert!(fields.iter().any(|path| path == field), "{field}: {fields:?}");
    }
    assert!(api.iter().all(|diagnostic| diagnostic.severity == Severity::Warning), "{:#?}", told(&outcome));
    // In a manifest they are errors.
    let written = text.replace("  uid: 11111111-2222-4333-8444-555555555555\n", "");
    let outcome = lint(&preset(Preset::Strict), &written);
    let errors = outcome.report.diagnostics.iter().filter(is_api);
    let errors = errors.filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    // A zone that no server knows is asked about when it is set.
    assert_eq!(errors, api.len() + 1, "{:#?}", told(&outcome));
    // A value of a type that we do not expect ends the look at it, and is no error either.
    let typed = text.replace("startingDeadlineSeconds: 300", "startingDeadlineSeconds: {seconds: 300}");
    assert_eq!(lint(&preset(Preset::Strict), &typed).report.worst(), Some(Severity::Warning));
}

#[test]
fn the_policy_speaks_at_its_level() {
    let text = fixture("cronjobs-and-jobs.yaml").replace("schedule: 0 3 * * *", "schedule: 0 3 30 2 *");
    let outcome = lint(&preset(Preset::Strict), &text);
    let never =
        outcome.report.diagnostics.iter().find(|found| found.rule.id() == "cron/never-fires").unwrap();
    assert_eq!(never.severity, Severity::Error);
}

#[test]
fn what_somebody_wrote_is_judged_as_written() {
    let policy = preset(Preset::Baseline);
    // Whoever takes the server's labels into a manifest of their own is still told.
    let foreign = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: rerun\nspec:\n  selector:\n    matchLabels:\n      \
                   batch.kubernetes.io/controller-uid: 11111111-2222-4333-8444-555555555555\n  template:\n    metadata:\n      \
                   labels:\n        batch.kubernetes.io/controller-uid: 11111111-2222-4333-8444-555555555555\n    spec:\n      \
                   restartPolicy: Never\n      containers: [{name: a, image: b}]\n";
    assert_eq!(lint(&policy, foreign).report.worst(), Some(Severity::Error));
    for half in
        ["  uid: 11111111-2222-4333-8444-555555555555\n", "  creationTimestamp: \"2026-05-04T08:00:00Z\"\n"]
    {
        let text = foreign.replace("  name: rerun\n", &format!("  name: rerun\n{half}"));
        assert_eq!(lint(&policy, &text).report.worst(), Some(Severity::Error), "{half}");
    }
    let empty = "  uid: \"\"\n  creationTimestamp: null\n";
    let text = foreign.replace("  name: rerun\n", &format!("  name: rerun\n{empty}"));
    assert_eq!(lint(&policy, &text).report.worst(), Some(Severity::Error));
    // An export that was changed, against what is stored, is a change.
    let text = fixture("cronjobs-and-jobs.yaml");
    let old = OldObjects::read(&source(&text), &crate::support::server()).unwrap();
    let changed =
        text.replace("image: registry.example.com/shop/sync:7", "image: registry.example.com/shop/sync:8");
    let linter = Linter { against: Some(&old), ..Linter::new(&policy, now()) };
    let outcome = linter.lint(&source(&changed));
    assert!(
        outcome.report.diagnostics.iter().any(|found| found.rule.id() == "api/immutable"),
        "{:#?}",
        told(&outcome)
    );
    assert_eq!(outcome.report.worst(), Some(Severity::Error));
    assert_eq!(told(&linter.lint(&source(&text))), [""; 0]);
}

#[test]
fn nothing_is_fixed_in_what_is_stored() {
    let policy = preset(Preset::Strict);
    for text in [fixture("cronjobs-and-jobs.yaml"), fixture("newer-server.yaml")] {
        let text = text
            .replace("backoffLimit: 6", "backoffLimit: 600")
            .replace("parallelism: 4", "parallelism: 4000");
        let done = Linter::new(&policy, now()).fix(&source(&text), Safety::Unsafe, &|| {});
        assert!(done.texts.is_empty(), "{:#?}", done.texts);
        assert!(done.outcome.report.diagnostics.iter().all(|found| found.fix.is_none()));
    }
}
