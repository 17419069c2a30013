//! `jobguard why`

mod args;
mod bundle;
#[cfg(feature = "cluster")]
mod cluster;

use std::io;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};

use super::ExitStatus;
use super::output::Terminal;
use super::targets::{self, Targets};
use crate::confined::may_write;
use crate::live::why::{self, TextStyle};
use crate::policy::Preset;
use crate::rules::registry;
use crate::sources::{Selection, Source, select};
pub(crate) use args::WhyArgs;
use args::{Material, show};
use jobguard_text::plain;

pub(crate) fn run(args: WhyArgs, terminal: &Terminal) -> Result<ExitStatus> {
    if let Some(how) = args.in_one() {
        bail!("{how}");
    }
    let (format, outputs) = args.outputs();
    let targets = Targets::new(format, &outputs)?;
    if let Some(path) = &args.write_bundle {
        may_write(path).map_err(|refusal| anyhow!("--write-bundle {}: {refusal}", show(path)))?;
    }
    let policy = crate::policy::load::preset(Preset::Strict, registry().catalog())?;
    let manifests = manifests(&args.manifest, terminal)?;
    let material = read(&args, terminal)?;
    let Material { known, collected, namespace, now } = &material;
    let namespace = namespace.as_deref();
    let mut answer = why::answer(known, &args.target, namespace, *now, &policy)?;
    let found =
        manifests.iter().fold(false, |found, (name, text)| why::locate(&mut answer, name, text) | found);
    if !found && !manifests.is_empty() {
        terminal.note(&format!("--manifest: {} is not in what it names", args.target));
    }
    if let Some(path) = &args.write_bundle {
        let mut out = Vec::new();
        why::bundle::write(collected, known, (&args.target, namespace), answer.now, &mut out)??;
        targets::write(path, &out)?;
    }
    for (format, path) in &targets.files {
        let mut out = Vec::new();
        let style = TextStyle { color: false, width: 80 };
        format.write(&answer, style, &mut out).context("cannot write the answer")?;
        targets::write(path, &out)?;
    }
    if let Some(format) = targets.stdout {
        let style = TextStyle { color: terminal.color(), width: terminal.width() };
        let mut out = io::BufWriter::new(io::stdout().lock());
        format.write(&answer, style, &mut out)?;
        io::Write::flush(&mut out)?;
    }
    Ok(ExitStatus::Success)
}

fn read(args: &WhyArgs, terminal: &Terminal) -> Result<Material> {
    match &args.bundle {
        Some(path) => bundle::read(args, path, terminal),
        #[cfg(feature = "cluster")]
        None => cluster::read(args, terminal),
        #[cfg(not(feature = "cluster"))]
        None => bail!("this build cannot read a cluster: give --bundle FILE"),
    }
}

/// The texts of the manifests, with their names.
fn manifests(paths: &[PathBuf], terminal: &Terminal) -> Result<Vec<(String, String)>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let found = select(paths, Selection { ignored_too: false, excludes: &[] });
    for note in &found.notes {
        terminal.note(note);
    }
    if let Some(error) = found.errors.first() {
        bail!("--manifest: {}", plain(&error.to_string()));
    }
    let mut texts = Vec::new();
    for source in &found.sources {
        if matches!(source, Source::Unrendered(_)) {
            continue;
        }
        match source.bytes() {
            Ok(bytes) => texts.push((source.name().to_owned(), String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) => terminal.note(&plain(&error.to_string())),
        }
    }
    Ok(texts)
}
