//! The API server's validation of a Job or CronJob, fault by fault.
//!
//! Faults name the field and the cause that the server names; the words are ours.

mod cron_job;
mod job;
mod labels;
mod legacy_annotations;
mod metadata;
mod numbers;
mod pod_failure_policy;
mod selector;
mod success_policy;
mod template;
#[cfg(test)]
mod tests;

use k8s_openapi::api::batch::v1::JobSpec;

pub(super) use super::names;
pub(super) use cron_job::validate_cron_job_spec;
pub(super) use legacy_annotations::has_broken_cost;
pub(super) use metadata::{
    validate_generate_name_segment, validate_metadata_common, validate_metadata_update,
};
pub(super) use selector::has_invalid_value;

pub(super) use super::errors::{Errors, quote};
use super::{FieldError, Server, Topic, Workload};

/// Validates an object that is to be created, as [`Server::prepare_for_create`] leaves it.
pub(super) fn validate_create(server: &Server, workload: &Workload) -> Vec<FieldError> {
    let mut list = Vec::new();
    let mut errors = Errors::new(server, Topic::Metadata, &mut list);
    validate_object(workload, None, &mut errors);
    // The server's last look, only at what has passed so far.
    if errors.is_empty() {
        validate_generate_name_segment(workload.metadata(), &mut errors);
    }
    list
}

/// Validates a Job made from a template that has passed already: only what was added to it or depends on it.
pub(super) fn validate_known_child(server: &Server, workload: &Workload) -> Vec<FieldError> {
    let mut list = Vec::new();
    let mut errors = Errors::new(server, Topic::Metadata, &mut list);
    if let Workload::Job(job) = workload {
        errors.job_name = job.metadata.name.as_deref();
    }
    metadata::validate_metadata(workload.metadata(), &mut errors);
    if let Workload::Job(job) = workload {
        job::validate_known_child(job, &mut errors);
    }
    if errors.is_empty() {
        validate_generate_name_segment(workload.metadata(), &mut errors);
    }
    list
}

/// What the server checks of a Job on create and on update, and of a CronJob on create. `stored` is the spec of
/// the Job so far: what it has wrong already, it may keep in a few places.
pub(super) fn validate_object<'e>(workload: &'e Workload, stored: Option<&JobSpec>, errors: &mut Errors<'e>) {
    if let Workload::Job(job) = workload {
        errors.job_name = job.metadata.name.as_deref();
    }
    metadata::validate_metadata(workload.metadata(), errors);
    match workload {
        Workload::Job(job) => job::validate_job(job, stored, errors),
        Workload::CronJob(cron_job) => cron_job::validate_cron_job(cron_job, errors),
    }
}
