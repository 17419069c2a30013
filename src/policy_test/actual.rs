//! What comes out of a case.

use serde_json::Value;

use super::model::Field;
use super::read_case::leaves;
use crate::diagnostic::Diagnostic;
#[cfg(feature = "serve")]
use crate::engine::Finding;
use crate::engine::Severity;
use crate::mutate::{Change, ChangeKind};

/// What comes out of a case.
#[derive(Debug, Clone, Default)]
pub struct Actual {
    /// Whether the webhook lets the object be stored.
    pub allowed: bool,
    /// The findings, by field and rule.
    pub findings: Vec<ActualFinding>,
    /// The fields that the webhook fills in, by path; null for one that it removes.
    pub(super) patched: Vec<(Field, Value)>,
}

/// A finding of the linter or the webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualFinding {
    /// The rule that made it.
    pub rule: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    pub(super) path: Field,
    /// What is wrong.
    pub message: String,
}

impl ActualFinding {
    /// The field, as it is written.
    pub fn path(&self) -> &str {
        &self.path.text
    }
}

impl From<&Diagnostic> for ActualFinding {
    fn from(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { rule, severity, path, message, .. } = diagnostic;
        Self { rule: rule.id(), severity: *severity, path: path.into(), message: message.clone() }
    }
}

#[cfg(feature = "serve")]
impl From<&Finding> for ActualFinding {
    fn from(finding: &Finding) -> Self {
        let Finding { rule, severity, path, message, .. } = finding;
        Self { rule: rule.id(), severity: *severity, path: path.into(), message: message.clone() }
    }
}

impl Actual {
    pub(crate) fn new(
        allowed: bool,
        findings: impl IntoIterator<Item = ActualFinding>,
        changes: &[Change],
    ) -> Self {
        let mut findings: Vec<ActualFinding> = findings.into_iter().collect();
        findings.sort_by(|a, b| (&a.path, a.rule, &a.message).cmp(&(&b.path, b.rule, &b.message)));
        let mut patched = Vec::new();
        for change in changes {
            let value = match change.kind {
                ChangeKind::Remove => Value::Null,
                ChangeKind::Add | ChangeKind::Replace => change.value.clone(),
            };
            patched.extend(leaves(&(&change.path).into(), value));
        }
        patched.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self { allowed, findings, patched }
    }

    /// The fields that are filled in, as written, with their values.
    pub fn patched(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.patched.iter().map(|(field, value)| (field.text.as_str(), value))
    }
}
