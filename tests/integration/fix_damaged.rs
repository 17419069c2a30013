//! `--fix` over damaged manifests: none of them ends with more errors than it had, by the linter's judgement and by that of
//! a server that is not strict, which drops what it does not know and judges the rest.
//!
//! `JOBGUARD_DAMAGED` says how many (400); `JOBGUARD_DAMAGED=8000 cargo test --release --test integration fix_damaged::` is
//! the long run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use jobguard::apiserver::{Kind, Workload};
use jobguard::engine::{Safety, Severity};
use jobguard::linter::{Fixed, Linter};
use jobguard::manifest;
use jobguard::policy::{Policy, load};
use jobguard::rules;
use jobguard::rules::registry;
use jobguard::sources::Source;
use rayon::prelude::*;

use crate::support::edits::{LONGEST, Numbers, damaged, mutated};
use crate::support::manifests;

/// The manifests to damage: good ones, and bad ones that have fixes.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for path in manifests(&["yaml"]) {
        let text = fs::read(&path).unwrap();
        let is_ours = String::from_utf8_lossy(&text).contains("batch/v1");
        seeds.extend((is_ours && text.len() < LONGEST / 4).then_some(text));
    }
    assert!(seeds.len() > 100);
    seeds
}

fn policy() -> Policy {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixes/policy/never.yaml");
    load::read_file(&file, registry().catalog()).unwrap()
}

fn source(text: &str) -> Source {
    Source::Text { name: "damaged.yaml".to_owned(), bytes: text.as_bytes().to_vec() }
}

fn linter(policy: &Policy) -> Linter<'_> {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Linter::new(policy, now)
}

/// How many errors the linter reports.
fn reported(policy: &Policy, text: &str) -> usize {
    let report = linter(policy).lint(&[source(text)]).report;
    report.diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
}

/// How many errors there are to a server that is not strict: it drops what it does not know, and of keys that are given
/// twice the last one counts.
fn lenient(policy: &Policy, text: &str) -> usize {
    let mut errors = 0;
    manifest::read_each(text, |document| {
        let Ok(tree) = document.content else {
            errors += 1;
            return;
        };
        for object in manifest::objects(&tree) {
            let field = |name| tree.get(object.node, name).and_then(|node| tree.str(node)).map(str::to_owned);
            let implied = object.implied.as_ref();
            let kind = field("kind").or(implied.map(|implied| implied.kind.clone()));
            let version = field("apiVersion").or(implied.map(|implied| implied.api_version.clone()));
            let is_served = version.as_deref() == Some("batch/v1");
            // One that no server has is judged as what it is meant to be, besides.
            let kind = match kind.as_deref() {
                Some("Job") if is_served => Kind::Job,
                Some("CronJob") if is_served => Kind::CronJob,
                Some(other) => {
                    let is_ours = version.is_none_or(|version| {
                        version.trim().to_ascii_lowercase().starts_with("batch/") || !version.contains('/')
                    });
                    let kind = match other.trim().to_ascii_lowercase().trim_end_matches('s') {
                        "job" if is_ours => Kind::Job,
                        "cronjob" if is_ours => Kind::CronJob,
                        _ => continue,
                    };
                    errors += 1;
                    kind
                }
                // Nor does any server take what does not say what it is.
                None => {
                    errors += 1;
                    continue;
                }
            };
            let decoded = crate::support::server().decode(&tree, object.node, kind);
            let value = match &decoded.workload {
                Some(Workload::Job(job)) => serde_json::to_value(job).unwrap(),
                Some(Workload::CronJob(job)) => serde_json::to_value(job).unwrap(),
                None => {
                    let strict = [rules::api_unknown_field::RULE.id(), rules::api_duplicate_key::RULE.id()];
                    let report =
                        linter(policy).lint(&[source(&tree.to_value(object.node).to_string())]).report;
                    let found = report.diagnostics.iter().filter(|found| found.severity == Severity::Error);
                    errors += found.filter(|found| !strict.contains(&found.rule.id())).count().max(1);
                    continue;
                }
            };
            errors += reported(policy, &value.to_string());
        }
    });
    errors
}

#[test]
fn no_fix_adds_an_error() {
    let count = std::env::var("JOBGUARD_DAMAGED").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let (seeds, policy) = (seeds(), policy());
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let texts: Vec<String> = (0..count)
        .map(|number| match number % 4 {
            0 => String::from_utf8_lossy(&mutated(&seeds, &mut numbers)).into_owned(),
            _ => damaged(&String::from_utf8_lossy(&seeds[numbers.below(seeds.len())]), &mut numbers),
        })
        .collect();
    let (fixed, held_back) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let worse: Vec<String> = texts
        .par_iter()
        .filter_map(|text| {
            let Fixed { texts, outcome } = linter(&policy).fix(&[source(text)], Safety::Safe, &|| {});
            held_back.fetch_add(outcome.held_back.len(), Ordering::Relaxed);
            fixed.fetch_add(texts.len(), Ordering::Relaxed);
            let after = texts.into_iter().next()?.after;
            let errors = |text: &str| [reported(&policy, text), lenient(&policy, text)];
            let (was, is) = (errors(text), errors(&after));
            (is[0] > was[0] || is[1] > was[1])
                .then(|| format!("{was:?} -> {is:?}\n{text}\n=== becomes\n{after}"))
        })
        .collect();
    assert!(
        worse.is_empty(),
        "{} of {count} end with more errors:\n{}",
        worse.len(),
        worse.join("\n=========\n")
    );
    eprintln!("damaged manifests: {count}; fixed: {fixed:?}, held back: {held_back:?}");
    assert!(fixed.into_inner() > count / 20, "hardly any has a fix");
}
