//! The program as people run it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use assert_cmd::Command;

/// The program in the repository's folder, with a fixed clock and a plain terminal.
fn jobguard(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("jobguard").unwrap();
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("JOBGUARD_POLICY")
        .env_remove("COLUMNS")
        .env("NO_COLOR", "1")
        .args(arguments);
    command
}

fn said(output: &Output) -> (String, String, Option<i32>) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

fn lint(arguments: &[&str], input: &str) -> (String, String, Option<i32>) {
    let mut all = vec!["lint", "--now", "2026-01-01T00:00:00Z"];
    all.extend(arguments);
    said(&jobguard(&all).write_stdin(input).output().unwrap())
}

const GOOD: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: good
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox:1.36
";

const PAUSED: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: paused
spec:
  parallelism: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox:1.36
";

#[test]
fn every_mistake_is_found_at_its_place() {
    let (stdout, stderr, code) = lint(&["tests/manifests/bad"], "");
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!("bad_manifests", stdout);
}

#[test]
fn the_good_manifests_are_good() {
    let (stdout, stderr, code) = lint(&["tests/manifests/good", "--fail-on", "warning"], "");
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(!stdout.contains("error") && !stdout.contains("warning"), "{stdout}");
}

#[test]
fn files_folders_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("a.yaml"), GOOD).unwrap();
    fs::write(path("b.txt"), PAUSED).unwrap();
    fs::write(path(".gitignore"), "ignored.yaml\n").unwrap();
    fs::write(path("ignored.yaml"), PAUSED).unwrap();
    fs::write(path("package.json"), "{ // no manifest\n}").unwrap();
    let whole = folder.path().display().to_string();

    let (stdout, _, code) = lint(&[&whole, "--fail-on", "info"], "");
    assert!(stdout.contains("Checked 1 object in 2 files: "), "{stdout}");
    assert!(!stdout.contains("paused"), "{stdout}");
    assert!(code == Some(0) || stdout.contains("info"), "{stdout}");
    // A file that is named is read whatever its name.
    let (stdout, _, _) = lint(&[&path("b.txt")], "");
    assert!(stdout.contains("job/paused-by-parallelism"), "{stdout}");
    let (stdout, _, _) = lint(&["-"], PAUSED);
    assert!(stdout.contains("<stdin>:6:16"), "{stdout}");
}

#[test]
fn exit_status() {
    assert_eq!(lint(&["-"], GOOD).2, Some(0));
    assert_eq!(lint(&["-"], PAUSED).2, Some(0), "a warning is no failure by default");
    assert_eq!(lint(&["-", "--fail-on", "warning"], PAUSED).2, Some(1));
    assert_eq!(lint(&["-"], &GOOD.replace("Never", "Always")).2, Some(1));
    assert_eq!(lint(&["-", "--fail-on", "never"], &GOOD.replace("Never", "Always")).2, Some(0));
    assert_eq!(lint(&["-", "--no-such-flag"], GOOD).2, Some(2));
}

#[test]
fn an_unreadable_file_hides_nothing_and_is_no_success() {
    let (stdout, stderr, code) = lint(&["no/such/file.yaml", "-"], PAUSED);
    assert_eq!(code, Some(2));
    assert!(stdout.contains("job/paused-by-parallelism"), "{stdout}");
    assert_eq!(stderr, "error: no/such/file.yaml: there is no such file or folder\n");
}

#[test]
fn a_bad_policy_is_told_whole_with_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    fs::write(
        &path,
        "apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata:
  name: team
spec:
  extend: strict
  rules:
    cron/never-fire: warn
    job/paused-by-parallelism: loud
    api/syntax: off
",
    )
    .unwrap();
    let (stdout, stderr, code) = lint(&["-", "--policy", &path.display().to_string()], GOOD);
    assert_eq!((stdout.as_str(), code), ("", Some(2)));
    insta::assert_snapshot!(stderr.replace(&folder.path().display().to_string(), ""));
    let output = jobguard(&["policy", "check"]).arg(&path).output().unwrap();
    assert_eq!(said(&output), (String::new(), stderr, Some(2)));
}

#[test]
fn the_nearest_policy_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("team/jobs");
    fs::create_dir_all(&below).unwrap();
    fs::write(
        folder.path().join("jobguard.yaml"),
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: team\nspec:\n  rules:\n    \
         job/paused-by-parallelism: deny\n",
    )
    .unwrap();
    let mut command = jobguard(&["lint", "-"]);
    let output = command.current_dir(&below).write_stdin(PAUSED).output().unwrap();
    assert_eq!(said(&output).2, Some(1));
    let output = jobguard(&["policy", "check", "jobguard.yaml"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(said(&output), ("jobguard.yaml: ok, policy team\n".to_owned(), String::new(), Some(0)));
}

#[test]
fn what_has_no_effect_in_a_policy_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    let check = |spec: &str| {
        let head = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: team}\nspec:\n";
        fs::write(&path, format!("{head}{spec}")).unwrap();
        let output = jobguard(&["policy", "check", "p.yaml"]).current_dir(folder.path()).output().unwrap();
        let (stdout, stderr, code) = said(&output);
        assert_eq!((stderr.as_str(), code), ("", Some(0)));
        stdout
    };
    let stdout = check(
        "  rules: {cron/*: warn}\n  overrides: [{match: {namespaceLabels: {env: dev}}, rules: {job/*: info}}]\n",
    );
    assert_eq!(
        stdout,
        "p.yaml: ok, policy team\n\
         note: spec.rules: `cron/*: warn` switches on nothing that is off: cron/deadline-missing, cron/overlap, cron/suspended, \
         cron/zone-missing; a rule's own name switches it on\n\
         note: spec.overrides[0].rules: `job/*: info` switches on nothing that is off: job/disruptions-count, \
         job/no-deadline, job/onfailure-logs, job/ttl-missing; a rule's own name switches it on\n\
         note: spec.overrides: `namespaceLabels` match nothing unless the server watches namespaces: `jobguard serve \
         --watch-namespaces`, chart value `watch.namespaces`; offline they never match\n"
    );
    let stdout = check("  extends: strict\n  rules: {cron/*: warn, cron/suspended: info}\n");
    assert_eq!(stdout, "p.yaml: ok, policy team\n");
}

#[test]
fn rendered_text_has_no_fix_to_offer() {
    let job = |name: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{containers: [{{name: m, image: 'b:1'}}]}}}}}}\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.yaml"), job("own")).unwrap();
    fs::write(
        folder.path().join("rendered.yaml"),
        format!("---\n# Source: c/templates/j.yaml\n{}", job("r")),
    )
    .unwrap();
    let stored = job("stored").replace(
        "{name: stored}",
        "{name: stored, uid: 8ad4b1f8-6f3c-4a55-9a3c-6d9a1f2f6a0e, creationTimestamp: '2026-01-01T00:00:00Z'}",
    );
    fs::write(folder.path().join("stored.yaml"), stored).unwrap();
    let lint = |arguments: &[&str], stdin: String| {
        let mut command = jobguard(&["lint", "--policy", "recommended"]);
        let output = command.args(arguments).current_dir(folder.path()).write_stdin(stdin).output().unwrap();
        said(&output).0
    };
    let text = lint(&["own.yaml"], String::new());
    assert!(text.contains("[fixable with --fix]") && text.contains("; 1 fixable with --fix"), "{text}");
    for arguments in [["rendered.yaml"], ["stored.yaml"], ["-"]] {
        let text = lint(&arguments, job("piped"));
        assert!(text.contains("api/restart-policy") && !text.contains("fixable"), "{arguments:?}: {text}");
        for format in ["github", "sarif", "junit"] {
            let text = lint(&[arguments[0], "--format", format], job("piped"));
            assert!(
                !text.contains("fixable") && !text.contains("\"fixes\""),
                "{arguments:?} {format}: {text}"
            );
        }
    }
    assert!(lint(&["own.yaml", "--format", "sarif"], String::new()).contains("\"fixes\""));
}

#[test]
fn policies_and_schema_are_printed() {
    for name in ["baseline", "recommended", "strict"] {
        let (stdout, _, code) = said(&jobguard(&["policy", "show", name]).output().unwrap());
        assert_eq!(code, Some(0));
        assert_eq!(stdout, fs::read_to_string(Path::new("policies").join(format!("{name}.yaml"))).unwrap());
    }
    let (_, stderr, code) = said(&jobguard(&["policy", "show", "lenient"]).output().unwrap());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("built-in policies are baseline, recommended, strict"), "{stderr}");
    let (_, stderr, code) = said(&jobguard(&["policy", "check", "strict"]).output().unwrap());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("`jobguard policy show strict` prints"), "{stderr}");
    let export =
        |name| said(&jobguard(&["policy", "export", "--exclude-namespaces", name]).output().unwrap());
    assert_eq!(export("Foo").2, Some(2));
    assert_eq!(export("").2, Some(0));
    let (stdout, _, _) = said(&jobguard(&["policy", "schema"]).output().unwrap());
    assert_eq!(stdout, fs::read_to_string("policies/schema.json").unwrap());
}

#[test]
fn a_folder_without_manifests_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let (stdout, stderr, code) = lint(&[&path], "");
    assert_eq!((stdout.as_str(), code), ("", Some(0)));
    assert!(stderr.contains("no .yaml, .yml or .json files found in") && stderr.contains(&path), "{stderr}");
    fs::write(folder.path().join("job.yaml"), GOOD).unwrap();
    let (_, stderr, code) = lint(&[&path], "");
    assert_eq!((stderr.as_str(), code), ("", Some(0)));
}

#[test]
fn as_an_update() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.yaml");
    fs::write(&old, PAUSED).unwrap();
    let old = old.display().to_string();
    // What the stored object has already is only warned about, whatever the level.
    let (stdout, _, code) = lint(&["-", "--against", &old, "--policy", "strict"], PAUSED);
    assert_eq!(code, Some(0), "{stdout}");
    let changed = PAUSED.replace("busybox:1.36", "busybox:1.37");
    let (stdout, _, code) = lint(&["-", "--against", &old], &changed);
    assert_eq!(code, Some(1));
    assert!(stdout.contains("api/immutable"), "{stdout}");
    // A PUT lacks what the server has made; an apply keeps it.
    let (stdout, _, code) = lint(&["-", "--against", &old, "--replace"], PAUSED);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("use kubectl apply"), "{stdout}");
    assert_eq!(lint(&["-", "--replace"], PAUSED).2, Some(2));
    let (_, stderr, code) = lint(&["-", "--against", "Cargo.toml"], PAUSED);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("no Job or CronJob in it"), "{stderr}");
}

#[test]
fn with_the_policys_defaults() {
    let missing = GOOD.replace("      restartPolicy: Never\n", "");
    assert_eq!(lint(&["-"], &missing).2, Some(1));
    assert_eq!(lint(&["-", "--with-defaults"], &missing).2, Some(0));
    assert_eq!(lint(&["-", "--with-defaults", "--policy", "baseline"], &missing).2, Some(1));
}

#[test]
fn json_goes_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("findings.json");
    let (stdout, stderr, code) = lint(&["-", "--format", "json", "-o", &file.display().to_string()], PAUSED);
    assert_eq!((stdout.as_str(), stderr.as_str(), code), ("", "", Some(0)));
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(json["schemaVersion"], 1);
    let findings = json["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == "job/paused-by-parallelism").unwrap();
    assert_eq!((&finding["line"], &finding["column"]), (&6.into(), &16.into()));
    assert_eq!(finding["path"], "spec.parallelism");
}

#[test]
fn rules_are_listed_and_explained() {
    let (stdout, _, _) = said(&jobguard(&["rules"]).output().unwrap());
    assert!(stdout.contains("cron/never-fires") && stdout.contains("api/schedule"), "{stdout}");
    let (stdout, _, _) = said(&jobguard(&["rules", "job/work-queue-completions"]).output().unwrap());
    insta::assert_snapshot!(stdout);
    let (_, stderr, code) = said(&jobguard(&["rules", "job/work-queue-completion"]).output().unwrap());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("did you mean job/work-queue-completions?"), "{stderr}");
}

#[test]
fn colour_is_asked_for_or_not() {
    let escape = '\u{1b}';
    let (stdout, _, _) =
        said(&jobguard(&["lint", "-", "--color", "always"]).write_stdin(PAUSED).output().unwrap());
    assert!(stdout.contains(escape));
    for arguments in [&["lint", "-"][..], &["lint", "-", "--color", "never"]] {
        let (stdout, _, _) = said(&jobguard(arguments).write_stdin(PAUSED).output().unwrap());
        assert!(!stdout.contains(escape));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_jobguard"))
        .args(["rules", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn for_an_older_cluster() {
    let job = GOOD.replace("spec:\n  template", "spec:\n  managedBy: example.com/queue\n  template");
    assert_eq!(lint(&["-"], &job).2, Some(0));
    let (stdout, _, code) = lint(&["-", "--kubernetes-version", "1.29"], &job);
    assert_eq!(code, Some(1));
    assert!(stdout.contains("api/unknown-field") && stdout.contains("<stdin>:6:3"), "{stdout}");
    let (stdout, _, code) = lint(&["-", "--kubernetes-version", "1.30"], &job);
    assert_eq!(code, Some(1));
    assert!(stdout.contains("api/field-dropped") && stdout.contains("<stdin>:6:3"), "{stdout}");
    let (_, stderr, code) = lint(&["-", "--kubernetes-version", "1.12"], &job);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("from 1.29 to 1.37"), "{stderr}");
}

#[test]
fn a_time_or_a_day() {
    let ask = |now: &str| {
        let output = jobguard(&["lint", "--now", now, "-"]).write_stdin(GOOD).output().unwrap();
        said(&output)
    };
    assert_eq!(ask("2030-01-01"), ask("2030-01-01T00:00:00Z"));
    for wrong in ["2030-02-30", "2030-01-01T00:00:00", "soon"] {
        let (_, err, status) = ask(wrong);
        assert_eq!(status, Some(2));
        assert!(err.contains("give a time such as 2027-03-28T00:00:00Z, or a date"), "{err}");
    }
}

/// A policy beside what is linted counts only where it is looked for; a line says once that it does not, unless another was named.
#[test]
fn a_policy_that_is_not_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = folder.path().join("jobs");
    fs::create_dir(&jobs).unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(jobs.join("good.yaml"), GOOD).unwrap();
    let policy = |name: &str| {
        format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: {name}}}\nspec: {{}}\n"
        )
    };
    fs::write(jobs.join("jobguard.yaml"), policy("inner")).unwrap();
    let run = |below: &str, arguments: &[&str]| {
        let output = jobguard(arguments).current_dir(folder.path().join(below)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        said(&output).1
    };
    let expected = "jobs/jobguard.yaml is not the policy that is used, which is ";
    let err = run("", &["lint", "jobs"]);
    assert!(err.starts_with(&format!("{expected}recommended, built in;")), "{err}");
    fs::write(folder.path().join("jobguard.yaml"), policy("outer")).unwrap();
    let err = run("", &["lint", "jobs"]);
    assert!(err.starts_with(expected) && err.contains("found in this folder or a parent"), "{err}");
    assert_eq!(err.lines().count(), 1);
    assert_eq!(run("jobs", &["lint"]), "");
    assert_eq!(run("", &["lint", "jobs", "--policy", "strict", "--fail-on", "never"]), "");
    // The same file is found by `policy check`.
    let checked = jobguard(&["policy", "check"]).current_dir(&jobs).output().unwrap();
    assert!(said(&checked).0.ends_with("jobs/jobguard.yaml: ok, policy inner\n"), "{checked:?}");
}

/// What installs jobguard has its name, too.
#[test]
fn a_file_of_the_policy_s_name_with_other_objects_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = folder.path().join("jobs");
    fs::create_dir(&jobs).unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(jobs.join("jobguard.yaml"), GOOD).unwrap();
    let run = |arguments: &[&str]| {
        let output = jobguard(arguments).current_dir(&jobs).output().unwrap();
        let status = output.status.code();
        (said(&output).1, status)
    };
    assert_eq!(run(&["lint", "."]), (String::new(), Some(0)));
    let (err, status) = run(&["lint", "--policy", "jobguard.yaml"]);
    assert!(status == Some(2) && err.contains("it is not a policy"), "{err}");
    // The search goes on.
    let outer = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: outer}\nspec: {}\n";
    fs::write(folder.path().join("jobguard.yaml"), outer).unwrap();
    let checked = jobguard(&["policy", "check"]).current_dir(&jobs).output().unwrap();
    assert!(said(&checked).0.ends_with("jobguard.yaml: ok, policy outer\n"), "{checked:?}");
    assert_eq!(run(&["lint", "."]), (String::new(), Some(0)));
    // One with a slip in it is no other object.
    fs::write(folder.path().join("jobguard.yaml"), outer.replace("JobPolicy", "JobPolcy")).unwrap();
    assert_eq!(run(&["lint", "."]).1, Some(2));
}

#[test]
fn a_policy_that_is_not_there() {
    for (name, hint) in [("strickt", "; did you mean strict?\n"), ("nope.yaml", ": not found\n")] {
        let (_, err, status) = lint(&["--policy", name, "-"], GOOD);
        assert_eq!(status, Some(2));
        assert!(err.contains(&format!("\n{name}: cannot be read: ")) && err.ends_with(hint), "{err}");
    }
}
