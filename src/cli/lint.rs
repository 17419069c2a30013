//! `jobguard lint`

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;

use super::ExitStatus;
use super::args::LintArgs;
use super::baseline::BaselineFile;
use super::findings::{aim, known, rules_at_work, run_of, status, write};
use super::fix;
use super::inputs::{self, Inputs};
use super::output::Terminal;
use super::policy::exceptions;
use super::policy_source::Origin;
use super::progress::Progress;
use super::targets::{self, Targets};
use crate::diagnostic::Report;
use crate::embedded::OuterKinds;
use crate::lint::{Change, OldObjects};
use crate::linter::{Fixed, Linter, versions};
use crate::policy::Policy;
use crate::sources::{Source, find};
use jobguard_apiserver::{KubernetesVersion, Server};
use jobguard_text::plain;

pub(crate) fn run(args: LintArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let started = Instant::now();
    let LintArgs { findings, judging, .. } = &args;
    let targets = Targets::new(findings.format, &findings.output)?;
    let baseline = BaselineFile::of(findings, &targets)?;
    let origin = Origin::of(findings.policy.as_deref())?;
    let mut policy = origin.load()?;
    let versions = args.kubernetes_version.as_ref().map(|versions| versions.versions().to_vec());
    let servers = aim(&mut policy, versions, judging)?;
    let change = if args.replace { Change::Replace } else { Change::Apply };
    let fixes = args.fixes();
    if let Some(flag) = args.fix_flag()
        && servers.len() > 1
    {
        bail!(
            "{flag} works for one Kubernetes version at a time: name a single one with --kubernetes-version"
        );
    }
    let clusters: Vec<(Policy, Option<OldObjects>)> = (servers.into_iter())
        .map(|server| {
            let path = args.against.as_deref();
            let against = path
                .map(|path| old_objects(path, change, (&server, &policy.outer_kinds), terminal))
                .transpose()?;
            Ok((policy.for_server(server), against))
        })
        .collect::<Result<_>>()?;
    let Inputs { mut found, from_stdin } = inputs::read(&args.inputs, (&origin, &policy), terminal)?;
    if let Some(baseline) = &baseline {
        baseline.leave_out(&mut found.sources);
    }
    targets::spare_inputs(targets.files.iter().map(|(_, path)| path.as_path()), &found.sources)?;
    let policy_name = origin.short_name();
    let now = judging.now.unwrap_or_else(Timestamp::now);
    let linters: Vec<Linter<'_>> = (clusters.iter())
        .map(|(policy, against)| Linter {
            policy,
            now,
            with_defaults: judging.with_defaults,
            against: against.as_ref(),
            with_fixes: targets.any(|format| format.shows_fixes),
            with_changes: targets.any(|format| format.shows_changes),
            with_info_lines: targets.any(|format| format.shows_info_lines),
            with_objects: findings.verbose
                || baseline.is_some()
                || targets.any(|format| format.lists_objects),
            cancellation: None,
        })
        .collect();
    let progress = Progress::new(found.sources.len() * linters.len(), !findings.quiet && !findings.verbose);
    let step = || progress.step();
    let Fixed { texts: mut fixed, mut outcome } = match (fixes, linters.as_slice()) {
        (Some(allowed), [linter, ..]) => linter.fix(&found.sources, allowed, &step),
        (_, linters) => {
            Fixed { texts: Vec::new(), outcome: versions::lint_each(linters, &found.sources, &step) }
        }
    };
    progress.finish();
    let mut errors: Vec<_> = found.errors.into_iter().chain(outcome.errors).collect();
    if fixes.is_some() && !args.diff {
        errors.extend(fix::write(&found.sources, &mut fixed, terminal)?);
    }
    if let Some(baseline) = &baseline {
        let shown = (findings.verbose, findings.quiet);
        let inputs = found.sources.iter().map(Source::name).collect();
        baseline.apply((&mut outcome.report, &errors), &inputs, shown, terminal)?;
    }

    let rules = match targets.any(|format| format.describes_rules) {
        true => rules_at_work(&policy, &outcome.report),
        false => Vec::new(),
    };
    let versions: Vec<KubernetesVersion> =
        clusters.iter().map(|(policy, _)| policy.server.version()).collect();
    let run = run_of((&outcome.report, &errors), &rules, &versions, &policy_name, findings);
    if findings.verbose {
        terminal.note(&format!("policy: {}", plain(&origin.to_string())));
        terminal.note(list_files(&found.sources, &outcome.report).trim_end());
    }
    for error in &errors {
        terminal.note(&format!("error: {}", plain(&error.to_string())));
    }
    if let Some(note) = exceptions::ending(&outcome.report, now).filter(|_| !findings.quiet) {
        terminal.note(&plain(&note));
    }
    for name in &outcome.held_back {
        terminal.note(&fix::held_back(name));
    }
    for note in fix::not_applied(&outcome.not_applied) {
        terminal.note(&note);
    }
    if args.diff {
        fix::print_diff(&fixed, terminal)?;
        terminal.note(&fix::would_fix(&fixed, &outcome.report));
    } else {
        // Standard output belongs to the text that came in by standard input.
        let taken = fixes.is_some() && from_stdin;
        write(&run, &targets, findings, taken, terminal)?;
        if fixes.is_some() && !(findings.quiet && fixed.is_empty()) {
            terminal.note(&fix::fixed(&fixed, &outcome.report));
        }
    }
    if findings.verbose {
        terminal.note(&format!("took {:.0?}", started.elapsed()));
    }
    Ok(match status(findings, &outcome.report, &errors) {
        ExitStatus::Success if args.diff && !fixed.is_empty() => ExitStatus::Findings,
        status => status,
    })
}

fn old_objects(
    path: &Path,
    change: Change,
    (server, kinds): (&Server, &OuterKinds),
    terminal: &Terminal,
) -> Result<OldObjects> {
    let found = find(&[path.to_owned()]);
    for note in &found.notes {
        terminal.note(&format!("--against: {note}"));
    }
    if let Some(error) = found.errors.into_iter().next() {
        bail!("--against {error}");
    }
    let old = OldObjects::read_with(&found.sources, server, kinds).context("--against")?;
    if old.is_empty() {
        bail!("--against {}: there is no Job or CronJob in it", plain(&path.display().to_string()));
    }
    Ok(old.with_change(change))
}

/// Each file that was read, with what was in it.
fn list_files(sources: &[Source], report: &Report) -> String {
    let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
    for object in &report.listed {
        counts.entry(&object.file).or_default().0 += 1;
    }
    for diagnostic in report.diagnostics.iter().chain(known(report)) {
        counts.entry(&diagnostic.file).or_default().1 += 1;
    }
    let mut text = String::new();
    for source in sources.iter().filter(|source| !matches!(source, Source::Unrendered(_))) {
        let (objects, findings) = counts.get(source.name()).copied().unwrap_or_default();
        text += &format!("read {}: objects {objects}, findings {findings}\n", plain(source.name()));
    }
    text
}
