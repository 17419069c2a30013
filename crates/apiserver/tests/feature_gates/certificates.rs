//! Projected sources that are about certificates.

use serde_json::{Value, json};

use super::{created, job, refused, server};

const GATES: &str = "ClusterTrustBundleProjection=true,PodCertificateRequest=true";

fn pod(sources: Value) -> Value {
    json!({"volumes": [{"name": "v", "projected": {"sources": sources}}]})
}

fn found(version: &str, source: Value) -> Vec<String> {
    let gates = if version < "1.34" { "ClusterTrustBundleProjection=true" } else { GATES };
    let found = refused(&server(version, gates), pod(json!([source])));
    found.iter().map(|error| error.replace("volumes[0].projected.sources[0].", "")).collect()
}

#[test]
fn a_bundle_has_a_name_or_a_signer() {
    let bundle = |fields: Value| {
        let mut source = json!({"path": "ca.pem"});
        source.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        found("1.36", json!({"clusterTrustBundle": source}))
    };
    for good in [
        json!({"name": "bundle"}),
        json!({"name": "example.com:signer:bundle"}),
        json!({"signerName": "example.com/signer"}),
        json!({"signerName": "example.com/signer", "labelSelector": {"matchLabels": {"a": "b"}}}),
    ] {
        assert_eq!(bundle(good.clone()), Vec::<String>::new(), "{good}");
    }
    for (bad, expected) in [
        (json!({}), &["clusterTrustBundle Required"][..]),
        (json!({"name": "a", "signerName": "b.c/d"}), &["clusterTrustBundle Invalid"]),
        (json!({"name": ""}), &["clusterTrustBundle.name Required", "clusterTrustBundle.name Invalid"]),
        (json!({"name": ":a"}), &["clusterTrustBundle.name Invalid"]),
        (json!({"name": "a/b:c"}), &["clusterTrustBundle.name Invalid"]),
        (json!({"name": "a.b:c:D"}), &["clusterTrustBundle.name Invalid"]),
        (json!({"name": "a", "labelSelector": {}}), &["clusterTrustBundle.labelSelector Invalid"]),
        (
            json!({"signerName": ""}),
            &["clusterTrustBundle.signerName Required", "clusterTrustBundle.signerName Required"],
        ),
        (json!({"signerName": "example.com"}), &["clusterTrustBundle.signerName Invalid"]),
        (json!({"signerName": "example/a"}), &["clusterTrustBundle.signerName Invalid"]),
        (json!({"signerName": "Example/a_b"}), &["clusterTrustBundle.signerName Invalid"; 3]),
        (json!({"name": "a", "path": ""}), &["clusterTrustBundle.path Required"]),
        (json!({"name": "a", "path": "../a"}), &["clusterTrustBundle.path Invalid"]),
        (
            json!({"signerName": "a.b/c", "labelSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}),
            &["clusterTrustBundle.labelSelector.matchExpressions[0].values Required"],
        ),
    ] {
        assert_eq!(bundle(bad.clone()), expected, "{bad}");
    }
    // The old name of the field in messages.
    let old = found("1.30", json!({"clusterTrustBundle": {"name": "a", "path": "/a"}}));
    assert_eq!(old, ["clusterTrustBundlePEM.path Invalid"]);
}

#[test]
fn a_certificate_of_the_pod() {
    let certificate = |fields: Value| {
        let mut source =
            json!({"signerName": "a.b/c", "keyType": "ED25519", "credentialBundlePath": "a.pem"});
        source.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        found("1.36", json!({"podCertificate": source}))
    };
    for good in [
        json!({}),
        json!({"maxExpirationSeconds": 3600}),
        json!({"maxExpirationSeconds": 7_862_400}),
        json!({"signerName": "kubernetes.io/x", "maxExpirationSeconds": 86_400}),
        json!({"keyPath": "k", "certificateChainPath": "c", "credentialBundlePath": ""}),
        json!({"userAnnotations": {"Example.com/Team": "any text"}}),
    ] {
        assert_eq!(certificate(good.clone()), Vec::<String>::new(), "{good}");
    }
    for (bad, expected) in [
        (json!({"signerName": ""}), &["podCertificate.signerName Required"][..]),
        (json!({"keyType": "RSA"}), &["podCertificate.keyType NotSupported"]),
        (json!({"maxExpirationSeconds": 3599}), &["podCertificate.maxExpirationSeconds Invalid"]),
        (json!({"maxExpirationSeconds": 7_862_401}), &["podCertificate.maxExpirationSeconds Invalid"]),
        (
            json!({"signerName": "x.kubernetes.io/x", "maxExpirationSeconds": 86_401}),
            &["podCertificate.maxExpirationSeconds Invalid"],
        ),
        (json!({"credentialBundlePath": ""}), &["podCertificate Required"]),
        (json!({"keyPath": "..k"}), &["podCertificate.keyPath Invalid"]),
        (json!({"keyPath": "a.pem"}), &["volumes[0].projected Invalid"]),
        (json!({"userAnnotations": {"team": "a"}}), &["podCertificate.userAnnotations Invalid"]),
        (json!({"userAnnotations": {"": "a"}}), &["podCertificate.userAnnotations Required"]),
    ] {
        assert_eq!(certificate(bad.clone()), expected, "{bad}");
    }
}

#[test]
fn files_and_sources_are_counted_together() {
    let server = server("1.36", GATES);
    let bundle = json!({"name": "a", "path": "ca"});
    let token = json!({"path": "ca"});
    let key = json!({"signerName": "a.b/c", "keyType": "ED25519", "keyPath": "ca/key"});
    let two = json!([{"clusterTrustBundle": bundle}, {"clusterTrustBundle": bundle}]);
    assert_eq!(refused(&server, pod(two)), ["volumes[0].projected Invalid"]);
    let both = json!([{"clusterTrustBundle": bundle, "serviceAccountToken": token}]);
    assert_eq!(refused(&server, pod(both)), ["volumes[0].projected.sources[0] Forbidden"]);
    let within = json!([{"clusterTrustBundle": bundle}, {"podCertificate": key}]);
    let prepared = created(&server, &job(pod(within)));
    assert_eq!(server.validate_create(&prepared), []);
    assert_eq!(prepared.warnings().len(), 1, "{:?}", prepared.warnings());
}

#[test]
fn the_newest_version_has_them_on() {
    let server = server("1.37", "");
    let bad = json!([{"clusterTrustBundle": {"path": "a"}}]);
    assert_eq!(refused(&server, pod(bad)), ["volumes[0].projected.sources[0].clusterTrustBundle Required"]);
}

#[test]
fn a_source_without_paths_once_had_those_of_the_one_before() {
    let sources = json!([
        {"secret": {"name": "a", "items": [{"key": "a", "path": "a"}]}},
        {"configMap": {"name": "b"}},
    ]);
    let warnings = |version: &str| created(&server(version, ""), &job(pod(sources.clone()))).warnings().len();
    assert_eq!([warnings("1.31"), warnings("1.32"), warnings("1.33"), warnings("1.34")], [0, 1, 1, 0]);
}

#[test]
fn token_paths_lead_downwards() {
    let found = |version: &str| {
        refused(&server(version, ""), pod(json!([{"serviceAccountToken": {"path": "../a"}}])))
    };
    assert_eq!(found("1.29"), Vec::<String>::new());
    assert_eq!(found("1.30"), ["volumes[0].projected.path Invalid"]);
}
