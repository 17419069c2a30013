//! Which files to lint, and their bytes.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::Source;
use crate::report::FileError;

/// A larger file is no manifest; reading it whole would only cost memory.
const MAX_BYTES: u64 = 64 << 20;

/// What there is to lint.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, each once, ordered by name.
    pub sources: Vec<Source>,
    /// What could not be read on the way.
    pub errors: Vec<FileError>,
}

/// Finds the manifests below `paths`: a file is taken whatever its name, a folder is walked for `.yaml`, `.yml` and
/// `.json` as git sees it (`.gitignore` and hidden files left out).
pub fn find(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => walk(path, &mut found),
            Ok(_) => found.sources.push(file(path, true)),
            Err(error) => found.errors.push(unreadable(&display(path), &error)),
        }
    }
    let file_name = |source: &Source| source.name().to_owned();
    found.sources.sort_by_cached_key(file_name);
    found.sources.dedup_by_key(|source| file_name(source));
    found
}

fn walk(folder: &Path, found: &mut Found) {
    for entry in WalkBuilder::new(folder).require_git(false).build() {
        match entry {
            Ok(entry) => {
                let is_file = entry.file_type().is_some_and(|kind| !kind.is_dir());
                let ending = entry.path().extension().and_then(|ending| ending.to_str());
                if is_file && matches!(ending, Some("yaml" | "yml" | "json")) {
                    found.sources.push(file(entry.path(), false));
                }
            }
            Err(error) => found.errors.push(FileError { name: display(folder), message: error.to_string() }),
        }
    }
}

fn file(path: &Path, named: bool) -> Source {
    Source::File { path: path.to_owned(), name: display(path), named }
}

/// The path with forward slashes, so that reports are the same on every system.
fn display(path: &Path) -> String {
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

/// Reads a file, up to a size that no manifest has.
pub(super) fn read(path: &Path, name: &str) -> Result<Vec<u8>, FileError> {
    let read = |path: &Path| {
        let file = std::fs::File::open(path)?;
        // Room for all of it and a byte more, so that it is read at once; a pipe says nothing of its size.
        let size = file.metadata()?.len().min(MAX_BYTES);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes: Vec<u8> = read(path).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("larger than {} MiB: not a manifest", MAX_BYTES >> 20);
        return Err(FileError { name: name.to_owned(), message });
    }
    Ok(bytes)
}
