//! Exported policies, judged by a real API server alone.

use std::path::Path;
use std::process::Command;

use jobguard::rules::registry;

use super::control_plane::ControlPlane;

/// What `jobguard policy export` writes for a policy file with this spec: what is judged, without what is filled in before.
fn exported(spec: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobguard.yaml");
    let head = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: test}\nspec:\n";
    std::fs::write(&file, format!("{head}{spec}")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_jobguard"))
        .args(["policy", "export", "--format", "vap", "--exclude-namespaces", "free"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Manifests of a rule of which the webhook leaves it at what another rule says, as grave or worse, and CEL says both.
const FOLDED: [(&str, &str); 3] = [
    ("job/disruptions-count", "good-ignored-late"),
    ("job/no-deadline", "good-forbid"),
    ("job/no-deadline", "good-overlap"),
];

/// A Job that `job/paused-by-parallelism` speaks of.
const PAUSED: &str = r#"{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "paused"}, "spec": {
    "parallelism": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]}}}}"#;

/// Applies the policies and waits until the API server heeds them.
fn apply(plane: &ControlPlane, policies: &str) {
    let applied = plane.kubectl(&["apply", "-f", "-"], policies);
    assert!(applied.ok, "{}", applied.stderr);
    assert!(!applied.stderr.contains("Warning"), "{}", applied.stderr);
    let mut said = String::new();
    let mut tries = 0;
    while !said.contains("paused-by-parallelism") {
        said = plane.kubectl(&["create", "--dry-run=server", "-f", "-"], PAUSED).stderr;
        tries += 1;
        assert!(tries < 150, "the policy is not heeded: {said}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// The manifests in `tests/rules` of the rule, by name; without those that need a policy of their own or something stored.
fn manifests(rule: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(rule);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let names = |file: &Path| {
        Some((file.parent()?.to_owned(), file.file_name()?.to_str()?.strip_suffix(".yaml")?.to_owned()))
    };
    let mut found = Vec::new();
    for file in files {
        let Some((folder, stem)) = names(&file) else { continue };
        let is_alone =
            ["old", "policy"].iter().all(|kind| !folder.join(format!("{stem}.{kind}.yaml")).exists());
        if is_alone && !stem.contains('.') && (stem.starts_with("bad") || stem.starts_with("good")) {
            found.push((stem, std::fs::read_to_string(&file).unwrap()));
        }
    }
    found
}

/// The expressions say the same as the rules, on the rules' own examples and manifests.
#[test]
fn expressions_agree_with_the_rules() {
    let Some(plane) = ControlPlane::start() else { return };
    let policies = exported("  extends: strict\n  rules: {\"*\": warn}\n");
    apply(&plane, &policies);
    let mut count = 0;
    for rule in registry().rules() {
        if !policies.contains(&format!("message: \"{}: ", rule.id())) {
            continue;
        }
        count += 1;
        assert!(rule.docs.examples.iter().any(|example| example.bad), "{}", rule.id());
        for example in rule.docs.examples {
            let said = plane.kubectl(&["create", "--dry-run=server", "-f", "-"], example.manifest);
            assert!(said.ok, "{} ({}): {}", rule.id(), example.title, said.stderr);
            let speaks = said.stderr.contains(&format!(": {}: ", rule.id()));
            assert_eq!(speaks, example.bad, "{} ({}): {}", rule.id(), example.title, said.stderr);
        }
        // What is left to the webhook is named in a comment.
        let in_part = policies.contains(&format!("#   {} (warn), in part: ", rule.id()));
        for (name, manifest) in manifests(rule.id()) {
            let bad = name.starts_with("bad");
            let said = plane.kubectl(&["create", "--dry-run=server", "-f", "-"], &manifest);
            // A rule may speak of what the API server itself refuses.
            if said.ok {
                let speaks = said.stderr.contains(&format!(": {}: ", rule.id()));
                let expected = bad || FOLDED.contains(&(rule.id(), name.as_str()));
                assert!(
                    speaks == expected || in_part && bad,
                    "{} ({name}): {manifest}\n{}",
                    rule.id(),
                    said.stderr
                );
            }
        }
    }
    assert!(count >= 20, "{count} rules");
}

#[test]
fn denies_what_the_policy_denies() {
    let Some(plane) = ControlPlane::start() else { return };
    // Stored before there was a policy.
    let stored = plane.kubectl(&["create", "-f", "-"], &PAUSED.replace("\"paused\"", "\"stored\""));
    assert!(stored.ok, "{}", stored.stderr);
    for namespace in ["free", "dev-one", "labelled", "owned"] {
        assert!(plane.kubectl(&["create", "namespace", namespace], "").ok);
    }
    assert!(plane.kubectl(&["label", "namespace", "labelled", "env=dev"], "").ok);
    apply(
        &plane,
        &exported(
            "  extends: baseline
  controllerJobs: enforce
  controllers: [\"system:serviceaccount:jobset-system:*\"]
  suppressions: {levels: [deny]}
  rules: {\"*\": off, job/paused-by-parallelism: deny, job/max-backoff: {level: deny, max: 6}, job/no-deadline: warn}
  overrides:
  - {match: {namespaces: [\"dev-*\"]}, rules: {\"*\": off}}
  - {match: {namespaceLabels: {env: dev}}, rules: {\"*\": off}}
  - {match: {labels: {its: \"fr?e\"}, kinds: [Job], namespaces: [default]}, rules: {\"*\": off}}
  - {match: {names: [\"free.*\"]}, rules: {\"*\": off}}
  - {match: {ownerKinds: [JobSet.jobset.x-k8s.io]}, rules: {\"*\": off}}
  - {match: {kinds: [CronJob], names: [free]}, rules: {\"*\": off}}
  - {match: {users: [\"system:serviceaccount:*:free\"]}, rules: {\"*\": off}}
",
        ),
    );
    let create = |job: &str, more: &[&str]| {
        let mut arguments = vec!["create", "--dry-run=server", "-f", "-"];
        arguments.extend(more);
        plane.kubectl(&arguments, job)
    };
    let denied = create(PAUSED, &[]);
    assert!(
        !denied.ok && denied.stderr.contains("job/paused-by-parallelism: parallelism 0"),
        "{}",
        denied.stderr
    );
    let retries = PAUSED.replace("\"parallelism\": 0", "\"backoffLimit\": 7");
    let denied = create(&retries, &[]);
    assert!(!denied.ok && denied.stderr.contains("job/max-backoff") && denied.stderr.contains("(max 6)"));
    let warned = create(&retries.replace('7', "6"), &[]);
    assert!(warned.ok && warned.stderr.contains("job/no-deadline"), "{}", warned.stderr);
    let cron_job = format!(
        r#"{{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {{"name": "c"}}, "spec": {{
        "schedule": "0 3 * * *", "jobTemplate": {{"spec": {}}}}}"#,
        PAUSED.split_once("\"spec\": ").unwrap().1
    );
    let denied = create(&cron_job, &[]);
    assert!(!denied.ok && denied.stderr.contains("job/paused-by-parallelism"), "{}", denied.stderr);

    // Who is let through: excluded, spoken of by an override, or silenced by the annotation.
    for namespace in ["free", "dev-one", "labelled"] {
        let created = create(PAUSED, &["--namespace", namespace]);
        assert!(created.ok, "{namespace}: {}", created.stderr);
    }
    for metadata in [
        r#""name": "paused", "labels": {"its": "free"}"#,
        r#""name": "free.1""#,
        r#""name": "x", "annotations": {"jobguard.dev/ignore": "a/b job/paused-by-parallelism"}"#,
    ] {
        let created = create(&PAUSED.replace("\"name\": \"paused\"", metadata), &[]);
        assert!(created.ok, "{metadata}: {}", created.stderr);
    }
    for (annotation, passes) in [
        ("job/paused-by-parallelism until=2999-01-31 (started by hand)", true),
        ("a/b (x); job/paused-by-parallelism(y)", true),
        ("job/* (all of it)", true),
        ("cron/*", false),
        ("a/b (as job/paused-by-parallelism, job/* are not)", false),
        ("job/paused-by-parallelism-2, my-job/paused-by-parallelism", false),
        ("a/b (job/paused-by-parallelism", false),
    ] {
        let metadata = format!(r#""name": "x", "annotations": {{"jobguard.dev/ignore": "{annotation}"}}"#);
        let created = create(&PAUSED.replace("\"name\": \"paused\"", &metadata), &[]);
        assert_eq!(created.ok, passes, "{annotation}: {}", created.stderr);
    }

    // An owner counts by the word of its controller, a user by being who asks.
    let accounts = ["jobset-system:controller", "default:free", "default:anna"]
        .map(|account| format!("--serviceaccount={account}"));
    let mut bind = vec!["create", "clusterrolebinding", "all", "--clusterrole=cluster-admin"];
    bind.extend(accounts.iter().map(String::as_str));
    assert!(plane.kubectl(&bind, "").ok);
    let owned = |kind: &str, group: &str, name: &str| {
        let metadata = format!(
            r#""name": "paused", "ownerReferences": [{{"apiVersion": "{group}", "kind": "{kind}", "name": "{name}",
            "uid": "00000000-0000-0000-0000-000000000001", "controller": true}}]"#
        );
        PAUSED.replace("\"name\": \"paused\"", &metadata)
    };
    let job_set = owned("JobSet", "jobset.x-k8s.io/v1alpha2", "train");
    let run = owned("CronJob", "batch/v1", "free");
    let by = |job: &str, user: &str| create(job, &["--namespace", "owned", "--as", user]);
    let controller = "system:serviceaccount:jobset-system:controller";
    for (job, user, passes) in [
        (job_set.as_str(), controller, true),
        (&run, controller, true),
        (&owned("JobSet", "example.com/v1", "train"), controller, false),
        (&owned("CronJob", "batch/v1", "other"), controller, false),
        (&job_set, "system:serviceaccount:default:anna", false),
        (&run, "system:serviceaccount:default:anna", false),
        (PAUSED, "system:serviceaccount:default:free", true),
        (PAUSED, "system:serviceaccount:default:anna", false),
    ] {
        let said = by(job, user);
        assert_eq!(said.ok, passes, "{user} {job}: {}", said.stderr);
        assert!(passes || said.stderr.contains("job/paused-by-parallelism"), "{}", said.stderr);
    }

    // What is stored already stays editable, and what gets worse does not.
    let patch = |patch: &str| plane.kubectl(&["patch", "job", "stored", "-p", patch], "");
    assert!(patch(r#"{"metadata": {"labels": {"a": "b"}}}"#).ok);
    assert!(patch(r#"{"spec": {"parallelism": 1}}"#).ok);
    let denied = patch(r#"{"spec": {"parallelism": 0}}"#);
    assert!(!denied.ok && denied.stderr.contains("job/paused-by-parallelism"), "{}", denied.stderr);
}

#[test]
fn what_has_ended_counts_for_nothing() {
    let Some(plane) = ControlPlane::start() else { return };
    apply(
        &plane,
        &exported(
            "  extends: baseline
  suppressions: {levels: [deny]}
  rules: {\"*\": off, job/paused-by-parallelism: deny}
  exceptions:
  - {rules: [job/*], match: {names: [excepted]}, reason: test, until: 2999-12-31}
  - {rules: [\"*\"], match: {names: [ended]}, reason: test, until: 2019-12-31}
  - {rules: [pod/image-tag], match: {names: [other]}, reason: test}
",
        ),
    );
    let is_denied = |name: &str, annotation: &str| {
        let metadata =
            format!(r#"{{"name": "{name}", "annotations": {{"jobguard.dev/ignore": "{annotation}"}}}}"#);
        let job = PAUSED.replace(r#"{"name": "paused"}"#, &metadata);
        let said = plane.kubectl(&["create", "--dry-run=server", "-f", "-"], &job);
        assert!(said.ok || said.stderr.contains("job/paused-by-parallelism"), "{}", said.stderr);
        !said.ok
    };
    assert!(!is_denied("excepted", ""));
    assert!(is_denied("ended", "") && is_denied("other", ""));
    for (annotation, counts) in [
        ("job/paused-by-parallelism until=2999-06-30", true),
        ("job/paused-by-parallelism until=2019-06-30", false),
        ("cron/overlap, job/* until = 2019-06-30 (until=2999-01-01; it ends)", false),
        ("job/paused-by-parallelism (until=2019-06-30)", true),
        ("job/paused-by-parallelism until=2019-06-30; cron/overlap", false),
        ("job/paused-by-parallelism until=2019-06-30; job/*", true),
        ("cron/overlap until=2019-06-30; job/paused-by-parallelism", true),
    ] {
        assert_eq!(is_denied("paused", annotation), !counts, "{annotation}");
    }
}

/// Rules of a policy's own are judged by the API server as they are written.
#[test]
fn own_rules_hold_without_the_webhook() {
    let Some(plane) = ControlPlane::start() else { return };
    let job = |name: &str, more: &str| {
        PAUSED
            .replace("\"name\": \"paused\"", &format!("\"name\": \"{name}\"{more}"))
            .replace("\"parallelism\": 0", "\"parallelism\": 1")
    };
    let stored = plane.kubectl(&["create", "-f", "-"], &job("etl-stored", ""));
    assert!(stored.ok, "{}", stored.stderr);
    apply(
        &plane,
        &exported(
            "  extends: baseline
  rules: {\"*\": off, job/paused-by-parallelism: deny}
  suppressions: {levels: [deny]}
  customRules:
  - id: acme/owner
    level: deny
    match: {kinds: [Job], names: [\"etl-*\"]}
    expression: |
      has(object.metadata.labels) && // every team has one
      'owner' in object.metadata.labels
    messageExpression: \"'label ' + object.metadata.name + ' with its owner'\"
  - id: acme/no-value
    level: deny
    onError: warn
    match: {names: [\"etl-lenient\"]}
    expression: object.metadata.annotations['none'] == 'x'
  - id: acme/strict-value
    level: deny
    match: {names: [\"etl-strict\"]}
    expression: object.metadata.annotations['none'] == 'x'
  - id: acme/suspended
    level: warn
    expression: object.spec.suspend
    message: runs at once
",
        ),
    );
    let create = |job: &str| plane.kubectl(&["create", "--dry-run=server", "-f", "-"], job);
    // Each rule is a policy of its own, and heeded when the server has read it.
    let refused = |name: &str, more: &str, words: &str| {
        for _ in 0..150 {
            let said = create(&job(name, more));
            if !said.ok && said.stderr.contains(words) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        panic!("{name} is not refused");
    };
    let owned = ", \"labels\": {\"owner\": \"x\"}";
    refused("etl-a", "", "acme/owner");
    refused("etl-strict", owned, "no such key");
    let denied = create(&job("etl-a", ""));
    assert!(
        !denied.ok && denied.stderr.contains("acme/owner: label etl-a with its owner"),
        "{}",
        denied.stderr
    );
    for (name, more) in [
        ("etl-a", owned),
        ("other", ""),
        // What has no value refuses only where the rule says so.
        ("etl-lenient", owned),
        ("etl-a", ", \"annotations\": {\"jobguard.dev/ignore\": \"acme/* (moving)\"}"),
    ] {
        let created = create(&job(name, more));
        assert!(created.ok, "{name}: {}", created.stderr);
    }
    let denied = create(&job("etl-strict", owned));
    assert!(!denied.ok && denied.stderr.contains("no such key"), "{}", denied.stderr);
    // What is stored stays editable.
    let patched = plane
        .kubectl(&["patch", "job", "etl-stored", "-p", r#"{"metadata": {"annotations": {"a": "b"}}}"#], "");
    assert!(patched.ok, "{}", patched.stderr);
}
