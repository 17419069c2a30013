//! What the API server decides about a Job or CronJob: decoding, its own defaults, its validation.
//!
//! This module speaks of field errors only. It knows nothing of policies or findings.

mod error;
pub(crate) mod pod;

pub use error::{Cause, FieldError, Topic};

use k8s_openapi::api::batch::v1::{CronJob, Job};

/// A Job or a CronJob.
#[derive(Debug, Clone, PartialEq)]
pub enum Workload {
    /// `batch/v1` Job.
    Job(Box<Job>),
    /// `batch/v1` CronJob.
    CronJob(Box<CronJob>),
}
