//! What `jobguard audit` leaves in the cluster: reports, and a summary.

use anyhow::Result;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::namespace::parse_namespace;
use super::output::Terminal;
use crate::cluster::{ObjectName, Reader};
use crate::diagnostic::{FileError, Report};
use crate::engine::Severity;
use crate::live::{Api, Found, JudgedInCluster, Mode, NoApi, keep, summarise, write_summary};
use jobguard_apiserver::{KubernetesVersion, names};
use jobguard_text::plain;

/// Whether reports are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportMode {
    /// Create, change and delete them
    Write,
    /// Only say what would be done
    DryRun,
}

/// The API of reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ReportApi {
    /// openreports where the cluster serves it, else policyreport
    #[default]
    Auto,
    /// openreports.io/v1alpha1, Report
    Openreports,
    /// wgpolicyk8s.io/v1alpha2, PolicyReport
    Policyreport,
}

impl ReportApi {
    const fn wanted(self) -> Option<Api> {
        match self {
            Self::Auto => None,
            Self::Openreports => Some(Api::OpenReports),
            Self::Policyreport => Some(Api::PolicyReport),
        }
    }
}

/// What is left in the cluster.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Keep a report in the cluster for each object with findings, in its namespace; with dry-run, only say what would be done
    #[arg(long, value_enum, value_name = "dry-run", num_args = 0..=1, require_equals = true,
          default_missing_value = "write", hide_possible_values = true)]
    report: Option<ReportMode>,
    /// Which API the reports have, with --report
    #[arg(long, value_enum, value_name = "API", default_value_t, requires = "report")]
    report_api: ReportApi,
    /// Keep a report of objects without findings as well, with --report
    #[arg(long, requires = "report")]
    report_passed: bool,
    /// Leave counts by rule and namespace in this ConfigMap, which `jobguard serve --audit-summary` shows as metrics
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_name)]
    summary_config_map: Option<ObjectName>,
}

/// What an audit has found, and by what.
pub(super) struct Left<'a> {
    pub(super) reader: &'a Reader,
    pub(super) judged: &'a [JudgedInCluster],
    pub(super) policy: &'a str,
    pub(super) versions: &'a [KubernetesVersion],
    pub(super) least: Severity,
    pub(super) now: Timestamp,
    pub(super) quiet: bool,
}

impl ReportArgs {
    /// The APIs that reports may be written by, as group and resource.
    pub(super) fn apis(&self) -> Vec<(&'static str, &'static str)> {
        let wanted = self.report_api.wanted();
        let all = Api::ALL
            .into_iter()
            .filter(|api| self.report.is_some() && wanted.is_none_or(|wanted| wanted == *api));
        all.map(Api::group_and_resource).collect()
    }

    /// The ConfigMap of the summary, as namespace and name.
    pub(super) fn summary(&self) -> Option<(&str, &str)> {
        self.summary_config_map.as_ref().map(|object| (object.namespace.as_str(), object.name.as_str()))
    }

    /// Whether the judged objects have to be listed.
    pub(super) fn lists_objects(&self) -> bool {
        self.report.is_some()
    }

    /// The API that reports are written by. Asked before anything is read: without one, an audit for its reports is in vain;
    /// where it leaves a summary too, that has the error.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(super) async fn api(&self, reader: &Reader) -> Result<Option<Result<Api, FileError>>> {
        if self.report.is_none() {
            return Ok(None);
        }
        match Api::find(reader, self.report_api.wanted()).await {
            Err(error @ NoApi::NotServed { .. }) if self.summary_config_map.is_some() => {
                Ok(Some(Err(FileError { name: "reports".to_owned(), message: error.to_string() })))
            }
            found => Ok(Some(Ok(found?))),
        }
    }

    /// Writes the reports and, after them, the summary. What cannot be written is added to the errors.
    pub(super) async fn write(
        &self,
        left: &Left<'_>,
        api: Option<Result<Api, FileError>>,
        (report, errors): (&Report, &mut Vec<FileError>),
        terminal: &Terminal,
    ) {
        let api = api.and_then(|found| found.map_err(|error| errors.push(error)).ok());
        if let (Some(api), Some(mode)) = (api, self.report) {
            let mode = match mode {
                ReportMode::Write => Mode::Write,
                ReportMode::DryRun => Mode::DryRun,
            };
            let found = Found {
                report,
                judged: left.judged,
                policy: left.policy,
                least: left.least,
                passed: self.report_passed,
            };
            match keep(left.reader, &found, (api, mode, left.now)).await {
                Ok(kept) => {
                    if !left.quiet || mode == Mode::DryRun {
                        terminal.note(&plain(&kept.sentence));
                    }
                    errors.extend(kept.errors);
                }
                Err(error) => {
                    errors.push(FileError { name: "reports".to_owned(), message: error.to_string() });
                }
            }
        }
        if let Some(to) = &self.summary_config_map {
            let summary = summarise((report, errors), (left.policy, left.versions), left.now);
            match write_summary(left.reader, to, &summary).await {
                Ok(error) => errors.extend(error),
                Err(error) => {
                    errors.push(FileError { name: "summary".to_owned(), message: error.to_string() });
                }
            }
        }
    }
}

/// The name of an object with its namespace.
pub(super) fn object_name(text: &str) -> Result<ObjectName, String> {
    let usage = || "write it as NAMESPACE/NAME".to_owned();
    let (namespace, name) = text.split_once('/').ok_or_else(usage)?;
    if namespace.is_empty() || name.is_empty() {
        return Err(usage());
    }
    let namespace = parse_namespace(namespace)?;
    match names::dns_subdomain(name).first() {
        Some(problem) => Err(format!("the name {problem}")),
        None => Ok(ObjectName { namespace, name: name.to_owned() }),
    }
}
