//! Where a container has its volumes and block devices.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::VolumeMount;

use super::any_container::AnyContainer;
use super::file_paths;
use super::volumes::Volumes;
use crate::Change;
use crate::errors::{Errors, quote, text};
use jobguard_manifest::At;

/// Names with the path each is at. When a name stands twice the last path counts, as it does for the server.
struct Places<'c> {
    paths: BTreeSet<&'c str>,
    names: BTreeMap<&'c str, &'c str>,
}

impl<'c> Places<'c> {
    fn new(entries: impl Iterator<Item = (&'c str, &'c str)>) -> Self {
        let names: BTreeMap<_, _> = entries.collect();
        Self { paths: names.values().copied().collect(), names }
    }
}

/// Checks a container's `volumeMounts` and `volumeDevices`.
pub(super) fn check(view: &AnyContainer<'_>, volumes: &Volumes<'_>, at: &At<'_>, report: &mut Errors<'_>) {
    let privileged = view.security_context.is_some_and(|context| context.privileged == Some(true));
    let mounts =
        Places::new(view.volume_mounts.iter().map(|mount| (mount.name.as_str(), mount.mount_path.as_str())));
    let devices = Places::new(
        view.volume_devices.iter().map(|device| (device.name.as_str(), device.device_path.as_str())),
    );
    check_mounts(view.volume_mounts, &devices, volumes, privileged, &at.field("volumeMounts"), report);
    check_devices(view, &mounts, volumes, &at.field("volumeDevices"), report);
}

fn check_mounts(
    mounts: &[VolumeMount],
    devices: &Places<'_>,
    volumes: &Volumes<'_>,
    privileged: bool,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let mut taken = BTreeSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let here = at.index(index);
        let name = mount.name.as_str();
        if name.is_empty() {
            report.required(&here.field("name"), "name the volume to mount");
        }
        if !volumes.contains_key(name) {
            report.not_found(
                &here.field("name"),
                name,
                "is not a well-formed volume of this Pod: add or correct it",
            );
        }
        let path = mount.mount_path.as_str();
        if path.is_empty() {
            report.required(&here.field("mountPath"), "give the path to mount the volume at");
        }
        if !taken.insert(path) {
            report.invalid(
                &here.field("mountPath"),
                format!("{} has a volume mounted already: use each path once", quote(path)),
            );
        }
        if devices.names.contains_key(name) {
            report.invalid(
                &here.field("name"),
                format!("{} is used as a block device too: remove one of the two", quote(name)),
            );
        }
        if devices.paths.contains(path) {
            report.invalid(
                &here.field("mountPath"),
                format!("{} is a block device: use another path", quote(path)),
            );
        }
        if !report.server.has(Change::PartsOfImageVolumes)
            && volumes.get(name).is_some_and(|volume| volume.image.is_some())
        {
            for (field, path) in [("subPath", &mount.sub_path), ("subPathExpr", &mount.sub_path_expr)] {
                if !text(path).is_empty() {
                    report.invalid(&here.field(field), "an image volume is mounted as a whole: remove this");
                }
            }
        }
        sub_path(mount, at, &here, report);
        let place = (&at.field("mountPropagation"), &here.field("mountPropagation"));
        match mount.mount_propagation.as_deref() {
            None | Some("HostToContainer" | "None") => {}
            Some("Bidirectional") => {
                if !privileged {
                    report.forbidden(
                        place,
                        "only a privileged container can use Bidirectional: use HostToContainer",
                    );
                }
            }
            Some(other) => report.not_supported(place, other, &["Bidirectional", "HostToContainer", "None"]),
        }
        recursive_read_only(
            mount,
            (&at.field("recursiveReadOnly"), &here.field("recursiveReadOnly")),
            report,
        );
    }
}

fn sub_path(mount: &VolumeMount, at: &At<'_>, here: &At<'_>, report: &mut Errors<'_>) {
    let (path, expression) = (text(&mount.sub_path), text(&mount.sub_path_expr));
    if !path.is_empty() {
        file_paths::descending(path, (&at.field("subPath"), &here.field("subPath")), report);
    }
    if !expression.is_empty() {
        let place = here.field("subPathExpr");
        if !path.is_empty() {
            report.invalid(&place, "a mount has subPath or subPathExpr: remove one of the two");
        }
        file_paths::descending(expression, (&at.field("subPathExpr"), &place), report);
    }
}

fn recursive_read_only(mount: &VolumeMount, place: (&At<'_>, &At<'_>), report: &mut Errors<'_>) {
    match mount.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if mount.read_only != Some(true) {
                report.forbidden(
                    place,
                    "a mount is read-only throughout only if it is read-only: set readOnly: true",
                );
            }
            if mount.mount_propagation.as_deref().is_some_and(|propagation| propagation != "None") {
                report.forbidden(
                    place,
                    "a mount that is read-only throughout cannot propagate: remove mountPropagation",
                );
            }
        }
        Some(other) => report.not_supported(place, other, &["Disabled", "Enabled", "IfPossible"]),
    }
}

fn check_devices(
    view: &AnyContainer<'_>,
    mounts: &Places<'_>,
    volumes: &Volumes<'_>,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let (mut names, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for (index, device) in view.volume_devices.iter().enumerate() {
        let at = at.index(index);
        let (name_at, path_at) = (at.field("name"), at.field("devicePath"));
        let (name, path) = (device.name.as_str(), device.device_path.as_str());
        if name.is_empty() {
            report.required(&name_at, "name the volume to use as a block device");
        }
        if !name.is_empty() && !names.insert(name) {
            report.invalid(
                &name_at,
                format!("{} is a block device already: use each volume once", quote(name)),
            );
        }
        match volumes.get(name) {
            None => {
                report.not_found(&name_at, name, "is not a well-formed volume of this Pod: add or correct it")
            }
            Some(volume) if volume.persistent_volume_claim.is_none() && volume.ephemeral.is_none() => report
                .invalid(
                    &name_at,
                    format!(
                        "{} cannot be a block device: use a persistentVolumeClaim or ephemeral volume",
                        quote(name)
                    ),
                ),
            Some(_) => {}
        }
        if path.is_empty() {
            report.required(&path_at, "give the path of the device in the container");
        }
        if taken.contains(path) {
            report
                .invalid(&path_at, format!("{} is a block device already: use each path once", quote(path)));
        }
        if file_paths::has_backsteps(path) {
            report.invalid(&path_at, format!("{} leads upwards: leave out the '..'", quote(path)));
        } else {
            taken.insert(path);
        }
        if mounts.names.contains_key(name) {
            report.invalid(&name_at, format!("{} is mounted too: remove one of the two", quote(name)));
        }
        if mounts.paths.contains(path) {
            report.invalid(&path_at, format!("{} has a volume mounted: use another path", quote(path)));
        }
    }
}
