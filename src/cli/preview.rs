//! `jobguard preview`

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::ExitStatus;
#[cfg(feature = "cluster")]
use super::cluster_args::{ClusterArgs, ScopeArgs};
use super::inputs::{self, InputArgs, Inputs};
use super::output::Terminal;
use super::policy_source::Origin;
use super::targets;
use super::time::{Moment, parse_moment};
#[cfg(feature = "cluster")]
use crate::cluster::{Reader, ServerVersion};
use crate::confined::may_write;
use crate::diagnostic::FileError;
use crate::forecast::job::{MOST_WHAT_IFS, WhatIf};
use crate::forecast::{RunTimes, Stated, Window, parse_run_time};
#[cfg(feature = "cluster")]
use crate::live::{LiveCollected, LivePreview, collect_live};
use crate::policy::Policy;
use crate::preview::{self, Collected, Options, Preview, TextStyle, collect, what_if_fault};
use jobguard_cron::load_zone;
use jobguard_text::{duration, plain, plural};

const EXAMPLES: &str = "\
Examples:
  jobguard preview                                   what the current folder's CronJobs and Jobs will do
  jobguard preview jobs/ --zone Europe/Berlin        the same, with the times on your clock
  jobguard preview jobs/ -o week.html                a page to send to a colleague
  kustomize build . | jobguard preview - --for 31d   a month of what a build renders
  jobguard preview nightly.yaml --from 2027-03-27    around a change of the clock
  jobguard preview --live -n shop                    what a cluster's CronJobs will do, by how long their runs took
  jobguard preview jobs/ --format ics -o runs.ics    runs for a calendar";

/// What to preview, and how.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PreviewArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Preview what stands in a running cluster instead of files, with run times measured from its finished Jobs
    #[cfg(feature = "cluster")]
    #[arg(long, conflicts_with_all = ["paths", "no_ignore", "exclude"])]
    live: bool,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    cluster: ClusterArgs,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    scope: ScopeArgs,
    /// The policy file whose kinds, limits and defaults hold, or baseline, recommended or strict
    /// [default: jobguard.yaml in this folder or above it, within the git repository, else recommended]
    #[arg(long, short, value_name = "FILE|NAME", env = "JOBGUARD_POLICY", hide_env_values = true)]
    policy: Option<String>,
    /// Where the preview begins: a time such as 2027-03-28T00:00:00Z, or a date or time on the clock of --zone, such as
    /// 2027-03-28 or 2027-03-28T02:30 [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    from: Option<Moment>,
    /// How long it is: from 1m to 366d
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_length, default_value = "7d")]
    length: SignedDuration,
    /// Your time zone, such as Europe/Berlin [default: the system's, else UTC]
    #[arg(long, value_name = "ZONE", alias = "reader")]
    zone: Option<String>,
    /// How to write it [default: by the name of the --output file, else text]
    #[arg(long, short, value_enum)]
    format: Option<Format>,
    /// Write it to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How many runs of each CronJob are listed [default: 5; html 20; json and ics all, up to 20000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    runs: Option<u32>,
    /// How long a run takes where neither the annotation jobguard.dev/expected-runtime nor anything else says so
    #[arg(long, value_name = "DURATION", value_parser = parse_expected)]
    expected_runtime: Option<u64>,
    /// Suppose how tries go: exit=CODE, disruption, hang or success, of every try of the first container in every index,
    /// unless container=NAME, try=N or index=N says otherwise, as in exit=137,try=1; repeatable
    #[arg(long, value_name = "EVENT", value_parser = parse_what_if)]
    what_if: Vec<WhatIf>,
    /// Fill in the policy's defaults first, as a cluster with the webhook does
    #[arg(long)]
    with_defaults: bool,
    /// Text shows each CronJob and Job in full, however many there are
    #[arg(long, short)]
    verbose: bool,
    /// Draw text with ASCII characters alone
    #[arg(long)]
    ascii: bool,
}

/// How a preview is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a terminal
    Text,
    /// For programs: one JSON document
    Json,
    /// For a calendar: one event for each run (iCalendar)
    Ics,
    /// For a browser: one page to search, to filter and to print
    Html,
    /// For a README: one picture
    Svg,
    /// For a comment on a pull request, or a step's summary: 65,000 characters at most
    Markdown,
}

/// How many runs formats for people list.
const RUNS: usize = 5;

/// How many runs those list in which they are seen only when asked for.
const RUNS_DRAWN: usize = 20;

/// How many runs of a CronJob formats for programs list at most: a week has 10,080 minutes.
const MOST_RUNS: usize = 20_000;

/// How many runs of all CronJobs together they list, about.
const MOST_IN_ALL: usize = 2_000_000;

/// How many steps the levels over time have: the hours of a week.
const STEPS: usize = 168;

pub(crate) fn run(args: PreviewArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let format = args.format()?;
    if args.what_if.len() > MOST_WHAT_IFS {
        bail!("--what-if: there may be {MOST_WHAT_IFS} of them");
    }
    let origin = Origin::of(args.policy.as_deref())?;
    let mut policy = origin.load()?;
    #[cfg(feature = "cluster")]
    let cluster = Cluster::of(&args)?;
    #[cfg(feature = "cluster")]
    let known = cluster.as_ref().and_then(|cluster| cluster.version.known);
    #[cfg(not(feature = "cluster"))]
    let known = None;
    if let Some(version) = known.or(policy.versions.last().copied()) {
        let gates = std::mem::take(&mut policy.feature_gates);
        policy = policy.for_server(gates.where_possible(version));
    }
    let (zone_name, zone) = reader(args.zone.as_deref())?;
    let from = match args.from {
        Some(moment) => moment.at(&zone).ok_or_else(|| anyhow!("--from: there is no such time"))?,
        // Seconds say nothing, and would make each preview another.
        None => Timestamp::from_second(Timestamp::now().as_second() / 60 * 60)?,
    };
    let window = Window::new(from, args.length).map_err(|error| anyhow!("--for {error}"))?;
    if let Some(path) = &args.output {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
            && !folder.is_dir()
        {
            bail!("--output {}: there is no folder {}", show(path), show(folder));
        }
        may_write(path).map_err(|refusal| anyhow!("--output {}: {refusal}", show(path)))?;
    }
    let Read { collected, run_times, errors } = {
        #[cfg(feature = "cluster")]
        match &cluster {
            Some(cluster) => cluster.read(&args, &policy, terminal)?,
            None => read(&args, (&origin, &policy), terminal)?,
        }
        #[cfg(not(feature = "cluster"))]
        read(&args, (&origin, &policy), terminal)?
    };
    for error in &errors {
        terminal.note(&format!("error: {}", plain(&error.to_string())));
    }
    let runs = args.runs.and_then(|runs| usize::try_from(runs).ok());
    let options = Options {
        window,
        zone: &zone,
        zone_name: &zone_name,
        run_times: &*run_times,
        runs: runs.unwrap_or(format.runs()),
        // All together they are to be what a program can read.
        most_runs: runs
            .unwrap_or_else(|| (MOST_IN_ALL / collected.inputs.len().max(1)).clamp(100, MOST_RUNS)),
        what_ifs: &args.what_if,
        steps: STEPS,
    };
    if collected.inputs.is_empty() && !errors.is_empty() {
        return Ok(ExitStatus::Failure);
    }
    write(&collected, &options, format, &args, terminal)?;
    Ok(if errors.is_empty() { ExitStatus::Success } else { ExitStatus::Failure })
}

/// What is previewed.
struct Read {
    collected: Collected,
    run_times: Box<dyn RunTimes>,
    errors: Vec<FileError>,
}

/// Reads files.
fn read(args: &PreviewArgs, about: (&Origin, &Policy), terminal: &Terminal) -> Result<Read> {
    let Inputs { found, .. } = inputs::read(&args.inputs, about, terminal)?;
    targets::spare_inputs(args.output.as_deref().into_iter(), &found.sources)?;
    let mut collected = collect(&found.sources, about.1, args.with_defaults);
    let errors = found.errors.into_iter().chain(std::mem::take(&mut collected.errors)).collect();
    Ok(Read { collected, run_times: Box::new(Stated { default: args.expected_runtime }), errors })
}

/// The cluster that is previewed.
#[cfg(feature = "cluster")]
struct Cluster {
    runtime: tokio::runtime::Runtime,
    reader: Reader,
    version: ServerVersion,
}

#[cfg(feature = "cluster")]
impl Cluster {
    /// The one that the arguments ask for; none where files are asked for.
    fn of(args: &PreviewArgs) -> Result<Option<Self>> {
        let flags = [
            (args.cluster.context.is_some(), "--context"),
            (args.cluster.kubeconfig.is_some(), "--kubeconfig"),
            (!args.scope.namespace.is_empty(), "--namespace"),
            (args.scope.all_namespaces, "--all-namespaces"),
            (args.scope.selector.is_some(), "--selector"),
        ];
        if !args.live {
            match flags.into_iter().find(|(given, _)| *given) {
                Some((_, flag)) => bail!("{flag} is about a cluster: add --live"),
                None => return Ok(None),
            }
        }
        let (runtime, reader) = args.cluster.open()?;
        let version = runtime.block_on(reader.version())?;
        Ok(Some(Self { runtime, reader, version }))
    }

    /// Reads it.
    fn read(&self, args: &PreviewArgs, policy: &Policy, terminal: &Terminal) -> Result<Read> {
        let what = LivePreview {
            asked: &args.scope.asked(),
            selector: args.scope.selector.as_deref(),
            policy,
            fills: args.with_defaults,
        };
        let LiveCollected { mut collected, run_times, gaps } =
            self.runtime.block_on(collect_live(&self.reader, what))?;
        for gap in gaps {
            terminal.note(&plain(&format!("not covered: {gap}")));
        }
        let errors = std::mem::take(&mut collected.errors);
        Ok(Read { collected, run_times: Box::new(run_times.with_default(args.expected_runtime)), errors })
    }
}

fn write(
    collected: &Collected,
    options: &Options<'_>,
    format: Format,
    args: &PreviewArgs,
    terminal: &Terminal,
) -> Result<()> {
    let preview = preview::preview(collected, options);
    if args.runs.is_none() && matches!(format, Format::Json | Format::Ics) {
        let most = options.most_runs as u64;
        let cut = preview.cron_jobs.iter().filter(|view| view.run_count > most).count();
        if cut > 0 {
            let (of, have) = (plural(cut, "CronJob"), if cut == 1 { "has" } else { "have" });
            terminal
                .note(&format!("{of} {have} more than {most} runs: the first {most} are listed (--runs)"));
        }
    }
    let width = if args.output.is_some() { 80 } else { terminal.width() };
    let color = args.output.is_none() && terminal.color();
    let style = TextStyle { color, ascii: args.ascii, verbose: args.verbose, width };
    match &args.output {
        Some(path) => {
            let mut out = Vec::new();
            format.write(&preview, style, &mut out).context("cannot write the preview")?;
            targets::write(path, &out)
        }
        None => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            format.write(&preview, style, &mut out)?;
            io::Write::flush(&mut out)?;
            Ok(())
        }
    }
}

impl PreviewArgs {
    /// The format that is asked for, or that the file's name says.
    fn format(&self) -> Result<Format> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        let Some(path) = &self.output else { return Ok(Format::Text) };
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let known = match extension.to_ascii_lowercase().as_str() {
            "txt" => Some(Format::Text),
            "json" => Some(Format::Json),
            "ics" => Some(Format::Ics),
            "html" | "htm" => Some(Format::Html),
            "svg" => Some(Format::Svg),
            "md" | "markdown" => Some(Format::Markdown),
            _ => None,
        };
        match known {
            Some(format) => Ok(format),
            None => bail!("--output {}: its name does not tell the format: add --format", show(path)),
        }
    }
}

impl Format {
    /// How many runs it lists where nobody says.
    fn runs(self) -> usize {
        match self {
            Self::Html | Self::Svg => RUNS_DRAWN,
            Self::Text | Self::Json | Self::Ics | Self::Markdown => RUNS,
        }
    }

    fn write(self, preview: &Preview, style: TextStyle, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Text => preview::write_text(preview, style, out),
            Self::Json => preview::write_json(preview, out),
            Self::Ics => preview::write_ics(preview, out),
            Self::Html => preview::write_html(preview, out),
            Self::Svg => preview::write_svg(preview, out),
            Self::Markdown => preview::write_markdown(preview, out),
        }
    }
}

/// The reader's time zone, with its name.
fn reader(name: Option<&str>) -> Result<(String, TimeZone)> {
    if let Some(name) = name {
        let zone = load_zone(name).map_err(|error| anyhow!("--zone: {}", plain(&error.to_string())))?;
        return Ok((name.to_owned(), zone));
    }
    let variable = std::env::var("TZ").ok().filter(|name| load_zone(name).is_ok());
    let system = TimeZone::try_system().ok();
    let name = variable.as_deref().or(system.as_ref().and_then(|zone| zone.iana_name())).unwrap_or("UTC");
    // By our own data, as schedules are.
    Ok(load_zone(name).map_or_else(|_| ("UTC".to_owned(), TimeZone::UTC), |zone| (name.to_owned(), zone)))
}

/// A duration such as `7d`, `2w` or `36h`.
fn parse_length(text: &str) -> Result<SignedDuration, String> {
    let whole = |count: &str, hours: i64| {
        let count: i64 = count.parse().ok()?;
        Some(SignedDuration::from_hours(count.checked_mul(hours)?))
    };
    let length = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((count, "d")) => whole(count, 24),
        Some((count, "w")) => whole(count, 7 * 24),
        _ => duration::parse(text).ok().map(SignedDuration::from_nanos),
    };
    let length = length.ok_or_else(|| "give a duration such as 7d, 2w or 36h".to_owned())?;
    // The end of the calendar is far away.
    Window::new(Timestamp::UNIX_EPOCH, length).map(|_| length).map_err(|error| error.to_string())
}

fn parse_expected(text: &str) -> Result<u64, String> {
    parse_run_time(text).map_err(|fault| format!("it {fault}"))
}

fn parse_what_if(text: &str) -> Result<WhatIf, String> {
    text.parse().map_err(|fault| what_if_fault(&fault))
}

fn show(path: &Path) -> String {
    plain(&path.display().to_string())
}
