//! Findings, recognised in a text before and after an edit.

use std::collections::BTreeMap;

use crate::lint::{Examined, Found};
use jobguard_apiserver as apiserver;
use jobguard_manifest::FieldPath;

/// What identifies a finding in a text before and after edits: document, object, rule, field, cause.
pub(super) type Key = (usize, String, &'static str, String, Option<&'static str>);

/// Where the object of a finding stands in its document.
pub(super) fn base_of(examined: &Examined<'_>, found: &Found) -> FieldPath {
    found.object.map_or_else(FieldPath::root, |object| examined.objects[object].base.clone())
}

/// The key of a finding.
pub(super) fn key_of(examined: &Examined<'_>, found: &Found) -> Key {
    let finding = &found.finding;
    let cause = finding.cause.map(apiserver::Cause::as_str);
    let base = base_of(examined, found).to_string();
    (found.document, base, finding.rule.id(), finding.place().to_string(), cause)
}

/// How often each key occurs.
pub(super) fn count_keys(keys: impl Iterator<Item = Key>) -> BTreeMap<Key, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}
