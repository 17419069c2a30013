//! `jobguard policy diff`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::super::ExitStatus;
use super::super::inputs::{self, InputArgs};
use super::super::output::Terminal;
use super::super::policy_source::Origin;
use super::super::time::parse_time;
use crate::policy::{Preset, trace};
use crate::policy_diff::report::{json, text};
use crate::policy_diff::{self, Side, settings};
use crate::report::write_document;
use crate::rules::registry;
use jobguard_text::plain;

const EXAMPLES: &str = "\
Examples:
  jobguard policy diff recommended strict                 which settings differ
  jobguard policy diff jobguard.yaml next.yaml jobs/      what the change does to these manifests
  jobguard policy diff jobguard.yaml next.yaml reviews/   and to recorded AdmissionReviews

Exit status: 0 no difference, 1 differences, 2 could not do what was asked.";

/// Arguments of `jobguard policy diff`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// The policy before: a file, or baseline, recommended or strict
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The policy after
    #[arg(value_name = "AFTER")]
    after: String,
    /// Manifests, recorded AdmissionReviews, and folders of them; `-` is standard input. Without one, the settings are
    /// compared
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to write the differences
    #[arg(long, short, value_enum, default_value_t)]
    format: DiffFormat,
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

pub(super) fn run(args: &DiffArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let names = (args.before.as_str(), args.after.as_str());
    let mut out = Vec::new();
    let status = if args.paths.is_empty() {
        let changes = settings::compare(&traced(names.0)?, &traced(names.1)?);
        match args.format {
            DiffFormat::Text => out = text::settings(names, &changes).into_bytes(),
            DiffFormat::Json => write_document(&json::settings(names, &changes), &mut out)?,
        }
        if changes.is_empty() { ExitStatus::Success } else { ExitStatus::Findings }
    } else {
        let origin = Origin::of(Some(names.1))?;
        let (before, after) = (side(names.0)?, side(names.1)?);
        let input = InputArgs { paths: args.paths.clone(), no_ignore: false, exclude: Vec::new() };
        let found = inputs::read(&input, (&origin, &after.policy), terminal)?.found;
        let now = args.now.unwrap_or_else(Timestamp::now);
        let mut effects = policy_diff::effects(found.sources, &before, &after, now);
        effects.errors.splice(0..0, found.errors.into_iter().map(Into::into));
        for error in &effects.errors {
            terminal.note(&format!("error: {}", plain(&error.to_string())));
        }
        // Not an error by itself: who names all files that a change touches names others, too.
        for name in &effects.without_objects {
            terminal
                .note(&plain(&format!("{name}: there is no Job, no CronJob and no AdmissionReview in it")));
        }
        let is_in_vain = effects.objects == 0 && !effects.without_objects.is_empty();
        match args.format {
            DiffFormat::Text => out = text::effects(names, &effects).into_bytes(),
            DiffFormat::Json => write_document(&json::effects(names, &effects), &mut out)?,
        }
        match (effects.errors.is_empty() && !is_in_vain, effects.changed.is_empty()) {
            (false, _) => ExitStatus::Failure,
            (true, false) => ExitStatus::Findings,
            (true, true) => ExitStatus::Success,
        }
    };
    terminal.print(&String::from_utf8_lossy(&out))?;
    Ok(status)
}

fn side(name: &str) -> Result<Side> {
    Ok(Side { name: name.to_owned(), policy: Arc::new(Origin::of(Some(name))?.load()?) })
}

fn traced(name: &str) -> Result<trace::Trace> {
    let catalog = registry().catalog();
    let traced = match Origin::of(Some(name))? {
        Origin::Preset(preset) => trace::preset(preset, catalog, None),
        Origin::Neither => trace::preset(Preset::Recommended, catalog, None),
        Origin::Named(path) => trace::file(&path, false, catalog, None),
        Origin::Found(path) => trace::file(&path, true, catalog, None),
    };
    traced.map_err(|errors| anyhow!("cannot use the policy:\n{errors}"))
}
