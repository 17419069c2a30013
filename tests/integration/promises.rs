//! What is called fixable is fixed: by `--fix` or `--unsafe-fixes`, as promised, and nothing that can be fixed is left.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;

use jiff::Timestamp;
use jobguard::apiserver::{FeatureGates, KubernetesVersion};
use jobguard::diagnostic::Report;
use jobguard::engine::Safety;
use jobguard::linter::{Fixed, Linter};
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;
use rayon::prelude::*;
use serde_json::Value;

use crate::support::manifests;
use crate::support::recordings::CONFORMANCE;

/// Manifests of this repository, and objects that a real server was asked about.
fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for path in manifests(&["yaml", "json"]) {
        texts.extend(fs::read_to_string(&path).ok().map(|text| (path.display().to_string(), text)));
    }
    for file in ["combined.jsonl", "cronjob.jsonl", "job.jsonl"] {
        let Some(lines) = CONFORMANCE.find(file) else { continue };
        for (number, line) in lines.lines().enumerate() {
            let record: Value = serde_json::from_str(line).unwrap();
            texts.push((format!("{file}:{}", number + 1), record["object"].to_string()));
        }
    }
    assert!(texts.len() > 500, "{}", texts.len());
    texts
}

fn policy(preset: Preset, version: &str) -> Policy {
    let mut policy = load::preset(preset, registry().catalog()).unwrap();
    let version: KubernetesVersion = version.parse().unwrap();
    policy.aim(vec![version], FeatureGates::default());
    policy
}

/// How many findings of each kind there are, of those that are `asked` for.
fn count(report: &Report, asked: impl Fn(Option<Safety>) -> bool) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for found in report.diagnostics.iter().filter(|found| asked(found.fix)) {
        *counts.entry(format!("{} {} {:?}", found.rule.id(), found.path, found.cause)).or_default() += 1;
    }
    counts
}

/// How many promises are kept, and how many of them SARIF does not offer one by one.
fn hold(name: &str, text: &str, policy: &Policy) -> (usize, usize) {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let linter = Linter { with_changes: true, ..Linter::new(policy, now) };
    let source = [Source::Text { name: "test.yaml".into(), bytes: text.into() }];
    let report = linter.lint(&source).report;
    assert!(report.diagnostics.iter().all(|found| found.change.is_none() || found.fix.is_some()), "{name}");
    let all = count(&report, |_| true);
    let mut kept = 0;
    for allowed in [Safety::Safe, Safety::Unsafe] {
        let Fixed { texts, outcome } = linter.fix(&source, allowed, &|| {});
        let left = count(&outcome.report, |_| true);
        for (kind, promised) in count(&report, |fix| fix == Some(allowed)) {
            assert!(texts.iter().any(|fixed| fixed.after != text), "{name}: {kind}");
            let left = left.get(&kind).copied().unwrap_or_default();
            assert!(left + promised <= all[&kind], "{name}: {allowed:?}: {kind}\n{texts:#?}");
            kept += promised;
        }
        let more = count(&outcome.report, |fix| fix.is_some_and(|safety| safety <= allowed));
        assert!(more.is_empty(), "{name}: {allowed:?} leaves {more:?}");
    }
    let silent = report.diagnostics.iter().filter(|found| found.fix.is_some() && found.change.is_none());
    (kept, silent.count())
}

#[test]
fn what_is_called_fixable_is_fixed() {
    let texts = texts();
    for (preset, version) in [(Preset::Baseline, "1.29"), (Preset::Strict, "1.36")] {
        let policy = policy(preset, version);
        let results: Vec<(usize, usize)> =
            texts.par_iter().map(|(name, text)| hold(name, text, &policy)).collect();
        let kept: usize = results.iter().map(|(kept, _)| kept).sum();
        let silent: usize = results.iter().map(|(_, silent)| silent).sum();
        assert!(kept > 300, "{kept}");
        // What another fix makes possible is not offered alone.
        assert!(silent * 20 < kept, "{silent} of {kept}");
    }
}

/// Right where the text stands, and refused where it would be moved: by this version, the field is dropped there.
#[test]
fn what_another_version_would_drop_is_not_promised() {
    let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      \
                containers:\n      - name: a\n        image: b:1\n        preStop: {sleep: {seconds: 5}}\n";
    let promised = |version| {
        let policy = policy(Preset::Baseline, version);
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let source = [Source::Text { name: "test.yaml".into(), bytes: text.into() }];
        let report = Linter::new(&policy, now).lint(&source).report;
        let fixed = Linter::new(&policy, now).fix(&source, Safety::Safe, &|| {});
        let reasons: Vec<String> = fixed.outcome.not_applied.into_iter().map(|(_, fix)| fix.reason).collect();
        (report.diagnostics.iter().map(|found| found.fix).collect::<Vec<_>>(), reasons.join("; "))
    };
    assert_eq!(promised("1.36"), (vec![Some(Safety::Safe)], String::new()));
    let (fixes, reasons) = promised("1.29");
    assert_eq!(fixes, [None]);
    assert!(reasons.starts_with("that would bring another error: "), "{reasons}");
}
