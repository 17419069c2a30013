//! `jobguard policy test` and `policy diff` where something is wrong: nothing is written over, and nothing passed over.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::policy_folder::{folder, run};

const HEAD: &str = "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\nspec:\n  now: 2027-03-01\n";
const POLICY: &str = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: team}\nspec: {}\n";
const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                   restartPolicy: Never\n      containers: [{name: main, image: 'example.com/a:1'}]\n";

#[test]
fn no_output_takes_the_place_of_what_is_read() {
    let test = format!(
        "{HEAD}  policy: top.yaml\n  cases:\n  - {{name: a, file: job.yaml, expect: {{findings: []}}}}\n  - {{name: b, review: \
         {{object: {{file: other.yaml}}}}, expect: {{allowed: true}}}}\n  - {{name: c, review: {{file: review.json}}, \
         expect: {{allowed: true}}}}\n"
    );
    let files = [
        ("a_test.yaml", test.as_str()),
        ("job.yaml", JOB),
        ("other.yaml", JOB),
        ("review.json", "{}"),
        ("top.yaml", &POLICY.replace("{}", "{extends: base.yaml}")),
        ("base.yaml", POLICY),
        ("named.yaml", POLICY),
    ];
    let target = folder(&files);
    for (name, text) in &files[..6] {
        let output = format!("json:./{name}");
        let (_, stderr, code) = run(target.path(), &["policy", "test", "a_test.yaml", "-o", &output]);
        assert_eq!(
            (stderr.as_str(), code),
            (format!("error: --output ./{name}: this file is read; name another one\n").as_str(), 2)
        );
        assert_eq!(fs::read_to_string(target.path().join(name)).unwrap(), *text);
    }
    let (_, stderr, code) =
        run(target.path(), &["policy", "test", "a_test.yaml", "-p", "named.yaml", "-o", "named.yaml"]);
    assert_eq!(
        (stderr.as_str(), code),
        ("error: --output named.yaml: this file is read; name another one\n", 2)
    );
    run(target.path(), &["policy", "test", "a_test.yaml", "-o", "json:new.json"]);
    assert!(target.path().join("new.json").exists());
}

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

#[test]
fn a_first_test_of_odd_objects_passes() {
    let named = |metadata: &str| JOB.replace("{name: a}", metadata);
    let all = [
        named("{generateName: imp-}"),
        named("{generateName: imp-}").replace("a:1", "a:latest"),
        named("{name: a}"),
        named("{name: a, namespace: ns}"),
        named("{name: a, namespace: ns}"),
        named("{name: fine, namespace: ns}"),
        named("{name: \"x\\ny\"}"),
        named("{name: 'x\"y'}"),
        named("{name: x/y, annotations: {a: '##vso[task.x]y'}}"),
        named("{}"),
        named("{name: old}").replace("batch/v1", "batch/v2"),
        "a: [\n".to_owned(),
    ]
    .join("---\n");
    let target = folder(&[("jobs.yaml", &all)]);
    for policy in ["recommended", "strict"] {
        let name = format!("{policy}_test.yaml");
        let arguments = ["policy", "test", "--init", "jobs.yaml", "-p", policy, "-o", &name];
        let (_, stderr, code) = run(target.path(), &arguments);
        assert_eq!(code, 0, "{stderr}");
        let text = fs::read_to_string(target.path().join(&name)).unwrap();
        for said in [&stderr, &text] {
            assert!(said.contains("left out: jobs.yaml:100: it cannot be read"), "{said}");
        }
        assert!(text.contains("Job/old"), "{text}");
        assert!(text.contains("select: Job/ns/fine\n") && !text.contains("##vso["), "{text}");
        let (stdout, _, code) = run(target.path(), &["policy", "test", &name]);
        assert_eq!(code, 0, "{stdout}{text}");
        assert!(stdout.ends_with(" passed\n") && stdout.starts_with("1"), "{stdout}");
    }
}

#[test]
fn every_case_is_counted_and_none_with_a_mistake_passes() {
    let test = format!(
        "{HEAD}  cases:
  - {{name: a, file: job.yaml, expect: {{allowed: true, findings: [{{rule: job/no-dedline}}]}}}}
  - {{name: b, file: job.yaml, now: never, expect: {{allowed: false}}}}
  - {{name: c, file: job.yaml, withDefaults: 3, expect: {{allowed: false}}}}
  - {{name: d, file: job.yaml, expect: {{absent: [{{rulee: x}}]}}}}
  - {{name: e, file: job.yaml, expect: {{allowed: true, findings: [{{rule: job/no-deadline, levl: info}}], others: ignore}}}}
  - {{name: a, file: job.yaml, expect: {{allowed: true}}}}
  - {{file: job.yaml, expect: {{allowed: true}}}}
  - {{name: fine, file: job.yaml, expect: {{allowed: true}}}}
"
    );
    let no_policy = format!(
        "{HEAD}  policy: none.yaml\n  cases:\n  - {{name: x, file: job.yaml, expect: {{allowed: true}}}}\n"
    );
    let wrong_now = test.replace("2027-03-01", "soon").replace("withDefaults: 3, ", "");
    let target = folder(&[("a_test.yaml", &test), ("job.yaml", JOB)]);
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!(code, 2);
    assert!(stdout.ends_with("8 cases in 1 file: 1 passed, 7 could not be run\n"), "{stdout}");
    assert!(!stdout.contains("cannot fail") && !stdout.contains("FAIL"), "{stdout}");
    assert!(
        stdout.contains("a_test.yaml:6:73: spec.cases[0].expect.findings[0].rule: unknown rule"),
        "{stdout}"
    );
    let (stdout, _, _) = run(target.path(), &["policy", "test", "-f", "json"]);
    let json: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["summary"], serde_json::json!({"passed": 1, "failed": 0, "broken": 7}));
    assert_eq!(json["files"][0]["cases"][0]["status"], "broken");
    // Of a document whose own settings are wrong, no verdict counts.
    let target = folder(&[("b_test.yaml", &no_policy), ("c_test.yaml", &wrong_now), ("job.yaml", JOB)]);
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!(code, 2);
    assert!(stdout.ends_with("9 cases in 2 files: 0 passed, 9 could not be run, 2 errors\n"), "{stdout}");
    // Names in a suite differ.
    let twice = format!("{}  nw: 1\n  cass: 1\n{}", HEAD, &test[HEAD.len()..]);
    let target = folder(&[("d_test.yaml", &twice), ("job.yaml", JOB)]);
    let (xml, _, _) = run(target.path(), &["policy", "test", "-f", "junit"]);
    let names: Vec<&str> =
        xml.split("<testcase name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!((names.len(), distinct.len()), (10, 10), "{names:?}");
}

#[test]
fn reviews_that_contradict_themselves() {
    let object = |kind: &str, metadata: &str| {
        format!(
            "{{apiVersion: batch/v1, kind: {kind}, metadata: {metadata}, spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: 'x:1'}}]}}}}}}}}"
        )
    };
    let job = object("Job", "{name: a, namespace: ns}");
    for (review, said) in [
        (
            format!("{{object: {job}, oldObject: {job}}}"),
            "spec.cases[0].review.oldObject: a review of CREATE has none",
        ),
        (
            format!("{{operation: DELETE, object: {job}, oldObject: {job}}}"),
            "spec.cases[0].review.object: a review of DELETE has none",
        ),
        (
            format!(
                "{{operation: UPDATE, object: {job}, oldObject: {}}}",
                object("CronJob", "{name: a, namespace: ns}")
            ),
            "spec.cases[0].review.oldObject: its kind is \"CronJob\", and that of the object is \"Job\"",
        ),
        (
            format!(
                "{{operation: UPDATE, object: {job}, oldObject: {}}}",
                object("Job", "{name: b, namespace: ns}")
            ),
            "spec.cases[0].review.oldObject: its name is",
        ),
        (
            format!("{{namespace: m, object: {job}}}"),
            "a_test.yaml:8:25: spec.cases[0].review.namespace: the review is of the namespace \"m\"",
        ),
    ] {
        let test =
            format!("{HEAD}  cases:\n  - name: a\n    expect: {{allowed: true}}\n    review: {review}\n");
        let target = folder(&[("a_test.yaml", &test)]);
        let (stdout, _, code) = run(target.path(), &["policy", "test"]);
        assert!(code == 2 && stdout.contains(said), "{said}: {stdout}");
        assert!(stdout.starts_with("ERROR a_test.yaml:8:"), "{stdout}");
    }
    // The same namespace twice, and an object that is chosen beside a document that cannot be read, are no mistakes.
    let test = format!(
        "{HEAD}  cases:\n  - {{name: a, review: {{namespace: ns, object: {{file: job.yaml, select: Job/a}}}}, expect: {{allowed: true}}}}\n"
    );
    let both = format!("{}---\na: [\n", JOB.replace("{name: a}", "{name: a, namespace: ns}"));
    let target = folder(&[("a_test.yaml", &test), ("job.yaml", &both)]);
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!((stdout.as_str(), code), ("1 case in 1 file: 1 passed\n", 0));
}
