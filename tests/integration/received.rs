//! Objects as API servers store and send them, whatever stands in them: each gets a verdict, and none of what an API server
//! has accepted is refused in its name.
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use base64::Engine as _;
use jiff::Timestamp;
use jobguard::policy::{Policy, Preset, load};
use jobguard::rules::registry;
use jobguard::server::{Admission, Endpoint};
use proptest::prelude::*;
use serde_json::{Value, json};

/// More nesting than any reader that recurses survives.
const DEEP: usize = 50_000;

/// Stands in a value for a list that is nested [`DEEP`]ly, which a [`Value`] cannot be.
const NEST: &str = "@@nest@@";
/// The same for a list that is nested as much as the budget of an object allows, which the metadata of templates and the
/// spec have to keep within.
const NEST_WITHIN: &str = "@@within@@";
/// Levels of it.
const WITHIN: usize = 80;
/// Stands for an escape that a [`Value`] does not keep.
const ESCAPE: &str = "@@escape@@";

/// Times that Go holds and writes, and some that it does not.
const TIMES: [&str; 10] = [
    "9999-12-31T23:59:59Z",
    "10000-01-01T00:59:59Z",
    "12345678-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "-0001-12-31T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "2016-12-31T23:59:60Z",
    "9999-12-31T23:59:59-23:59",
    "yesterday",
    "",
];

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn preset(preset: Preset) -> Policy {
    load::preset(preset, registry().catalog()).unwrap()
}

/// The baseline, and on top of it what `spec` says.
fn policy(spec: &str) -> Policy {
    let text = format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: test}}\nspec:\n  extends: baseline\n{spec}"
    );
    let source = load::Source { name: "test.yaml".to_owned(), text };
    load::read(&source, registry().catalog(), &load::no_files).unwrap()
}

/// Refuses more than three Pods at once, and runs that are closer than 15 minutes.
fn guard() -> Policy {
    policy(
        "  rules:\n    job/max-parallelism: {level: deny, max: 3}\n    cron/too-frequent: {level: deny, minInterval: 15m}\n",
    )
}

fn text_of(value: &Value) -> String {
    let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    value
        .to_string()
        .replace(&format!("\"{NEST}\""), &nested(DEEP))
        .replace(&format!("\"{NEST_WITHIN}\""), &nested(WITHIN))
        .replace(ESCAPE, r"\u003c\u2028\ufffd\ud83d\ude00\u0000")
}

fn ask_about(policy: &Policy, endpoint: Endpoint, operation: &str, new: &Value, old: &Value) -> Value {
    let review = json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "batch", "version": "v1", "kind": new["kind"]},
            "resource": {"group": "batch", "version": "v1", "resource": "jobs"},
            "name": "nightly",
            "namespace": "math",
            "operation": operation,
            "userInfo": {"username": "anna", "groups": ["system:authenticated"], "extra": {"a": ["b"]}},
            "object": new,
            "oldObject": old,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    });
    let admission = Admission::new(policy.clone());
    let answer = admission.answer(endpoint, text_of(&review).as_bytes(), now()).unwrap();
    serde_json::to_value(answer).unwrap()["response"].take()
}

fn validate(policy: &Policy, object: &Value) -> Value {
    ask_about(policy, Endpoint::Validate, "CREATE", object, &Value::Null)
}

/// A Job as an API server sends it to a validating webhook.
fn job() -> Value {
    let uid = "0a7e0a5c-5f0e-4d1f-9f6e-6b7a6f1d2c3e";
    let labels = json!({
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "nightly",
        "controller-uid": uid,
        "job-name": "nightly",
    });
    json!({
        "kind": "Job",
        "apiVersion": "batch/v1",
        "metadata": {
            "name": "nightly", "namespace": "math", "uid": uid, "generation": 1,
            "creationTimestamp": "2026-03-01T11:59:59Z", "labels": labels,
            "managedFields": [{"manager": "kubectl", "operation": "Update", "apiVersion": "batch/v1",
                "time": "2026-03-01T11:59:59Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}}],
        },
        "spec": {
            "parallelism": 1, "completions": 1, "activeDeadlineSeconds": 600, "backoffLimit": 3,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
            "manualSelector": false, "completionMode": "NonIndexed", "suspend": false,
            "podReplacementPolicy": "TerminatingOrFailed",
            "template": pod_template(&labels),
        },
        "status": {},
    })
}

fn pod_template(labels: &Value) -> Value {
    json!({
        "metadata": {"creationTimestamp": null, "labels": labels},
        "spec": {
            "volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {
                "metadata": {"creationTimestamp": null},
                "spec": {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
                    "resources": {"requests": {"storage": "1Gi"}}},
            }}}],
            "containers": [{
                "name": "main", "image": "registry.example/app:1.0",
                "resources": {"limits": {"memory": "64Mi"}, "requests": {"cpu": "100m", "memory": "64Mi"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "web", "scheme": "HTTP"},
                    "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
                "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "imagePullPolicy": "IfNotPresent",
            }],
            "tolerations": [{"key": "spot", "operator": "Exists"}],
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "securityContext": {}, "schedulerName": "default-scheduler",
        },
    })
}

/// A CronJob as an API server sends it to a validating webhook.
fn cron_job() -> Value {
    let job = job();
    json!({
        "kind": "CronJob",
        "apiVersion": "batch/v1",
        "metadata": {"name": "nightly", "namespace": "math", "uid": job["metadata"]["uid"], "generation": 1,
            "creationTimestamp": "2026-03-01T11:59:59Z"},
        "spec": {
            "schedule": "0 3 * * *", "timeZone": "Europe/Berlin", "concurrencyPolicy": "Forbid", "suspend": false,
            "startingDeadlineSeconds": 600, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
            "jobTemplate": {
                "metadata": {"creationTimestamp": null},
                "spec": {"parallelism": 1, "completions": 1, "activeDeadlineSeconds": 600, "backoffLimit": 3,
                    "template": pod_template(&json!({"app": "nightly"}))},
            },
        },
        "status": {},
    })
}

/// The metadata inside an object: pointers that its author writes to, and the API server does not look into.
fn nested_metadata(object: &Value) -> Vec<&'static str> {
    let of_job =
        ["/spec/template/metadata", "/spec/template/spec/volumes/0/ephemeral/volumeClaimTemplate/metadata"];
    let of_cron_job = [
        "/spec/jobTemplate/metadata",
        "/spec/jobTemplate/spec/template/metadata",
        "/spec/jobTemplate/spec/template/spec/volumes/0/ephemeral/volumeClaimTemplate/metadata",
    ];
    if object["kind"] == "Job" { of_job.to_vec() } else { of_cron_job.to_vec() }
}

/// The same, refused by [`guard`]: too many Pods.
fn too_parallel(mut object: Value) -> Value {
    let pointer =
        if object["kind"] == "Job" { "/spec/parallelism" } else { "/spec/jobTemplate/spec/parallelism" };
    *object.pointer_mut(pointer).unwrap() = json!(50);
    object
}

/// What may stand in any metadata, by whoever writes it.
fn strange_metadata() -> Vec<Value> {
    let mut all: Vec<Value> = TIMES
        .iter()
        .flat_map(|time| {
            [
                json!({ "creationTimestamp": time }),
                json!({ "deletionTimestamp": time, "deletionGracePeriodSeconds": i64::MIN }),
                json!({"managedFields": [{"manager": "m", "time": time}]}),
            ]
        })
        .collect();
    all.extend([
        json!({"creationTimestamp": null, "deletionTimestamp": null, "managedFields": null, "ownerReferences": null}),
        json!({"managedFields": [{"fieldsV1": NEST_WITHIN}, {"fieldsV1": {"f:a": NEST_WITHIN}}]}),
        json!({"managedFields": NEST_WITHIN}),
        json!({"managedFields": {"of": ["another", "form", 1e300]}}),
        json!({"a newer field": NEST_WITHIN, "": {"x": NEST_WITHIN}}),
        json!({"generation": i64::MAX, "deletionGracePeriodSeconds": i64::MAX}),
        json!({"ownerReferences": [{"apiVersion": "", "kind": "", "name": ESCAPE, "uid": "", "newer": NEST_WITHIN}]}),
        json!({"name": ESCAPE, "generateName": "", "selfLink": ESCAPE, "resourceVersion": "x", "finalizers": [ESCAPE]}),
        json!({"annotations": {"a": ESCAPE}, "labels": null}),
        json!({}),
        json!(null),
    ]);
    all
}

fn assert_judged(answer: &Value, what: &dyn std::fmt::Display) {
    let unjudged = answer["auditAnnotations"].get("unjudged").is_some()
        || answer.to_string().contains("jobguard did not look at this");
    assert!(!unjudged, "not judged: {answer}\n{what}");
}

/// An object that is sound but for `change` is let through by [`guard`]; one that is too parallel as well is refused for
/// that, on creation and on update.
fn still_guarded(object: &Value, change: impl Fn(&mut Value)) {
    let policy = guard();
    let changed = |mut object: Value| {
        change(&mut object);
        object
    };
    let good = changed(object.clone());
    let shown = good.to_string();
    let answer = validate(&policy, &good);
    assert_judged(&answer, &shown);
    assert_eq!(answer["allowed"], true, "{answer}\n{shown}");

    let bad = changed(too_parallel(object.clone()));
    let answers = [
        validate(&policy, &bad),
        ask_about(&policy, Endpoint::Validate, "UPDATE", &bad, &good),
        ask_about(&policy, Endpoint::Validate, "UPDATE", &bad, object),
    ];
    for answer in answers {
        assert_judged(&answer, &shown);
        assert_eq!(
            (&answer["allowed"], &answer["status"]["code"]),
            (&json!(false), &json!(403)),
            "{answer}\n{shown}"
        );
        assert!(answer["status"]["message"].as_str().unwrap().contains("(job/max-parallelism)"), "{answer}");
    }
    // An old object stays editable, whatever stands in it.
    let answer = ask_about(&policy, Endpoint::Validate, "UPDATE", &bad, &bad);
    assert_judged(&answer, &shown);
    assert_eq!(answer["allowed"], true, "{answer}\n{shown}");
    // And /mutate makes of it what it always does.
    let filled = |object: &Value| {
        let answer = ask_about(&preset(Preset::Strict), Endpoint::Mutate, "CREATE", object, &Value::Null);
        assert_eq!(answer["allowed"], true, "{answer}\n{shown}");
        assert_judged(&answer, &shown);
        patch(&answer)
    };
    assert_eq!(filled(&good), filled(object), "{shown}");
}

fn patch(answer: &Value) -> Value {
    let Some(patch) = answer["patch"].as_str() else { return Value::Null };
    let patch = base64::engine::general_purpose::STANDARD.decode(patch).unwrap();
    serde_json::from_slice(&patch).unwrap()
}

#[test]
fn the_metadata_of_templates_hides_nothing() {
    for object in [job(), cron_job()] {
        still_guarded(&object, |_| {});
        for place in nested_metadata(&object) {
            for strange in strange_metadata() {
                still_guarded(&object, |object| {
                    let metadata = object.pointer_mut(place).unwrap();
                    match strange.as_object() {
                        Some(fields) => metadata.as_object_mut().unwrap().extend(fields.clone()),
                        None => *metadata = Value::Null,
                    }
                });
            }
        }
    }
}

/// What is nested more deeply than anything sound is not read, and not let through for that.
#[test]
fn nesting_without_end_is_refused() {
    let policy = guard();
    for object in [job(), cron_job()] {
        for place in nested_metadata(&object) {
            let mut deep = object.clone();
            *deep.pointer_mut(place).unwrap() = json!({"managedFields": [{"fieldsV1": NEST}]});
            for (operation, old) in [("CREATE", &Value::Null), ("UPDATE", &object)] {
                let answer = ask_about(&policy, Endpoint::Validate, operation, &deep, old);
                assert_eq!(answer["allowed"], false, "{place}: {answer}");
                assert_eq!(answer["status"]["code"], 413, "{place}: {answer}");
            }
            // One that is stored stays editable where its spec stays what it is.
            let answer = ask_about(&policy, Endpoint::Validate, "UPDATE", &deep, &deep);
            assert_eq!(answer["allowed"], true, "{place}: {answer}");
        }
    }
}

#[test]
fn whoever_writes_the_status_hides_nothing() {
    let of_job = |time: &str| {
        json!({"startTime": time, "completionTime": time, "active": i32::MAX, "failed": i32::MIN, "newer": NEST,
            "conditions": [{"type": "Failed", "status": "Maybe", "lastProbeTime": time, "lastTransitionTime": time}],
            "uncountedTerminatedPods": {"succeeded": [ESCAPE]}, "ready": 0, "terminating": null})
    };
    let of_cron_job = |time: &str| json!({"lastScheduleTime": time, "lastSuccessfulTime": time, "active": [{"kind": ESCAPE}], "newer": NEST});
    let cases = TIMES.iter().flat_map(|time| [(job(), of_job(time)), (cron_job(), of_cron_job(time))]);
    for (object, status) in cases.chain([(job(), Value::Null), (cron_job(), json!({}))]) {
        still_guarded(&object, |object| object["status"] = status.clone());
    }
}

#[test]
fn the_metadata_of_the_object_hides_nothing() {
    for object in [job(), cron_job()] {
        for time in TIMES {
            still_guarded(&object, |object| {
                let metadata = object["metadata"].as_object_mut().unwrap();
                metadata.insert("creationTimestamp".to_owned(), json!(time));
                metadata.insert("managedFields".to_owned(), json!([{"time": time, "fieldsV1": NEST}]));
            });
        }
    }
}

/// All places in a value, as pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| places(value, &format!("{at}/{}", escaped(key)), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| places(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// What a newer API server may send in the place of a value: the same type, and anything in it; or nothing, where an
/// empty list or a time stands.
fn other_values(place: &str, value: &Value) -> Vec<Value> {
    // What has keys of any name has texts below them, and no newer fields.
    let is_free = ["/labels", "/annotations", "/matchLabels", "/nodeSelector", "/limits", "/requests"]
        .iter()
        .any(|field| place.ends_with(field));
    match value {
        Value::String(_) => {
            ["", "Sometimes", ESCAPE, "Mars/Phobos", "-1e-999999999", "999999999999999999999Ei", "\u{fffd}"]
                .map(|text| json!(text))
                .into()
        }
        Value::Number(_) => [i32::MIN, -1, 0, 1, i32::MAX].map(|number| json!(number)).into(),
        Value::Bool(value) => vec![json!(!value)],
        Value::Array(items) => {
            let mut all = vec![json!([]), Value::Null];
            // A list of objects may have empty ones; one of texts, empty texts.
            all.extend(
                items
                    .first()
                    .map(|first| json!([first, if first.is_string() { json!("") } else { json!({}) }])),
            );
            all
        }
        Value::Object(_) if is_free => vec![json!({}), json!({ESCAPE: ESCAPE}), Value::Null],
        Value::Object(fields) => {
            let mut more = fields.clone();
            more.insert(
                "newerField".to_owned(),
                json!({"nested": NEST_WITHIN, ESCAPE: [1e300, i64::MIN, u64::MAX, null]}),
            );
            let is_item = place.rsplit('/').next().is_some_and(|last| last.parse::<usize>().is_ok());
            let absent = if is_item { json!({}) } else { Value::Null };
            vec![Value::Object(more), absent]
        }
        Value::Null => Vec::new(),
    }
}

/// Times of which the API server, or the controller, holds a 64-bit number.
const LONG: [&str; 3] = ["activeDeadlineSeconds", "startingDeadlineSeconds", "terminationGracePeriodSeconds"];

/// Changes an object in one place, in one of the ways of [`other_values`].
fn changed(object: &Value, place: usize, choice: usize) -> Option<(String, Value)> {
    let mut found = Vec::new();
    places(&object["spec"], "/spec", &mut found);
    places(&object["metadata"], "/metadata", &mut found);
    let place = found[place % found.len()].clone();
    let mut values = other_values(&place, object.pointer(&place)?);
    if LONG.iter().any(|field| place.ends_with(field)) {
        values.extend([json!(i64::MAX), json!(i64::MIN)]);
    }
    let value = values.get(choice % values.len().max(1))?.clone();
    let mut object = object.clone();
    *object.pointer_mut(&place)? = value;
    Some((place, object))
}

/// Each object of every recorded request, and ours.
fn objects() -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/admission-reviews.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    let recorded = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line["review"]["request"]["object"].take()
    });
    recorded.filter(Value::is_object).chain([job(), cron_job()]).collect()
}

#[test]
fn every_place_of_an_object_may_hold_anything_of_its_type() {
    let policy = preset(Preset::Strict);
    for object in [job(), cron_job()] {
        let mut found = Vec::new();
        places(&object["spec"], "", &mut found);
        let mut tried = 0;
        for place in 0..2 * found.len() {
            for choice in 0..9 {
                let Some((place, changed)) = changed(&object, place, choice) else { continue };
                let answer = validate(&policy, &changed);
                assert_judged(&answer, &place);
                ask_about(&policy, Endpoint::Mutate, "CREATE", &changed, &Value::Null);
                tried += 1;
            }
        }
        assert!(tried > 300, "{tried}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Several changes at once, of objects that were recorded, on creation and on update.
    #[test]
    fn every_object_that_an_api_server_sends_gets_a_verdict(
        pick in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<usize>(), any::<usize>()), 1..6),
    ) {
        thread_local!(static OBJECTS: Vec<Value> = objects());
        let object = OBJECTS.with(|objects| pick.get(objects).clone());
        let mut new = object.clone();
        for (place, choice) in changes {
            if let Some((_, changed)) = changed(&new, place, choice) {
                new = changed;
            }
        }
        let policy = preset(Preset::Strict);
        for (operation, new, old) in [("CREATE", &new, &Value::Null), ("UPDATE", &new, &object), ("UPDATE", &object, &new)] {
            for endpoint in [Endpoint::Validate, Endpoint::Mutate] {
                let answer = ask_about(&policy, endpoint, operation, new, old);
                assert_judged(&answer, &new);
            }
        }
    }
}

/// What a newer API server accepts, or one with other feature gates: where, what, and what is warned of it here.
fn newer() -> Vec<(Value, &'static str, Value)> {
    let (job, cron_job) = (job(), cron_job());
    vec![
        (
            job.clone(),
            "/spec/template/spec/tolerations/0",
            json!({"key": "spot", "operator": "Lt", "value": "5"}),
        ),
        (
            job.clone(),
            "/spec/template/spec/tolerations/0",
            json!({"key": "spot", "operator": "Gt", "value": "5"}),
        ),
        (job.clone(), "/spec/template/spec/restartPolicy", json!("OnTuesdays")),
        (job.clone(), "/spec/template/spec/dnsPolicy", json!("Newer")),
        (job.clone(), "/spec/completionMode", json!("Graph")),
        (job, "/spec/podReplacementPolicy", json!("Sometimes")),
        (cron_job.clone(), "/spec/timeZone", json!("America/Coyhaique-Sur")),
        (cron_job.clone(), "/spec/concurrencyPolicy", json!("Queue")),
        (cron_job, "/spec/jobTemplate/spec/template/spec/containers/0/imagePullPolicy", json!("Nightly")),
    ]
}

#[test]
fn what_an_api_server_has_accepted_is_warned_about_at_most() {
    for (object, place, value) in newer() {
        let mut object = object;
        *object.pointer_mut(place).unwrap() = value;
        for policy in Preset::ALL.map(preset).into_iter().chain([guard()]) {
            for (operation, old) in [("CREATE", &Value::Null), ("UPDATE", &object)] {
                let answer = ask_about(&policy, Endpoint::Validate, operation, &object, old);
                assert_judged(&answer, &place);
                let status = answer["status"].to_string();
                assert!(
                    !status.contains("(api/") && answer["status"]["reason"] != "Invalid",
                    "{place}: {answer}"
                );
                let findings = answer["auditAnnotations"]["findings"].as_str().unwrap_or_default();
                assert!(
                    !findings.contains("api/")
                        || !findings.split(',').any(|f| f.starts_with("api/") && f.ends_with("=error")),
                    "{answer}"
                );
            }
        }
        let answer = validate(&guard(), &object);
        assert_eq!(answer["allowed"], true, "{place}: {answer}");
        let warnings: Vec<&str> =
            answer["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        let ours = "jobguard's own reading of the API (1.36) would refuse this: spec.";
        assert!(
            warnings.iter().any(|text| text.starts_with(ours) && text.contains("(api/")),
            "{place}: {answer}"
        );

        // It is no way past the policy.
        let answer = validate(&guard(), &too_parallel(object.clone()));
        assert_eq!(
            (&answer["allowed"], &answer["status"]["reason"]),
            (&json!(false), &json!("Forbidden")),
            "{answer}"
        );
        let causes = answer["status"]["details"]["causes"].as_array().unwrap();
        assert_eq!(causes.len(), 1, "{answer}");
        assert!(causes[0]["message"].as_str().unwrap().contains("(job/max-parallelism)"), "{answer}");

        // The same, as somebody writes it by hand, is refused as an API server of our version would.
        for missing in ["/metadata/uid", "/metadata/creationTimestamp"] {
            let mut by_hand = object.clone();
            *by_hand.pointer_mut(missing).unwrap() = Value::Null;
            let answer = validate(&guard(), &by_hand);
            assert_eq!(
                (&answer["allowed"], &answer["status"]["code"]),
                (&json!(false), &json!(422)),
                "{place}: {answer}"
            );
            assert_eq!(answer["status"]["reason"], "Invalid");
        }
    }
}

#[test]
fn a_zone_that_is_not_known_here_does_not_hide_the_pace() {
    let mut object = cron_job();
    object["spec"]["timeZone"] = json!("Mars/Phobos");
    object["spec"]["schedule"] = json!("*/5 * * * *");
    let answer = validate(&guard(), &object);
    assert_eq!(answer["allowed"], false, "{answer}");
    assert!(answer["status"]["message"].as_str().unwrap().contains("(cron/too-frequent)"), "{answer}");
}

#[test]
fn defaults_are_filled_in_whatever_the_api_server_will_say() {
    let strict = preset(Preset::Strict);
    for (mut object, place, value) in newer() {
        // Before the API server's own validation, an object has neither uid nor time.
        object["metadata"] = json!({"name": "nightly", "namespace": "math"});
        let sound = ask_about(&strict, Endpoint::Mutate, "CREATE", &object, &Value::Null);
        *object.pointer_mut(place).unwrap() = value;
        let answer = ask_about(&strict, Endpoint::Mutate, "CREATE", &object, &Value::Null);
        assert_eq!((&answer["allowed"], &answer["status"]), (&json!(true), &Value::Null), "{answer}");
        if !place.ends_with("/restartPolicy") {
            assert_eq!(patch(&answer), patch(&sound), "{place}");
        }
        assert_ne!(patch(&answer), Value::Null, "{place}");
    }
}
