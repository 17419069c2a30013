//! What the API server warns about although it accepts the object.

mod overlap;
mod pod;
mod ports;

use std::collections::HashSet;

use k8s_openapi::api::batch::v1::JobSpec;

use super::defaults::{generated_name, owner_key};
use super::names;
use super::validate::quoted;
use super::{Cause, FieldError, Topic, Workload};
use jobguard_manifest::At;

/// Above so many completions of an Indexed Job ...
const MANY_COMPLETIONS: i32 = 100_000;
/// ... with more than so many Pods at a time, the server may lose count.
const MANY_PODS: i32 = 10_000;

/// The warnings of the server for an object that it accepts, on create. The object has its defaults and is not yet
/// prepared: what preparation drops is warned about. Each warning has [`Topic::ServerWarning`]; its cause says
/// nothing.
pub fn warnings(workload: &Workload) -> Vec<FieldError> {
    let mut found = Warnings::default();
    let root = At::root();
    warn_metadata(workload, &root.field("metadata"), &mut found);
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
    found.list
}

/// The warnings found so far.
#[derive(Debug, Default)]
struct Warnings {
    list: Vec<FieldError>,
}

impl Warnings {
    fn add(&mut self, at: &At<'_>, message: impl Into<String>, help: &str) {
        self.list
            .push(FieldError::new(at.to_path(), Cause::Invalid, Topic::ServerWarning, message).help(help));
    }
}

fn warn_metadata(workload: &Workload, at: &At<'_>, found: &mut Warnings) {
    let metadata = workload.metadata();
    let generated = generated_name(metadata);
    let name = generated.as_deref().or(metadata.name.as_deref()).unwrap_or_default();
    for problem in names::dns_label(name) {
        found.add(
            &at.field("name"),
            format!("the name is used for Pods and hosts, and as such {} {problem}", quoted(name)),
            "use lower-case letters, digits and - only, at most 63 characters",
        );
    }
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    let mut seen = HashSet::new();
    if !owners.iter().all(|owner| seen.insert(owner_key(owner))) {
        found.add(&at.field("ownerReferences"), "the same owner is listed twice", "list each owner once");
    }
}

fn warn_job_spec(spec: &JobSpec, at: &At<'_>, found: &mut Warnings) {
    let is_large = spec.completions.is_some_and(|completions| completions > MANY_COMPLETIONS)
        && spec.parallelism.is_some_and(|parallelism| parallelism > MANY_PODS);
    if is_large && spec.completion_mode.as_deref() == Some("Indexed") {
        let message = format!(
            "with more than {MANY_COMPLETIONS} completions and a parallelism above {MANY_PODS}, \
             Kubernetes may lose track of the indexes when many fail"
        );
        found.add(at, message, "split the work among several Jobs, or lower parallelism");
    }
    pod::warn_template(&spec.template, &at.field("template"), found);
}

#[cfg(test)]
mod tests;
