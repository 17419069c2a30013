//! Putting what was mended in the place of what was read.

use std::path::Path;

use super::files;
use crate::report::FileError;

/// Writes `after` to the file at `path`, which must hold `before`, in one step: nobody ever reads half of it.
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
    crate::replace::replace(path, after.as_bytes())
        .map_err(|error| failed(format!("the fixes could not be written: {error}")))
}
