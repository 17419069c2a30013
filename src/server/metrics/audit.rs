//! What is shown of the last audit of the cluster.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::server::audit_summary::ShownSummary;

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
pub(super) struct AuditFinding {
    rule: String,
    level: &'static str,
}

/// The gauges, all of them 0 while there is no summary.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(super) findings: Family<AuditFinding, Gauge>,
    /// Which of these there are now.
    pub(super) shown: Mutex<BTreeSet<AuditFinding>>,
    pub(super) at: Gauge<f64, AtomicU64>,
    pub(super) objects: Gauge,
    pub(super) errors: Gauge,
}

impl Gauges {
    /// Shows a summary, or that there is none.
    #[cfg_attr(
        not(feature = "cluster"),
        allow(dead_code, reason = "nothing shows an audit without a cluster")
    )]
    pub(crate) fn show(&self, summary: Option<&ShownSummary>) {
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
        self.at.set(summary.map_or(0.0, |summary| seconds(summary.at.as_second())));
        self.objects.set(summary.map_or(0, |summary| count(summary.objects)));
        self.errors.set(summary.map_or(0, |summary| count(summary.errors)));
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
fn seconds(whole: i64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Severity;
    use crate::server::metrics::Metrics;
    use crate::server::metrics::exposition::Format;

    #[test]
    fn what_is_gone_is_shown_no_more() {
        let metrics = Metrics::new();
        let text = || metrics.text(Format::Prometheus);
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
        metrics.audit.show(Some(&summary(&[a, b])));
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
        metrics.audit.show(Some(&summary(&[("cron/a", Severity::Warning, 2), b])));
        assert!(!text().contains("level=\"error\"") && text().contains("level=\"warning\"} 2\n"));
        metrics.audit.show(None);
        assert!(!text().contains("jobguard_audit_findings{"));
    }
}
