//! Texts that are all bulk: what is kept of them is bounded, and nothing is left out silently.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::Timestamp;
use jobguard::linter::{Linter, Outcome};
use jobguard::policy::{Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;

const REFUSED: &str = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                       restartPolicy: Always\n      containers: [{name: a, image: b}]\n";

fn lint(text: String) -> Outcome {
    let policy = load::preset(Preset::Baseline, registry().catalog()).unwrap();
    let source = Source::Text { name: "large.yaml".to_owned(), bytes: text.into_bytes() };
    Linter::new(&policy, Timestamp::UNIX_EPOCH).lint(&[source])
}

/// The most memory that the program had in use for a text, in KiB.
#[cfg(target_os = "linux")]
fn peak(text: &str) -> usize {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.yaml");
    std::fs::write(&file, text).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_jobguard"))
        .args(["lint", "--policy", "baseline"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(size.unwrap_or_default());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_no_workload_is_dropped_as_it_is_read() {
    let little = peak("a: 1\n");
    for document in
        ["---\na: 1\n", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "{\"a\":[1]}\n"]
    {
        let text = document.repeat((2 << 20) / document.len());
        // The text and its lines: kept whole, the documents took more than seventy times the text's size.
        let more = peak(&text).saturating_sub(little);
        assert!(more < 32 * 2 * 1024, "{document:?}: {more} KiB");
    }
}

#[test]
fn a_workload_is_found_among_many_others() {
    let others = "---\nkind: A\n".repeat(100_000);
    let outcome = lint(format!("{others}{REFUSED}{others}"));
    assert_eq!((outcome.report.objects, outcome.report.diagnostics.len()), (1, 1));
    assert_eq!(outcome.report.diagnostics[0].region.line, 200_008);
    assert!(outcome.errors.is_empty());
}

#[test]
fn objects_beyond_what_a_file_may_hold_are_told() {
    let others = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n".repeat(99_999);
    let told = |text: String| lint(text).errors.iter().map(ToString::to_string).collect::<String>();
    let fits = told(format!("{others}{REFUSED}"));
    assert!(!fits.contains("objects not judged"), "{fits}");
    let more = told(format!("{others}{REFUSED}{REFUSED}"));
    assert!(more.contains("objects not judged: 1"), "{more}");
    // Other objects do not count.
    let services = "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n".repeat(100_000);
    let outcome = lint(format!("{services}{REFUSED}"));
    assert_eq!((outcome.report.objects, outcome.report.diagnostics.len(), outcome.errors.len()), (1, 1, 0));
}

#[test]
fn findings_beyond_what_is_kept_are_told() {
    let outcome = lint("---\na: [\n".repeat(100_002));
    assert_eq!(outcome.report.diagnostics.len(), 100_000);
    let told = "large.yaml: too much for one file; findings not shown: 2; lint it in parts";
    assert_eq!(outcome.errors[0].to_string(), told);
    let shown = outcome.report.diagnostics.iter().filter(|diagnostic| diagnostic.excerpt.is_some()).count();
    assert_eq!(shown, 2_000);
}

#[test]
fn what_does_not_say_its_type_is_bounded_too() {
    let outcome = lint("---\napiVersion: batch/v1\n".repeat(100_002));
    assert_eq!(outcome.report.diagnostics.len(), 100_000);
    let told = "large.yaml: too much for one file; findings not shown: 2; lint it in parts";
    assert_eq!(outcome.errors[0].to_string(), told);
    // Documents that are no objects are reported a few times, and only beside ours.
    let others = "---\n- a\n".repeat(1_000);
    assert_eq!(lint(others.clone()).report.diagnostics.len(), 0);
    assert_eq!(lint(format!("{others}{REFUSED}{others}")).report.diagnostics.len(), 11);
}
