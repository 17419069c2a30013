//! Where and when a Pod may run, apart from affinity: tolerations, spread, gates.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{PodSchedulingGate, Toleration, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::affinity::label_keys;
use super::selector;
use crate::Gate;
use crate::errors::{Errors, list, quote, text};
use crate::names;
use jobguard_manifest::At;

/// Checks a list of tolerations, of a Pod or from the annotation that was once in their place.
pub(super) fn tolerations(tolerations: &[Toleration], at: &At<'_>, report: &mut Errors<'_>) {
    let compares = report.allows(Gate::TaintTolerationComparisonOperators, |old| {
        old.tolerations.iter().flatten().any(|old| matches!(text(&old.operator), "Lt" | "Gt"))
    });
    for (index, toleration) in tolerations.iter().enumerate() {
        let at = at.index(index);
        let (key, value) = (text(&toleration.key), text(&toleration.value));
        let (operator, effect) = (text(&toleration.operator), text(&toleration.effect));
        let operator_at = at.field("operator");
        if !key.is_empty() {
            report.name(&at.field("key"), key, names::qualified_name(key));
        } else if operator != "Exists" {
            report.invalid(&operator_at, "without a key every taint is tolerated: name a key, or use Exists");
        }
        if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
            report.invalid(
                &at.field("effect"),
                "tolerationSeconds are for taints with NoExecute only: use this effect",
            );
        }
        match operator {
            "" | "Equal" => {
                // The server makes one error of all that is wrong with the value.
                let mut problems = names::label_value(value);
                problems.truncate(1);
                report.name((&operator_at, &at.field("value")), value, problems);
            }
            "Exists" => {
                if !value.is_empty() {
                    report.invalid(
                        (&operator_at, &at.field("value")),
                        "Exists takes no value: remove it, or use Equal",
                    );
                }
            }
            "Lt" | "Gt" if compares => {
                let at = at.field("value");
                let digits = value.strip_prefix('-').unwrap_or(value);
                let is_canonical = value == "0"
                    || (digits.starts_with(|c: char| matches!(c, '1'..='9'))
                        && digits.bytes().all(|b| b.is_ascii_digit()));
                if !is_canonical {
                    let message =
                        "Lt and Gt compare with a whole number: write it without + or leading zeros";
                    report.invalid(&at, message);
                }
                if value.parse::<i64>().is_err() {
                    report.invalid(&at, "Lt and Gt compare with a whole number of 64 bits");
                }
            }
            other => report.not_supported(&operator_at, other, &["Equal", "Exists"]),
        }
        if !effect.is_empty() && !matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
            report.not_supported(
                &at.field("effect"),
                effect,
                &["NoSchedule", "PreferNoSchedule", "NoExecute"],
            );
        }
    }
}

/// Checks `schedulingGates`.
pub(super) fn gates(gates: &[PodSchedulingGate], at: &At<'_>, report: &mut Errors<'_>) {
    let mut seen = BTreeSet::new();
    for (index, gate) in gates.iter().enumerate() {
        let at = at.index(index);
        let place = (&at, &at.field("name"));
        report.name(place, &gate.name, names::qualified_name(&gate.name));
        if !seen.insert(gate.name.as_str()) {
            report.duplicate(place, &gate.name, "is a gate already: name each once");
        }
    }
}

/// Checks `topologySpreadConstraints`.
pub(super) fn spread(constraints: &[TopologySpreadConstraint], at: &At<'_>, report: &mut Errors<'_>) {
    let repeated = repeated(constraints);
    for (index, constraint) in constraints.iter().enumerate() {
        let at = at.index(index);
        if constraint.max_skew <= 0 {
            report.invalid(&at.field("maxSkew"), "use a skew of 1 or more");
        }
        if constraint.topology_key.is_empty() {
            report.required(&at.field("topologyKey"), "name the node label to spread over");
        }
        let otherwise = constraint.when_unsatisfiable.as_str();
        if !matches!(otherwise, "DoNotSchedule" | "ScheduleAnyway") {
            report.not_supported(
                &at.field("whenUnsatisfiable"),
                otherwise,
                &["DoNotSchedule", "ScheduleAnyway"],
            );
        }
        if repeated[index] {
            report.duplicate(
                (&at.field("{topologyKey, whenUnsatisfiable}"), &at.field("topologyKey")),
                &constraint.topology_key,
                "has another constraint with the same whenUnsatisfiable: make one of the two",
            );
        }
        if let Some(least) = constraint.min_domains {
            let at = at.field("minDomains");
            if least <= 0 {
                report.invalid(&at, "use 1 domain or more");
            }
            if otherwise != "DoNotSchedule" {
                report.invalid(
                    &at,
                    "minDomains only work with whenUnsatisfiable DoNotSchedule: use it, or remove this",
                );
            }
        }
        for (field, policy) in [
            ("nodeAffinityPolicy", constraint.node_affinity_policy.as_deref()),
            ("nodeTaintsPolicy", constraint.node_taints_policy.as_deref()),
        ] {
            if let Some(policy) = policy
                && !matches!(policy, "Honor" | "Ignore")
            {
                report.not_supported(&at.field(field), policy, &["Honor", "Ignore"]);
            }
        }
        let merges = report.server.on(Gate::MatchLabelKeysInPodTopologySpread)
            && report.server.on(Gate::MatchLabelKeysInPodTopologySpreadSelectorMerge);
        keys(constraint, merges != report.kept.other_spread_keys, &at, report);
        if !report.kept.spread_selectors {
            selector::check(constraint.label_selector.as_ref(), &at.field("labelSelector"), report);
        }
    }
}

/// Checks `matchLabelKeys` of a constraint at `at`. `merges` says whether the server merges them into the label selector.
pub(super) fn keys(
    constraint: &TopologySpreadConstraint,
    merges: bool,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let selected = constraint.label_selector.as_ref();
    if merges {
        label_keys(constraint.match_label_keys.as_deref(), None, selected, at, report);
    } else {
        spread_keys(list(&constraint.match_label_keys), selected, at, report);
    }
}

/// Checks `matchLabelKeys` of a constraint as servers do that do not merge them into the label selector: no key may be in
/// both.
fn spread_keys(keys: &[String], selector: Option<&LabelSelector>, at: &At<'_>, report: &mut Errors<'_>) {
    let at = at.field("matchLabelKeys");
    if keys.is_empty() {
        return;
    }
    let mut selected = BTreeSet::new();
    if let Some(selector) = selector {
        selected.extend(selector.match_labels.iter().flatten().map(|(key, _)| key.as_str()));
        selected.extend(selector.match_expressions.iter().flatten().map(|of| of.key.as_str()));
    } else {
        report.forbidden(&at, "these keys add to a labelSelector: give one, or remove them");
    }
    for (index, key) in keys.iter().enumerate() {
        let at = at.index(index);
        report.name(&at, key, names::qualified_name(key));
        if selected.contains(key.as_str()) {
            report.invalid(&at, format!("{} is in the labelSelector too: remove one of the two", quote(key)));
        }
    }
}

/// For each constraint, whether a later one has the same key and the same way out.
fn repeated(constraints: &[TopologySpreadConstraint]) -> Vec<bool> {
    let mut later = BTreeSet::new();
    let mut repeated: Vec<bool> = (constraints.iter().rev())
        .map(|constraint| !later.insert((&constraint.topology_key, &constraint.when_unsatisfiable)))
        .collect();
    repeated.reverse();
    repeated
}
