//! Projected volumes, and files made from fields of the Pod.

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, DownwardAPIVolumeSource, KeyToPath, ProjectedVolumeSource,
    ServiceAccountTokenProjection,
};

use super::field_refs::{VOLUME_FIELDS, field_selector, host_ips, resource_selector};
use super::file_paths::Paths;
use super::volume_sources::{key_to_path, mode};
use super::{certificates, file_paths};
use crate::Change;
use crate::errors::{Errors, list};
use jobguard_manifest::At;

/// Checks a volume of type `downwardAPI`.
pub(super) fn downward_api(source: &DownwardAPIVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    mode(source.default_mode, &at.field("defaultMode"), report);
    let items = at.field("items");
    for (index, file) in list(&source.items).iter().enumerate() {
        downward_file(file, at, &items.index(index), report);
    }
}

/// Checks a file made from a field of the Pod. The server leaves the item out of its paths.
fn downward_file(file: &DownwardAPIVolumeFile, at: &At<'_>, item: &At<'_>, report: &mut Errors<'_>) {
    // Faults below are found under the real place, and named as the server names them.
    let path = at.field("path");
    let real_path = item.field("path");
    if file.path.is_empty() {
        report.required((&path, &real_path), "give the path of the file in the volume");
    }
    file_paths::unreserved(&file.path, (&path, &real_path), report);
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), resource) => {
            report.within(item, at, |at, report| {
                field_selector(field, VOLUME_FIELDS, &at.field("fieldRef"), report);
                host_ips(field, &at.field("fieldRef"), report);
            });
            if resource.is_some() {
                report.invalid((at, item), "a file has one source only: remove fieldRef or resourceFieldRef");
            }
        }
        (None, Some(resource)) => {
            report.within(item, at, |at, report| {
                resource_selector(resource, true, &at.field("resourceFieldRef"), report);
            });
        }
        (None, None) => report.required((at, item), "say what the file holds: fieldRef or resourceFieldRef"),
    }
    report.within(item, at, |at, report| mode(file.mode, &at.field("mode"), report));
}

/// Checks a volume of type `projected`.
pub(super) fn check(source: &ProjectedVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    mode(source.default_mode, &at.field("defaultMode"), report);
    let mut paths = Paths::of(at);
    let sources = at.field("sources");
    for (index, source) in list(&source.sources).iter().enumerate() {
        let here = sources.index(index);
        let mut count = 0;
        if let Some(secret) = &source.secret {
            count += 1;
            object(&secret.name, list(&secret.items), &here.field("secret"), &mut paths, report);
        }
        if let Some(config_map) = &source.config_map {
            count += 1;
            let place = here.field("configMap");
            object(&config_map.name, list(&config_map.items), &place, &mut paths, report);
        }
        if let Some(downward) = &source.downward_api {
            count += 1;
            let place = here.field("downwardAPI");
            let items = place.field("items");
            for (index, file) in list(&downward.items).iter().enumerate() {
                let item = items.index(index);
                downward_file(file, &place, &item, report);
                paths.claim_some(&file.path, &item.field("path"), report);
            }
        }
        if let Some(token) = &source.service_account_token {
            count += 1;
            service_account_token(token, at, &here.field("serviceAccountToken"), report);
        }
        if let Some(bundle) = &source.cluster_trust_bundle {
            count += 1;
            certificates::trust_bundle(bundle, &here, &mut paths, report);
        }
        if let Some(certificate) = &source.pod_certificate {
            count += 1;
            certificates::pod_certificate(certificate, &here, &mut paths, report);
        }
        if count > 1 {
            report.forbidden(&here, "an entry has one source only: make an entry of each");
        }
    }
}

fn object<'p>(
    name: &str,
    items: &'p [KeyToPath],
    at: &At<'_>,
    paths: &mut Paths<'p, '_>,
    report: &mut Errors<'_>,
) {
    if name.is_empty() {
        report.required(&at.field("name"), "name the object that holds the files");
    }
    let at = at.field("items");
    for (index, item) in items.iter().enumerate() {
        let at = at.index(index);
        key_to_path(item, &at, report);
        paths.claim_some(&item.path, &at.field("path"), report);
    }
}

fn service_account_token(
    token: &ServiceAccountTokenProjection,
    volume: &At<'_>,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    const SHORTEST: i64 = 10 * 60;
    const LONGEST: i64 = 1 << 32;
    let seconds = token.expiration_seconds.unwrap_or(0);
    if !(SHORTEST..=LONGEST).contains(&seconds) {
        report.invalid(
            &at.field("expirationSeconds"),
            format!("a token cannot expire after {seconds} seconds: use {SHORTEST} to {LONGEST}"),
        );
    }
    let place = (&volume.field("path"), &at.field("path"));
    if token.path.is_empty() {
        report.required(place, "give the path of the file in the volume");
    } else if report.server.has(Change::LocalTokenPaths) && !report.kept.token_paths {
        file_paths::unreserved(&token.path, place, report);
    }
}
