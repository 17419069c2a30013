//! Objects as an API server has them stored (`kubectl get -o yaml`). It has decoded, defaulted and accepted them, perhaps
//! as a newer version or with other feature gates: they are not validated again as on creation.

use crate::engine::{Finding, Severity};
use jobguard_manifest::{NodeId, Tree};

use super::classify::text;

/// Whether an API server has sent this object: only the server sets a uid and a creation time, and it discards those of
/// clients.
pub(super) fn is_stored(tree: &Tree<'_>, node: NodeId) -> bool {
    let Some(metadata) = tree.get(node, "metadata") else { return false };
    ["uid", "creationTimestamp"]
        .iter()
        .all(|field| text(tree, metadata, field).is_some_and(|value| !value.is_empty()))
}

/// Softens a finding about such an object. The server has accepted what it would refuse in a manifest, so that this is a
/// warning; and the text is not a manifest that is kept, so that there is no fix.
pub(super) fn soften(finding: &mut Finding) {
    if finding.rule.spec.category() == "api" {
        finding.severity = finding.severity.min(Severity::Warning);
    }
    finding.fix = None;
}
