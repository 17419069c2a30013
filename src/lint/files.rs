//! Which files to lint, and their bytes.
//!
//! What the user names is read whatever it is. What is only come across in a folder may be anybody's, and is read
//! where it is a regular file in that folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::walk::{self, Excluding, Honoured, Walked};
use super::{Source, unrendered};
use crate::confined::{Refusal, Root};
use crate::diagnostic::FileError;
use crate::exclude::Excludes;
use jobguard_text::plain;

/// A larger file is no manifest; reading it whole would only cost memory. In bytes.
const MAX_BYTES: u64 = 64 << 20;

/// The same for standard input, which may be a whole cluster's Jobs. In bytes.
pub const MAX_INPUT: u64 = 256 << 20;

/// A list of file names in a note ends after so many.
const MAX_NAMES: usize = 3;

/// What there is to lint.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, each once, ordered by name.
    pub sources: Vec<Source>,
    /// What could not be read on the way.
    pub errors: Vec<FileError>,
    /// What was left out on the way and why, for people: one sentence each, without a full stop.
    pub notes: Vec<String>,
}

/// What a walk passes over, for the notes.
#[derive(Debug, Default)]
struct LeftOut {
    links: BTreeSet<String>,
    special: BTreeSet<String>,
    ignored: BTreeSet<String>,
    unusable: BTreeSet<String>,
    /// Folders with a kustomization that is not taken itself.
    kustomizations: BTreeSet<PathBuf>,
    /// By who leaves it out.
    excluded: BTreeMap<String, BTreeSet<String>>,
}

/// Which of the files that are come across are taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// Those that `.gitignore` and `.ignore` leave out, too.
    pub ignored_too: bool,
    /// None of these: in a folder, and where the user names one.
    pub excludes: &'a [Excludes],
}

/// Finds the manifests below `paths`: a file is taken whatever its name, a folder is walked for `.yaml`, `.yml` and
/// `.json` as git sees it (`.gitignore` and hidden files left out). In a folder only regular files are taken, and
/// links to such files below that folder. In the place of files of charts and kustomizations that are no manifests by
/// themselves stands a [`Source::Unrendered`].
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
            Ok(_) => match who_excludes(path, selection.excludes) {
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

/// Who leaves out the file at `path`, which somebody named.
fn who_excludes<'e>(path: &Path, excludes: &'e [Excludes]) -> Option<&'e str> {
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
        // What is committed may hide what is deployed, so that it is told; each file, were there no such list.
        let all = walk::walk(folder, Honoured::GitOnly, &excluding).files;
        let hidden = all.into_keys().filter(|path| !files.contains_key(path));
        left_out.ignored.extend(hidden.map(|path| display(&path)));
    }
    for (path, kind) in files {
        if kind.is_symlink()
            && let Some(by) = who_excludes(&path, selection.excludes)
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
            // A link to a folder: what is in there is found by its own name.
            Err(Refusal::Irregular) if path.is_dir() => {}
            Err(Refusal::Irregular) => drop(left_out.special.insert(display(&path))),
            // A link that leads nowhere is told when it is read.
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

/// The path with forward slashes, so that reports are the same on every system.
pub(super) fn display(path: &Path) -> String {
    let shown = path.strip_prefix("./").unwrap_or(path).display().to_string();
    if std::path::MAIN_SEPARATOR == '/' { shown } else { shown.replace(std::path::MAIN_SEPARATOR, "/") }
}

fn unreadable(name: &str, error: &io::Error) -> FileError {
    let message = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission to read it".to_owned(),
        _ => error.to_string(),
    };
    FileError { name: name.to_owned(), message }
}

/// Reads a file, up to a size that no manifest has; one that was come across only where it lies `within` the folder
/// that was walked.
pub(super) fn read(path: &Path, name: &str, within: Option<&Root>) -> Result<Vec<u8>, FileError> {
    let file = match within {
        Some(root) => root.open(path),
        None => File::open(path).map_err(Refusal::Io),
    };
    let file = file.map_err(|refusal| refused(name, &refusal))?;
    let bytes = read_up_to(file, MAX_BYTES).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("larger than {} MiB: not a manifest", MAX_BYTES >> 20);
        return Err(FileError { name: name.to_owned(), message });
    }
    Ok(bytes)
}

/// The bytes of a file, and one more than `most` where it has that many.
fn read_up_to(file: File, most: u64) -> io::Result<Vec<u8>> {
    // Room for all of it and a byte more, so that it is read at once; a pipe says nothing of its size.
    let size = file.metadata()?.len().min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file cannot be read or written.
pub(super) fn refused(name: &str, refusal: &Refusal) -> FileError {
    match refusal {
        Refusal::Io(error) => unreadable(name, error),
        other => FileError { name: name.to_owned(), message: other.to_string() },
    }
}
