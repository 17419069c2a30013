//! The Pod's list of volumes: their names, and that each is of exactly one type.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Volume;

use super::{claim_template, legacy_volumes, network_volumes, projected, volume_sources};
use crate::errors::Errors;
use crate::names;
use crate::{Change, Gate};
use jobguard_manifest::At;

/// The well-formed volumes of a Pod, by name.
pub(super) type Volumes<'p> = BTreeMap<&'p str, &'p Volume>;

/// Checks `volumes`, and gives those without a fault: a mount of any other is a mount of nothing.
pub(super) fn check<'p>(volumes: &'p [Volume], at: &At<'_>, report: &mut Errors<'_>) -> Volumes<'p> {
    let mut good = Volumes::new();
    for (index, volume) in volumes.iter().enumerate() {
        let at = at.index(index);
        let before = report.count();
        source(volume, &at, report);
        let name = volume.name.as_str();
        if name.is_empty() {
            report.required(&at.field("name"), "a volume needs a name");
        } else {
            report.name(&at.field("name"), name, names::dns_label(name));
        }
        if good.contains_key(name) {
            report.duplicate(&at.field("name"), name, "is the name of another volume: use each name once");
        }
        if report.count() == before {
            good.insert(name, volume);
        }
    }
    good
}

/// Checks where a volume comes from. Of several sources the server looks at the first only, in this order.
fn source(volume: &Volume, at: &At<'_>, report: &mut Errors<'_>) {
    let mut found = false;
    /// Looks at one source: `field`, the server's name for it when it stands second, its check.
    macro_rules! source {
        ($source:ident, $field:literal, $check:expr) => {
            source!($source, $field, $field, $check)
        };
        ($source:ident, $field:literal, $second:literal, $check:expr) => {
            if let Some(source) = &volume.$source {
                let place = at.field($field);
                if found {
                    report.forbidden(
                        (&at.field($second), &place),
                        "a volume has one source only: remove the others",
                    );
                } else {
                    found = true;
                    $check(source, &place, report);
                }
            }
        };
    }
    source!(empty_dir, "emptyDir", volume_sources::empty_dir);
    source!(host_path, "hostPath", volume_sources::host_path);
    source!(git_repo, "gitRepo", volume_sources::git_repo);
    source!(gce_persistent_disk, "gcePersistentDisk", |disk, place: &At<'_>, report: &mut Errors<'_>| {
        legacy_volumes::gce(disk, (&at.field("persistentDisk"), place), report);
    });
    source!(aws_elastic_block_store, "awsElasticBlockStore", legacy_volumes::aws);
    source!(secret, "secret", volume_sources::secret);
    source!(nfs, "nfs", network_volumes::nfs);
    source!(iscsi, "iscsi", network_volumes::iscsi);
    if let Some(source) = &volume.iscsi {
        network_volumes::iscsi_name(source, &volume.name, &at.field("name"), report);
    }
    source!(glusterfs, "glusterfs", network_volumes::glusterfs);
    source!(flocker, "flocker", network_volumes::flocker);
    source!(persistent_volume_claim, "persistentVolumeClaim", volume_sources::claim);
    source!(rbd, "rbd", network_volumes::rbd);
    source!(cinder, "cinder", legacy_volumes::cinder);
    source!(cephfs, "cephfs", "cephFS", network_volumes::cephfs);
    source!(quobyte, "quobyte", network_volumes::quobyte);
    source!(downward_api, "downwardAPI", "downwarAPI", projected::downward_api);
    source!(fc, "fc", legacy_volumes::fibre_channel);
    source!(flex_volume, "flexVolume", volume_sources::flex);
    source!(config_map, "configMap", volume_sources::config_map);
    source!(azure_file, "azureFile", network_volumes::azure_file);
    source!(vsphere_volume, "vsphereVolume", legacy_volumes::vsphere);
    source!(photon_persistent_disk, "photonPersistentDisk", legacy_volumes::photon);
    source!(portworx_volume, "portworxVolume", legacy_volumes::portworx);
    source!(azure_disk, "azureDisk", legacy_volumes::azure);
    source!(storageos, "storageos", legacy_volumes::storage_os);
    source!(projected, "projected", projected::check);
    source!(scale_io, "scaleIO", legacy_volumes::scale_io);
    source!(csi, "csi", volume_sources::csi);
    source!(ephemeral, "ephemeral", claim_template::check);
    if report.server.on(Gate::ImageVolume) || report.server.has(Change::StoredImageVolumesStay) {
        source!(image, "image", volume_sources::image);
    }
    if !found {
        report.required(
            at,
            "say what the volume is: emptyDir, configMap, secret, persistentVolumeClaim or another type",
        );
    }
}
