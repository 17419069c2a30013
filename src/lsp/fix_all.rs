//! What `lint --fix` makes of a document, as one change.

use lsp_types::{CodeAction, CodeActionKind};

use super::edits;
use super::position::Places;
use super::shared::{Shared, Snapshot};
use crate::engine::Safety;

/// What applies all safe fixes of a document.
pub(super) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.jobguard");

/// Applies all safe fixes; none where there is nothing to fix.
pub(super) fn action(shared: &Shared, snapshot: &Snapshot) -> Option<CodeAction> {
    let analysis = shared.with_changes(snapshot);
    // What is known already spares the making of fixes that are not there.
    if !analysis.findings.iter().any(|finding| finding.fix == Some(Safety::Safe)) {
        return None;
    }
    let fixed = || snapshot.view(None).fixed(&snapshot.document);
    let after = analysis.fixed.get_or_init(fixed).as_ref()?;
    let places = Places::new(&snapshot.document.text, snapshot.client.encoding);
    Some(CodeAction {
        title: "Apply all safe fixes of jobguard".to_owned(),
        kind: Some(FIX_ALL),
        edit: Some(edits::edit(snapshot, vec![edits::between(&places, after)])),
        ..CodeAction::default()
    })
}
