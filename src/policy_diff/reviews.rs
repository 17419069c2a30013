//! Recorded reviews, judged as the webhook does.

use jiff::Timestamp;
use serde_json::Value;

use super::input::{InputError, Recorded};
use super::judge::{Judged, Side};
use crate::policy_test::{Actual, ActualFinding};
use crate::server::{Asked, explain};

/// What the webhook does with each.
pub(super) fn judge(
    recorded: &[Recorded],
    side: &Side,
    now: Timestamp,
    errors: &mut Vec<InputError>,
) -> Vec<Judged> {
    let mut all = Vec::new();
    for Recorded { file, line, number, review } in recorded {
        // The object has been through the webhook of its time; filling in again changes only what differs.
        let asked = Asked { review: review.clone(), namespace_labels: None, with_defaults: true };
        match explain(&side.policy, asked, now) {
            Ok(explained) => {
                let findings = explained.findings.iter().map(ActualFinding::from);
                let actual = Actual::new(explained.allowed, findings, &explained.changes);
                let object = format!(
                    "{}{}",
                    object(review),
                    if *number > 0 { format!(" (review {number})") } else { String::new() }
                );
                all.push(Judged {
                    file: file.clone(),
                    line: if *number > 0 { *line } else { 0 },
                    object,
                    actual,
                });
            }
            Err(error) => {
                let error = InputError { file: file.clone(), line: *line, message: error.to_string() };
                if !errors.contains(&error) {
                    errors.push(error);
                }
            }
        }
    }
    all
}

/// What a review is about.
fn object(review: &Value) -> String {
    let text = |pointer: &str| review.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = match text("/request/name") {
        "" => text("/request/object/metadata/generateName"),
        name => name,
    };
    let namespace = text("/request/namespace");
    let slash = if namespace.is_empty() { "" } else { "/" };
    format!("{} {} {namespace}{slash}{name}", text("/request/operation"), text("/request/kind/kind"))
}
