//! Errors about a Pod template.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{
    AppArmorProfile, NodeSelectorTerm, PersistentVolumeClaimSpec, PodAffinityTerm, PodSpec, PodTemplateSpec,
    Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::overlap::warn_overlaps;
use super::ports::warn_ports;
use super::{At, Errors, names, quote};
use crate::pod::any_container::{AnyContainer, each_container};
use crate::pod::dns::sloppy_address;
use crate::pod::quantity;
use crate::{Change, Gate};

type Resources = BTreeMap<String, Quantity>;
type Annotations = BTreeMap<String, String>;

/// Labels of nodes that are no longer set, or will not be, and what takes their place.
const OLD_NODE_LABELS: [(&str, &str); 8] = [
    ("beta.kubernetes.io/arch", "use kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "use kubernetes.io/os"),
    ("failure-domain.beta.kubernetes.io/region", "use topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "use topology.kubernetes.io/zone"),
    ("beta.kubernetes.io/instance-type", "use node.kubernetes.io/instance-type"),
    ("app.kubernetes.io/created-by", "do not select nodes by it"),
    ("scheduler.alpha.kubernetes.io/preferAvoidPods", "use taints and tolerations"),
    ("node-role.kubernetes.io/master", "use node-role.kubernetes.io/control-plane"),
];

/// Annotations that do nothing any more, and the field that takes their place.
const OLD_ANNOTATIONS: [(&str, &str); 3] = [
    ("scheduler.alpha.kubernetes.io/critical-pod", "set priorityClassName"),
    ("security.alpha.kubernetes.io/sysctls", "set securityContext.sysctls"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "set securityContext.sysctls"),
];

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn warn_template(template: &PodTemplateSpec, at: &At<'_>, found: &mut Errors<'_>) {
    let Some(spec) = &template.spec else { return };
    let none = Annotations::new();
    let annotations =
        template.metadata.as_ref().and_then(|metadata| metadata.annotations.as_ref()).unwrap_or(&none);
    let metadata = at.field("metadata");
    let annotations_at = metadata.field("annotations");
    let spec_at = at.field("spec");
    warn_scheduling(spec, &spec_at, found);
    warn_pod_annotations(spec, annotations, &annotations_at, found);
    let volumes = spec_at.field("volumes");
    for (index, volume) in spec.volumes.iter().flatten().enumerate() {
        warn_volume(volume, &volumes.index(index), found);
    }
    warn_names_and_addresses(spec, &spec_at, found);
    warn_fractions(spec.overhead.as_ref(), &spec_at.field("overhead"), found);
    each_container(spec, &spec_at, |container, here| {
        warn_container_annotations(spec, &container, annotations, &annotations_at, found);
        warn_container(&container, here, found);
    });
    warn_ports(spec, &spec_at, found);
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        found.warn(
            &spec_at.field("terminationGracePeriodSeconds"),
            "a negative grace period is treated as one second",
            "set it to 0 or more",
        );
    }
}

fn old_node_label(key: &str) -> Option<&'static str> {
    OLD_NODE_LABELS.iter().find(|(label, _)| *label == key).map(|(_, instead)| *instead)
}

fn warn_node_label(key: &str, at: &At<'_>, found: &mut Errors<'_>) {
    if let Some(instead) = old_node_label(key) {
        found.warn(at, format!("the node label {key} is deprecated"), instead);
    }
}

fn warn_scheduling(spec: &PodSpec, at: &At<'_>, found: &mut Errors<'_>) {
    let selector = at.field("nodeSelector");
    for key in spec.node_selector.iter().flatten().map(|(key, _)| key) {
        warn_node_label(key, &selector.key(key), found);
    }
    let spread = at.field("topologySpreadConstraints");
    for (index, constraint) in spec.topology_spread_constraints.iter().flatten().enumerate() {
        let here = spread.index(index);
        warn_node_label(&constraint.topology_key, &here.field("topologyKey"), found);
        if constraint.label_selector.is_none() {
            warn_no_selector(&here.field("labelSelector"), found);
        }
    }
    let Some(affinity) = &spec.affinity else { return };
    let at = at.field("affinity");
    if let Some(node) = &affinity.node_affinity {
        let at = at.field("nodeAffinity");
        let required = at.field(REQUIRED);
        let terms = required.field("nodeSelectorTerms");
        let selector = node.required_during_scheduling_ignored_during_execution.as_ref();
        for (index, term) in selector.iter().flat_map(|selector| &selector.node_selector_terms).enumerate() {
            warn_node_term(term, false, &terms.index(index), found);
        }
        let preferred = at.field(PREFERRED);
        for (index, term) in
            node.preferred_during_scheduling_ignored_during_execution.iter().flatten().enumerate()
        {
            let here = preferred.index(index);
            warn_node_term(
                &term.preference,
                found.server.has(Change::NodeAffinityValues),
                &here.field("preference"),
                found,
            );
        }
    }
    let pod = affinity.pod_affinity.as_ref().map(|pod| {
        (
            "podAffinity",
            &pod.required_during_scheduling_ignored_during_execution,
            &pod.preferred_during_scheduling_ignored_during_execution,
        )
    });
    let anti = affinity.pod_anti_affinity.as_ref().map(|pod| {
        (
            "podAntiAffinity",
            &pod.required_during_scheduling_ignored_during_execution,
            &pod.preferred_during_scheduling_ignored_during_execution,
        )
    });
    for (field, required, preferred) in pod.into_iter().chain(anti) {
        let at = at.field(field);
        let here = at.field(REQUIRED);
        for (index, term) in required.iter().flatten().enumerate() {
            warn_pod_term(term, &here.index(index), found);
        }
        let here = at.field(PREFERRED);
        for (index, term) in preferred.iter().flatten().enumerate() {
            let here = here.index(index);
            warn_pod_term(&term.pod_affinity_term, &here.field("podAffinityTerm"), found);
        }
    }
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

fn warn_no_selector(at: &At<'_>, found: &mut Errors<'_>) {
    found.warn(
        at,
        "without a labelSelector no Pod is selected",
        "set labelSelector; an empty one selects every Pod",
    );
}

fn warn_pod_term(term: &PodAffinityTerm, at: &At<'_>, found: &mut Errors<'_>) {
    if term.label_selector.is_none() {
        warn_no_selector(&at.field("labelSelector"), found);
    }
}

fn warn_node_term(term: &NodeSelectorTerm, with_values: bool, at: &At<'_>, found: &mut Errors<'_>) {
    let at = at.field("matchExpressions");
    for (index, expression) in term.match_expressions.iter().flatten().enumerate() {
        let here = at.index(index);
        warn_node_label(&expression.key, &here.field("key"), found);
        let values = here.field("values");
        for (index, value) in expression.values.iter().flatten().enumerate().filter(|_| with_values) {
            for problem in names::label_value(value) {
                let message = format!("no node has this label: {} {problem}", quote(value));
                found.warn(&values.index(index), message, "use a value that a label can have");
            }
        }
    }
}

fn warn_pod_annotations(spec: &PodSpec, annotations: &Annotations, at: &At<'_>, found: &mut Errors<'_>) {
    for (key, instead) in OLD_ANNOTATIONS {
        if annotations.contains_key(key) {
            found.warn(&at.key(key), "this annotation no longer has any effect", instead);
        }
    }
    let profile = spec.security_context.as_ref().and_then(|context| context.seccomp_profile.as_ref());
    if profile.is_none() && annotations.contains_key(SECCOMP_POD) {
        found.warn(
            &at.key(SECCOMP_POD),
            "this annotation has had no effect since v1.27",
            "set securityContext.seccompProfile of the Pod",
        );
    }
}

fn warn_container_annotations(
    spec: &PodSpec,
    container: &AnyContainer<'_>,
    annotations: &Annotations,
    at: &At<'_>,
    found: &mut Errors<'_>,
) {
    if annotations.is_empty() {
        return;
    }
    let context = container.security_context;
    let key = format!("{SECCOMP_CONTAINER}{}", container.name);
    if context.is_none_or(|context| context.seccomp_profile.is_none()) && annotations.contains_key(&key) {
        found.warn(
            &at.key(&key),
            "this annotation has had no effect since v1.27",
            "set securityContext.seccompProfile of the container",
        );
    }
    if !found.server.on(Gate::AppArmorFields) {
        return;
    }
    let key = format!("{APP_ARMOR_CONTAINER}{}", container.name);
    let Some(annotation) = annotations.get(&key) else { return };
    let pod = spec.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
    let says_the_same = pod.is_some() && pod == app_armor_profile(annotation).as_ref();
    if context.is_none_or(|context| context.app_armor_profile.is_none()) && !says_the_same {
        found.warn(
            &at.key(&key),
            "this annotation is deprecated: there is a field for it",
            "set securityContext.appArmorProfile of the container",
        );
    }
}

/// The profile that an AppArmor annotation stands for.
fn app_armor_profile(annotation: &str) -> Option<AppArmorProfile> {
    let (type_, localhost_profile) = match annotation {
        "unconfined" => ("Unconfined", None),
        "runtime/default" => ("RuntimeDefault", None),
        _ => (
            "Localhost",
            Some(annotation.strip_prefix("localhost/").filter(|name| !name.is_empty())?.to_owned()),
        ),
    };
    Some(AppArmorProfile { type_: type_.to_owned(), localhost_profile })
}

fn warn_volume(volume: &Volume, at: &At<'_>, found: &mut Errors<'_>) {
    let gone = [
        ("photonPersistentDisk", volume.photon_persistent_disk.is_some()),
        ("gitRepo", volume.git_repo.is_some()),
        ("scaleIO", volume.scale_io.is_some()),
        ("flocker", volume.flocker.is_some()),
        ("storageOS", volume.storageos.is_some()),
        ("quobyte", volume.quobyte.is_some()),
        ("glusterfs", volume.glusterfs.is_some()),
        ("cephfs", volume.cephfs.is_some()),
        ("rbd", volume.rbd.is_some()),
    ];
    for (field, _) in gone.iter().filter(|(_, is_used)| *is_used) {
        let message = format!("volumes of type {field} no longer work in Kubernetes");
        found.warn(&at.field(field), message, "use a persistentVolumeClaim, or a CSI driver");
    }
    if let Some(claim) = volume.ephemeral.as_ref().and_then(|source| source.volume_claim_template.as_ref()) {
        let ephemeral = at.field("ephemeral");
        let template = ephemeral.field("volumeClaimTemplate");
        warn_claim(&claim.spec, &template.field("spec"), found);
    }
    if found.server.has(Change::OverlapWarnings) {
        warn_overlaps(volume, at, found);
    }
}

fn warn_claim(claim: &PersistentVolumeClaimSpec, at: &At<'_>, found: &mut Errors<'_>) {
    let Some(resources) = &claim.resources else { return };
    let at = at.field("resources");
    warn_fraction(resources.requests.as_ref(), "storage", &at.field("requests"), found);
    warn_fraction(resources.limits.as_ref(), "storage", &at.field("limits"), found);
}

fn warn_fractions(resources: Option<&Resources>, at: &At<'_>, found: &mut Errors<'_>) {
    warn_fraction(resources, "memory", at, found);
    warn_fraction(resources, "ephemeral-storage", at, found);
}

/// Bytes are whole.
fn warn_fraction(resources: Option<&Resources>, name: &str, at: &At<'_>, found: &mut Errors<'_>) {
    let Some(value) = resources.and_then(|resources| resources.get(name)) else { return };
    if quantity::Quantity::parse(&value.0).is_ok_and(|parsed| !parsed.round_up_to_milli().is_whole()) {
        let message = format!("{} of {name} is not a whole number of bytes", quote(&value.0));
        found.warn(&at.key(name), message, "m means thousandths; M and Mi mean millions of bytes");
    }
}

fn warn_names_and_addresses(spec: &PodSpec, at: &At<'_>, found: &mut Errors<'_>) {
    let aliases = at.field("hostAliases");
    let mut seen = BTreeSet::new();
    for (index, alias) in spec.host_aliases.iter().flatten().enumerate() {
        let here = aliases.index(index);
        if !seen.insert(&alias.ip) {
            found.warn(
                &here.field("ip"),
                "this address already has an entry",
                "put its host names in one entry",
            );
        }
        warn_address(&alias.ip, &here.field("ip"), found);
    }
    let secrets = at.field("imagePullSecrets");
    let mut seen = BTreeSet::new();
    for (index, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
        let here = secrets.index(index);
        if !seen.insert(&secret.name) {
            found.warn(&here.field("name"), "this Secret is already listed", "list each Secret once");
        }
        if secret.name.is_empty() {
            found.warn(
                &here.field("name"),
                "the name of the Secret is empty",
                "name a Secret, or remove the entry",
            );
        }
    }
    let config = at.field("dnsConfig");
    let servers = config.field("nameservers");
    let listed = spec.dns_config.as_ref().and_then(|config| config.nameservers.as_ref());
    for (index, server) in listed.into_iter().flatten().enumerate() {
        warn_address(server, &servers.index(index), found);
    }
}

/// Addresses that some programs read differently.
fn warn_address(text: &str, at: &At<'_>, found: &mut Errors<'_>) {
    if !found.server.has(Change::AddressWarnings) {
        return;
    }
    let plain = match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => address.to_string(),
        },
        Ok(IpAddr::V4(_)) => return,
        Err(_) => match sloppy_address(text) {
            Some(address) => address.to_canonical().to_string(),
            None => return,
        },
    };
    if plain != text {
        found.warn(at, "this is not the usual form of the address", &format!("write {plain}"));
    }
}

fn warn_container(container: &AnyContainer<'_>, at: &At<'_>, found: &mut Errors<'_>) {
    if let Some(resources) = container.resources {
        let here = at.field("resources");
        warn_fractions(resources.limits.as_ref(), &here.field("limits"), found);
        warn_fractions(resources.requests.as_ref(), &here.field("requests"), found);
    }
    let env = at.field("env");
    let mut seen = BTreeSet::new();
    for (index, variable) in container.env.iter().enumerate() {
        if seen.insert(&variable.name) {
            continue;
        }
        // Such as PATH=/opt/bin:$(PATH).
        let own = format!("$({})", variable.name);
        let value = variable.value.as_deref().unwrap_or_default();
        let extends = variable.value_from.is_none() && value != own && value.contains(&own);
        if !extends {
            found.warn(
                &env.index(index),
                "the variable is already set; this hides the earlier value, and kubectl apply may drop one of them",
                "keep one of them",
            );
        }
    }
}
