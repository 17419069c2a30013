//! What the API server says about the spec of a Pod template when a Job or CronJob is created or updated.
//!
//! Fields that are new in the newest version, which has not been compared with a server, are not looked into: their types
//! are all that is checked.

mod affinity;
mod annotations;
pub(crate) mod any_container;
mod certificates;
mod claim_template;
mod containers;
mod context;
mod decimal;
pub(crate) mod dns;
mod env;
mod field_refs;
mod file_paths;
mod image_pull;
mod kept;
mod legacy_volumes;
mod lifecycle;
mod mounts;
mod network_volumes;
mod pod_resources;
mod ports;
mod probes;
mod projected;
pub(crate) mod quantity;
mod resources;
mod scheduling;
mod security;
mod selector;
#[cfg(test)]
mod tests;
mod volume_sources;
mod volumes;
mod windows;

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub(crate) use self::annotations::{TOLERATIONS, validate_tolerations};
use self::context::PodContext;
pub(crate) use self::kept::kept;
use super::{Gate, Topic};
use crate::errors::{Errors, list, text};
use crate::names;
use jobguard_manifest::At;

/// Checks the spec of a Pod template in a Job or CronJob, with the API's defaults filled in.
///
/// `template_meta` is the template's own metadata: some of its annotations must agree with the spec. `at` is where
/// the spec is. `restartPolicy` is left to the Job, which allows less than a Pod does.
pub(crate) fn validate_spec(
    spec: &PodSpec,
    template_meta: Option<&ObjectMeta>,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    let report = &mut errors.topic(Topic::Pod);
    let volumes =
        volumes::check(list(&spec.volumes), &at.field("volumes"), &mut report.topic(Topic::Volumes));
    let surroundings = PodContext {
        volumes,
        claims: pod_resources::claim_names(spec),
        grace_period: spec.termination_grace_period_seconds,
        os: spec.os.as_ref().map(|os| os.name.as_str()),
        host_users: spec.host_users != Some(false),
        never_restarts: text(&spec.restart_policy) == "Never",
        relaxed_env_names: report
            .allows(Gate::RelaxedEnvironmentVariableValidation, |old| env::shares_odd_name(spec, old)),
    };
    let in_containers = &mut report.topic(Topic::Containers);
    containers::regular(spec, &surroundings, at, in_containers);
    containers::init(spec, &surroundings, at, in_containers);
    containers::ephemeral(spec, &surroundings, at, in_containers);
    ports::on_host_network(spec, at, in_containers);
    env::file_volumes(spec, at, in_containers);

    let in_resources = &mut report.topic(Topic::Resources);
    pod_resources::claims(list(&spec.resource_claims), &at.field("resourceClaims"), in_resources);
    pod_resources::check(spec, at, in_resources);
    if let Some(overhead) = &spec.overhead {
        pod_resources::overhead(overhead, &at.field("overhead"), in_resources);
    }

    scheduling(spec, at, &mut report.topic(Topic::Scheduling));

    security::pod(spec, at, report);
    security::user_namespace(spec, at, report);
    windows::host_process(spec, at, report);
    windows::os(spec, at, report);
    dns::check(spec, at, report);
    dns::host_names(spec, at, report);
    dns::host_aliases(list(&spec.host_aliases), &at.field("hostAliases"), report);
    lifetime(spec, at, report);
    let account = service_account(spec);
    if !account.0.is_empty() {
        let place = (&at.field("serviceAccountName"), &at.field(account.1));
        report.name(place, account.0, names::dns_subdomain(account.0));
    }
    if let Some(metadata) = template_meta {
        annotations::agree_with_fields(spec, metadata, at, report);
    }
}

/// The name of the service account and the field that has it: `serviceAccount` is an old name of `serviceAccountName`.
fn service_account(spec: &PodSpec) -> (&str, &'static str) {
    match text(&spec.service_account_name) {
        "" => (text(&spec.service_account), "serviceAccount"),
        name => (name, "serviceAccountName"),
    }
}

fn lifetime(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    if spec.termination_grace_period_seconds.is_none() {
        report.required(&at.field("terminationGracePeriodSeconds"), "say how long the Pod may take to end");
    }
    if spec.active_deadline_seconds.is_some_and(|seconds| !(1..=i64::from(i32::MAX)).contains(&seconds)) {
        report.invalid(&at.field("activeDeadlineSeconds"), format!("use 1 to {} seconds", i32::MAX));
    }
}

fn scheduling(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    selector::labels(spec.node_selector.as_ref(), &at.field("nodeSelector"), report);
    if let Some(affinity) = &spec.affinity {
        affinity::check(affinity, &at.field("affinity"), report);
    }
    scheduling::tolerations(list(&spec.tolerations), &at.field("tolerations"), report);
    scheduling::spread(
        list(&spec.topology_spread_constraints),
        &at.field("topologySpreadConstraints"),
        report,
    );
    scheduling::gates(list(&spec.scheduling_gates), &at.field("schedulingGates"), report);
    let gates = at.field("readinessGates");
    for (index, gate) in list(&spec.readiness_gates).iter().enumerate() {
        let problems = names::qualified_name(&gate.condition_type);
        report.name(&gates.index(index).field("conditionType"), &gate.condition_type, problems);
    }
    for (field, name) in
        [("nodeName", text(&spec.node_name)), ("priorityClassName", text(&spec.priority_class_name))]
    {
        if !name.is_empty() {
            report.name(&at.field(field), name, names::dns_subdomain(name));
        }
    }
    if let Some(class) = &spec.runtime_class_name {
        report.name(&at.field("runtimeClassName"), class, names::dns_subdomain(class));
    }
    if let Some(group) = &spec.scheduling_group {
        let at = at.field("schedulingGroup");
        let at = at.field("podGroupName");
        match &group.pod_group_name {
            None => report.invalid(&at, "name the PodGroup that the Pod is scheduled with"),
            Some(name) => report.name(&at, name, names::dns_subdomain(name)),
        }
    }
    match spec.preemption_policy.as_deref() {
        None | Some("PreemptLowerPriority" | "Never") => {}
        Some("") => report
            .required(&at.field("preemptionPolicy"), "set PreemptLowerPriority or Never, or remove this"),
        Some(other) => {
            report.not_supported(&at.field("preemptionPolicy"), other, &["PreemptLowerPriority", "Never"]);
        }
    }
}
