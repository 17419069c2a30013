//! The binding of an exported policy, without which an API server does not evaluate it.

use std::fmt::Write as _;

use super::text::quoted;

/// Writes the binding of the policy `name`, for all namespaces but those that are excluded. `action` is what a validation that
/// fails leads to; a policy that mutates has none.
pub(super) fn write_binding(
    out: &mut String,
    api_version: &str,
    kind: &str,
    name: &str,
    action: Option<&str>,
    excluded_namespaces: &[String],
) {
    let _ = write!(
        out,
        "---\n\
         apiVersion: {api_version}\n\
         kind: {kind}\n\
         metadata:\n  name: {name}\n  labels:\n    app.kubernetes.io/part-of: jobguard\n\
         spec:\n  policyName: {name}\n",
    );
    if let Some(action) = action {
        let _ = writeln!(out, "  validationActions: [{action}]");
    }
    if !excluded_namespaces.is_empty() {
        let names: Vec<_> = excluded_namespaces.iter().map(|name| quoted(name)).collect();
        let _ = write!(
            out,
            "  matchResources:\n    namespaceSelector:\n      matchExpressions:\n\
             \x20       - key: kubernetes.io/metadata.name\n          operator: NotIn\n          values: [{}]\n",
            names.join(", ")
        );
    }
}
