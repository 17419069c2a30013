//! Findings, whatever they are in: by which policy and for which server there are some, how they are written, and what
//! they make of the exit status.

use std::collections::HashSet;

use anyhow::{Context as _, Result};

use super::ExitStatus;
use super::findings_args::{FindingsArgs, JudgingArgs};
use super::output::Terminal;
use super::targets::{self, Targets};
use crate::diagnostic::{Diagnostic, FileError, Report};
use crate::docs::rule_page;
use crate::engine::{Rule, Severity};
use crate::policy::Policy;
use crate::report::{self, Format, RuleEntry, Run, Style};
use crate::rules::registry_of;
use jobguard_apiserver::{FeatureGates, KubernetesVersion, Server};

/// Aims the policy at some versions, by default at its own, and at the feature gates that the arguments name; takes over the
/// limit on an object's size.
///
/// # Errors
///
/// A feature gate that none of the versions has.
pub(super) fn aim(
    policy: &mut Policy,
    versions: Option<Vec<KubernetesVersion>>,
    args: &JudgingArgs,
) -> Result<Vec<Server>> {
    if let Some(most) = args.max_elements {
        policy.limits.max_elements = usize::try_from(most)?;
    }
    let versions = versions.unwrap_or_else(|| std::mem::take(&mut policy.versions));
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

/// The rules that are on in a policy, with their severities where no override changes them, and those that an override
/// has turned on and that found something.
pub(super) fn rules_at_work(policy: &Policy, report: &Report) -> Vec<RuleEntry> {
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
pub(super) fn known(report: &Report) -> impl Iterator<Item = &Diagnostic> {
    report.baseline.iter().flat_map(|compared| &compared.known)
}

/// The run that a report is of.
pub(super) fn run_of<'a>(
    (report, errors): (&'a Report, &'a [FileError]),
    rules: &'a [RuleEntry],
    versions: &'a [KubernetesVersion],
    policy: &'a str,
    args: &FindingsArgs,
) -> Run<'a> {
    Run {
        report,
        errors,
        rules,
        versions,
        policy: Some(policy),
        fails_from: args.fail_on.threshold(),
        least: args.level.map_or(Severity::Info, Severity::from),
        suppressions: args.sarif_suppressions,
    }
}

/// Files first: who reads standard output may go away before its end.
/// What is for standard output goes to standard error where that is `taken`.
///
/// # Errors
///
/// Something cannot be written.
pub(super) fn write(
    run: &Run<'_>,
    targets: &Targets,
    args: &FindingsArgs,
    taken: bool,
    terminal: &Terminal,
) -> Result<()> {
    let FindingsArgs { quiet, verbose, statistics, max_findings, .. } = *args;
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

/// What findings and errors make of the exit status.
pub(super) fn status(args: &FindingsArgs, report: &Report, errors: &[FileError]) -> ExitStatus {
    if !errors.is_empty() {
        ExitStatus::Failure
    } else if args.fail_on.fails(report.worst()) {
        ExitStatus::Findings
    } else {
        ExitStatus::Success
    }
}
