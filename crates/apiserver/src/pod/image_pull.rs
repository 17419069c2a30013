//! When an image is pulled.

use crate::errors::Errors;
use jobguard_manifest::At;

/// Checks when an image is pulled.
pub(super) fn pull_policy(policy: &str, at: &At<'_>, report: &mut Errors<'_>) {
    match policy {
        "Always" | "IfNotPresent" | "Never" => {}
        "" => report.required(at, "set Always, IfNotPresent or Never"),
        other => report.not_supported(at, other, &["Always", "IfNotPresent", "Never"]),
    }
}
