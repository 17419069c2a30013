//! Where findings go: standard output, and the files that `--output` names.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::ValueEnum;

use crate::confined::may_write;
use crate::report::Format;
use crate::sources::Source;

/// What to write where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Targets<F = Format> {
    /// The format on standard output; none where a plain `--output FILE` takes its place.
    pub(crate) stdout: Option<F>,
    /// Files, each in its format.
    pub(crate) files: Vec<(F, PathBuf)>,
}

impl<F: ValueEnum + Copy> Targets<F> {
    /// Reads `--output` arguments beside `--format`.
    ///
    /// # Errors
    ///
    /// An unknown format, a file named twice, a folder that is not there, a link that leads out of the checkout: all reported before anything is read.
    pub(crate) fn new(format: F, outputs: &[PathBuf]) -> Result<Self> {
        let mut targets = Self { stdout: Some(format), files: Vec::new() };
        for output in outputs {
            let (own, path) = split(output)?;
            if path.as_os_str().is_empty() || path == Path::new("-") {
                bail!("--output {}: name a file; standard output is written as --format says", show(output));
            }
            if own.is_none() && targets.stdout.take().is_none() {
                bail!("--output {}: another file without a format is named already", show(output));
            }
            if targets.files.iter().any(|(_, other)| *other == path) {
                bail!("--output {}: the file is named twice", show(output));
            }
            if let Some(folder) = parent(&path)
                && !folder.is_dir()
            {
                bail!("--output {}: there is no folder {}", show(output), show(folder));
            }
            may_write(&path).map_err(|refusal| anyhow!("--output {}: {refusal}", show(output)))?;
            targets.files.push((own.unwrap_or(format), path));
        }
        Ok(targets)
    }

    /// Whether a format that something is written in is such a one.
    pub(crate) fn any(&self, is_such: impl Fn(&F) -> bool) -> bool {
        self.stdout.iter().chain(self.files.iter().map(|(format, _)| format)).any(is_such)
    }
}

/// The format in front of a file's name, as in `sarif:report.sarif`.
fn split<F: ValueEnum>(output: &Path) -> Result<(Option<F>, PathBuf)> {
    let Some((word, path)) = output.to_str().and_then(|text| text.split_once(':')) else {
        return Ok((None, output.to_owned()));
    };
    // A single letter is a drive; what is no word belongs to a path.
    if word.len() < 2 || !word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok((None, output.to_owned()));
    }
    match F::from_str(word, false) {
        Ok(format) => Ok((Some(format), PathBuf::from(path))),
        Err(_) => {
            let values = F::value_variants().iter().filter_map(F::to_possible_value);
            let formats: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
            bail!(
                "--output {}: there is no format {word:?}, only {}; a file of that name is ./{}",
                show(output),
                formats.join(", "),
                show(output)
            );
        }
    }
}

/// The folder that must be there for `path` to be written.
pub(super) fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

/// Refuses to write over what is read.
///
/// # Errors
///
/// If one of the files is among the sources, by whatever name.
pub(crate) fn spare_inputs<'a>(outputs: impl Iterator<Item = &'a Path>, sources: &[Source]) -> Result<()> {
    let paths = sources.iter().filter_map(|source| match source {
        Source::File { path, .. } => Some(path.as_path()),
        _ => None,
    });
    spare(outputs, paths)
}

/// As [`spare_inputs`], of files by their paths.
///
/// # Errors
///
/// If one of the files is among those that are read, by whatever name.
pub(crate) fn spare<'a, 'b>(
    outputs: impl Iterator<Item = &'a Path>,
    inputs: impl Iterator<Item = &'b Path>,
) -> Result<()> {
    let outputs: Vec<(&Path, PathBuf)> =
        outputs.filter_map(|path| Some((path, std::fs::canonicalize(path).ok()?))).collect();
    if outputs.is_empty() {
        return Ok(());
    }
    for path in inputs {
        // Most names differ, and need no look at the disk.
        let same =
            |(_, real): &&(&Path, PathBuf)| std::fs::canonicalize(path).is_ok_and(|path| path == *real);
        if let Some((output, _)) = outputs.iter().find(same) {
            bail!("--output {}: this file is read; name another one", show(output));
        }
    }
    Ok(())
}

/// Writes a file in one step.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    // Once more: what is linted may have come to hold a link since.
    may_write(path).map_err(|refusal| anyhow!("cannot write {}: {refusal}", show(path)))?;
    crate::atomic_file::write(path, content).with_context(|| format!("cannot write {}", show(path)))
}

fn show(path: &Path) -> String {
    jobguard_text::plain(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::FORMATS;

    fn format(name: &str) -> Format {
        FORMATS.into_iter().find(|format| format.name == name).unwrap()
    }

    fn targets(outputs: &[&str]) -> Result<Targets, String> {
        let outputs: Vec<PathBuf> = outputs.iter().map(PathBuf::from).collect();
        Targets::new(format("json"), &outputs).map_err(|error| error.to_string())
    }

    #[test]
    fn what_goes_where() {
        let expected = |stdout: Option<&str>, files: &[(&str, &str)]| {
            Ok(Targets {
                stdout: stdout.map(format),
                files: files.iter().map(|(name, path)| (format(name), PathBuf::from(path))).collect(),
            })
        };
        assert_eq!(targets(&[]), expected(Some("json"), &[]));
        assert_eq!(targets(&["a"]), expected(None, &[("json", "a")]));
        assert_eq!(targets(&["sarif:a"]), expected(Some("json"), &[("sarif", "a")]));
        assert_eq!(targets(&["text:a:b", "c"]), expected(None, &[("text", "a:b"), ("json", "c")]));
        assert_eq!(targets(&["./xml:a"]), expected(None, &[("json", "./xml:a")]));
    }

    #[test]
    fn what_cannot_be_meant() {
        for outputs in
            [&["xml:a"][..], &["a", "b"], &["a", "sarif:a"], &["sarif:"], &["json:-"], &["no/such/folder/a"]]
        {
            assert!(targets(outputs).is_err(), "{outputs:?}");
        }
        assert_eq!(
            targets(&["sariff:a"]).unwrap_err(),
            "--output sariff:a: there is no format \"sariff\", only text, concise, json, sarif, \
             github, gitlab, rdjson, checkstyle, junit, html, markdown; a file of that name is ./sariff:a"
        );
    }
}
