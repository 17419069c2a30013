//! Updates: what may change, and what may stay although it is wrong.

use std::borrow::Cow;

use k8s_openapi::api::batch::v1::{CronJobSpec, Job, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::{Affinity, Container, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::errors::Errors;
use super::gated::{Dropped, drop_disabled};
use super::pod::kept;
use super::semantic_equal::{differing_fields, same_pod_spec, same_template};
use super::validate::{
    has_broken_cost, has_invalid_value, validate_cron_job_spec, validate_generate_name_segment,
    validate_metadata_common, validate_metadata_update, validate_object,
};
use super::{Cause, FieldError, Gate, Server, Topic, Workload};
use jobguard_manifest::{At, FieldPath};
use jobguard_text::shortened;

/// How much of a field's path a message shows, in characters: keys of labels may be long.
const MAX_PATH: usize = 120;

/// Prepares the new version of an object for validation on update: what only the server sets, and the status, are
/// those of the stored version. Both have their defaults.
pub(super) fn prepare_for_update(server: &Server, new: &mut Workload, old: &Workload) -> Vec<Dropped> {
    match (&mut *new, old) {
        (Workload::Job(new), Workload::Job(old)) => new.status.clone_from(&old.status),
        (Workload::CronJob(new), Workload::CronJob(old)) => new.status.clone_from(&old.status),
        _ => {}
    }
    let dropped = drop_disabled(server, new, Some(old));
    let stored = old.metadata();
    let metadata = new.metadata_mut();
    metadata.generation = stored.generation;
    metadata.managed_fields.clone_from(&stored.managed_fields);
    if metadata.namespace.as_deref().unwrap_or_default().is_empty() {
        metadata.namespace.clone_from(&stored.namespace);
    }
    if metadata.uid.as_deref().unwrap_or_default().is_empty() {
        metadata.uid.clone_from(&stored.uid);
    }
    if stored.creation_timestamp.is_some() {
        metadata.creation_timestamp.clone_from(&stored.creation_timestamp);
    }
    if stored.deletion_timestamp.is_some() {
        metadata.deletion_timestamp.clone_from(&stored.deletion_timestamp);
    }
    if metadata.deletion_grace_period_seconds.is_none() {
        metadata.deletion_grace_period_seconds = stored.deletion_grace_period_seconds;
    }
    dropped
}

/// Validates a new version of a stored object, as [`prepare_for_update`] leaves it. Two objects of different kinds
/// are not versions of one another: then the new one is validated as on create.
pub(super) fn validate_update(server: &Server, new: &Workload, old: &Workload) -> Vec<FieldError> {
    let empty = JobSpec::default();
    let mut list = Vec::new();
    let mut errors = Errors::new(server, Topic::Metadata, &mut list);
    match (new, old) {
        (Workload::Job(job), Workload::Job(stored)) => {
            let old_spec = stored.spec.as_ref().unwrap_or(&empty);
            errors.stored_pod = old_spec.template.spec.as_ref();
            errors.kept = kept(server, &old_spec.template, has_broken_cost);
            errors.kept.selector_values |= old_spec.selector.as_ref().is_some_and(has_invalid_value);
            validate_object(new, Some(old_spec), &mut errors);
            validate_job_change(job, stored, &mut errors);
        }
        (Workload::CronJob(cron_job), Workload::CronJob(stored)) => {
            let stored: &CronJobSpec = &stored.spec;
            if let Some(spec) = &stored.job_template.spec {
                errors.stored_pod = spec.template.spec.as_ref();
                errors.kept = kept(server, &spec.template, has_broken_cost);
            }
            validate_metadata_common(&cron_job.metadata, &mut errors);
            validate_cron_job_spec(&cron_job.spec, Some(stored), &mut errors);
        }
        _ => return super::validate::validate_create(server, new),
    }
    validate_generate_name_segment(new.metadata(), &mut errors);
    validate_metadata_update(new.metadata(), old.metadata(), &mut errors);
    list
}

fn validate_job_change(job: &Job, stored: &Job, errors: &mut Errors<'_>) {
    let empty = JobSpec::default();
    let (new, old) = (job.spec.as_ref().unwrap_or(&empty), stored.spec.as_ref().unwrap_or(&empty));
    let root = At::root();
    let at = root.field("spec");
    validate_completions(new, old, &at, errors);
    let fixed = [
        ("selector", !same_selector(new.selector.as_ref(), old.selector.as_ref())),
        ("completionMode", new.completion_mode != old.completion_mode),
        ("podFailurePolicy", !same_failure_policy(new, old)),
        ("backoffLimitPerIndex", new.backoff_limit_per_index != old.backoff_limit_per_index),
        ("managedBy", new.managed_by != old.managed_by),
        ("successPolicy", new.success_policy != old.success_policy),
    ];
    for (field, changed) in fixed {
        if changed {
            fixed_field(&at.field(field), field, errors);
        }
    }
    validate_template_change(new, old, stored.status.as_ref(), &at, errors);
}

fn fixed_field(at: &At<'_>, field: &str, errors: &mut Errors<'_>) {
    errors.add(
        at,
        Cause::Invalid,
        Topic::Immutable,
        format!("{field} cannot be changed once the Job exists"),
    );
}

/// Only an Indexed Job can have another number of completions, and only together with its parallelism.
fn validate_completions(new: &JobSpec, old: &JobSpec, at: &At<'_>, errors: &mut Errors<'_>) {
    if new.completions == old.completions {
        return;
    }
    let here = at.field("completions");
    if new.completion_mode.as_deref() != Some("Indexed") || !errors.server.on(Gate::ElasticIndexedJob) {
        fixed_field(&here, "completions", errors);
    } else if new.completions.is_some() && new.completions != new.parallelism {
        errors
            .add(
                &here,
                Cause::Invalid,
                Topic::Immutable,
                "completions can change only to the value of parallelism",
            )
            .help("set completions and parallelism to the same number");
    }
}

/// A running Job keeps its template. A suspended one without Pods may get other resources, and other rules on where
/// its Pods are scheduled, as far as the gates allow; before these gates, one that has never started may get such rules.
fn validate_template_change(
    new: &JobSpec,
    old: &JobSpec,
    status: Option<&JobStatus>,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    let here = at.field("template");
    let is_suspended = old.suspend == Some(true);
    let has_no_pods = is_suspended && has_no_pods(status);
    let resources = has_no_pods && errors.server.on(Gate::MutablePodResourcesForSuspendedJobs);
    let is_unstarted = is_suspended && status.is_none_or(|status| status.start_time.is_none());
    let scheduling = if errors.server.on(Gate::MutableSchedulingDirectivesForSuspendedJobs) {
        has_no_pods
    } else {
        is_unstarted
    };
    let mut allowed = Cow::Borrowed(&old.template);
    if scheduling {
        allow_scheduling(allowed.to_mut(), &new.template);
    }
    if !resources {
        if !same_template(&new.template, &allowed) {
            let message = if scheduling {
                "only the node selector, node affinity, tolerations and scheduling gates of a suspended Job's Pods can \
                 be changed"
            } else {
                "the Pod template cannot be changed once the Job exists"
            };
            fixed_template(&here, message, &differing_fields(&new.template, &allowed, &here), errors);
        }
        return;
    }
    let empty = PodSpec::default();
    let metadata = new.template.metadata.clone();
    let mut allowed = allowed.into_owned().spec.unwrap_or_default();
    let new = new.template.spec.as_ref().unwrap_or(&empty);
    allow_resources(&mut allowed.containers, &new.containers);
    allow_resources(
        allowed.init_containers.as_deref_mut().unwrap_or_default(),
        new.init_containers.as_deref().unwrap_or_default(),
    );
    if !same_pod_spec(new, &allowed) {
        let template = |spec: PodSpec| PodTemplateSpec { metadata: metadata.clone(), spec: Some(spec) };
        let changed = differing_fields(&template(new.clone()), &template(allowed), &here);
        let message = "only the resources, node selector, node affinity, tolerations and scheduling gates \
                       of a suspended Job's Pods can be changed";
        fixed_template(&here.field("spec"), message, &changed, errors);
    }
}

/// The API server names the template, or its spec: which fields it is about is said besides, where these are few.
fn fixed_template(at: &At<'_>, message: &str, changed: &[FieldPath], errors: &mut Errors<'_>) {
    let Some(first) = changed.first() else {
        errors.add(at, Cause::Invalid, Topic::Immutable, message);
        return;
    };
    let names: Vec<String> = changed.iter().map(|path| shortened(&path.to_string(), MAX_PATH)).collect();
    let message = format!("{message}; changed: {}", names.join(", "));
    errors.add(at, Cause::Invalid, Topic::Immutable, message).at(first.clone());
}

/// Whether a suspended Job has no Pods: it has never started, or its Pods are gone since.
fn has_no_pods(status: Option<&JobStatus>) -> bool {
    let Some(status) = status else { return true };
    let mut conditions = status.conditions.iter().flatten();
    let is_halted = status.start_time.is_none()
        || conditions.any(|condition| condition.type_ == "Suspended" && condition.status == "True");
    is_halted && status.active.unwrap_or_default() == 0
}

/// Takes over what decides where Pods are scheduled, so that a comparison passes over it.
fn allow_scheduling(old: &mut PodTemplateSpec, new: &PodTemplateSpec) {
    old.metadata.clone_from(&new.metadata);
    let empty = PodSpec::default();
    let new = new.spec.as_ref().unwrap_or(&empty);
    let old = old.spec.get_or_insert_default();
    match (&new.affinity, &mut old.affinity) {
        (None, Some(affinity)) => {
            affinity.node_affinity = None;
            if *affinity == Affinity::default() {
                old.affinity = None;
            }
        }
        (Some(affinity), old) => {
            old.get_or_insert_default().node_affinity.clone_from(&affinity.node_affinity);
        }
        (None, None) => {}
    }
    old.node_selector.clone_from(&new.node_selector);
    old.tolerations.clone_from(&new.tolerations);
    old.scheduling_gates.clone_from(&new.scheduling_gates);
}

fn allow_resources(old: &mut [Container], new: &[Container]) {
    if old.len() == new.len() {
        for (old, new) in old.iter_mut().zip(new).filter(|(old, new)| old.name == new.name) {
            old.resources.clone_from(&new.resources);
        }
    }
}

fn same_failure_policy(new: &JobSpec, old: &JobSpec) -> bool {
    let plain = |spec: &JobSpec| {
        let mut policy = spec.pod_failure_policy.clone();
        for rule in policy.iter_mut().flat_map(|policy| &mut policy.rules) {
            rule.on_pod_conditions.take_if(|conditions| conditions.is_empty());
        }
        policy
    };
    new.pod_failure_policy == old.pod_failure_policy || plain(new) == plain(old)
}

fn same_selector(new: Option<&LabelSelector>, old: Option<&LabelSelector>) -> bool {
    let plain = |selector: Option<&LabelSelector>| {
        let mut selector = selector.cloned();
        if let Some(selector) = &mut selector {
            selector.match_labels.take_if(|labels| labels.is_empty());
            selector.match_expressions.take_if(|expressions| expressions.is_empty());
            for requirement in selector.match_expressions.iter_mut().flatten() {
                requirement.values.take_if(|values| values.is_empty());
            }
        }
        selector
    };
    new == old || plain(new) == plain(old)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Kind;
    use crate::testing::{server, written};

    fn stored(kind: Kind, object: &Value) -> Workload {
        let mut workload = server().updated(written(kind, object)).prepare_for_create().into_workload();
        let metadata = workload.metadata_mut();
        metadata.uid = Some("00000000-0000-0000-0000-000000000000".to_owned());
        metadata.resource_version = Some("1".to_owned());
        workload
    }

    fn job(spec: &Value) -> Workload {
        let containers =
            json!([{"name": "main", "image": "busybox", "resources": {"limits": {"cpu": "1500m"}}}]);
        let mut object = json!({"metadata": {"name": "n", "namespace": "default"}, "spec": spec});
        object["spec"]["template"] = json!({"spec": {"restartPolicy": "Never", "containers": containers}});
        stored(Kind::Job, &object)
    }

    fn objections(old: &Workload, change: impl FnOnce(&mut JobSpec)) -> Vec<String> {
        let mut new = old.clone();
        change(new.job_spec_mut());
        prepare_for_update(&server(), &mut new, old);
        validate_update(&server(), &new, old)
            .iter()
            .map(|e| format!("{} {}", e.path, e.cause.as_str()))
            .collect()
    }

    fn pod(spec: &mut JobSpec) -> &mut PodSpec {
        spec.template.spec.get_or_insert_default()
    }

    #[test]
    fn a_running_job_keeps_its_template() {
        let old = job(&json!({}));
        assert_eq!(objections(&old, |_| {}), Vec::<String>::new());
        assert_eq!(objections(&old, |spec| spec.parallelism = Some(3)), Vec::<String>::new());
        // The same, written in another way.
        let same = |spec: &mut JobSpec| {
            pod(spec).host_network = Some(false);
            let limits = pod(spec).containers[0].resources.as_mut().and_then(|r| r.limits.as_mut()).unwrap();
            limits.get_mut("cpu").unwrap().0 = "1.5".to_owned();
        };
        assert_eq!(objections(&old, same), Vec::<String>::new());
        let other = |spec: &mut JobSpec| pod(spec).containers[0].image = Some("alpine".to_owned());
        assert_eq!(objections(&old, other), ["spec.template FieldValueInvalid"]);
        assert_eq!(
            objections(&old, |spec| spec.completions = Some(3)),
            ["spec.completions FieldValueInvalid"]
        );
    }

    #[test]
    fn a_suspended_job_may_get_other_resources_and_nodes() {
        let old = job(&json!({"suspend": true}));
        let allowed = |spec: &mut JobSpec| {
            pod(spec).containers[0].resources = None;
            pod(spec).node_selector = Some([("disk".to_owned(), "ssd".to_owned())].into());
        };
        assert_eq!(objections(&old, allowed), Vec::<String>::new());
        let other = |spec: &mut JobSpec| pod(spec).containers[0].image = Some("alpine".to_owned());
        assert_eq!(objections(&old, other), ["spec.template.spec FieldValueInvalid"]);
    }

    #[test]
    fn an_indexed_job_grows_in_both_numbers() {
        let old = job(&json!({"completionMode": "Indexed", "completions": 2, "parallelism": 2}));
        let both = |spec: &mut JobSpec| (spec.completions, spec.parallelism) = (Some(4), Some(4));
        assert_eq!(objections(&old, both), Vec::<String>::new());
        assert_eq!(
            objections(&old, |spec| spec.completions = Some(4)),
            ["spec.completions FieldValueInvalid"]
        );
    }

    #[test]
    fn a_time_zone_may_stay_in_a_stored_schedule() {
        let object = |schedule: &str| {
            json!({"metadata": {"name": "n"}, "spec": {
                "schedule": schedule,
                "jobTemplate": {"spec": {"template": {"spec": {
                    "restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}],
                }}}},
            }})
        };
        let old = stored(Kind::CronJob, &object("TZ=UTC 0 0 * * *"));
        let said = |schedule: &str, zone: Option<&str>| {
            let mut new = stored(Kind::CronJob, &object(schedule));
            if let Workload::CronJob(new) = &mut new {
                new.spec.time_zone = zone.map(str::to_owned);
            }
            validate_update(&server(), &new, &old).len()
        };
        assert_eq!(said("TZ=Europe/Berlin 0 0 * * *", None), 0);
        assert_eq!(said("TZ=Europe/Berlin 0 0 * * *", Some("UTC")), 1);
        assert_eq!(said("0 0 * * *", Some("UTC")), 0);
        assert_eq!(said("TZ=Nowhere 0 0 * * *", None), 1);
    }

    #[test]
    fn metadata_is_fixed() {
        let old = job(&json!({}));
        let mut new = old.clone();
        let metadata = new.metadata_mut();
        metadata.name = Some("m".to_owned());
        metadata.resource_version = None;
        prepare_for_update(&server(), &mut new, &old);
        let paths: Vec<_> =
            validate_update(&server(), &new, &old).iter().map(|e| e.path.to_string()).collect();
        assert!(paths.contains(&"metadata.name".to_owned()), "{paths:?}");
        assert!(paths.contains(&"metadata.resourceVersion".to_owned()), "{paths:?}");
    }
}
