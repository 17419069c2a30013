//! Baselines: a project with a thousand findings starts to lint, and sees what is new.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use assert_cmd::Command;
use jiff::Timestamp;
use jobguard::baseline::Baseline;
use jobguard::diagnostic::Report;
use jobguard::linter::Linter;
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::sources::Source;
use proptest::prelude::*;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::outputs::sarif_schema;

/// Runs `jobguard lint` in `folder` by the strict policy.
fn lint(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("jobguard").unwrap();
    command.current_dir(folder).env_remove("JOBGUARD_POLICY").env("CI", "1");
    command.args(["lint", "--policy", "strict", "--now", "2026-01-01T00:00:00Z"]);
    command.args(arguments).output().unwrap()
}

/// Exit status, standard output and standard error.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = lint(folder, arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = lint(folder, &[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The findings in JSON that are new: rule, object and field.
fn new(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .filter(|finding| finding["baseline"] != "unchanged")
        .map(|finding| {
            format!(
                "{} {} {}",
                word(&finding["rule"]),
                word(&finding["object"]["name"]),
                word(&finding["path"])
            )
        })
        .collect()
}

/// A CronJob with ten findings.
fn faulty(name: &str) -> String {
    format!(
        r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
  namespace: team
spec:
  schedule: "0 3 31 2 *"
  concurrencyPolicy: Sometimes
  jobTemplate:
    spec:
      completions: 2
      parallelism: 4
      template:
        spec:
          restartPolicy: Always
          containers:
          - name: main
            image: example.com/app:latest
          - name: other
            image: example.com/app
"#
    )
}

const GOOD_CONTAINER: &str = "          - name: first
            image: example.com/app:1.0
            resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}
";

#[test]
fn of_a_thousand_findings_one_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = folder.path().join("jobs");
    fs::create_dir(&jobs).unwrap();
    let pair = |number: usize| [faulty(&format!("cron-{number}-a")), faulty(&format!("cron-{number}-b"))];
    for number in 0..50 {
        fs::write(jobs.join(format!("{number}.yaml")), pair(number).join("---\n")).unwrap();
    }
    let before = json(folder.path(), &["jobs"]);
    assert_eq!(before["findings"].as_array().unwrap().len(), 1_000);

    let (status, out, err) = run(folder.path(), &["jobs", "--write-baseline", "baseline.json"]);
    assert_eq!((status, err.as_str()), (0, "wrote 1000 findings to baseline.json\n"));
    assert_eq!(
        out,
        "Checked 100 objects in 50 files: no new findings\n1000 findings are in the baseline baseline.json and not shown\n"
    );
    let written = fs::read_to_string(folder.path().join("baseline.json")).unwrap();
    assert_eq!(written.lines().count(), 1_000 + 6, "an entry a line");
    assert_eq!(run(folder.path(), &["jobs", "--baseline", "baseline.json"]).0, 0);

    // Files move, documents change places, lines and containers come before others; and there is one new fault.
    fs::remove_dir_all(&jobs).unwrap();
    fs::create_dir_all(folder.path().join("jobs/moved")).unwrap();
    for number in 0..50 {
        let [one, other] = pair(number).map(|text| {
            text.replace("spec:\n  schedule", "# A comment\n\n# and another\nspec:\n  schedule")
                .replace("          containers:\n", &format!("          containers:\n{GOOD_CONTAINER}"))
        });
        let one = if number == 31 {
            one.replace("spec:\n  schedule", "spec:\n  startingDeadlineSeconds: -1\n  schedule")
        } else {
            one
        };
        let text = format!("# Reordered\n{other}---\n# A document that is empty\n---\n{one}");
        fs::write(folder.path().join(format!("jobs/moved/renamed-{:02}.yml", 99 - number)), text).unwrap();
    }
    let now = json(folder.path(), &["jobs", "--baseline", "baseline.json"]);
    assert_eq!(new(&now), ["api/counts cron-31-a spec.startingDeadlineSeconds"]);
    assert_eq!(now["findings"].as_array().unwrap().len(), 1_001);
    assert_eq!(now["summary"], serde_json::json!({ "error": 1, "warning": 0, "info": 0 }));
    assert_eq!(
        (&now["baseline"]["unchanged"], &now["baseline"]["gone"]),
        (&1_000.into(), &serde_json::json!([]))
    );

    // Every output knows it.
    let (status, text, _) = run(
        folder.path(),
        &[
            "jobs",
            "--baseline",
            "baseline.json",
            "-o",
            "sarif:a.sarif",
            "-o",
            "junit:a.xml",
            "-o",
            "github:a.txt",
            "-o",
            "markdown:a.md",
            "-o",
            "html:a.html",
        ],
    );
    assert_eq!(status, 1);
    assert_eq!(text.matches("error[").count(), 1, "{text}");
    assert!(text.ends_with(
        "Checked 100 objects in 50 files: 1 error\n1000 findings are in the baseline baseline.json and not shown\n"
    ), "{text}");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let log: Value = serde_json::from_str(&read("a.sarif")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of_state = |state: &str| results.iter().filter(|result| result["baselineState"] == state).count();
    assert_eq!((of_state("new"), of_state("unchanged"), results.len()), (1, 1_000, 1_001));
    assert_eq!(read("a.xml").matches("<failure").count(), 1);
    assert_eq!(read("a.txt").lines().count(), 1);
    for name in ["a.md", "a.html"] {
        assert!(read(name).contains("api/counts") && !read(name).contains("cron/never-fires"), "{name}");
    }
    // Nothing that is known makes the run fail, at whatever level.
    let fails = ["jobs", "--baseline", "baseline.json", "--fail-on", "info", "--quiet"];
    assert_eq!(run(folder.path(), &fails).1.matches("[api/counts]").count(), 1);
}

#[test]
fn the_second_of_a_kind_is_new_and_what_is_gone_is_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.yaml"), faulty("a")).unwrap();
    fs::write(path.join("broken.yaml"), "a: [\n").unwrap();
    run(path, &["--write-baseline", "base.json"]);
    // The baseline lies in the folder that is linted, and is none of the files.
    let (_, out, _) = run(path, &["--baseline", "base.json"]);
    assert!(
        out.starts_with("Checked 1 object in 2 files: no new findings\n11 findings are in the baseline"),
        "{out}"
    );
    // Nor is it a manifest where nobody names it as the baseline, in any format or number.
    fs::copy(path.join("base.json"), path.join("copy.yaml")).unwrap();
    let (_, out, _) = run(path, &["--baseline", "base.json"]);
    assert!(out.contains("in 3 files: no new findings"), "{out}");
    fs::remove_file(path.join("copy.yaml")).unwrap();

    // The same object once more.
    fs::write(path.join("b.yaml"), faulty("a").replace("31 2", "30 2")).unwrap();
    let report = json(path, &["--baseline", "base.json"]);
    let again = new(&report);
    assert_eq!(
        again.iter().filter(|finding| finding.starts_with("cron/never-fires")).count(),
        1,
        "{again:?}"
    );
    assert_eq!(again.len(), 11, "ten, and that there are two of it: {again:?}");
    fs::remove_file(path.join("b.yaml")).unwrap();

    // One fault is corrected; another object is not there any more.
    fs::write(path.join("a.yaml"), faulty("a").replace("completions: 2", "completions: 4")).unwrap();
    fs::write(path.join("broken.yaml"), faulty("later")).unwrap();
    let (_, out, err) = run(path, &["a.yaml", "--baseline", "base.json", "--verbose"]);
    assert!(out.contains("; 1 entry is gone (run --write-baseline base.json to prune); 1 entry is about objects or files that are not in the input"), "{out}");
    assert!(err.contains("base.json:7: gone: CronJob team/a: spec.jobTemplate.spec.parallelism (job/parallelism-exceeds-completions)\n"), "{err}");
    assert!(err.contains(": not in the input: broken.yaml (api/syntax)\n"), "{err}");
    let log: Value =
        serde_json::from_slice(&lint(path, &["--baseline", "base.json", "-f", "sarif"]).stdout).unwrap();
    let faults: Vec<String> = sarif_schema().iter_errors(&log).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let absent = results.iter().filter(|result| result["baselineState"] == "absent");
    let absent: Vec<_> = absent.map(|result| result["ruleId"].as_str().unwrap()).collect();
    assert_eq!(absent, ["job/parallelism-exceeds-completions", "api/syntax"]);
    let (status, out, err) =
        run(path, &["a.yaml", "--baseline", "base.json", "--write-baseline", "base.json"]);
    assert_eq!(status, 0);
    assert_eq!(
        err,
        "wrote 9 findings to base.json (0 added, 2 removed, 1 of them in objects or files that are not in the input: \
         if these are not gone, lint all that the baseline is for)\n"
    );
    assert!(!out.contains("gone"), "{out}");
    let (_, _, err) = run(path, &["a.yaml", "--write-baseline", "base.json"]);
    assert_eq!(err, "wrote 9 findings to base.json (as before)\n");
    // A fixed fault that comes back is new.
    fs::write(path.join("a.yaml"), faulty("a")).unwrap();
    assert_eq!(
        new(&json(path, &["a.yaml", "--baseline", "base.json"])),
        ["job/parallelism-exceeds-completions a spec.jobTemplate.spec.parallelism"]
    );
}

#[test]
fn all_levels_are_written_and_fixes_are_made_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.yaml"), faulty("a")).unwrap();
    let (_, _, err) = run(path, &["--level", "error", "--write-baseline", "base.json"]);
    assert_eq!(err, "wrote 10 findings to base.json\n");
    let (status, _, err) = run(path, &["--baseline", "base.json", "--diff"]);
    assert!(status == 1 && err.contains("would fix 1 finding in 1 file; 9 findings would be left"), "{err}");
    let (status, out, err) = run(path, &["--baseline", "base.json", "--fix"]);
    assert_eq!(status, 0, "{out}");
    assert!(err.contains("fixed 1 finding in 1 file"), "{err}");
    assert!(out.contains("9 findings are in the baseline base.json and not shown; 1 entry is gone"), "{out}");
    let (status, _, err) = run(path, &["--diff", "--write-baseline", "base.json"]);
    assert!(status == 2 && err.contains("cannot be used with"), "{err}");
    // Statistics, and what is hidden, are of what is new.
    let (_, out, _) = run(path, &["--baseline", "base.json", "--statistics", "--level", "error"]);
    assert!(!out.contains("count") && !out.contains("hidden by"), "{out}");
}

#[test]
fn several_versions_share_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.yaml"), faulty("a")).unwrap();
    let versions = ["--kubernetes-version", "1.31,1.34"];
    run(path, &["--write-baseline", "base.json"]);
    assert_eq!(run(path, &[&["--baseline", "base.json"][..], &versions].concat()).0, 0);
}

#[test]
fn what_cannot_be_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.yaml"), faulty("a")).unwrap();
    run(path, &["--write-baseline", "base.json"]);
    let written = fs::read_to_string(path.join("base.json")).unwrap();
    let refused = |arguments: &[&str], expected: &str| {
        let (status, out, err) = run(path, arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
    };
    refused(
        &["--baseline", "none.json"],
        "--baseline none.json: there is no such file; to write it: --write-baseline none.json",
    );
    refused(&["--baseline", "a.yaml"], "--baseline a.yaml: not a baseline");
    refused(&["--baseline", "."], "--baseline .: a baseline has to be a regular file");
    refused(
        &["--write-baseline", "a.yaml"],
        "a.yaml: this file is not a baseline, so it is not written over",
    );
    refused(&["--write-baseline", "-"], "name a file");
    refused(&["--write-baseline", "no/base.json"], "there is no folder no");
    refused(&["--write-baseline", "base.json", "-o", "json:./base.json"], "--output");
    refused(&["--write-baseline", "base.json", "--baseline", "other.json"], "name one file");
    assert_eq!(fs::read_to_string(path.join("a.yaml")).unwrap(), faulty("a"));

    // A damaged one can be written anew, one of a later version cannot.
    fs::write(path.join("base.json"), format!("{written}<<<<<<< ours\n")).unwrap();
    refused(&["--baseline", "base.json"], "is a conflict marker of Git");
    fs::write(path.join("base.json"), written.replace("\"schemaVersion\": 1", "\"schemaVersion\": 7"))
        .unwrap();
    refused(&["--baseline", "base.json"], "base.json: schemaVersion 7 is newer");
    refused(
        &["--write-baseline", "base.json"],
        "base.json: this file is not written over: schemaVersion 7 is newer",
    );
    fs::write(path.join("base.json"), written.replacen("\"count\": 1}", "", 1)).unwrap();
    refused(&["--baseline", "base.json"], "base.json: line 5");
    fs::write(path.join("empty.json"), "").unwrap();
    refused(&["--baseline", "empty.json"], "not a baseline");
    for file in ["base.json", "empty.json"] {
        assert_eq!(run(path, &["a.yaml", "--write-baseline", file]).0, 0);
        assert_eq!(fs::read_to_string(path.join(file)).unwrap(), written);
    }

    // What could not be read would be missing.
    let (status, out, err) = run(path, &["a.yaml", "none.yaml", "--write-baseline", "new.json"]);
    assert!(status == 2 && err.contains("new.json was not written"), "{err}");
    // There is no such file to say anything of.
    assert!(out.contains("Checked 1 object in 1 file: ") && !out.contains("new.json"), "{out}");
    assert!(!path.join("new.json").exists());
}

#[test]
fn silenced_findings_do_not_enter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let silenced = faulty("a")
        .replace("  namespace", "  annotations: {jobguard.dev/ignore: job/no-deadline}\n  namespace");
    fs::write(path.join("a.yaml"), silenced).unwrap();
    run(path, &["--write-baseline", "base.json"]);
    assert!(!fs::read_to_string(path.join("base.json")).unwrap().contains("job/no-deadline"));
    fs::write(path.join("a.yaml"), faulty("a")).unwrap();
    assert_eq!(
        new(&json(path, &["--baseline", "base.json"])),
        ["job/no-deadline a spec.jobTemplate.spec.activeDeadlineSeconds"]
    );
}

fn strict() -> Policy {
    load::preset(Preset::Strict, registry().catalog()).unwrap()
}

fn report(policy: &Policy, files: &[(String, String)]) -> Report {
    let sources: Vec<Source> = files
        .iter()
        .map(|(name, text)| Source::Text { name: name.clone(), bytes: text.clone().into() })
        .collect();
    let linter =
        Linter { with_objects: true, with_fixes: false, ..Linter::new(policy, Timestamp::UNIX_EPOCH) };
    linter.lint(&sources).report
}

fn compare(baseline: &Baseline, report: &mut Report, files: &[(String, String)]) {
    let inputs: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    baseline.compare(report, "base.json", &inputs, &|_| false);
}

/// Documents of many kinds of faults: the faulty examples of the rules, one text each.
fn documents() -> Vec<String> {
    let examples = registry().rules().iter().flat_map(|rule| rule.docs.examples);
    let faulty = examples.filter(|example| example.bad);
    let whole =
        faulty.filter(|example| !example.manifest.contains("\n---") && !example.manifest.starts_with('{'));
    whole.map(|example| example.manifest.to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// However documents are put into files, and whatever lines come between them, nothing is new and nothing gone.
    #[test]
    fn moved_findings_are_known_again(
        picked in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
        shuffled in any::<u64>(),
        per_file in 1..5_usize,
        lines in 0..3_usize,
    ) {
        let all = documents();
        let chosen: BTreeSet<usize> = picked.iter().map(|index| index.index(all.len())).collect();
        let mut documents: Vec<&String> = chosen.iter().map(|position| &all[*position]).collect();
        let files = |documents: &[&String], prefix: &str, between: &str| -> Vec<(String, String)> {
            let texts = documents.chunks(per_file).map(|chunk| {
                let texts: Vec<&str> = chunk.iter().map(|text| text.as_str()).collect();
                format!("{between}{}", texts.join(&format!("\n---\n{between}")))
            });
            texts.enumerate().map(|(number, text)| (format!("{prefix}{number}.yaml"), text)).collect()
        };
        let policy = strict();
        let before = report(&policy, &files(&documents, "a", ""));
        let baseline = Baseline::of(&before);
        // A shuffle by a hash of the text.
        documents.sort_by_key(|text| text.bytes().fold(shuffled, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)));
        let moved = files(&documents, "b", &"# A comment\n".repeat(lines));
        let mut now = report(&policy, &moved);
        // Which documents are read depends on their neighbours in the file where one is broken.
        prop_assume!(now.diagnostics.len() == before.diagnostics.len());
        compare(&baseline, &mut now, &moved);
        let new: Vec<String> = now.diagnostics.iter().map(|finding| finding.fingerprint().to_string()).collect();
        prop_assert_eq!(new, Vec::<String>::new());
        prop_assert_eq!(now.baseline.unwrap().gone, vec![]);
    }
}

/// A pipe that nobody writes to, or that is the program's own output, would be read for ever.
#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.yaml"), faulty("a")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(path.join("pipe")).status().unwrap().success());
    for (flag, file) in [
        ("--baseline", "pipe"),
        ("--write-baseline", "pipe"),
        ("--baseline", "/dev/null"),
        ("--write-baseline", "/dev/stdout"),
        ("--write-baseline", "."),
    ] {
        let mut command = Command::cargo_bin("jobguard").unwrap();
        command.current_dir(path).env_remove("JOBGUARD_POLICY").timeout(Duration::from_secs(60));
        let output = command.args(["lint", "a.yaml", flag, file]).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        let expected = format!("{flag} {file}: a baseline has to be a regular file, which this is not");
        assert!(output.status.code() == Some(2) && err.contains(&expected), "{flag} {file}: {err}");
    }
}

/// A commit hook lints what has changed: what else the baseline names is still there.
#[test]
fn a_file_that_is_not_linted_has_not_been_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for name in ["a.yaml", "b.yaml", "c.yaml"] {
        fs::write(path.join(name), "a: [\n").unwrap();
    }
    run(path, &["--write-baseline", "base.json"]);
    fs::write(path.join("d.yaml"), "a: [\n").unwrap();
    let (status, out, _) = run(path, &["d.yaml", "--baseline", "base.json"]);
    assert!(status == 1 && out.contains("d.yaml:1:4"), "{out}");
    // One of them is gone: the new file is that one.
    fs::remove_file(path.join("b.yaml")).unwrap();
    let (status, out, _) = run(path, &["d.yaml", "--baseline", "base.json"]);
    assert!(status == 0 && out.contains("1 finding is in the baseline base.json and not shown"), "{out}");
    // What came by standard input has no name that could change.
    let entries = fs::read_to_string(path.join("base.json")).unwrap();
    fs::write(path.join("base.json"), entries.replace("b.yaml", "<stdin>")).unwrap();
    assert_eq!(run(path, &["d.yaml", "--baseline", "base.json"]).0, 1);
}

/// Comparing costs what findings and entries are, not the square of them.
#[test]
fn costs_grow_with_the_findings() {
    let pattern = report(&strict(), &[("a.yaml".to_owned(), faulty("a"))]);
    let seconds = |copies: usize| {
        let mut many = Report::default();
        for copy in 0..copies {
            for finding in &pattern.diagnostics {
                let mut finding = finding.clone();
                let mut object = finding.object.as_deref().unwrap().clone();
                // Half of them have a fingerprint of their own.
                object.name = Some(if copy % 2 == 0 { "same".to_owned() } else { format!("cron-{copy}") });
                finding.object = Some(object.into());
                many.diagnostics.push(finding);
            }
        }
        let start = clock_gettime(ClockId::ThreadCPUTime);
        let baseline = Baseline::of(&many);
        let read = jobguard::baseline::read(&baseline.to_text().unwrap()).unwrap();
        compare(&read, &mut many, &[]);
        let end = clock_gettime(ClockId::ThreadCPUTime);
        assert_eq!((many.diagnostics.len(), many.found()), (0, copies * pattern.diagnostics.len()));
        (end.tv_sec - start.tv_sec) as f64 + (end.tv_nsec - start.tv_nsec) as f64 / 1e9
    };
    let best = |copies| (0..3).map(|_| seconds(copies)).fold(f64::INFINITY, f64::min);
    let (few, many) = (best(250), best(2_000));
    assert!(many < few * 8.0 * 3.0, "{few} s, and {many} s for eight times as many");
}
