//! Own rules, as they are used: the page about them, the commands that show them, and reports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn jobguard(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output =
        Command::cargo_bin("jobguard").unwrap().current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

/// Every example of the page finds what it says, and nothing else of its policy's own.
#[test]
fn the_examples_of_the_page_hold() {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/custom-rules.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut policies, mut manifests, mut shown) = (0, 0, 0);
    for block in page.split("\n```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()) {
        if block.contains("kind: JobPolicy") {
            fs::write(folder.path().join("jobguard.yaml"), block).unwrap();
            policies += 1;
            continue;
        }
        let wanted =
            block.lines().next().unwrap().strip_prefix("# finds ").expect("an example says what it finds");
        fs::write(folder.path().join("manifest.yaml"), block).unwrap();
        let (report, errors) = jobguard(folder.path(), &["lint", "-f", "json", "manifest.yaml"]);
        let report: Value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("{errors}"));
        let mut found: Vec<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["rule"].as_str().unwrap())
            .filter(|rule| rule.starts_with("acme/"))
            .collect();
        found.sort_unstable();
        shown += found.len();
        let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
        assert_eq!(found, wanted, "{block}");
        manifests += 1;
    }
    assert!(policies >= 4 && manifests >= 6 && shown >= 6, "{policies} {manifests} {shown}");
}

const POLICY: &str = "apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: acme}
spec:
  customRules:
  - id: acme/owner
    level: deny
    expression: has(object.metadata.labels) && 'owner' in object.metadata.labels
    message: nobody owns this
    path: metadata.labels[owner]
    help: name a team
    docs: https://wiki.acme.example/owner
  - id: acme/two-pods
    level: warn
    expression: job.podsAtOnce <= 2
    message: more than two Pods
    path: job.spec.parallelism
";

const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  completions: 9
  parallelism: 9
  activeDeadlineSeconds: 60
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: main, image: 'registry.example/a:1'}
";

fn folder(job: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("jobguard.yaml"), POLICY).unwrap();
    fs::write(folder.path().join("job.yaml"), job).unwrap();
    folder
}

#[test]
fn reports_treat_own_rules_like_any() {
    let folder = folder(JOB);
    let (text, _) = jobguard(folder.path(), &["lint", "job.yaml"]);
    assert!(text.contains("error[acme/owner]: nobody owns this"), "{text}");
    assert!(
        text.contains("warning[acme/two-pods]: more than two Pods") && text.contains("job.yaml:7:16"),
        "{text}"
    );
    assert!(text.contains("name a team"), "{text}");
    let (text, statistics) = jobguard(folder.path(), &["lint", "job.yaml", "--statistics"]);
    assert!(format!("{text}{statistics}").contains("acme/two-pods"), "{text}{statistics}");

    let (json, _) = jobguard(folder.path(), &["lint", "job.yaml", "-f", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let url = |rule: &str| {
        let findings = json["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["rule"] == rule).unwrap()["url"].clone()
    };
    assert_eq!(
        (url("acme/owner"), url("acme/two-pods")),
        ("https://wiki.acme.example/owner".into(), Value::Null)
    );

    let (sarif, _) = jobguard(folder.path(), &["lint", "job.yaml", "-f", "sarif"]);
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let own = rules.iter().find(|rule| rule["id"] == "acme/owner").unwrap();
    assert_eq!(own["helpUri"], "https://wiki.acme.example/owner");
    assert_eq!(rules.iter().find(|rule| rule["id"] == "acme/two-pods").unwrap().get("helpUri"), None);

    for format in ["github", "junit", "html", "markdown"] {
        let (report, errors) = jobguard(folder.path(), &["lint", "job.yaml", "-f", format]);
        assert!(
            report.contains("acme/two-pods") && report.contains("wiki.acme.example"),
            "{format}: {report}{errors}"
        );
        assert!(!report.contains("]()") && !report.contains("href=\"\""), "{format}: {report}");
    }
}

#[test]
fn the_annotation_suppresses_and_suggests() {
    let annotated = |names: &str| {
        JOB.replace(
            "  name: report",
            &format!("  name: report\n  annotations: {{jobguard.dev/ignore: {names}}}"),
        )
    };
    let (text, _) = jobguard(folder(&annotated("acme/two-pods")).path(), &["lint", "job.yaml"]);
    assert!(!text.contains("more than two Pods"), "{text}");
    let (text, _) = jobguard(folder(&annotated("acme/two-pod")).path(), &["lint", "job.yaml"]);
    assert!(text.contains("acme/two-pods") && text.contains("suppression/unknown-rule"), "{text}");
}

#[test]
fn rules_are_listed_and_explained() {
    let folder = folder(JOB);
    let (listed, _) = jobguard(folder.path(), &["rules", "--policy", "jobguard.yaml"]);
    assert!(listed.contains("acme/owner") && listed.contains("nobody owns this"), "{listed}");
    let (listed, _) = jobguard(folder.path(), &["rules"]);
    assert!(!listed.contains("acme/owner"), "{listed}");
    let (explained, errors) = jobguard(folder.path(), &["rules", "acme/owner"]);
    assert!(
        explained.contains("name a team") && explained.contains("https://wiki.acme.example/owner"),
        "{explained}{errors}"
    );
    assert!(!explained.contains("Why it matters"), "{explained}");
    let (_, errors) = jobguard(folder.path(), &["rules", "acme/ownr"]);
    assert!(errors.contains("did you mean acme/owner?"), "{errors}");
}

#[test]
fn what_somebody_else_wrote_does_nothing_to_a_terminal() {
    let folder = folder(JOB);
    let policy = POLICY
        .replace("nobody owns this", "\"no\\e[31mbody\\u202e\"")
        .replace("name a team", "\"a\\u001b[1m\"");
    fs::write(folder.path().join("jobguard.yaml"), policy).unwrap();
    for arguments in [
        &["lint", "job.yaml"][..],
        &["rules", "acme/owner"],
        &["lint", "job.yaml", "-f", "sarif"],
        &["lint", "job.yaml", "-f", "html"],
    ] {
        let (text, errors) = jobguard(folder.path(), arguments);
        assert!(
            !text.contains(['\u{1b}', '\u{202e}']) && !errors.contains('\u{1b}'),
            "{arguments:?}: {text}{errors}"
        );
        assert!(text.contains("body"), "{arguments:?}: {text}{errors}");
    }
}
