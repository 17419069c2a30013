//! The differences between two verdicts.

use std::collections::{BTreeMap, HashSet, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use super::input::{self, InputError};
use super::judge::{self, Judged, Side};
#[cfg(feature = "serve")]
use super::reviews;
use crate::engine::Severity;
use crate::policy_test::ActualFinding;
use crate::sources::Source;

/// What a change of policy does to one object.
#[derive(Debug, Clone)]
pub struct Effect {
    /// The file.
    pub file: String,
    /// The line that the object begins on; 0 for the file as a whole, and for a review that is alone in it.
    pub line: usize,
    /// Which object; empty for the file as a whole.
    pub object: String,
    /// Whether it is let through: before and after.
    pub allowed: (bool, bool),
    /// The findings that differ.
    pub findings: Vec<FindingChange>,
    /// The fields that are filled in differently.
    pub filled: Vec<FieldChange>,
}

/// A finding that comes, goes or changes its level.
#[derive(Debug, Clone)]
pub struct FindingChange {
    /// The rule.
    pub rule: &'static str,
    /// The field.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// Its severity before; none where it comes.
    pub before: Option<Severity>,
    /// Its severity after; none where it goes.
    pub after: Option<Severity>,
}

/// A field that is filled in differently; none where it is not filled in.
#[derive(Debug, Clone)]
pub struct FieldChange {
    /// The field.
    pub path: String,
    /// The value before.
    pub before: Option<Value>,
    /// The value after.
    pub after: Option<Value>,
}

/// What a change of policy does to all objects.
#[derive(Debug, Default)]
pub struct Effects {
    /// How many files there were.
    pub files: usize,
    /// How many objects, or reviews.
    pub objects: usize,
    /// The objects to which it does something.
    pub changed: Vec<Effect>,
    /// The files that were named explicitly and have nothing to judge.
    pub without_objects: Vec<String>,
    /// What could not be read.
    pub errors: Vec<InputError>,
}

/// Judges `sources` by two policies, and compares.
pub fn effects(mut sources: Vec<Source>, before: &Side, after: &Side, now: Timestamp) -> Effects {
    let mut effects = Effects { files: sources.len(), ..Effects::default() };
    let named = input::named(&sources);
    let recorded = input::take(&mut sources, &mut effects.errors);
    let mut all: Vec<[Vec<Judged>; 2]> = Vec::new();
    #[cfg(feature = "serve")]
    all.push([before, after].map(|side| reviews::judge(&recorded, side, now, &mut effects.errors)));
    #[cfg(not(feature = "serve"))]
    effects.errors.extend(recorded.into_iter().map(input::Recorded::refuse));
    let mut manifests = |side: &Side| {
        let (judged, errors) = judge::manifests(&sources, &side.policy, now);
        for error in errors {
            if !effects.errors.iter().any(|other| other.file == error.name && other.line == 0) {
                effects.errors.push(error.into());
            }
        }
        judged
    };
    all.push([manifests(before), manifests(after)]);
    sources.clear();
    let mut seen: HashSet<String> = effects.errors.iter().map(|error| error.file.clone()).collect();
    for [before, after] in all {
        let is_object = |judged: &&Judged| !judged.object.is_empty();
        effects.objects += before.iter().filter(is_object).count();
        seen.extend(before.iter().chain(&after).filter(is_object).map(|judged| judged.file.clone()));
        effects.changed.extend(compare(before, after));
    }
    effects.without_objects = named.into_iter().filter(|name| !seen.contains(name)).collect();
    effects.changed.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    effects.errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    effects
}

fn compare(before: Vec<Judged>, after: Vec<Judged>) -> Vec<Effect> {
    let key = |judged: &Judged| (judged.file.clone(), judged.line, judged.object.clone());
    let mut effects = Vec::new();
    let mut new: BTreeMap<_, VecDeque<Judged>> = BTreeMap::new();
    for judged in after {
        new.entry(key(&judged)).or_default().push_back(judged);
    }
    for old in before {
        let same = new.get_mut(&key(&old)).and_then(VecDeque::pop_front);
        effects.extend(effect(Some(old), same));
    }
    effects.extend(new.into_values().flatten().filter_map(|new| effect(None, Some(new))));
    effects
}

/// One of them is none where a file as a whole has no findings.
fn effect(before: Option<Judged>, after: Option<Judged>) -> Option<Effect> {
    let Judged { file, line, object, .. } = before.as_ref().or(after.as_ref())?.clone();
    let allowed = |judged: &Option<Judged>| judged.as_ref().is_none_or(|judged| judged.actual.allowed);
    let allowed = (allowed(&before), allowed(&after));
    let (old, new) = (before.map(|judged| judged.actual), after.map(|judged| judged.actual));
    let patched = |actual: &Option<crate::policy_test::Actual>| -> Vec<(String, Value)> {
        let fields = actual.iter().flat_map(|actual| actual.patched());
        fields.map(|(path, value)| (path.to_owned(), value.clone())).collect()
    };
    let filled = compare_fields(&patched(&old), &patched(&new));
    let of =
        |actual: Option<crate::policy_test::Actual>| actual.map(|actual| actual.findings).unwrap_or_default();
    let findings = compare_findings(of(old), of(new));
    let differs = allowed.0 != allowed.1 || !findings.is_empty() || !filled.is_empty();
    differs.then_some(Effect { file, line, object, allowed, findings, filled })
}

fn compare_findings(before: Vec<ActualFinding>, mut after: Vec<ActualFinding>) -> Vec<FindingChange> {
    let mut changes = Vec::new();
    let change = |finding: &ActualFinding, before, after| FindingChange {
        rule: finding.rule,
        path: finding.path().to_owned(),
        message: finding.message.clone(),
        before,
        after,
    };
    for old in before {
        // What a finding says depends on options, too; a finding of the same words goes first.
        let same = |new: &ActualFinding| (new.rule, new.path()) == (old.rule, old.path());
        let position = (after.iter().position(|new| same(new) && new.message == old.message))
            .or_else(|| after.iter().position(same));
        match position.map(|position| after.remove(position)) {
            None => changes.push(change(&old, Some(old.severity), None)),
            Some(new) if new.severity != old.severity => {
                changes.push(change(&new, Some(old.severity), Some(new.severity)));
            }
            Some(_) => {}
        }
    }
    changes.extend(after.iter().map(|new| change(new, None, Some(new.severity))));
    changes.sort_by(|a, b| (&a.path, a.rule, &a.message).cmp(&(&b.path, b.rule, &b.message)));
    changes
}

fn compare_fields(before: &[(String, Value)], after: &[(String, Value)]) -> Vec<FieldChange> {
    let of = |all: &[(String, Value)], path: &str| {
        all.iter().find(|(other, _)| other == path).map(|(_, value)| value.clone())
    };
    let mut paths: Vec<&str> = before.iter().chain(after).map(|(path, _)| path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let changes = paths.into_iter().map(|path| FieldChange {
        path: path.to_owned(),
        before: of(before, path),
        after: of(after, path),
    });
    changes.filter(|change| change.before != change.after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Preset, load};
    use crate::rules::registry;
    use std::sync::Arc;

    fn side(preset: Preset) -> Side {
        let policy = load::preset(preset, registry().catalog()).unwrap();
        Side { name: preset.to_string(), policy: Arc::new(policy) }
    }

    fn source(text: &str) -> Source {
        Source::Text { name: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() }
    }

    const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                       containers:\n      - {name: main, image: \"busybox:latest\"}\n";

    #[test]
    fn what_a_stricter_policy_does() {
        let now = "2027-01-01T00:00:00Z".parse().unwrap();
        let run = |before, after| effects(vec![source(JOB)], &side(before), &side(after), now);
        let same = run(Preset::Strict, Preset::Strict);
        assert!(same.changed.is_empty() && same.objects == 1 && same.files == 1);
        let effects = run(Preset::Recommended, Preset::Strict);
        let [effect] = &effects.changed[..] else { panic!("{effects:?}") };
        assert_eq!((effect.line, effect.object.as_str()), (1, "Job a"));
        assert!(effect.findings.iter().any(|finding| finding.before != finding.after));
        assert!(
            effect
                .filled
                .iter()
                .any(|field| field.path == "spec.ttlSecondsAfterFinished" && field.before.is_none())
        );
        // The other way round, each change is the other way round.
        let back = run(Preset::Strict, Preset::Recommended);
        let turned: Vec<_> =
            effect.findings.iter().map(|finding| (finding.rule, finding.after, finding.before)).collect();
        let found: Vec<_> = back.changed[0]
            .findings
            .iter()
            .map(|finding| (finding.rule, finding.before, finding.after))
            .collect();
        assert_eq!(turned, found);
    }
}
