//! A Job, and the spec of a Job wherever it stands.

use k8s_openapi::api::batch::v1::{Job, JobSpec};

use super::numbers::{is_indexed, validate_not_negative};
use super::pod_failure_policy::validate_pod_failure_policy;
use super::selector::{validate_generated_selector, validate_selector};
use super::success_policy::validate_success_policy;
use super::template::{validate_template, validate_template_labels};
use super::{Errors, names, quote};
use crate::{Cause, Topic};
use jobguard_manifest::At;

/// The most Pods of an Indexed Job that may run at a time.
const INDEXED_PARALLELISM_MAX: i32 = 100_000;
/// The most indexes of an Indexed Job that may fail.
const FAILED_INDEXES_MAX: i32 = 100_000;
/// Above so many completions, a limit per index needs the two limits below.
const MANY_COMPLETIONS: i32 = 100_000;
const MANY_COMPLETIONS_PARALLELISM_MAX: i32 = 10_000;
const MANY_COMPLETIONS_FAILED_INDEXES_MAX: i32 = 10_000;
/// The longest host name.
const HOST_NAME_MAX: usize = 63;
/// The longest `managedBy`.
const MANAGED_BY_MAX: usize = 63;

/// A Job as it is created or updated. `stored` is its spec so far, on update.
pub(super) fn validate_job(job: &Job, stored: Option<&JobSpec>, errors: &mut Errors<'_>) {
    let empty = JobSpec::default();
    let spec = job.spec.as_ref().unwrap_or(&empty);
    let root = At::root();
    let at = root.field("spec");
    validate_generated_selector(job, spec, stored, errors);
    validate_job_spec(spec, &at, errors);
    validate_selector(spec, stored, &at, errors);
    validate_host_names(job, spec, errors);
}

/// A Job that is created from a template whose spec has passed: what is left of [`validate_job`], in its order.
pub(super) fn validate_known_child(job: &Job, errors: &mut Errors<'_>) {
    let Some(spec) = &job.spec else { return };
    let root = At::root();
    let at = root.field("spec");
    validate_generated_selector(job, spec, None, errors);
    validate_template_labels(spec, &at.field("template"), errors);
    validate_selector(spec, None, &at, errors);
    validate_host_names(job, spec, errors);
}

/// The spec of a Job, the selector aside.
pub(super) fn validate_job_spec(spec: &JobSpec, at: &At<'_>, errors: &mut Errors<'_>) {
    let numbers = [
        ("parallelism", spec.parallelism.map(i64::from), Topic::Counts),
        ("completions", spec.completions.map(i64::from), Topic::Counts),
        ("activeDeadlineSeconds", spec.active_deadline_seconds, Topic::Counts),
        ("backoffLimit", spec.backoff_limit.map(i64::from), Topic::Counts),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from), Topic::Counts),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from), Topic::Indexed),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from), Topic::Indexed),
    ];
    for (field, value, topic) in numbers {
        validate_not_negative(value, &at.field(field), topic, errors);
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        errors
            .add(
                &at.field("backoffLimitPerIndex"),
                Cause::Required,
                Topic::Indexed,
                "maxFailedIndexes counts indexes that have used up backoffLimitPerIndex, which is not set",
            )
            .help("set backoffLimitPerIndex, or remove maxFailedIndexes");
    }
    validate_managed_by(spec.managed_by.as_deref(), &at.field("managedBy"), errors);
    validate_completion_mode(spec, at, errors);
    if let Some(policy) = &spec.pod_failure_policy {
        validate_pod_failure_policy(policy, spec, &at.field("podFailurePolicy"), errors);
    }
    if let Some(policy) = &spec.success_policy {
        validate_success_policy(policy, spec, &at.field("successPolicy"), errors);
    }
    validate_replacement_policy(spec, &at.field("podReplacementPolicy"), errors);
    validate_template(spec, &at.field("template"), errors);
}

fn validate_managed_by(managed_by: Option<&str>, at: &At<'_>, errors: &mut Errors<'_>) {
    const HELP: &str = "name the controller by a domain and a path, such as example.com/controller; \
                        leave the field out to have Kubernetes run the Job";
    let Some(text) = managed_by else { return };
    if text.is_empty() {
        errors.add(at, Cause::Required, Topic::JobControl, "managedBy is empty").help(HELP);
    } else {
        let wrong = match text.split_once('/') {
            None | Some(("", _) | (_, "")) => {
                Some(format!("managedBy {} is not a domain with a path", quote(text)))
            }
            Some((domain, path)) => match names::dns_subdomain(domain).first() {
                Some(problem) => Some(format!("the domain {} in managedBy {problem}", quote(domain))),
                None if !path.chars().all(is_path_character) => Some(format!(
                    "the path {} in managedBy has a character that no web address has",
                    quote(path)
                )),
                None => None,
            },
        };
        if let Some(message) = wrong {
            errors.add(at, Cause::Invalid, Topic::JobControl, message).help(HELP);
        }
    }
    if text.len() > MANAGED_BY_MAX {
        let message =
            format!("managedBy has {} characters; at most {MANAGED_BY_MAX} are allowed", text.len());
        errors.add(at, Cause::TooLong, Topic::JobControl, message);
    }
}

/// The characters of a path in a web address (RFC 3986).
fn is_path_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c)
}

fn validate_completion_mode(spec: &JobSpec, at: &At<'_>, errors: &mut Errors<'_>) {
    match spec.completion_mode.as_deref() {
        Some("Indexed") => validate_indexed(spec, at, errors),
        None | Some("NonIndexed") => {
            for (field, is_set) in [
                ("backoffLimitPerIndex", spec.backoff_limit_per_index.is_some()),
                ("maxFailedIndexes", spec.max_failed_indexes.is_some()),
            ] {
                if is_set {
                    let message =
                        format!("{field} needs an Indexed Job: without indexes there is nothing to count");
                    errors
                        .add(&at.field(field), Cause::Invalid, Topic::Indexed, message)
                        .help("set completionMode: Indexed, or use backoffLimit");
                }
            }
        }
        Some(other) => {
            let message = format!("{} is not a valid completionMode", quote(other));
            errors
                .add(&at.field("completionMode"), Cause::NotSupported, Topic::Indexed, message)
                .help("set completionMode: NonIndexed or Indexed");
        }
    }
}

fn validate_indexed(spec: &JobSpec, at: &At<'_>, errors: &mut Errors<'_>) {
    let completions = at.field("completions");
    let parallelism = at.field("parallelism");
    let max_failed = at.field("maxFailedIndexes");
    // The server compares these with completions, whether there are any or not.
    let mut success_rules = spec.success_policy.iter().flat_map(|policy| &policy.rules);
    let crashes_server =
        success_rules.any(|rule| rule.succeeded_indexes.is_some() || rule.succeeded_count.is_some());
    if spec.completions.is_none() {
        errors
            .add(
                &completions,
                Cause::Required,
                Topic::Indexed,
                "an Indexed Job needs completions: one Pod per index",
            )
            .help(if crashes_server {
                "set completions to the number of indexes; without it a successPolicy makes the API server panic, and \
                 kubectl sees a broken stream instead of this reason"
            } else {
                "set completions to the number of indexes"
            });
    }
    if let Some(value) = spec.parallelism.filter(|value| *value > INDEXED_PARALLELISM_MAX) {
        let message =
            format!("parallelism {value} is above {INDEXED_PARALLELISM_MAX}, the most for an Indexed Job");
        errors.add(&parallelism, Cause::Invalid, Topic::Indexed, message);
    }
    if let (Some(failed), Some(all)) = (spec.max_failed_indexes, spec.completions)
        && failed > all
    {
        let message = format!("maxFailedIndexes {failed} is above completions, {all}: so many cannot fail");
        errors.add(&max_failed, Cause::Invalid, Topic::Indexed, message);
    }
    if let Some(value) = spec.max_failed_indexes.filter(|value| *value > FAILED_INDEXES_MAX) {
        let message = format!("maxFailedIndexes {value} is above {FAILED_INDEXES_MAX}, the most allowed");
        errors.add(&max_failed, Cause::Invalid, Topic::Indexed, message);
    }
    let is_large = spec.completions.is_some_and(|completions| completions > MANY_COMPLETIONS);
    if !is_large || spec.backoff_limit_per_index.is_none() {
        return;
    }
    let condition = format!("above {MANY_COMPLETIONS} completions, with backoffLimitPerIndex");
    match spec.max_failed_indexes {
        None => {
            errors
                .add(
                    &max_failed,
                    Cause::Required,
                    Topic::Indexed,
                    format!("{condition}, maxFailedIndexes must be set"),
                )
                .help(format!("set maxFailedIndexes to at most {MANY_COMPLETIONS_FAILED_INDEXES_MAX}"));
        }
        Some(value) if value > MANY_COMPLETIONS_FAILED_INDEXES_MAX => {
            let message = format!(
                "maxFailedIndexes {value} is too large: {condition}, it is at most {MANY_COMPLETIONS_FAILED_INDEXES_MAX}"
            );
            errors.add(&max_failed, Cause::Invalid, Topic::Indexed, message);
        }
        Some(_) => {}
    }
    if let Some(value) = spec.parallelism.filter(|value| *value > MANY_COMPLETIONS_PARALLELISM_MAX) {
        let message = format!(
            "parallelism {value} is too large: {condition}, it is at most {MANY_COMPLETIONS_PARALLELISM_MAX}"
        );
        errors.add(&parallelism, Cause::Invalid, Topic::Indexed, message);
    }
}

fn validate_replacement_policy(spec: &JobSpec, at: &At<'_>, errors: &mut Errors<'_>) {
    let Some(policy) = spec.pod_replacement_policy.as_deref() else { return };
    if spec.pod_failure_policy.is_some() {
        if policy != "Failed" {
            let message =
                format!("with a podFailurePolicy, podReplacementPolicy is Failed, not {}", quote(policy));
            errors
                .add(at, Cause::NotSupported, Topic::JobControl, message)
                .help("set podReplacementPolicy: Failed, or leave it out");
        }
    } else if !matches!(policy, "Failed" | "TerminatingOrFailed") {
        let message = format!("{} is not a valid podReplacementPolicy", quote(policy));
        errors
            .add(at, Cause::NotSupported, Topic::JobControl, message)
            .help("set podReplacementPolicy: TerminatingOrFailed or Failed");
    }
}

/// The Pods of an Indexed Job have the Job's name and their index as host name.
fn validate_host_names(job: &Job, spec: &JobSpec, errors: &mut Errors<'_>) {
    let Some(last) = spec.completions.filter(|_| is_indexed(spec)).filter(|n| *n > 0).map(|n| n - 1) else {
        return;
    };
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let host = format!("{name}-{last}");
    if let Some(problem) = names::dns_label(&host).first() {
        let root = At::root();
        let at = root.field("metadata");
        let message =
            format!("the Job's last Pod would have the host name {}, which {problem}", quote(&host));
        let room = HOST_NAME_MAX.saturating_sub(last.to_string().len() + 1);
        errors.add(&at.field("name"), Cause::Invalid, Topic::Name, message).help(format!(
            "the name of an Indexed Job becomes part of host names: leave out dots, and use at most {room} characters"
        ));
    }
}
