//! Volumes that bring their own PersistentVolumeClaim.

use k8s_openapi::api::core::v1::{EphemeralVolumeSource, PersistentVolumeClaimSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::resources::amount;
use super::selector;
use crate::Gate;
use crate::errors::{Errors, list, quote};
use crate::names;
use jobguard_manifest::At;

const ACCESS_MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// The most that annotations may add up to, keys and values.
const ANNOTATION_BYTES: usize = 256 * 1024;

/// Checks a volume of type `ephemeral`.
pub(super) fn check(source: &EphemeralVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    let at = at.field("volumeClaimTemplate");
    let Some(template) = &source.volume_claim_template else {
        return report.required(&at, "describe the claim to make for the Pod");
    };
    if let Some(metadata) = &template.metadata {
        self::metadata(metadata, &at.field("metadata"), report);
    }
    claim(&template.spec, &at.field("spec"), report);
}

fn metadata(metadata: &ObjectMeta, at: &At<'_>, report: &mut Errors<'_>) {
    let here = at.field("annotations");
    let mut bytes = 0;
    for (key, value) in metadata.annotations.iter().flatten() {
        bytes += key.len() + value.len();
        report.name((&here, &here.key(key)), key, names::qualified_name(&names::lower(key)));
    }
    if bytes > ANNOTATION_BYTES {
        report.too_long(&here, "the annotations are too large: use at most 256 KiB for all of them together");
    }
    selector::labels(metadata.labels.as_ref(), &at.field("labels"), report);
    let filled = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    for (named, real, set) in [
        ("name", "name", filled(&metadata.name)),
        ("generateName", "generateName", filled(&metadata.generate_name)),
        ("namespace", "namespace", filled(&metadata.namespace)),
        ("selfLink", "selfLink", filled(&metadata.self_link)),
        ("uID", "uid", filled(&metadata.uid)),
        ("resourceVersion", "resourceVersion", filled(&metadata.resource_version)),
        ("generation", "generation", metadata.generation.is_some_and(|generation| generation != 0)),
        ("creationTimestamp", "creationTimestamp", metadata.creation_timestamp.is_some()),
        ("deletionTimestamp", "deletionTimestamp", metadata.deletion_timestamp.is_some()),
        (
            "deletionGracePeriodSeconds",
            "deletionGracePeriodSeconds",
            metadata.deletion_grace_period_seconds.is_some(),
        ),
        ("ownerReferences", "ownerReferences", metadata.owner_references.is_some()),
        ("finalizers", "finalizers", metadata.finalizers.is_some()),
        ("managedFields", "managedFields", metadata.managed_fields.is_some()),
    ] {
        if set {
            report.forbidden(
                (&at.field(named), &at.field(real)),
                "the claim of a volume takes labels and annotations only: remove this",
            );
        }
    }
}

fn claim(spec: &PersistentVolumeClaimSpec, at: &At<'_>, report: &mut Errors<'_>) {
    access_modes(list(&spec.access_modes), &at.field("accessModes"), report);
    selector::check(spec.selector.as_ref(), &at.field("selector"), report);

    let resources = at.field("resources");
    let requests = resources.field("requests");
    let place = (&resources.key("storage"), &requests.key("storage"));
    let request = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref()?.get("storage"));
    match request.map(amount) {
        None => report.required(place, "say how much storage the claim requests"),
        Some(size) if size.is_zero() || size.is_negative() => {
            report.invalid(place, "a claim cannot request nothing: use an amount above 0");
        }
        Some(_) => {}
    }

    for (name, class) in [
        ("storageClassName", &spec.storage_class_name),
        ("volumeAttributesClassName", &spec.volume_attributes_class_name),
    ] {
        if let Some(class) = class
            && !class.is_empty()
            && (name == "storageClassName" || report.server.on(Gate::VolumeAttributesClass))
        {
            report.name(&at.field(name), class, names::dns_subdomain(class));
        }
    }
    if let Some(mode) = spec.volume_mode.as_deref()
        && !matches!(mode, "Block" | "Filesystem")
    {
        report.not_supported(&at.field("volumeMode"), mode, &["Block", "Filesystem"]);
    }
    data_sources(spec, at, report);
}

fn access_modes(modes: &[String], at: &At<'_>, report: &mut Errors<'_>) {
    if modes.is_empty() {
        report.required(at, "a claim needs an access mode, such as ReadWriteOnce");
    }
    let (mut one_pod, mut others) = (false, false);
    for (index, mode) in modes.iter().map(String::as_str).enumerate() {
        if !ACCESS_MODES.contains(&mode) {
            report.not_supported((at, &at.index(index)), mode, ACCESS_MODES);
        } else if mode == "ReadWriteOncePod" {
            one_pod = true;
        } else {
            others = true;
        }
    }
    if one_pod && others {
        report.forbidden(at, "ReadWriteOncePod cannot be combined: remove it or the other access modes");
    }
}

fn data_sources(spec: &PersistentVolumeClaimSpec, at: &At<'_>, report: &mut Errors<'_>) {
    if let Some(source) = &spec.data_source {
        let place = at.field("dataSource");
        reference(&source.name, &source.kind, source.api_group.as_deref(), &place, report);
    }
    let Some(source_ref) = &spec.data_source_ref else { return };
    let place = at.field("dataSourceRef");
    reference(&source_ref.name, &source_ref.kind, source_ref.api_group.as_deref(), &place, report);
    let namespace = source_ref.namespace.as_deref().unwrap_or_default();
    if !namespace.is_empty() {
        report.name(&place.field("namespace"), namespace, names::dns_label(namespace));
    }
    let Some(source) = &spec.data_source else { return };
    let place = (at, &at.field("dataSource"));
    if !namespace.is_empty() {
        report.invalid(place, "a dataSourceRef with a namespace cannot be combined: remove the dataSource");
    } else if (&source.api_group, &source.kind, &source.name)
        != (&source_ref.api_group, &source_ref.kind, &source_ref.name)
    {
        report.invalid(place, "dataSource and dataSourceRef must say the same: remove the dataSource");
    }
}

fn reference(name: &str, kind: &str, api_group: Option<&str>, at: &At<'_>, report: &mut Errors<'_>) {
    if name.is_empty() {
        report.required(&at.field("name"), "name the object to fill the volume from");
    }
    if kind.is_empty() {
        report.required(&at.field("kind"), "give the kind of the object to fill the volume from");
    }
    match api_group.unwrap_or_default() {
        "" if kind != "PersistentVolumeClaim" => report.invalid(
            (at, &at.field("kind")),
            format!("{} needs an apiGroup: only PersistentVolumeClaim has none", quote(kind)),
        ),
        "" => {}
        group => report.name(&at.field("apiGroup"), group, names::dns_subdomain(group)),
    }
}
