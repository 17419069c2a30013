//! Containers, init containers and native sidecars.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ContainerResizePolicy, ContainerRestartRule, PodSpec};

use super::any_container::AnyContainer;
use super::context::PodContext;
use super::image_pull::pull_policy;
use super::{env, lifecycle, mounts, ports, probes, resources, security};
use crate::errors::{Errors, list, quote};
use crate::names;
use crate::{Cause, Change, Gate, Topic};
use jobguard_manifest::At;

/// Checks `containers`.
pub(super) fn regular(spec: &PodSpec, pod: &PodContext<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    let at = at.field("containers");
    if spec.containers.is_empty() {
        report.required(&at, "a Pod needs at least one container");
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let at = at.index(index);
        let view = AnyContainer::from(container);
        common(&view, pod, &at, report);
        if !seen.insert(view.name) {
            report.duplicate(
                &at.field("name"),
                view.name,
                "is the name of another container: use each name once",
            );
        }
        handlers(&view, pod, &at, report);
        if report.allows(Gate::ContainerRestartRules, restart_rules_in_use) {
            restart_policy(view.restart_policy, list(view.restart_policy_rules), &at, report);
        } else if view.restart_policy.is_some() {
            report.forbidden(
                &at.field("restartPolicy"),
                "only an init container has a restartPolicy of its own here, where the feature gate \
                 ContainerRestartRules is missing or off: remove this, or make the container an init container",
            );
        }
    }
    let mut taken = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let at = at.index(index);
        ports::host_port_conflicts(list(&container.ports), &mut taken, (&at, &at), report);
    }
}

/// Checks `initContainers`.
pub(super) fn init(spec: &PodSpec, pod: &PodContext<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    let at = at.field("initContainers");
    let mut seen: BTreeSet<&str> = spec.containers.iter().map(|container| container.name.as_str()).collect();
    for (index, container) in list(&spec.init_containers).iter().enumerate() {
        let first = at.index(0);
        let at = at.index(index);
        let view = AnyContainer::from(container);
        common(&view, pod, &at, report);
        init_restart_policy(&view, &at, report);
        if seen.contains(view.name) {
            report.duplicate(
                &at.field("name"),
                view.name,
                "is the name of another container: use each name once",
            );
        } else if !view.name.is_empty() {
            seen.insert(view.name);
        }
        // Init containers run one by one, so each has the host's ports to itself. The server looks at each in a
        // list of one, and so names the first.
        ports::host_port_conflicts(list(view.ports), &mut BTreeSet::new(), (&first, &at), report);
        let is_sidecar = view.always_restarts();
        if is_sidecar {
            handlers(&view, pod, &at, report);
        } else {
            without_handlers(&view, &at, report);
        }
        let may_resize = report.kept.sidecar_resize_policy
            || (report.server.has(Change::SidecarsMayResize)
                && report.server.on(Gate::InPlacePodVerticalScaling));
        if !may_resize && !list(view.resize_policy).is_empty() {
            report
                .topic(Topic::Resources)
                .invalid(&at.field("resizePolicy"), "an init container cannot be resized: remove this");
        }
        if !is_sidecar {
            let checked = report.server.has(Change::NoRestartToResizeInit) && !report.kept.restarts_to_resize;
            for (index, policy) in list(view.resize_policy).iter().enumerate().filter(|_| checked) {
                if policy.restart_policy == "RestartContainer" {
                    report.topic(Topic::Resources).invalid(
                        &at.field("resizePolicy").index(index).field("restartPolicy"),
                        "an init container cannot be restarted to be resized: use NotRequired, or restartPolicy \
                         Always to make it a sidecar",
                    );
                }
            }
        }
    }
}

/// Whether a stored Pod has restart policies or rules of single containers.
fn restart_rules_in_use(pod: &PodSpec) -> bool {
    let of_init = list(&pod.init_containers).iter().any(|container| {
        container.restart_policy.as_deref().is_some_and(|policy| policy != "Always")
            || !list(&container.restart_policy_rules).is_empty()
    });
    of_init || pod.containers.iter().any(|container| container.restart_policy.is_some())
}

/// Whether a stored Pod has a rule that restarts all containers, or a sidecar with rules.
fn restart_all_in_use(pod: &PodSpec) -> bool {
    let mut rules = (list(&pod.init_containers).iter().chain(&pod.containers))
        .flat_map(|container| list(&container.restart_policy_rules));
    rules.any(|rule| rule.action == "RestartAllContainers")
        || list(&pod.init_containers).iter().any(|container| {
            container.restart_policy.as_deref() == Some("Always")
                && !list(&container.restart_policy_rules).is_empty()
        })
}

fn init_restart_policy(view: &AnyContainer<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    let rules = list(view.restart_policy_rules);
    let here = at.field("restartPolicy");
    match view.restart_policy {
        None if rules.is_empty() => {}
        None if !report.server.has(Change::InitRulesNeedPolicy) => {}
        None => report.required(&here, "restartPolicyRules need a restartPolicy beside them: set one"),
        Some("Always") if !report.allows(Gate::RestartAllContainersOnContainerExits, restart_all_in_use) => {
            if !rules.is_empty() {
                report.forbidden(
                    &at.field("restartPolicyRules"),
                    "a sidecar (restartPolicy: Always) has no rules here, where the feature gate \
                     RestartAllContainersOnContainerExits is missing or off: remove them",
                );
            }
        }
        Some(policy) if report.allows(Gate::ContainerRestartRules, restart_rules_in_use) => {
            restart_policy(Some(policy), rules, at, report);
        }
        Some("Always") => {}
        Some(other) => report.not_supported(&here, other, &["Always"]),
    }
}

fn handlers(view: &AnyContainer<'_>, pod: &PodContext<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    if let Some(hooks) = view.lifecycle {
        lifecycle::check(hooks, pod, &at.field("lifecycle"), report);
    }
    probes::check(view, at, report);
}

fn without_handlers(view: &AnyContainer<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    for (name, set) in [
        ("lifecycle", view.lifecycle.is_some()),
        ("livenessProbe", view.liveness_probe.is_some()),
        ("readinessProbe", view.readiness_probe.is_some()),
        ("startupProbe", view.startup_probe.is_some()),
    ] {
        if set {
            report.forbidden(
                &at.field(name),
                "an init container that runs to its end has no hooks or probes: remove this, or use restartPolicy \
                 Always to make it a sidecar",
            );
        }
    }
}

/// Checks what all three kinds of containers share.
pub(super) fn common(view: &AnyContainer<'_>, pod: &PodContext<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    if view.name.is_empty() {
        report.required(&at.field("name"), "a container needs a name");
    } else {
        report.name(&at.field("name"), view.name, names::dns_label(view.name));
    }
    if view.image.is_empty() {
        report.required(&at.field("image"), "a container needs an image");
    }
    match view.termination_message_policy {
        "File" | "FallbackToLogsOnError" => {}
        "" => report.required(&at.field("terminationMessagePolicy"), "set File or FallbackToLogsOnError"),
        other => report.not_supported(
            &at.field("terminationMessagePolicy"),
            other,
            &["File", "FallbackToLogsOnError"],
        ),
    }
    ports::check(list(view.ports), &at.field("ports"), report);
    env::check(view.env, pod, &at.field("env"), report);
    env::check_from(view.env_from, pod, &at.field("envFrom"), report);
    mounts::check(view, &pod.volumes, at, &mut report.topic(Topic::Volumes));
    pull_policy(view.image_pull_policy, &at.field("imagePullPolicy"), report);
    if let Some(requirements) = view.resources {
        resources::check(
            requirements,
            &pod.claims,
            &at.field("resources"),
            &mut report.topic(Topic::Resources),
        );
    }
    resize_policy(list(view.resize_policy), pod.never_restarts, at, &mut report.topic(Topic::Resources));
    if let Some(context) = view.security_context {
        security::container(context, pod.host_users, &at.field("securityContext"), report);
    }
}

fn resize_policy(
    policies: &[ContainerResizePolicy],
    never_restarts: bool,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let at = at.field("resizePolicy");
    let mut seen = BTreeSet::new();
    for (index, policy) in policies.iter().enumerate() {
        let here = at.index(index);
        let resource = policy.resource_name.as_str();
        if !seen.insert(resource) {
            report.duplicate((&here, &here.field("resourceName")), resource, "has a resize policy already");
        }
        match resource {
            "cpu" | "memory" => {}
            "" => report.required((&at, &here), "name the resource: cpu or memory"),
            other => report.not_supported((&at, &here.field("resourceName")), other, &["cpu", "memory"]),
        }
        let restart = here.field("restartPolicy");
        match policy.restart_policy.as_str() {
            "NotRequired" | "RestartContainer" => {}
            "" => report.required((&at, &here), "set a restartPolicy: NotRequired or RestartContainer"),
            other => report.not_supported((&at, &restart), other, &["NotRequired", "RestartContainer"]),
        }
        if never_restarts && policy.restart_policy != "NotRequired" {
            report.invalid(
                (&at, &restart),
                "containers of a Pod with restartPolicy Never can only use NotRequired",
            );
        }
    }
}

/// Checks the restart policy of one container and the rules that make exceptions from it.
fn restart_policy(
    policy: Option<&str>,
    rules: &[ContainerRestartRule],
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    const MOST_RULES: usize = 20;
    const MOST_EXIT_CODES: usize = 255;
    match policy {
        None if rules.is_empty() => return,
        None => report.required(
            &at.field("restartPolicy"),
            "restartPolicyRules need a restartPolicy beside them: set one",
        ),
        Some("Always" | "Never" | "OnFailure") => {}
        Some(other) => {
            report.not_supported(&at.field("restartPolicy"), other, &["Always", "Never", "OnFailure"]);
        }
    }
    let at = at.field("restartPolicyRules");
    let has_too_many =
        if report.server.has(Change::TooManyRestartRules) { Cause::TooMany } else { Cause::TooLong };
    if rules.len() > MOST_RULES {
        let message = format!("there are {} rules: use at most {MOST_RULES}", rules.len());
        report.add(&at, has_too_many, Topic::Containers, message);
    }
    let actions = if report.allows(Gate::RestartAllContainersOnContainerExits, restart_all_in_use) {
        &["Restart", "RestartAllContainers"][..]
    } else {
        &["Restart"]
    };
    for (index, rule) in rules.iter().enumerate() {
        let at = at.index(index);
        if !actions.contains(&rule.action.as_str()) {
            report.not_supported(&at.field("action"), &rule.action, actions);
        }
        let at = at.field("exitCodes");
        let Some(codes) = &rule.exit_codes else {
            report.required(&at, "say which exit codes the rule is for");
            continue;
        };
        if !matches!(codes.operator.as_str(), "In" | "NotIn") {
            report.not_supported(&at.field("operator"), &codes.operator, &["In", "NotIn"]);
        }
        let count = list(&codes.values).len();
        if count > MOST_EXIT_CODES {
            let message = format!("there are {count} exit codes: use at most {MOST_EXIT_CODES}");
            report.add(&at.field("values"), has_too_many, Topic::Containers, message);
        }
    }
}

/// Checks `ephemeralContainers`: none is allowed here, and what stands there is looked at all the same.
pub(super) fn ephemeral(spec: &PodSpec, pod: &PodContext<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    let at = at.field("ephemeralContainers");
    let containers = list(&spec.ephemeral_containers);
    if containers.is_empty() {
        return;
    }
    report.forbidden(&at, "a Pod template cannot have ephemeral containers: remove them");
    let others: BTreeSet<&str> = (spec.containers.iter())
        .chain(list(&spec.init_containers))
        .map(|container| container.name.as_str())
        .collect();
    let mut seen = others.clone();
    for (index, container) in containers.iter().enumerate() {
        let at = at.index(index);
        let view = AnyContainer::from(container);
        common(&view, pod, &at, report);
        if view.image.trim().len() != view.image.len() {
            report
                .invalid(&at.field("image"), format!("{} has space around it: remove it", quote(view.image)));
        }
        if !seen.insert(view.name) {
            report.duplicate(
                &at.field("name"),
                view.name,
                "is the name of another container: use each name once",
            );
        }
        if let Some(target) = container.target_container_name.as_deref()
            && !target.is_empty()
            && !others.contains(target)
        {
            report.not_found(&at.field("targetContainerName"), target, "is not a container of this Pod");
        }
        only_debugging_fields(&view, &at, report);
        for (index, mount) in view.volume_mounts.iter().enumerate() {
            let at = at.field("volumeMounts");
            let at = at.index(index);
            for (name, value) in [("subPath", &mount.sub_path), ("subPathExpr", &mount.sub_path_expr)] {
                if value.as_deref().is_some_and(|value| !value.is_empty()) {
                    let mut report = report.topic(Topic::Volumes);
                    report.forbidden(&at.field(name), "an ephemeral container cannot mount part of a volume");
                }
            }
        }
    }
}

fn only_debugging_fields(view: &AnyContainer<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    let resources = view.resources.is_some_and(|resources| {
        resources.limits.is_some() || resources.requests.is_some() || resources.claims.is_some()
    });
    for (name, set) in [
        ("ports", view.ports.is_some()),
        ("resources", resources),
        ("resizePolicy", view.resize_policy.is_some()),
        ("restartPolicy", view.restart_policy.is_some()),
        ("restartPolicyRules", view.restart_policy_rules.is_some()),
        ("livenessProbe", view.liveness_probe.is_some()),
        ("readinessProbe", view.readiness_probe.is_some()),
        ("startupProbe", view.startup_probe.is_some()),
        ("lifecycle", view.lifecycle.is_some()),
    ] {
        if set {
            report.forbidden(&at.field(name), "an ephemeral container cannot have this: remove it");
        }
    }
}
