//! What the tests of this module share.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::policy::{Policy, Preset, load};
use crate::rules::registry;

use super::Admission;
use super::http::app::App;
use super::http::body::Memory;
use super::http::weight::Heavy;
use super::metrics::Metrics;
use super::tls::{Certificate, Tls};
use crate::server::listener::shutdown::Lifecycle;
use crate::server::state::cluster_cache::ClusterCache;
use crate::server::state::policies::{Policies, PolicySource};

/// The default policy.
pub(crate) fn policy() -> Policy {
    load::preset(Preset::Recommended, registry().catalog()).unwrap()
}

/// A policy that says `spec` over the recommended one.
pub(crate) fn policy_with(spec: &str) -> Policy {
    let text = format!(
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: test}}\nspec:\n  {spec}\n"
    );
    let source = load::Source { name: "test.yaml".to_owned(), text };
    load::read(&source, registry().catalog(), &load::no_files).unwrap()
}

/// A server's handlers, by the recommended policy.
pub(crate) fn app(max_concurrent: usize) -> App {
    app_by(PolicySource::BuiltIn(Preset::Recommended), max_concurrent)
}

/// A server's handlers, by a policy that says `spec`.
pub(crate) fn app_with(spec: &str) -> App {
    app_by(PolicySource::Given(Box::new(policy_with(spec))), 8)
}

fn app_by(policy: PolicySource, max_concurrent: usize) -> App {
    App {
        policies: Arc::new(Policies::new(policy, None, Timestamp::now()).unwrap()),
        cluster_cache: Arc::new(ClusterCache::default()),
        metrics: Arc::new(Metrics::new()),
        tls: Arc::new(Tls::new(Certificate::SelfSigned, None, Ipv4Addr::LOCALHOST.into()).unwrap()),
        lifecycle: Lifecycle::new(),
        excluded: Arc::default(),
        review_permits: Arc::new(Semaphore::new(max_concurrent)),
        default_timeout: Duration::from_secs(5),
        body_timeout: Duration::from_secs(5),
        memory: Memory::default(),
        heavy: Heavy::default(),
    }
}

/// Answers by the recommended policy.
pub(crate) fn admission() -> Admission {
    Admission::new(policy())
}

/// A Job without findings, but for what a test changes in it.
pub(crate) const JOB: &str = r#"{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"pi","namespace":"math"},
    "spec":{"backoffLimit":3,"completions":1,"parallelism":1,"activeDeadlineSeconds":600,"ttlSecondsAfterFinished":60,
    "template":{"metadata":{},"spec":{"restartPolicy":"Never","containers":[{"name":"pi","image":"perl:5.34"}]}}}}"#;

/// A review that asks for the creation of [`JOB`], changed by a JSON merge patch.
pub(crate) fn review(uid: &str, job: &str) -> String {
    request(uid, "CREATE", job, "null", "{}")
}

/// A review about [`JOB`], changed by a JSON merge patch; `old` is the patch of the stored version, and `rest` one of
/// the whole request.
pub(crate) fn request(uid: &str, operation: &str, new: &str, old: &str, rest: &str) -> String {
    let patched = |patch: &str| {
        let patch: serde_json::Value = serde_json::from_str(patch).unwrap();
        let mut job: serde_json::Value = serde_json::from_str(JOB).unwrap();
        if patch.is_null() {
            return patch;
        }
        json_patch::merge(&mut job, &patch);
        job
    };
    let mut request = serde_json::json!({
        "uid": uid,
        "kind": {"group": "batch", "version": "v1", "kind": "Job"},
        "resource": {"group": "batch", "version": "v1", "resource": "jobs"},
        "name": "pi",
        "namespace": "math",
        "operation": operation,
        "userInfo": {"username": "anna"},
        "object": patched(new),
        "oldObject": patched(old),
        "dryRun": false,
    });
    json_patch::merge(&mut request, &serde_json::from_str(rest).unwrap());
    serde_json::json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request})
        .to_string()
}
