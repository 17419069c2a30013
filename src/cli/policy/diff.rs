//! `jobguard policy diff`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::super::ExitStatus;
use super::super::inputs::{self, InputArgs};
use super::super::output::Terminal;
use super::super::policy_source::{self, Origin};
use super::super::targets::{self, Targets};
use super::super::time::parse_time;
use crate::policy::load;
use crate::policy_diff::report::{json, text};
use crate::policy_diff::{self, Side, settings};
use crate::policy_test;
use crate::report::write_document;
use crate::sources::Source;
use jobguard_text::plain;

const EXAMPLES: &str = "\
Examples:
  jobguard policy diff recommended strict                 which settings differ
  jobguard policy diff jobguard.yaml next.yaml jobs/      what the change does to these manifests
  jobguard policy diff jobguard.yaml next.yaml reviews/   and to recorded AdmissionReviews
  jobguard policy diff main.yaml                          to the policy that holds here

Exit status: 0 no difference, 1 differences, 2 could not do what was asked.";

/// Arguments of `jobguard policy diff`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// The policy before: a file, or baseline, recommended or strict
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The policy after [default: jobguard.yaml in this folder or above it, within the git repository, else recommended]
    #[arg(value_name = "AFTER")]
    after: Option<String>,
    /// Manifests, recorded AdmissionReviews, and folders of them; `-` is standard input. Without one, the settings are
    /// compared
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The policy after, as `lint` takes it: what follows BEFORE are paths then
    #[arg(long, short, value_name = "FILE|NAME")]
    policy: Option<String>,
    /// How to write the differences
    #[arg(long, short, value_enum, default_value_t)]
    format: DiffFormat,
    /// Write the differences to a file: FORMAT:FILE in addition to standard output, repeatable; FILE alone, in --format,
    /// instead of it
    #[arg(long, short, value_name = "[FORMAT:]FILE")]
    output: Vec<PathBuf>,
    /// When schedules are judged, such as 2027-03-28 [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
}

/// How to write differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON document
    Json,
}

impl DiffArgs {
    /// The policy after, and the paths.
    fn after(&self) -> Result<(Origin, Vec<PathBuf>)> {
        let (named, more) = match (&self.policy, &self.after) {
            (Some(policy), more) => (Some(policy.clone()), more.as_ref()),
            (None, Some(after)) if Path::new(after).is_dir() => {
                let after = plain(after);
                bail!("{after} is a folder, not a policy; to compare what it holds: --policy FILE {after}");
            }
            (None, Some(after)) => (Some(after.clone()), None),
            (None, None) => (policy_source::from_environment(), None),
        };
        let paths = more.map(PathBuf::from).into_iter().chain(self.paths.iter().cloned()).collect();
        Ok((Origin::of(named.as_deref())?, paths))
    }
}

pub(super) fn run(args: &DiffArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let targets = Targets::new(args.format, &args.output)?;
    let (before, (after, paths)) = (Origin::of(Some(&args.before))?, args.after()?);
    // A file that was found is known by its whole path.
    let after_name = match &after {
        Origin::Found(path) => policy_test::short(path),
        other => other.name(),
    };
    let names = (args.before.as_str(), after_name.as_str());
    if paths.is_empty() {
        let changes = settings::compare(&before.trace(None)?, &after.trace(None)?);
        let policies = [&before, &after].into_iter().flat_map(policy_files).collect::<Vec<_>>();
        write(&targets, &policies, terminal, |format, out| match format {
            DiffFormat::Text => {
                out.extend(text::settings(names, &changes).into_bytes());
                Ok(())
            }
            DiffFormat::Json => write_document(&json::settings(names, &changes), out).map_err(Into::into),
        })?;
        return Ok(if changes.is_empty() { ExitStatus::Success } else { ExitStatus::Findings });
    }
    let mut read = [&before, &after].into_iter().flat_map(policy_files).collect::<Vec<_>>();
    let side = |name: &str, origin: &Origin| -> Result<Side> {
        Ok(Side { name: name.to_owned(), policy: Arc::new(origin.load()?) })
    };
    let (old, new) = (side(names.0, &before)?, side(names.1, &after)?);
    let input = InputArgs { paths, no_ignore: false, exclude: Vec::new() };
    let found = inputs::read(&input, (&after, &new.policy), terminal)?.found;
    read.extend(found.sources.iter().filter_map(|source| match source {
        Source::File { path, .. } => Some(path.clone()),
        _ => None,
    }));
    let now = args.now.unwrap_or_else(Timestamp::now);
    let mut effects = policy_diff::effects(found.sources, &old, &new, now);
    effects.errors.splice(0..0, found.errors.into_iter().map(Into::into));
    for error in &effects.errors {
        terminal.note(&format!("error: {}", plain(&error.to_string())));
    }
    // Not an error by itself: a list of all files that a change touches has others in it, too.
    for name in &effects.without_objects {
        terminal.note(&plain(&format!("{name}: there is no Job, no CronJob and no AdmissionReview in it")));
    }
    let is_in_vain = effects.objects == 0 && !effects.without_objects.is_empty();
    write(&targets, &read, terminal, |format, out| match format {
        DiffFormat::Text => {
            out.extend(text::effects(names, &effects).into_bytes());
            Ok(())
        }
        DiffFormat::Json => write_document(&json::effects(names, &effects), out).map_err(Into::into),
    })?;
    Ok(match (effects.errors.is_empty() && !is_in_vain, effects.changed.is_empty()) {
        (false, _) => ExitStatus::Failure,
        (true, false) => ExitStatus::Findings,
        (true, true) => ExitStatus::Success,
    })
}

/// The files of a policy.
fn policy_files(origin: &Origin) -> Vec<PathBuf> {
    match origin {
        Origin::Named(path) | Origin::Found(path) => load::files(path),
        Origin::Preset(_) | Origin::Neither => Vec::new(),
    }
}

/// Writes the differences where they are to go, but over nothing that was `read`.
fn write(
    targets: &Targets<DiffFormat>,
    read: &[PathBuf],
    terminal: &Terminal,
    render: impl Fn(DiffFormat, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    let outputs = targets.files.iter().map(|(_, path)| path.as_path());
    targets::spare(outputs, read.iter().map(PathBuf::as_path))?;
    let rendered = |format| {
        let mut out = Vec::new();
        render(format, &mut out).map(|()| out)
    };
    for (format, path) in &targets.files {
        targets::write(path, &rendered(*format)?)?;
    }
    match targets.stdout {
        Some(format) => terminal.print(&String::from_utf8_lossy(&rendered(format)?)),
        None => Ok(()),
    }
}
