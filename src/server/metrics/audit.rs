//! What is shown of the last audit of the cluster.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::{Metrics, Registrar, Seconds, whole};
use crate::server::audit_summary::ShownSummary;

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
struct AuditFinding {
    rule: String,
    level: &'static str,
}

/// The gauges, all of them 0 while there is no summary.
#[derive(Debug)]
pub(super) struct Gauges {
    findings: Family<AuditFinding, Gauge>,
    /// Which of these there are now.
    shown: Mutex<BTreeSet<AuditFinding>>,
    at: Seconds,
    objects: Gauge,
    errors: Gauge,
}

impl Gauges {
    pub(super) fn register(to: &mut Registrar) -> Self {
        Self {
            findings: to.add("audit_findings", "Findings of the last audit", Family::default()),
            shown: Mutex::default(),
            at: to.add(
                "audit_timestamp_seconds",
                "When the last audit was made, 0 while none is known",
                Gauge::default(),
            ),
            objects: to.add("audit_objects", "Objects that the last audit judged", Gauge::default()),
            errors: to.add(
                "audit_errors",
                "What the last audit was asked for and could not do",
                Gauge::default(),
            ),
        }
    }

    pub(super) fn show(&self, summary: Option<&ShownSummary>) {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = BTreeSet::new();
        for (rule, severity, findings) in summary.iter().flat_map(|summary| &summary.findings) {
            let labels = AuditFinding { rule: rule.clone(), level: severity.as_str() };
            self.findings.get_or_create(&labels).set(count(*findings));
            now.insert(labels);
        }
        // One by one: who reads meanwhile sees every other series.
        for gone in shown.difference(&now) {
            self.findings.remove(gone);
        }
        *shown = now;
        self.at.set(summary.map_or(0.0, |summary| whole(summary.at.as_second())));
        self.objects.set(summary.map_or(0, |summary| count(summary.objects)));
        self.errors.set(summary.map_or(0, |summary| count(summary.errors)));
    }
}

/// Shows what an audit came to.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "nothing shows an audit without a cluster"))]
pub(crate) struct AuditMetrics(Arc<Metrics>);

impl AuditMetrics {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self(metrics)
    }

    /// Shows a summary, or that there is none.
    #[cfg_attr(
        not(feature = "cluster"),
        allow(dead_code, reason = "nothing shows an audit without a cluster")
    )]
    pub(crate) fn show(&self, summary: Option<&ShownSummary>) {
        self.0.audit.show(summary);
    }
}

#[cfg(all(test, feature = "cluster"))]
impl AuditMetrics {
    pub(crate) fn for_tests() -> Self {
        Self(Arc::new(Metrics::new()))
    }

    pub(crate) fn text(&self) -> String {
        self.0.text(super::exposition::Format::Prometheus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Severity;
    use crate::server::metrics::exposition::Format;

    #[test]
    fn what_is_gone_is_shown_no_more() {
        let metrics = AuditMetrics::new(Arc::new(Metrics::new()));
        let text = || metrics.0.text(Format::Prometheus);
        let summary = |findings: &[(&str, Severity, u64)]| ShownSummary {
            at: "2026-11-28T06:00:00Z".parse().unwrap(),
            findings: findings
                .iter()
                .map(|(rule, level, count)| ((*rule).to_owned(), *level, *count))
                .collect(),
            objects: 12,
            errors: u64::MAX,
        };
        assert!(text().contains("jobguard_audit_timestamp_seconds 0.0\n"), "{}", text());
        let (a, b) = (("cron/a", Severity::Error, 3), ("cron/b", Severity::Info, 1));
        metrics.show(Some(&summary(&[a, b])));
        let shown = text();
        for line in [
            "jobguard_audit_findings{rule=\"cron/a\",level=\"error\"} 3",
            "jobguard_audit_findings{rule=\"cron/b\",level=\"info\"} 1",
            "jobguard_audit_timestamp_seconds 1795845600.0",
            "jobguard_audit_objects 12",
            "jobguard_audit_errors 9223372036854775807",
        ] {
            assert!(shown.contains(&format!("{line}\n")), "{line}: {shown}");
        }
        metrics.show(Some(&summary(&[("cron/a", Severity::Warning, 2), b])));
        assert!(!text().contains("level=\"error\"") && text().contains("level=\"warning\"} 2\n"));
        metrics.show(None);
        assert!(!text().contains("jobguard_audit_findings{"));
    }
}
