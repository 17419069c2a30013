//! References to fields of the Pod and to resources of its containers: the downward API.

use k8s_openapi::api::core::v1::{ObjectFieldSelector, PodSpec, ResourceFieldSelector};

use super::any_container::each_container;
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
