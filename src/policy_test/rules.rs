//! The rules that a case names, among those that its policy knows.

use super::model::{Expected, ExpectedFinding};
use crate::engine::Registry;
use crate::policy::reader::{Fault, did_you_mean, quoted};
use jobguard_text::nearest;

/// What a case expects, with each rule by its id.
///
/// # Errors
/// Every name that is no rule's.
pub(super) fn resolve(expected: &Expected, registry: &Registry) -> Result<Expected, Vec<Fault>> {
    let mut expected = expected.clone();
    let mut faults = Vec::new();
    for finding in expected.findings.iter_mut().flatten().chain(&mut expected.absent) {
        match registry.get(&finding.rule) {
            Some(rule) => finding.rule = rule.id().to_owned(),
            None => faults.push(unknown(finding, registry)),
        }
    }
    if faults.is_empty() { Ok(expected) } else { Err(faults) }
}

fn unknown(finding: &ExpectedFinding, registry: &Registry) -> Fault {
    let near = nearest(&finding.rule, registry.rules().iter().map(|rule| rule.id()));
    Fault {
        span: finding.place,
        path: finding.field.clone(),
        message: format!("unknown rule {}", quoted(&finding.rule)),
        help: near.map(did_you_mean),
    }
}
