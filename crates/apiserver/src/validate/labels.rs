//! Labels and annotations.

use std::collections::BTreeMap;

use super::{Errors, names, quote};
use crate::defaults::JOB_NAME_LABELS;
use crate::{Cause, Relation, Topic};
use jobguard_manifest::{At, FieldPath};

/// The most that all annotations of an object may have, keys and values together, in bytes.
const ANNOTATIONS_MAX: usize = 256 * 1024;

/// The labels at `at`. The server calls the field `named`, which for a Pod template is not where it stands.
pub(super) fn validate_labels(
    labels: Option<&BTreeMap<String, String>>,
    named: &At<'_>,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    for (key, value) in labels.into_iter().flatten() {
        for problem in names::qualified_name(key) {
            let message = format!("the label key {} {problem}", quote(key));
            errors.add(named, Cause::Invalid, Topic::Labels, message).at(at.key(key).to_path());
        }
        for problem in names::label_value(value) {
            let message = format!("the value of the label {}, {}, {problem}", quote(key), quote(value));
            let is_made = JOB_NAME_LABELS.contains(&key.as_str()) && errors.job_name == Some(value);
            let added = errors.add(named, Cause::Invalid, Topic::Labels, message).at(at.key(key).to_path());
            if is_made {
                added
                    .help("the server gives this label the Job's name: choose a name that a label can have")
                    .relation(Relation::MadeFrom(FieldPath::root().fields("metadata.name")));
            }
        }
    }
}

/// The annotations at `at`, which the server calls `named`.
pub(super) fn validate_annotations(
    annotations: Option<&BTreeMap<String, String>>,
    named: &At<'_>,
    at: &At<'_>,
    errors: &mut Errors<'_>,
) {
    for key in annotations.into_iter().flat_map(BTreeMap::keys) {
        // Upper case is fine in an annotation's key, also before the slash.
        for problem in names::qualified_name(&names::lower(key)) {
            let message = format!("the annotation key {} {problem}", quote(key));
            errors.add(named, Cause::Invalid, Topic::Metadata, message).at(at.key(key).to_path());
        }
    }
    let size: usize = annotations.into_iter().flatten().map(|(key, value)| key.len() + value.len()).sum();
    if size > ANNOTATIONS_MAX {
        let message = format!("the annotations have {size} bytes, more than the {ANNOTATIONS_MAX} allowed");
        errors
            .add(named, Cause::TooLong, Topic::Metadata, message)
            .at(at.to_path())
            .help("keep large data in a ConfigMap");
    }
}
