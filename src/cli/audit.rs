//! `jobguard audit`

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;

use super::ExitStatus;
use super::audit_reports::{Left, ReportArgs};
use super::baseline::BaselineFile;
use super::cluster_args::{ClusterArgs, ScopeArgs};
use super::findings::{aim, rules_at_work, run_of, status, write};
use super::findings_args::{FindingsArgs, JudgingArgs};
use super::output::Terminal;
use super::policy::exceptions;
use super::policy_source::Origin;
use super::targets::{Targets, spare_inputs};
use crate::cluster::ServerVersion;
use crate::diagnostic::Report;
use crate::engine::Severity;
use crate::linter::{Linter, versions};
use crate::live::{Audit, Audited, OwnerFiles, Roles, audit, roles};
use crate::policy::Policy;
use crate::sources::find;
use jobguard_apiserver::{KubernetesVersion, VersionSet};
use jobguard_text::plain;

const EXAMPLES: &str = "\
Examples:
  jobguard audit                                   all that your rights allow, in the current context
  jobguard audit -n shop -n billing                two namespaces
  jobguard audit --context prod --policy strict    another cluster, by the strict policy
  jobguard audit --kubernetes-version 1.37         what an upgrade would object to
  jobguard audit -o html:audit.html -o sarif:audit.sarif       a page and a file for other tools
  jobguard audit --write-baseline known.json       accept what is there, and from then on
  jobguard audit --baseline known.json             report only what is new
  jobguard audit --report                          reports in the cluster, for the tools that show such
  jobguard audit --print-rbac | kubectl apply -f - the rights that it uses";

/// What to check in a cluster, and how.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Also check what a checked object controls by itself, such as the Jobs of a CronJob
    #[arg(long)]
    include_owned: bool,
    /// Name the file and line of the manifest that an object was made from, where one of its kind and name is in this folder
    #[arg(long, value_name = "FOLDER")]
    owner_files: Option<PathBuf>,
    #[command(flatten)]
    findings: FindingsArgs,
    #[arg(long, value_name = "1.NN", help = version_help())]
    kubernetes_version: Option<VersionSet>,
    #[command(flatten)]
    judging: JudgingArgs,
    #[command(flatten)]
    reports: ReportArgs,
    /// Print the rights that an audit uses as manifests: a ClusterRole or, with --namespace, Roles
    #[arg(long, conflicts_with_all = ["write_baseline", "output"])]
    print_rbac: bool,
}

fn version_help() -> String {
    let (oldest, newest) = (KubernetesVersion::OLDEST, KubernetesVersion::NEWEST);
    format!(
        "Check as a Kubernetes version would, {oldest} to {newest}, or several, such as 1.31,1.34-1.36 \
         [default: the version of the API server]"
    )
}

pub(crate) fn run(args: AuditArgs, terminal: &Terminal) -> Result<ExitStatus> {
    let started = Instant::now();
    let AuditArgs { findings, judging, .. } = &args;
    let origin = Origin::of(findings.policy.as_deref())?;
    let mut policy = origin.load()?;
    if args.print_rbac {
        let namespaces = Some(args.scope.namespace.as_slice()).filter(|names| !names.is_empty());
        let roles = roles(Roles {
            namespaces,
            outer_kinds: &policy.outer_kinds,
            reports: &args.reports.apis(),
            summary: args.reports.summary(),
        });
        return terminal.print(&roles).map(|()| ExitStatus::Success);
    }
    let targets = Targets::new(findings.format, &findings.output)?;
    let baseline = BaselineFile::of(findings, &targets)?;
    let (runtime, reader) = args.cluster.open()?;
    let version = runtime.block_on(reader.version())?;
    let api = runtime.block_on(args.reports.api(&reader))?;
    let (asked_versions, note) = judged_as(&args, &version);
    let servers = aim(&mut policy, Some(asked_versions), judging)?;
    let policies: Vec<Policy> = servers.into_iter().map(|server| policy.for_server(server)).collect();
    let now = judging.now.unwrap_or_else(Timestamp::now);
    let linters: Vec<Linter<'_>> = (policies.iter())
        .map(|policy| Linter {
            with_defaults: judging.with_defaults,
            with_objects: findings.verbose
                || baseline.is_some()
                || targets.any(|format| format.lists_objects),
            ..Linter::new(policy, now)
        })
        .collect();
    let what = Audit {
        linters: &linters,
        asked: &args.scope.asked(),
        selector: args.scope.selector.as_deref(),
        include_owned: args.include_owned,
        version: &version,
        lists_objects: args.reports.lists_objects(),
    };
    let Audited { reports, judged, mut errors } = runtime.block_on(audit(&reader, &what))?;
    let mut report = merged(reports, &policies);
    report.gaps.extend(note);
    if let Some(folder) = &args.owner_files {
        let found = find(std::slice::from_ref(folder));
        for note in &found.notes {
            terminal.note(&plain(&format!("--owner-files: {note}")));
        }
        errors.extend(found.errors);
        spare_inputs(targets.files.iter().map(|(_, path)| path.as_path()), &found.sources)?;
        let owners = OwnerFiles::new(&found.sources, &policy.outer_kinds);
        owners.place(&mut report, targets.any(|format| format.shows_info_lines));
    }
    if let Some(baseline) = &baseline {
        let shown = (findings.verbose, findings.quiet);
        baseline.apply((&mut report, &errors), &BTreeSet::new(), shown, terminal)?;
    }
    let rules = match targets.any(|format| format.describes_rules) {
        true => rules_at_work(&policy, &report),
        false => Vec::new(),
    };
    let versions: Vec<KubernetesVersion> = policies.iter().map(|policy| policy.server.version()).collect();
    let policy_name = origin.short_name();
    let left = Left {
        reader: &reader,
        judged: &judged,
        policy: &policy_name,
        versions: &versions,
        least: findings.level.map_or(Severity::Info, Severity::from),
        now,
        quiet: findings.quiet,
    };
    runtime.block_on(args.reports.write(&left, api, (&report, &mut errors), terminal));
    let run = run_of((&report, &errors), &rules, &versions, &policy_name, findings);
    if findings.verbose {
        terminal.note(&format!("policy: {}", plain(&origin.to_string())));
        terminal.note(&format!(
            "API server: {}, {}",
            plain(&reader.connection().server),
            plain(&version.git)
        ));
    }
    for error in &errors {
        terminal.note(&format!("error: {}", plain(&error.to_string())));
    }
    if let Some(note) = exceptions::ending(&report, now).filter(|_| !findings.quiet) {
        terminal.note(&plain(&note));
    }
    write(&run, &targets, findings, false, terminal)?;
    if findings.verbose {
        terminal.note(&format!("took {:.0?}, {} requests", started.elapsed(), reader.calls()));
    }
    Ok(status(findings, &report, &errors))
}

/// The versions that are asked about: those of the arguments, else that of the API server. What is not known is judged as
/// the nearest version that is, which is said.
fn judged_as(args: &AuditArgs, version: &ServerVersion) -> (Vec<KubernetesVersion>, Option<String>) {
    if let Some(versions) = &args.kubernetes_version {
        return (versions.versions().to_vec(), None);
    }
    match version.known {
        Some(known) => (vec![known], None),
        None => {
            let ServerVersion { git, nearest, .. } = version;
            let note = format!(
                "what is special to the API server's version, {git}, which is not known: objects were checked as {nearest} would"
            );
            (vec![*nearest], Some(note))
        }
    }
}

/// The reports of several versions as one.
fn merged(mut reports: Vec<Report>, policies: &[Policy]) -> Report {
    if reports.len() < 2 {
        return reports.pop().unwrap_or_default();
    }
    let (cluster, gaps) = (reports[0].cluster.clone(), reports[0].gaps.clone());
    let versions = policies.iter().map(|policy| policy.server.version());
    Report { cluster, gaps, ..versions::merge(versions.zip(reports).collect()) }
}
