//! Linting one text that is open, as `lint` would its file.

use std::path::Path;
use std::sync::OnceLock;

use jiff::Timestamp;

use super::documents::Document;
use super::policies::Loaded;
use crate::diagnostic::{Diagnostic, FileError, Region};
use crate::engine::{Cancellation, Safety};
use crate::linter::{Linter, versions};
use crate::sources::{Selection, Source, select};

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    pub(super) findings: Vec<Diagnostic>,
    /// Why it was not looked at in full.
    pub(super) errors: Vec<FileError>,
    /// The text after `lint --fix`, once somebody has asked for it; none where that changes nothing. Editors ask at each move of
    /// the cursor.
    pub(super) fixed: OnceLock<Option<String>>,
}

/// How to look at a text.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    pub(super) policy: &'v Loaded,
    pub(super) now: Timestamp,
    /// The folder of the workspace that it is in: names in messages are relative to it.
    pub(super) root: Option<&'v Path>,
    pub(super) cancellation: Option<&'v Cancellation>,
}

impl<'v> View<'v> {
    /// The linters, one for each API server. What fixes change is known only where `with_changes`: to prove them takes many
    /// times as long as to find out what is wrong.
    pub(super) fn linters(&self, with_changes: bool) -> Vec<Linter<'v>> {
        let linter = |policy| Linter {
            with_fixes: with_changes,
            with_changes,
            cancellation: self.cancellation,
            ..Linter::new(policy, self.now)
        };
        self.policy.clusters.iter().map(linter).collect()
    }

    /// Lints a document by itself; none where it was cancelled.
    pub(super) fn analyse(&self, document: &Document, with_changes: bool) -> Option<Analysis> {
        let Some(source) = self.source(document) else { return Some(Analysis::default()) };
        let is_elsewhere = matches!(source, Source::Unrendered(_));
        let outcome = versions::lint_each(&self.linters(with_changes), &[source], &|| {});
        let is_void = self.cancellation.is_some_and(Cancellation::is_cancelled);
        let mut findings = outcome.report.diagnostics;
        if is_elsewhere {
            // About the chart or kustomization: a place there is none here.
            findings.iter_mut().for_each(|finding| finding.region = Region::NONE);
        }
        (!is_void).then_some(Analysis { findings, errors: outcome.errors, fixed: OnceLock::new() })
    }

    /// The text after `lint --fix`; none where that changes nothing.
    pub(super) fn fixed(&self, document: &Document) -> Option<String> {
        let source = self.source(document)?;
        let [linter] = self.linters(false)[..] else { return None };
        let fixed = linter.fix(&[source], Safety::Safe, &|| {});
        fixed.texts.into_iter().next().map(|text| text.after)
    }

    /// What `lint` would read of the document's file: the text of the editor, the remark about the chart or kustomization that
    /// it is part of, or nothing where it is excluded.
    pub(super) fn source(&self, document: &Document) -> Option<Source> {
        if !document.is_judged() {
            return None;
        }
        if let Some(path) = document.path.as_ref().filter(|path| path.is_file()) {
            let selection = Selection { ignored_too: true, excludes: &self.policy.excludes };
            match select(std::slice::from_ref(path), selection).sources.into_iter().next() {
                Some(Source::File { .. }) => {}
                other => return other,
            }
        }
        Some(self.open(document))
    }

    /// The text of the editor.
    pub(super) fn open(&self, document: &Document) -> Source {
        let name = match (&document.path, self.root) {
            (Some(path), Some(root)) => relative(path, root),
            _ => document.name(),
        };
        Source::Open { name, bytes: document.text.as_bytes().to_vec() }
    }
}

/// The name of a file in reports: below the workspace's folder, with forward slashes.
pub(super) fn relative(path: &Path, root: &Path) -> String {
    let shown = path.strip_prefix(root).unwrap_or(path).display().to_string();
    if std::path::MAIN_SEPARATOR == '/' { shown } else { shown.replace(std::path::MAIN_SEPARATOR, "/") }
}
