//! What a command reads: files, folders and standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;

use super::output::Terminal;
use super::policy_source::Origin;
use crate::diagnostic::{FileError, STDIN};
use crate::exclude::Excludes;
use crate::policy::{ExcludedPaths, Policy};
use crate::sources::{Found, MAX_INPUT, Selection, Source, select};
use jobguard_text::plain;

/// What to read.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files and folders; `-` is standard input [default: the current folder]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Also read what `.gitignore` and `.ignore` leave out; hidden files stay left out
    #[arg(long)]
    pub(crate) no_ignore: bool,
    /// Leave out paths, even files named as arguments, by a glob as in a .gitignore of the current folder; repeatable
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
}

/// What there is to read.
pub(crate) struct Inputs {
    /// The sources, and what could not be found or read.
    pub(crate) found: Found,
    /// Whether standard input is among them.
    pub(crate) from_stdin: bool,
}

/// Finds what the arguments name, less what they and the policy leave out; standard input is read.
pub(crate) fn read(
    args: &InputArgs,
    (origin, policy): (&Origin, &Policy),
    terminal: &Terminal,
) -> Result<Inputs> {
    let paths = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths.clone() };
    let (from_stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.into_iter().partition(|path| path == Path::new("-"));
    let excludes = excludes(&args.exclude, policy)?;
    let mut found = select(&paths, Selection { ignored_too: args.no_ignore, excludes: &excludes });
    for note in &found.notes {
        terminal.note(note);
    }
    if let Some(note) = other_policy(origin, &found.sources) {
        terminal.note(&note);
    }
    if !from_stdin.is_empty() {
        let bytes = standard_input()?;
        match is_empty(&bytes) {
            true => found.errors.push(nothing_came()),
            false => found.sources.push(Source::Text { name: STDIN.to_owned(), bytes }),
        }
    }
    if found.sources.is_empty() && found.errors.is_empty() && found.notes.is_empty() {
        terminal.note(&nothing_found(&paths, args.no_ignore));
    }
    Ok(Inputs { found, from_stdin: !from_stdin.is_empty() })
}

/// What is said where there is nothing to lint: in CI, a folder of another name would pass unnoticed.
fn nothing_found(paths: &[PathBuf], ignored_too: bool) -> String {
    let names: Vec<_> = paths.iter().take(3).map(|path| path.display().to_string()).collect();
    let more = if paths.len() > names.len() { ", ..." } else { "" };
    let hint =
        if ignored_too { "" } else { "; --no-ignore takes those that .gitignore and .ignore name, too" };
    plain(&format!("no .yaml, .yml or .json files found in {}{more}{hint}", names.join(", ")))
}

/// What is said where a policy file lies among what is linted, and is not the policy that holds.
fn other_policy(origin: &Origin, sources: &[Source]) -> Option<String> {
    let paths = sources.iter().filter_map(|source| match source {
        Source::File { path, .. } => Some(path),
        _ => None,
    });
    let other = paths.into_iter().find(|path| origin.leaves_out(path))?;
    Some(plain(&format!(
        "{} is not the policy that is used, which is {origin}; to use it: --policy {0}",
        other.display()
    )))
}

/// What is left out: by the arguments, relative to the current folder, and by the policy, relative to its own.
fn excludes(arguments: &[String], policy: &Policy) -> Result<Vec<Excludes>> {
    let mut excludes = Vec::new();
    if !arguments.is_empty() {
        excludes
            .push(Excludes::new(Path::new("."), arguments, "--exclude").map_err(|why| anyhow!(plain(&why)))?);
    }
    if let Some(ExcludedPaths { globs, file }) = &policy.exclude {
        let folder = Path::new(file).parent().unwrap_or(Path::new("."));
        let of_policy = Excludes::new(folder, globs, format!("exclude of {file}"));
        excludes.push(of_policy.map_err(|why| anyhow!(plain(&why)))?);
    }
    Ok(excludes)
}

/// Whether nothing was written at all, but for what a program writes in any case.
fn is_empty(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    text.iter().all(u8::is_ascii_whitespace)
}

/// What is reported of standard input where nothing came: a render that failed must not pass as clean.
fn nothing_came() -> FileError {
    let message = "it is empty: did the command that should write to it fail?".to_owned();
    FileError { name: STDIN.to_owned(), message }
}

/// All of standard input.
fn standard_input() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
    if bytes.len() as u64 > MAX_INPUT {
        bail!("standard input is larger than {} MiB: lint it in parts", MAX_INPUT >> 20);
    }
    Ok(bytes)
}
