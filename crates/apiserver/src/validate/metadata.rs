//! `metadata` of the object itself.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::labels::{validate_annotations, validate_labels};
use super::{Errors, names, quote};
use crate::{Cause, Topic};
use jobguard_manifest::At;

/// What a name of a Job or CronJob may look like.
const NAME_HELP: &str = "choose a name such as nightly-backup";
/// Finalizers without a domain that Kubernetes itself uses.
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", ORPHAN, FOREGROUND];
const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// What is checked of the metadata of a new object, and of a Job on every update.
pub(super) fn validate_metadata(metadata: &ObjectMeta, errors: &mut Errors<'_>) {
    let root = At::root();
    validate_names(metadata, &root.field("metadata"), errors);
    validate_metadata_common(metadata, errors);
}

/// What is checked of every object's metadata, on create and on update. `managedFields` are not: the server writes
/// them anew before it looks.
pub(crate) fn validate_metadata_common(metadata: &ObjectMeta, errors: &mut Errors<'_>) {
    let root = At::root();
    let at = root.field("metadata");
    if let Some(namespace) = metadata.namespace.as_deref().filter(|namespace| !namespace.is_empty()) {
        for problem in names::dns_label(namespace) {
            let message = format!("the namespace {} {problem}", quote(namespace));
            errors.add(&at.field("namespace"), Cause::Invalid, Topic::Name, message);
        }
    }
    if metadata.generation.is_some_and(|generation| generation < 0) {
        errors.add(
            &at.field("generation"),
            Cause::Invalid,
            Topic::Metadata,
            "a generation cannot be negative",
        );
    }
    validate_maps(metadata, &at, errors);
    validate_finalizers(metadata.finalizers.as_deref().unwrap_or_default(), &at, errors);
}

/// The rules of `metadata` on update alone: what cannot change, and what may no longer be added.
pub(crate) fn validate_metadata_update(new: &ObjectMeta, old: &ObjectMeta, errors: &mut Errors<'_>) {
    let root = At::root();
    let at = root.field("metadata");
    if old.deletion_timestamp.is_some() {
        let known: BTreeSet<&String> = old.finalizers.iter().flatten().collect();
        if let Some(added) = new.finalizers.iter().flatten().find(|finalizer| !known.contains(finalizer)) {
            let message = format!("the object is being deleted, and {} is a new finalizer", quote(added));
            errors
                .add(&at.field("finalizers"), Cause::Forbidden, Topic::Metadata, message)
                .help("once deletion has begun, finalizers can only be removed");
        }
    }
    if new.resource_version.as_deref().unwrap_or_default().is_empty() {
        errors
            .add(
                &at.field("resourceVersion"),
                Cause::Invalid,
                Topic::Metadata,
                "an update needs the resourceVersion",
            )
            .help("read the object, change it, and send it back");
    }
    if new.generation.unwrap_or_default() < old.generation.unwrap_or_default() {
        errors.add(&at.field("generation"), Cause::Invalid, Topic::Metadata, "the generation cannot go back");
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let fixed = [
        ("name", text(&new.name) != text(&old.name)),
        ("namespace", text(&new.namespace) != text(&old.namespace)),
        ("uid", text(&new.uid) != text(&old.uid)),
        ("creationTimestamp", new.creation_timestamp != old.creation_timestamp),
        ("deletionTimestamp", new.deletion_timestamp != old.deletion_timestamp),
        (
            "deletionGracePeriodSeconds",
            new.deletion_grace_period_seconds != old.deletion_grace_period_seconds,
        ),
    ];
    for (field, changed) in fixed {
        if changed {
            let message = format!("{field} cannot be changed once the object exists");
            errors.add(&at.field(field), Cause::Invalid, Topic::Metadata, message);
        }
    }
}

/// A `generateName` becomes part of a web address, and the server looks at that after all else.
pub(crate) fn validate_generate_name_segment(metadata: &ObjectMeta, errors: &mut Errors<'_>) {
    let root = At::root();
    let at = root.field("metadata");
    if let Some(prefix) = metadata.generate_name.as_deref()
        && let Some(c) = prefix.chars().find(|c| matches!(c, '/' | '%'))
    {
        let message = format!("the generateName {} has the character {c:?}", quote(prefix));
        errors.add(&at.field("generateName"), Cause::Invalid, Topic::Name, message).help(NAME_HELP);
    }
}

fn validate_names(metadata: &ObjectMeta, at: &At<'_>, errors: &mut Errors<'_>) {
    if let Some(prefix) = metadata.generate_name.as_deref().filter(|prefix| !prefix.is_empty()) {
        for problem in names::dns_subdomain_prefix(prefix) {
            let message = format!("the generateName {} {problem}", quote(prefix));
            errors.add(&at.field("generateName"), Cause::Invalid, Topic::Name, message).help(NAME_HELP);
        }
    }
    match metadata.name.as_deref() {
        None | Some("") => {
            errors
                .add(&at.field("name"), Cause::Required, Topic::Name, "the object has no name")
                .help("set metadata.name, or metadata.generateName to have the server choose one");
        }
        Some(name) => {
            for problem in names::dns_subdomain(name) {
                let message = format!("the name {} {problem}", quote(name));
                errors.add(&at.field("name"), Cause::Invalid, Topic::Name, message).help(NAME_HELP);
            }
        }
    }
}

fn validate_maps(metadata: &ObjectMeta, at: &At<'_>, errors: &mut Errors<'_>) {
    let labels = at.field("labels");
    validate_labels(metadata.labels.as_ref(), &labels, &labels, errors);
    let annotations = at.field("annotations");
    validate_annotations(metadata.annotations.as_ref(), &annotations, &annotations, errors);
    validate_owners(metadata.owner_references.as_deref().unwrap_or_default(), at, errors);
}

fn validate_owners(owners: &[OwnerReference], at: &At<'_>, errors: &mut Errors<'_>) {
    // The server leaves the index out.
    let named = at.field("ownerReferences");
    let mut controller: Option<&OwnerReference> = None;
    for (index, owner) in owners.iter().enumerate() {
        let here = named.index(index);
        let group_version: Vec<&str> = owner.api_version.split('/').collect();
        let (group, version) = match group_version.as_slice() {
            [version] => ("", *version),
            [group, version] => (*group, *version),
            _ => ("", ""),
        };
        let missing = [
            (
                "apiVersion",
                version.is_empty(),
                "an owner needs an apiVersion with a version, such as batch/v1",
            ),
            ("kind", owner.kind.is_empty(), "an owner needs a kind"),
            ("name", owner.name.is_empty(), "an owner needs a name"),
            ("uid", owner.uid.is_empty(), "an owner needs its uid"),
        ];
        for (field, wrong, message) in missing {
            if wrong {
                errors
                    .add(&named.field(field), Cause::Invalid, Topic::Metadata, message)
                    .at(here.field(field).to_path())
                    .help("owner references are set by controllers; in a manifest they are better left out");
            }
        }
        if group.is_empty() && version == "v1" && owner.kind == "Event" {
            errors
                .add(&named, Cause::Invalid, Topic::Metadata, "an Event cannot own anything")
                .at(here.to_path());
        }
        if owner.controller == Some(true) {
            if controller.is_some() {
                errors
                    .add(&named, Cause::Invalid, Topic::Metadata, "two owners say controller: true; one may")
                    .at(here.field("controller").to_path());
            }
            controller = Some(owner);
        }
    }
}

fn validate_finalizers(finalizers: &[String], at: &At<'_>, errors: &mut Errors<'_>) {
    const HELP: &str = "a finalizer is written with its domain: example.com/cleanup";
    let named = at.field("finalizers");
    for (index, finalizer) in finalizers.iter().enumerate() {
        let here = named.index(index);
        for problem in names::qualified_name(finalizer) {
            let message = format!("the finalizer {} {problem}", quote(finalizer));
            errors.add(&named, Cause::Invalid, Topic::Metadata, message).at(here.to_path()).help(HELP);
        }
        validate_finalizer_domain(finalizer, &here, errors);
    }
    let has = |name: &str| finalizers.iter().any(|finalizer| finalizer == name);
    if has(ORPHAN) && has(FOREGROUND) {
        let message = format!("the finalizers {ORPHAN} and {FOREGROUND} contradict each other");
        errors.add(&named, Cause::Invalid, Topic::Metadata, message).help("keep one of the two");
    }
}

fn validate_finalizer_domain(finalizer: &str, at: &At<'_>, errors: &mut Errors<'_>) {
    if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(&finalizer) {
        let message = format!("the finalizer {} has no domain", quote(finalizer));
        errors
            .add(at, Cause::Invalid, Topic::Metadata, message)
            .help("a finalizer is written with its domain: example.com/cleanup");
    }
}
