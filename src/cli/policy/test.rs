//! `jobguard policy test`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::super::ExitStatus;
use super::super::output::Terminal;
use super::super::policy_source::Origin;
use super::super::targets::{self, Targets};
use super::super::time::parse_time;
use crate::policy_test::init::{self, Plan};
use crate::policy_test::{self, Options, PolicySource, Results, json, junit, text};
use crate::report::write_document;
use jobguard_text::plain;

const EXAMPLES: &str = "\
Examples:
  jobguard policy test                                     every test file below this folder
  jobguard policy test tests/ --filter nightly             some cases of a folder
  jobguard policy test -o junit:policy.xml                 text to read, JUnit for CI
  jobguard policy test --init nightly.yaml -o nightly_test.yaml   a first test file, from a manifest

A test file has `apiVersion: jobguard.dev/v1alpha1` and `kind: PolicyTest`; its name is free.

Exit status: 0 every case came out as expected, 1 some did not, 2 something could not be run.";

/// Arguments of `jobguard policy test`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TestArgs {
    /// Test files, and folders that hold some at any depth [default: the current folder]
    #[arg(value_name = "PATH", conflicts_with = "init")]
    paths: Vec<PathBuf>,
    /// The policy to test, whatever the files name: a policy file, or baseline, recommended or strict
    #[arg(long, short, value_name = "FILE|NAME")]
    policy: Option<String>,
    /// How to write the results
    #[arg(long, short, value_enum, default_value_t)]
    format: TestFormat,
    /// Write the results to a file: FORMAT:FILE in addition to standard output, repeatable; FILE alone, in --format,
    /// instead of it
    #[arg(long, short, value_name = "[FORMAT:]FILE")]
    output: Vec<PathBuf>,
    /// Run only the cases whose names contain this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// When schedules are judged where a file does not say, such as 2027-03-28 [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
    /// Also list the cases that pass
    #[arg(long, short)]
    verbose: bool,
    /// Write a first test file about the Jobs and CronJobs of this manifest, with what comes out today; to the file that
    /// --output names, or to standard output
    #[arg(long, value_name = "MANIFEST", conflicts_with_all = ["filter", "verbose", "format"])]
    init: Option<PathBuf>,
}

/// The format of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum TestFormat {
    #[default]
    Text,
    Junit,
    Json,
}

impl ValueEnum for TestFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Text, Self::Junit, Self::Json]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Text => PossibleValue::new("text").help("For people: what failed, with a diff"),
            Self::Junit => PossibleValue::new("junit").help("For test reports in CI: JUnit XML"),
            Self::Json => PossibleValue::new("json").help("For programs: one JSON document"),
        })
    }
}

pub(super) fn run(args: &TestArgs, terminal: &Terminal) -> Result<ExitStatus> {
    if let Some(manifest) = &args.init {
        return write_first(manifest, args, terminal);
    }
    let targets = Targets::new(args.format, &args.output)?;
    let paths = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths.clone() };
    let found = policy_test::find(&paths);
    for note in &found.notes {
        terminal.note(note);
    }
    for error in &found.errors {
        terminal.note(&format!("error: {}", plain(&error.to_string())));
    }
    if found.files.is_empty() && found.errors.is_empty() {
        let names: Vec<_> = paths.iter().take(3).map(|path| path.display().to_string()).collect();
        bail!(
            "no test files in {}: a test file has `kind: PolicyTest`; `jobguard policy test --init MANIFEST` writes a first one",
            names.join(", ")
        );
    }
    let options = Options {
        now: args.now.unwrap_or_else(Timestamp::now),
        filter: args.filter.clone(),
        policy: args.policy.as_deref().map(|name| source(Some(name))).transpose()?,
    };
    let results = policy_test::run(&found.files, &options);
    if !targets.files.is_empty() {
        let read = policy_test::inputs(&found.files, &options);
        let outputs = targets.files.iter().map(|(_, path)| path.as_path());
        targets::spare(outputs, read.iter().map(PathBuf::as_path))?;
    }
    for (format, path) in &targets.files {
        targets::write(path, &render(&results, *format, text::Look::default())?)?;
    }
    if let Some(format) = targets.stdout {
        let look = text::Look { color: terminal.color(), verbose: args.verbose };
        terminal.print(&String::from_utf8_lossy(&render(&results, format, look)?))?;
    }
    let counts = results.counts();
    if let Some(filter) = &args.filter
        && counts == Default::default()
        && !results.is_broken()
    {
        bail!("no case has {filter:?} in its name");
    }
    Ok(if results.is_broken() || !found.errors.is_empty() {
        ExitStatus::Failure
    } else if counts.failed > 0 {
        ExitStatus::Findings
    } else {
        ExitStatus::Success
    })
}

fn render(results: &Results, format: TestFormat, look: text::Look) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match format {
        TestFormat::Text => out = text::render(results, look).into_bytes(),
        TestFormat::Junit => junit::write(results, &mut out).context("cannot write the report")?,
        TestFormat::Json => write_document(&json::document(results), &mut out)?,
    }
    Ok(out)
}

/// The policy of an argument.
fn source(named: Option<&str>) -> Result<PolicySource> {
    Ok(match Origin::of(named)? {
        Origin::Preset(preset) => PolicySource::Preset(preset),
        Origin::Neither => PolicySource::Preset(crate::policy::Preset::Recommended),
        Origin::Named(path) => PolicySource::Named(path),
        Origin::Found(path) => PolicySource::Found(path),
    })
}

/// Writes a first test file.
fn write_first(manifest: &Path, args: &TestArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let output = match &args.output[..] {
        [] => None,
        [output] => Some(output.as_path()),
        _ => bail!("--init writes one file: give one --output"),
    };
    if let Some(output) = output.filter(|output| output.exists()) {
        bail!("{} is there already: name another file", plain(&output.display().to_string()));
    }
    let test = output.unwrap_or(Path::new("jobguard_test.yaml"));
    let folder = test.parent().unwrap_or(Path::new(""));
    let relative = |path: &Path| relative_to(folder, path);
    let origin = Origin::of(args.policy.as_deref())?;
    let policy = origin.load()?;
    let policy_name = match &origin {
        // The file will find it as well, from its own folder.
        Origin::Found(_) | Origin::Neither if same_discovery(folder, &origin) => None,
        Origin::Neither => Some(origin.name()),
        Origin::Preset(preset) => Some(preset.to_string()),
        Origin::Named(path) | Origin::Found(path) => Some(relative(path)?),
    };
    let manifest = relative(manifest)?;
    let init::First { text, left_out } = init::first(Plan {
        manifest: &manifest,
        test,
        policy_name: policy_name.as_deref(),
        policy: &policy,
        now: args.now.unwrap_or_else(Timestamp::now).round(jiff::Unit::Second)?,
    })
    .map_err(|why| anyhow!("{}", plain(&why)))?;
    for note in &left_out {
        terminal.note(note);
    }
    match output {
        Some(path) => {
            targets::write(path, text.as_bytes())?;
            terminal.note(&format!("wrote {0}; run it with `jobguard policy test {0}`", path.display()));
        }
        None => terminal.print(&text)?,
    }
    Ok(ExitStatus::Success)
}

/// Whether a test file in `folder` comes to the same policy without naming it.
fn same_discovery(folder: &Path, origin: &Origin) -> bool {
    let found = crate::policy::discover::discover(folder);
    match origin {
        Origin::Found(path) => found.as_ref() == Some(path),
        _ => found.is_none(),
    }
}

/// A path as a file in `folder` names it.
fn relative_to(folder: &Path, path: &Path) -> Result<String> {
    let absolute = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        std::fs::canonicalize(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let (folder, path) = (absolute(folder)?, absolute(path)?);
    let shared = folder.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().count() - shared;
    let parts: Vec<String> = std::iter::repeat_n("..".to_owned(), up)
        .chain(path.components().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned()))
        .collect();
    Ok(parts.join("/"))
}
