//! `cargo xtask kubernetes`: from sources to data, and from data to tables.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::fields::Fields;
use crate::gates::Gates;
use crate::version::Minor;
use crate::{emit, features, sources};

/// What the user asks for.
#[derive(Debug, Default)]
pub struct Options {
    /// Checkouts of Kubernetes, by version.
    pub sources: Vec<(Minor, PathBuf)>,
    /// Write nothing; fail where something would be written.
    pub check: bool,
}

impl Options {
    /// Takes in `1.36=DIR`.
    ///
    /// # Errors
    /// Text of another form.
    pub fn add_source(&mut self, text: &str) -> Result<()> {
        let (minor, dir) = text.split_once('=').with_context(|| format!("`{text}` is not MINOR=DIR"))?;
        self.sources.push((minor.parse()?, PathBuf::from(dir)));
        Ok(())
    }
}

/// The data.
#[derive(Debug, Default)]
pub struct Data {
    /// The fields.
    pub fields: Fields,
    /// The gates.
    pub gates: Gates,
}

impl Data {
    /// Reads the data that is committed.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn load() -> Result<Self> {
        let read = |name: &str| {
            let path = root().join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        Ok(Self { fields: Fields::parse(&read(FIELDS)?)?, gates: Gates::parse(&read(GATES)?)? })
    }

    /// Takes over what the checkout in `dir` has.
    ///
    /// # Errors
    /// See [`Gates::merge`] and [`Fields::merge`].
    pub fn merge(&mut self, minor: Minor, dir: &Path) -> Result<()> {
        self.gates.merge(minor, &features::read(dir, minor)?)?;
        let gates = self.gates.names();
        self.fields.merge(minor, &sources::read(dir, &|name| gates.contains(name))?)
    }

    /// All files that follow from the data, and the data itself: path below the repository's root, and text.
    ///
    /// # Errors
    /// Data that the tables cannot express, or no rustfmt.
    pub fn files(&self) -> Result<Vec<(&'static str, String)>> {
        let gates = self.gates.names();
        self.fields.check(&|name| gates.contains(name))?;
        ensure!(
            self.fields.versions.keys().eq(self.gates.versions.keys()),
            "fields and gates are known of different versions"
        );
        Ok(vec![
            (FIELDS, self.fields.to_text()),
            (GATES, self.gates.to_text()),
            ("crates/apiserver/src/tables/fields.rs", rustfmt(&emit::fields(&self.fields)?)?),
            ("crates/apiserver/src/tables/gates.rs", rustfmt(&emit::gates(&self.gates)?)?),
            ("crates/apiserver/src/tables/states.rs", rustfmt(&emit::states(&self.gates)?)?),
        ])
    }
}

const FIELDS: &str = "xtask/data/fields.json";
const GATES: &str = "xtask/data/gates.json";

/// Writes or checks data and tables; the files that were written.
///
/// # Errors
/// What cannot be read, expressed or written; with `check`, files that differ.
pub fn run(options: &Options) -> Result<Vec<&'static str>> {
    let mut data = Data::load()?;
    let mut sources: Vec<_> = options.sources.iter().collect();
    sources.sort();
    for (minor, dir) in sources {
        data.merge(*minor, dir).with_context(|| format!("at the sources of {minor}"))?;
    }
    let mut stale = Vec::new();
    let mut written = Vec::new();
    for (name, text) in data.files()? {
        let path = root().join(name);
        if current(&path)?.as_deref() == Some(&text) {
            continue;
        }
        if options.check {
            stale.push(name);
        } else {
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            written.push(name);
        }
    }
    ensure!(stale.is_empty(), "out of date: {}; run `cargo xtask kubernetes`", stale.join(", "));
    Ok(written)
}

/// A file's text, unless there is none.
fn current(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The repository's root.
fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// A text as rustfmt writes it.
fn rustfmt(text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run rustfmt")?;
    let mut stdin = child.stdin.take().context("rustfmt has no standard input")?;
    let input = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().context("cannot run rustfmt")?;
    ensure!(output.status.success(), "rustfmt refuses the text: {}", output.status);
    writer.join().ok().context("writing to rustfmt panicked")??;
    Ok(String::from_utf8(output.stdout)?)
}
