//! A preview for programs.

use std::io;

use super::model::Preview;

/// Writes one JSON document.
///
/// # Errors
///
/// Those of the writer.
pub fn write(preview: &Preview, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, preview)?;
    out.write_all(b"\n")
}
