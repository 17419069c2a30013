//! Labels and the selectors that choose by them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::errors::{Errors, list, quote};
use crate::names;
use jobguard_manifest::At;

/// Checks a map of labels. The server names the map for a fault in any entry.
pub(super) fn labels(labels: Option<&BTreeMap<String, String>>, at: &At<'_>, report: &mut Errors<'_>) {
    for (key, value) in labels.into_iter().flatten() {
        let here = at.key(key);
        report.name((at, &here), key, names::qualified_name(key));
        report.name((at, &here), value, names::label_value(value));
    }
}

/// Checks a label selector.
pub(super) fn check(selector: Option<&LabelSelector>, at: &At<'_>, report: &mut Errors<'_>) {
    check_keeping(selector, false, at, report);
}

/// Checks a label selector whose expressions may have any values if the stored one's have such.
pub(super) fn check_keeping(
    selector: Option<&LabelSelector>,
    keeps_values: bool,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let Some(selector) = selector else { return };
    labels(selector.match_labels.as_ref(), &at.field("matchLabels"), report);
    let at = at.field("matchExpressions");
    for (index, requirement) in list(&selector.match_expressions).iter().enumerate() {
        self::requirement(requirement, keeps_values, &at.index(index), report);
    }
}

fn requirement(
    requirement: &LabelSelectorRequirement,
    keeps_values: bool,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let values = list(&requirement.values);
    match requirement.operator.as_str() {
        "In" | "NotIn" => {
            if values.is_empty() {
                report.required(&at.field("values"), "In and NotIn need values: give at least one");
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                report.forbidden(&at.field("values"), "Exists and DoesNotExist take no values: remove them");
            }
        }
        other => report.invalid(
            &at.field("operator"),
            format!("{} is not an operator: use In, NotIn, Exists or DoesNotExist", quote(other)),
        ),
    }
    report.name(&at.field("key"), &requirement.key, names::qualified_name(&requirement.key));
    if keeps_values {
        return;
    }
    let at = at.field("values");
    for (index, value) in values.iter().enumerate() {
        report.name(&at.index(index), value, names::label_value(value));
    }
}
