//! `jobguard lint`

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;

use super::ExitStatus;
use super::args::{Format, LintArgs};
use super::output::Terminal;
use super::policy_source;
use crate::lint::{Linter, OldObjects, Source, find};
use crate::report::{self, Report};

pub(crate) fn run(args: LintArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let mut policy = policy_source::find(args.policy.as_deref())?;
    if let Some(version) = args.kubernetes_version {
        policy.kubernetes_version = version;
    }
    let against = args.against.as_deref().map(old_objects).transpose()?;
    let paths = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths };
    let (from_stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.into_iter().partition(|path| path == Path::new("-"));
    let mut found = find(&paths);
    if !from_stdin.is_empty() {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
        found.sources.push(Source::Text { name: "<stdin>".to_owned(), bytes });
    }
    let linter = Linter {
        policy: &policy,
        now: args.now.unwrap_or_else(Timestamp::now),
        with_defaults: args.with_defaults,
        against: against.as_ref(),
    };
    let outcome = linter.lint(&found.sources);
    let errors: Vec<_> = found.errors.into_iter().chain(outcome.errors).collect();

    write(&outcome.report, args.format, args.output.as_deref(), terminal)?;
    for error in &errors {
        terminal.note(&format!("error: {error}"));
    }
    Ok(if !errors.is_empty() {
        ExitStatus::Failure
    } else if args.fail_on.fails(outcome.report.worst()) {
        ExitStatus::Findings
    } else {
        ExitStatus::Success
    })
}

fn old_objects(path: &Path) -> Result<OldObjects> {
    let found = find(&[path.to_owned()]);
    if let Some(error) = found.errors.into_iter().next() {
        bail!("--against {error}");
    }
    let old = OldObjects::read(&found.sources).context("--against")?;
    if old.is_empty() {
        bail!("--against {}: there is no Job or CronJob in it", path.display());
    }
    Ok(old)
}

fn write(report: &Report, format: Format, output: Option<&Path>, terminal: &Terminal) -> Result<()> {
    let render = |style, out: &mut dyn Write| match format {
        Format::Text => report::write_text(report, style, out),
        Format::Json => report::write_json(report, out),
    };
    match output {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            let mut out = BufWriter::new(file);
            render(report::Style::default(), &mut out)
                .and_then(|()| out.flush())
                .with_context(|| format!("cannot write {}", path.display()))
        }
        None => {
            let mut out = Vec::new();
            render(report::Style { color: terminal.color(), width: terminal.width() }, &mut out)?;
            terminal.print(&String::from_utf8_lossy(&out))
        }
    }
}
