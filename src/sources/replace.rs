//! Replacing a file by its fixed text.

use super::read::read;
use super::source::Source;
use crate::confined::Refusal;
use crate::diagnostic::FileError;

/// Writes `after` to the file that is `source`, which must hold `before`, in one step, so that no reader sees half of
/// it. Of a link the file behind it is written; a file that was found in a folder only where it still lies in it.
///
/// # Errors
///
/// The file has changed meanwhile, may not be written, or could not be; or `source` is no file.
pub fn replace(source: &Source, before: &str, after: &str) -> Result<(), FileError> {
    let failed = |message: String| FileError { name: source.name().to_owned(), message };
    let Source::File { path, name, within } = source else {
        return Err(failed("it is not a file".to_owned()));
    };
    let now = read(path, name, within.as_ref())?;
    // The same file under two names: written already.
    if now == after.as_bytes() {
        return Ok(());
    }
    if now != before.as_bytes() {
        return Err(failed("changed while it was being fixed; nothing was written".to_owned()));
    }
    let done = match within {
        Some(root) => root.replace(path, after.as_bytes()),
        None => crate::atomic_file::write(path, after.as_bytes()).map_err(Refusal::Io),
    };
    done.map_err(|error| failed(format!("the fixes could not be written: {error}")))
}
