//! Exceptions of policies and dates in annotations: what counts when, and how it is reported.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use insta::assert_snapshot;
#[cfg(feature = "serve")]
use jiff::Timestamp;
use jobguard::linter::Linter;
use jobguard::policy::{Policy, load};
use jobguard::rules::registry;
use jobguard::sources::Source;
use serde_json::Value;

const HEAD: &str = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: acme}\nspec:\n";

fn policy(spec: &str) -> Policy {
    let source = load::Source { name: "jobguard.yaml".into(), text: format!("{HEAD}{spec}") };
    load::read(&source, registry().catalog(), &load::no_files).unwrap()
}

/// A policy in which these rules deny and no other speaks, with these exceptions.
fn denying(rules: &str, exceptions: &str) -> Policy {
    policy(&format!("  rules: {{'*': off, suppression/*: off, {rules}}}\n  exceptions:\n{exceptions}"))
}

/// A Job without a deadline and with an image whose tag may change.
fn job(name: &str, annotation: Option<&str>) -> String {
    let annotations = annotation
        .map(|text| format!(", annotations: {{jobguard.dev/ignore: '{text}'}}"))
        .unwrap_or_default();
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, namespace: etl{annotations}}}\nspec:\n  template:\n    spec:\n      \
         restartPolicy: Never\n      containers: [{{name: main, image: 'example.com/app:latest'}}]\n"
    )
}

/// What is found, and what of it does not count and why, at a time.
fn lint(policy: &Policy, now: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let linter = Linter::new(policy, now.parse().unwrap());
    let report = linter.lint(&[Source::Text { name: "jobs.yaml".into(), bytes: text.into() }]).report;
    let found = report.diagnostics.iter().map(|found| {
        let help = found.help.as_deref().unwrap_or_default();
        let ended =
            help.split("; ").find(|part| part.contains("exception of the policy ended")).unwrap_or_default();
        format!("{} {} {ended}", found.severity, found.rule.id()).trim_end().to_owned()
    });
    let suppressed = report.suppressed.iter().map(|one| format!("{} {}", one.diagnostic.rule.id(), one.why));
    (found.collect(), suppressed.collect())
}

#[test]
fn an_exception_counts_to_the_end_of_its_last_day() {
    let policy = denying(
        "job/no-deadline: deny",
        "  - {name: slow, rules: [job/*], match: {namespaces: [etl]}, reason: the import is slow, until: 2027-01-31}\n",
    );
    let at = |now: &str| lint(&policy, now, &job("load", None));
    let excepted =
        (vec![], vec!["job/no-deadline exception slow until 2027-01-31: the import is slow".to_owned()]);
    assert_eq!(at("2026-11-28T00:00:00Z"), excepted);
    assert_eq!(at("2027-01-31T23:59:59Z"), excepted);
    let ended =
        (vec!["error job/no-deadline an exception of the policy ended on 2027-01-31".to_owned()], vec![]);
    assert_eq!(at("2027-02-01T00:00:00Z"), ended);
}

#[test]
fn of_several_exceptions_the_one_that_lasts_longest_is_named() {
    let of = |exceptions: &str| {
        let policy = denying("job/no-deadline: deny", exceptions);
        lint(&policy, "2026-11-28T00:00:00Z", &job("load", None))
    };
    let (_, suppressed) = of(
        "  - {rules: [job/no-deadline], match: {names: [load]}, reason: first, until: 2026-12-01}\n  - {rules: ['*'], match: {names: ['l*']}, \
         reason: second, until: 2027-12-01}\n  - {rules: ['*'], match: {names: [other]}, reason: third}\n",
    );
    assert_eq!(suppressed, ["job/no-deadline exception spec.exceptions[1] until 2027-12-01: second"]);
    // One that has ended does not speak where another counts.
    let (found, suppressed) = of(
        "  - {rules: [job/no-deadline], match: {names: [load]}, reason: first, until: 2026-11-27}\n  - {rules: ['*'], match: {names: [load]}, \
         reason: second}\n",
    );
    assert_eq!((found.len(), suppressed.len()), (0, 1));
    let (found, _) = of(
        "  - {rules: [job/no-deadline], match: {names: [load]}, reason: first, until: 2026-11-26}\n  - {rules: ['*'], match: {names: [load]}, \
         reason: second, until: 2026-11-27}\n",
    );
    assert_eq!(found, ["error job/no-deadline an exception of the policy ended on 2026-11-27"]);
}

#[test]
fn what_does_not_count_hides_nothing_that_does() {
    // A finding that takes others along: once it does not count, they do.
    let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: load}\nspec:\n  template:\n    spec:\n      \
                restartPolicy: Never\n      containers: [{name: main, image: 'example.com/app:1.0', securityContext: {privileged: true}}]\n";
    let all = lint(&policy("  extends: strict\n"), "2026-11-28T00:00:00Z", text).0;
    assert!(all.iter().any(|found| found.contains("pod/privileged")), "{all:?}");
    for rule in registry().rules().iter().filter(|rule| rule.spec.is_settable()) {
        let excepted = policy(&format!(
            "  extends: strict\n  exceptions:\n  - {{rules: [{}], match: {{names: ['*']}}, reason: test}}\n",
            match rule.spec.category() {
                "manifest" => continue,
                _ => rule.id(),
            }
        ));
        let (found, _) = lint(&excepted, "2026-11-28T00:00:00Z", text);
        for other in all.iter().filter(|other| !other.contains(rule.id())) {
            assert!(found.contains(other), "without {}: {other} in {found:?}", rule.id());
        }
    }
}

#[test]
fn an_annotation_counts_to_the_end_of_its_last_day() {
    let policy = policy("  rules: {job/no-deadline: warn, pod/image-tag: off}\n");
    let at = |now: &str, annotation: &str| {
        let (found, suppressed) = lint(&policy, now, &job("load", Some(annotation)));
        let about = |found: &String| found.contains("job/no-deadline") || found.contains("suppression/");
        (found.into_iter().filter(about).collect::<Vec<_>>(), suppressed)
    };
    let counts = vec!["job/no-deadline annotation until 2027-01-31: slow".to_owned()];
    const DATED: &str = "job/no-deadline until=2027-01-31 (slow)";
    assert_eq!(at("2027-01-16T23:59:59Z", DATED), (vec![], counts.clone()));
    let soon = vec!["info suppression/ends-soon".to_owned()];
    assert_eq!(at("2027-01-17T00:00:00Z", DATED), (soon.clone(), counts.clone()));
    assert_eq!(at("2027-01-31T23:59:59Z", DATED), (soon, counts));
    let ended = vec!["warning suppression/ended".to_owned(), "warning job/no-deadline".to_owned()];
    let of = |(mut found, suppressed): (Vec<String>, Vec<String>)| {
        found.sort_by_key(|found| found.contains("job/"));
        (found, suppressed)
    };
    assert_eq!(of(at("2027-02-01T00:00:00Z", DATED)), (ended, vec![]));
    // Of several entries the one that lasts longest holds, and an undated one for ever.
    let both = format!("{DATED}; job/* until=2027-03-31");
    assert_eq!(at("2027-02-01T00:00:00Z", &both).1, ["job/no-deadline annotation until 2027-03-31"]);
    let both = format!("{DATED}; job/no-deadline");
    assert_eq!(at("2037-02-01T00:00:00Z", &both), (vec![], vec!["job/no-deadline annotation".to_owned()]));
    // What has ended and finds nothing is of no use, and nothing else.
    let unused = at("2027-02-01T00:00:00Z", "cron/overlap until=2027-01-31; job/no-deadline");
    assert_eq!(unused.0, ["info suppression/unused"]);
}

#[test]
fn names_of_one_day_are_one_finding() {
    let policy = policy("  rules: {job/no-deadline: warn, pod/image-tag: warn}\n");
    let text = job("load", Some("job/no-deadline, pod/image-tag until=2027-01-31"));
    let messages = |now: &str| -> Vec<String> {
        let linter = Linter::new(&policy, now.parse().unwrap());
        let report =
            linter.lint(&[Source::Text { name: "jobs.yaml".into(), bytes: text.as_str().into() }]).report;
        let of = report.diagnostics.iter().filter(|found| found.rule.spec.category() == "suppression");
        of.map(|found| found.message.clone()).collect()
    };
    assert_eq!(
        messages("2027-02-03T00:00:00Z"),
        ["the annotation ignored job/no-deadline, pod/image-tag until 2027-01-31: findings count again"]
    );
    assert_eq!(
        messages("2027-01-20T00:00:00Z"),
        ["the annotation ignores job/no-deadline, pod/image-tag until 2027-01-31, in 11 days"]
    );
    assert_eq!(
        messages("2027-01-30T12:00:00Z"),
        ["the annotation ignores job/no-deadline, pod/image-tag until 2027-01-31, which is tomorrow"]
    );
}

#[test]
fn an_annotation_of_use_beside_an_exception_is_not_reported() {
    let exceptions = "  - {rules: [job/no-deadline], match: {names: [load]}, reason: test}\n";
    let with = |spec: &str| policy(&format!("  rules: {{job/no-deadline: deny}}\n{spec}"));
    let text = job("load", Some("job/no-deadline"));
    let of = |spec: &str| {
        let (found, _) = lint(&with(spec), "2026-11-28T00:00:00Z", &text);
        found.into_iter().filter(|found| found.contains("suppression")).collect::<Vec<_>>()
    };
    assert_eq!(of(""), ["warning suppression/not-allowed"]);
    assert_eq!(of(&format!("  exceptions:\n{exceptions}")), [""; 0]);
    // What is reported of the annotation can be excepted, too.
    let about = "  exceptions:\n  - {rules: [suppression/*], match: {names: [load]}, reason: test}\n";
    assert_eq!(of(about), [""; 0]);
}

const NIGHTLY: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly, namespace: etl}\nspec:\n  schedule: 0 3 * * *\n  \
                       jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          \
                       containers: [{name: main, image: 'example.com/app:1.0'}]\n";

#[test]
fn an_exception_is_no_wider_than_what_is_proven() {
    let found = |matching: &str| {
        let exceptions = format!("  - {{rules: ['*'], match: {{{matching}}}, reason: test}}\n");
        lint(&denying("job/no-deadline: deny", &exceptions), "2026-11-28T00:00:00Z", NIGHTLY).0.len()
    };
    assert_eq!(found("kinds: [CronJob]"), 0);
    assert_eq!(found("names: [nightly]"), 0);
    // What the CronJob's Jobs will be does not count for it.
    assert_eq!(found("kinds: [Job]"), 1);
    assert_eq!(found("names: ['nightly-*']"), 1);
    // Offline nobody asks, and nothing is known of namespaces.
    assert_eq!(found("users: ['*']"), 1);
    assert_eq!(found("namespaceLabels: {env: '*'}"), 1);
}

#[cfg(feature = "serve")]
mod webhook {
    use super::*;
    use jobguard::server::{Admission, Endpoint};
    use serde_json::json;

    fn answer(policy: &Policy, now: &str, user: &str, object: &Value, old: Option<&Value>) -> Value {
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "1",
                "kind": {"group": "batch", "version": "v1", "kind": object["kind"]},
                "operation": if old.is_some() { "UPDATE" } else { "CREATE" },
                "userInfo": {"username": user},
                "namespace": "etl",
                "object": object,
                "oldObject": old,
            }
        });
        let now: Timestamp = now.parse().unwrap();
        let admission = Admission::new(policy.clone());
        let body = review.to_string();
        serde_json::to_value(admission.answer(Endpoint::Validate, body.as_bytes(), now).unwrap()).unwrap()
            ["response"]
            .take()
    }

    fn run(name: &str, owner: bool) -> Value {
        let mut metadata = json!({"name": name, "namespace": "etl"});
        if owner {
            metadata["ownerReferences"] = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly",
                "uid": "c", "controller": true}]);
        }
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "main", "image": "example.com/app:1.0"}]}}}})
    }

    #[test]
    fn the_webhook_says_which_exceptions_it_used() {
        let policy = denying(
            "job/no-deadline: deny",
            "  - {name: slow, rules: [job/*], match: {users: ['ci-*']}, reason: test, until: 2027-01-31}\n",
        );
        let ask = |now, user| answer(&policy, now, user, &run("load", false), None);
        let allowed = ask("2027-01-31T12:00:00Z", "ci-bot");
        assert_eq!(allowed["allowed"], true);
        assert_eq!(
            allowed["auditAnnotations"],
            json!({"suppressed": "job/no-deadline=error", "exceptions": "slow"})
        );
        let ended = ask("2027-02-01T12:00:00Z", "ci-bot");
        assert_eq!(ended["allowed"], false);
        let message = ended["status"]["message"].as_str().unwrap();
        assert!(message.ends_with("; an exception of the policy ended on 2027-01-31"), "{message}");
        assert_eq!(ask("2027-01-31T12:00:00Z", "anna")["allowed"], false);
    }

    #[test]
    fn an_owner_that_is_only_claimed_excepts_nothing() {
        let policy = denying(
            "job/no-deadline: deny",
            "  - {rules: ['*'], match: {names: [nightly]}, reason: test}\n  controllerJobs: enforce\n",
        );
        let ask = |user: &str| answer(&policy, "2027-01-31T12:00:00Z", user, &run("nightly-1", true), None);
        assert_eq!(ask("system:serviceaccount:kube-system:cronjob-controller")["allowed"], true);
        assert_eq!(ask("anna")["allowed"], false);
    }

    #[test]
    fn what_was_excepted_excuses_nothing_until_it_is_not() {
        let policy = denying(
            "job/no-deadline: deny",
            "  - {rules: ['*'], match: {labels: {tier: old}}, reason: test, until: 2027-01-31}\n",
        );
        let nightly = json!({
            "apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"name": "nightly", "namespace": "etl", "uid": "1", "resourceVersion": "7"},
            "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "main", "image": "example.com/app:1.0"}]}}}}},
        });
        let (plain, mut labelled) = (nightly.clone(), nightly);
        labelled["metadata"]["labels"] = json!({"tier": "old"});
        let update = |now: &str, new: &Value, old: &Value| answer(&policy, now, "anna", new, Some(old));
        // Out of the exception: a problem that is new.
        assert_eq!(update("2027-01-31T00:00:00Z", &plain, &labelled)["allowed"], false);
        assert_eq!(update("2027-01-31T00:00:00Z", &labelled, &labelled)["allowed"], true);
        // Once it has ended, what is stored has the problem: it stays editable, and is warned about.
        let ended = update("2027-02-01T00:00:00Z", &labelled, &labelled);
        assert_eq!((&ended["allowed"], ended["warnings"].as_array().unwrap().len()), (&json!(true), 1));
    }
}

const JOB_SET: &str = "apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nmetadata:\n  name: training\n  namespace: etl\nANNOTATIONspec:\n  \
                       replicatedJobs:\n  - {name: driver, replicas: 1, template: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: 'a:1'}]}}}}}\n  - \
                       {name: workers, replicas: 2, template: {spec: {activeDeadlineSeconds: 60, template: {spec: {restartPolicy: Never, containers: [{name: m, image: 'a:1'}]}}}}}\n";

#[test]
fn the_jobs_of_an_object_are_excepted_as_its_own() {
    let policy = |exceptions: &str| {
        policy(&format!(
            "  rules: {{'*': off, job/no-deadline: warn, suppression/ended: warn}}\n  exceptions: [{exceptions}]\n"
        ))
    };
    let plain = JOB_SET.replace("ANNOTATION", "");
    let at = |exception: &str, text: &str| lint(&policy(exception), "2027-02-01T00:00:00Z", text);
    assert_eq!(at("", &plain).0, ["warning job/no-deadline"]);
    for matching in ["ownerKinds: [JobSet]", "names: [training]", "names: [training-driver-0]"] {
        let (found, suppressed) =
            at(&format!("{{rules: [job/*], match: {{{matching}}}, reason: test}}"), &plain);
        assert_eq!((found.len(), suppressed.len()), (0, 1), "{matching}");
    }
    // One of its Jobs has findings: that is enough for the annotation to have ended.
    let dated = JOB_SET
        .replace("ANNOTATION", "  annotations: {jobguard.dev/ignore: job/no-deadline until=2027-01-31}\n");
    let mut found = at("", &dated).0;
    found.sort();
    assert_eq!(found, ["warning job/no-deadline", "warning suppression/ended"]);
}

/// Runs the program in a folder: its standard output, its standard error, its exit status.
fn run(folder: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output =
        Command::cargo_bin("jobguard").unwrap().args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

const LISTED: &str = "  rules: {job/no-deadline: warn, pod/image-tag: warn}
  exceptions:
    - name: etl-import
      rules: [job/no-deadline, job/ttl-missing]
      match:
        namespaces: [etl, etl-*]
        labels: {tier: \"*\"}
      reason: the import may take a week; it moves to the new scheduler, which has a deadline of its own (ticket 4711)
      until: 2026-12-05
    - rules: [cron/*]
      match: {kinds: [CronJob], users: [anna]}
      reason: agreed with operations
    - {name: gone, rules: [pod/image-tag], match: {names: [old-*]}, reason: an old image, until: 2026-10-31}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("jobguard.yaml"), format!("{HEAD}{LISTED}")).unwrap();
    let annotation = "job/no-deadline until=2027-06-30 (a reason); pod/image-tag until=2026-11-28; cron/overlap until=2026-02-30; cron/*";
    let job = job("load", Some(annotation)).replace("namespace: etl", "namespace: etl, labels: {tier: a}");
    fs::write(folder.path().join("job.yaml"), job).unwrap();
    folder
}

#[test]
fn exceptions_are_listed() {
    let folder = folder();
    let list = |arguments: &[&str]| {
        let arguments = [&["policy", "exceptions", "--now", "2026-11-28"], arguments].concat();
        run(folder.path(), &arguments)
    };
    let (text, said, status) = list(&[]);
    assert_eq!((said.as_str(), status), ("", Some(0)));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_snapshot!(text);
    let (json, _, _) = list(&["--format", "json"]);
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_snapshot!(json);
    let places = document["exceptions"].as_array().unwrap().iter().map(|one| &one["line"]);
    assert_eq!(places.count(), 6);
    assert_eq!(list(&["--fail-on-ended"]).2, Some(1));
    assert_eq!(list(&["--fail-on-ended", "--policy", "strict", "job.yaml"]).2, Some(0));
    let (text, _, status) = list(&["--policy", "strict", "jobguard.yaml"]);
    assert_eq!((text.as_str(), status), ("No exceptions\n", Some(0)));
    assert_eq!(list(&["gone.yaml"]).2, Some(2));
}

#[test]
fn exceptions_are_noted() {
    let folder = folder();
    let (text, _, status) = run(folder.path(), &["policy", "check", "--now", "2026-11-28"]);
    assert_eq!(status, Some(0));
    assert!(text.contains(
        "note: spec.exceptions: 1 has ended and does not count: gone (2026-10-31)\n\
         note: spec.exceptions: 1 ends within two weeks: etl-import (2026-12-05)\n\
         note: spec.exceptions: 1 of 3 without end (no `until`)\n"
    ));
    let lint = |arguments: &[&str]| {
        run(folder.path(), &[&["lint", "job.yaml", "--now", "2026-11-28"], arguments].concat())
    };
    let (text, said, _) = lint(&[]);
    assert!(text.contains("; 2 suppressed\n"), "{text}");
    assert_eq!(
        said,
        "an exception of the policy that is used here ends soon: etl-import on 2026-12-05; `jobguard policy exceptions` lists all\n"
    );
    let (text, _, _) = lint(&["--verbose"]);
    assert!(
        text.contains("suppressed[job/no-deadline]: job.yaml:4:1: ")
            && text.contains("(exception etl-import until 2026-12-05: the import"),
        "{text}"
    );
    let (json, _, _) = lint(&["--format", "json"]);
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&document["suppressed"]).unwrap());
}

#[test]
fn what_an_annotation_may_not_silence_is_no_exception() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(
        path.join("jobguard.yaml"),
        format!("{HEAD}  rules: {{job/no-deadline: warn, job/ttl-missing: deny}}\n"),
    )
    .unwrap();
    let list = |annotation: &str, arguments: &[&str]| {
        fs::write(path.join("job.yaml"), job("load", Some(annotation))).unwrap();
        run(path, &[&["policy", "exceptions", "--now", "2027-02-01", "--fail-on-ended"], arguments].concat())
    };
    let none =
        "api/*, api/restart-policy; foo/bar; *; manifest/too-large; job/ttl-missing; suppression/ended";
    let (text, _, status) = list(none, &[]);
    assert_eq!((text.as_str(), status), ("No exceptions\n", Some(0)));
    // What has ended beside what has not is no exception either.
    let (text, _, status) = list("job/no-deadline; job/no-deadline until=2027-01-01", &[]);
    assert!(status == Some(0) && text.ends_with("1 exception: 1 without end\n"), "{text}");
    let (text, _, status) = list("api/*, job/no-deadline until=2027-01-01", &[]);
    assert!(status == Some(1) && text.contains("2027-01-01  ended         job/no-deadline\n"), "{text}");
    // However far away its last day is, what follows it stands apart.
    let (text, _, _) = list("job/no-deadline until=9999-12-31", &[]);
    assert!(text.starts_with("9999-12-31  in 2912046 days job/no-deadline\n"), "{text}");
}

#[test]
fn what_cannot_be_read_may_hold_exceptions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("jobguard.yaml"), format!("{HEAD}  rules: {{job/no-deadline: warn}}\n")).unwrap();
    fs::write(path.join("broken.yaml"), "metadata: [\n---\na: b\n").unwrap();
    fs::write(path.join("job.yaml"), job("load", Some("job/no-deadline"))).unwrap();
    let (text, said, status) = run(path, &["policy", "exceptions"]);
    assert!(text.contains("1 exception: "), "{text}");
    let (found, ..) = run(path, &["lint", "broken.yaml"]);
    let why = found.lines().next().unwrap().strip_prefix("error[api/syntax]: ").unwrap();
    assert_eq!(
        (said.as_str(), status),
        (&*format!("error: broken.yaml:1:11: cannot be read: {why}\n"), Some(2))
    );
}

#[test]
fn a_rule_about_the_annotation_is_refused_for_what_it_is() {
    let help = |annotation: &str| {
        let policy = policy("  rules: {'*': off, suppression/not-allowed: warn, suppression/ended: warn}\n");
        let linter = Linter::new(&policy, "2026-11-28T00:00:00Z".parse().unwrap());
        let bytes = job("load", Some(annotation)).into_bytes();
        let report = linter.lint(&[Source::Text { name: "jobs.yaml".into(), bytes }]).report;
        let found = report
            .diagnostics
            .into_iter()
            .find(|found| found.rule.id() == "suppression/not-allowed")
            .unwrap();
        (found.message, found.help.unwrap())
    };
    for name in ["suppression/*", "suppression/ended"] {
        let expected =
            (format!("{name} cannot be ignored"), "the rule is about the annotation itself".to_owned());
        assert_eq!(help(name), expected);
    }
}
