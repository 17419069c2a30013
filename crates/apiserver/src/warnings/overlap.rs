//! Errors about files of one volume that would be written to the same place.

use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, KeyToPath, Volume, VolumeProjection};

use super::{At, Errors};
use crate::{Cause, Change, Relation, Topic};

/// How many files of a volume are compared with each other.
const COMPARED: usize = 256;

pub(super) fn warn_overlaps(volume: &Volume, at: &At<'_>, found: &mut Errors<'_>) {
    let config_map = volume.config_map.as_ref().map(|source| keys(source.items.as_deref()));
    let secret = volume.secret.as_ref().map(|source| keys(source.items.as_deref()));
    let downward = volume.downward_api.as_ref().map(|source| files(source.items.as_deref()));
    for paths in [config_map, secret, downward].into_iter().flatten() {
        warn_paths(&paths, at, found);
    }
    let Some(projected) = &volume.projected else { return };
    let (mut paths, mut last) = (Vec::new(), Vec::new());
    let of_projected = at.field("projected");
    let sources = of_projected.field("sources");
    for (index, source) in projected.sources.iter().flatten().enumerate() {
        if *source == VolumeProjection::default() {
            found
                .add(at, Cause::Invalid, Topic::ServerWarning, "a projected volume has an empty source")
                .help("remove the empty source")
                .relation(Relation::Empty(sources.index(index).to_path()));
            continue;
        }
        match projected_paths(source) {
            Some(own) => last = own,
            None if found.server.has(Change::SourcesHaveTheirOwnPaths) => continue,
            None => {}
        }
        paths.extend(&last);
    }
    warn_paths(&paths, at, found);
}

fn keys(items: Option<&[KeyToPath]>) -> Vec<&str> {
    items.into_iter().flatten().map(|item| item.path.as_str()).collect()
}

fn files(items: Option<&[DownwardAPIVolumeFile]>) -> Vec<&str> {
    items.into_iter().flatten().map(|item| item.path.as_str()).collect()
}

/// The paths that a source names, unless it leaves them to what it projects.
fn projected_paths(source: &VolumeProjection) -> Option<Vec<&str>> {
    Some(if let Some(items) = source.config_map.as_ref().and_then(|source| source.items.as_deref()) {
        keys(Some(items))
    } else if let Some(items) = source.secret.as_ref().and_then(|source| source.items.as_deref()) {
        keys(Some(items))
    } else if let Some(items) = source.downward_api.as_ref().and_then(|source| source.items.as_deref()) {
        files(Some(items))
    } else if let Some(token) = &source.service_account_token {
        vec![&token.path]
    } else if let Some(bundle) = &source.cluster_trust_bundle {
        vec![&bundle.path]
    } else if let Some(certificate) = &source.pod_certificate {
        let paths =
            [&certificate.certificate_chain_path, &certificate.key_path, &certificate.credential_bundle_path];
        paths.into_iter().filter_map(|path| path.as_deref()).collect()
    } else {
        return None;
    })
}

fn warn_paths(paths: &[&str], at: &At<'_>, found: &mut Errors<'_>) {
    let paths: Vec<&str> =
        paths.iter().map(|path| path.trim_end_matches('/')).filter(|path| !path.is_empty()).collect();
    for (index, path) in paths.iter().enumerate().take(COMPARED) {
        if paths[..index].iter().any(|other| is_within(other, path) || is_within(path, other)) {
            let message = format!("two files of this volume are written to the same place, {path:?}");
            found.warn(at, message, "give every file a different path, and none that is a folder of another");
        }
    }
}

/// Whether `inner` is `outer` or a file below it.
fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
