//! How the lists and objects of the batch and Pod types are merged: what the Kubernetes types declare, for each of the
//! two ways to apply.
//!
//! Taken from the OpenAPI description of Kubernetes 1.36: `x-kubernetes-patch-strategy` and
//! `x-kubernetes-patch-merge-key` for the strategic merge patch, `x-kubernetes-list-type`, `x-kubernetes-list-map-keys`
//! and `x-kubernetes-map-type` for server-side apply. What is not listed is replaced as a whole.

use super::way::Way;

/// How a list is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elements {
    /// Elements of the same key are one element.
    Keyed {
        /// The fields that are the key.
        keys: &'static [&'static str],
        /// Whether fields that the new element lacks are removed, also where others have set them.
        retain_keys: bool,
    },
    /// Each value once.
    Set,
    /// The new list takes the place of the old one.
    Atomic,
}

const fn keyed(keys: &'static [&'static str]) -> Elements {
    Elements::Keyed { keys, retain_keys: false }
}

const fn retaining(keys: &'static [&'static str]) -> Elements {
    Elements::Keyed { keys, retain_keys: true }
}

const NAME: &[&str] = &["name"];

type Lists = &'static [(&'static str, &'static str, Elements)];

/// The lists that both ways merge alike: type, field, how.
const BOTH: Lists = &[
    ("Container", "env", keyed(NAME)),
    ("Container", "volumeDevices", keyed(&["devicePath"])),
    ("Container", "volumeMounts", keyed(&["mountPath"])),
    ("EphemeralContainer", "env", keyed(NAME)),
    ("EphemeralContainer", "volumeDevices", keyed(&["devicePath"])),
    ("EphemeralContainer", "volumeMounts", keyed(&["mountPath"])),
    ("ObjectMeta", "finalizers", Elements::Set),
    ("ObjectMeta", "ownerReferences", keyed(&["uid"])),
    ("PodSpec", "containers", keyed(NAME)),
    ("PodSpec", "ephemeralContainers", keyed(NAME)),
    ("PodSpec", "hostAliases", keyed(&["ip"])),
    ("PodSpec", "imagePullSecrets", keyed(NAME)),
    ("PodSpec", "initContainers", keyed(NAME)),
    ("PodSpec", "schedulingGates", keyed(NAME)),
];

/// Those of the strategic merge patch alone.
const STRATEGIC: Lists = &[
    // The protocol is no part of the key here, so that of two ports of one number one is lost.
    ("Container", "ports", keyed(&["containerPort"])),
    ("EphemeralContainer", "ports", keyed(&["containerPort"])),
    ("PodSpec", "resourceClaims", retaining(NAME)),
    ("PodSpec", "topologySpreadConstraints", keyed(&["topologyKey"])),
    ("PodSpec", "volumes", retaining(NAME)),
];

/// Those of server-side apply alone.
const SERVER_SIDE: Lists = &[
    ("Container", "ports", keyed(&["containerPort", "protocol"])),
    ("ContainerRestartRuleOnExitCodes", "values", Elements::Set),
    ("EphemeralContainer", "ports", keyed(&["containerPort", "protocol"])),
    ("PodFailurePolicyOnExitCodesRequirement", "values", Elements::Set),
    ("PodSpec", "resourceClaims", keyed(NAME)),
    ("PodSpec", "topologySpreadConstraints", keyed(&["topologyKey", "whenUnsatisfiable"])),
    ("PodSpec", "volumes", keyed(NAME)),
    ("ResourceRequirements", "claims", keyed(NAME)),
];

/// Types that server-side apply replaces as a whole.
const ATOMIC_TYPES: &[&str] = &[
    "ConfigMapKeySelector",
    "FileKeySelector",
    "LabelSelector",
    "LocalObjectReference",
    "NodeSelector",
    "NodeSelectorTerm",
    "ObjectFieldSelector",
    "OwnerReference",
    "ResourceFieldSelector",
    "SecretKeySelector",
    "TypedLocalObjectReference",
];

/// Free maps that server-side apply replaces as a whole.
const ATOMIC_MAPS: &[(&str, &str)] = &[("PodSpec", "nodeSelector")];

/// How the list `field` of the type `ty` is merged.
pub(super) fn elements(way: Way, ty: &str, field: &str) -> Elements {
    let own = match way {
        Way::Strategic => STRATEGIC,
        Way::ServerSide => SERVER_SIDE,
    };
    let found = BOTH.iter().chain(own).find(|(of, name, _)| *of == ty && *name == field);
    found.map_or(Elements::Atomic, |(_, _, how)| *how)
}

/// Whether an object of this type is replaced as a whole.
pub(super) fn is_atomic_type(way: Way, ty: &str) -> bool {
    way == Way::ServerSide && ATOMIC_TYPES.contains(&ty)
}

/// Whether the free map `field` of the type `ty` is replaced as a whole.
pub(super) fn is_atomic_map(way: Way, ty: &str, field: &str) -> bool {
    way == Way::ServerSide && ATOMIC_MAPS.contains(&(ty, field))
}

/// What stands for a key that an element does not write.
pub(super) fn default_of_key(way: Way, key: &str) -> Option<&'static str> {
    (way == Way::ServerSide && key == "protocol").then_some("TCP")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Schema, Shape};

    #[test]
    fn every_list_is_one_of_the_schema() {
        let schema = Schema::newest();
        let shape = |ty: &str, field: &str| {
            let id = schema.named(ty).unwrap_or_else(|| panic!("{ty} is gone"));
            let field = schema.field(id, field).unwrap_or_else(|| panic!("{ty}.{field} is gone"));
            &field.shape
        };
        for (ty, field, how) in BOTH.iter().chain(STRATEGIC).chain(SERVER_SIDE) {
            let Shape::List(element) = shape(ty, field) else { panic!("{ty}.{field} is no list") };
            let Elements::Keyed { keys, .. } = how else { continue };
            let Shape::Object(id) = **element else { panic!("{ty}.{field} has no objects") };
            for key in *keys {
                assert!(schema.field(id, key).is_some(), "{ty}.{field} has no {key}");
            }
        }
        for ty in ATOMIC_TYPES {
            assert!(schema.named(ty).is_some(), "{ty} is gone");
        }
        for (ty, field) in ATOMIC_MAPS {
            assert!(matches!(shape(ty, field), Shape::Map(_)), "{ty}.{field}");
        }
    }
}
