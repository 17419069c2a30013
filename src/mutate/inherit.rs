//! An annotation of a CronJob that is meant for its Jobs too.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::fill::MAX_ANNOTATIONS;
use super::{Change, ChangeKind};
use jobguard_apiserver::Workload;
use jobguard_manifest::FieldPath;

const WHY: &str = "the CronJob's Jobs are to have what the CronJob has";

/// What the controller adds to the annotations of a Job, in bytes: for when it was scheduled.
pub const SCHEDULED: usize = 128;

/// Puts the annotation `key` of a CronJob into its Job template, where there is none, so that the Jobs have it.
///
/// On an update (`old`) it follows the CronJob's annotation, changed or gone, where the stored template has what the
/// stored CronJob had: it came from there. Anything else in the template was set by a user, and stays. A second call
/// changes nothing more. Jobs, and what is being deleted, are left alone.
pub fn inherit_annotation(workload: &mut Workload, old: Option<&Workload>, key: &str) -> Option<Change> {
    let Workload::CronJob(cron_job) = workload else { return None };
    // An empty spec may be one that is not there at all, with nothing to add to.
    if cron_job.metadata.deletion_timestamp.is_some() || cron_job.spec == CronJobSpec::default() {
        return None;
    }
    let wanted = annotation(Some(&cron_job.metadata), key).cloned();
    let there = template_annotation(cron_job, key).cloned();
    if wanted == there {
        return None;
    }
    let came_from_there = match old {
        Some(Workload::CronJob(old)) => {
            let had = annotation(Some(&old.metadata), key);
            had.is_some() && had == template_annotation(old, key) && had == there.as_ref()
        }
        _ => false,
    };
    if there.is_some() && !came_from_there {
        return None;
    }
    let path = FieldPath::root().field("spec").field("jobTemplate").field("metadata");
    match wanted {
        Some(value) => put(cron_job, path, key, value),
        None => remove(cron_job, path, key),
    }
}

fn put(cron_job: &mut CronJob, path: FieldPath, key: &str, value: String) -> Option<Change> {
    let change = |path, value, kind| Some(Change { path, value, kind, why: WHY });
    let entry = || BTreeMap::from([(key.to_owned(), value.clone())]);
    let template = &mut cron_job.spec.job_template;
    let Some(metadata) = &mut template.metadata else {
        template.metadata = Some(ObjectMeta { annotations: Some(entry()), ..ObjectMeta::default() });
        return change(path, json!({ "annotations": entry() }), ChangeKind::Add);
    };
    let path = path.field("annotations");
    let Some(annotations) = &mut metadata.annotations else {
        metadata.annotations = Some(entry());
        return change(path, json!(entry()), ChangeKind::Add);
    };
    let others = annotations.iter().filter(|(other, _)| other.as_str() != key);
    let size = others.map(|(key, value)| key.len() + value.len()).fold(SCHEDULED, usize::saturating_add);
    if size.saturating_add(key.len() + value.len()) > MAX_ANNOTATIONS {
        return None;
    }
    let kind = match annotations.insert(key.to_owned(), value.clone()) {
        Some(_) => ChangeKind::Replace,
        None => ChangeKind::Add,
    };
    change(path.key(key.to_owned()), Value::String(value), kind)
}

fn remove(cron_job: &mut CronJob, path: FieldPath, key: &str) -> Option<Change> {
    cron_job.spec.job_template.metadata.as_mut()?.annotations.as_mut()?.remove(key)?;
    let path = path.field("annotations").key(key.to_owned());
    Some(Change { path, value: Value::Null, kind: ChangeKind::Remove, why: WHY })
}

fn annotation<'a>(metadata: Option<&'a ObjectMeta>, key: &str) -> Option<&'a String> {
    metadata?.annotations.as_ref()?.get(key)
}

fn template_annotation<'a>(cron_job: &'a CronJob, key: &str) -> Option<&'a String> {
    annotation(cron_job.spec.job_template.metadata.as_ref(), key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutate::json_patch;

    const KEY: &str = "jobguard.dev/ignore";

    /// A CronJob with this annotation, and this metadata in its template.
    fn cron_job(own: Option<&str>, template: Value) -> Value {
        let mut metadata = json!({ "name": "c" });
        if let Some(own) = own {
            metadata["annotations"] = json!({ KEY: own });
        }
        let spec = json!({ "schedule": "@daily", "jobTemplate": { "metadata": template, "spec":
            { "template": { "spec": { "containers": [] } } } } });
        json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec })
    }

    fn workload(value: &Value) -> Workload {
        Workload::CronJob(serde_json::from_value(value.clone()).unwrap())
    }

    /// What becomes of the template's metadata, by the patch and in the object alike, and of nothing else.
    fn inherited(new: &Value, old: Option<&Value>) -> Value {
        let mut changed = workload(new);
        let old = old.map(workload);
        let change = inherit_annotation(&mut changed, old.as_ref(), KEY);
        let mut patched = new.clone();
        let patch = json_patch(change.as_slice());
        json_patch::patch(&mut patched, &patch).unwrap();
        assert_eq!(workload(&patched), changed);
        assert_eq!(inherit_annotation(&mut changed, old.as_ref(), KEY), None, "a second time");
        patched["spec"]["jobTemplate"]["metadata"].take()
    }

    #[test]
    fn it_goes_where_nothing_is() {
        let with = |value: &str| json!({ KEY: value });
        for (template, expected) in [
            (Value::Null, json!({ "annotations": with("job/a") })),
            (
                json!({ "creationTimestamp": null }),
                json!({ "creationTimestamp": null, "annotations": with("job/a") }),
            ),
            (
                json!({ "labels": { "a": "b" } }),
                json!({ "labels": { "a": "b" }, "annotations": with("job/a") }),
            ),
            (
                json!({ "annotations": { "a/b": "c" } }),
                json!({ "annotations": { "a/b": "c", KEY: "job/a" } }),
            ),
            (json!({ "annotations": with("own") }), json!({ "annotations": with("own") })),
        ] {
            assert_eq!(inherited(&cron_job(Some("job/a"), template), None), expected);
        }
        let plain = json!({ "annotations": with("own") });
        assert_eq!(inherited(&cron_job(None, plain.clone()), None), plain);
    }

    #[test]
    fn it_follows_where_it_came_from_there() {
        let with = |value: &str| json!({ "annotations": { KEY: value } });
        let stored = cron_job(Some("job/a"), with("job/a"));
        assert_eq!(inherited(&cron_job(Some("job/b"), with("job/a")), Some(&stored)), with("job/b"));
        assert_eq!(inherited(&cron_job(None, with("job/a")), Some(&stored)), json!({ "annotations": {} }));
        // What a user set stays, in the update or before it.
        assert_eq!(inherited(&cron_job(Some("job/b"), with("own")), Some(&stored)), with("own"));
        let other = cron_job(Some("job/a"), with("own"));
        assert_eq!(inherited(&cron_job(None, with("own")), Some(&other)), with("own"));
        // One that is old enough to have none is given it.
        let before = cron_job(Some("job/a"), Value::Null);
        assert_eq!(inherited(&before, Some(&before)), with("job/a"));
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let large = json!({ "annotations": { "a/b": "x".repeat(MAX_ANNOTATIONS - 100) } });
        assert_eq!(inherited(&cron_job(Some("job/a"), large.clone()), None), large);
    }

    #[test]
    fn what_is_going_away_is_left_alone() {
        let mut leaving = cron_job(Some("job/a"), Value::Null);
        leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(inherited(&leaving, None), Value::Null);
    }
}
