//! How commands show a rule of a policy's own.

use std::path::Path;

use serde::Serialize;

use crate::policy::OwnRule;
use crate::policy_test;

/// What a rule of a policy's own says, by the keys of a policy file, and where it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnRuleDocument<'a> {
    expression: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_expression: Option<&'a str>,
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    matching: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    on_error: &'static str,
    file: String,
    line: usize,
}

impl<'a> OwnRuleDocument<'a> {
    pub(super) fn of(rule: &'a OwnRule) -> Self {
        Self {
            expression: &rule.expression,
            message: rule.message.as_deref(),
            message_expression: rule.message_expression.as_deref(),
            matching: rule.matching.as_ref().map(ToString::to_string),
            path: rule.path.as_deref(),
            on_error: rule.on_error.as_str(),
            file: file(rule),
            line: rule.place.line,
        }
    }
}

/// The file that a rule is written in, as people would write it here.
fn file(rule: &OwnRule) -> String {
    policy_test::short(Path::new(&*rule.place.file))
}

/// Where a rule is written: `jobguard.yaml:7`.
pub(super) fn place(rule: &OwnRule) -> String {
    format!("{}:{}", file(rule), rule.place.line)
}

/// An expression on one line.
pub(super) fn one_line(expression: &str) -> String {
    expression.split_whitespace().collect::<Vec<_>>().join(" ")
}
