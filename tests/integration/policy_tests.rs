//! `jobguard policy test`, `show` and `diff`: the program as people run it, and the tests of the documentation's own policies.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jobguard::policy_test::schema;
use serde_json::Value;

use crate::support::policy_folder::{folder, run};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

const HEAD: &str = "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\nspec:\n  now: 2027-03-01\n";

const POLICY: &str = "apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: team}
spec:
  rules:
    cron/too-frequent: {level: deny, minInterval: 15m}
  defaults: {timeZone: Etc/UTC}
  overrides:
  - match: {namespaces: [dev]}
    rules: {cron/*: info}
";

const SYNC: &str = "apiVersion: batch/v1
kind: CronJob
metadata: {name: sync, namespace: batch}
spec:
  schedule: '*/10 * * * *'
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      activeDeadlineSeconds: 300
      template:
        spec:
          restartPolicy: Never
          containers: [{name: sync, image: 'example.com/sync:1.4'}]
";

/// The headings of a page as GitHub names them.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The policies that a page shows: `PAGE-HEADING.yaml`, and the text of each.
fn policies_of(page: &Path) -> Vec<(String, String)> {
    const KEYS: [&str; 7] =
        ["rules:", "defaults:", "overrides:", "exceptions:", "suppressions:", "extends:", "mode:"];
    let text = fs::read_to_string(page).unwrap();
    let (mut heading, mut block, mut policies) = (String::new(), None::<String>, Vec::new());
    for line in text.lines() {
        match &mut block {
            None if line.starts_with('#') => heading = anchor(line),
            None if line == "```yaml" => block = Some(String::new()),
            None => {}
            Some(lines) if line == "```" => {
                let name = format!("{}-{heading}.yaml", page.file_stem().unwrap().to_str().unwrap());
                if lines.contains("kind: JobPolicy") {
                    policies.push((name, lines.clone()));
                } else if KEYS.iter().any(|key| lines.starts_with(key)) {
                    let head =
                        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: docs}\nspec:\n";
                    let spec: String = lines.lines().map(|line| format!("  {line}\n")).collect();
                    policies.push((name, format!("{head}{spec}")));
                }
                block = None;
            }
            Some(lines) => {
                lines.push_str(line);
                lines.push('\n');
            }
        }
    }
    policies
}

/// Every policy that a page shows has a test in `tests/policies/docs`, which names it by page and heading, and does what it says.
#[test]
fn the_policies_of_the_documentation_do_what_they_say() {
    let target = folder(&[]);
    let mut shown = BTreeSet::new();
    for page in ["README.md", "docs/policy.md"] {
        for (name, text) in policies_of(&root().join(page)) {
            assert!(!target.path().join(&name).exists(), "two policies under one heading: {name}");
            fs::write(target.path().join(&name), text).unwrap();
            shown.insert(name);
        }
    }
    let mut tested = BTreeSet::new();
    for entry in fs::read_dir(root().join("tests/policies/docs")).unwrap().map(Result::unwrap) {
        let text = fs::read_to_string(entry.path()).unwrap();
        let names = text.lines().filter_map(|line| line.strip_prefix("  policy: "));
        tested.extend(names.map(str::to_owned));
        fs::write(target.path().join(entry.file_name()), text).unwrap();
    }
    assert_eq!(shown, tested, "each policy of the documentation has a test, and each test its policy");
    let (stdout, stderr, code) = run(target.path(), &["policy", "test"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let (stdout, stderr, code) = run(root(), &["policy", "test", "tests/policies/presets_test.yaml"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
}

/// A page about commands: its files (`# NAME.yaml` on the first line of a block) and what each command says are as written.
#[test]
fn the_page_about_tests_shows_what_is_so() {
    let page = fs::read_to_string(root().join("docs/policy-tests.md")).unwrap();
    let target = folder(&[]);
    let mut commands = 0;
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        match language {
            "yaml" => {
                let first = text.lines().next().unwrap_or_default();
                if let Some(name) = first.strip_prefix("# ").filter(|name| name.ends_with(".yaml")) {
                    fs::write(target.path().join(name), format!("{text}\n")).unwrap();
                }
            }
            "console" => {
                for command in format!("\n{text}").split("\n$ ").skip(1) {
                    let (line, expected) = command.split_once('\n').unwrap_or((command, ""));
                    let arguments: Vec<&str> = line.split_whitespace().collect();
                    assert_eq!(arguments.first(), Some(&"jobguard"), "{line}");
                    let (stdout, stderr, _) = run(target.path(), &arguments[1..]);
                    assert_eq!(format!("{stderr}{stdout}").trim_end(), expected.trim_end(), "{line}");
                    commands += 1;
                }
            }
            _ => {}
        }
    }
    assert!(commands >= 5, "{commands}");
}

#[test]
fn the_schema_agrees_with_the_reader() {
    let schema = serde_json::to_string_pretty(&schema::generate()).unwrap() + "\n";
    let path = root().join("policies/test.schema.json");
    if std::env::var_os("JOBGUARD_BLESS").is_some() {
        fs::write(&path, &schema).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == schema,
        "out of date: JOBGUARD_BLESS=1 cargo test --test integration policy_tests::"
    );
    let (stdout, _, code) = run(root(), &["policy", "schema", "--test"]);
    assert_eq!((stdout, code), (schema.clone(), 0));
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut count = 0;
    for folder in ["tests/policies", "tests/policies/docs"] {
        for entry in fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                continue;
            }
            let text = fs::read_to_string(entry.path()).unwrap();
            for document in jobguard::manifest::read(&text) {
                let tree = document.content.unwrap();
                let value = tree.to_value(tree.root());
                let errors: Vec<String> =
                    validator.iter_errors(&value).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{}: {errors:?}", entry.path().display());
                count += 1;
            }
        }
    }
    assert!(count > 5);
    for wrong in [
        "spec: {cases: []}",
        "spec: {cases: [{name: a, object: {}}]}",
        "spec: {cases: [{name: a, object: {}, file: b, expect: {allowed: true}}]}",
        "spec: {cases: [{name: a, object: {}, expect: {allowed: yes, finding: []}}]}",
    ] {
        let text = format!("apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\n{wrong}\n");
        let read = jobguard::manifest::read(&text);
        let tree = read[0].content.as_ref().unwrap();
        assert!(!validator.is_valid(&tree.to_value(tree.root())), "{wrong}");
    }
}

#[test]
fn failures_show_a_diff_and_set_the_exit_status() {
    let test = format!(
        "{HEAD}  cases:\n  - name: passes\n    file: sync.yaml\n    expect: {{allowed: false}}\n  - name: fails\n    \
         file: sync.yaml\n    expect:\n      allowed: true\n      findings: [{{rule: cron/too-frequent, level: \
         warning}}, cron/zone-missing]\n      patched: {{spec.timeZone: Europe/Berlin}}\n"
    );
    let target = folder(&[("jobguard.yaml", POLICY), ("sync.yaml", SYNC), ("sync_test.yaml", &test)]);
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(stdout);
    let (stdout, _, code) = run(target.path(), &["policy", "test", "--filter", "passes", "-v"]);
    assert_eq!((stdout.as_str(), code), ("pass  sync_test.yaml:6: passes\n1 case in 1 file: 1 passed\n", 0));
    let (_, stderr, code) = run(target.path(), &["policy", "test", "--filter", "nothing"]);
    assert_eq!((stderr.as_str(), code), ("error: no case has \"nothing\" in its name\n", 2));
    // Another policy, and other formats.
    let (stdout, _, code) =
        run(target.path(), &["policy", "test", "-p", "baseline", "-o", "junit:r.xml", "-f", "json"]);
    assert_eq!(code, 1);
    let json: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["summary"], serde_json::json!({"passed": 0, "failed": 2, "broken": 0}));
    assert_eq!(json["files"][0]["cases"][0]["policy"], "baseline");
    let xml = fs::read_to_string(target.path().join("r.xml")).unwrap();
    assert!(xml.contains("tests=\"2\" skipped=\"0\" failures=\"2\" errors=\"0\""), "{xml}");
    assert!(
        xml.contains("<testcase name=\"fails\" classname=\"sync_test\" file=\"sync_test.yaml\" line=\"9\">"),
        "{xml}"
    );
    assert!(xml.contains("--- expected\n+++ found\n"), "{xml}");
    // Colours, where they are asked for.
    let (stdout, _, _) = run(target.path(), &["policy", "test", "--color", "always"]);
    assert!(stdout.contains("\u{1b}[1;31mFAIL\u{1b}[0m"), "{stdout:?}");
}

#[test]
fn a_broken_file_hides_no_other() {
    let good =
        format!("{HEAD}  cases:\n  - {{name: fine, file: ../sync.yaml, expect: {{allowed: false}}}}\n");
    let wrong = "apiVersion: jobguard.dev/v1alpha1
kind: PolicyTest
spec:
  polcy: x
  cases:
  - name: a
    object: 3
    expect: {}
  - name: b
    file: none.yaml
    expect: {allowed: maybe, findings: [cron/too-frequentt, {path: spec}], absent: [{rule: cron/overlap, levl: info}]}
  - name: b
    file: ../sync.yaml
    review: {}
    expect: {allowed: true}
  - name: c
    file: none.yaml
    expect: {allowed: true}
  - name: d
    file: ../sync.yaml
    select: Job/sync
    expect: {allowed: true}
  - name: e
    review: {operation: UPDATE, object: {file: ../sync.yaml}}
    expect: {allowed: true}
  - name: f
    object: {apiVersion: v1, kind: ConfigMap, metadata: {name: x}}
    expect: {allowed: true}
  - name: g
    review: {object: {apiVersion: batch/v1, kind: CronJobb, metadata: {name: x}}}
    expect: {allowed: true}
  - name: h
    review: {object: {apiVersion: batch/v1, kind: Job, metadata: {name: 3}}}
    expect: {allowed: true}
";
    let target = folder(&[
        ("jobguard.yaml", POLICY),
        ("sync.yaml", SYNC),
        ("tests/a_test.yaml", &good),
        ("tests/b_test.yaml", wrong),
        ("tests/c_test.yaml", "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\nspec: [\n"),
        ("tests/z.yaml", &good),
        // Of other tools.
        ("tests/helm_test.yaml", "suite: a chart\ntests: []\n"),
        ("tests/kyverno-test.yaml", "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: x}\n"),
    ]);
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(stdout);
    let (_, stderr, code) = run(target.path(), &["policy", "test", "jobguard.yaml"]);
    assert_eq!(code, 2, "{stderr}");
    let empty = folder(&[]);
    let (_, stderr, code) = run(empty.path(), &["policy", "test"]);
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        "error: no test files in .: a test file has `kind: PolicyTest`; `jobguard policy test --init MANIFEST` writes a \
         first one\n"
    );
}

#[test]
fn a_policy_with_faults_is_reported_once() {
    let of = |policy: &str| {
        format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: PolicyTest\nspec:\n  policy: {policy}\n  cases:\n  - {{name: a, file: \
             sync.yaml, expect: {{allowed: false}}}}\n"
        )
    };
    let target = folder(&[
        ("bad.yaml", &POLICY.replace("cron/*", "corn/*")),
        ("sync.yaml", SYNC),
        ("a.yaml", &of("bad.yaml")),
        ("b.yaml", &of("bad.yaml")),
        ("c.yaml", &of("recommended")),
        ("d.yaml", &of("../outside.yaml")),
    ]);
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!(code, 2);
    assert_eq!(stdout.matches("corn").count(), 1, "{stdout}");
    assert!(
        stdout.contains("d.yaml:4:11: spec.policy: cannot read the policy \"../outside.yaml\""),
        "{stdout}"
    );
    assert!(stdout.contains("FAIL  c.yaml:6: a (policy recommended)"), "{stdout}");
}

/// An object without a review: what a test sees is what the linter says, and what the webhook would.
#[test]
fn linter_webhook_and_test_agree() {
    let test = |input: &str| {
        format!(
            "{HEAD}  cases:\n  - name: a\n{input}    expect: {{findings: [], allowed: true, patched: {{}}}}\n"
        )
    };
    let target = folder(&[
        ("jobguard.yaml", POLICY),
        ("sync.yaml", SYNC),
        ("file_test.yaml", &test("    file: sync.yaml\n")),
        ("review_test.yaml", &test("    review: {object: {file: sync.yaml}}\n    withDefaults: false\n")),
    ]);
    let found = |name: &str| {
        let (stdout, _, _) = run(target.path(), &["policy", "test", name, "-f", "json"]);
        let json: Value = serde_json::from_str(&stdout).unwrap();
        json["files"][0]["cases"][0]["found"].clone()
    };
    let by_file = found("file_test.yaml");
    assert_eq!(by_file, found("review_test.yaml"));
    let (stdout, _, _) = run(target.path(), &["lint", "sync.yaml", "--now", "2027-03-01", "-f", "json"]);
    let lint: Value = serde_json::from_str(&stdout).unwrap();
    let pairs = |findings: &Value| -> BTreeSet<String> {
        let pair = |finding: &Value| format!("{} {} {}", finding["rule"], finding["level"], finding["path"]);
        findings.as_array().unwrap().iter().map(pair).collect()
    };
    assert!(!pairs(&lint["findings"]).is_empty());
    assert_eq!(pairs(&lint["findings"]), pairs(&by_file["findings"]));
}

#[test]
fn a_first_test_passes() {
    let two = format!("{SYNC}---\n{}", SYNC.replace("name: sync, namespace: batch", "name: other"));
    let target = folder(&[("jobguard.yaml", POLICY), ("jobs/sync.yaml", &two)]);
    let (stdout, stderr, code) =
        run(target.path(), &["policy", "test", "--init", "jobs/sync.yaml", "-o", "first_test.yaml"]);
    assert_eq!((stdout.as_str(), code), ("", 0), "{stderr}");
    let written = fs::read_to_string(target.path().join("first_test.yaml")).unwrap();
    assert!(written.contains("file: jobs/sync.yaml\n    select: CronJob/batch/sync\n"), "{written}");
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!((stdout.as_str(), code), ("2 cases in 1 file: 2 passed\n", 0), "{written}");
    // Nothing is written over.
    let again = ["policy", "test", "--init", "jobs/sync.yaml", "-o", "first_test.yaml"];
    assert_eq!(run(target.path(), &again).2, 2);
    // In another folder, by another policy, the paths lead back.
    fs::create_dir(target.path().join("tests")).unwrap();
    let (_, stderr, code) = run(
        target.path(),
        &[
            "policy",
            "test",
            "--init",
            "jobs/sync.yaml",
            "-o",
            "tests/b_test.yaml",
            "-p",
            "strict",
            "--now",
            "2027-03-01",
        ],
    );
    assert_eq!(code, 0, "{stderr}");
    let written = fs::read_to_string(target.path().join("tests/b_test.yaml")).unwrap();
    assert!(written.contains("policy: strict\n  now: 2027-03-01T00:00:00Z\n"), "{written}");
    assert!(written.contains("file: \"../jobs/sync.yaml\"\n"), "{written}");
    assert_eq!(run(target.path(), &["policy", "test"]).2, 0);
    let (_, stderr, code) = run(target.path(), &["policy", "test", "--init", "jobguard.yaml"]);
    assert_eq!((stderr.as_str(), code), ("error: there is no Job and no CronJob in it\n", 2));
}

/// Manifests that are written in test files are tests, and neither found nor changed by the linter.
#[test]
fn the_linter_passes_over_tests() {
    let bad = "apiVersion: batch/v1
        kind: Job
        metadata: {name: bad}
        spec: {parallelismm: 3, backoffLimit: 010, template: {spec: {containers: [{name: a, image: x:latest}]}}}";
    let test =
        format!("{HEAD}  cases:\n  - name: a\n    object:\n        {bad}\n    expect: {{allowed: false}}\n");
    let target = folder(&[("a_test.yaml", &test)]);
    let (stdout, stderr, code) = run(target.path(), &["lint", ".", "--fix"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("No Jobs or CronJobs found in 1 file"), "{stdout}");
    assert_eq!(fs::read_to_string(target.path().join("a_test.yaml")).unwrap(), test);
    assert_eq!(run(target.path(), &["policy", "test"]).2, 0);
}

#[test]
fn check_finds_the_policy_as_lint_does() {
    let target = folder(&[("jobguard.yaml", POLICY), ("a/b/sync.yaml", SYNC)]);
    let below = target.path().join("a/b");
    let (stdout, stderr, code) = run(&below, &["policy", "check"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("jobguard.yaml: ok, policy team\n"), "{stdout}");
    // A file of that name with other objects is passed over, by both.
    fs::write(below.join("jobguard.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n").unwrap();
    assert!(run(&below, &["policy", "check"]).0.contains("ok, policy team\n"));
    let (_, stderr, _) = run(&below, &["lint", "-v", "sync.yaml"]);
    assert!(stderr.contains(", found in this folder or a parent"), "{stderr}");
    let alone = folder(&[]);
    let (_, stderr, code) = run(alone.path(), &["policy", "check"]);
    assert_eq!(
        (stderr.as_str(), code),
        ("error: no jobguard.yaml in this folder or above it; name a file\n", 2)
    );
}

fn rule_of(target: &Path, arguments: &[&str], rule: &str) -> Value {
    let all: Vec<&str> = ["policy", "show"].iter().chain(arguments).chain(&["-f", "json"]).copied().collect();
    let (stdout, stderr, code) = run(target, &all);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str::<Value>(&stdout).unwrap()["rules"][rule].clone()
}

#[test]
fn show_says_what_holds_and_why() {
    let target = folder(&[
        ("jobguard.yaml", POLICY),
        ("sync.yaml", &SYNC.replace("namespace: batch", "namespace: dev")),
    ]);
    let level = |arguments: &[&str]| {
        let rule = rule_of(target.path(), arguments, "cron/too-frequent");
        (rule["level"]["value"].as_str().unwrap().to_owned(), rule["level"]["origin"].clone())
    };
    let own = serde_json::json!({"file": "jobguard.yaml", "line": 6});
    assert_eq!(level(&[]), ("deny".to_owned(), own.clone()));
    assert_eq!(level(&["--for", "CronJob/batch/sync"]), ("deny".to_owned(), own));
    let of_override =
        serde_json::json!({"file": "jobguard.yaml", "line": 10, "key": "cron/*", "override": 1});
    assert_eq!(level(&["--for", "cronjob/dev/sync"]), ("info".to_owned(), of_override.clone()));
    assert_eq!(level(&["--for", "sync.yaml"]), ("info".to_owned(), of_override));
    assert_eq!(level(&["strict"]).1, serde_json::json!({"preset": "strict"}));
    let options = rule_of(target.path(), &[], "cron/too-frequent")["options"]["minInterval"].clone();
    assert_eq!(options["value"], 900);
    let (stdout, _, code) = run(target.path(), &["policy", "show", "--for", "CronJob/dev/sync"]);
    assert_eq!(code, 0);
    for line in [
        "policy team: jobguard.yaml, which extends recommended\nfor CronJob dev/sync\n",
        "  jobguard.yaml:9 (override 1)  namespaces: [dev]  matches\n",
        "  timeZone       Etc/UTC  jobguard.yaml:7\n",
        "jobguard.yaml:10 cron/* (override 1), instead of deny (jobguard.yaml:6)\n",
    ] {
        assert!(stdout.contains(line), "{line}\n{stdout}");
    }
    for (wrong, why) in [
        ("Pod/x", "a policy is about Jobs and CronJobs"),
        ("CronJb/x", "did you mean CronJob?"),
        ("CronJob", "names no object"),
        ("none.yaml", "cannot read it"),
        ("jobguard.yaml", "there is no Job and no CronJob in it"),
    ] {
        let (_, stderr, code) = run(target.path(), &["policy", "show", "--for", wrong]);
        assert!(code == 2 && stderr.contains(why), "{wrong}: {stderr}");
    }
    // Without a policy file it is the built-in one, to read.
    let alone = folder(&[]);
    let (stdout, _, _) = run(alone.path(), &["policy", "show"]);
    assert_eq!(stdout, fs::read_to_string(root().join("policies/recommended.yaml")).unwrap());
}

#[test]
fn show_and_diff_know_exceptions() {
    let excepting = format!(
        "{POLICY}  exceptions:\n  - {{name: slow, rules: [cron/*], match: {{namespaces: [batch]}}, reason: agreed, until: 2027-06-30}}\n"
    );
    let target = folder(&[
        ("jobguard.yaml", &excepting),
        ("old.yaml", POLICY),
        ("later.yaml", &excepting.replace("06-30", "07-31")),
    ]);
    let show = |arguments: &[&str]| {
        let all: Vec<&str> = ["policy", "show"].iter().chain(arguments).copied().collect();
        run(target.path(), &all).0
    };
    let applying = show(&["--for", "CronJob/batch/sync", "--now", "2027-06-30"]);
    for line in [
        "\nexceptions\n  jobguard.yaml:12  slow  cron/*  until 2027-06-30  applies\n",
        "    does not count: slow",
    ] {
        assert!(applying.contains(line), "{line}\n{applying}");
    }
    let other = show(&["--for", "CronJob/other/sync", "--now", "2027-06-30"]);
    assert!(
        other.contains("until 2027-06-30  does not match\n") && !other.contains("does not count"),
        "{other}"
    );
    let ended = show(&["--for", "CronJob/batch/sync", "--now", "2027-07-01"]);
    assert!(ended.contains("until 2027-06-30  has ended\n") && !ended.contains("does not count"), "{ended}");
    let json: Value =
        serde_json::from_str(&show(&["--for", "CronJob/batch/sync", "-f", "json", "--now", "2027-06-01"]))
            .unwrap();
    assert_eq!(json["exceptions"][0]["matches"], true);
    assert_eq!(json["rules"]["cron/too-frequent"]["exceptions"], serde_json::json!(["slow"]));
    assert_eq!(json["rules"]["job/no-deadline"].get("exceptions"), None);
    let diff = |before: &str, after: &str| run(target.path(), &["policy", "diff", before, after]);
    assert_eq!(
        diff("old.yaml", "jobguard.yaml").0,
        "old.yaml -> jobguard.yaml\n\nexceptions\n  slow\n    + cron/* for namespaces: [batch] until 2027-06-30 (agreed)\n"
    );
    let (stdout, _, code) = diff("jobguard.yaml", "later.yaml");
    assert!(code == 1 && stdout.contains("    - cron/* ") && stdout.contains("until 2027-07-31"), "{stdout}");
    assert_eq!(diff("jobguard.yaml", "jobguard.yaml").2, 0);
}

#[test]
fn diff_says_what_a_change_does() {
    let next =
        POLICY.replace("15m", "5m").replace("[dev]", "[dev, test]").replace("Etc/UTC", "Europe/Berlin");
    let review = fs::read_to_string(root().join("examples/review.json")).unwrap();
    let target = folder(&[
        ("a.yaml", POLICY),
        ("b.yaml", &next),
        ("jobs/sync.yaml", SYNC),
        ("reviews/pi.json", &review),
        ("reviews/all.json", &format!("{}\n{}\n", review.replace('\n', ""), review.replace('\n', ""))),
    ]);
    let (stdout, _, code) = run(target.path(), &["policy", "diff", "a.yaml", "b.yaml"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(stdout);
    let (stdout, stderr, code) =
        run(target.path(), &["policy", "diff", "a.yaml", "b.yaml", "jobs", "--now", "2027-03-01"]);
    assert_eq!((stderr.as_str(), code), ("", 1));
    insta::assert_snapshot!(stdout);
    let (stdout, _, code) = run(target.path(), &["policy", "diff", "baseline", "recommended", "reviews"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(stdout);
    for same in [&["a.yaml", "a.yaml"][..], &["a.yaml", "a.yaml", "jobs", "reviews"], &["strict", "strict"]] {
        let all: Vec<&str> = ["policy", "diff"].iter().chain(same).copied().collect();
        assert_eq!(run(target.path(), &all).2, 0, "{same:?}");
    }
    let (stdout, _, _) = run(target.path(), &["policy", "diff", "a.yaml", "b.yaml", "jobs", "-f", "json"]);
    let json: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["objects"][0]["allowed"], serde_json::json!({"before": false, "after": true}));
    assert_eq!(run(target.path(), &["policy", "diff", "a.yaml", "none.yaml"]).2, 2);
    assert_eq!(run(target.path(), &["policy", "diff", "a.yaml", "b.yaml", "nowhere"]).2, 2);
}

/// An object in a test file is read as the text that it is: what only a text can show is found.
#[test]
fn objects_in_test_files_are_texts() {
    let test = format!(
        "{HEAD}  policy: strict
  cases:
  - name: a number that another program reads as 8
    object:
      apiVersion: batch/v1
      kind: Job
      metadata: {{name: ä}}  # not a name
      spec:
        backoffLimit: 010
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: main
              image: example.com/a:1
    expect:
      findings: [api/name, manifest/octal-number]
      others: ignore
"
    );
    let target = folder(&[("a_test.yaml", &test)]);
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!((stdout.as_str(), code), ("1 case in 1 file: 1 passed\n", 0));
}

/// What is written in files of others steers no terminal.
#[test]
fn nothing_steers_a_terminal() {
    let odd = "a\\u001b[2J\\u202e";
    let test = format!(
        "{HEAD}  cases:\n  - name: \"{odd}\"\n    object: {{apiVersion: batch/v1, kind: Job, metadata: {{name: \"{odd}\", labels: {{\"{odd}\": \"{odd}\"}}}}, spec: {{\"{odd}\": 1}}}}\n    expect: {{findings: [], patched: {{\"{odd}\": \"{odd}\"}}}}\n"
    );
    let target = folder(&[("a_test.yaml", &test)]);
    for format in ["text", "junit", "json"] {
        let (stdout, stderr, code) = run(target.path(), &["policy", "test", "-f", format]);
        assert_eq!(code, 1, "{stderr}");
        assert!(!stdout.contains(['\u{1b}', '\u{202e}']), "{format}: {stdout:?}");
    }
}

#[test]
fn reviews_are_answered_as_by_the_webhook() {
    let test = format!(
        "{HEAD}  policy: strict
  cases:
  - name: a new problem of an update
    review:
      operation: UPDATE
      object: {{file: new.yaml}}
      oldObject: {{file: old.yaml}}
    expect: {{allowed: false, findings: [{{rule: job/max-parallelism, level: error}}], others: ignore}}
  - name: an old problem of an update
    review:
      operation: UPDATE
      object: {{file: new.yaml}}
      oldObject: {{file: new.yaml}}
    expect: {{allowed: true, findings: [{{rule: job/max-parallelism, level: warning}}], others: ignore}}
  - name: a deletion is never refused, nor is a dry run another matter
    review: {{operation: DELETE, oldObject: {{file: new.yaml}}, dryRun: true}}
    expect: {{allowed: true, findings: [], patched: {{}}}}
  - name: a dry run
    review: {{object: {{file: new.yaml}}, dryRun: true, namespace: batch, userInfo: {{username: anna, groups: [a, b]}}}}
    expect: {{allowed: false, findings: [job/max-parallelism], others: ignore}}
"
    );
    let old = SYNC.replace(
        "spec:\n      activeDeadlineSeconds",
        "spec:\n      parallelism: 1\n      activeDeadlineSeconds",
    );
    let new = old.replace("parallelism: 1", "parallelism: 5000");
    let target = folder(&[("a.yaml", &test), ("old.yaml", &old), ("new.yaml", &new)]);
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!((stdout.as_str(), code), ("4 cases in 1 file: 4 passed\n", 0));
}

/// Test files of the repository: found by their kind, wherever they are.
#[test]
fn names_are_free() {
    let test = format!("{HEAD}  cases:\n  - {{name: a, file: sync.yaml, expect: {{allowed: true}}}}\n");
    let target = folder(&[
        ("sync.yaml", SYNC),
        ("deep/down/cases.yml", &test.replace("sync.yaml", "../../sync.yaml")),
    ]);
    let (stdout, _, code) = run(target.path(), &["policy", "test"]);
    assert_eq!((stdout.as_str(), code), ("1 case in 1 file: 1 passed\n", 0));
    let path: PathBuf = target.path().join("deep");
    assert_eq!(run(&path, &["policy", "test"]).2, 0);
}
