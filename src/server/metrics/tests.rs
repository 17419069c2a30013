//! What is counted, and how it is shown.

use std::collections::BTreeSet;

use super::*;
use crate::engine::{NeighbourKind, Severity};
use crate::server::audit_summary::ShownSummary;
use crate::server::testing;

#[test]
fn the_documentation_lists_every_metric() {
    let documentation = include_str!("../../../docs/metrics.md");
    let text = documentation.lines().filter_map(|line| line.strip_prefix("| `jobguard_"));
    let written: BTreeSet<&str> = text.filter_map(|rest| rest.split(['`', '{']).next()).collect();
    let metrics = Metrics::new();
    let there: BTreeSet<String> = metrics
        .names
        .iter()
        .map(|name| {
            let needle = format!("# TYPE jobguard_{name} counter");
            let counter = filled(&metrics).contains(&needle);
            if counter { format!("{name}_total") } else { (*name).to_owned() }
        })
        .collect();
    assert_eq!(written, there.iter().map(String::as_str).collect());
}

/// The text once everything has happened.
fn filled(metrics: &Metrics) -> String {
    let outcome = Outcome {
        operation: "CREATE",
        kind: "Job",
        dry_run: "false",
        verdict: "unjudged",
        unjudged: Some(("timed_out", "allowed")),
        findings: vec![("api/name", Severity::Error)],
        suppressed: vec![("job/indexed-service", "annotation")],
        patched: true,
    };
    metrics.answered(Endpoint::Validate, &outcome);
    drop(metrics.begin(Endpoint::Mutate));
    let policies = &testing::app(1).policies;
    policies.now().measure(metrics);
    policies.now().measure_exceptions(metrics, jiff::Timestamp::UNIX_EPOCH);
    metrics.refused(Endpoint::Validate, 400);
    metrics.timed_out(Endpoint::Validate, "allowed");
    metrics.connection_closed("silent");
    metrics.tls_reloaded(&ReloadResult::<()>::Loaded);
    metrics.policy_reloaded(&ReloadResult::Failed(()));
    metrics.cache(CacheState {
        watched: Watched::Neighbours(NeighbourKind::Service),
        synced: true,
        age: 0.0,
        objects: 7,
    });
    metrics.audit.show(Some(&ShownSummary {
        at: jiff::Timestamp::UNIX_EPOCH,
        findings: vec![("cron/overlap".to_owned(), Severity::Info, 1)],
        objects: 1,
        errors: 0,
    }));
    metrics.text(Format::OpenMetrics)
}

#[test]
fn a_failed_reload_shows_until_one_succeeds() {
    let metrics = Metrics::new();
    let shows = |value: u8| {
        metrics
            .text(Format::Prometheus)
            .contains(&format!("jobguard_policy_last_reload_successful {value}\n"))
    };
    assert!(shows(1));
    metrics.policy_reloaded(&ReloadResult::Failed(()));
    metrics.policy_reloaded(&ReloadResult::<()>::StillFailing);
    assert!(shows(0));
    metrics.policy_reloaded(&ReloadResult::<()>::Loaded);
    assert!(shows(1));
    assert!(
        metrics.text(Format::OpenMetrics).contains("jobguard_policy_reloads_total{result=\"failure\"} 1\n")
    );
}

/// Runs `promtool` on everything there is, if it is here.
#[test]
fn promtool_has_nothing_to_say() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let metrics = Metrics::new();
    filled(&metrics);
    let spawned = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = spawned else {
        let _ =
            writeln!(std::io::stderr(), "skipped: there is no promtool; Debian's package prometheus has it");
        return;
    };
    let text = metrics.text(Format::Prometheus);
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let words = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert!(output.status.success() && words.is_empty(), "{words}\n{text}");
}

/// What Prometheus' linter looks at, so that it is looked at everywhere.
#[test]
fn counters_end_with_total_and_everything_has_a_help() {
    let metrics = Metrics::new();
    filled(&metrics);
    let text = metrics.text(Format::Prometheus);
    let mut helped = BTreeSet::new();
    for line in text.lines() {
        if let Some((name, words)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            assert!(!words.is_empty() && helped.insert(name.to_owned()), "{line}");
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            assert!(helped.contains(name), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        } else {
            assert!(!line.starts_with('#'), "{line}");
            let name = line.split(['{', ' ']).next().unwrap();
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            assert!(helped.contains(name) || family.is_some_and(|name| helped.contains(name)), "{line}");
        }
    }
    assert_eq!(helped.len(), metrics.names.len());
}

#[test]
fn dry_runs_are_counted_apart() {
    let metrics = Metrics::new();
    let outcome = |dry_run| Outcome {
        operation: "CREATE",
        kind: "Job",
        dry_run,
        verdict: "denied",
        unjudged: None,
        findings: vec![("api/name", Severity::Error)],
        suppressed: vec![("job/indexed-service", "annotation")],
        patched: true,
    };
    metrics.answered(Endpoint::Validate, &outcome("true"));
    metrics.answered(Endpoint::Validate, &outcome("false"));
    metrics.answered(Endpoint::Validate, &outcome("false"));
    let text = metrics.text(Format::Prometheus);
    for series in [
        r#"jobguard_requests_total{path="/validate",operation="CREATE",kind="Job",verdict="denied",dry_run="#,
        r#"jobguard_findings_total{rule="api/name",level="error",dry_run="#,
        r#"jobguard_suppressed_findings_total{rule="job/indexed-service",by="annotation",dry_run="#,
        r#"jobguard_patches_total{kind="Job",dry_run="#,
    ] {
        for (value, count) in [("true", 1), ("false", 2)] {
            assert!(text.contains(&format!("{series}\"{value}\"}} {count}\n")), "{series}{value}: {text}");
        }
    }
}
