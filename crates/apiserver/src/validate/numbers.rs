//! What several checks of a Job and a CronJob share: counts, and the completion mode.

use k8s_openapi::api::batch::v1::JobSpec;

use super::Errors;
use crate::{Cause, Topic};
use jobguard_manifest::At;

/// Validates a count, which may not be negative (`ValidateNonnegativeField` of the API server).
pub(super) fn validate_not_negative(value: Option<i64>, at: &At<'_>, topic: Topic, errors: &mut Errors<'_>) {
    if let Some(value) = value.filter(|value| *value < 0) {
        errors.add(at, Cause::Invalid, topic, format!("{value} is negative; the least is 0"));
    }
}

/// Whether the Job is Indexed.
pub(super) fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}
