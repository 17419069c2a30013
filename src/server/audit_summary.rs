//! What an audit of the cluster leaves in a ConfigMap, and what the server shows of it.
//!
//! Whoever may write that ConfigMap may write anything into it: what is read is bounded, and what is none that an audit
//! would have written is no summary.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::Severity;
use jobguard_text::plain_within;

/// The key of the ConfigMap.
pub(crate) const KEY: &str = "summary.json";

/// The largest summary that is read, in bytes. Those that are written are smaller by far.
const MAX_BYTES: usize = 256 * 1024;

/// The most counts by rule and level: each is a series.
pub(crate) const MAX_COUNTS: usize = 600;

/// The longest id of a rule, in bytes.
const MAX_RULE: usize = 128;

/// What an audit came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditSummary {
    /// The version of this form: 1.
    pub schema_version: u32,
    /// When it was made, in RFC 3339.
    pub time: String,
    /// The version of jobguard.
    pub version: String,
    /// The policy's name.
    pub policy: String,
    /// The versions of Kubernetes whose verdict it is.
    pub kubernetes: Vec<String>,
    /// How many objects were judged.
    pub objects: u64,
    /// How many findings do not count: suppressed, or known to the baseline.
    pub skipped: u64,
    /// The findings by rule and level.
    pub findings: Vec<RuleCount>,
    /// The findings by namespace, those with the most errors first; some only, where there are many namespaces.
    pub namespaces: Vec<NamespaceCount>,
    /// How many namespaces have findings.
    pub namespaces_with_findings: u64,
    /// How many things were asked for and could not be done.
    pub errors: u64,
    /// The first of them, in words.
    pub error_messages: Vec<String>,
    /// What the audit does not cover: rights that are missing, and so on.
    pub gaps: Vec<String>,
}

/// How many findings of a level a rule has.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleCount {
    /// The rule's id.
    pub rule: String,
    /// `error`, `warning` or `info`.
    pub level: String,
    /// How many.
    pub count: u64,
}

/// How many findings there are in a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamespaceCount {
    /// The namespace.
    pub namespace: String,
    /// Errors.
    pub error: u64,
    /// Warnings.
    pub warning: u64,
    /// The rest.
    pub info: u64,
}

/// Why something is no summary.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum BadSummary {
    /// There is none in the ConfigMap.
    #[error("the ConfigMap has no key {KEY}: no audit has written to it yet")]
    Missing,
    /// It is larger than is read.
    #[error("it is larger than {} KiB", MAX_BYTES / 1024)]
    TooLarge,
    /// It is no JSON, or other JSON.
    #[error("it is not the JSON of a summary: line {line}, column {column}")]
    Unreadable {
        /// Where it cannot be read.
        line: usize,
        /// Likewise.
        column: usize,
    },
    /// It is of another version.
    #[error("its schemaVersion is {0}, and what this version of jobguard reads is 1")]
    Version(u32),
    /// What it says cannot be so.
    #[error("its field {field} is not what an audit writes: {value:?}")]
    Value {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: String,
    },
}

/// A summary that can be shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ShownSummary {
    /// When it was made.
    pub(crate) at: Timestamp,
    /// The findings by rule and level.
    pub(crate) findings: Vec<(String, Severity, u64)>,
    /// How many objects were judged.
    pub(crate) objects: u64,
    /// How many things could not be done.
    pub(crate) errors: u64,
}

impl AuditSummary {
    /// As it stands in the ConfigMap.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl ShownSummary {
    /// Reads what stands in the ConfigMap.
    ///
    /// # Errors
    ///
    /// It is none that an audit has written.
    pub(crate) fn read(text: Option<&str>) -> Result<Self, BadSummary> {
        let text = text.ok_or(BadSummary::Missing)?;
        if text.len() > MAX_BYTES {
            return Err(BadSummary::TooLarge);
        }
        // What serde_json says may quote the text.
        let summary: AuditSummary = serde_json::from_str(text)
            .map_err(|error| BadSummary::Unreadable { line: error.line(), column: error.column() })?;
        if summary.schema_version != 1 {
            return Err(BadSummary::Version(summary.schema_version));
        }
        let bad = |field, value: &str| BadSummary::Value { field, value: plain_within(value, 60) };
        let at = summary.time.parse().map_err(|_| bad("time", &summary.time))?;
        if summary.findings.len() > MAX_COUNTS {
            return Err(bad("findings", &format!("{} counts", summary.findings.len())));
        }
        let mut findings = Vec::with_capacity(summary.findings.len());
        for RuleCount { rule, level, count } in summary.findings {
            let known = Severity::ALL.into_iter().find(|severity| severity.as_str() == level);
            let severity = known.ok_or_else(|| bad("findings.level", &level))?;
            if !is_rule(&rule) {
                return Err(bad("findings.rule", &rule));
            }
            findings.push((rule, severity, count));
        }
        Ok(Self { at, findings, objects: summary.objects, errors: summary.errors })
    }
}

/// Whether it is written as rules' ids are.
fn is_rule(id: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    id.len() <= MAX_RULE
        && id.split_once('/').is_some_and(|(category, name)| is_part(category) && is_part(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> AuditSummary {
        AuditSummary {
            schema_version: 1,
            time: "2026-11-28T06:00:00Z".to_owned(),
            objects: 7,
            errors: 1,
            findings: vec![
                RuleCount { rule: "cron/overlap".to_owned(), level: "warning".to_owned(), count: 3 },
                RuleCount { rule: "job/no-deadline".to_owned(), level: "info".to_owned(), count: 2 },
            ],
            ..AuditSummary::default()
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let shown = ShownSummary::read(Some(&summary().to_json())).unwrap();
        assert_eq!(
            (shown.objects, shown.errors, shown.at.to_string().as_str()),
            (7, 1, "2026-11-28T06:00:00Z")
        );
        assert_eq!(
            shown.findings,
            [
                ("cron/overlap".to_owned(), Severity::Warning, 3),
                ("job/no-deadline".to_owned(), Severity::Info, 2)
            ]
        );
    }

    #[test]
    fn what_no_audit_has_written_is_no_summary() {
        let change = |change: fn(&mut AuditSummary)| {
            let mut summary = summary();
            change(&mut summary);
            summary.to_json()
        };
        for (text, words) in [
            (None, "no audit has written to it yet"),
            (Some(String::new()), "not the JSON"),
            (Some("[]".to_owned()), "its schemaVersion is 0"),
            (Some("{}".to_owned()), "its schemaVersion is 0"),
            (Some(r#"{"schemaVersion": 1, "objects": -1}"#.to_owned()), "not the JSON"),
            (Some(" ".repeat(MAX_BYTES + 1)), "larger than"),
            (Some(change(|summary| summary.schema_version = 2)), "its schemaVersion is 2"),
            (Some(change(|summary| summary.time = "now\u{1b}[2J".to_owned())), "field time"),
            (Some(change(|summary| summary.findings[0].level = "deny".to_owned())), "findings.level"),
            (Some(change(|summary| summary.findings[0].rule = "a/b\"} 1".to_owned())), "findings.rule"),
            (
                Some(change(|summary| summary.findings[0].rule = format!("a/{}", "b".repeat(127)))),
                "findings.rule",
            ),
            (
                Some(change(|summary| summary.findings = vec![summary.findings[0].clone(); MAX_COUNTS + 1])),
                "601 counts",
            ),
        ] {
            let error = ShownSummary::read(text.as_deref()).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains('\u{1b}'), "{words}: {error}");
        }
    }
}
