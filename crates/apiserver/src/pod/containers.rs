//! Containers, init containers and native sidecars.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ContainerResizePolicy, ContainerRestartRule, PodSpec};

use super::report::{Report, list, quote};
use super::view::View;
use super::volumes::Volumes;
use super::{env, lifecycle, mounts, ports, probes, resources, security};
use crate::Topic;
use crate::names;
use jobguard_manifest::At;

/// What the checks of a container must know of its Pod.
pub(super) struct Surroundings<'p> {
    /// The volumes that are well formed.
    pub(super) volumes: Volumes<'p>,
    /// The names in `resourceClaims`.
    pub(super) claims: BTreeSet<&'p str>,
    /// `terminationGracePeriodSeconds`.
    pub(super) grace_period: Option<i64>,
    /// Whether the Pod shares the user namespace of its host.
    pub(super) host_users: bool,
    /// Whether the Pod's `restartPolicy` is `Never`.
    pub(super) never_restarts: bool,
}

/// Checks `containers`.
pub(super) fn regular(spec: &PodSpec, pod: &Surroundings<'_>, at: &At<'_>, report: &mut Report<'_>) {
    let at = at.field("containers");
    if spec.containers.is_empty() {
        report.required(&at, "a Pod needs at least one container");
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let at = at.index(index);
        let view = View::from(container);
        common(&view, pod, &at, report);
        if !seen.insert(view.name) {
            report.duplicate(
                &at.field("name"),
                view.name,
                "is the name of another container: use each name once",
            );
        }
        handlers(&view, pod, &at, report);
        restart_policy(view.restart_policy, list(view.restart_policy_rules), &at, report);
    }
    let mut taken = BTreeSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let at = at.index(index);
        ports::host_port_conflicts(list(&container.ports), &mut taken, (&at, &at), report);
    }
}

/// Checks `initContainers`.
pub(super) fn init(spec: &PodSpec, pod: &Surroundings<'_>, at: &At<'_>, report: &mut Report<'_>) {
    let at = at.field("initContainers");
    let mut seen: BTreeSet<&str> = spec.containers.iter().map(|container| container.name.as_str()).collect();
    for (index, container) in list(&spec.init_containers).iter().enumerate() {
        let first = at.index(0);
        let at = at.index(index);
        let view = View::from(container);
        common(&view, pod, &at, report);
        let rules = list(view.restart_policy_rules);
        match view.restart_policy {
            None if rules.is_empty() => {}
            None => report.required(
                &at.field("restartPolicy"),
                "restartPolicyRules need a restartPolicy beside them: set one",
            ),
            policy => restart_policy(policy, rules, &at, report),
        }
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
        if view.always_restarts() {
            handlers(&view, pod, &at, report);
        } else {
            without_handlers(&view, &at, report);
            for (index, policy) in list(view.resize_policy).iter().enumerate() {
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

fn handlers(view: &View<'_>, pod: &Surroundings<'_>, at: &At<'_>, report: &mut Report<'_>) {
    if let Some(hooks) = view.lifecycle {
        lifecycle::check(hooks, pod.grace_period, &at.field("lifecycle"), report);
    }
    probes::check(view, at, report);
}

fn without_handlers(view: &View<'_>, at: &At<'_>, report: &mut Report<'_>) {
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
pub(super) fn common(view: &View<'_>, pod: &Surroundings<'_>, at: &At<'_>, report: &mut Report<'_>) {
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
    env::check(view.env, &at.field("env"), report);
    env::check_from(view.env_from, &at.field("envFrom"), report);
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

/// Checks when an image is pulled.
pub(super) fn pull_policy(policy: &str, at: &At<'_>, report: &mut Report<'_>) {
    match policy {
        "Always" | "IfNotPresent" | "Never" => {}
        "" => report.required(at, "set Always, IfNotPresent or Never"),
        other => report.not_supported(at, other, &["Always", "IfNotPresent", "Never"]),
    }
}

fn resize_policy(
    policies: &[ContainerResizePolicy],
    never_restarts: bool,
    at: &At<'_>,
    report: &mut Report<'_>,
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
    report: &mut Report<'_>,
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
    if rules.len() > MOST_RULES {
        report.too_many(&at, format!("there are {} rules: use at most {MOST_RULES}", rules.len()));
    }
    for (index, rule) in rules.iter().enumerate() {
        let at = at.index(index);
        if !matches!(rule.action.as_str(), "Restart" | "RestartAllContainers") {
            report.not_supported(&at.field("action"), &rule.action, &["Restart", "RestartAllContainers"]);
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
            report.too_many(
                &at.field("values"),
                format!("there are {count} exit codes: use at most {MOST_EXIT_CODES}"),
            );
        }
    }
}

/// Checks `ephemeralContainers`: none is allowed here, and what stands there is looked at all the same.
pub(super) fn ephemeral(spec: &PodSpec, pod: &Surroundings<'_>, at: &At<'_>, report: &mut Report<'_>) {
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
        let view = View::from(container);
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

fn only_debugging_fields(view: &View<'_>, at: &At<'_>, report: &mut Report<'_>) {
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
