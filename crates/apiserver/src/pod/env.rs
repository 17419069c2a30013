//! Environment variables and where their values come from.
//!
//! Messages never show a value, only names.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, ObjectFieldSelector, PodSpec,
    ResourceFieldSelector, Volume,
};

use super::any_container::each_container;
use super::containers::PodContext;
use super::file_paths;
use super::quantity::Quantity;
use crate::Gate;
use crate::errors::{Errors, list, quote, text};
use crate::names;
use jobguard_manifest::At;

/// Fields of the Pod that the downward API serves at all.
const KNOWN_FIELDS: [&str; 15] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
    "spec.host",
];

/// Fields that a variable can take its value from.
pub(super) const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Fields that a file of a volume can take its content from.
pub(super) const VOLUME_FIELDS: &[&str] =
    &["metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"];

const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
];

/// Checks a container's `env`.
pub(super) fn check(variables: &[EnvVar], pod: &PodContext<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    for (index, variable) in variables.iter().enumerate() {
        let at = at.index(index);
        if variable.name.is_empty() {
            report.required(&at.field("name"), "a variable needs a name");
        } else {
            report.name(&at.field("name"), &variable.name, pod.env_name(&variable.name));
        }
        if let Some(source) = &variable.value_from {
            value_from(source, !text(&variable.value).is_empty(), &at.field("valueFrom"), report);
        }
    }
}

fn value_from(source: &EnvVarSource, has_value: bool, at: &At<'_>, report: &mut Errors<'_>) {
    let mut sources = 0;
    if let Some(field) = &source.field_ref {
        sources += 1;
        field_selector(field, ENV_FIELDS, &at.field("fieldRef"), report);
        host_ips(field, &at.field("fieldRef"), report);
    }
    if let Some(resource) = &source.resource_field_ref {
        sources += 1;
        resource_selector(resource, false, &at.field("resourceFieldRef"), report);
    }
    if let Some(selector) = &source.config_map_key_ref {
        sources += 1;
        key_selector(&selector.name, &selector.key, &at.field("configMapKeyRef"), report);
    }
    if let Some(selector) = &source.secret_key_ref {
        sources += 1;
        key_selector(&selector.name, &selector.key, &at.field("secretKeyRef"), report);
    }
    if let Some(selector) = &source.file_key_ref {
        sources += 1;
        file_key_selector(selector, &at.field("fileKeyRef"), report);
    }
    if sources == 0 {
        report.invalid(
            at,
            "say where the value comes from: fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef or fileKeyRef",
        );
    } else if has_value {
        report.invalid(at, "a variable has either a value or a valueFrom: remove one");
    } else if sources > 1 {
        report.invalid(at, "a value comes from one source only: remove the others");
    }
}

/// Checks a reference to a field of the Pod.
pub(super) fn field_selector(
    selector: &ObjectFieldSelector,
    fields: &[&str],
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let version = text(&selector.api_version);
    if version.is_empty() {
        return report.required(&at.field("apiVersion"), "set v1");
    }
    let here = at.field("fieldPath");
    let path = selector.field_path.as_str();
    if path.is_empty() {
        return report.required(&here, "name a field of the Pod, such as metadata.name");
    }
    if version != "v1" {
        return report.invalid(
            (&here, &at.field("apiVersion")),
            format!("{} is not the API version of a Pod: use v1", quote(version)),
        );
    }
    if let Some((map, key)) = subscripted(path) {
        match map {
            "metadata.annotations" => {
                report.name((at, &here), key, names::qualified_name(&names::lower(key)))
            }
            "metadata.labels" => report.name((at, &here), key, names::qualified_name(key)),
            _ => report.invalid(
                &here,
                format!(
                    "{} takes no key in brackets: only metadata.labels and metadata.annotations do",
                    quote(path)
                ),
            ),
        }
    } else if !KNOWN_FIELDS.contains(&path) {
        report.invalid(&here, format!("{} is not a field that can be referred to", quote(path)));
    } else if !fields.contains(&if path == "spec.host" { "spec.nodeName" } else { path }) {
        report.not_supported(&here, path, fields);
    }
}

/// Checks that a gate of old versions lets a field refer to all addresses of the node.
pub(super) fn host_ips(selector: &ObjectFieldSelector, at: &At<'_>, report: &mut Errors<'_>) {
    const FIELD: &str = "status.hostIPs";
    if selector.field_path == FIELD && !report.allows(Gate::PodHostIPs, |old| refers_to(old, FIELD)) {
        report.forbidden(at, "the feature gate PodHostIPs is off: use status.hostIP");
    }
}

/// Whether a variable or a file has its value from a field of the Pod.
fn refers_to(pod: &PodSpec, field: &str) -> bool {
    let mut found = false;
    each_container(pod, &At::root(), |container, _| {
        let mut fields =
            container.env.iter().filter_map(|variable| variable.value_from.as_ref()?.field_ref.as_ref());
        found = found || fields.any(|selector| selector.field_path == field);
    });
    let volumes = || list(&pod.volumes).iter();
    let of_projected = volumes().filter_map(|volume| volume.projected.as_ref());
    let of_projected = of_projected.flat_map(|projected| list(&projected.sources));
    let of_projected = of_projected.filter_map(|source| source.downward_api.as_ref()?.items.as_ref());
    let mut files = volumes()
        .filter_map(|volume| volume.downward_api.as_ref()?.items.as_ref())
        .chain(of_projected)
        .flatten();
    found || files.any(|file| file.field_ref.as_ref().is_some_and(|selector| selector.field_path == field))
}

/// Takes `path['key']` apart.
fn subscripted(path: &str) -> Option<(&str, &str)> {
    let (map, key) = path.strip_suffix("']")?.split_once("['")?;
    (!map.is_empty()).then_some((map, key))
}

/// Checks a reference to a resource of a container. A volume must name the container.
pub(super) fn resource_selector(
    selector: &ResourceFieldSelector,
    in_volume: bool,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let resource = selector.resource.as_str();
    let huge_pages = resource.starts_with("requests.hugepages-") || resource.starts_with("limits.hugepages-");
    if in_volume && text(&selector.container_name).is_empty() {
        report.required(&at.field("containerName"), "name the container whose resource it is");
    } else if resource.is_empty() {
        report.required(&at.field("resource"), "name a resource, such as limits.memory");
    } else if !RESOURCES.contains(&resource) && !huge_pages {
        report.not_supported(&at.field("resource"), resource, RESOURCES);
    }
    let divisor = selector.divisor.as_ref().and_then(|divisor| Quantity::parse(divisor.0.trim()).ok());
    let Some(divisor) = divisor.filter(|divisor| !divisor.is_zero()) else { return };
    // The server compares the text, so that 1 may not be written as 1.0 or 1e0 where that is not its canonical form.
    let written = divisor.canonical();
    let bytes = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let units: &[&str] = match resource {
        "limits.cpu" | "requests.cpu" => &["1m", "1"],
        _ if huge_pages || RESOURCES.contains(&resource) => &bytes,
        _ => return,
    };
    if !units.contains(&written.as_str()) {
        report.invalid(
            &at.field("divisor"),
            format!("{} cannot divide this resource: use {}", quote(&written), crate::errors::one_of(units)),
        );
    }
}

fn key_selector(name: &str, key: &str, at: &At<'_>, report: &mut Errors<'_>) {
    report.name(&at.field("name"), name, names::dns_subdomain(name));
    if key.is_empty() {
        report.required(&at.field("key"), "name the key to take");
    } else {
        report.name(&at.field("key"), key, names::config_key(key));
    }
}

fn file_key_selector(selector: &FileKeySelector, at: &At<'_>, report: &mut Errors<'_>) {
    let FileKeySelector { key, path, volume_name, .. } = selector;
    if key.is_empty() {
        report.required(&at.field("key"), "name the variable to take from the file");
    } else {
        report.name(&at.field("key"), key, names::env_name(key));
    }
    if volume_name.is_empty() {
        report.required(&at.field("volumeName"), "name the emptyDir volume that holds the file");
    } else {
        report.name(&at.field("volumeName"), volume_name, names::dns_label(volume_name));
    }
    if path.is_empty() {
        report.required(&at.field("path"), "give the path of the file in the volume");
    } else {
        file_paths::no_backsteps(path, &at.field("path"), report);
    }
}

/// Whether a Pod has a variable with a name that only relaxed validation allows, and `old` has it too: a Pod that has
/// such names may keep them.
pub(super) fn shares_odd_name(new: &PodSpec, old: &PodSpec) -> bool {
    let odd = |pod: &PodSpec| {
        let mut found = BTreeSet::new();
        each_container(pod, &At::root(), |container, _| {
            let names = container.env.iter().map(|variable| variable.name.as_str());
            let prefixes = container.env_from.iter().map(|source| text(&source.prefix));
            found.extend(
                names
                    .chain(prefixes)
                    .filter(|name| {
                        !names::strict_env_name(name).is_empty() && names::env_name(name).is_empty()
                    })
                    .map(str::to_owned),
            );
        });
        found
    };
    !odd(new).is_disjoint(&odd(old))
}

/// Checks that files which variables are read from lie in volumes of type `emptyDir`.
pub(super) fn file_volumes(spec: &PodSpec, at: &At<'_>, report: &mut Errors<'_>) {
    let volumes: BTreeMap<&str, &Volume> =
        list(&spec.volumes).iter().map(|volume| (volume.name.as_str(), volume)).collect();
    each_container(spec, at, |container, at| {
        let at = at.field("env");
        for (index, variable) in container.env.iter().enumerate() {
            let Some(selector) = variable.value_from.as_ref().and_then(|source| source.file_key_ref.as_ref())
            else {
                continue;
            };
            let name = selector.volume_name.as_str();
            let at = at.index(index);
            let at = at.field("valueFrom");
            let at = at.field("fileKeyRef");
            match volumes.get(name) {
                None => report.not_found(&at.field("volumeName"), name, "is not a volume of this Pod"),
                Some(volume) if volume.empty_dir.is_none() => report.invalid(
                    &at.field("volumeName"),
                    format!("{} is not an emptyDir volume: variables can be read from no other", quote(name)),
                ),
                Some(_) => {}
            }
        }
    });
}

/// Checks a container's `envFrom`.
pub(super) fn check_from(
    sources: &[EnvFromSource],
    pod: &PodContext<'_>,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    for (index, source) in sources.iter().enumerate() {
        let here = at.index(index);
        let prefix = text(&source.prefix);
        if !prefix.is_empty() {
            report.name(&here.field("prefix"), prefix, pod.env_name(prefix));
        }
        let config_map = source.config_map_ref.as_ref().map(|source| &source.name);
        let secret = source.secret_ref.as_ref().map(|source| &source.name);
        for (field, name) in [("configMapRef", config_map), ("secretRef", secret)] {
            let Some(name) = name else { continue };
            let place = here.field(field);
            if name.is_empty() {
                report.required(&place.field("name"), "name the object that holds the variables");
            } else {
                report.name(&place.field("name"), name, names::dns_subdomain_prefix(name));
            }
        }
        match (config_map, secret) {
            (None, None) => {
                report.invalid((at, &here), "say where variables come from: configMapRef or secretRef")
            }
            (Some(_), Some(_)) => {
                report.invalid(
                    (at, &here),
                    "an entry has one source only: make two of configMapRef and secretRef",
                );
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_brackets() {
        assert_eq!(subscripted("metadata.labels['a']"), Some(("metadata.labels", "a")));
        assert_eq!(subscripted("metadata.labels['a['b']"), Some(("metadata.labels", "a['b")));
        assert_eq!(subscripted("metadata.labels['']"), Some(("metadata.labels", "")));
        assert_eq!(subscripted("['a']"), None);
        assert_eq!(subscripted("metadata.labels"), None);
        assert_eq!(subscripted("a']"), None);
    }
}
