//! What is left out of the spec of a Pod template.

use k8s_openapi::api::core::v1::{
    Affinity, PodAffinityTerm, PodSpec, ResourceRequirements, TopologySpreadConstraint,
    WeightedPodAffinityTerm,
};

use super::containers::drop_of_containers;
use super::found::{Fate, Found, NO_APP_ARMOR, Off, app_armor, uses_claims};
use super::volumes::drop_of_volumes;
use crate::tables::Gate;
use jobguard_manifest::At;

pub(super) fn drop_of_pod(spec: &mut PodSpec, old: Option<&PodSpec>, at: &At<'_>, found: &mut Found<'_>) {
    let off = &Off { server: found.server, old, has_own_users: spec.host_users == Some(false) };
    if off.is(Gate::UserNamespacesSupport, |old| old.host_users.is_some()) {
        const EFFECT: &str = "the Pod runs in the node's user namespace";
        let fate = |of_host: &bool| if *of_host { Fate::Default } else { Fate::Effect };
        found.take_as(
            &mut spec.host_users,
            &at.field("hostUsers"),
            Gate::UserNamespacesSupport,
            EFFECT,
            fate,
        );
    }
    if off.is(Gate::PodLevelResources, uses_resources) {
        const EFFECT: &str = "only the containers' own requests and limits count";
        let fate = |resources: &ResourceRequirements| {
            if names_resources(resources) { Fate::Effect } else { Fate::Default }
        };
        found.take_as(&mut spec.resources, &at.field("resources"), Gate::PodLevelResources, EFFECT, fate);
    }
    if off.is(Gate::HostnameOverride, |old| old.hostname_override.is_some()) {
        const EFFECT: &str = "the Pod's host name is derived from its name";
        found.take(
            &mut spec.hostname_override,
            &at.field("hostnameOverride"),
            Gate::HostnameOverride,
            EFFECT,
        );
    }
    if off.is(Gate::GenericWorkload, |old| old.scheduling_group.is_some()) {
        const EFFECT: &str = "each Pod is scheduled on its own";
        found.take(&mut spec.scheduling_group, &at.field("schedulingGroup"), Gate::GenericWorkload, EFFECT);
    }
    let uses_gates = |old: &PodSpec| old.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    if off.is(Gate::PodSchedulingReadiness, uses_gates) {
        const EFFECT: &str = "the Pods are scheduled at once";
        let at = at.field("schedulingGates");
        found.take_list(&mut spec.scheduling_gates, &at, Gate::PodSchedulingReadiness, EFFECT);
    }
    let uses_responders =
        |old: &PodSpec| old.eviction_responders.as_ref().is_some_and(|responders| !responders.is_empty());
    if off.is(Gate::EvictionRequestAPI, uses_responders) {
        const EFFECT: &str = "no responder is asked before the Pod is evicted";
        let at = at.field("evictionResponders");
        found.take_list(&mut spec.eviction_responders, &at, Gate::EvictionRequestAPI, EFFECT);
    }
    drop_of_security_context(spec, off, at, found);
    drop_of_scheduling(spec, off, at, found);
    drop_of_volumes(spec, off, at, found);
    drop_of_containers(spec, off, at, found);
    if off.is(Gate::DynamicResourceAllocation, uses_claims) {
        const EFFECT: &str = "the Pod's containers get no device";
        let at = at.field("resourceClaims");
        found.take_list(&mut spec.resource_claims, &at, Gate::DynamicResourceAllocation, EFFECT);
    }
}

fn uses_resources(pod: &PodSpec) -> bool {
    pod.resources.as_ref().is_some_and(names_resources)
}

fn names_resources(resources: &ResourceRequirements) -> bool {
    [&resources.limits, &resources.requests]
        .into_iter()
        .any(|list| list.as_ref().is_some_and(|list| !list.is_empty()))
        || resources.claims.as_ref().is_some_and(|claims| !claims.is_empty())
}

fn drop_of_security_context(spec: &mut PodSpec, off: &Off<'_>, at: &At<'_>, found: &mut Found<'_>) {
    let Some(context) = &mut spec.security_context else { return };
    let at = at.field("securityContext");
    if let Some(gate) = app_armor(off) {
        found.take(&mut context.app_armor_profile, &at.field("appArmorProfile"), gate, NO_APP_ARMOR);
    }
    if off.is(Gate::SupplementalGroupsPolicy, |old| {
        old.security_context.as_ref().is_some_and(|context| context.supplemental_groups_policy.is_some())
    }) {
        const EFFECT: &str = "groups that the image gives its user are added (Merge)";
        let at = at.field("supplementalGroupsPolicy");
        let fate = |policy: &String| match policy.as_str() {
            "Merge" => Fate::Default,
            "Strict" => Fate::Effect,
            _ => Fate::Refused,
        };
        let gate = Gate::SupplementalGroupsPolicy;
        found.take_as(&mut context.supplemental_groups_policy, &at, gate, EFFECT, fate);
    }
    if off.is(Gate::SELinuxChangePolicy, |old| {
        old.security_context.as_ref().is_some_and(|context| context.se_linux_change_policy.is_some())
    }) {
        const EFFECT: &str = "volumes are relabelled file by file (Recursive)";
        let at = at.field("seLinuxChangePolicy");
        let fate = |policy: &String| match policy.as_str() {
            "Recursive" => Fate::Default,
            "MountOption" => Fate::EffectWith(Gate::SELinuxMount),
            _ => Fate::Refused,
        };
        found.take_as(&mut context.se_linux_change_policy, &at, Gate::SELinuxChangePolicy, EFFECT, fate);
    }
}

fn drop_of_scheduling(spec: &mut PodSpec, off: &Off<'_>, at: &At<'_>, found: &mut Found<'_>) {
    const EFFECT: &str = "the constraint counts without it";
    let constraints = |pod: &PodSpec, uses: fn(&TopologySpreadConstraint) -> bool| {
        pod.topology_spread_constraints.iter().flatten().any(uses)
    };
    let drops_domains = off.is(Gate::MinDomainsInPodTopologySpread, |old| {
        constraints(old, |constraint| constraint.min_domains.is_some())
    });
    let drops_taints = off.is(Gate::NodeInclusionPolicyInPodTopologySpread, |old| {
        constraints(old, |constraint| constraint.node_taints_policy.is_some())
    });
    let drops_affinity = off.is(Gate::NodeInclusionPolicyInPodTopologySpread, |old| {
        constraints(old, |constraint| constraint.node_affinity_policy.is_some())
    });
    let drops_keys = off.is(Gate::MatchLabelKeysInPodTopologySpread, |old| {
        constraints(old, |constraint| {
            constraint.match_label_keys.as_ref().is_some_and(|keys| !keys.is_empty())
        })
    });
    if drops_domains || drops_taints || drops_affinity || drops_keys {
        let all = at.field("topologySpreadConstraints");
        for (index, constraint) in spec.topology_spread_constraints.iter_mut().flatten().enumerate() {
            let at = all.index(index);
            if drops_domains {
                let gate = Gate::MinDomainsInPodTopologySpread;
                found.take(&mut constraint.min_domains, &at.field("minDomains"), gate, EFFECT);
            }
            let gate = Gate::NodeInclusionPolicyInPodTopologySpread;
            if drops_taints {
                found.take(&mut constraint.node_taints_policy, &at.field("nodeTaintsPolicy"), gate, EFFECT);
            }
            if drops_affinity {
                found.take(
                    &mut constraint.node_affinity_policy,
                    &at.field("nodeAffinityPolicy"),
                    gate,
                    EFFECT,
                );
            }
            if drops_keys {
                let gate = Gate::MatchLabelKeysInPodTopologySpread;
                found.take_list(&mut constraint.match_label_keys, &at.field("matchLabelKeys"), gate, EFFECT);
            }
        }
    }
    if let Some(affinity) = &mut spec.affinity
        && off.is(Gate::MatchLabelKeysInPodAffinity, |old| {
            old.affinity.as_ref().is_some_and(uses_match_label_keys)
        })
    {
        drop_match_label_keys(affinity, &at.field("affinity"), found);
    }
}

fn uses_match_label_keys(affinity: &Affinity) -> bool {
    let some = |keys: &Option<Vec<String>>| keys.as_ref().is_some_and(|keys| !keys.is_empty());
    let uses = |term: &PodAffinityTerm| some(&term.match_label_keys) || some(&term.mismatch_label_keys);
    let any = |required: &Option<Vec<PodAffinityTerm>>, preferred: &Option<Vec<WeightedPodAffinityTerm>>| {
        required.iter().flatten().any(uses)
            || preferred.iter().flatten().any(|weighted| uses(&weighted.pod_affinity_term))
    };
    affinity.pod_affinity.as_ref().is_some_and(|affinity| {
        any(
            &affinity.required_during_scheduling_ignored_during_execution,
            &affinity.preferred_during_scheduling_ignored_during_execution,
        )
    }) || affinity.pod_anti_affinity.as_ref().is_some_and(|affinity| {
        any(
            &affinity.required_during_scheduling_ignored_during_execution,
            &affinity.preferred_during_scheduling_ignored_during_execution,
        )
    })
}

fn drop_match_label_keys(affinity: &mut Affinity, at: &At<'_>, found: &mut Found<'_>) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    /// Both kinds of affinity have the same two lists, as types of their own.
    macro_rules! drop_in {
        ($affinity:expr, $field:literal) => {
            if let Some(affinity) = $affinity {
                let at = at.field($field);
                let required =
                    affinity.required_during_scheduling_ignored_during_execution.iter_mut().flatten();
                for (index, term) in required.enumerate() {
                    drop_in_term(term, &at.field(REQUIRED).index(index), found);
                }
                let preferred =
                    affinity.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
                for (index, weighted) in preferred.enumerate() {
                    let here = at.field(PREFERRED);
                    let here = here.index(index);
                    drop_in_term(&mut weighted.pod_affinity_term, &here.field("podAffinityTerm"), found);
                }
            }
        };
    }
    drop_in!(&mut affinity.pod_affinity, "podAffinity");
    drop_in!(&mut affinity.pod_anti_affinity, "podAntiAffinity");
}

fn drop_in_term(term: &mut PodAffinityTerm, at: &At<'_>, found: &mut Found<'_>) {
    const EFFECT: &str = "the term applies to all Pods that its labelSelector selects";
    let gate = Gate::MatchLabelKeysInPodAffinity;
    found.take_list(&mut term.match_label_keys, &at.field("matchLabelKeys"), gate, EFFECT);
    found.take_list(&mut term.mismatch_label_keys, &at.field("mismatchLabelKeys"), gate, EFFECT);
}
