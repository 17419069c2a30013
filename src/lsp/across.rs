//! What the rest of the workspace makes of a document: findings of rules that compare files.
//!
//! The folders of the workspace are linted in the background, as `jobguard lint` would there, with the texts of the editor in
//! place of their files. What that adds to the findings of a document by itself, or takes from them, is kept, and laid over
//! what is found while somebody types: of lines that have changed since, nothing is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::analysis::{View, relative};
use super::policies::Loaded;
use super::shared::{Shared, Snapshot, root_of};
use crate::diagnostic::{Diagnostic, Region};
use crate::engine::Cancellation;
use crate::linter::versions;
use crate::sources::{Selection, Source, select};

/// A larger workspace is not linted as a whole: that is for a command.
const MAX_FILES: usize = 2_000;

/// How long nothing must have been saved before it is linted.
pub(super) const DELAY: Duration = Duration::from_millis(300);

/// What identifies a finding, wherever its lines have gone.
type Key = (&'static str, String, String);

/// What a workspace adds to a document's own findings.
pub(super) struct Across {
    /// The text that it is about.
    text: Arc<String>,
    policy: Arc<Loaded>,
    added: Vec<Diagnostic>,
    /// Findings of the text by itself that are none beside the other files: of a patch, say.
    taken: BTreeMap<Key, usize>,
}

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
    let policy = shared.policies().of(Some(folder), Some(folder), &settings);
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

impl Across {
    fn of(
        text: &Arc<String>,
        policy: &Arc<Loaded>,
        alone: Vec<Diagnostic>,
        together: Vec<Diagnostic>,
    ) -> Self {
        let mut taken: BTreeMap<Key, usize> = BTreeMap::new();
        for finding in &alone {
            *taken.entry(key(finding)).or_default() += 1;
        }
        let is_added = |finding: &Diagnostic| take(&mut taken, finding).is_none();
        let added = together.into_iter().filter(is_added).collect();
        taken.retain(|_, count| *count > 0);
        Self { text: Arc::clone(text), policy: Arc::clone(policy), added, taken }
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.taken.is_empty()
    }

    /// Lays it over the findings of a text that may have changed since. Another policy makes it void.
    pub(super) fn lay_over(&self, findings: &mut Vec<Diagnostic>, text: &str, policy: &Arc<Loaded>) {
        if self.is_empty() || !Arc::ptr_eq(policy, &self.policy) {
            return;
        }
        let mut taken = self.taken.clone();
        findings.retain(|finding| take(&mut taken, finding).is_none());
        let kept = Kept::between(&self.text, text);
        findings.extend(self.added.iter().filter_map(|finding| {
            let region = kept.region(finding.region)?;
            let mut finding = Diagnostic { region, ..finding.clone() };
            finding.related.retain_mut(|related| match kept.region(related.region) {
                Some(region) => {
                    related.region = region;
                    true
                }
                None => false,
            });
            Some(finding)
        }));
        findings.sort_by(Diagnostic::cmp_in_report);
    }
}

fn key(finding: &Diagnostic) -> Key {
    (finding.rule.id(), finding.path.to_string(), finding.message.clone())
}

fn take(counts: &mut BTreeMap<Key, usize>, finding: &Diagnostic) -> Option<()> {
    let count = counts.get_mut(&key(finding)).filter(|count| **count > 0)?;
    *count -= 1;
    Some(())
}

/// The lines at both ends of a text that another has too.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    first: usize,
    /// How many lines the old text has before those that it has in common with the end of the new one.
    changed_until: usize,
    /// By how many lines these have moved.
    moved: isize,
}

impl Kept {
    fn between(old: &str, new: &str) -> Self {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
        let same = |(a, b): &(&&str, &&str)| a == b;
        let first = old.iter().zip(&new).take_while(same).count();
        let most = old.len().min(new.len()) - first;
        let last = old.iter().rev().zip(new.iter().rev()).take_while(same).count().min(most);
        Self {
            first,
            changed_until: old.len() - last,
            moved: new.len().cast_signed() - old.len().cast_signed(),
        }
    }

    fn region(&self, region: Region) -> Option<Region> {
        if region.end_line <= self.first {
            return Some(region);
        }
        if region.line <= self.changed_until {
            return None;
        }
        let line = region.line.checked_add_signed(self.moved)?;
        Some(Region { line, end_line: region.end_line.checked_add_signed(self.moved)?, ..region })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_moved() {
        let at = |line| Region { line, column: 1, end_line: line, end_column: 2 };
        let kept = Kept::between("a\nb\nc\nd\n", "a\nx\ny\nc\nd\n");
        assert_eq!(kept.region(at(1)), Some(at(1)));
        assert_eq!(kept.region(at(2)), None);
        assert_eq!(kept.region(at(3)), Some(at(4)));
        assert_eq!(kept.region(Region { end_line: 3, ..at(1) }), None);
        let same = Kept::between("a\nb", "a\nb");
        assert_eq!([1, 2].map(|line| same.region(at(line))), [Some(at(1)), Some(at(2))]);
        let repeated = Kept::between("a\na\n", "a\na\na\n");
        assert_eq!(repeated.region(at(2)), Some(at(2)));
    }
}
