//! What the API server warns about although it accepts the object.

mod overlap;
mod pod;
mod ports;

use k8s_openapi::api::batch::v1::JobSpec;

use super::errors::{Errors, quote};
use super::names;
use super::{FieldError, Server, Topic, Workload};
use jobguard_manifest::At;

/// Above so many completions of an Indexed Job ...
const MANY_COMPLETIONS: i32 = 100_000;
/// ... with more than so many Pods at a time, the server may lose count.
const MANY_PODS: i32 = 10_000;

/// The warnings of the server for an object that it accepts, once prepared.
pub(super) fn warnings(server: &Server, workload: &Workload, repeated_owners: bool) -> Vec<FieldError> {
    let mut list = Vec::new();
    let mut found = Errors::new(server, Topic::ServerWarning, &mut list);
    let root = At::root();
    warn_metadata(workload, repeated_owners, &root.field("metadata"), &mut found);
    if let Some(spec) = workload.job_spec() {
        let spec_at = root.field("spec");
        match workload {
            Workload::Job(_) => warn_job_spec(spec, &spec_at, &mut found),
            Workload::CronJob(_) => {
                let template = spec_at.field("jobTemplate");
                warn_job_spec(spec, &template.field("spec"), &mut found);
            }
        }
    }
    list
}

fn warn_metadata(workload: &Workload, repeated_owners: bool, at: &At<'_>, found: &mut Errors<'_>) {
    let metadata = workload.metadata();
    let name = metadata.name.as_deref().unwrap_or_default();
    for problem in names::dns_label(name) {
        found.warn(
            &at.field("name"),
            format!("the name is used for Pods and hosts, and as such {} {problem}", quote(name)),
            "use lower-case letters, digits and - only, at most 63 characters",
        );
    }
    if repeated_owners {
        found.warn(&at.field("ownerReferences"), "the same owner is listed twice", "list each owner once");
    }
}

fn warn_job_spec(spec: &JobSpec, at: &At<'_>, found: &mut Errors<'_>) {
    let is_large = spec.completions.is_some_and(|completions| completions > MANY_COMPLETIONS)
        && spec.parallelism.is_some_and(|parallelism| parallelism > MANY_PODS);
    if is_large && spec.completion_mode.as_deref() == Some("Indexed") {
        let message = format!(
            "with more than {MANY_COMPLETIONS} completions and a parallelism above {MANY_PODS}, \
             Kubernetes may lose track of the indexes when many fail"
        );
        found.warn(at, message, "split the work among several Jobs, or lower parallelism");
    }
    pod::warn_template(&spec.template, &at.field("template"), found);
}

#[cfg(test)]
mod tests;
