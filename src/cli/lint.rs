//! `jobguard lint`

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;

use super::ExitStatus;
use super::args::LintArgs;
use super::baseline::BaselineFile;
use super::fix;
use super::inputs::{self, Inputs};
use super::output::Terminal;
use super::policy::exceptions;
use super::policy_source::Origin;
use super::progress::Progress;
use super::targets::{self, Targets};
use crate::diagnostic::{Diagnostic, Report};
use crate::docs::rule_page;
use crate::embedded::OuterKinds;
use crate::engine::{Rule, Severity};
use crate::lint::{Change, OldObjects};
use crate::linter::{Fixed, Linter, Outcome, versions};
use crate::policy::Policy;
use crate::report::{self, Format, RuleEntry, Run, Style};
use crate::rules::registry_of;
use crate::sources::{Source, find};
use jobguard_apiserver::{FeatureGates, KubernetesVersion, Server};
use jobguard_text::plain;

pub(crate) fn run(args: LintArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let started = Instant::now();
    let targets = Targets::new(args.format, &args.output)?;
    let baseline = BaselineFile::of(&args, &targets)?;
    let origin = Origin::of(args.policy.as_deref())?;
    let mut policy = origin.load()?;
    let servers = aim(&mut policy, &args)?;
    if let Some(most) = args.max_elements {
        policy.limits.max_elements = usize::try_from(most)?;
    }
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
    let now = args.now.unwrap_or_else(Timestamp::now);
    let linters: Vec<Linter<'_>> = (clusters.iter())
        .map(|(policy, against)| Linter {
            policy,
            now,
            with_defaults: args.with_defaults,
            against: against.as_ref(),
            with_fixes: targets.any(|format| format.shows_fixes),
            with_changes: targets.any(|format| format.shows_changes),
            with_info_lines: targets.any(|format| format.shows_info_lines),
            with_objects: args.verbose || baseline.is_some() || targets.any(|format| format.lists_objects),
        })
        .collect();
    let progress = Progress::new(found.sources.len() * linters.len(), !args.quiet && !args.verbose);
    let step = || progress.step();
    let Fixed { texts: mut fixed, mut outcome } = match (fixes, linters.as_slice()) {
        (Some(allowed), [linter, ..]) => linter.fix(&found.sources, allowed, &step),
        (_, linters) => Fixed { texts: Vec::new(), outcome: lint_each(linters, &found.sources, &step) },
    };
    progress.finish();
    let mut errors: Vec<_> = found.errors.into_iter().chain(outcome.errors).collect();
    if fixes.is_some() && !args.diff {
        errors.extend(fix::write(&found.sources, &mut fixed, terminal)?);
    }
    if let Some(baseline) = &baseline {
        let shown = (args.verbose, args.quiet);
        baseline.apply((&mut outcome.report, &errors), &found.sources, shown, terminal)?;
    }

    let rules = match targets.any(|format| format.describes_rules) {
        true => rules_at_work(&policy, &outcome.report),
        false => Vec::new(),
    };
    let versions: Vec<KubernetesVersion> =
        clusters.iter().map(|(policy, _)| policy.server.version()).collect();
    let run = Run {
        report: &outcome.report,
        errors: &errors,
        rules: &rules,
        versions: &versions,
        policy: Some(&policy_name),
        fails_from: args.fail_on.threshold(),
        least: args.level.map_or(Severity::Info, Severity::from),
        suppressions: args.sarif_suppressions,
    };
    if args.verbose {
        terminal.note(&format!("policy: {}", plain(&origin.to_string())));
        terminal.note(list_files(&found.sources, &outcome.report).trim_end());
    }
    for error in &errors {
        terminal.note(&format!("error: {}", plain(&error.to_string())));
    }
    if let Some(note) = exceptions::ending(&outcome.report, now).filter(|_| !args.quiet) {
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
        write(&run, &targets, &args, taken, terminal)?;
        if fixes.is_some() && !(args.quiet && fixed.is_empty()) {
            terminal.note(&fix::fixed(&fixed, &outcome.report));
        }
    }
    if args.verbose {
        terminal.note(&format!("took {:.0?}", started.elapsed()));
    }
    Ok(if !errors.is_empty() {
        ExitStatus::Failure
    } else if args.fail_on.fails(outcome.report.worst()) || (args.diff && !fixed.is_empty()) {
        ExitStatus::Findings
    } else {
        ExitStatus::Success
    })
}

/// What there is to say about the sources, as each API server sees them.
fn lint_each(linters: &[Linter<'_>], sources: &[Source], step: &(dyn Fn() + Sync)) -> Outcome {
    if let [linter] = linters {
        return linter.lint_watched(sources, step);
    }
    let mut first = Outcome::default();
    let mut reports = Vec::with_capacity(linters.len());
    for (position, linter) in linters.iter().enumerate() {
        let mut outcome = linter.lint_watched(sources, step);
        reports.push((linter.policy.server.version(), std::mem::take(&mut outcome.report)));
        // Files that cannot be read are the same for each.
        if position == 0 {
            first = outcome;
        }
    }
    Outcome { report: versions::merge(reports), ..first }
}

/// Aims the policy at the versions and feature gates that the arguments name.
fn aim(policy: &mut Policy, args: &LintArgs) -> Result<Vec<Server>> {
    let versions = match &args.kubernetes_version {
        Some(versions) => versions.versions().to_vec(),
        None => std::mem::take(&mut policy.versions),
    };
    let targets = if versions.is_empty() { vec![KubernetesVersion::default()] } else { versions.clone() };
    let mut of_arguments = FeatureGates::default();
    args.feature_gates.iter().for_each(|gates| of_arguments.extend(gates));
    of_arguments.on_each(&targets).context("--feature-gates")?;
    let mut gates = std::mem::take(&mut policy.feature_gates);
    gates.extend(&of_arguments);
    let servers = targets.iter().map(|version| gates.where_possible(*version)).collect();
    policy.aim(versions, gates);
    Ok(servers)
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

/// The rules that are on in a policy, with their severities where no override changes them, and those that an override
/// has turned on and that found something.
fn rules_at_work(policy: &Policy, report: &Report) -> Vec<RuleEntry> {
    let settings = registry_of(policy).rules().iter().zip(&policy.base().rules);
    let mut rules: Vec<(&'static Rule, Severity)> =
        settings.filter_map(|(rule, setting)| Some((*rule, Severity::of(setting.level)?))).collect();
    let mut ids: HashSet<&str> = rules.iter().map(|(rule, _)| rule.id()).collect();
    for diagnostic in report.diagnostics.iter().chain(known(report)) {
        if ids.insert(diagnostic.rule.id()) {
            rules.push((diagnostic.rule, diagnostic.severity));
        }
    }
    let entry = |(rule, severity): (&'static Rule, Severity)| RuleEntry {
        rule,
        severity,
        summary: rule_page::sentence(rule.spec.summary),
        url: rule.url(),
        help: rule_page::help(rule),
    };
    rules.into_iter().map(entry).collect()
}

/// The findings that are in the baseline.
fn known(report: &Report) -> impl Iterator<Item = &Diagnostic> {
    report.baseline.iter().flat_map(|compared| &compared.known)
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

/// Files first: who reads standard output may go away before its end.
/// What is for standard output goes to standard error where that is `taken`.
fn write(run: &Run<'_>, targets: &Targets, args: &LintArgs, taken: bool, terminal: &Terminal) -> Result<()> {
    let LintArgs { quiet, verbose, statistics, max_findings, .. } = *args;
    // What fails the run, or was asked for by its level, is reported in full.
    let whole = verbose || args.level.is_some() || run.fails_from == Some(Severity::Info);
    let style = Style { least: run.least, verbose, whole, statistics, ..Style::default() };
    for (format, path) in &targets.files {
        let content = render(run, *format, style)?;
        targets::write(path, &content)?;
    }
    let Some(format) = targets.stdout else { return Ok(()) };
    if !format.is_for_people && statistics {
        terminal.note(report::statistics(run.report).trim_end());
    }
    if !format.is_for_people
        && !quiet
        && let Some(line) = report::baseline_line(run.report)
    {
        terminal.note(&line);
    }
    let style = Style { max_findings, ..style };
    let style = match quiet {
        true => match args.level.map(Severity::from).or(run.fails_from) {
            Some(least) => Style { quiet, least, ..style },
            // Nothing is a failure, so there is nothing to show.
            None if format.is_for_people => return Ok(()),
            None => style,
        },
        false => style,
    };
    if taken {
        let text = render(run, format, style)?;
        terminal.note(String::from_utf8_lossy(&text).trim_end());
        return Ok(());
    }
    let style = Style { color: terminal.color(), width: terminal.width(), ..style };
    terminal.print(&String::from_utf8_lossy(&render(run, format, style)?))
}

fn render(run: &Run<'_>, format: Format, style: Style) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    format.write(run, style, &mut out).context("cannot write the report")?;
    Ok(out)
}
