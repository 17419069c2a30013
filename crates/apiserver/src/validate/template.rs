//! The Pod template of a Job: its metadata, and what a Job asks of its spec.

use k8s_openapi::api::batch::v1::JobSpec;

use super::labels::{validate_annotations, validate_labels};
use super::legacy_annotations::validate_legacy_annotations;
use super::{Errors, quote};
use crate::{Cause, Topic, pod};
use jobguard_manifest::At;

const RESTART_HELP: &str =
    "set restartPolicy: Never (a failed Pod is replaced) or OnFailure (its container is restarted in place)";

/// The template at `at`.
pub(super) fn validate_template(spec: &JobSpec, at: &At<'_>, errors: &mut Errors<'_>) {
    let template = &spec.template;
    let metadata = at.field("metadata");
    let annotations = template.metadata.as_ref().and_then(|metadata| metadata.annotations.as_ref());
    validate_template_labels(spec, at, errors);
    validate_annotations(annotations, &at.field("annotations"), &metadata.field("annotations"), errors);

    let empty = Default::default();
    let pod_spec = template.spec.as_ref().unwrap_or(&empty);
    let here = at.field("spec");
    if let Some(annotations) = annotations {
        let here = metadata.field("annotations");
        validate_legacy_annotations(annotations, pod_spec, &at.field("annotations"), &here, errors);
    }
    pod::validate_spec(pod_spec, template.metadata.as_ref(), &here, errors);
    validate_restart_policy(spec, pod_spec.restart_policy.as_deref(), &here, errors);
}

/// The labels of the template at `at`. The server leaves `metadata` out where it names them, as it does with the
/// annotations.
pub(super) fn validate_template_labels(spec: &JobSpec, at: &At<'_>, errors: &mut Errors<'_>) {
    let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    validate_labels(labels, &at.field("labels"), &at.field("metadata").field("labels"), errors);
}

fn validate_restart_policy(spec: &JobSpec, policy: Option<&str>, at: &At<'_>, errors: &mut Errors<'_>) {
    let at = at.field("restartPolicy");
    match policy {
        None | Some("" | "Always") => {
            let message = "a Job's Pods need restartPolicy Never or OnFailure; \
                           a Pod's own default, Always, is not allowed in a Job";
            errors.add(&at, Cause::Required, Topic::RestartPolicy, message).help(RESTART_HELP);
        }
        Some("OnFailure") => {
            if spec.pod_failure_policy.is_some() {
                let message = "a podFailurePolicy works with restartPolicy Never only";
                errors.add(&at, Cause::Invalid, Topic::RestartPolicy, message).help(
                    "set restartPolicy: Never, so that each failure is a failed Pod that the policy can act on",
                );
            }
        }
        Some("Never") => {}
        Some(other) => {
            let message = format!("{} is not a valid restartPolicy of a Job", quote(other));
            errors.add(&at, Cause::NotSupported, Topic::RestartPolicy, message).help(RESTART_HELP);
        }
    }
}
