#![doc = include_str!("../README.md")]
//! # In detail
//!
//! What an API server decides about a Job or CronJob: decoding, its own defaults, its validation. [`Server::of`] is the
//! server of one minor version, with the feature gates that it has by default.
//!
//! This crate reports field errors only. It knows nothing of policies or findings. The order of things in the server,
//! on create:
//!
//! 1. [`Server::decode`]: a wrong type ends the request (400), unknown fields and duplicate keys end it or not, as asked;
//! 2. [`Server::created`] fills in defaults;
//! 3. mutating webhooks: they see the defaults, and an object that may be invalid;
//! 4. [`Defaulted::prepare_for_create`]: the generated selector and labels, fields behind closed feature gates left out;
//! 5. [`Server::validate_create`]: a fault ends the request (422);
//! 6. validating webhooks: they see a prepared and valid object.
//!
//! # Feature gates
//!
//! [`FeatureGates::on`] is the server of a version with gates set otherwise than by default. Fields behind a gate that is
//! off are left out and never looked at; where a stored object has them, or has wrong what later versions refuse, an
//! update may keep it. What differs from a real server:
//!
//! - Fields that are new in the newest version, which has not been compared with a server, are left out where their gates
//!   are off (all are, by default); where they are on, nothing but their types is checked.
//! - Fields that only old versions have, and only behind gates that are off by default there (`source` of
//!   `resourceClaims`, `workloadRef`), are decoded strictly, and then left out of the object even where the gate is on,
//!   because the types are those of the newest version. Nothing below them is validated then, and their absence is not
//!   complained of.
//! - `protocol` of `httpGet` is assumed to be behind the gate of probes in lifecycle hooks, too.

mod admit;
mod apply;
mod changes;
mod child;
#[cfg(test)]
mod closed_world;
mod decode;
mod defaults;
mod differences;
mod errors;
mod feature_gates;
mod field_error;
mod field_info;
mod gated;
mod image;
mod known_path;
pub mod names;
mod operations;
mod pod;
mod schema;
mod semantic_equal;
mod sent;
mod server;
mod stored;
mod tables;
#[cfg(test)]
mod testing;
mod update;
mod validate;
mod version;
mod wanted;
mod warnings;

pub use admit::{Defaulted, Prepared};
pub use apply::{Applied, LAST_APPLIED, Merged, MergedPlaces, Way};
pub use changes::Change;
pub use child::{CRON_JOB_CHILD_SUFFIX, child_job};
pub use decode::MAX_COMPLAINTS;
pub use decode::{Decoded, Mistyped, must_be_list, must_be_object};
pub use defaults::{CONTROLLER_UID_LABELS, JOB_NAME_LABELS, UNKNOWN_UID};
pub use differences::{FieldDifference, Treatment, deciding_gates, field_differences};
pub use feature_gates::{FeatureGates, GateError};
pub use field_error::{Cause, FieldError, Relation, Suggestion, Topic};
pub use field_info::{FieldInfo, Holds, field_info};
pub use gated::{Dropped, Fate};
pub use image::effective_tag;
pub use known_path::{NoSuchPath, find_path};
pub use pod::quantity::quantity_in_milli;
pub use sent::{Form, sent_form};
pub use server::Server;
pub use stored::stored_form;
pub use tables::{Gate, Stage, State};
pub use version::{KubernetesVersion, UnknownVersion, VersionSet, ranges};
pub use wanted::{Step, Wanted};

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use jobguard_manifest::FieldPath;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A Job.
    Job,
    /// A CronJob.
    CronJob,
}

impl Kind {
    /// The word in a manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Job => "Job",
            Self::CronJob => "CronJob",
        }
    }
}

/// A Job or a CronJob.
#[derive(Debug, Clone, PartialEq)]
pub enum Workload {
    /// `batch/v1` Job.
    Job(Box<Job>),
    /// `batch/v1` CronJob.
    CronJob(Box<CronJob>),
}

impl Workload {
    /// Which of the two it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Job(_) => Kind::Job,
            Self::CronJob(_) => Kind::CronJob,
        }
    }

    /// Its own metadata.
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Job(job) => &job.metadata,
            Self::CronJob(cron_job) => &cron_job.metadata,
        }
    }

    /// Its own metadata, to be changed.
    pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::Job(job) => &mut job.metadata,
            Self::CronJob(cron_job) => &mut cron_job.metadata,
        }
    }

    /// The Job's spec, in a CronJob that of its template. Always there after [`Server::apply_defaults`].
    pub fn job_spec(&self) -> Option<&JobSpec> {
        match self {
            Self::Job(job) => job.spec.as_ref(),
            Self::CronJob(cron_job) => cron_job.spec.job_template.spec.as_ref(),
        }
    }

    /// The Job's spec, to be changed; an empty one is put in place where there is none.
    pub fn job_spec_mut(&mut self) -> &mut JobSpec {
        match self {
            Self::Job(job) => job.spec.get_or_insert_default(),
            Self::CronJob(cron_job) => cron_job.spec.job_template.spec.get_or_insert_default(),
        }
    }

    /// Where [`Workload::job_spec`] stands: `spec` or `spec.jobTemplate.spec`.
    pub fn job_spec_path(&self) -> FieldPath {
        let spec = FieldPath::root().field("spec");
        match self {
            Self::Job(_) => spec,
            Self::CronJob(_) => spec.field("jobTemplate").field("spec"),
        }
    }
}
