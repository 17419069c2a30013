//! Which files to lint.
//!
//! A file that the user names is taken whatever it is. One that is found in a folder is not trusted: it is taken only where
//! it is a regular file in that folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::read::{display, unreadable};
use super::source::Source;
use super::unrendered;
use super::walk::{self, Excluding, Honoured, Walked};
use crate::confined::{Refusal, Root};
use crate::diagnostic::FileError;
use crate::exclude::Excludes;
use jobguard_text::plain;

/// A list of file names in a note ends after so many.
const MAX_NAMES: usize = 3;

/// What was found to lint.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, each once, ordered by name.
    pub sources: Vec<Source>,
    /// What could not be read on the way.
    pub errors: Vec<FileError>,
    /// What was left out on the way and why, for people: one sentence each, without a full stop.
    pub notes: Vec<String>,
}

/// What a walk leaves out, for the notes.
#[derive(Debug, Default)]
struct LeftOut {
    links: BTreeSet<String>,
    special: BTreeSet<String>,
    ignored: BTreeSet<String>,
    unusable: BTreeSet<String>,
    /// Folders with a kustomization that is not taken itself.
    kustomizations: BTreeSet<PathBuf>,
    /// By what excludes it: an argument or the policy.
    excluded: BTreeMap<String, BTreeSet<String>>,
}

/// Which of the files that a walk finds are taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// Also those that `.gitignore` and `.ignore` leave out.
    pub ignored_too: bool,
    /// None of these, neither in a folder nor where the user names one.
    pub excludes: &'a [Excludes],
}

/// Finds the manifests below `paths`: a file is taken whatever its name, a folder is walked for `.yaml`, `.yml` and
/// `.json` as git sees it (`.gitignore` and hidden files left out). In a folder only regular files are taken, and
/// links to such files below that folder. Files of charts and kustomizations that are no manifests
/// by themselves are replaced by a [`Source::Unrendered`].
pub fn find(paths: &[PathBuf]) -> Found {
    select(paths, Selection::default())
}

/// As [`find`], of the files that are wanted.
pub fn select(paths: &[PathBuf], selection: Selection<'_>) -> Found {
    let mut found = Found::default();
    let mut left_out = LeftOut::default();
    for path in paths {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => match Root::new(path) {
                Ok(root) => walk_folder(path, &root, selection, &mut found, &mut left_out),
                Err(error) => found.errors.push(unreadable(&display(path), &error)),
            },
            Ok(_) => match excluded_by(path, selection.excludes) {
                Some(by) => left_out.exclude(by, path),
                None => found.sources.push(file(path, None)),
            },
            Err(error) => found.errors.push(unreadable(&display(path), &error)),
        }
    }
    order(&mut found.sources);
    found.sources.dedup_by(|one, other| one.name() == other.name());
    // What is named besides, or found from another folder, is not left out.
    for source in &found.sources {
        left_out.ignored.remove(source.name());
    }
    let kustomizations = std::mem::take(&mut left_out.kustomizations);
    found.sources = unrendered::set_aside(found.sources, &kustomizations);
    order(&mut found.sources);
    found.notes = left_out.notes();
    found
}

fn order(sources: &mut [Source]) {
    sources.sort_by_cached_key(|source| source.name().to_owned());
}

/// What excludes the file at `path`, which the user named.
fn excluded_by<'e>(path: &Path, excludes: &'e [Excludes]) -> Option<&'e str> {
    if excludes.is_empty() {
        return None;
    }
    let folder = Root::new(path.parent()?).ok()?;
    let own = folder.path().join(path.file_name()?);
    // What stands behind a link is what would be read, and written.
    let behind = std::fs::canonicalize(path).ok().filter(|behind| *behind != own);
    let mut places = std::iter::once(own).chain(behind);
    places
        .find_map(|place| excludes.iter().find(|excludes| excludes.leave_out(&place, false)))
        .map(Excludes::by)
}

fn walk_folder(
    folder: &Path,
    root: &Root,
    selection: Selection<'_>,
    found: &mut Found,
    left_out: &mut LeftOut,
) {
    if let Some(excludes) = selection.excludes.iter().find(|excludes| excludes.leave_out(root.path(), true)) {
        left_out.exclude(excludes.by(), folder);
        return;
    }
    let honoured = if selection.ignored_too { Honoured::None } else { Honoured::All };
    let excluding = Excluding {
        folder: folder.to_owned(),
        real: root.path().to_owned(),
        by: selection.excludes.to_vec(),
    };
    let Walked { files, kustomizations, errors, unusable, asks_dot_ignore, excluded } =
        walk::walk(folder, honoured, &excluding);
    left_out.kustomizations.extend(kustomizations);
    let message = |message| FileError { name: display(folder), message };
    found.errors.extend(errors.into_iter().map(message));
    left_out.unusable.extend(unusable.iter().map(|path| display(path)));
    for (path, by) in excluded {
        left_out.exclude(&by, &path);
    }
    if asks_dot_ignore {
        // A committed list may hide what is deployed, so the files that it hides are reported.
        let all = walk::walk(folder, Honoured::GitOnly, &excluding).files;
        let hidden = all.into_keys().filter(|path| !files.contains_key(path));
        left_out.ignored.extend(hidden.map(|path| display(&path)));
    }
    for (path, kind) in files {
        if kind.is_symlink()
            && let Some(by) = excluded_by(&path, selection.excludes)
        {
            left_out.exclude(by, &path);
            continue;
        }
        let regular = if kind.is_symlink() {
            root.resolve(&path).map(drop)
        } else if kind.is_file() {
            Ok(())
        } else {
            Err(Refusal::Irregular)
        };
        match regular {
            Err(Refusal::Outside(_) | Refusal::Git) => drop(left_out.links.insert(display(&path))),
            // A link to a folder: its files are found under their own names.
            Err(Refusal::Irregular) if path.is_dir() => {}
            Err(Refusal::Irregular) => drop(left_out.special.insert(display(&path))),
            // A dangling link is reported when it is read.
            Ok(()) | Err(Refusal::Io(_)) => found.sources.push(file(&path, Some(root))),
        }
    }
}

impl LeftOut {
    fn exclude(&mut self, by: &str, path: &Path) {
        self.excluded.entry(by.to_owned()).or_default().insert(display(path));
    }

    fn notes(self) -> Vec<String> {
        let mut notes = Vec::new();
        let files = |count| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        if !self.ignored.is_empty() {
            let (count, them) =
                (files(self.ignored.len()), if self.ignored.len() == 1 { "it" } else { "them" });
            notes.push(format!("{count} left out by .ignore; --no-ignore to lint {them}"));
        }
        for (by, names) in &self.excluded {
            let count = if names.len() == 1 { "1 path".to_owned() } else { format!("{} paths", names.len()) };
            notes.push(format!("{count} left out by {}: {}", plain(by), some_names(names)));
        }
        for (names, why) in [
            (&self.links, "left out (a link that leads out of the folder)"),
            (&self.special, "left out (a pipe, a device or a socket)"),
            (&self.unusable, "not heeded (a link, or too large for a list of files to ignore)"),
        ] {
            if !names.is_empty() {
                notes.push(format!("{} {why}: {}", files(names.len()), some_names(names)));
            }
        }
        notes
    }
}

/// The first of some names.
fn some_names(names: &BTreeSet<String>) -> String {
    let more = if names.len() > MAX_NAMES { ", ..." } else { "" };
    let shown: Vec<String> = names.iter().take(MAX_NAMES).map(|name| plain(name)).collect();
    format!("{}{more}", shown.join(", "))
}

fn file(path: &Path, within: Option<&Root>) -> Source {
    Source::File { path: path.to_owned(), name: display(path), within: within.cloned() }
}
