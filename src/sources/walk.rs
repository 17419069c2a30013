//! Walking a folder as git sees it, without trusting what lies in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::WalkBuilder;

use super::unrendered::is_kustomization;
use crate::exclude::Excludes;

/// Lists of files to ignore, as the walk looks for them in every folder.
const IGNORE_FILES: [&str; 2] = [".ignore", ".gitignore"];

/// A larger list was not written for git; each of its lines becomes a pattern that every name is matched with. In bytes.
const MAX_IGNORE_FILE: u64 = 256 << 10;

/// Which lists of files to ignore are applied. Hidden files are left out always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Honoured {
    /// `.ignore`, and git's.
    All,
    /// Git's alone.
    GitOnly,
    /// None.
    None,
}

/// Which paths are left out of a walk.
#[derive(Debug, Clone)]
pub(super) struct Excluding {
    /// The folder that is walked, as it is named.
    pub(super) folder: PathBuf,
    /// The same without links.
    pub(super) real: PathBuf,
    /// The globs.
    pub(super) by: Vec<Excludes>,
}

impl Excluding {
    /// What excludes `path`.
    fn by(&self, path: &Path, is_folder: bool) -> Option<&str> {
        if self.by.is_empty() {
            return None;
        }
        let path = self.real.join(path.strip_prefix(&self.folder).ok()?);
        self.by.iter().find(|excludes| excludes.leave_out(&path, is_folder)).map(Excludes::by)
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// What is named as a manifest is, and is no folder; in the order of the names. Links are not followed.
    pub(super) files: BTreeMap<PathBuf, FileType>,
    /// Folders with a kustomization that is not named as a manifest is.
    pub(super) kustomizations: BTreeSet<PathBuf>,
    /// What could not be read, in words.
    pub(super) errors: Vec<String>,
    /// Lists of files to ignore that were not applied.
    pub(super) unusable: Vec<PathBuf>,
    /// Whether an `.ignore` was applied.
    pub(super) asks_dot_ignore: bool,
    /// What globs exclude, and where they come from. Of an excluded folder, not what is in it.
    pub(super) excluded: BTreeMap<PathBuf, String>,
}

/// What is noticed of a folder before its lists are read.
#[derive(Debug, Default)]
struct Noticed {
    asks_dot_ignore: bool,
    unusable: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    excluded: BTreeMap<PathBuf, String>,
}

impl Noticed {
    /// Whether the lists in `folder` may be read.
    fn look(&mut self, folder: &Path) -> bool {
        let before = self.unusable.len();
        for name in IGNORE_FILES {
            let path = folder.join(name);
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            // As git does, which does not follow a link there either. The walk would block on a pipe, and read a
            // device without end.
            if metadata.is_dir() {
            } else if !metadata.is_file() || metadata.len() > MAX_IGNORE_FILE {
                self.unusable.push(path);
            } else {
                self.asks_dot_ignore |= name == ".ignore";
            }
        }
        self.unusable.len() == before
    }
}

/// Walks `folder`.
pub(super) fn walk(folder: &Path, honoured: Honoured, excluding: &Excluding) -> Walked {
    let mut walked = Walked::default();
    let mut noticed = Noticed::default();
    let mut honoured = honoured;
    if honoured != Honoured::None {
        // The lists of the folders above count too.
        let above = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let usable: Vec<bool> = above.ancestors().skip(1).map(|above| noticed.look(above)).collect();
        if !noticed.look(folder) || usable.contains(&false) {
            honoured = Honoured::None;
        }
    }
    step(folder, honoured, noticed, excluding, &mut walked);
    walked
}

fn step(folder: &Path, honoured: Honoured, noticed: Noticed, excluding: &Excluding, walked: &mut Walked) {
    let mut builder = WalkBuilder::new(folder);
    // Not `info/exclude`, which is never committed: a file `.git` may point anywhere, and be a pipe.
    builder.require_git(false).follow_links(false).git_exclude(false);
    match honoured {
        Honoured::All => {}
        Honoured::GitOnly => drop(builder.ignore(false)),
        Honoured::None => {
            builder.ignore(false).git_ignore(false).git_global(false).git_exclude(false).parents(false);
        }
    }
    let noticed = Arc::new(Mutex::new(noticed));
    let (seen, globs) = (Arc::clone(&noticed), excluding.clone());
    builder.filter_entry(move |entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        if !is_folder && !is_manifest(entry.path()) {
            return true;
        }
        let mut noticed = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(by) = globs.by(entry.path(), is_folder) {
            noticed.excluded.insert(entry.path().to_owned(), by.to_owned());
            return false;
        }
        if !is_folder || honoured == Honoured::None {
            return true;
        }
        let usable = noticed.look(entry.path());
        if !usable {
            noticed.folders.push(entry.path().to_owned());
        }
        usable
    });
    for entry in builder.build() {
        match entry {
            Ok(entry) => {
                let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else { continue };
                if is_manifest(entry.path()) {
                    walked.files.insert(entry.into_path(), kind);
                } else if is_kustomization(entry.file_name())
                    && let Some(folder) = entry.path().parent()
                {
                    walked.kustomizations.insert(folder.to_owned());
                }
            }
            Err(error) => walked.errors.push(error.to_string()),
        }
    }
    let noticed = std::mem::take(&mut *noticed.lock().unwrap_or_else(PoisonError::into_inner));
    walked.unusable.extend(noticed.unusable);
    walked.excluded.extend(noticed.excluded);
    walked.asks_dot_ignore |= noticed.asks_dot_ignore && honoured == Honoured::All;
    // Without its lists a folder is walked whole.
    for folder in noticed.folders {
        step(&folder, Honoured::None, Noticed::default(), excluding, walked);
    }
}

/// Whether a file is named as manifests are.
fn is_manifest(path: &Path) -> bool {
    matches!(path.extension().and_then(|ending| ending.to_str()), Some("yaml" | "yml" | "json"))
}
