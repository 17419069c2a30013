//! Which nodes and which other Pods a Pod is drawn to, or kept from.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Affinity, NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, PodSpec,
    WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::selector;
use crate::Change;
use crate::errors::{Errors, list, quote};
use crate::names;
use jobguard_manifest::At;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Checks `affinity`.
pub(super) fn check(affinity: &Affinity, at: &At<'_>, report: &mut Errors<'_>) {
    if let Some(nodes) = &affinity.node_affinity {
        node_affinity(nodes, &at.field("nodeAffinity"), report);
    }
    if let Some(pods) = &affinity.pod_affinity {
        let at = at.field("podAffinity");
        required_terms(list(&pods.required_during_scheduling_ignored_during_execution), &at, report);
        preferred_terms(list(&pods.preferred_during_scheduling_ignored_during_execution), &at, report);
    }
    if let Some(pods) = &affinity.pod_anti_affinity {
        let at = at.field("podAntiAffinity");
        required_terms(list(&pods.required_during_scheduling_ignored_during_execution), &at, report);
        preferred_terms(list(&pods.preferred_during_scheduling_ignored_during_execution), &at, report);
    }
}

fn node_affinity(affinity: &NodeAffinity, at: &At<'_>, report: &mut Errors<'_>) {
    let strict = report.server.has(Change::NodeAffinityValues) && !report.kept.node_values;
    if let Some(required) = &affinity.required_during_scheduling_ignored_during_execution {
        let at = at.field(REQUIRED);
        let at = at.field("nodeSelectorTerms");
        if required.node_selector_terms.is_empty() {
            report.required(&at, "without a term no node matches: add one");
        }
        for (index, term) in required.node_selector_terms.iter().enumerate() {
            node_term(term, strict, &at.index(index), report);
        }
    }
    let at = at.field(PREFERRED);
    for (index, term) in
        list(&affinity.preferred_during_scheduling_ignored_during_execution).iter().enumerate()
    {
        let at = at.index(index);
        weight(term.weight, &at, report);
        // A label value that no node can have is accepted here: it only makes a wish that never comes true.
        node_term(&term.preference, false, &at.field("preference"), report);
    }
}

/// Whether required node affinity asks for a value that no label can have.
pub(super) fn has_odd_node_value(pod: &PodSpec) -> bool {
    let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required =
        affinity.and_then(|nodes| nodes.required_during_scheduling_ignored_during_execution.as_ref());
    let terms = required.into_iter().flat_map(|required| &required.node_selector_terms);
    let expressions = terms.flat_map(|term| list(&term.match_expressions));
    let mut values = expressions.flat_map(|expression| list(&expression.values));
    values.any(|value| !names::label_value(value).is_empty())
}

fn weight(weight: i32, at: &At<'_>, report: &mut Errors<'_>) {
    if !(1..=100).contains(&weight) {
        report.invalid(
            &at.field("weight"),
            format!("{weight} is not a valid weight: use a number from 1 to 100"),
        );
    }
}

fn node_term(term: &NodeSelectorTerm, strict: bool, at: &At<'_>, report: &mut Errors<'_>) {
    let expressions = at.field("matchExpressions");
    for (index, requirement) in list(&term.match_expressions).iter().enumerate() {
        node_label(requirement, strict, &expressions.index(index), report);
    }
    let fields = at.field("matchFields");
    for (index, requirement) in list(&term.match_fields).iter().enumerate() {
        node_field(requirement, &fields.index(index), report);
    }
}

fn node_label(requirement: &NodeSelectorRequirement, strict: bool, at: &At<'_>, report: &mut Errors<'_>) {
    let values = list(&requirement.values);
    let here = at.field("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" => {
            if values.is_empty() {
                report.required(&here, "In and NotIn need values: give at least one");
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                report.forbidden(&here, "Exists and DoesNotExist take no values: remove them");
            }
        }
        "Gt" | "Lt" => {
            if values.len() != 1 {
                report.required(&here, "Gt and Lt compare with one number: give exactly one value");
            }
        }
        other => report.invalid(
            &at.field("operator"),
            format!("{} is not an operator: use In, NotIn, Exists, DoesNotExist, Gt or Lt", quote(other)),
        ),
    }
    report.name(&at.field("key"), &requirement.key, names::qualified_name(&requirement.key));
    if strict {
        for (index, value) in values.iter().enumerate() {
            report.name(&here.index(index), value, names::label_value(value));
        }
    }
}

/// Checks a requirement on a node's own fields, of which only its name can be matched.
fn node_field(requirement: &NodeSelectorRequirement, at: &At<'_>, report: &mut Errors<'_>) {
    let values = list(&requirement.values);
    let here = at.field("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" => {
            if values.len() != 1 {
                report.required(&here, "a field is matched with one value: give exactly one");
            }
        }
        other => report.invalid(
            &at.field("operator"),
            format!("{} is not an operator for fields: use In or NotIn", quote(other)),
        ),
    }
    if requirement.key == "metadata.name" {
        for (index, value) in values.iter().enumerate() {
            report.name(&here.index(index), value, names::dns_subdomain(value));
        }
    } else {
        report.invalid(
            &at.field("key"),
            format!("{} cannot be matched: only metadata.name can", quote(&requirement.key)),
        );
    }
}

fn required_terms(terms: &[PodAffinityTerm], at: &At<'_>, report: &mut Errors<'_>) {
    let at = at.field(REQUIRED);
    for (index, term) in terms.iter().enumerate() {
        pod_term(term, &at.index(index), report);
    }
}

fn preferred_terms(terms: &[WeightedPodAffinityTerm], at: &At<'_>, report: &mut Errors<'_>) {
    let at = at.field(PREFERRED);
    for (index, term) in terms.iter().enumerate() {
        let at = at.index(index);
        weight(term.weight, &at, report);
        pod_term(&term.pod_affinity_term, &at.field("podAffinityTerm"), report);
    }
}

fn pod_term(term: &PodAffinityTerm, at: &At<'_>, report: &mut Errors<'_>) {
    for (field, selector) in
        [("labelSelector", &term.label_selector), ("namespaceSelector", &term.namespace_selector)]
    {
        selector::check_keeping(selector.as_ref(), report.kept.selector_values, &at.field(field), report);
    }
    let (named, real) = (at.field("namespace"), at.field("namespaces"));
    for (index, namespace) in list(&term.namespaces).iter().enumerate() {
        report.name((&named, &real.index(index)), namespace, names::dns_label(namespace));
    }
    let (keys, other_keys) = (term.match_label_keys.as_deref(), term.mismatch_label_keys.as_deref());
    label_keys(keys, other_keys, term.label_selector.as_ref(), at, report);
    let key = at.field("topologyKey");
    if term.topology_key.is_empty() {
        report.required(&key, "name the node label that defines the topology");
    }
    report.name(&key, &term.topology_key, names::qualified_name(&term.topology_key));
}

/// Checks `matchLabelKeys` and `mismatchLabelKeys`, which add to the label selector beside them.
pub(super) fn label_keys(
    matching: Option<&[String]>,
    other: Option<&[String]>,
    selector: Option<&LabelSelector>,
    at: &At<'_>,
    report: &mut Errors<'_>,
) {
    let (matching, other) = (matching.unwrap_or_default(), other.unwrap_or_default());
    let here = at.field("matchLabelKeys");
    for (place, keys) in [(here, matching), (at.field("mismatchLabelKeys"), other)] {
        if selector.is_none() && !keys.is_empty() {
            report.forbidden(&place, "these keys add to a labelSelector: give one, or remove them");
            continue;
        }
        for (index, key) in keys.iter().enumerate() {
            report.name(&place.index(index), key, names::qualified_name(key));
        }
    }
    if let Some(selector) = selector {
        let indexes: BTreeMap<&str, usize> =
            matching.iter().enumerate().map(|(index, key)| (key.as_str(), index)).collect();
        // A key that stands once in the selector may have come from matchLabelKeys; the server looks for a second.
        let mut selected: BTreeSet<&str> =
            selector.match_labels.iter().flatten().map(|(key, _)| key.as_str()).collect();
        for expression in list(&selector.match_expressions) {
            let key = expression.key.as_str();
            if !selected.insert(key)
                && let Some(index) = indexes.get(key)
            {
                report.invalid(
                    (&at.index(*index), &here.index(*index)),
                    format!("{} is in the labelSelector too: remove one of the two", quote(key)),
                );
            }
        }
    }
    let other: BTreeSet<&str> = other.iter().map(String::as_str).collect();
    for (index, key) in matching.iter().enumerate() {
        if other.contains(key.as_str()) {
            report.invalid(
                &here.index(index),
                format!("{} is in mismatchLabelKeys too: remove one of the two", quote(key)),
            );
        }
    }
}
