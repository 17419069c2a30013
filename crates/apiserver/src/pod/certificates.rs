//! Projected sources that are about certificates: bundles of those to trust, and the Pod's own.

use k8s_openapi::api::core::v1::{ClusterTrustBundleProjection, PodCertificateProjection};

use super::file_paths::Paths;
use super::{file_paths, selector};
use crate::Change;
use crate::errors::{Errors, quote, text};
use crate::names;
use jobguard_manifest::At;

const KEY_TYPES: &[&str] = &["ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"];

/// Checks a source at `source` that is a bundle of certificates, named by itself or chosen among those of a signer.
pub(super) fn trust_bundle<'p>(
    bundle: &'p ClusterTrustBundleProjection,
    source: &At<'_>,
    paths: &mut Paths<'p, '_>,
    report: &mut Errors<'_>,
) {
    let real = source.field("clusterTrustBundle");
    if report.server.has(Change::TrustBundlePaths) {
        bundle_fields(bundle, &real, report);
    } else {
        let named = source.field("clusterTrustBundlePEM");
        report.within(&real, &named, |at, report| bundle_fields(bundle, at, report));
    }
    // Unlike with other sources, an empty path counts.
    paths.claim(&bundle.path, &real.field("path"), report);
}

fn bundle_fields(bundle: &ClusterTrustBundleProjection, at: &At<'_>, report: &mut Errors<'_>) {
    match (&bundle.name, &bundle.signer_name) {
        (Some(_), Some(_)) => {
            report.invalid(at, "a bundle is chosen by one of the two: remove name or signerName");
        }
        (None, None) => report.required(at, "say which bundle it is: name or signerName"),
        (Some(name), None) => {
            let here = at.field("name");
            if name.is_empty() {
                report.required(&here, "give the name of the ClusterTrustBundle");
            }
            bundle_name(name, &here, report);
            if bundle.label_selector.is_some() {
                report
                    .invalid(&at.field("labelSelector"), "labels choose among bundles of a signerName only");
            }
        }
        (None, Some(signer)) => {
            let here = at.field("signerName");
            if signer.is_empty() {
                report.required(&here, "give the name of the signer");
            }
            signer_name(signer, &here, report);
            selector::check(bundle.label_selector.as_ref(), &at.field("labelSelector"), report);
        }
    }
    let here = at.field("path");
    if bundle.path.is_empty() {
        report.required(&here, "give the path of the file in the volume");
    }
    file_paths::unreserved(&bundle.path, &here, report);
}

/// Checks the name of a bundle, which begins with that of its signer if it has one: its parts are joined by colons.
fn bundle_name(name: &str, at: &At<'_>, report: &mut Errors<'_>) {
    match name.rsplit_once(':') {
        None => report.name(at, name, names::dns_subdomain(name)),
        // Such a name has no signer, and as one without a signer it may have no colon.
        Some(("", _)) => report.invalid(at, format!("{} begins with a colon: name a signer", quote(name))),
        // The server puts the colons back where it has found slashes.
        Some((signer, _)) if signer.contains('/') => {
            let message = format!("{} has a slash: write a colon in its place", quote(name));
            report.invalid(at, message);
        }
        Some((_, rest)) => report.name(at, name, names::dns_subdomain(rest)),
    }
}

/// Checks a source at `source` that makes the kubelet ask for a certificate.
pub(super) fn pod_certificate<'p>(
    certificate: &'p PodCertificateProjection,
    source: &At<'_>,
    paths: &mut Paths<'p, '_>,
    report: &mut Errors<'_>,
) {
    let at = source.field("podCertificate");
    signer_name(&certificate.signer_name, &at.field("signerName"), report);
    if let Some(annotations) = &certificate.user_annotations {
        user_annotations(annotations, &at.field("userAnnotations"), report);
    }
    if !KEY_TYPES.contains(&certificate.key_type.as_str()) {
        report.not_supported(&at.field("keyType"), &certificate.key_type, KEY_TYPES);
    }
    lifetime(certificate, &at.field("maxExpirationSeconds"), report);
    let mut has_file = false;
    for (field, path) in [
        ("credentialBundlePath", &certificate.credential_bundle_path),
        ("keyPath", &certificate.key_path),
        ("certificateChainPath", &certificate.certificate_chain_path),
    ] {
        if !text(path).is_empty() {
            has_file = true;
            let here = at.field(field);
            file_paths::unreserved(text(path), &here, report);
            paths.claim(text(path), &here, report);
        }
    }
    if !has_file {
        report.required(&at, "give a path: credentialBundlePath, or keyPath and certificateChainPath");
    }
}

/// Checks how long a certificate may be valid; Kubernetes' own signers give no more than a day.
fn lifetime(certificate: &PodCertificateProjection, at: &At<'_>, report: &mut Errors<'_>) {
    const DAY: i32 = 24 * 60 * 60;
    const SHORTEST: i32 = 60 * 60;
    let Some(seconds) = certificate.max_expiration_seconds else { return };
    let host = certificate.signer_name.split('/').next().unwrap_or_default();
    let is_own = host == "kubernetes.io" || host.ends_with(".kubernetes.io");
    let longest = if is_own { DAY } else { 91 * DAY };
    if !(SHORTEST..=longest).contains(&seconds) {
        report.invalid(at, format!("a certificate lasts {SHORTEST} to {longest} seconds, not {seconds}"));
    }
}

/// Checks annotations for the signer: their keys have a domain, in any case.
fn user_annotations(
    annotations: &std::collections::BTreeMap<String, String>,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    /// The most that they may add up to, keys and values.
    const BYTES: usize = 256 * 1024;
    let mut bytes = 0;
    for (key, value) in annotations {
        bytes += key.len() + value.len();
        let place = (at, &at.key(key));
        let problems = names::qualified_name(&names::lower(key));
        if key.is_empty() {
            report.required(place, "an annotation needs a key, such as example.com/team");
        } else if !problems.is_empty() {
            report.name(place, key, problems);
        } else if !key.contains('/') {
            report.invalid(place, format!("{} needs a domain, such as example.com/team", quote(key)));
        }
    }
    if bytes > BYTES {
        report.too_long(at, "the annotations are too large: use at most 256 KiB for all of them together");
    }
}

/// Checks the name of a signer: a domain, a slash and a path.
fn signer_name(name: &str, at: &At<'_>, report: &mut Errors<'_>) {
    const LONGEST_DOMAIN: usize = 253;
    /// A domain, a slash, and for the path a namespace, a dot and a name.
    const LONGEST: usize = LONGEST_DOMAIN + 1 + 63 + 1 + 253;
    if name.is_empty() {
        return report.required(at, "name the signer, such as example.com/signer");
    }
    let Some((domain, path)) = name.split_once('/').filter(|(_, path)| !path.contains('/')) else {
        let message =
            format!("{} is not a signer: use a domain and a path, such as example.com/signer", quote(name));
        return report.invalid(at, message);
    };
    if domain.len() > LONGEST_DOMAIN {
        report.too_long(at, format!("the domain is too long: use at most {LONGEST_DOMAIN} characters"));
    }
    // Of several bad labels the server names the first.
    if let Some(problems) = domain.split('.').map(names::dns_label).find(|problems| !problems.is_empty()) {
        report.name(at, domain, problems);
    }
    if !domain.contains('.') {
        report.invalid(at, format!("{} is not a domain: it has no dot", quote(domain)));
    }
    if let Some(problems) = path.split('.').map(names::dns_subdomain).find(|problems| !problems.is_empty()) {
        report.name(at, path, problems);
    }
    if name.len() > LONGEST {
        report.too_long(at, format!("the name is too long: use at most {LONGEST} characters"));
    }
}
