//! Linting documents while somebody types: one at a time, and none that has changed since.

use lsp_types::PublishDiagnosticsParams;

use super::policy_files;
use super::publish;
use super::shared::Shared;
use crate::engine::Cancellation;

/// Lints documents as they are asked for, until the server ends.
pub(super) fn run(shared: &Shared) {
    shared.checks.run(|uri, cancellation| {
        shared.guarded("linting a document", || check(shared, uri, cancellation));
    });
}

fn check(shared: &Shared, uri: &str, cancellation: &Cancellation) {
    let Some(snapshot) = shared.snapshot(uri) else { return };
    let document = &snapshot.document;
    let Some(mut analysis) = snapshot.view(Some(cancellation)).analyse(document, false) else { return };
    if let Some(across) = &snapshot.across {
        across.lay_over(&mut analysis.findings, &document.text, &snapshot.policy);
    }
    let faults = policy_files::faults(document);
    let diagnostics = publish::shown(document, &analysis, &faults, &snapshot.client);
    // Sent while nothing can change, so that no older text has the last word.
    let state = shared.state();
    if state.open.get(uri).is_some_and(|open| open.document.edit == document.edit) {
        let (uri, version) = (document.uri.clone(), Some(document.version));
        shared.publish(PublishDiagnosticsParams { uri, diagnostics, version });
    }
}
