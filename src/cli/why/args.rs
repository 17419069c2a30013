//! What is asked, and what the answer rests on.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

#[cfg(feature = "cluster")]
use crate::cli::cluster_args::ClusterArgs;
use crate::cli::namespace::parse_namespace;
use crate::cli::time::parse_time;
use crate::live::why::bundle::Collected;
use crate::live::why::{self, Answer, Known, TargetRef, TextStyle};
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
    pub(super) target: TargetRef,
    /// What comes behind it as kubectl takes it, to say how to write it.
    #[arg(hide = true)]
    pub(super) rest: Vec<String>,
    /// The object's namespace [default: the context's; with --bundle, any]
    #[arg(long, short, value_name = "NAME", value_parser = parse_namespace)]
    pub(super) namespace: Option<String>,
    /// Read objects from this file instead of the cluster, as `kubectl get -o yaml` or --write-bundle writes them; `-` is
    /// standard input
    #[arg(long, value_name = "FILE")]
    #[cfg_attr(feature = "cluster", arg(conflicts_with_all = ["context", "kubeconfig"]))]
    pub(super) bundle: Option<PathBuf>,
    /// Write what the answer rests on to this file, for a ticket: no env values, no arguments, no Secrets
    #[arg(long, value_name = "FILE")]
    pub(super) write_bundle: Option<PathBuf>,
    /// The file or folder that the object was applied from: the answer names the line to change; repeatable
    #[arg(long, value_name = "PATH")]
    pub(super) manifest: Vec<PathBuf>,
    /// The time to answer for, such as 2027-03-28T00:00:00Z, or a date, from 0:00 UTC
    /// [default: now; with --bundle, when that was written, else the newest time in it]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(super) now: Option<Timestamp>,
    /// How to write the answer
    #[arg(long, short, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Write the answer to a file: FORMAT:FILE in addition to standard output, repeatable; FILE alone, in --format, instead
    /// of it; a FORMAT alone is one for standard output
    #[arg(long, short, value_name = "[FORMAT:]FILE")]
    pub(super) output: Vec<PathBuf>,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
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
pub(super) struct Material {
    pub(super) known: Known,
    /// For a bundle, where one is to be written.
    pub(super) collected: Collected,
    pub(super) namespace: Option<String>,
    pub(super) now: Option<Timestamp>,
}

impl WhyArgs {
    /// How to write what stands in several arguments: `job migrate` is what kubectl takes, and is one object there.
    pub(super) fn in_one(&self) -> Option<String> {
        let first = self.rest.first()?;
        let kind = Some(&self.target).filter(|target| target.kind.is_none()).map(|target| &target.name);
        let one = kind.and_then(|kind| format!("{kind}/{first}").parse::<TargetRef>().ok().map(|_| kind));
        Some(match (one, self.rest.len()) {
            (Some(kind), 1) => format!("write {kind}/{first}"),
            _ => "name one object: cronjob/NAME or job/NAME".to_owned(),
        })
    }

    /// The format for standard output, and the files. `-o json` is what people know of kubectl.
    pub(super) fn outputs(&self) -> (Format, Vec<PathBuf>) {
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
}

impl Format {
    pub(super) fn write(self, answer: &Answer, style: TextStyle, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Text => why::write_text(answer, style, out),
            Self::Json => why::write_json(answer, out),
            Self::Html => why::write_html(answer, out),
            Self::Markdown => why::write_markdown(answer, out),
        }
    }
}

/// A path as people may see it.
pub(super) fn show(path: &Path) -> String {
    plain(&path.display().to_string())
}
