//! The program's outputs, as other programs get them: formats on real manifests, files, and what is said when.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use jobguard::report::FORMATS;
use serde_json::Value;

/// Runs `jobguard lint` in `folder`.
fn lint(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("jobguard").unwrap();
    command.current_dir(folder).env_remove("JOBGUARD_POLICY").env("CI", "1");
    command.args(["lint", "--now", "2026-01-01T00:00:00Z"]).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const GOOD: &str = r#"apiVersion: batch/v1
kind: Job
metadata:
  name: fine
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#;

/// A folder with a Job that is refused, one that is warned about, and one that is fine.
fn jobs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    let bad = GOOD.replace("Never", "Always").replace("fine", "refused");
    let warned = GOOD.replace("spec:\n  template", "spec:\n  completions: 2\n  parallelism: 4\n  template");
    fs::write(folder.path().join("bad.yaml"), format!("{bad}---\n{}", warned.replace("fine", "warned")))
        .unwrap();
    folder
}

/// The schema of SARIF logs.
pub(crate) fn sarif_schema() -> jsonschema::Validator {
    let schema = fs::read_to_string(repository().join("tests/fixtures/sarif-schema-2.1.0.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    // Its pattern for languages, which we do not write, is no regular expression to a strict reader.
    for part in ["run", "toolComponent"] {
        schema["definitions"][part]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn sarif_is_valid_by_the_schema() {
    let validator = sarif_schema();
    for arguments in [
        &["tests/manifests", "examples"][..],
        &["tests/manifests/good"],
        &["tests/manifests/bad", "--policy", "strict", "no-such-file.yaml"],
    ] {
        let output = lint(repository(), &[arguments, &["--format", "sarif"]].concat());
        let log: Value = serde_json::from_slice(&output.stdout).unwrap();
        let faults: Vec<String> =
            validator.iter_errors(&log).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{faults:#?}");

        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
        }
        let offered = |result: &&Value| result["fixes"].is_array();
        let offers = run["results"].as_array().unwrap().iter().filter(offered).count();
        assert_eq!(offers > 0, arguments.iter().any(|argument| !argument.ends_with("good")), "{arguments:?}");
        let failed = arguments.contains(&"no-such-file.yaml");
        assert_eq!(run["invocations"][0]["executionSuccessful"], !failed);
        assert_eq!(output.status.code() == Some(2), failed);
    }
}

#[test]
fn sarif_names_the_rules_that_were_at_work() {
    let folder = jobs();
    let policy = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: own}\nspec:\n  \
                  rules: {\"*\": off}\n  overrides:\n  - match: {names: [warned]}\n    rules: {job/parallelism-exceeds-completions: warn}\n";
    fs::write(folder.path().join("jobguard.yaml"), policy).unwrap();
    let log: Value = serde_json::from_slice(&lint(folder.path(), &["-f", "sarif"]).stdout).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"api/restart-policy") && !ids.contains(&"cron/never-fires"), "{ids:?}");
    assert!(ids.contains(&"job/parallelism-exceeds-completions"), "an override turns it on: {ids:?}");
}

#[test]
fn every_rule_has_the_page_that_sarif_names() {
    for rule in jobguard::rules::registry().rules() {
        let url = rule.url().unwrap();
        let (_, path) = url.split_once("/blob/main/").unwrap();
        assert!(repository().join(path).is_file(), "{url}");
    }
}

#[test]
fn the_page_about_outputs_lists_every_format() {
    let page = fs::read_to_string(repository().join("docs/outputs.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let names: Vec<&str> = rows.map(|(name, _)| name).take(FORMATS.len()).collect();
    assert_eq!(names, FORMATS.map(|format| format.name));
}

#[test]
fn the_page_about_outputs_shows_what_is_printed() {
    let page = fs::read_to_string(repository().join("docs/outputs.md")).unwrap();
    let mut shown = 0;
    for block in page.split("```console\n$ jobguard lint ").skip(1) {
        let (command, rest) = block.split_once('\n').unwrap();
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let printed = lint(repository(), &arguments);
        assert_eq!(rest.split("```").next().unwrap(), stdout(&printed), "jobguard lint {command}");
        shown += 1;
    }
    assert!(shown > 0);
}

#[test]
fn junit_lists_objects_and_fails_as_the_exit_status_does() {
    let folder = jobs();
    for (fail_on, failures, code) in [("error", 1, 1), ("warning", 2, 1), ("never", 0, 0)] {
        let output = lint(folder.path(), &["-f", "junit", "--fail-on", fail_on]);
        let report = quick_junit::Report::deserialize_from_str(stdout(&output)).unwrap();
        assert_eq!((report.tests, report.failures), (3, failures), "{fail_on}");
        assert_eq!(output.status.code(), Some(code), "{fail_on}");
    }
}

#[test]
fn objects_of_the_same_name_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let bad = GOOD.replace("Never", "Always");
    fs::write(folder.path().join("twice.yaml"), format!("{GOOD}---\n{bad}")).unwrap();
    let output = lint(folder.path(), &["-f", "junit"]);
    let report = quick_junit::Report::deserialize_from_str(stdout(&output)).unwrap();
    let cases: Vec<(&str, bool)> = report.test_suites[0]
        .test_cases
        .iter()
        .map(|case| {
            let failed = matches!(case.status, quick_junit::TestCaseStatus::NonSuccess { .. });
            (case.name.as_str(), failed)
        })
        .collect();
    assert_eq!(cases, [("Job fine", false), ("Job fine #2", true)]);
}

#[test]
fn several_outputs_at_once() {
    let folder = jobs();
    let output = lint(
        folder.path(),
        &["-o", "sarif:a.sarif", "-o", "json:b.json", "-o", "junit:c.xml", "-o", "text:d"],
    );
    assert_eq!(output.status.code(), Some(1));
    let summary = stdout(&output).lines().last().unwrap();
    assert!(summary.starts_with("Checked 3 objects in 2 files: 1 error, 1 warning"), "{summary}");
    let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(file("d"), stdout(&output));
    assert!(serde_json::from_str::<Value>(&file("a.sarif")).unwrap()["runs"].is_array());
    assert!(serde_json::from_str::<Value>(&file("b.json")).unwrap()["findings"].is_array());
    assert!(file("c.xml").starts_with("<?xml"));
    // Nothing else is left behind.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 6);
}

#[test]
fn a_page_and_a_comment_show_lines_and_fixes() {
    let folder = jobs();
    let policy = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: own}\nspec:\n  \
                  rules: {\"*\": off, job/ttl-missing: info}\n";
    fs::write(folder.path().join("jobguard.yaml"), policy).unwrap();
    let output = lint(folder.path(), &["-o", "html:a.html", "-o", "markdown:b.md", "gone.yaml", "bad.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("\ninfo[job/ttl-missing]: bad.yaml:"), "{}", stdout(&output));
    let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    for (name, texts) in [
        (
            "a.html",
            &[
                "The run fails: 1 file could not be read; 1 error.",
                "as Kubernetes 1.36 judges them and by the policy <strong>jobguard.yaml</strong>",
                "<mark>Always</mark>",
                "<span>      restartPolicy: Always</span></del><ins><span class=\"no\">+</span><span>      restartPolicy: Never</span></ins>",
                // What is of level info has its lines too.
                "<span class=\"no\">5</span><span><mark>spec</mark>:</span>",
            ][..],
        ),
        (
            "b.md",
            &[
                "restartPolicy: Always\n  |                      ^^^^^^",
                "```diff\n-      restartPolicy: Always\n+      restartPolicy: Never\n```",
                "```text\n5 | spec:\n  | ^^^^\n```",
            ],
        ),
    ] {
        let written = file(name);
        for text in texts {
            assert!(written.contains(text), "{name}: {text}: {written}");
        }
    }
}

#[test]
fn a_file_without_a_format_takes_the_place_of_standard_output() {
    let folder = jobs();
    let output = lint(folder.path(), &["-f", "json", "-o", "findings"]);
    assert_eq!(stdout(&output), "");
    let text = fs::read_to_string(folder.path().join("findings")).unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

#[test]
fn outputs_that_cannot_be_are_told_before_anything_is_read() {
    let folder = jobs();
    for arguments in [&["-o", "out/a.json"][..], &["-o", "xml:a"], &["-o", "a", "-o", "b"]] {
        let output = lint(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stdout(&output), "");
        assert!(stderr(&output).starts_with("error: --output "), "{}", stderr(&output));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn quiet_shows_what_fails() {
    let folder = jobs();
    let output = lint(folder.path(), &["--quiet"]);
    assert!(stdout(&output).starts_with("error[api/restart-policy]"), "{}", stdout(&output));
    assert!(!stdout(&output).contains("warning["), "{}", stdout(&output));
    assert_eq!(stdout(&lint(folder.path(), &["--quiet", "good.yaml"])), "");
    assert_eq!(stdout(&lint(folder.path(), &["--quiet", "--fail-on", "never"])), "");
    // What programs read stays whole.
    let whole = lint(folder.path(), &["-f", "json"]);
    assert_eq!(lint(folder.path(), &["-f", "json", "-q"]).stdout, whole.stdout);
}

#[test]
fn verbose_says_which_policy_and_which_files() {
    let folder = jobs();
    let output = lint(folder.path(), &["-v", "-f", "json"]);
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
    let told = stderr(&output);
    assert!(told.starts_with("policy: recommended, built in\n"), "{told}");
    for line in ["read bad.yaml: objects 2, findings ", "read good.yaml: objects 1, findings "] {
        assert!(told.contains(line), "{told}");
    }
    let last = told.lines().last().unwrap();
    assert!(last.starts_with("took "), "{told}");
}

#[test]
fn statistics_go_with_text_or_to_standard_error() {
    let folder = jobs();
    let output = lint(folder.path(), &["--statistics"]);
    assert!(stdout(&output).contains("\n    1  error    api/restart-policy"), "{}", stdout(&output));
    let output = lint(folder.path(), &["--statistics", "-f", "json"]);
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
    assert!(stderr(&output).contains("    1  error    api/restart-policy"), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn hostile_files_stay_harmless_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a\u{1b}[31m\u{202e}\n::error::%0A,x=y ]]> \"'<&\u{7f}\u{9b}.yaml";
    let odd = "\\e[2J \\u202e ::error::x %0A ]]> <b> \\uFFFE";
    let text =
        GOOD.replace("name: fine", &format!("name: \"{odd}\"")).replace("Never", &format!("\"{odd}\""));
    fs::write(folder.path().join(name), format!("{text}\u{1b}[2J\u{202e}")).unwrap();
    fs::write(folder.path().join("b.yaml"), text + "  \u{202e}x: \u{9b}31m\n").unwrap();
    for format in FORMATS.map(|format| format.name) {
        let output = lint(folder.path(), &["-f", format, "--statistics", "gone\u{1b}[31m\u{202e}.yaml", "."]);
        assert_eq!(output.status.code(), Some(2), "{format}");
        for written in [stdout(&output), stderr(&output)] {
            let steers = |c: char| {
                (c.is_control() && c != '\n')
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!written.contains(steers), "{format}: {written:?}");
            let commands = written.lines().filter(|line| line.trim_start().starts_with("::")).count();
            assert!(commands == 0 || format == "github", "{format}: {written}");
        }
    }
}
