//! The arguments of every subcommand.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::findings_args::{FindingsArgs, JudgingArgs};
use super::inputs::InputArgs;
use super::namespace::parse_namespace;
use super::output::Color;
use super::policy_source::PolicyArg;
use super::time::parse_time;
use crate::engine::Safety;
use jobguard_apiserver::{KubernetesVersion, VersionSet};

/// Keeps bad Kubernetes Jobs and CronJobs out of clusters.
#[derive(Debug, Parser)]
#[command(name = "jobguard", disable_version_flag = true, arg_required_else_help = true,
          override_usage = "jobguard [OPTIONS] <COMMAND>", max_term_width = 100,
          after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Print the version; with --verbose also the Kubernetes versions that are known
    #[arg(long, short = 'V')]
    pub(crate) version: bool,
    /// With --version, print what it was built with and for
    #[arg(long, short, requires = "version", hide = true)]
    pub(crate) verbose: bool,
    /// When to colour the output [NO_COLOR is honoured]
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    pub(crate) color: Color,
}

const EXAMPLES: &str = "\
Examples:
  jobguard lint jobs/                      check every manifest below a folder
  helm template . | jobguard lint -        check what a chart renders
  jobguard rules cron/never-fires          explain a rule
  jobguard why cronjob/nightly             why did it not run?
  jobguard schedule '30 2 * * 1-5'         when does it run?
  jobguard policy check jobguard.yaml      check a policy file
  jobguard serve                           try the admission webhook

Exit status: 0 nothing at or above the threshold, 1 findings, 2 could not do what was asked.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check manifests as the API server would, and against your policy
    Lint(Box<LintArgs>),
    /// Check what stands in a running cluster, as lint checks manifests
    #[cfg(feature = "cluster")]
    Audit(Box<super::audit::AuditArgs>),
    /// Show what CronJobs and Jobs will do: when they run, what runs at once, what happens when they fail
    Preview(Box<super::preview::PreviewArgs>),
    /// Say why a CronJob or Job did not run, is still running or failed
    Why(Box<super::why::WhyArgs>),
    /// List the rules, or explain one
    Rules(RulesArgs),
    /// Check and show policies
    Policy(PolicyArgs),
    /// Say when a schedule runs, and what is odd about it
    Schedule(super::schedule::ScheduleArgs),
    /// Show findings in an editor while you type (a language server)
    #[cfg(feature = "lsp")]
    Lsp(super::lsp::LspArgs),
    /// Run the admission webhook
    #[cfg(feature = "serve")]
    Serve(Box<super::serve::ServeArgs>),
    /// Answer one AdmissionReview as the webhook would
    #[cfg(feature = "serve")]
    Review(super::review::ReviewArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
#[command(after_help = LINT_EXAMPLES)]
pub(crate) struct LintArgs {
    #[command(flatten)]
    pub(crate) inputs: InputArgs,
    #[command(flatten)]
    pub(crate) findings: FindingsArgs,
    /// Check as a `kubectl apply` over the objects stored in this file or folder
    #[arg(long, value_name = "OLD")]
    pub(crate) against: Option<PathBuf>,
    /// With --against, check as a `kubectl replace` (a PUT) instead of a `kubectl apply`
    #[arg(long, requires = "against")]
    pub(crate) replace: bool,
    // The numbers are those that the tables know.
    #[arg(long, value_name = "1.NN", help = kubernetes_version_help())]
    pub(crate) kubernetes_version: Option<VersionSet>,
    #[command(flatten)]
    pub(crate) judging: JudgingArgs,
    /// Apply safe fixes (only one possible meaning), then report what is left; standard input is written to standard output
    #[arg(long)]
    pub(crate) fix: bool,
    /// Also apply fixes that are probably, but not certainly, what is meant
    #[arg(long)]
    pub(crate) unsafe_fixes: bool,
    /// Show what would be fixed, as a diff, and write nothing [exit status 1 if anything would]
    #[arg(long, conflicts_with_all = ["format", "output", "write_baseline"])]
    pub(crate) diff: bool,
}

const LINT_EXAMPLES: &str = "\
Examples:
  jobguard lint                                    the current folder
  jobguard lint job.yaml jobs/ --policy strict     a file and a folder, by the strict policy
  kustomize build . | jobguard lint -              standard input
  jobguard lint new.yaml --against stored.yaml     would kubectl apply be accepted?
  jobguard lint jobs/ --fix                        fix what has one right answer
  jobguard lint jobs/ --unsafe-fixes --diff        show all that could be fixed
  jobguard lint jobs/ --fail-on warning --quiet    only what fails, as in a commit hook
  jobguard lint . --level warning                  no info findings
  jobguard lint jobs/ -o sarif:jobs.sarif -o junit:jobs.xml   text to read, files for other tools
  jobguard lint jobs/ -o html:findings.html        and a page to keep or send
  jobguard lint jobs/ --write-baseline base.json   accept what is there, and from then on
  jobguard lint jobs/ --baseline base.json         report only what is new";

/// The format of rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RulesFormat {
    /// For people
    #[default]
    Text,
    /// For programs: a JSON array
    Json,
    /// For web pages: the pages of docs/rules
    Markdown,
}

pub(super) fn kubernetes_version_help() -> String {
    let (oldest, newest) = (KubernetesVersion::OLDEST, KubernetesVersion::NEWEST);
    format!(
        "The Kubernetes version of your clusters, {oldest} to {newest}, or several, such as 1.31,1.34-1.36 \
         [default: the policy's kubernetesVersion, or {}]",
        KubernetesVersion::default()
    )
}

impl LintArgs {
    /// The first of the arguments given that ask for fixes.
    pub(crate) fn fix_flag(&self) -> Option<&'static str> {
        let flags = [(self.fix, "--fix"), (self.unsafe_fixes, "--unsafe-fixes"), (self.diff, "--diff")];
        flags.into_iter().find(|(given, _)| *given).map(|(_, flag)| flag)
    }

    /// Which fixes are asked for; a diff alone shows the safe ones.
    pub(crate) fn fixes(&self) -> Option<Safety> {
        match (self.unsafe_fixes, self.fix || self.diff) {
            (true, _) => Some(Safety::Unsafe),
            (false, true) => Some(Safety::Safe),
            (false, false) => None,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jobguard rules                       every rule with its level in each built-in policy
  jobguard rules api/restart-policy    what a rule finds, why, and examples
  jobguard rules --policy FILE         with the rules of the policy's own
  jobguard rules --format json         the same for programs")]
pub(crate) struct RulesArgs {
    /// The rule to explain
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    /// The policy whose own rules are listed too; by default none, and for an ID that is not built in, the jobguard.yaml in this folder or
    /// a parent
    #[arg(long, short, value_name = "POLICY")]
    pub(crate) policy: Option<String>,
    /// How to write it
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) format: RulesFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  jobguard policy export strict | kubectl apply -f -
  jobguard policy export jobguard.yaml --exclude-namespaces kube-system,ci > floor.yaml
  jobguard policy export --format map --kubernetes-version 1.34     what is filled in, for an older cluster
  jobguard policy export --format static --ca-bundle ca.pem -o /etc/kubernetes/jobguard";

/// What a policy is exported as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// What `vap` and `map` write, as far as the version has both
    #[default]
    Policies,
    /// ValidatingAdmissionPolicies with their bindings: what is denied and warned of
    Vap,
    /// MutatingAdmissionPolicies with their bindings: what is filled in (Kubernetes 1.32 or later)
    Map,
    /// The webhook itself, for the API server's disk: webhook configurations by URL, and the configuration of admission
    /// that names them (Kubernetes 1.36 or later)
    Static,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) policy: PolicyArg,
    /// What to write
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) format: ExportFormat,
    /// Namespaces that are not judged
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', default_value = "kube-system",
          value_parser = parse_namespace)]
    pub(crate) exclude_namespaces: Vec<String>,
    #[arg(long, value_name = "1.NN", help = kubernetes_version_help())]
    pub(crate) kubernetes_version: Option<VersionSet>,
    /// The time by which exceptions have ended or not, such as 2027-03-28T00:00:00Z, or a date, from 0:00 UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) now: Option<jiff::Timestamp>,
    /// With --format static, where the API server reaches the webhook: https://HOST:PORT [default: https://127.0.0.1:8443]
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    pub(crate) url: Option<String>,
    /// With --format static, the authorities that sign the webhook's certificate, in PEM
    /// [default: those of the API server's system]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_bundle: Option<PathBuf>,
    /// With --format static, the folder of the files on the API server's disk [default: --output, or /etc/kubernetes/jobguard]
    #[arg(long, value_name = "FOLDER", value_parser = parse_absolute)]
    pub(crate) folder: Option<String>,
    /// Write to this file; with --format static, the files to this folder [default: standard output]
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

/// Where a webhook listens: its path is ours to add.
fn parse_url(text: &str) -> Result<String, String> {
    let rest =
        text.strip_prefix("https://").ok_or("a webhook is called by https only: write https://HOST:PORT")?;
    let host = rest.strip_suffix('/').unwrap_or(rest);
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    match host.is_empty() || !host.chars().all(is_host) {
        true => Err("write https://HOST:PORT, without path, user or query".to_owned()),
        false => Ok(format!("https://{host}")),
    }
}

/// A path on another machine, as kube-apiserver takes it.
fn parse_absolute(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err("kube-apiserver reads absolute paths only: begin with /".to_owned());
    }
    match text.chars().any(char::is_control) {
        true => Err("a path has no line ends or other control characters".to_owned()),
        false => Ok(text.to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy file: every mistake at once, each with its place
    Check {
        /// The file [default: jobguard.yaml in this folder or above it, within the git repository]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// The same, as `lint` takes it [env: JOBGUARD_POLICY]
        #[arg(long, short, value_name = "FILE|NAME", conflicts_with = "file")]
        policy: Option<String>,
        /// The time at which exceptions are looked at, such as 2027-03-28T00:00:00Z, or a date, from 0:00 UTC
        /// [default: now]
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        now: Option<jiff::Timestamp>,
    },
    /// List the exceptions of a policy and of manifests: those that have ended first, then those that will be next
    #[command(after_help = super::policy::exceptions::EXAMPLES)]
    Exceptions(Box<super::policy::exceptions::ExceptionsArgs>),
    /// Print a built-in policy, or what holds under a policy and where each setting comes from
    Show(Box<super::policy::show::ShowArgs>),
    /// Show what a change of policy does: to the settings, or to manifests and recorded reviews
    Diff(Box<super::policy::diff::DiffArgs>),
    /// Run tests of policies: objects and reviews, and what must come out
    Test(Box<super::policy::test::TestArgs>),
    /// Print the JSON Schema of policy files, for editors
    Schema {
        /// That of test files
        #[arg(long)]
        test: bool,
    },
    /// Write what an API server can do by itself, without the webhook, or on its disk
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Box<ExportArgs>),
}
