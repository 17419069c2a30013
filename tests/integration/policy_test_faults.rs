//! `jobguard policy test` and `policy diff` where something is wrong: nothing is written over, and nothing passed over.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// Runs the program in a folder: what it says on standard output and on standard error, and its exit status.
fn run(folder: &Path, arguments: &[&str]) -> (String, String, i32) {
    let output = Command::cargo_bin("jobguard")
        .unwrap()
        .current_dir(folder)
        .env_remove("JOBGUARD_POLICY")
        .env("NO_COLOR", "1")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// A folder with these files, the root of a repository, so that nothing around it is looked at.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const HEAD: &str = "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\nspec:\n  now: 2027-03-01\n";
const POLICY: &str = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: team}\nspec: {}\n";
const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                   restartPolicy: Never\n      containers: [{name: main, image: 'example.com/a:1'}]\n";

fn review(name: &str) -> String {
    let object: Value = serde_json::json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "n"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "x:latest"}]}}}
    });
    serde_json::json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "kind": {"group": "batch", "version": "v1", "kind": "Job"}, "name": name, "namespace": "n",
            "operation": "CREATE", "userInfo": {"username": "u"}, "object": object, "oldObject": null
        }
    })
    .to_string()
}

#[test]
fn a_diff_passes_nothing_over() {
    let (a, b) = (review("a"), review("b"));
    let diff = |name: &str, text: &str| {
        let target = folder(&[(name, text)]);
        run(target.path(), &["policy", "diff", "recommended", "strict", name, "-f", "json"])
    };
    // In each form, both are judged.
    for text in [
        format!("{a}\n{b}\n"),
        format!("[{a},\n{b}]"),
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{a},{b}]}}"),
        format!("{{\"path\":\"/validate\",\"review\":{a}}}\n{{\"path\":\"/validate\",\"review\":{b}}}\n"),
    ] {
        let (stdout, stderr, code) = diff("r.jsonl", &text);
        assert_eq!((stderr.as_str(), code), ("", 1), "{text}");
        let json: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(json["objects"].as_array().unwrap().len(), 2, "{text}");
    }
    // A line that cannot be read hides no other.
    for (text, line) in [
        (format!("garbage\n{a}\n{b}\n"), 1),
        (format!("{a}\n{{\"kind\":\"AdmissionReview\",\"requ\n{b}\n"), 2),
        (format!("{a}\n{b}\n7\n"), 3),
    ] {
        let (stdout, stderr, code) = diff("r.jsonl", &text);
        assert_eq!(code, 2, "{text}");
        assert!(stderr.starts_with(&format!("error: r.jsonl:{line}: ")), "{stderr}");
        let json: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(json["objects"].as_array().unwrap().len(), 2, "{text}");
        assert_eq!(json["errors"][0]["line"], line);
    }
    let (_, stderr, code) = diff("r.json", &a[..a.len() - 9]);
    assert!(code == 2 && stderr.starts_with("error: r.json:1: "), "{stderr}");
    let (stdout, stderr, code) = diff("r.yaml", &format!("{JOB}---\na: [\n"));
    assert!(code == 2 && stderr.starts_with("error: r.yaml:10: "), "{stderr}");
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap()["objects"][0]["object"], "Job a");
    // What was named holds something, or it is said.
    let (_, stderr, code) = diff("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    assert_eq!(
        (stderr.as_str(), code),
        ("c.yaml: there is no Job, no CronJob and no AdmissionReview in it\n", 2)
    );
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/admission-reviews.jsonl");
    let (stdout, _, _) = run(
        recorded.parent().unwrap(),
        &["policy", "diff", "recommended", "recommended", "admission-reviews.jsonl"],
    );
    assert!(stdout.contains("nothing changes for 27 objects in 1 file"), "{stdout}");
}

#[test]
fn a_diff_of_a_case_holds_no_command_of_a_ci_log() {
    let job = JOB.replace(
        "{name: a}",
        "{name: a, labels: {'##vso[task.setvariable variable=x]y': '##teamcity[message]', '::error::x': '::error::y'}}",
    );
    let test = format!(
        "{HEAD}  cases:\n  - name: a\n    file: job.yaml\n    expect: {{patched: {{'##vso[a]': '##[error]'}}, findings: \
         [{{rule: job/no-deadline, message: '##vso[b]'}}]}}\n"
    );
    let target = folder(&[("a_test.yaml", &test), ("job.yaml", &job)]);
    for format in ["text", "junit"] {
        let (stdout, _, code) = run(target.path(), &["policy", "test", "-f", format]);
        assert_eq!(code, 1);
        assert!(stdout.contains("vso["), "{stdout}");
        for command in ["##vso[", "##[", "##teamcity["] {
            assert!(!stdout.contains(command), "{format}: {stdout}");
        }
        assert!(!stdout.lines().any(|line| line.trim_start().starts_with("::")), "{stdout}");
    }
}
