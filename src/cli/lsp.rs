//! `jobguard lsp`

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use jiff::Timestamp;

use super::ExitStatus;
use super::output::Terminal;
use crate::lsp::{Ending, Settings, serve, stdio};
use crate::policy::Preset;
use jobguard_apiserver::VersionSet;
use jobguard_text::plain;

const HELP: &str = "\
The server speaks the Language Server Protocol over standard input and output, and is started by an editor.
How to set up yours: docs/editors.md.

Exit status: 0 the editor ended it, 1 the editor went away, 2 could not do what was asked.";

/// How long nobody must have typed before a document is linted.
const DELAY: Duration = Duration::from_millis(120);

/// Arguments of `jobguard lsp`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct LspArgs {
    /// A policy file, or baseline, recommended or strict [default: for each document the jobguard.yaml in its folder or
    /// above it, within the git repository, else recommended]
    #[arg(long, short, value_name = "FILE|NAME", env = "JOBGUARD_POLICY")]
    policy: Option<String>,
    #[arg(long, value_name = "1.NN", help = super::args::kubernetes_version_help())]
    kubernetes_version: Option<VersionSet>,
    /// Also write what the server has to say about itself to this file; it is always written to standard error
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Speak over standard input and output, as always: editors pass this
    #[arg(long, hide = true)]
    stdio: bool,
}

pub(crate) fn run(args: LspArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let policy = args.policy.filter(|name| !name.is_empty());
    let policy = policy.map(absolute).transpose()?;
    let file = args.log.map(|path| open(&path)).transpose()?;
    let terminal = *terminal;
    let log: Arc<dyn Fn(&str) + Send + Sync> = Arc::new(move |note: &str| {
        let note = plain(note);
        terminal.note(&note);
        if let Some(file) = &file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // A full disk is no reason to end.
            let _ = writeln!(file, "{} {note}", Timestamp::now());
        }
    });
    let settings = Settings {
        policy,
        versions: args.kubernetes_version.map(|versions| versions.versions().to_vec()),
        clock: Timestamp::now,
        zone: Some(jiff::tz::TimeZone::system()),
        delay: DELAY,
        log: Arc::clone(&log),
    };
    let (connection, writer) = stdio(move |note| log(note));
    let ending = serve(connection, settings);
    // A panic there has been printed, and there is nothing left to write.
    let _ = writer.join();
    Ok(match ending {
        Ending::Orderly => ExitStatus::Success,
        Ending::Abrupt => ExitStatus::Findings,
    })
}

/// A file by a path that means the same in every folder.
fn absolute(policy: String) -> Result<String> {
    if Preset::from_name(&policy).is_some() {
        return Ok(policy);
    }
    let path = std::path::absolute(&policy).context("cannot tell the current folder")?;
    Ok(path.display().to_string())
}

fn open(path: &std::path::Path) -> Result<Mutex<File>> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map(Mutex::new).with_context(|| format!("--log {}", plain(&path.display().to_string())))
}
