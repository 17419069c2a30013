//! What the API server fills in.
//!
//! Two steps, and webhooks stand between them. Defaults are filled in while the object is decoded, and once
//! more whenever a stored object is read: every webhook sees its result. [`prepare_for_create`] is the Job's own
//! preparation, after the mutating webhooks and before validation: validating webhooks see it, mutating ones do
//! not.

mod pod;

use std::collections::{BTreeMap, HashSet};

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};

use super::gated::{Dropped, drop_disabled};
use super::tables::Gate;
use super::{Change, Server, Workload};

/// Stands for the uid of an object that has none yet. It has the form of one, so that what is made from it, labels
/// and a selector, is as valid as the real thing.
pub const UNKNOWN_UID: &str = "00000000-0000-0000-0000-000000000000";

/// Stands for the five characters that the server appends to `generateName`.
const GENERATED: &str = "xxxxx";
/// What is left of a longer `generateName` before the five characters.
const GENERATED_PREFIX: usize = 58;

/// The labels in which a Job's Pods have its name: `batch.kubernetes.io/job-name` and its older form.
pub const JOB_NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
/// The labels in which a Job's Pods have its uid: `batch.kubernetes.io/controller-uid` and its older form.
pub const CONTROLLER_UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// Fills in the defaults. Returns whether a Job has been given the labels of its Pod template.
pub(super) fn apply_defaults(server: &Server, workload: &mut Workload) -> bool {
    match workload {
        Workload::Job(job) => default_job(server, job),
        Workload::CronJob(cron_job) => {
            default_cron_job(server, cron_job);
            false
        }
    }
}

/// Discards what only the server sets.
///
/// The server does so with every object it is asked to create, before the first webhook: an exported manifest's
/// `uid` and timestamps mean nothing. An object that comes from an `AdmissionReview` has been through this.
pub(super) fn reset_system_fields(workload: &mut Workload) {
    let metadata = workload.metadata_mut();
    metadata.uid = None;
    metadata.self_link = None;
    metadata.creation_timestamp = None;
    metadata.deletion_timestamp = None;
    metadata.deletion_grace_period_seconds = None;
    metadata.managed_fields = None;
}

/// A name of the form that the server makes from `generateName`, for an object that has no other.
pub(crate) fn generated_name(metadata: &ObjectMeta) -> Option<String> {
    let prefix = metadata.generate_name.as_deref().filter(|prefix| !prefix.is_empty())?;
    let is_unnamed = metadata.name.as_deref().unwrap_or_default().is_empty();
    let fits = |(start, c): &(usize, char)| start + c.len_utf8() <= GENERATED_PREFIX;
    let prefix = prefix.char_indices().take_while(fits).map(|(_, c)| c);
    is_unnamed.then(|| prefix.chain(GENERATED.chars()).collect())
}

/// What the preparation of an object did that the object itself does not show.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The fields that were left out.
    pub(super) dropped: Vec<Dropped>,
    /// Whether an owner was in the list more than once; the server keeps one, with a warning.
    pub(super) repeated_owners: bool,
}

/// Prepares an object for validation on create; `shares_labels` is what [`apply_defaults`] returned. Doing it again, with
/// `false`, changes nothing more.
pub(super) fn prepare_for_create(server: &Server, workload: &mut Workload, mut shares_labels: bool) -> Done {
    if let Some(name) = generated_name(workload.metadata()) {
        workload.metadata_mut().name = Some(name);
        // The server works on a copy then, where the two are no longer one.
        shares_labels = false;
    }
    match workload {
        Workload::Job(job) => {
            job.status = None;
            generate_selector(job, shares_labels);
        }
        Workload::CronJob(cron_job) => cron_job.status = None,
    }
    let metadata = workload.metadata_mut();
    metadata.generation = Some(1);
    let repeated_owners = metadata.owner_references.as_mut().is_some_and(drop_repeated);
    Done { dropped: drop_disabled(server, workload, None), repeated_owners }
}

/// Whether the same owner is in the list more than once.
pub(super) fn has_repeated_owners(metadata: &ObjectMeta) -> bool {
    let mut seen = HashSet::new();
    !metadata.owner_references.iter().flatten().all(|owner| seen.insert(owner_key(owner)))
}

/// The server keeps one of several equal owners. Returns whether there were such.
fn drop_repeated(owners: &mut Vec<OwnerReference>) -> bool {
    let count = owners.len();
    let mut seen = HashSet::new();
    let is_first: Vec<bool> = owners.iter().map(|owner| seen.insert(owner_key(owner))).collect();
    let mut is_first = is_first.into_iter();
    owners.retain(|_| is_first.next().unwrap_or(true));
    owners.len() < count
}

/// All that makes two owners the same.
fn owner_key(owner: &OwnerReference) -> (&str, &str, &str, &str, Option<bool>, Option<bool>) {
    let OwnerReference { api_version, kind, name, uid, controller, block_owner_deletion } = owner;
    (api_version, kind, name, uid, *controller, *block_owner_deletion)
}

fn default_job(server: &Server, job: &mut Job) -> bool {
    let spec = job.spec.get_or_insert_default();
    if spec.parallelism.is_none() {
        spec.parallelism = Some(1);
        // Completions stay open where a parallelism is given: a work queue.
        spec.completions.get_or_insert(1);
    }
    spec.backoff_limit.get_or_insert(if spec.backoff_limit_per_index.is_some() { i32::MAX } else { 6 });
    spec.completion_mode.get_or_insert_with(|| "NonIndexed".to_owned());
    spec.suspend.get_or_insert(false);
    spec.manual_selector.get_or_insert(false);
    default_pod_conditions(spec);
    let replacement = if spec.pod_failure_policy.is_some() { "Failed" } else { "TerminatingOrFailed" };
    if server.on(Gate::JobPodReplacementPolicy) {
        spec.pod_replacement_policy.get_or_insert_with(|| replacement.to_owned());
    }
    default_template(server, spec);

    let template_labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    let labels_shared =
        template_labels.is_some() && job.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty);
    if labels_shared {
        job.metadata.labels = template_labels.cloned();
    }
    labels_shared
}

fn default_cron_job(server: &Server, cron_job: &mut CronJob) {
    let spec = &mut cron_job.spec;
    pod::fill(&mut spec.concurrency_policy, "Allow");
    spec.suspend.get_or_insert(false);
    spec.successful_jobs_history_limit.get_or_insert(3);
    spec.failed_jobs_history_limit.get_or_insert(1);
    // The Job inside is no object of its own: it gets its defaults when it is created.
    let job = spec.job_template.spec.get_or_insert_default();
    if server.has(Change::PodConditionStatusInCronJobs) {
        default_pod_conditions(job);
    }
    default_template(server, job);
}

fn default_pod_conditions(spec: &mut JobSpec) {
    for rule in spec.pod_failure_policy.iter_mut().flat_map(|policy| &mut policy.rules) {
        for pattern in rule.on_pod_conditions.iter_mut().flatten() {
            pod::fill(&mut pattern.status, "True");
        }
    }
}

fn default_template(server: &Server, spec: &mut JobSpec) {
    if let Some(annotations) =
        spec.template.metadata.as_mut().and_then(|metadata| metadata.annotations.as_mut())
    {
        pod::drop_legacy_annotations(annotations);
    }
    pod::default_spec(server, spec.template.spec.get_or_insert_default());
}

fn generate_selector(job: &mut Job, shares_labels: bool) {
    let spec = job.spec.get_or_insert_default();
    if spec.manual_selector == Some(true) {
        return;
    }
    let name = job.metadata.name.clone().unwrap_or_default();
    let uid =
        job.metadata.uid.clone().filter(|uid| !uid.is_empty()).unwrap_or_else(|| UNKNOWN_UID.to_owned());
    let labels = spec.template.metadata.get_or_insert_default().labels.get_or_insert_default();
    for (keys, value) in [(JOB_NAME_LABELS, &name), (CONTROLLER_UID_LABELS, &uid)] {
        for key in keys {
            if !labels.contains_key(key) {
                labels.insert(key.to_owned(), value.clone());
            }
        }
    }
    if shares_labels {
        job.metadata.labels = Some(labels.clone());
    }
    let selector = spec.selector.get_or_insert_with(LabelSelector::default);
    let [_, key] = CONTROLLER_UID_LABELS;
    selector.match_labels.get_or_insert_default().entry(key.to_owned()).or_insert(uid);
}

#[cfg(test)]
mod tests;
