//! What is filled in, and where nothing is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Change, ChangeKind, fill, fill_update, json_patch};
use crate::policy::{Defaults, RestartPolicy};
use jobguard_apiserver::Workload;
use jobguard_manifest::FieldPath;

pub(super) fn workload(value: &Value) -> Option<Workload> {
    match value["kind"].as_str() {
        Some("Job") => serde_json::from_value(value.clone()).ok().map(|job| Workload::Job(Box::new(job))),
        Some("CronJob") => {
            serde_json::from_value(value.clone()).ok().map(|job| Workload::CronJob(Box::new(job)))
        }
        _ => None,
    }
}

pub(super) fn json_of(workload: &Workload) -> Value {
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

pub(super) fn everything() -> Defaults {
    Defaults {
        restart_policy: Some(RestartPolicy::Never),
        active_deadline_seconds: Some(3600),
        ttl_seconds_after_finished: Some(600),
        starting_deadline_seconds: Some(120),
        time_zone: Some("Etc/UTC".to_owned()),
        spread_minutes: true,
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
    replace /spec/schedule "27 0 * * *"
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

fn spreading() -> Defaults {
    Defaults { spread_minutes: true, ..Defaults::default() }
}

/// A CronJob in the namespace `batch`, if it has a name of its own.
fn scheduled(name: Option<&str>, schedule: &str) -> Workload {
    let metadata = match name {
        Some(name) => json!({ "name": name, "namespace": "batch" }),
        None => json!({ "generateName": "report-", "namespace": "batch" }),
    };
    let spec = json!({ "schedule": schedule, "jobTemplate": {} });
    workload(&json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec }))
        .unwrap()
}

#[test]
fn a_descriptor_gets_a_minute_and_nothing_else_does() {
    let spread = |name, schedule: &str| patch_lines(scheduled(name, schedule), &spreading());
    let name = Some("report-01");
    assert_eq!(spread(name, "@daily"), "replace /spec/schedule \"57 0 * * *\"\n");
    assert_eq!(spread(name, "@hourly"), "replace /spec/schedule \"57 * * * *\"\n");
    assert_eq!(spread(Some("report-02"), "@weekly"), "replace /spec/schedule \"12 0 * * 0\"\n");
    for chosen in ["0 * * * *", "0 0 * * *", "*/5 * * * *", "@every 1h", "TZ=UTC @daily", "@Daily", ""] {
        assert_eq!(spread(name, chosen), "", "{chosen}");
    }
    // No one knows the name yet.
    assert_eq!(spread(None, "@daily"), "");
    assert_eq!(patch_lines(scheduled(name, "@daily"), &Defaults::default()), "");
    let defaults = Defaults { time_zone: Some("Etc/UTC".to_owned()), ..spreading() };
    assert_eq!(
        patch_lines(scheduled(name, "@daily"), &defaults),
        "replace /spec/schedule \"57 0 * * *\"\nadd /spec/timeZone \"Etc/UTC\"\n"
    );
}

/// What is stored runs when it always did, unless the update is about that.
#[test]
fn an_update_leaves_a_stored_descriptor() {
    let name = Some("report-01");
    let update = |old: &str, change: &dyn Fn(&mut Value)| {
        let old = scheduled(name, old);
        let mut new = json_of(&old);
        new["kind"] = "CronJob".into();
        change(&mut new);
        lines(&json_patch(&fill_update(&mut workload(&new).unwrap(), &old, &spreading())))
    };
    let schedule = |schedule: &'static str| move |new: &mut Value| new["spec"]["schedule"] = schedule.into();
    assert_eq!(update("@daily", &|new| new["spec"]["suspend"] = true.into()), "");
    assert_eq!(update("@daily", &|new| new["metadata"]["labels"] = json!({ "a": "b" })), "");
    assert_eq!(update("@daily", &schedule("0 0 * * *")), "");
    assert_eq!(update("@daily", &schedule("@hourly")), "replace /spec/schedule \"57 * * * *\"\n");
    // Applied again from the manifest: it stays what it was made.
    assert_eq!(update("57 0 * * *", &schedule("@daily")), "replace /spec/schedule \"57 0 * * *\"\n");
    assert_eq!(update("57 0 * * *", &|new| new["spec"]["suspend"] = true.into()), "");
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
    let changes = fill_update(&mut cron_job(spec("0 5 * * *")), &old, &defaults);
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
