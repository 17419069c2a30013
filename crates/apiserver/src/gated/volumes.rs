//! What is left out of volumes.

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, KeyToPath, PodSpec, ProjectedVolumeSource, Volume, VolumeMount, VolumeProjection,
};

use super::found::{Found, Off};
use crate::tables::Gate;
use jobguard_manifest::At;

pub(super) fn drop_of_volumes(spec: &mut PodSpec, off: &Off<'_>, at: &At<'_>, found: &mut Found<'_>) {
    let projections = |pod: &PodSpec, uses: fn(&VolumeProjection) -> bool| {
        let projected = pod.volumes.iter().flatten().filter_map(|volume| volume.projected.as_ref());
        projected.flat_map(|projected| projected.sources.iter().flatten()).any(uses)
    };
    let drops_bundles = off.is(Gate::ClusterTrustBundleProjection, |old| {
        projections(old, |source| source.cluster_trust_bundle.is_some())
    });
    let drops_certificates = off
        .is(Gate::PodCertificateRequest, |old| projections(old, |source| source.pod_certificate.is_some()));
    let all = at.field("volumes");
    drop_of_sources(spec, off, &all, found);
    if drops_bundles || drops_certificates {
        const EFFECT: &str = "the projected volume has an empty source in its place, and no file";
        for (index, volume) in spec.volumes.iter_mut().flatten().enumerate() {
            let Some(projected) = &mut volume.projected else { continue };
            let here = all.index(index);
            let here = here.field("projected");
            let here = here.field("sources");
            for (index, source) in projected.sources.iter_mut().flatten().enumerate() {
                let at = here.index(index);
                if drops_bundles {
                    let gate = Gate::ClusterTrustBundleProjection;
                    found.take(
                        &mut source.cluster_trust_bundle,
                        &at.field("clusterTrustBundle"),
                        gate,
                        EFFECT,
                    );
                }
                if drops_certificates {
                    let gate = Gate::PodCertificateRequest;
                    found.take(&mut source.pod_certificate, &at.field("podCertificate"), gate, EFFECT);
                }
            }
        }
    }
    if off.is(Gate::ImageVolume, |old| old.volumes.iter().flatten().any(|volume| volume.image.is_some())) {
        drop_image_volumes(spec, &all, found);
    }
}

/// The volumes go, and with them what mounts them.
fn drop_image_volumes(spec: &mut PodSpec, at: &At<'_>, found: &mut Found<'_>) {
    const EFFECT: &str = "the whole volume and its mounts go with it";
    let Some(volumes) = &mut spec.volumes else { return };
    let mut index = 0;
    let mut names = Vec::new();
    volumes.retain(|volume| {
        if volume.image.is_some() {
            found.add(&at.index(index), Gate::ImageVolume, EFFECT);
            names.push(volume.name.clone());
        }
        index += 1;
        volume.image.is_none()
    });
    if names.is_empty() {
        return;
    }
    names.sort_unstable();
    let drop_mounts = |mounts: &mut Option<Vec<VolumeMount>>| {
        if let Some(mounts) = mounts {
            mounts.retain(|mount| names.binary_search(&mount.name).is_err());
        }
    };
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        drop_mounts(&mut container.volume_mounts);
    }
    for container in spec.ephemeral_containers.iter_mut().flatten() {
        drop_mounts(&mut container.volume_mounts);
    }
}

/// Fields of the newest version, in volumes of several types.
fn drop_of_sources(spec: &mut PodSpec, off: &Off<'_>, at: &At<'_>, found: &mut Found<'_>) {
    let drops_mode = off.is(Gate::EmptyDirVolumeMode, |old| {
        old.volumes
            .iter()
            .flatten()
            .any(|volume| volume.empty_dir.as_ref().is_some_and(|of| of.mode.is_some()))
    });
    let drops_users = off.is(Gate::AtomicWriteVolumeUserFields, |old| {
        let mut used = false;
        // The walk wants to change what it visits.
        for mut volume in old.volumes.clone().into_iter().flatten() {
            each_user(&mut volume, &At::root(), &mut |user, _| used = used || user.is_some());
        }
        used
    });
    if !drops_mode && !drops_users {
        return;
    }
    for (index, volume) in spec.volumes.iter_mut().flatten().enumerate() {
        let at = at.index(index);
        if drops_mode && let Some(source) = &mut volume.empty_dir {
            const EFFECT: &str = "every user in the Pod can write to the directory";
            let at = at.field("emptyDir");
            found.take(&mut source.mode, &at.field("mode"), Gate::EmptyDirVolumeMode, EFFECT);
        }
        if drops_users {
            const EFFECT: &str = "the files belong to the user that they belong to without it";
            each_user(volume, &at, &mut |user, at| {
                found.take(user, at, Gate::AtomicWriteVolumeUserFields, EFFECT);
            });
        }
    }
}

type Visit<'v> = &'v mut dyn FnMut(&mut Option<i64>, &At<'_>);

/// Calls `visit` with each owner of files that a volume names.
fn each_user(volume: &mut Volume, at: &At<'_>, visit: Visit<'_>) {
    if let Some(source) = &mut volume.secret {
        let at = at.field("secret");
        visit(&mut source.default_user, &at.field("defaultUser"));
        of_keys(&mut source.items, &at, visit);
    }
    if let Some(source) = &mut volume.config_map {
        let at = at.field("configMap");
        visit(&mut source.default_user, &at.field("defaultUser"));
        of_keys(&mut source.items, &at, visit);
    }
    if let Some(source) = &mut volume.downward_api {
        let at = at.field("downwardAPI");
        visit(&mut source.default_user, &at.field("defaultUser"));
        of_files(&mut source.items, &at, visit);
    }
    if let Some(source) = &mut volume.projected {
        of_projected(source, &at.field("projected"), visit);
    }
}

fn of_projected(projected: &mut ProjectedVolumeSource, at: &At<'_>, visit: Visit<'_>) {
    visit(&mut projected.default_user, &at.field("defaultUser"));
    let all = at.field("sources");
    for (index, source) in projected.sources.iter_mut().flatten().enumerate() {
        let at = all.index(index);
        if let Some(source) = &mut source.secret {
            of_keys(&mut source.items, &at.field("secret"), visit);
        }
        if let Some(source) = &mut source.config_map {
            of_keys(&mut source.items, &at.field("configMap"), visit);
        }
        if let Some(source) = &mut source.downward_api {
            of_files(&mut source.items, &at.field("downwardAPI"), visit);
        }
        for (field, user) in [
            ("serviceAccountToken", source.service_account_token.as_mut().map(|token| &mut token.user)),
            ("clusterTrustBundle", source.cluster_trust_bundle.as_mut().map(|bundle| &mut bundle.user)),
            ("podCertificate", source.pod_certificate.as_mut().map(|certificate| &mut certificate.user)),
        ] {
            if let Some(user) = user {
                visit(user, &at.field(field).field("user"));
            }
        }
    }
}

fn of_keys(items: &mut Option<Vec<KeyToPath>>, at: &At<'_>, visit: Visit<'_>) {
    let all = at.field("items");
    for (index, item) in items.iter_mut().flatten().enumerate() {
        visit(&mut item.user, &all.index(index).field("user"));
    }
}

fn of_files(items: &mut Option<Vec<DownwardAPIVolumeFile>>, at: &At<'_>, visit: Visit<'_>) {
    let all = at.field("items");
    for (index, item) in items.iter_mut().flatten().enumerate() {
        visit(&mut item.user, &all.index(index).field("user"));
    }
}
