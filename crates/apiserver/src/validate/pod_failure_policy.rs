//! `podFailurePolicy`.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement as OnExitCodes,
    PodFailurePolicyOnPodConditionsPattern as OnPodCondition, PodFailurePolicyRule,
};

use super::{Errors, names, quote};
use crate::{Cause, Topic};
use jobguard_manifest::At;

const TOPIC: Topic = Topic::PodFailurePolicy;
const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
const CONDITIONS_MAX: usize = 20;

pub(super) fn validate_pod_failure_policy(
    policy: &PodFailurePolicy,
    spec: &JobSpec,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    let at = at.field("rules");
    if policy.rules.len() > RULES_MAX {
        let message = format!("a podFailurePolicy has at most {RULES_MAX} rules, not {}", policy.rules.len());
        errors.add(&at, Cause::TooMany, TOPIC, message);
    }
    let pod = spec.template.spec.as_ref();
    let containers =
        pod.into_iter().flat_map(|pod| pod.containers.iter().chain(pod.init_containers.iter().flatten()));
    let containers: BTreeSet<&str> = containers.map(|container| container.name.as_str()).collect();
    for (index, rule) in policy.rules.iter().enumerate() {
        validate_rule(rule, spec, &containers, &at.index(index), errors);
    }
}

fn validate_rule(
    rule: &PodFailurePolicyRule,
    spec: &JobSpec,
    containers: &BTreeSet<&str>,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    validate_action(&rule.action, spec, &at.field("action"), errors);
    if let Some(codes) = &rule.on_exit_codes {
        validate_exit_codes(codes, containers, &at.field("onExitCodes"), errors);
    }
    let conditions = rule.on_pod_conditions.as_deref().unwrap_or_default();
    validate_conditions(conditions, &at.field("onPodConditions"), errors);
    match (rule.on_exit_codes.is_some(), conditions.is_empty()) {
        (true, false) => {
            let message = "a rule has onExitCodes or onPodConditions, not both";
            errors.add(at, Cause::Invalid, TOPIC, message).help("make two rules of it");
        }
        (false, true) => {
            let message = "a rule needs onExitCodes or onPodConditions to say which failures it is about";
            errors.add(at, Cause::Invalid, TOPIC, message).help("add one of them, or remove the rule");
        }
        _ => {}
    }
}

fn validate_action(action: &str, spec: &JobSpec, at: &At<'_>, errors: &mut Errors<'_>) {
    const HELP: &str = "set action: FailJob, FailIndex, Ignore or Count";
    match action {
        "FailJob" | "Ignore" | "Count" => {}
        "FailIndex" => {
            if spec.backoff_limit_per_index.is_none() {
                let message = "the action FailIndex needs backoffLimitPerIndex";
                errors
                    .add(at, Cause::Invalid, TOPIC, message)
                    .help("set backoffLimitPerIndex, or use FailJob");
            }
        }
        "" => {
            errors.add(at, Cause::Required, TOPIC, "a rule needs an action").help(HELP);
        }
        other => {
            let message = format!("{} is not a valid action of a podFailurePolicy", quote(other));
            errors.add(at, Cause::NotSupported, TOPIC, message).help(HELP);
        }
    }
}

fn validate_exit_codes(
    codes: &OnExitCodes,
    containers: &BTreeSet<&str>,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    const HELP: &str = "set operator: In or NotIn";
    let operator = at.field("operator");
    match codes.operator.as_str() {
        "In" | "NotIn" => {}
        "" => {
            errors.add(&operator, Cause::Required, TOPIC, "onExitCodes needs an operator").help(HELP);
        }
        other => {
            let message = format!("{} is not a valid operator of onExitCodes", quote(other));
            errors.add(&operator, Cause::NotSupported, TOPIC, message).help(HELP);
        }
    }
    if let Some(name) = codes.container_name.as_deref().filter(|name| !containers.contains(name)) {
        let message = format!("the Pod has no container {}", quote(name));
        errors
            .add(&at.field("containerName"), Cause::Invalid, TOPIC, message)
            .help("name one of the template's containers or init containers, or leave containerName out");
    }
    validate_values(codes, &at.field("values"), errors);
}

fn validate_values(codes: &OnExitCodes, at: &At<'_>, errors: &mut Errors<'_>) {
    let values = &codes.values;
    if values.is_empty() {
        errors
            .add(at, Cause::Invalid, TOPIC, "onExitCodes needs at least one exit code")
            .help("list the exit codes in values");
    } else if values.len() > EXIT_CODES_MAX {
        let message = format!("onExitCodes has at most {EXIT_CODES_MAX} exit codes, not {}", values.len());
        errors.add(at, Cause::TooMany, TOPIC, message);
    }
    let mut seen = BTreeSet::new();
    for (index, value) in values.iter().enumerate() {
        if *value == 0 && codes.operator == "In" {
            let message = "exit code 0 is success: no failed container has it";
            errors.add(&at.index(index), Cause::Invalid, TOPIC, message).help("remove the 0");
        }
        if !seen.insert(value) {
            let message = format!("exit code {value} is listed twice");
            errors.add(&at.index(index), Cause::Duplicate, TOPIC, message);
        }
    }
    if !values.is_sorted() {
        errors
            .add(at, Cause::Invalid, TOPIC, "the exit codes must be in ascending order")
            .help("sort the values");
    }
}

fn validate_conditions(conditions: &[OnPodCondition], at: &At<'_>, errors: &mut Errors<'_>) {
    const HELP: &str = "set status: \"True\", \"False\" or \"Unknown\", in quotes";
    if conditions.len() > CONDITIONS_MAX {
        let message = format!("a rule has at most {CONDITIONS_MAX} Pod conditions, not {}", conditions.len());
        errors.add(at, Cause::TooMany, TOPIC, message);
    }
    for (index, condition) in conditions.iter().enumerate() {
        let at = at.index(index);
        for problem in names::qualified_name(&condition.type_) {
            let message = format!("the condition type {} {problem}", quote(&condition.type_));
            errors
                .add(&at.field("type"), Cause::Invalid, TOPIC, message)
                .help("name a Pod condition, such as DisruptionTarget");
        }
        let status = at.field("status");
        match condition.status.as_deref() {
            Some("True" | "False" | "Unknown") => {}
            None | Some("") => {
                errors.add(&status, Cause::Required, TOPIC, "a Pod condition needs a status").help(HELP);
            }
            Some(other) => {
                let message = format!("{} is not a valid status of a Pod condition", quote(other));
                errors.add(&status, Cause::NotSupported, TOPIC, message).help(HELP);
            }
        }
    }
}
