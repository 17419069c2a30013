//! Whatever the object and the policy: nothing that is set is touched, and a second call changes nothing more.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{everything, json_of, workload};
use super::{fill, fill_update, json_patch};
use crate::policy::{Defaults, RestartPolicy};
use jobguard_cron::Schedule;

/// Whether every value of `before` is still in `after`; `Always` alone may have changed, and a descriptor's minute.
fn keeps(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(key, value)| match after.get(key) {
                Some(Value::String(now)) if key == "restartPolicy" && (value == "Always" || value == "") => {
                    now == "Never" || now == "OnFailure" || *value == json!(now)
                }
                Some(Value::String(now)) if key == "schedule" && value != now => {
                    let hours = |text: &str| {
                        let schedule = Schedule::parse(text).unwrap();
                        schedule.fields()[1..].iter().map(|field| field.set()).collect::<Vec<_>>()
                    };
                    value.as_str().is_some_and(|before| {
                        before.starts_with('@') && !hours(now).is_empty() && hours(before) == hours(now)
                    })
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
        any::<(bool, bool)>(),
    )
        .prop_map(
            |(
                restart,
                active,
                ttl,
                starting,
                zone,
                (labels, annotations, inner, notes),
                (ignore, spread),
            )| Defaults {
                restart_policy: restart,
                active_deadline_seconds: active,
                ttl_seconds_after_finished: ttl,
                starting_deadline_seconds: starting,
                time_zone: zone,
                spread_minutes: spread,
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
    fn holds_for_cron_jobs(
        metadata in some_metadata(),
        spec in some_job_spec(),
        schedule in "(@(hourly|daily|midnight|weekly|monthly|yearly|annually|every 1h)|0 \\* \\* \\* \\*|)",
        defaults in some_defaults(),
        zone: bool,
    ) {
        let mut object = json!({
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": metadata,
            "spec": { "schedule": schedule, "jobTemplate": { "spec": spec } },
        });
        if zone {
            object["spec"]["timeZone"] = "Europe/Berlin".into();
        }
        check(&object, &defaults);
    }
}
