//! Annotations of a Pod template that mean something to the server, most of them older forms of fields.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use super::{Errors, quote};
use crate::{Cause, Gate, Topic, pod};
use jobguard_manifest::At;

const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Checks the annotations at `at`, which the server calls `named`.
pub(super) fn validate_legacy_annotations(
    annotations: &BTreeMap<String, String>,
    spec: &PodSpec,
    named: &At<'_>,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    if let Some(text) = annotations.get(pod::TOLERATIONS) {
        pod::validate_tolerations(text, named, &at.key(pod::TOLERATIONS), errors);
    }
    let checks_cost = errors.server.on(Gate::PodDeletionCost) && !errors.kept.deletion_cost;
    // Looked up for each annotation: there can be many of both.
    let containers: LazyCell<BTreeSet<&str>, _> = LazyCell::new(|| container_names(spec));
    let mut add = |field: &At<'_>, key: &str, message: String, help: &str| {
        errors.add(field, Cause::Invalid, Topic::Metadata, message).at(at.key(key).to_path()).help(help);
    };
    for (key, value) in annotations {
        if key == MIRROR && spec.node_name.as_deref().unwrap_or_default().is_empty() {
            let message = "this annotation marks the copy of a Pod that a node runs on its own".to_owned();
            add(&named.key(key), key, message, "remove it");
        } else if key == DELETION_COST && checks_cost && !is_cost(value) {
            let message = format!("{} is not a 32-bit whole number", quote(value));
            add(
                &named.key(key),
                key,
                message,
                "write a number such as \"100\" or \"-5\", without + or leading zeros",
            );
        } else if (key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER)) && !is_seccomp_profile(value) {
            let message = format!("{} is not a seccomp profile", quote(value));
            add(&named.field(key), key, message, "set the field securityContext.seccompProfile instead");
        } else if let Some(container) = key.strip_prefix(APP_ARMOR_CONTAINER) {
            const HELP: &str = "set the field securityContext.appArmorProfile instead";
            if !containers.contains(container) {
                add(&named.key(key), key, format!("the Pod has no container {}", quote(container)), HELP);
            }
            if !is_app_armor_profile(value) {
                add(&named.key(key), key, format!("{} is no AppArmor profile", quote(value)), HELP);
            }
        }
    }
}

/// Whether the annotations of a template name a deletion cost that is none.
pub(crate) fn has_broken_cost(template: &PodTemplateSpec) -> bool {
    let annotations = template.metadata.as_ref().and_then(|metadata| metadata.annotations.as_ref());
    annotations.and_then(|annotations| annotations.get(DELETION_COST)).is_some_and(|cost| !is_cost(cost))
}

/// A number as the server reads it here: no plus sign, no needless zeros.
fn is_cost(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let starts_well = text == "0" || (!text.starts_with(['+', '0']) && !digits.is_empty());
    starts_well && digits.bytes().all(|b| b.is_ascii_digit()) && text.parse::<i32>().is_ok()
}

fn is_seccomp_profile(text: &str) -> bool {
    match text.strip_prefix("localhost/") {
        Some(path) => !path.starts_with('/') && path.split('/').all(|part| part != ".."),
        None => matches!(text, "runtime/default" | "docker/default" | "unconfined"),
    }
}

fn is_app_armor_profile(text: &str) -> bool {
    matches!(text, "" | "runtime/default" | "unconfined") || text.starts_with("localhost/")
}

fn container_names(spec: &PodSpec) -> BTreeSet<&str> {
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let ephemeral = spec.ephemeral_containers.iter().flatten();
    containers.map(|c| c.name.as_str()).chain(ephemeral.map(|c| c.name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs() {
        for text in ["0", "5", "-5", "2147483647", "-2147483648", "-0"] {
            assert!(is_cost(text), "{text}");
        }
        for text in ["", "-", "+5", "05", "5.0", "x", "2147483648", " 5"] {
            assert!(!is_cost(text), "{text}");
        }
    }

    #[test]
    fn profiles() {
        for text in ["runtime/default", "docker/default", "unconfined", "localhost/a/b", "localhost/"] {
            assert!(is_seccomp_profile(text), "{text}");
        }
        for text in ["", "localhost", "localhost//a", "localhost/../a", "foo"] {
            assert!(!is_seccomp_profile(text), "{text}");
        }
        assert!(is_app_armor_profile("localhost/"));
        assert!(!is_app_armor_profile("foo"));
    }
}
