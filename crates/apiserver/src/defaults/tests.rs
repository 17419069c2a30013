use serde_json::json;

use super::*;
use crate::Kind;
use crate::testing::{server, written as read};

fn job(workload: &Workload) -> &Job {
    let Workload::Job(job) = workload else { panic!("no Job") };
    job
}

#[test]
fn counts() {
    for (given, completions, parallelism, backoff) in [
        (json!({}), Some(1), 1, 6),
        (json!({"completions": 5}), Some(5), 1, 6),
        (json!({"parallelism": 5}), None, 5, 6),
        (json!({"backoffLimitPerIndex": 1}), Some(1), 1, i32::MAX),
        (json!({"backoffLimit": 0}), Some(1), 1, 0),
    ] {
        let mut workload = read(Kind::Job, &json!({"spec": given}));
        apply_defaults(&server(), &mut workload);
        let spec = workload.job_spec().unwrap();
        let found = (spec.completions, spec.parallelism, spec.backoff_limit);
        assert_eq!(found, (completions, Some(parallelism), Some(backoff)), "{given}");
    }
}

#[test]
fn a_cron_job_leaves_the_job_inside_alone() {
    let mut workload = read(Kind::CronJob, &json!({"spec": {}}));
    apply_defaults(&server(), &mut workload);
    let Workload::CronJob(cron_job) = &workload else { panic!("no CronJob") };
    assert_eq!(cron_job.spec.concurrency_policy.as_deref(), Some("Allow"));
    assert_eq!(cron_job.spec.successful_jobs_history_limit, Some(3));
    assert_eq!(cron_job.spec.failed_jobs_history_limit, Some(1));
    let spec = workload.job_spec().unwrap();
    assert_eq!((spec.completions, spec.backoff_limit), (None, None));
    assert_eq!(spec.template.spec.as_ref().unwrap().restart_policy.as_deref(), Some("Always"));
}

#[test]
fn labels_are_shared_only_where_the_job_has_none() {
    let template = json!({"template": {"metadata": {"labels": {"a": "b"}}}});
    for (labels, shared) in [(json!(null), true), (json!({}), true), (json!({"a": "b"}), false)] {
        let mut workload =
            read(Kind::Job, &json!({"metadata": {"name": "n", "labels": labels}, "spec": template}));
        let defaulted = apply_defaults(&server(), &mut workload);
        assert_eq!(defaulted, shared, "{labels}");
        prepare_for_create(&server(), &mut workload, defaulted);
        let own = workload.metadata().labels.as_ref().unwrap();
        assert_eq!(own.contains_key("job-name"), shared, "{labels}");
    }
}

#[test]
fn the_selector_is_made_from_name_and_uid() {
    let mut workload = read(Kind::Job, &json!({"metadata": {"name": "n", "uid": "u"}}));
    let defaulted = apply_defaults(&server(), &mut workload);
    prepare_for_create(&server(), &mut workload, defaulted);
    let spec = workload.job_spec().unwrap();
    let labels = spec.template.metadata.as_ref().unwrap().labels.as_ref().unwrap();
    assert_eq!(labels["batch.kubernetes.io/job-name"], "n");
    assert_eq!(labels["controller-uid"], "u");
    let selector = spec.selector.as_ref().unwrap().match_labels.as_ref().unwrap();
    assert_eq!(selector["batch.kubernetes.io/controller-uid"], "u");

    let once = workload.clone();
    prepare_for_create(&server(), &mut workload, false);
    assert_eq!(workload, once, "twice is the same as once");

    let mut workload = read(Kind::Job, &json!({"spec": {"manualSelector": true}}));
    let defaulted = apply_defaults(&server(), &mut workload);
    prepare_for_create(&server(), &mut workload, defaulted);
    assert_eq!(job(&workload).spec.as_ref().unwrap().selector, None);
}

#[test]
fn what_only_the_server_sets_is_reset() {
    let metadata = json!({
        "name": "n", "uid": "u", "creationTimestamp": "2026-01-31T12:00:00Z", "labels": {"a": "b"},
    });
    let mut workload = read(Kind::Job, &json!({"metadata": metadata}));
    reset_system_fields(&mut workload);
    let metadata = workload.metadata();
    assert_eq!((&metadata.uid, &metadata.creation_timestamp), (&None, &None));
    assert_eq!(metadata.name.as_deref(), Some("n"));
    assert!(metadata.labels.is_some());
}

#[test]
fn names_are_made_from_generate_name() {
    let template = json!({"template": {"metadata": {"labels": {"a": "b"}}}});
    let object = json!({"metadata": {"generateName": "é".repeat(40)}, "spec": template});
    let mut workload = read(Kind::Job, &object);
    let defaulted = apply_defaults(&server(), &mut workload);
    assert_eq!(workload.metadata().name, None, "webhooks see no name");
    prepare_for_create(&server(), &mut workload, defaulted);
    assert_eq!(workload.metadata().name, Some("é".repeat(29) + "xxxxx"));
    assert_eq!(workload.metadata().labels.as_ref().unwrap().len(), 1, "labels are not shared");
}

#[test]
fn containers_and_volumes() {
    let spec = json!({
        "serviceAccount": "robot",
        "containers": [{
            "name": "main", "image": "busybox",
            "ports": [{"containerPort": 80}],
            "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            "resources": {"limits": {"cpu": "0.5", "memory": 1024}},
            "livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 0},
            "lifecycle": {"stopSignal": "SIGTERM"},
        }],
        "volumes": [{"name": "v"}, {"name": "s", "secret": {"secretName": "s"}}],
        "schedulingGroup": {"podGroupName": "g"},
    });
    let mut workload = read(Kind::Job, &json!({"spec": {"template": {"spec": spec}}}));
    let defaulted = apply_defaults(&server(), &mut workload);
    let spec = |workload: &Workload| workload.job_spec().unwrap().template.spec.clone().unwrap();
    let filled = spec(&workload);
    assert_eq!(filled.service_account_name.as_deref(), Some("robot"));
    let container = &filled.containers[0];
    assert_eq!(container.image_pull_policy.as_deref(), Some("Always"));
    assert_eq!(container.ports.as_ref().unwrap()[0].protocol.as_deref(), Some("TCP"));
    let source = container.env.as_ref().unwrap()[0].value_from.as_ref().unwrap();
    assert_eq!(source.field_ref.as_ref().unwrap().api_version.as_deref(), Some("v1"));
    let limits = container.resources.as_ref().unwrap().limits.as_ref().unwrap();
    assert_eq!((limits["cpu"].0.as_str(), limits["memory"].0.as_str()), ("500m", "1024"));
    let probe = container.liveness_probe.as_ref().unwrap();
    assert_eq!((probe.period_seconds, probe.failure_threshold), (Some(10), Some(3)));
    assert_eq!(probe.http_get.as_ref().unwrap().path.as_deref(), Some("/"));
    let volumes = filled.volumes.as_ref().unwrap();
    assert!(volumes[0].empty_dir.is_some());
    assert_eq!(volumes[1].secret.as_ref().unwrap().default_mode, Some(420));
    assert!(filled.scheduling_group.is_some());

    prepare_for_create(&server(), &mut workload, defaulted);
    let prepared = spec(&workload);
    assert_eq!(prepared.scheduling_group, None);
    assert_eq!(prepared.containers[0].lifecycle, None);
}
