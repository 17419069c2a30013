//! What the tests of this module share.

use crate::engine::registry;
use crate::policy::{Policy, Preset, load};

use super::Admission;

/// The policy that holds where nobody chose one.
pub(crate) fn policy() -> Policy {
    load::preset(Preset::Recommended, registry().catalog()).unwrap()
}

/// Answers by the recommended policy.
pub(crate) fn admission() -> Admission {
    Admission::new(policy())
}

/// A Job that nothing can be said against, but for what a test changes in it.
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
