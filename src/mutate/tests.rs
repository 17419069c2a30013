//! What is filled in, and that nothing else is touched.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Change, ChangeKind, fill, fill_update, json_patch};
use crate::policy::{Defaults, RestartPolicy};
use jobguard_apiserver::Workload;
use jobguard_manifest::FieldPath;

fn workload(value: &Value) -> Option<Workload> {
    match value["kind"].as_str() {
        Some("Job") => serde_json::from_value(value.clone()).ok().map(|job| Workload::Job(Box::new(job))),
        Some("CronJob") => {
            serde_json::from_value(value.clone()).ok().map(|job| Workload::CronJob(Box::new(job)))
        }
        _ => None,
    }
}

fn json_of(workload: &Workload) -> Value {
    match workload {
        Workload::Job(job) => serde_json::to_value(job).unwrap(),
        Workload::CronJob(cron_job) => serde_json::to_value(cron_job).unwrap(),
    }
}

fn job(metadata: Value, spec: Value) -> Workload {
    workload(&json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec })).unwrap()
}

fn cron_job(spec: Value) -> Workload {
    workload(
        &json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "c" }, "spec": spec }),
    )
    .unwrap()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn everything() -> Defaults {
    Defaults {
        restart_policy: Some(RestartPolicy::Never),
        active_deadline_seconds: Some(3600),
        ttl_seconds_after_finished: Some(600),
        starting_deadline_seconds: Some(120),
        time_zone: Some("Etc/UTC".to_owned()),
        labels: map(&[("team", "a"), ("example.com/cost", "b")]),
        annotations: map(&[("example.com/note", "x")]),
        template_labels: map(&[("team", "a")]),
        template_annotations: map(&[("sidecar.istio.io/inject", "false")]),
        ignore_disruptions: true,
    }
}

/// The patch as one line an operation.
fn patch_lines(mut workload: Workload, defaults: &Defaults) -> String {
    lines(&json_patch(&fill(&mut workload, defaults)))
}

fn lines(patch: &json_patch::Patch) -> String {
    let patch = serde_json::to_value(patch).unwrap();
    let operations = patch.as_array().unwrap().iter();
    operations
        .map(|op| {
            format!("{} {} {}\n", op["op"].as_str().unwrap(), op["path"].as_str().unwrap(), op["value"])
        })
        .collect()
}

#[test]
fn a_job_as_written() {
    let written = job(json!({ "name": "a" }), json!({ "template": { "spec": { "containers": [] } } }));
    insta::assert_snapshot!(patch_lines(written, &everything()), @r#"
    add /metadata/labels {"example.com/cost":"b","team":"a"}
    add /metadata/annotations {"example.com/note":"x"}
    add /spec/activeDeadlineSeconds 3600
    add /spec/template/spec/restartPolicy "Never"
    add /spec/template/metadata {"annotations":{"sidecar.istio.io/inject":"false"},"labels":{"team":"a"}}
    add /spec/ttlSecondsAfterFinished 600
    "#);
}

#[test]
fn a_job_with_the_apis_defaults() {
    let defaulted = job(
        json!({ "name": "a", "labels": { "team": "mine" }, "annotations": {} }),
        json!({
            "podReplacementPolicy": "TerminatingOrFailed",
            "template": { "metadata": { "creationTimestamp": null }, "spec": { "restartPolicy": "Always", "containers": [] } },
        }),
    );
    insta::assert_snapshot!(patch_lines(defaulted, &everything()), @r#"
    add /metadata/labels/example.com~1cost "b"
    add /metadata/annotations/example.com~1note "x"
    add /spec/activeDeadlineSeconds 3600
    replace /spec/template/spec/restartPolicy "Never"
    add /spec/template/metadata/labels {"team":"a"}
    add /spec/template/metadata/annotations {"sidecar.istio.io/inject":"false"}
    add /spec/ttlSecondsAfterFinished 600
    "#);
}

#[test]
fn a_cron_job() {
    let written = cron_job(json!({
        "schedule": "@daily",
        "jobTemplate": { "spec": { "template": { "spec": { "restartPolicy": "Never", "containers": [] } } } },
    }));
    insta::assert_snapshot!(patch_lines(written, &everything()), @r#"
    add /metadata/labels {"example.com/cost":"b","team":"a"}
    add /metadata/annotations {"example.com/note":"x"}
    add /spec/startingDeadlineSeconds 120
    add /spec/timeZone "Etc/UTC"
    add /spec/jobTemplate/spec/activeDeadlineSeconds 3600
    add /spec/jobTemplate/spec/template/metadata {"annotations":{"sidecar.istio.io/inject":"false"},"labels":{"team":"a"}}
    add /spec/jobTemplate/spec/podFailurePolicy {"rules":[{"action":"Ignore","onPodConditions":[{"status":"True","type":"DisruptionTarget"}]}]}
    "#);
}

#[test]
fn what_is_set_stays() {
    let set = job(
        json!({
            "name": "a",
            "labels": { "team": "mine", "example.com/cost": "" },
            "annotations": { "example.com/note": "y" },
        }),
        json!({
            "activeDeadlineSeconds": 0,
            "ttlSecondsAfterFinished": 0,
            "podFailurePolicy": { "rules": [] },
            "podReplacementPolicy": "Failed",
            "template": {
                "metadata": { "labels": { "team": "mine" }, "annotations": { "sidecar.istio.io/inject": "true" } },
                "spec": { "restartPolicy": "OnFailure", "containers": [] },
            },
        }),
    );
    assert_eq!(patch_lines(set, &everything()), "");
}

#[test]
fn no_policy_is_chosen_beside_a_container_that_never_ends() {
    let defaults = Defaults { restart_policy: Some(RestartPolicy::Never), ..Defaults::default() };
    for (list, changes) in [("containers", 0), ("initContainers", 1)] {
        let mut pod = json!({ "restartPolicy": "Always", "containers": [] });
        pod[list] = json!([{ "name": "proxy", "restartPolicy": "Always" }]);
        let mut job = job(json!({ "name": "a" }), json!({ "template": { "spec": pod } }));
        assert_eq!(fill(&mut job, &defaults).len(), changes, "{list}");
    }
}

#[test]
fn nothing_asked_nothing_done() {
    let mut written = job(json!({ "name": "a" }), json!({ "template": { "spec": { "containers": [] } } }));
    assert_eq!(fill(&mut written, &Defaults::default()), []);
}

#[test]
fn jobs_that_something_keeps_do_not_expire() {
    let defaults = Defaults { ttl_seconds_after_finished: Some(60), ..Defaults::default() };
    let spec = json!({ "template": { "spec": { "containers": [] } } });
    for (metadata, expires) in [
        (json!({ "name": "a" }), true),
        (json!({ "name": "a", "labels": { "app.kubernetes.io/name": "x" } }), true),
        (json!({ "name": "a", "labels": { "app.kubernetes.io/instance": "x" } }), false),
        (json!({ "name": "a", "annotations": { "helm.sh/hook": "pre-install" } }), false),
        (json!({ "name": "a", "annotations": { "helm.sh/hooks": "no" } }), true),
        (json!({ "name": "a", "annotations": { "argocd.argoproj.io/tracking-id": "x" } }), false),
        (json!({ "name": "a", "labels": { "kustomize.toolkit.fluxcd.io/name": "x" } }), false),
        (json!({ "name": "a", "labels": { "kapp.k14s.io/app": "x" } }), false),
        (json!({ "name": "a", "labels": { "app.kubernetes.io/managed-by": "Terraform" } }), false),
        (json!({ "name": "a", "labels": { "app.kubernetes.io/managed-by": "x" } }), true),
        (
            json!({ "name": "a", "ownerReferences": [
                { "apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "u", "controller": true }] }),
            false,
        ),
    ] {
        let mut job = job(metadata.clone(), spec.clone());
        assert_eq!(fill(&mut job, &defaults).len(), usize::from(expires), "{metadata}");
    }
}

#[test]
fn a_pod_failure_policy_goes_only_where_the_api_takes_it() {
    let defaults = Defaults { ignore_disruptions: true, ..Defaults::default() };
    for (restart, replacement, in_job, in_cron_job) in [
        ("Never", Some("Failed"), true, true),
        ("Never", None, false, true),
        ("Never", Some("TerminatingOrFailed"), false, false),
        ("OnFailure", Some("Failed"), false, false),
        ("Always", Some("Failed"), false, false),
    ] {
        let mut spec = json!({ "template": { "spec": { "restartPolicy": restart, "containers": [] } } });
        if let Some(replacement) = replacement {
            spec["podReplacementPolicy"] = replacement.into();
        }
        let changes = fill(&mut job(json!({ "name": "a" }), spec.clone()), &defaults);
        assert_eq!(changes.len(), usize::from(in_job), "Job {spec}");
        let mut cron_job = cron_job(json!({ "schedule": "@daily", "jobTemplate": { "spec": spec } }));
        assert_eq!(fill(&mut cron_job, &defaults).len(), usize::from(in_cron_job), "CronJob {spec}");
    }
}

#[test]
fn beside_a_pod_failure_policy_never_is_the_only_choice() {
    let defaults = Defaults { restart_policy: Some(RestartPolicy::OnFailure), ..Defaults::default() };
    let template = json!({ "spec": { "containers": [] } });
    let plain = job(json!({ "name": "a" }), json!({ "template": template }));
    assert_eq!(patch_lines(plain, &defaults), "add /spec/template/spec/restartPolicy \"OnFailure\"\n");
    let with =
        job(json!({ "name": "a" }), json!({ "podFailurePolicy": { "rules": [] }, "template": template }));
    assert_eq!(patch_lines(with, &defaults), "add /spec/template/spec/restartPolicy \"Never\"\n");
}

#[test]
fn a_schedule_with_its_own_zone_gets_no_other() {
    let defaults = Defaults { time_zone: Some("Etc/UTC".to_owned()), ..Defaults::default() };
    let mut own = cron_job(json!({ "schedule": "CRON_TZ=Europe/Berlin 0 5 * * *", "jobTemplate": {} }));
    assert_eq!(fill(&mut own, &defaults), []);
    let mut empty = cron_job(json!({ "schedule": "0 5 * * *", "timeZone": "", "jobTemplate": {} }));
    assert_eq!(fill(&mut empty, &defaults), []);
}

#[test]
fn a_selector_of_its_own_may_forbid_a_label() {
    let defaults = Defaults { template_labels: map(&[("team", "a"), ("tier", "b")]), ..Defaults::default() };
    let selective = job(
        json!({ "name": "a" }),
        json!({
            "manualSelector": true,
            "selector": { "matchExpressions": [{ "key": "team", "operator": "DoesNotExist" }] },
            "template": { "metadata": { "labels": { "x": "y" } }, "spec": { "containers": [] } },
        }),
    );
    assert_eq!(patch_lines(selective, &defaults), "add /spec/template/metadata/labels/tier \"b\"\n");
}

#[test]
fn labels_that_the_api_server_would_copy_are_not_lost() {
    let defaults = Defaults { labels: map(&[("team", "policy"), ("tier", "b")]), ..Defaults::default() };
    let labelled =
        json!({ "metadata": { "labels": { "app": "x", "team": "mine" } }, "spec": { "containers": [] } });
    assert_eq!(
        patch_lines(job(json!({ "name": "a" }), json!({ "template": labelled })), &defaults),
        "add /metadata/labels {\"app\":\"x\",\"team\":\"mine\",\"tier\":\"b\"}\n"
    );
}

#[test]
fn annotations_stay_within_the_apis_limit() {
    let defaults =
        Defaults { annotations: map(&[("a", &"x".repeat(100)), ("b", "short")]), ..Defaults::default() };
    let full = "y".repeat(256 * 1024 - 50);
    let job = job(json!({ "name": "a", "annotations": { "n": full } }), json!({ "template": {} }));
    assert_eq!(patch_lines(job, &defaults), "add /metadata/annotations/b \"short\"\n");
}

#[test]
fn an_update_of_a_job_gets_back_what_it_had() {
    let bare = json!({ "template": { "spec": { "restartPolicy": "Always", "containers": [] } } });
    let filled = {
        let mut job = job(json!({ "name": "a" }), bare.clone());
        fill(&mut job, &everything());
        job
    };
    let mut replaced = job(json!({ "name": "a" }), bare.clone());
    fill_update(&mut replaced, &filled, &everything());
    assert_eq!(replaced, filled);

    // A Job from before the policy gains nothing: its template is fixed, and it may have finished long ago.
    let old = job(
        json!({ "name": "a" }),
        json!({ "template": { "spec": { "restartPolicy": "OnFailure", "containers": [] } } }),
    );
    let mut touched = old.clone();
    assert_eq!(fill_update(&mut touched, &old, &everything()), []);
}

#[test]
fn an_update_of_a_cron_job_is_filled_in_when_its_spec_changes() {
    let spec = |schedule: &str| json!({ "schedule": schedule, "jobTemplate": {} });
    let defaults = Defaults { labels: BTreeMap::new(), annotations: BTreeMap::new(), ..everything() };
    let old = cron_job(spec("@daily"));
    assert_eq!(fill_update(&mut cron_job(spec("@daily")), &old, &defaults), []);
    let changes = fill_update(&mut cron_job(spec("@weekly")), &old, &defaults);
    assert_eq!(
        lines(&json_patch(&changes)),
        "add /spec/startingDeadlineSeconds 120\nadd /spec/timeZone \"Etc/UTC\"\n"
    );
    assert!(changes.iter().all(|change| change.kind == ChangeKind::Add));
}

#[test]
fn a_patch_is_written_byte_for_byte_as_rfc_6902_says() {
    let change = |path, value, kind| Change { path, value, kind, why: "" };
    let labels = || FieldPath::root().field("metadata").field("labels");
    let containers = FieldPath::root().field("spec").field("containers");
    let patch = json_patch(&[
        change(labels(), json!({ "b": "é\"", "a": null }), ChangeKind::Add),
        change(labels().key("a.b/c~d"), json!("x"), ChangeKind::Replace),
        change(labels().key("a.b/c~d"), Value::Null, ChangeKind::Remove),
        change(containers.index(2).field("name"), json!(7), ChangeKind::Add),
    ]);
    let expected = concat!(
        r#"[{"op":"add","path":"/metadata/labels","value":{"a":null,"b":"é\""}},"#,
        r#"{"op":"replace","path":"/metadata/labels/a.b~1c~0d","value":"x"},"#,
        r#"{"op":"remove","path":"/metadata/labels/a.b~1c~0d"},"#,
        r#"{"op":"add","path":"/spec/containers/2/name","value":7}]"#
    );
    assert_eq!(patch.to_string(), expected);
    assert_eq!(json_patch(&[]).to_string(), "[]");
}

#[test]
fn what_is_being_deleted_is_left_alone() {
    let mut leaving = job(
        json!({ "name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z" }),
        json!({ "template": { "spec": { "containers": [] } } }),
    );
    assert_eq!(fill(&mut leaving, &everything()), []);
}

/// Whether every value of `before` is still in `after`; `Always` alone may have changed.
fn keeps(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(key, value)| match after.get(key) {
                Some(Value::String(now)) if key == "restartPolicy" && (value == "Always" || value == "") => {
                    now == "Never" || now == "OnFailure" || *value == json!(now)
                }
                Some(now) => keeps(value, now),
                None => false,
            })
        }
        (before, after) => before == after,
    }
}

fn check(object: &Value, defaults: &Defaults) {
    let Some(before) = workload(object) else { return };
    let mut after = before.clone();
    let changes = fill(&mut after, defaults);
    let patch = json_patch(&changes);

    let mut patched = json_of(&before);
    json_patch::patch(&mut patched, &patch).unwrap();
    assert_eq!(patched, json_of(&after), "the patch and the filled object differ");
    let mut raw = object.clone();
    json_patch::patch(&mut raw, &patch).unwrap();
    assert_eq!(workload(&raw).as_ref(), Some(&after), "the patch does not fit the object as submitted");

    assert!(keeps(&json_of(&before), &json_of(&after)), "something set was changed");
    assert_eq!(fill(&mut after.clone(), defaults), [], "a second call changes more");
    assert_eq!(fill_update(&mut after.clone(), &after, defaults), [], "an update changes more");
}

fn vectors() -> impl Iterator<Item = Value> {
    ["job.jsonl", "cronjob.jsonl", "combined.jsonl", "podtemplate.jsonl"].into_iter().flat_map(|file| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(file);
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    })
}

#[test]
fn holds_for_objects_as_people_submit_them() {
    for vector in vectors() {
        check(&vector["object"], &everything());
        check(&vector["defaulted"], &everything());
    }
}

fn some_defaults() -> impl Strategy<Value = Defaults> {
    let labels = || prop::collection::btree_map("(team|app|example\\.com/[a-c])", "[a-c]", 0..4);
    let restart =
        prop::option::of(prop::sample::select(vec![RestartPolicy::Never, RestartPolicy::OnFailure]));
    (
        restart,
        prop::option::of(1i64..100),
        prop::option::of(0i32..100),
        prop::option::of(10i64..100),
        prop::option::of(Just("Etc/UTC".to_owned())),
        (labels(), labels(), labels(), labels()),
        any::<bool>(),
    )
        .prop_map(
            |(restart, active, ttl, starting, zone, (labels, annotations, inner, notes), ignore)| Defaults {
                restart_policy: restart,
                active_deadline_seconds: active,
                ttl_seconds_after_finished: ttl,
                starting_deadline_seconds: starting,
                time_zone: zone,
                labels,
                annotations,
                template_labels: inner,
                template_annotations: notes,
                ignore_disruptions: ignore,
            },
        )
}

fn some_metadata() -> impl Strategy<Value = Value> {
    let labels = prop::sample::select(vec![
        json!(null),
        json!({}),
        json!({ "team": "x" }),
        json!({ "app": "y", "example.com/a": "" }),
    ]);
    (labels.clone(), labels, any::<bool>()).prop_map(|(labels, annotations, written)| {
        let mut metadata = json!({ "name": "a" });
        if written || !labels.is_null() {
            metadata["labels"] = labels;
        }
        if written || !annotations.is_null() {
            metadata["annotations"] = annotations;
        }
        metadata
    })
}

fn some_job_spec() -> impl Strategy<Value = Value> {
    let restart = prop::sample::select(vec![
        None,
        Some("Always"),
        Some("Never"),
        Some("OnFailure"),
        Some(""),
        Some("x"),
    ]);
    let replacement = prop::sample::select(vec![None, Some("Failed"), Some("TerminatingOrFailed")]);
    let metadata = prop::option::of(some_metadata());
    (restart, replacement, metadata, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(restart, replacement, metadata, failure, deadline, pod)| {
            let mut spec = json!({ "template": {} });
            if pod {
                spec["template"]["spec"] = json!({ "containers": [] });
                if let Some(restart) = restart {
                    spec["template"]["spec"]["restartPolicy"] = restart.into();
                }
            }
            if let Some(metadata) = metadata {
                spec["template"]["metadata"] = metadata;
            }
            if let Some(replacement) = replacement {
                spec["podReplacementPolicy"] = replacement.into();
            }
            if failure {
                spec["podFailurePolicy"] = json!({ "rules": [] });
            }
            if deadline {
                spec["activeDeadlineSeconds"] = 5.into();
            }
            spec
        },
    )
}

proptest! {
    #[test]
    fn holds_for_jobs(metadata in some_metadata(), spec in some_job_spec(), defaults in some_defaults()) {
        let object = json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec });
        check(&object, &defaults);
    }

    #[test]
    fn holds_for_cron_jobs(metadata in some_metadata(), spec in some_job_spec(), defaults in some_defaults(), zone: bool) {
        let mut object = json!({
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": metadata,
            "spec": { "schedule": "@daily", "jobTemplate": { "spec": spec } },
        });
        if zone {
            object["spec"]["timeZone"] = "Europe/Berlin".into();
        }
        check(&object, &defaults);
    }
}
