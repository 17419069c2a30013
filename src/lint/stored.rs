//! Objects as an API server has them stored (`kubectl get -o yaml`). It has read, completed and accepted them, perhaps as
//! a newer version or with other features than are known here: what was asked of their creation is not asked again.

use crate::engine::{Finding, Severity};
use jobguard_manifest::{NodeId, Tree};

use super::classify::text;

/// Whether an API server has sent this object: it alone gives a uid and a time of creation, and discards those that
/// somebody else writes.
pub(super) fn is_stored(tree: &Tree<'_>, node: NodeId) -> bool {
    let Some(metadata) = tree.get(node, "metadata") else { return false };
    ["uid", "creationTimestamp"]
        .iter()
        .all(|field| text(tree, metadata, field).is_some_and(|value| !value.is_empty()))
}

/// A finding about such an object. What the server would refuse of a manifest it has taken of this one, so that it is a
/// warning; and the text is no manifest that anybody keeps, so that nothing is changed in it.
pub(super) fn soften(finding: &mut Finding) {
    if finding.rule.spec.category() == "api" {
        finding.severity = finding.severity.min(Severity::Warning);
    }
    finding.fix = None;
}
