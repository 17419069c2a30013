//! `--baseline` and `--write-baseline` of `jobguard lint`.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Result, anyhow, bail};

use super::findings_args::FindingsArgs;
use super::output::Terminal;
use super::targets::{self, Targets};
use crate::baseline::{Baseline, MAX_BYTES, ReadError, is_baseline, read};
use crate::confined::{Refusal, may_write, open_regular};
use crate::diagnostic::{Compared, FileError, Report, STDIN};
use crate::sources::Source;
use jobguard_text::{plain, plural};

/// The baseline that the arguments name.
pub(super) struct BaselineFile<'a> {
    path: &'a Path,
    /// What it holds; nothing if it is not there yet, or is damaged and will be written anew.
    old: Baseline,
    /// Whether `old` is what findings are added to and removed from.
    is_there: bool,
    /// Whether it is written.
    is_written: bool,
}

impl<'a> BaselineFile<'a> {
    /// What the arguments say.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or written, or that is something else: all reported before anything is linted.
    pub(super) fn of(args: &'a FindingsArgs, targets: &Targets) -> Result<Option<Self>> {
        let named = [("--baseline", &args.baseline), ("--write-baseline", &args.write_baseline)];
        for (flag, path) in named {
            let Some(path) = path else { continue };
            if targets.files.iter().any(|(_, output)| is_same_file(output, path)) {
                bail!("{flag} {}: --output names this file, too", show(path));
            }
        }
        match (args.baseline.as_deref(), args.write_baseline.as_deref()) {
            (None, None) => Ok(None),
            (Some(one), Some(other)) if !is_same_file(one, other) => {
                bail!("--baseline {} and --write-baseline {}: name one file", show(one), show(other))
            }
            (_, Some(path)) => Self::to_be_written(path).map(Some),
            (Some(path), None) => {
                let text = text_of(path, "--baseline")?.ok_or_else(|| {
                    let name = show(path);
                    anyhow!("--baseline {name}: there is no such file; to write it: --write-baseline {name}")
                })?;
                let old = read(&text).map_err(|error| anyhow!("--baseline {}: {error}", show(path)))?;
                Ok(Some(Self { path, old, is_there: true, is_written: false }))
            }
        }
    }

    fn to_be_written(path: &'a Path) -> Result<Self> {
        let name = show(path);
        if path.as_os_str().is_empty() || path == Path::new("-") {
            bail!("--write-baseline {name}: name a file");
        }
        if let Some(folder) = targets::parent(path)
            && !folder.is_dir()
        {
            bail!("--write-baseline {name}: there is no folder {}", show(folder));
        }
        may_write(path).map_err(|refusal| anyhow!("--write-baseline {name}: {refusal}"))?;
        let none = Self { path, old: Baseline::default(), is_there: false, is_written: true };
        let Some(text) = text_of(path, "--write-baseline")? else { return Ok(none) };
        match read(&text) {
            Ok(old) => Ok(Self { old, is_there: true, ..none }),
            // As `touch` and `mktemp` leave it.
            Err(_) if text.trim().is_empty() => Ok(none),
            Err(ReadError::NotABaseline) => {
                bail!(
                    "--write-baseline {name}: this file is not a baseline, so it is not written over; name another one"
                )
            }
            Err(error @ ReadError::Newer(_)) => {
                bail!("--write-baseline {name}: this file is not written over: {error}")
            }
            Err(_) if is_baseline(&text) => Ok(none),
            Err(error) => bail!("--write-baseline {name}: {error}"),
        }
    }

    /// Takes the baseline itself out of what is linted.
    pub(super) fn leave_out(&self, sources: &mut Vec<Source>) {
        sources.retain(|source| match source {
            Source::File { path, .. } => {
                path.file_name() != self.path.file_name() || !is_same_file(path, self.path)
            }
            _ => true,
        });
    }

    /// Compares the findings with the baseline, and writes it where that is asked for: then they are all in it. `inputs` are
    /// the names of the files that were read.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn apply(
        &self,
        (report, errors): (&mut Report, &[FileError]),
        inputs: &BTreeSet<&str>,
        (verbose, quiet): (bool, bool),
        terminal: &Terminal,
    ) -> Result<()> {
        let name = show(self.path);
        let file = self.path.display().to_string();
        self.old.compare(report, &file, inputs, &is_there);
        if verbose && let Some(compared) = &report.baseline {
            list_gone(compared, terminal);
        }
        if !self.is_written {
            return Ok(());
        }
        if !errors.is_empty() {
            terminal.note(&format!(
                "{name} was not written: findings in what could not be read would be missing from it"
            ));
            // Without a file there is nothing to say of it, and all findings are what they are without a baseline.
            if !self.is_there {
                report.baseline = None;
            }
            return Ok(());
        }
        let all = Baseline::of(report);
        let text = all.to_text().map_err(|error| anyhow!("--write-baseline {name}: {error}"))?;
        targets::write(self.path, text.as_bytes())?;
        if !quiet {
            let change = if self.is_there { change(report) } else { String::new() };
            terminal.note(&format!("wrote {} to {name}{change}", plural(all.findings(), "finding")));
        }
        all.compare(report, &file, inputs, &is_there);
        Ok(())
    }
}

/// What writing a baseline changes in it, in parentheses.
fn change(report: &Report) -> String {
    let gone = report.baseline.as_ref().map_or(&[][..], |compared| &compared.gone);
    let count = |is_meant: fn(bool) -> bool| {
        gone.iter().filter(|gone| is_meant(gone.is_in_input)).map(|gone| gone.count).sum::<usize>()
    };
    let (added, removed, elsewhere) = (report.diagnostics.len(), count(|_| true), count(|is_here| !is_here));
    match (added, removed, elsewhere) {
        (0, 0, _) => " (as before)".to_owned(),
        (_, _, 0) => format!(" ({added} added, {removed} removed)"),
        _ => format!(
            " ({added} added, {removed} removed, {elsewhere} of them in objects or files that are not in the input: if \
             these are not gone, lint all that the baseline is for)"
        ),
    }
}

fn list_gone(compared: &Compared, terminal: &Terminal) {
    for gone in &compared.gone {
        let times = if gone.count == 1 { String::new() } else { format!(", {} findings", gone.count) };
        let why = if gone.is_in_input { "gone" } else { "not in the input" };
        let place = format!("{}:{}", compared.file, gone.line);
        terminal.note(&plain(&format!("{place}: {why}: {}{times}", gone.fingerprint)));
    }
}

/// Whether there still is a file that a baseline names. Its names are those of the linter: as arguments name files, so
/// relative to the current folder. Standard input is no file that could have been renamed.
fn is_there(name: &str) -> bool {
    name == STDIN || Path::new(name).symlink_metadata().is_ok()
}

/// The text of the file; none where there is no file. What is not UTF-8 is no baseline, and has no text to say so.
///
/// # Errors
///
/// It cannot be read, or is not a regular file: reading a pipe may never end, above all where it is the program's own
/// standard output.
fn text_of(path: &Path, flag: &str) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    // A pipe below /dev has no path that could be resolved, and looks as if it were not there.
    let kind = std::fs::metadata(path).map_err(Refusal::from);
    let file =
        kind.and_then(|kind| if kind.is_file() { open_regular(path) } else { Err(Refusal::Irregular) });
    match file.and_then(|file| Ok(file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?)) {
        Err(Refusal::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(Refusal::Irregular) => {
            bail!("{flag} {}: a baseline has to be a regular file, which this is not", show(path))
        }
        Err(error) => bail!("{flag} {}: {error}", show(path)),
        Ok(_) if bytes.len() as u64 > MAX_BYTES => {
            bail!("{flag} {}: larger than {} MiB: not a baseline", show(path), MAX_BYTES >> 20)
        }
        Ok(_) => Ok(Some(String::from_utf8(bytes).unwrap_or_else(|_| "not UTF-8".to_owned()))),
    }
}

/// Whether two paths lead to one file, which need not be there.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| {
        let beside = || {
            let folder = targets::parent(path).unwrap_or(Path::new("."));
            Some(std::fs::canonicalize(folder).ok()?.join(path.file_name()?))
        };
        std::fs::canonicalize(path).ok().or_else(beside)
    };
    one == other || real(one).is_some_and(|one| Some(one) == real(other))
}

fn show(path: &Path) -> String {
    plain(&path.display().to_string())
}
