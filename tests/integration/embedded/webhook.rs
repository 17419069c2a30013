//! The same of the webhook.

use super::*;
use crate::support::server::{Server, Stream, post};

fn group_version_kind(object: &Value) -> Value {
    let (group, version) = object["apiVersion"].as_str().unwrap().split_once('/').unwrap();
    json!({"group": group, "version": version, "kind": object["kind"]})
}

fn review(new: &Value, old: Option<&Value>) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "u",
            "kind": group_version_kind(new),
            "name": new["metadata"]["name"],
            "namespace": "ns",
            "operation": if old.is_some() { "UPDATE" } else { "CREATE" },
            "userInfo": {"username": "anna"},
            "object": new,
            "oldObject": old,
        },
    })
}

fn ask(stream: &mut Stream, path: &str, review: &Value) -> Value {
    let answered = post(stream, path, review.to_string().as_bytes());
    assert_eq!(answered.code, 200, "{}", answered.body);
    answered.json()["response"].take()
}

#[test]
fn refuses_what_every_job_of_would_be() {
    let server = Server::start(&["--metrics-listen", "127.0.0.1:0"]);
    let mut stream = server.connect();
    for (object, path) in CASES {
        let (bad, good) = (object("Always"), object("Never"));
        let answer = ask(&mut stream, "/validate", &review(&bad, None));
        let details = &answer["status"]["details"];
        assert_eq!((&answer["allowed"], &answer["status"]["code"]), (&json!(false), &json!(403)), "{answer}");
        assert_eq!((&details["group"], &details["kind"]), (&group_version_kind(&bad)["group"], &bad["kind"]));
        assert_eq!(details["causes"][0]["field"], path);
        assert_eq!(details["causes"].as_array().unwrap().len(), 1, "{details}");
        let answer = ask(&mut stream, "/validate", &review(&good, None));
        assert_eq!((&answer["allowed"], &answer["warnings"]), (&json!(true), &json!(null)), "{answer}");
        // Old objects stay editable, and are not made worse.
        let answer = ask(&mut stream, "/validate", &review(&bad, Some(&bad)));
        assert_eq!(answer["allowed"], true, "{answer}");
        assert!(answer["warnings"][0].as_str().unwrap().starts_with(path), "{answer}");
        let answer = ask(&mut stream, "/validate", &review(&bad, Some(&good)));
        assert_eq!(answer["allowed"], false, "{answer}");
        // Nothing is filled in there.
        let answer = ask(&mut stream, "/mutate", &review(&bad, None));
        assert_eq!(answer, json!({"uid": "u", "allowed": true}), "{answer}");
    }
    let line = server.logged("denied");
    assert_eq!([&line["rules"], &line["kind"], &line["name"]], ["job/child-rejected", "JobSet", "training"]);
    let count = |reason: &str, path: &str| {
        let answer = if path == "/mutate" { "allowed" } else { "denied" };
        let labels = format!(r#"path="{path}",kind="other",reason="{reason}",answer="{answer}""#);
        server.metric(&format!("jobguard_unjudged_total{{{labels}}}"))
    };
    assert!((count("outer_object", "/mutate") - 4.0).abs() < 0.1);
}

/// A rule of the policy's own is asked about the Jobs inside as the linter asks it; what it says of an old object is excused.
#[test]
fn own_rules_are_asked_about_the_jobs_inside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobguard.yaml");
    let text = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: own}\nspec:\n  rules: {'*': off}\n  customRules:\n  \
                - {id: acme/few-retries, level: deny, expression: job.spec.backoffLimit <= 2, path: job.spec.backoffLimit}\n";
    std::fs::write(&file, text).unwrap();
    let source = PolicySource { name: "jobguard.yaml".to_owned(), text: text.to_owned() };
    let policy = load::read(&source, registry().catalog(), &load::no_files).unwrap();
    let server = Server::start(&["--policy", file.to_str().unwrap()]);
    let mut stream = server.connect();
    for (object, _) in CASES {
        let bad = object("Never");
        let answer = ask(&mut stream, "/validate", &review(&bad, None));
        assert_eq!(answer["allowed"], false, "{answer}");
        let causes = answer["status"]["details"]["causes"].as_array().unwrap().iter();
        let of_webhook: Vec<String> = causes
            .map(|cause| format!("error acme/few-retries {}", cause["field"].as_str().unwrap()))
            .collect();
        assert_eq!(of_webhook, lint(&policy, &bad.to_string()).0, "{answer}");
        let answer = ask(&mut stream, "/validate", &review(&bad, Some(&bad)));
        assert_eq!(answer["allowed"], true, "{answer}");
    }
}

#[test]
fn what_needs_no_verdict_gets_none() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let bad = job_set("Always");
    let mut leaving = bad.clone();
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let mut status = review(&bad, Some(&bad));
    status["request"]["subResource"] = json!("status");
    let mut delete = review(&bad, None);
    delete["request"]["operation"] = json!("DELETE");
    for review in [review(&leaving, Some(&leaving)), status, delete] {
        let answer = ask(&mut stream, "/validate", &review);
        assert_eq!(answer, json!({"uid": "u", "allowed": true}), "{answer}");
    }
    // Another group's Job is none of ours.
    let mut volcano = bad.clone();
    volcano["apiVersion"] = json!("batch.volcano.sh/v1alpha1");
    volcano["kind"] = json!("Job");
    let answer = ask(&mut stream, "/validate", &review(&volcano, None));
    assert_eq!(
        (&answer["allowed"], &answer["auditAnnotations"]["unjudged"]),
        (&json!(true), &json!("other_kind"))
    );
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let mut many = job_set("Never");
    many["spec"]["replicatedJobs"] = vec![json!({"name": "a", "template": {"spec": {}}}); 1_001].into();
    let mut more = many.clone();
    more["spec"]["suspend"] = json!(true);
    for (review, expected) in [
        (review(&many, None), Some((413, "too_many_jobs"))),
        (review(&more, Some(&many)), Some((413, "too_many_jobs"))),
        (review(&many, Some(&many)), None),
    ] {
        let answer = ask(&mut stream, "/validate", &review);
        assert_eq!(answer["allowed"], expected.is_none(), "{answer}");
        if let Some((code, reason)) = expected {
            let said = (&answer["status"]["code"], &answer["auditAnnotations"]["unjudged"]);
            assert_eq!(said, (&json!(code), &json!(reason)));
        }
    }
}

#[test]
fn names_what_has_a_wrong_type() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let bad = mistyped();
    let answer = ask(&mut stream, "/validate", &review(&bad, None));
    let causes = answer["status"]["details"]["causes"].as_array().unwrap();
    let fields: Vec<_> = causes.iter().map(|cause| cause["field"].as_str().unwrap()).collect();
    assert_eq!(fields, OF_MISTYPED.map(|(_, path)| path), "{answer}");
    let message = answer["status"]["message"].as_str().unwrap();
    assert!(message.contains("must be a whole number, not the string \"three\""), "{message}");
    // Old objects stay editable, and are not made worse.
    let answer = ask(&mut stream, "/validate", &review(&bad, Some(&bad)));
    assert_eq!(answer["allowed"], true, "{answer}");
    let mut worse = bad.clone();
    worse["spec"]["replicatedJobs"][0]["template"]["spec"]["parallelism"] = json!("2");
    let answer = ask(&mut stream, "/validate", &review(&worse, Some(&bad)));
    let causes = answer["status"]["details"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 1, "{answer}");
    assert_eq!(causes[0]["field"], "spec.replicatedJobs[0].template.spec.parallelism");
}

#[test]
fn jobs_that_are_not_where_they_should_be() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    for (object, expected) in astray() {
        let answer = ask(&mut stream, "/validate", &review(&object, None));
        let is_refused = expected.iter().any(|said| said.starts_with("error"));
        assert_eq!(answer["allowed"], !is_refused, "{answer}");
        for said in &expected {
            let path = said.rsplit(' ').next().unwrap();
            assert!(answer.to_string().contains(path), "{answer}");
        }
        assert_eq!(expected.is_empty(), answer["warnings"].is_null() && !is_refused, "{answer}");
        let answer = ask(&mut stream, "/validate", &review(&object, Some(&object)));
        assert_eq!(answer["allowed"], true, "{answer}");
    }
}

#[test]
fn the_annotation_and_the_request_s_namespace_count() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let text = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: test}\nspec:\n  rules: \
                {pod/image-tag: deny}\n  suppressions: {levels: [deny, warn, info]}\n  overrides:\n  - match: \
                {namespaces: [quiet]}\n    rules: {pod/image-tag: off}\n";
    std::fs::write(&file, text).unwrap();
    let server = Server::start(&["--policy", file.to_str().unwrap()]);
    let mut stream = server.connect();
    let mut latest = job_set("Never");
    latest["metadata"].as_object_mut().unwrap().remove("namespace");
    let container = "/spec/replicatedJobs/0/template/spec/template/spec/containers/0/image";
    *latest.pointer_mut(container).unwrap() = json!("example.com/app");
    let mut ignored = latest.clone();
    ignored["metadata"]["annotations"] = json!({"jobguard.dev/ignore": "pod/image-tag"});
    let in_quiet = |object: &Value| {
        let mut review = review(object, None);
        review["request"]["namespace"] = json!("quiet");
        review
    };
    for (review, allowed) in
        [(review(&latest, None), false), (review(&ignored, None), true), (in_quiet(&latest), true)]
    {
        assert_eq!(ask(&mut stream, "/validate", &review)["allowed"], allowed, "{review}");
    }
}
