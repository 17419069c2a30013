//! Volumes that Kubernetes itself knows: directories, objects, claims, images, CSI and flex drivers.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    CSIVolumeSource, ConfigMapVolumeSource, EmptyDirVolumeSource, FlexVolumeSource, GitRepoVolumeSource,
    HostPathVolumeSource, ImageVolumeSource, KeyToPath, PersistentVolumeClaimVolumeSource,
    SecretVolumeSource,
};

use super::file_paths;
use super::image_pull::pull_policy;
use super::quantity::Quantity;
use crate::Change;
use crate::errors::{Errors, list, quote, text};
use crate::names;
use jobguard_manifest::At;

const HOST_PATH_TYPES: &[&str] =
    &["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"];

pub(super) fn empty_dir(source: &EmptyDirVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    let limit = source.size_limit.as_ref().and_then(|limit| Quantity::parse(limit.0.trim()).ok());
    if limit.is_some_and(|limit| limit.is_negative()) {
        report.forbidden(&at.field("sizeLimit"), "a size cannot be negative: use 0 or more");
    }
}

pub(super) fn host_path(source: &HostPathVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    if source.path.is_empty() {
        return report.required(&at.field("path"), "give the path on the host");
    }
    file_paths::no_backsteps(&source.path, &at.field("path"), report);
    let kind = text(&source.type_);
    if !kind.is_empty() && !HOST_PATH_TYPES.contains(&kind) {
        report.not_supported(&at.field("type"), kind, HOST_PATH_TYPES);
    }
}

pub(super) fn git_repo(source: &GitRepoVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    if source.repository.is_empty() {
        report.required(&at.field("repository"), "give the address of the repository");
    }
    file_paths::descending(text(&source.directory), &at.field("directory"), report);
}

pub(super) fn secret(source: &SecretVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    if text(&source.secret_name).is_empty() {
        report.required(&at.field("secretName"), "name the Secret");
    }
    mode(source.default_mode, &at.field("defaultMode"), report);
    items(list(&source.items), at, report);
}

pub(super) fn config_map(source: &ConfigMapVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    if source.name.is_empty() {
        report.required(&at.field("name"), "name the ConfigMap");
    }
    mode(source.default_mode, &at.field("defaultMode"), report);
    items(list(&source.items), at, report);
}

/// Checks the permissions of a file.
pub(super) fn mode(mode: Option<i32>, at: &At<'_>, report: &mut Errors<'_>) {
    if let Some(mode) = mode
        && !(0..=0o777).contains(&mode)
    {
        report.invalid(at, format!("{mode} is not a file mode: use 0 to 0777, which is 511 in decimal"));
    }
}

fn items(items: &[KeyToPath], at: &At<'_>, report: &mut Errors<'_>) {
    let at = at.field("items");
    for (index, item) in items.iter().enumerate() {
        key_to_path(item, &at.index(index), report);
    }
}

/// Checks which key becomes which file.
pub(super) fn key_to_path(item: &KeyToPath, at: &At<'_>, report: &mut Errors<'_>) {
    if item.key.is_empty() {
        report.required(&at.field("key"), "name the key to take");
    }
    if item.path.is_empty() {
        report.required(&at.field("path"), "give the path of the file in the volume");
    }
    file_paths::unreserved(&item.path, &at.field("path"), report);
    mode(item.mode, &at.field("mode"), report);
}

pub(super) fn claim(source: &PersistentVolumeClaimVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    if source.claim_name.is_empty() {
        report.required(&at.field("claimName"), "name the PersistentVolumeClaim");
    }
}

/// Checks an image as a volume. Which image may be said later, in the Pod.
pub(super) fn image(source: &ImageVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    pull_policy(text(&source.pull_policy), &at.field("pullPolicy"), report);
}

pub(super) fn csi(source: &CSIVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    const LONGEST: usize = 63;
    let driver = source.driver.as_str();
    let place = at.field("driver");
    if driver.is_empty() {
        report.required(&place, "name the CSI driver");
    }
    if !(driver.is_empty() && report.server.has(Change::EmptyDriverIsMissing)) {
        if driver.len() > LONGEST {
            report
                .too_long(&place, format!("{} is too long: use at most {LONGEST} characters", quote(driver)));
        }
        report.name(&place, driver, names::dns_subdomain(&names::lower(driver)));
    }
    if let Some(secret) = &source.node_publish_secret_ref {
        let place = at.field("nodePublishSecretRef");
        if secret.name.is_empty() {
            report.required(&place.field("name"), "name the Secret, or leave the reference out");
        } else {
            let problems = names::dns_subdomain(&secret.name);
            report.name((&at.field("name"), &place.field("name")), &secret.name, problems);
        }
    }
}

pub(super) fn flex(source: &FlexVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    if source.driver.is_empty() {
        report.required(&at.field("driver"), "name the flex volume driver");
    }
    let at = at.field("options");
    let none = BTreeMap::new();
    for key in source.options.as_ref().unwrap_or(&none).keys() {
        let domain = names::lower(key.split_once('/').map_or(key.as_str(), |(domain, _)| domain));
        let reserved = ["kubernetes.io", "k8s.io"].into_iter().any(|reserved| {
            domain.strip_suffix(reserved).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        });
        if reserved {
            report.invalid(&at.key(key), format!("{} belongs to Kubernetes: use another domain", quote(key)));
        }
    }
}
