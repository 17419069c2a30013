//! Volumes on disks of clouds and storage systems that were once built in.

use k8s_openapi::api::core::v1::{
    AWSElasticBlockStoreVolumeSource, AzureDiskVolumeSource, CinderVolumeSource, FCVolumeSource,
    GCEPersistentDiskVolumeSource, LocalObjectReference, PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource, ScaleIOVolumeSource, StorageOSVolumeSource, VsphereVirtualDiskVolumeSource,
};

use crate::errors::{Errors, list, text};
use crate::names;
use jobguard_manifest::At;

const NEEDS_DISK: &str = "name the disk";

/// Checks a disk of Google's, whose field the server calls by another name.
pub(super) fn gce(
    source: &GCEPersistentDiskVolumeSource,
    (at, real): (&At<'_>, &At<'_>),
    report: &mut Errors<'_>,
) {
    if source.pd_name.is_empty() {
        report.required((&at.field("pdName"), &real.field("pdName")), NEEDS_DISK);
    }
    partition(source.partition, (&at.field("partition"), &real.field("partition")), report);
}

pub(super) fn aws(source: &AWSElasticBlockStoreVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.volume_id, &at.field("volumeID"), NEEDS_DISK, report);
    let place = at.field("partition");
    partition(source.partition, (&place, &place), report);
}

fn partition(partition: Option<i32>, place: (&At<'_>, &At<'_>), report: &mut Errors<'_>) {
    if partition.is_some_and(|partition| !(0..=255).contains(&partition)) {
        report.invalid(place, "use a partition from 1 to 255, or 0 for the whole disk");
    }
}

pub(super) fn cinder(source: &CinderVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.volume_id, &at.field("volumeID"), NEEDS_DISK, report);
    secret_ref(source.secret_ref.as_ref(), at, report);
}

pub(super) fn vsphere(source: &VsphereVirtualDiskVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.volume_path, &at.field("volumePath"), "give the path of the disk", report);
}

pub(super) fn photon(source: &PhotonPersistentDiskVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.pd_id, &at.field("pdID"), NEEDS_DISK, report);
}

pub(super) fn portworx(source: &PortworxVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.volume_id, &at.field("volumeID"), NEEDS_DISK, report);
}

pub(super) fn scale_io(source: &ScaleIOVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.gateway, &at.field("gateway"), "give the address of the gateway", report);
    needed(&source.system, &at.field("system"), "name the storage system", report);
    needed(text(&source.volume_name), &at.field("volumeName"), "name the volume", report);
}

pub(super) fn storage_os(source: &StorageOSVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    let name = text(&source.volume_name);
    if name.is_empty() {
        report.required(&at.field("volumeName"), "name the volume");
    } else {
        report.name(&at.field("volumeName"), name, names::dns_label(name));
    }
    let namespace = text(&source.volume_namespace);
    if !namespace.is_empty() {
        report.name(&at.field("volumeNamespace"), namespace, names::dns_label(namespace));
    }
    secret_ref(source.secret_ref.as_ref(), at, report);
}

pub(super) fn fibre_channel(source: &FCVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    let (targets, wwids) = (list(&source.target_wwns), list(&source.wwids));
    let place = at.field("targetWWNs");
    match (targets.is_empty(), wwids.is_empty()) {
        (true, true) => report.required(&place, "say which volume it is: targetWWNs or wwids"),
        (false, false) => report.invalid(&place, "a volume is found in one way: remove targetWWNs or wwids"),
        _ => {}
    }
    if !targets.is_empty() {
        match source.lun {
            None => report.required(&at.field("lun"), "targetWWNs need a lun beside them, from 0 to 255"),
            Some(lun) => logical_unit(lun, &at.field("lun"), report),
        }
    }
}

/// Checks the number of a logical unit.
pub(super) fn logical_unit(lun: i32, at: &At<'_>, report: &mut Errors<'_>) {
    if !(0..=255).contains(&lun) {
        report.invalid(at, format!("{lun} is not a logical unit number: use a number from 0 to 255"));
    }
}

pub(super) fn azure(source: &AzureDiskVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    const CACHING: &[&str] = &["None", "ReadOnly", "ReadWrite"];
    const KINDS: &[&str] = &["Shared", "Dedicated", "Managed"];
    needed(&source.disk_name, &at.field("diskName"), NEEDS_DISK, report);
    let uri = source.disk_uri.as_str();
    let place = at.field("diskURI");
    needed(uri, &place, "give the URI of the disk", report);
    if let Some(mode) = source.caching_mode.as_deref()
        && !CACHING.contains(&mode)
    {
        report.not_supported(&at.field("cachingMode"), mode, CACHING);
    }
    let Some(kind) = source.kind.as_deref() else { return };
    if !KINDS.contains(&kind) {
        report.not_supported(&at.field("kind"), kind, KINDS);
    }
    if kind == "Managed" {
        if !uri.starts_with("/subscriptions/") {
            report.not_supported(&place, uri, &["/subscriptions/…/disks/NAME for a managed disk"]);
        }
    } else if !uri.starts_with("https://") {
        report.not_supported(
            &place,
            uri,
            &["https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME.vhd for a blob disk"],
        );
    }
}

/// Checks that a string is there.
pub(super) fn needed(value: &str, at: &At<'_>, message: &str, report: &mut Errors<'_>) {
    if value.is_empty() {
        report.required(at, message);
    }
}

fn secret_ref(secret: Option<&LocalObjectReference>, at: &At<'_>, report: &mut Errors<'_>) {
    if let Some(secret) = secret {
        let message = "name the Secret, or leave the reference out";
        needed(&secret.name, &at.field("secretRef").field("name"), message, report);
    }
}
