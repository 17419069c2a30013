//! `jobguard why`

mod bundle;
#[cfg(feature = "cluster")]
mod cluster;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::ExitStatus;
#[cfg(feature = "cluster")]
use super::cluster_args::ClusterArgs;
use super::namespace::parse_namespace;
use super::output::Terminal;
use super::targets::{self, Targets};
use super::time::parse_time;
use crate::confined::may_write;
use crate::live::why::bundle::Collected;
use crate::live::why::{self, Answer, Known, TargetRef, TextStyle};
use crate::policy::Preset;
use crate::rules::registry;
use crate::sources::{Selection, Source, select};
use jobguard_text::plain;

const EXAMPLES: &str = "\
Examples:
  jobguard why cronjob/nightly                            why did it not run?
  jobguard why job/migrate -n shop                        why is it still running, or failed?
  jobguard why cj/nightly --manifest deploy/              with the line to change
  jobguard why cj/nightly -o html:why.html                and a page with a picture of the last runs
  jobguard why cj/nightly --write-bundle nightly.json     a file for a ticket: no env values, no arguments, no Secrets
  jobguard why cj/nightly --bundle nightly.json           the same answer, without the cluster
  kubectl get cj,job,pod,event,resourcequota -o yaml | jobguard why cj/nightly --bundle -";

/// What to explain, and from what.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WhyArgs {
    /// The object: cronjob/NAME (or cj/NAME), job/NAME, or NAME alone where that is enough
    #[arg(value_name = "OBJECT")]
    target: TargetRef,
    /// The object's namespace [default: the context's; with --bundle, any]
    #[arg(long, short, value_name = "NAME", value_parser = parse_namespace)]
    namespace: Option<String>,
    /// Read objects from this file instead of the cluster, as `kubectl get -o yaml` or --write-bundle writes them; `-` is
    /// standard input
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Write what the answer rests on to this file, for a ticket: no env values, no arguments, no Secrets
    #[arg(long, value_name = "FILE")]
    write_bundle: Option<PathBuf>,
    /// The file or folder that the object was applied from: the answer names the line to change; repeatable
    #[arg(long, value_name = "PATH")]
    manifest: Vec<PathBuf>,
    /// The time to answer for, such as 2027-03-28T00:00:00Z, or a date, from 0:00 UTC
    /// [default: now; with --bundle, when that was written, else the newest time in it]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
    /// How to write the answer
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    /// Write the answer to a file: FORMAT:FILE in addition to standard output, repeatable; FILE alone, in --format, instead
    /// of it; a FORMAT alone is one for standard output
    #[arg(long, short, value_name = "[FORMAT:]FILE")]
    output: Vec<PathBuf>,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    #[default]
    Text,
    /// For programs: one JSON document
    Json,
    /// For a browser: one page, with a picture of the last runs
    Html,
    /// For a ticket or a comment
    Markdown,
}

/// What was read, wherever it came from.
struct Material {
    known: Known,
    /// For a bundle, where one is to be written.
    collected: Collected,
    namespace: Option<String>,
    now: Option<Timestamp>,
}

pub(crate) fn run(args: WhyArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let (format, outputs) = args.outputs();
    let targets = Targets::new(format, &outputs)?;
    if let Some(path) = &args.write_bundle {
        may_write(path).map_err(|refusal| anyhow!("--write-bundle {}: {refusal}", show(path)))?;
    }
    let policy = crate::policy::load::preset(Preset::Strict, registry().catalog())?;
    let manifests = manifests(&args.manifest, terminal)?;
    let material = args.read(terminal)?;
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

impl WhyArgs {
    /// The format for standard output, and the files. `-o json` is what people know of kubectl.
    fn outputs(&self) -> (Format, Vec<PathBuf>) {
        let mut format = self.format;
        let mut files = Vec::new();
        for output in &self.output {
            match output.to_str().and_then(|text| Format::from_str(text, false).ok()) {
                Some(named) => format = named,
                None => files.push(output.clone()),
            }
        }
        (format, files)
    }

    fn read(&self, terminal: &Terminal) -> Result<Material> {
        match &self.bundle {
            Some(path) => bundle::read(self, path, terminal),
            #[cfg(feature = "cluster")]
            None => cluster::read(self, terminal),
            #[cfg(not(feature = "cluster"))]
            None => bail!("this build cannot read a cluster: give --bundle FILE"),
        }
    }
}

impl Format {
    fn write(self, answer: &Answer, style: TextStyle, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Text => why::write_text(answer, style, out),
            Self::Json => why::write_json(answer, out),
            Self::Html => why::write_html(answer, out),
            Self::Markdown => why::write_markdown(answer, out),
        }
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

fn show(path: &Path) -> String {
    plain(&path.display().to_string())
}
