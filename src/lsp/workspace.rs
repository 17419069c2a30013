//! Linting the folders of the workspace in the background, as `jobguard lint` would there, with the texts of the editor in
//! place of their files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::across::Across;
use super::analysis::{View, relative};
use super::shared::{Shared, Snapshot, root_of};
use crate::diagnostic::Diagnostic;
use crate::engine::Cancellation;
use crate::linter::versions;
use crate::sources::{Selection, Source, select};

/// A larger workspace is not linted as a whole: that is for a command.
const MAX_FILES: usize = 2_000;

/// How long nothing must have been saved before it is linted.
const DELAY: Duration = Duration::from_millis(300);

/// Lints folders as they are asked for, until the server ends.
pub(super) fn run(shared: &Shared) {
    shared.workspace.run(|folder, cancellation| {
        shared.guarded("linting the workspace", || lint(shared, Path::new(folder), cancellation));
    });
}

/// Asks for all folders of the workspace.
pub(super) fn ask(shared: &Shared) {
    let client = Arc::clone(&shared.state().client);
    for folder in &client.folders {
        shared.workspace.ask(&folder.display().to_string(), DELAY);
    }
}

fn lint(shared: &Shared, folder: &Path, cancellation: &Cancellation) {
    let (uris, folders, settings) = {
        let state = shared.state();
        let uris: Vec<String> = state.open.keys().cloned().collect();
        (uris, state.client.folders.clone(), state.settings.clone())
    };
    let is_here = |snapshot: &Snapshot| {
        let path = snapshot.document.path.as_deref().filter(|_| snapshot.document.is_judged());
        path.is_some_and(|path| root_of(path, &folders) == Some(folder))
    };
    let open: Vec<Snapshot> =
        uris.iter().filter_map(|uri| shared.snapshot(uri)).filter(|snapshot| is_here(snapshot)).collect();
    if open.is_empty() {
        return;
    }
    let policy = shared.policy(Some(folder), Some(folder), &settings);
    let view = View {
        policy: &policy,
        now: (settings.clock)(),
        root: Some(folder),
        cancellation: Some(cancellation),
    };
    let selection = Selection { ignored_too: false, excludes: &policy.excludes };
    let sources = select(&[folder.to_owned()], selection).sources;
    if sources.len() > MAX_FILES {
        shared.log(&format!(
            "{}: more than {MAX_FILES} files, so rules that compare files are left to jobguard lint",
            folder.display()
        ));
        return forget(shared, &uris);
    }
    let by_path: BTreeMap<&PathBuf, &Snapshot> =
        open.iter().filter_map(|one| Some((one.document.path.as_ref()?, one))).collect();
    let mut there: Vec<(String, &Snapshot)> = Vec::new();
    let sources: Vec<Source> = sources
        .into_iter()
        .map(|source| match source {
            Source::File { path, within, .. } => match by_path.get(&path) {
                Some(one) => {
                    there.push((relative(&path, folder), one));
                    view.open(&one.document)
                }
                None => Source::File { name: relative(&path, folder), path, within },
            },
            other => other,
        })
        .collect();
    let outcome = versions::lint_each(&view.linters(false), &sources, &|| {});
    let mut by_file: BTreeMap<Arc<str>, Vec<Diagnostic>> = BTreeMap::new();
    for finding in outcome.report.diagnostics {
        by_file.entry(Arc::clone(&finding.file)).or_default().push(finding);
    }
    for (name, one) in there {
        let Some(alone) = view.analyse(&one.document, false) else { return };
        let together = by_file.remove(name.as_str()).unwrap_or_default();
        let across = Across::of(&one.document.text, &policy, alone.findings, together);
        let uri = one.document.uri.as_str();
        let mut state = shared.state();
        let Some(open) = state.open.get_mut(uri) else { continue };
        let is_new = !across.is_empty() || open.across.is_some();
        open.across = Some(Arc::new(across));
        drop(state);
        if is_new {
            shared.checks.ask(uri, Duration::ZERO);
        }
    }
}

fn forget(shared: &Shared, uris: &[String]) {
    let mut state = shared.state();
    for uri in uris {
        if let Some(open) = state.open.get_mut(uri) {
            open.across = None;
        }
    }
}
