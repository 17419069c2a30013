//! Volumes on network file systems and block devices.

use k8s_openapi::api::core::v1::{
    AzureFileVolumeSource, CephFSVolumeSource, FlockerVolumeSource, GlusterfsVolumeSource, ISCSIVolumeSource,
    NFSVolumeSource, QuobyteVolumeSource, RBDVolumeSource,
};

use super::legacy_volumes::{logical_unit, needed};
use crate::errors::{Errors, quote, text};
use jobguard_manifest::At;

pub(super) fn nfs(source: &NFSVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.server, &at.field("server"), "give the address of the server", report);
    needed(&source.path, &at.field("path"), "give the path that the server exports", report);
    if !source.path.starts_with('/') {
        report.invalid(&at.field("path"), format!("{} is not absolute: start with '/'", quote(&source.path)));
    }
}

pub(super) fn glusterfs(source: &GlusterfsVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.endpoints, &at.field("endpoints"), "name the Endpoints of the servers", report);
    needed(&source.path, &at.field("path"), "name the Glusterfs volume", report);
}

pub(super) fn flocker(source: &FlockerVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    let name = text(&source.dataset_name);
    match (name.is_empty(), text(&source.dataset_uuid).is_empty()) {
        (true, true) => report.required(at, "say which dataset it is: datasetName or datasetUUID"),
        (false, false) => {
            report.invalid(at, "a dataset is found in one way: remove datasetName or datasetUUID")
        }
        _ => {}
    }
    if name.contains('/') {
        report.invalid(&at.field("datasetName"), format!("{} has a '/': leave it out", quote(name)));
    }
}

pub(super) fn rbd(source: &RBDVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    if source.monitors.is_empty() {
        report.required(&at.field("monitors"), "give the address of a Ceph monitor");
    }
    needed(&source.image, &at.field("image"), "name the image", report);
}

pub(super) fn cephfs(source: &CephFSVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    if source.monitors.is_empty() {
        report.required(&at.field("monitors"), "give the address of a Ceph monitor");
    }
}

pub(super) fn azure_file(source: &AzureFileVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.secret_name, &at.field("secretName"), "name the Secret with the account", report);
    needed(&source.share_name, &at.field("shareName"), "name the share", report);
}

pub(super) fn quobyte(source: &QuobyteVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    const LONGEST_TENANT: usize = 64;
    if source.registry.is_empty() {
        report.required(&at.field("registry"), "give host:port of a registry, several with commas between");
    } else if text(&source.tenant).len() > LONGEST_TENANT {
        report.required(
            &at.field("tenant"),
            format!("use the UUID of a tenant, at most {LONGEST_TENANT} characters"),
        );
    } else {
        for pair in source.registry.split(',').filter(|pair| !is_host_and_port(pair)) {
            report.invalid(
                &at.field("registry"),
                format!("{} is not host:port: write a host and a port", quote(pair)),
            );
        }
    }
    needed(&source.volume, &at.field("volume"), "name the volume", report);
}

/// Whether the text is `host:port`, `[host]:port` or the like; neither part is looked at.
fn is_host_and_port(pair: &str) -> bool {
    let Some((host, port)) = pair.rsplit_once(':') else { return false };
    let host = match host.strip_prefix('[') {
        Some(bracketed) => match bracketed.strip_suffix(']') {
            Some(inside) if !inside.contains(']') => inside,
            _ => return false,
        },
        None if host.contains(':') => return false,
        None => host,
    };
    !host.contains(['[', ']']) && !port.contains(['[', ']'])
}

pub(super) fn iscsi(source: &ISCSIVolumeSource, at: &At<'_>, report: &mut Errors<'_>) {
    needed(&source.target_portal, &at.field("targetPortal"), "give the address of the portal", report);
    if source.iqn.is_empty() {
        report.required(&at.field("iqn"), "name the target");
    } else if !is_iscsi_name(&source.iqn) {
        report.invalid(&at.field("iqn"), not_an_iscsi_name(&source.iqn));
    }
    logical_unit(source.lun, &at.field("lun"), report);
    if (source.chap_auth_discovery == Some(true) || source.chap_auth_session == Some(true))
        && source.secret_ref.is_none()
    {
        report.required(&at.field("secretRef"), "CHAP needs a Secret with its credentials");
    }
    if let Some(name) = &source.initiator_name
        && !is_iscsi_name(name)
    {
        report.invalid((&at.field("initiatorname"), &at.field("initiatorName")), not_an_iscsi_name(name));
    }
}

/// Checks that the name which the node makes up for an initiator is not too long.
pub(super) fn iscsi_name(source: &ISCSIVolumeSource, volume: &str, at: &At<'_>, report: &mut Errors<'_>) {
    const LONGEST: usize = 64;
    if source.initiator_name.is_some() && volume.len() + 1 + source.target_portal.len() > LONGEST {
        report.invalid(
            at,
            format!(
                "with an initiatorName, the names of volume and targetPortal are too long together: use at most {} \
                 characters",
                LONGEST - 1
            ),
        );
    }
}

fn not_an_iscsi_name(name: &str) -> String {
    format!("{} is not an iSCSI name, such as iqn.2014-12.com.example:storage", quote(name))
}

/// Whether this is an iSCSI name in one of its three forms.
fn is_iscsi_name(name: &str) -> bool {
    let all_alphanumeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // One character of any kind between the type and the number, as the server has it.
    let number = |name: &str, length: usize| {
        let mut characters = name.chars();
        let separator = characters.next();
        let digits = characters.as_str();
        separator.is_some_and(|separator| separator != '\n')
            && digits.len() == length
            && all_alphanumeric(digits)
    };
    if let Some(rest) = name.strip_prefix("eui") {
        return number(rest, 16);
    }
    if let Some(rest) = name.strip_prefix("naa") {
        return number(rest, 32);
    }
    name.starts_with("iqn") && is_qualified_iscsi_name(name)
}

/// Whether the text ends in a name such as `iqn.2014-12.com.example:storage`.
fn is_qualified_iscsi_name(name: &str) -> bool {
    // The part behind the colon may have colons too; what it may not have says which colons can be meant.
    let forbidden = |character: char| ",;*&$|\t\n\x0c\r ".contains(character);
    let clean_from = name.rfind(forbidden).map_or(0, |at| at + 1);
    let mut start = 0;
    for (colon, _) in name.match_indices(':') {
        let before = &name[start..colon];
        start = colon + 1;
        if colon < clean_from || start == name.len() {
            continue;
        }
        let in_authority =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '.');
        let authority = before.rfind(|c| !in_authority(c)).map_or(before, |at| {
            let skipped = before[at..].chars().next().map_or(0, char::len_utf8);
            &before[at + skipped..]
        });
        if authority.match_indices("iqn.").any(|(at, _)| begins_with_date(&authority[at + 4..])) {
            return true;
        }
    }
    false
}

/// Whether the text begins with `YYYY-MM.` and goes on.
fn begins_with_date(text: &str) -> bool {
    matches!(text.as_bytes(), [y1, y2, y3, y4, b'-', m1, m2, b'.', _, ..]
        if [y1, y2, y3, y4, m1, m2].into_iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iscsi_names() {
        for good in [
            "iqn.2014-12.com.example:storage.disk1",
            "iqn.2014-12.com.example:a:b",
            "iqnx,iqn.2014-12.com:b",
            "eui.0123456789abcdef",
            "naa.0123456789abcdef0123456789abcdef",
        ] {
            assert!(is_iscsi_name(good), "{good}");
        }
        for bad in [
            "",
            "iqn",
            "iqn.2014-12.com.example",
            "iqn.2014-12.com.example:",
            "iqn.2014-12.:a",
            "iqn.2014-1.com:a",
            "iqn.2014-12.com:a b",
            "eui.0123456789abcde",
            "eui0123456789abcdef",
            "2014-12.com:a",
        ] {
            assert!(!is_iscsi_name(bad), "{bad}");
        }
    }

    #[test]
    fn hosts_with_ports() {
        for good in ["a:1", ":", "[::1]:80", "[]:", "a:"] {
            assert!(is_host_and_port(good), "{good}");
        }
        for bad in ["", "a", "a:b:c", "[::1]", "[::1", "[a]b:1", "a]:1", "a:[1"] {
            assert!(!is_host_and_port(bad), "{bad}");
        }
    }
}
