//! `selector`: its form, and that it selects the Job's own Pods.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::labels::validate_labels;
use super::{Errors, names, quote};
use crate::defaults::{CONTROLLER_UID_LABELS, JOB_NAME_LABELS, UNKNOWN_UID};
use crate::{Cause, Topic};
use jobguard_manifest::At;

type Labels = BTreeMap<String, String>;

/// Why a Job's selector is better left alone.
const GENERATED_HELP: &str =
    "remove it: the server sets these labels and the selector itself, so that each Job has its own Pods";

/// The selector that the server generates, and the labels it is about. `stored` is the Job's spec so far, on
/// update: a Job from before the labels with a prefix need not have them.
pub(super) fn validate_generated_selector(
    job: &Job,
    spec: &JobSpec,
    stored: Option<&JobSpec>,
    errors: &mut Errors<'_>,
) {
    let Some(selector) = &spec.selector else { return };
    if spec.manual_selector == Some(true) {
        return;
    }
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let uid = job.metadata.uid.as_deref().filter(|uid| !uid.is_empty()).unwrap_or(UNKNOWN_UID);
    let [old_uid, new_uid] = CONTROLLER_UID_LABELS;
    let [old_name, new_name] = JOB_NAME_LABELS;
    let mut expected = vec![(old_uid, uid), (old_name, name)];
    if stored.is_none_or(|stored| has_label(stored, new_uid) && has_label(stored, new_name)) {
        expected.extend([(new_uid, uid), (new_name, name)]);
    }
    let root = At::root();
    let at = root.field("spec");
    let template = at.field("template");
    let metadata = template.field("metadata");
    let labels = metadata.field("labels");
    let given = template_labels(spec);
    for (key, value) in &expected {
        match given.and_then(|given| given.get(*key)) {
            None => {
                let message =
                    format!("the Pod template lacks the label {key}, which the server sets to {value:?}");
                errors
                    .add(&labels.key(key), Cause::Required, Topic::Selector, message)
                    .help("keep the labels and the selector that the server has set");
            }
            Some(given) if given != value => {
                let message = format!("the server sets this label to {}, not {}", meaning(key), quote(given));
                errors.add(&labels.key(key), Cause::Invalid, Topic::Selector, message).help(GENERATED_HELP);
            }
            Some(_) => {}
        }
    }
    let expected = |key: &str| expected.iter().find(|(label, _)| *label == key).map(|(_, value)| *value);
    if !matches(selector, expected) && is_usable(selector) {
        let message = "the selector is not the one that the server generates for this Job";
        errors.add(&at.field("selector"), Cause::Invalid, Topic::Selector, message).help(GENERATED_HELP);
    }
}

fn meaning(key: &str) -> &'static str {
    if JOB_NAME_LABELS.contains(&key) { "the Job's name" } else { "the Job's uid" }
}

/// The form of a Job's selector, and that it selects the template's labels.
pub(super) fn validate_selector(
    spec: &JobSpec,
    stored: Option<&JobSpec>,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    let here = at.field("selector");
    let template = at.field("template");
    let metadata = template.field("metadata");
    let labels = metadata.field("labels");
    let Some(selector) = &spec.selector else {
        // On update the server makes none.
        let is_lost =
            spec.manual_selector != Some(true) && stored.is_some_and(|stored| stored.selector.is_some());
        let (message, help) = if is_lost {
            (
                "an update in which the Job has no selector takes away the one that the server has made",
                "use kubectl apply, which keeps the selector and the labels, or kubectl replace --force, which deletes the Job \
                 and creates it again; a PUT must have both as they are stored",
            )
        } else if spec.manual_selector != Some(true) {
            (
                "an update must have the selector that the server made when the Job was created",
                "send the object as it is stored, with its selector and the labels of its template",
            )
        } else {
            (
                "with manualSelector the Job needs a selector of its own",
                "remove manualSelector, so that the server generates a selector that no other Job has",
            )
        };
        errors.add(&here, Cause::Required, Topic::Selector, message).help(help);
        errors.add(
            &labels,
            Cause::Invalid,
            Topic::Selector,
            "a Job without selector does not select its own Pods",
        );
        return;
    };
    validate_label_selector(selector, errors.kept.selector_values, &here, errors);
    let label = |key: &str| template_labels(spec)?.get(key).map(String::as_str);
    if !matches(selector, label) && is_usable(selector) {
        let message =
            "the template's labels do not match the Job's selector, so it would not find its own Pods";
        errors.add(&labels, Cause::Invalid, Topic::Selector, message).help(
            "remove the selector, so that the server generates it, or give the template the labels that it selects",
        );
    }
}

fn template_labels(spec: &JobSpec) -> Option<&Labels> {
    spec.template.metadata.as_ref()?.labels.as_ref()
}

fn has_label(spec: &JobSpec, key: &str) -> bool {
    template_labels(spec).is_some_and(|labels| labels.contains_key(key))
}

/// Whether an expression has a value that no label can have. Where one is stored, such values may stay.
pub(crate) fn has_invalid_value(selector: &LabelSelector) -> bool {
    let expressions = selector.match_expressions.iter().flatten();
    expressions.flat_map(|e| e.values.iter().flatten()).any(|value| !names::label_value(value).is_empty())
}

fn validate_label_selector(
    selector: &LabelSelector,
    keep_values: bool,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    let labels = at.field("matchLabels");
    validate_labels(selector.match_labels.as_ref(), &labels, &labels, errors);
    let expressions = at.field("matchExpressions");
    for (index, requirement) in selector.match_expressions.iter().flatten().enumerate() {
        validate_requirement(requirement, keep_values, &expressions.index(index), errors);
    }
}

fn validate_requirement(
    requirement: &LabelSelectorRequirement,
    keep_values: bool,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    const TOPIC: Topic = Topic::Selector;
    let values = requirement.values.as_deref().unwrap_or_default();
    let here = at.field("values");
    match requirement.operator.as_str() {
        operator @ ("In" | "NotIn") if values.is_empty() => {
            let message = format!("the operator {operator} needs values");
            errors.add(&here, Cause::Required, TOPIC, message).help("list the values to compare with");
        }
        operator @ ("Exists" | "DoesNotExist") if !values.is_empty() => {
            let message = format!("the operator {operator} takes no values");
            errors.add(&here, Cause::Forbidden, TOPIC, message).help("remove the values, or use In or NotIn");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => {
            let message = format!("{} is not a valid operator of a selector", quote(other));
            errors
                .add(&at.field("operator"), Cause::Invalid, TOPIC, message)
                .help("set operator: In, NotIn, Exists or DoesNotExist");
        }
    }
    for problem in names::qualified_name(&requirement.key) {
        let message = format!("the label key {} {problem}", quote(&requirement.key));
        errors.add(&at.field("key"), Cause::Invalid, TOPIC, message);
    }
    if !keep_values {
        for (index, value) in values.iter().enumerate() {
            for problem in names::label_value(value) {
                let message = format!("the label value {} {problem}", quote(value));
                errors.add(&here.index(index), Cause::Invalid, TOPIC, message);
            }
        }
    }
}

/// Whether a selector can be applied at all. The server does not compare with one that cannot.
fn is_usable(selector: &LabelSelector) -> bool {
    let mut labels = selector.match_labels.iter().flatten();
    let mut expressions = selector.match_expressions.iter().flatten();
    labels.all(|(key, value)| names::qualified_name(key).is_empty() && names::label_value(value).is_empty())
        && expressions.all(|requirement| {
            let values = requirement.values.as_deref().unwrap_or_default();
            let fits = match requirement.operator.as_str() {
                "In" | "NotIn" => !values.is_empty(),
                "Exists" | "DoesNotExist" => values.is_empty(),
                _ => false,
            };
            fits && names::qualified_name(&requirement.key).is_empty()
                && values.iter().all(|value| names::label_value(value).is_empty())
        })
}

/// Whether a selector selects what has the labels that `label` gives by their keys.
fn matches<'a>(selector: &LabelSelector, label: impl Fn(&str) -> Option<&'a str>) -> bool {
    let mut required = selector.match_labels.iter().flatten();
    let mut expressions = selector.match_expressions.iter().flatten();
    required.all(|(key, value)| label(key) == Some(value))
        && expressions.all(|requirement| {
            let label = label(&requirement.key);
            let listed =
                label.is_some_and(|label| requirement.values.iter().flatten().any(|value| value == label));
            match requirement.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => label.is_some(),
                _ => label.is_none(),
            }
        })
}
