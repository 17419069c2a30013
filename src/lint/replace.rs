//! Replacing a file's content: whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use super::files;
use crate::report::FileError;

/// Writes `after` to the file at `path`, which must hold `before`. The new content is written beside the file and put in
/// its place at once, so that nobody ever reads half of it; permissions stay. Of a symbolic link the file behind it is
/// replaced.
///
/// # Errors
///
/// The file has changed meanwhile, may not be written, or could not be.
pub fn replace(path: &Path, name: &str, before: &str, after: &str) -> Result<(), FileError> {
    let failed = |message: String| FileError { name: name.to_owned(), message };
    let now = files::read(path, name)?;
    // The same file by two names: mended already.
    if now == after.as_bytes() {
        return Ok(());
    }
    if now != before.as_bytes() {
        return Err(failed("changed while it was being fixed; nothing was written".to_owned()));
    }
    write(path, after).map_err(|error| failed(format!("the fixes could not be written: {error}")))
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    let target = std::fs::canonicalize(path)?;
    let metadata = std::fs::metadata(&target)?;
    // The folder would let us; the file's owner would not.
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let folder = target.parent().ok_or(io::ErrorKind::NotFound)?;
    let mut file = tempfile::Builder::new().prefix(".jobguard-").suffix(".tmp").tempfile_in(folder)?;
    file.write_all(content.as_bytes())?;
    keep_owner(file.as_file(), &metadata);
    file.as_file().set_permissions(metadata.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    // The new name is safe too once the folder is written.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// Gives the new file the owner and group of the old one, as far as we may.
#[cfg(unix)]
fn keep_owner(file: &std::fs::File, metadata: &std::fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let Ok(new) = file.metadata() else { return };
    if new.uid() != metadata.uid() || new.gid() != metadata.gid() {
        // Whoever may write here but is not the owner cannot do this, and becomes the owner.
        let _ = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &std::fs::File, _: &std::fs::Metadata) {}
