//! Resource requests, limits and claims of containers.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{PodSpec, ResourceClaim, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use super::any_container::each_container;
use super::quantity::Quantity;
use crate::errors::{Errors, list, quote, text};
use crate::names;
use jobguard_manifest::At;

/// A list of resources, as an object has it.
pub(super) type ResourceList = BTreeMap<String, Text>;

/// Resources that a cluster knows by an unqualified name, whatever they are for.
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

/// Resources that are counted in whole numbers.
const COUNTED: &[&str] = &[
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// The amount of a resource as the server stores it. One that is no quantity (decoding complains of it) is zero.
pub(super) fn amount(text: &Text) -> Quantity {
    Quantity::parse(text.0.trim()).unwrap_or_default().round_up_to_milli()
}

fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name) || is_huge_page(name) || name.starts_with("requests.hugepages-")
}

/// Whether this is a size of huge pages.
pub(super) fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Whether Kubernetes itself defines the resource.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether the resource belongs to a device plugin or the like.
fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether more of the resource may be limited than is requested.
fn can_be_overcommitted(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

/// Which names a list of resources may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Container,
    Pod,
}

/// Checks the resources of a container.
pub(super) fn check(
    requirements: &ResourceRequirements,
    claims: &BTreeSet<&str>,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    check_lists(
        requirements.limits.as_ref(),
        requirements.requests.as_ref(),
        Owner::Container,
        at,
        None,
        report,
    );
    check_claims(list(&requirements.claims), claims, &at.field("claims"), report);
}

/// Checks lists of resources. `real_limits` is where the limits are when that is not `limits` below `at`.
pub(super) fn check_lists(
    limits: Option<&ResourceList>,
    requests: Option<&ResourceList>,
    owner: Owner,
    at: &At<'_>,
    real_limits: Option<&At<'_>>,
    report: &mut Errors<'_>,
) {
    let mut has_cpu_or_memory = false;
    let mut has_huge_pages = false;
    let mut check_entry =
        |name: &str, quantity: &Quantity, place: (&At<'_>, &At<'_>), report: &mut Errors<'_>| {
            check_name(name, owner, place, report);
            check_amount(name, quantity, place, report);
            has_huge_pages |= is_huge_page(name);
            has_cpu_or_memory |= matches!(name, "cpu" | "memory");
        };
    let limit_at = at.field("limits");
    let real_limits = real_limits.unwrap_or(&limit_at);
    for (name, quantity) in limits.into_iter().flatten() {
        let place = (&limit_at.key(name), &real_limits.key(name));
        let quantity = amount(quantity);
        check_entry(name, &quantity, place, report);
        check_pages(name, &quantity, place, report);
    }
    let request_at = at.field("requests");
    for (name, quantity) in requests.into_iter().flatten() {
        let here = request_at.key(name);
        let request = amount(quantity);
        check_entry(name, &request, (&here, &here), report);
        let limit = limits.and_then(|limits| limits.get(name)).map(amount);
        match &limit {
            Some(limit) if request != *limit && !can_be_overcommitted(name) => report.invalid(
                (&request_at, &here),
                format!("{} cannot be overcommitted: request as much as its limit", quote(name)),
            ),
            Some(limit) if request > *limit => report.invalid(
                (&request_at, &here),
                format!(
                    "more of {} is requested than its limit: raise the limit or request less",
                    quote(name)
                ),
            ),
            None if !can_be_overcommitted(name) => report.required(
                (&limit_at, &here),
                format!(
                    "{} cannot be overcommitted: set a limit that is the same as the request",
                    quote(name)
                ),
            ),
            _ => {}
        }
        check_pages(name, &limit.iter().fold(request, Quantity::once_compared_with), (&here, &here), report);
    }
    if has_huge_pages && !has_cpu_or_memory {
        report.forbidden(at, "huge pages need cpu or memory beside them: request or limit one of these too");
    }
}

fn check_name(name: &str, owner: Owner, place: (&At<'_>, &At<'_>), report: &mut Errors<'_>) {
    let problems = names::qualified_name(name);
    let malformed = !problems.is_empty();
    report.name(place, name, problems);
    let unknown = !malformed && !name.contains('/') && !is_standard(name);
    if unknown {
        report.invalid(
            place,
            format!(
                "{} is not a resource: use cpu, memory, ephemeral-storage, hugepages-SIZE, or a name with a domain \
                 such as example.com/gpu",
                quote(name)
            ),
        );
    }
    match owner {
        Owner::Pod => {
            if !malformed && !unknown && !matches!(name, "cpu" | "memory") && !is_huge_page(name) {
                report.not_supported(place, name, &["cpu", "memory", "hugepages-SIZE"]);
            }
        }
        Owner::Container => {
            let allowed = if name.contains('/') {
                is_native(name) || is_extended(name)
            } else {
                matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge_page(name)
            };
            if !allowed {
                report.invalid(place, format!("{} is not a resource that a container can use", quote(name)));
            }
        }
    }
}

/// Checks how much of a resource there is.
fn check_amount(name: &str, quantity: &Quantity, place: (&At<'_>, &At<'_>), report: &mut Errors<'_>) {
    if quantity.is_negative() {
        report.invalid(place, "an amount cannot be negative: use 0 or more");
    }
    if (COUNTED.contains(&name) || is_extended(name)) && !quantity.is_whole() {
        report.invalid(place, format!("{} is counted: use a whole number", quote(name)));
    }
}

/// Checks that an amount of huge pages is a whole number of them.
fn check_pages(name: &str, quantity: &Quantity, place: (&At<'_>, &At<'_>), report: &mut Errors<'_>) {
    if is_huge_page(name) && !report.kept.broken_pages && !is_multiple_of_page(name, quantity) {
        report
            .invalid(place, format!("use a whole number of pages, as {} says how large one is", quote(name)));
    }
}

/// Whether a container of the Pod, or its overhead, has an amount of huge pages that is no whole number of them.
pub(super) fn has_broken_pages(pod: &PodSpec) -> bool {
    let is_broken = |resources: Option<&ResourceList>| {
        let mut entries = resources.into_iter().flatten();
        entries.any(|(name, text)| is_huge_page(name) && !is_multiple_of_page(name, &amount(text)))
    };
    let mut found = is_broken(pod.overhead.as_ref());
    each_container(pod, &At::root(), |container, _| {
        found = found
            || container.resources.is_some_and(|resources| {
                is_broken(resources.limits.as_ref()) || is_broken(resources.requests.as_ref())
            });
    });
    found
}

fn is_multiple_of_page(name: &str, quantity: &Quantity) -> bool {
    let Some(Ok(page)) = name.strip_prefix("hugepages-").map(Quantity::parse) else { return false };
    if page.is_negative() || page.is_zero() || !page.is_whole() {
        return false;
    }
    quantity.value().checked_rem(page.value()) == Some(0)
}

/// Checks the claims that a container uses: each must be one of the Pod's, and be used once, as a whole or in parts.
pub(super) fn check_claims(
    claims: &[ResourceClaim],
    known: &BTreeSet<&str>,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    const TWICE: &str = "is used already: refer to each claim once";
    // The server joins claim and request with a slash, and a name that has one itself (which is malformed) can be
    // mistaken for both.
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut requests: BTreeMap<String, usize> = BTreeMap::new();
    for (index, claim) in claims.iter().enumerate() {
        let at = at.index(index);
        let (name, request) = (claim.name.as_str(), text(&claim.request));
        if name.is_empty() {
            report.required(&at, "name one of the Pod's resourceClaims");
            continue;
        }
        let place = at.field("name");
        if used.contains(name) {
            report.duplicate((&at, &place), name, TWICE);
        } else {
            let mut key = name.to_owned();
            if !request.is_empty() {
                report.name(&at.field("request"), request, names::dns_label(request));
                key = format!("{name}/{request}");
            }
            if used.contains(&key) {
                report.duplicate((&at, &place), name, TWICE);
            } else if request.is_empty() {
                for _ in 0..requests.get(name).copied().unwrap_or(0) {
                    report.duplicate((&at, &place), name, TWICE);
                }
            }
            if let Some((claim, _)) = key.split_once('/')
                && !used.contains(&key)
            {
                *requests.entry(claim.to_owned()).or_default() += 1;
            }
            used.insert(key);
        }
        if !known.contains(name) {
            report.not_found((&at, &place), name, "is not one of the Pod's resourceClaims: add it there");
        }
    }
}
