//! Resources of the Pod as a whole: its own requests and limits, its overhead, its claims.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, PodResourceClaim, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use super::decimal::Decimal;
use super::quantity::Quantity;
use super::resources::{Owner, ResourceList, amount, check_claims, check_lists, is_huge_page};
use crate::errors::{Errors, list, quote};
use crate::names;
use crate::{Cause, Change, Gate};
use jobguard_manifest::At;

/// The names of the Pod's claims.
pub(super) fn claim_names(spec: &PodSpec) -> BTreeSet<&str> {
    let names = list(&spec.resource_claims).iter().map(|claim| claim.name.as_str());
    names.filter(|name| !name.is_empty()).collect()
}

/// Checks `resourceClaims`.
pub(super) fn claims(claims: &[PodResourceClaim], at: &At<'_>, report: &mut Errors<'_>) {
    let mut seen = BTreeSet::new();
    for (index, claim) in claims.iter().enumerate() {
        let at = at.index(index);
        let name = claim.name.as_str();
        if name.is_empty() {
            report.required(&at.field("name"), "a claim needs a name");
        } else if seen.insert(name) {
            report.name(&at.field("name"), name, names::dns_label(name));
        } else {
            report.duplicate(&at.field("name"), name, "is the name of another claim: use each name once");
        }
        // Versions with these two inside of `source`: the types have no place for it.
        if !report.server.knows_field("PodResourceClaim", "resourceClaimName") {
            continue;
        }
        match (&claim.resource_claim_name, &claim.resource_claim_template_name) {
            (None, None) => {
                let message = "say which claim it is: set resourceClaimName or resourceClaimTemplateName";
                report.empty(Cause::Invalid, &at, message);
            }
            (Some(_), Some(_)) => {
                report.invalid(
                    &at,
                    "a claim has one source: remove resourceClaimName or resourceClaimTemplateName",
                );
            }
            _ => {}
        }
        if let Some(name) = &claim.resource_claim_name {
            report.name(&at.field("resourceClaimName"), name, names::dns_subdomain(name));
        }
        if let Some(name) = &claim.resource_claim_template_name {
            report.name(&at.field("resourceClaimTemplateName"), name, names::dns_subdomain(name));
        }
    }
}

/// Checks `overhead`, which the server takes for a container's limits.
pub(super) fn overhead(overhead: &ResourceList, at: &At<'_>, report: &mut Errors<'_>) {
    check_lists(Some(overhead), None, Owner::Container, at, Some(at), report);
}

/// Checks the Pod's own `resources`, and that its containers fit into them.
pub(super) fn check(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    // A stored Pod keeps them where the gate is off, and they are not looked at then.
    if !report.server.on(Gate::PodLevelResources) {
        return;
    }
    let Some(resources) = &spec.resources else { return };
    let here = at.field("resources");
    let by_name = report.server.has(Change::PodResourcesByName);
    if by_name && spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        return report
            .forbidden(&here, "a Windows Pod has no resources of its own: set them on its containers");
    }
    if resources.claims.is_some() {
        report.forbidden(&here.field("claims"), "a Pod has its claims in resourceClaims: remove this");
    }
    check_lists(resources.limits.as_ref(), resources.requests.as_ref(), Owner::Pod, &here, None, report);
    check_claims(list(&resources.claims), &claim_names(spec), &here.field("claims"), report);
    containers_fit(spec, resources, at, &here, report);
}

fn containers_fit(
    spec: &PodSpec,
    resources: &ResourceRequirements,
    pod: &At<'_>,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let requests = at.field("requests");
    let used = usage(spec, |resources| resources.requests.as_ref());
    for (name, quantity) in resources.requests.iter().flatten() {
        if exceeds(&used, name, quantity) {
            report.invalid(
                &requests.key(name),
                format!("the containers request more of {} than this: raise it or lower theirs", quote(name)),
            );
        }
    }
    let by_name = report.server.has(Change::PodResourcesByName);
    let none = Text("0".to_owned());
    let is_named = |name: &str| resources.requests.as_ref().is_some_and(|list| list.contains_key(name));
    for name in used.keys().filter(|name| !by_name && !is_named(name) && exceeds(&used, name, &none)) {
        let message = format!("the containers request {}: say how much of it the Pod requests", quote(name));
        report.invalid((&requests.key(name), &requests), message);
    }
    let limits = at.field("limits");
    let used = usage(spec, |resources| resources.limits.as_ref());
    for (name, quantity) in resources.limits.iter().flatten().filter(|_| by_name) {
        if is_huge_page(name) && exceeds(&used, name, quantity) {
            report.invalid(
                &limits.key(name),
                format!(
                    "the containers' limits of {} add up to more than this: raise it or lower theirs",
                    quote(name)
                ),
            );
        }
    }
    let (named, real) = (at.field("containers"), pod.field("containers"));
    // Read once: a number may be long, and the containers many.
    let most: BTreeMap<&str, Quantity> =
        resources.limits.iter().flatten().map(|(name, most)| (name.as_str(), amount(most))).collect();
    for (index, container) in spec.containers.iter().enumerate() {
        let (named, real) = (named.index(index), real.index(index));
        let real = real.field("resources");
        let real = real.field("limits");
        let own = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
        for (name, quantity) in own.into_iter().flatten() {
            if most.get(name.as_str()).is_some_and(|most| amount(quantity) > *most) {
                report.invalid(
                    (&named.key(name).field("limits"), &real.key(name)),
                    format!(
                        "more of {} than the whole Pod may use: lower this or raise the Pod's limit",
                        quote(name)
                    ),
                );
            }
        }
    }
}

/// How much of one resource the containers of a Pod use.
#[derive(Default)]
struct Usage {
    /// Containers and sidecars, which run at the same time.
    together: Option<Decimal>,
    /// The sidecars so far.
    sidecars: Option<Decimal>,
    /// The most that one init container and the sidecars before it use.
    starting: Option<Decimal>,
}

/// What all containers use of each resource that they name.
fn usage<'s>(
    spec: &'s PodSpec,
    of: impl Fn(&'s ResourceRequirements) -> Option<&'s ResourceList>,
) -> BTreeMap<&'s str, Usage> {
    let own = |container: &'s Container| container.resources.as_ref().and_then(&of).into_iter().flatten();
    let mut usage: BTreeMap<&str, Usage> = BTreeMap::new();
    for (name, quantity) in spec.containers.iter().flat_map(own) {
        let used = usage.entry(name).or_default();
        used.together = Some(sum(used.together.as_ref(), amount(quantity).decimal()));
    }
    for container in list(&spec.init_containers) {
        let is_sidecar = container.restart_policy.as_deref() == Some("Always");
        for (name, quantity) in own(container) {
            let used = usage.entry(name).or_default();
            let amount = amount(quantity).decimal();
            if is_sidecar {
                used.together = Some(sum(used.together.as_ref(), amount.clone()));
                used.sidecars = Some(sum(used.sidecars.as_ref(), amount));
                used.starting = used.starting.take().max(used.sidecars.clone());
            } else {
                used.starting = used.starting.take().max(Some(sum(used.sidecars.as_ref(), amount)));
            }
        }
    }
    usage
}

fn sum(sum: Option<&Decimal>, more: Decimal) -> Decimal {
    sum.map_or_else(|| more.clone(), |sum| sum.add(&more))
}

/// Whether the containers use more of a resource than the Pod has.
fn exceeds(usage: &BTreeMap<&str, Usage>, name: &str, most: &Text) -> bool {
    let Some(used) = usage.get(name) else { return false };
    let most = amount(most).decimal();
    [&used.together, &used.starting].into_iter().flatten().any(|used| *used > most)
}
