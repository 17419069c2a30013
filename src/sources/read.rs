//! The bytes of files, and why they cannot be read.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::confined::{Refusal, Root};
use crate::diagnostic::FileError;

/// A larger file is no manifest; reading it whole would only cost memory. In bytes.
const MAX_BYTES: u64 = 64 << 20;

/// The same for standard input, which may be a whole cluster's Jobs. In bytes.
pub const MAX_INPUT: u64 = 256 << 20;

/// The path with forward slashes, so that reports are the same on every system.
pub(super) fn display(path: &Path) -> String {
    let shown = path.strip_prefix("./").unwrap_or(path).display().to_string();
    if std::path::MAIN_SEPARATOR == '/' { shown } else { shown.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// A file that cannot be read because of an I/O error.
pub(super) fn unreadable(name: &str, error: &io::Error) -> FileError {
    let message = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission to read it".to_owned(),
        _ => error.to_string(),
    };
    FileError { name: name.to_owned(), message }
}

/// Reads a file, up to a size that no manifest has; one that was found in a folder only where it still lies `within`
/// that folder.
pub(super) fn read(path: &Path, name: &str, within: Option<&Root>) -> Result<Vec<u8>, FileError> {
    let opened = match within {
        Some(root) => root.open_found(path),
        None => open(path).map_err(Refusal::Io),
    };
    let (file, length) = opened.map_err(|refusal| refused(name, &refusal))?;
    let bytes = read_up_to(file, length, MAX_BYTES).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("larger than {} MiB: not a manifest", MAX_BYTES >> 20);
        return Err(FileError { name: name.to_owned(), message });
    }
    Ok(bytes)
}

/// Whatever the user named, and its length, which a pipe does not have.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// The bytes of a file that has about `length`, and one more than `most` where it has that many.
fn read_up_to(file: File, length: u64, most: u64) -> io::Result<Vec<u8>> {
    // A pipe, and a file that the system makes up (proc(5)), may have more than their length of nothing. Any other file
    // is not asked for more than it has.
    let wanted = if length == 0 { most + 1 } else { length.min(most + 1) };
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(most + 1)).unwrap_or(0));
    file.take(wanted).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file cannot be read or written.
pub(super) fn refused(name: &str, refusal: &Refusal) -> FileError {
    match refusal {
        Refusal::Io(error) => unreadable(name, error),
        other => FileError { name: name.to_owned(), message: other.to_string() },
    }
}
