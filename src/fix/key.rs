//! Findings, recognised in a text before and after an edit.

use std::collections::BTreeMap;

use crate::engine::Finding;
use crate::lint::{Examined, Found};
use jobguard_apiserver as apiserver;
use jobguard_manifest::FieldPath;

/// What identifies a finding in a text before and after edits: document, object, rule, field, cause.
pub(super) type Key = (usize, String, &'static str, String, Option<&'static str>);

/// What identifies a finding more closely: its key and its message.
pub(super) type Left = (Key, String);

/// Where the object of a finding stands in its document.
pub(super) fn base_of(examined: &Examined<'_>, found: &Found) -> FieldPath {
    found.object.map_or_else(FieldPath::root, |object| examined.objects[object].base.clone())
}

/// The key of a finding.
pub(super) fn key_of(examined: &Examined<'_>, found: &Found) -> Key {
    key(found.document, &base_of(examined, found), &found.finding)
}

/// The key of a finding about the object at `base` of a document.
pub(super) fn key(document: usize, base: &FieldPath, finding: &Finding) -> Key {
    let cause = finding.cause.map(apiserver::Cause::as_str);
    (document, base.to_string(), finding.rule.id(), finding.place().to_string(), cause)
}

/// The findings of a text, those that only follow from others included.
pub(super) fn left(examined: &Examined<'_>) -> BTreeMap<Left, usize> {
    let mut left = BTreeMap::new();
    for found in &examined.found {
        *left.entry((key_of(examined, found), found.finding.message.clone())).or_default() += 1;
    }
    left
}

/// How often each key occurs.
pub(super) fn count_keys(keys: impl Iterator<Item = Key>) -> BTreeMap<Key, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}
