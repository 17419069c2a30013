//! What a stored Pod template has wrong, and its next version may therefore keep.

use k8s_openapi::api::core::v1::{PodAffinityTerm, PodSpec, PodTemplateSpec};

use super::any_container::each_container;
use super::{affinity, file_paths, resources, scheduling, security, selector};
use crate::errors::{Errors, Kept, list};
use crate::{Change, FieldError, Gate, Server, Topic};
use jobguard_manifest::At;

/// What the next version of a stored template may keep. `has_broken_cost` says whether its annotations name a deletion cost
/// that is none.
pub(crate) fn kept(
    server: &Server,
    stored: &PodTemplateSpec,
    has_broken_cost: impl FnOnce(&PodTemplateSpec) -> bool,
) -> Kept {
    let empty = PodSpec::default();
    let pod = stored.spec.as_ref().unwrap_or(&empty);
    let init = || list(&pod.init_containers).iter();
    Kept {
        broken_pages: resources::has_broken_pages(pod),
        selector_values: terms(pod).any(|term| {
            is_faulty(server, |errors| {
                selector::check(term.label_selector.as_ref(), &At::root(), errors);
                selector::check(term.namespace_selector.as_ref(), &At::root(), errors);
            })
        }),
        spread_selectors: list(&pod.topology_spread_constraints).iter().any(|constraint| {
            is_faulty(server, |errors| {
                selector::check(constraint.label_selector.as_ref(), &At::root(), errors);
            })
        }),
        other_spread_keys: server.on(Gate::MatchLabelKeysInPodTopologySpread)
            && server.knows(Gate::MatchLabelKeysInPodTopologySpreadSelectorMerge)
            && list(&pod.topology_spread_constraints).iter().any(|constraint| {
                let merges = server.on(Gate::MatchLabelKeysInPodTopologySpreadSelectorMerge);
                is_faulty(server, |errors| scheduling::keys(constraint, merges, &At::root(), errors))
            }),
        node_values: affinity::has_odd_node_value(pod),
        token_paths: tokens(pod)
            .any(|path| is_faulty(server, |errors| file_paths::unreserved(path, &At::root(), errors))),
        host_sysctls: security::has_host_sysctl(pod),
        deletion_cost: has_broken_cost(stored),
        devices_of_own_users: pod.host_users == Some(false) && has_devices(pod),
        restarts_to_resize: init().filter(|container| !is_sidecar(container)).any(|container| {
            let mut policies = list(&container.resize_policy).iter();
            policies.any(|policy| policy.restart_policy == "RestartContainer")
        }),
        sidecar_resize_policy: server.has(Change::StoredSidecarsMayResize)
            && init().any(|container| is_sidecar(container) && !list(&container.resize_policy).is_empty()),
    }
}

fn is_sidecar(container: &k8s_openapi::api::core::v1::Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// Whether a check finds anything.
fn is_faulty(server: &Server, check: impl FnOnce(&mut Errors<'_>)) -> bool {
    let mut found: Vec<FieldError> = Vec::new();
    check(&mut Errors::new(server, Topic::Pod, &mut found));
    !found.is_empty()
}

/// The terms of Pod affinity and anti-affinity.
fn terms(pod: &PodSpec) -> impl Iterator<Item = &PodAffinityTerm> {
    let of = pod.affinity.as_ref();
    let to = of.and_then(|affinity| affinity.pod_affinity.as_ref());
    let from = of.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    let required = [
        to.map(|to| &to.required_during_scheduling_ignored_during_execution),
        from.map(|from| &from.required_during_scheduling_ignored_during_execution),
    ];
    let preferred = [
        to.map(|to| &to.preferred_during_scheduling_ignored_during_execution),
        from.map(|from| &from.preferred_during_scheduling_ignored_during_execution),
    ];
    let preferred =
        preferred.into_iter().flatten().flat_map(list).map(|weighted| &weighted.pod_affinity_term);
    required.into_iter().flatten().flat_map(list).chain(preferred)
}

/// The paths of projected tokens.
fn tokens(pod: &PodSpec) -> impl Iterator<Item = &str> {
    let projected = list(&pod.volumes).iter().filter_map(|volume| volume.projected.as_ref());
    let sources = projected.flat_map(|projected| list(&projected.sources));
    sources.filter_map(|source| source.service_account_token.as_ref()).map(|token| token.path.as_str())
}

fn has_devices(pod: &PodSpec) -> bool {
    let mut found = false;
    each_container(pod, &At::root(), |container, _| found = found || !container.volume_devices.is_empty());
    found
}
