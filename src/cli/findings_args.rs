//! The arguments of what finds something: by which policy, how it is written, and what counts.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::time::parse_time;
use crate::engine::Severity;
use crate::report::{FORMATS, Format};
use jobguard_apiserver::FeatureGates;

/// By which policy there are findings, how they are written, and which count.
#[derive(Debug, Args)]
pub(crate) struct FindingsArgs {
    /// A policy file, or baseline, recommended or strict
    /// [default: jobguard.yaml in this folder or above it, within the git repository, else recommended]
    #[arg(long, short, value_name = "FILE|NAME", env = "JOBGUARD_POLICY", hide_env_values = true)]
    pub(crate) policy: Option<String>,
    /// How to write the findings
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Write the findings to a file: FORMAT:FILE in addition to standard output, repeatable; FILE alone, in --format,
    /// instead of it
    #[arg(long, short, value_name = "[FORMAT:]FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Text shows only the findings that make the exit status 1, or those at or above --level; nothing if there are none
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show every info finding with its help; report on standard error which policy is used, what was read, and how long it took
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// SARIF also has the findings that are suppressed, as results with `suppressions`. Not for GitHub, which shows them as open
    /// alerts
    #[arg(long)]
    pub(crate) sarif_suppressions: bool,
    /// Hide the findings below this level; the exit status stays the same
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// Text shows no more findings than this; an overview of all of them comes first
    #[arg(long, value_name = "N")]
    pub(crate) max_findings: Option<NonZeroUsize>,
    /// Add a table of the findings by rule
    #[arg(long)]
    pub(crate) statistics: bool,
    /// The lowest level that makes the exit status 1
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t)]
    pub(crate) fail_on: FailOn,
    /// Report only findings that are not in this file, which --write-baseline has written
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write all findings to this file, so that from now on only new ones count; entries that are gone are pruned
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
}

/// How objects are judged.
#[derive(Debug, Args)]
pub(crate) struct JudgingArgs {
    /// Fill in the policy's defaults first, as a cluster with the webhook does
    #[arg(long)]
    pub(crate) with_defaults: bool,
    /// Feature gates that your API servers set, as kube-apiserver takes them: Name=true,Other=false; repeatable
    #[arg(long, value_name = "GATES")]
    pub(crate) feature_gates: Vec<FeatureGates>,
    /// The most list items and map entries that one object may have [default: the policy's limits.maxElements, or 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_elements: Option<u32>,
    /// The time at which to check schedules, such as 2027-03-28T00:00:00Z, or a date, from 0:00 UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) now: Option<jiff::Timestamp>,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &FORMATS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.summary))
    }
}

/// The levels of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Errors
    Error,
    /// Warnings and errors
    Warning,
    /// All findings
    Info,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warning => Self::Warning,
            Level::Info => Self::Info,
        }
    }
}

/// From which severity on findings are a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Errors
    #[default]
    Error,
    /// Warnings and errors
    Warning,
    /// Any finding
    Info,
    /// Nothing
    Never,
}

impl FailOn {
    /// The least severity that is a failure.
    pub(crate) fn threshold(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }

    /// Whether a report whose worst finding is `worst` is a failure.
    pub(crate) fn fails(self, worst: Option<Severity>) -> bool {
        self.threshold().is_some_and(|threshold| worst.is_some_and(|worst| worst >= threshold))
    }
}
