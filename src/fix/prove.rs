//! The proof that a change of a text does what it is meant to, and nothing else.
//!
//! A fix is right when the resulting text reads as the intended value, every other document reads as before, the finding is
//! gone, and there is no error that was not there before. Errors are those that the linter finds, folded ones included, so
//! that one which only strict validation refuses is not traded for one that every server refuses. What could not be judged
//! before (a document that did not parse, an object with a value of the wrong type) is judged afterwards, so that errors
//! may come to light that were there all along.

use std::collections::BTreeMap;

use super::errors::{Errors, errors_of};
use super::key::{Key, Left, count_keys, key_of, left};
use crate::engine::{Context, Fix, Safety, Severity};
use crate::lint::{Examined, Found, Options, examine_and_keep};
use crate::rules;
use jobguard_apiserver as apiserver;
use jobguard_manifest::edit::{Edit, TextEdit, apply, perform, plan};
use jobguard_manifest::{Document, FieldPath, Tree};

/// Why a fix is not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The text would not have the values that are meant.
    #[error("the text is laid out in a way that cannot be edited safely")]
    Layout,
    /// The finding would still be there.
    #[error("the finding would still be there")]
    NotResolved,
    /// There would be an error that was not there before.
    #[error("that would bring another error: {0}")]
    NewError(String),
}

/// A fix that is ready to be tried.
pub(super) struct Proposal<'f> {
    pub(super) found: &'f Found,
    pub(super) fix: &'f Fix,
    pub(super) key: Key,
    pub(super) base: FieldPath,
    pub(super) edits: Vec<TextEdit>,
}

/// The changes that `fix` makes to the object at `base` of `tree`; none if it cannot be made, or makes none.
pub(crate) fn edits_of(text: &str, tree: &Tree<'_>, base: &FieldPath, fix: &Fix) -> Option<Vec<TextEdit>> {
    let mut edits = Vec::new();
    for edit in &fix.edits {
        edits.extend(plan(text, tree, base, edit).ok()?);
    }
    Some(edits).filter(|edits| !edits.is_empty() || fix.safety == Safety::Shown)
}

/// The changes that `fix` makes to a document that cannot be read.
pub(crate) fn text_edits(fix: &Fix) -> Option<Vec<TextEdit>> {
    fix.edits
        .iter()
        .map(|edit| match edit {
            Edit::Text(edit) => Some(edit.clone()),
            _ => None,
        })
        .collect()
}

/// A text with proposals applied, which was proved to be right.
pub(super) struct Proved {
    pub(super) text: String,
    /// How many findings are gone.
    pub(super) gone: usize,
    /// The findings of the text.
    pub(super) left: BTreeMap<Left, usize>,
    /// Its errors, without those of rules about the whole input.
    pub(super) errors: BTreeMap<usize, Errors>,
    /// Whether one of the findings has a fix.
    pub(super) is_fixable: bool,
    /// How many objects there are.
    pub(super) objects: usize,
}

/// The text with the proposals applied.
///
/// A value may be invalid where it was moved to, for a later round to correct, except in documents that are strict.
///
/// # Errors
///
/// Why it cannot be proved to be right.
pub(super) fn prove(
    options: &Options<'_>,
    context: &Context<'_>,
    text: &str,
    before: &Examined<'_>,
    proposals: &[Proposal<'_>],
    is_strict: &dyn Fn(usize) -> bool,
) -> Result<Proved, Refusal> {
    let edits: Vec<TextEdit> = proposals.iter().flat_map(|proposal| proposal.edits.iter().cloned()).collect();
    let after = apply(text, &edits).ok_or(Refusal::Layout)?;
    let examined = examine_and_keep(options, &after, context, &before.documents);
    // Documents that were not relevant are unchanged, to the byte.
    if examined.count != before.count || examined.others != before.others {
        return Err(Refusal::Layout);
    }
    for (position, old) in &before.documents {
        let new = examined.documents.get(position).ok_or(Refusal::Layout)?;
        let about: Vec<&Proposal<'_>> =
            proposals.iter().filter(|proposal| proposal.found.document == *position).collect();
        if !reads_as_meant(text, old, new, &about) {
            return Err(Refusal::Layout);
        }
    }
    let gone = compare(before, &examined, proposals, is_strict)?;
    let is_fixable = examined.found.iter().any(|found| !found.follows && found.finding.fix.is_some());
    let (left, errors, objects) = (left(&examined), errors_of(&examined), examined.objects.len());
    Ok(Proved { text: after, gone, left, errors, is_fixable, objects })
}

/// Whether a document reads as it should after the proposals that are about it.
fn reads_as_meant(text: &str, old: &Document<'_>, new: &Document<'_>, proposals: &[&Proposal<'_>]) -> bool {
    let unread = |document: &Document<'_>| document.ignored.is_some();
    if old.content.is_ok() && unread(old) != unread(new) {
        return false;
    }
    match (&old.content, &new.content) {
        (Ok(old), Ok(new)) => {
            let mut meant = old.to_value(old.root());
            let performed = proposals.iter().all(|proposal| {
                let mut edits = proposal.fix.edits.iter();
                edits.all(|edit| perform(&mut meant, text, old, &proposal.base, edit).is_ok())
            });
            performed && new.to_value(new.root()) == meant
        }
        (Err(old), Err(new)) if proposals.is_empty() => old.message == new.message,
        // Quotes were put around a value: what is wrong now comes after it.
        (Err(_), Err(new)) => {
            proposals.iter().flat_map(|proposal| &proposal.edits).all(|edit| new.span.start > edit.span.end)
        }
        (Err(_), Ok(_)) => !proposals.is_empty(),
        (Ok(_), Err(_)) => false,
    }
}

/// How many findings are gone; not if one that was to be fixed is still there, or if there is a new error.
fn compare(
    before: &Examined<'_>,
    after: &Examined<'_>,
    proposals: &[Proposal<'_>],
    is_strict: &dyn Fn(usize) -> bool,
) -> Result<usize, Refusal> {
    let was = count_keys(before.found.iter().map(|found| key_of(before, found)));
    let is = count_keys(after.found.iter().map(|found| key_of(after, found)));
    let count = |counts: &BTreeMap<Key, usize>, key: &Key| counts.get(key).copied().unwrap_or_default();
    if proposals.iter().any(|proposal| count(&is, &proposal.key) >= count(&was, &proposal.key)) {
        return Err(Refusal::NotResolved);
    }
    let new_error = |key: Option<&Key>| {
        let found = after.found.iter().find(|found| {
            found.finding.severity == Severity::Error && key.is_some_and(|key| key_of(after, found) == *key)
        });
        found.map_or(Refusal::NotResolved, |found| Refusal::NewError(found.finding.message.clone()))
    };
    let mut about: BTreeMap<ObjectKey, Vec<&Proposal<'_>>> = BTreeMap::new();
    for proposal in proposals {
        about.entry((proposal.found.document, proposal.base.to_string())).or_default().push(proposal);
    }
    let (old, new) = (errors(before), errors(after));
    for object in &before.objects {
        let id = (object.document, object.base.to_string());
        let none = Vec::new();
        let keys = |errors: &BTreeMap<ObjectKey, Vec<(Key, bool)>>| {
            let errors = errors.get(&id).unwrap_or(&none);
            let judged = errors.iter().filter(|(_, of_decoding)| object.judged || *of_decoding);
            count_keys(judged.map(|(key, _)| key.clone()))
        };
        let (old, new) = (keys(&old), keys(&new));
        let total = old.values().sum();
        let mut added = new.iter().filter(|(key, now)| **now > count(&old, key)).map(|(key, _)| key);
        if new.values().sum::<usize>() > total {
            return Err(new_error(added.next()));
        }
        // Of so many only the first are reported: those that are gone make room for others.
        if total >= apiserver::MAX_COMPLAINTS {
            continue;
        }
        // A value that was moved may be invalid in itself; so may fields that only the new kind has.
        let moved: Vec<FieldPath> = about
            .get(&id)
            .into_iter()
            .flatten()
            .filter(|proposal| proposal.fix.safety != Safety::Safe || !is_strict(object.document))
            .flat_map(|proposal| proposal.fix.edits.iter().filter_map(made_effective))
            .collect();
        let may_be_new = |key: &Key| {
            let path = FieldPath::parse(&key.3);
            moved.iter().any(|moved| path.starts_with(moved))
        };
        if let Some(key) = added.find(|key| !may_be_new(key)) {
            return Err(new_error(Some(key)));
        }
    }
    Ok(gone(before, after))
}

/// How many of the findings that were reported are gone.
pub(super) fn gone(before: &Examined<'_>, after: &Examined<'_>) -> usize {
    let is = count_keys(after.found.iter().map(|found| key_of(after, found)));
    let reported = before.found.iter().filter(|found| !found.follows);
    let reported = count_keys(reported.map(|found| key_of(before, found)));
    reported.iter().map(|(key, then)| then.saturating_sub(is.get(key).copied().unwrap_or_default())).sum()
}

/// The field that an edit makes effective.
fn made_effective(edit: &Edit) -> Option<FieldPath> {
    match edit {
        Edit::Set { path, .. } if *path == FieldPath::root().field("kind") => {
            Some(FieldPath::root().fields("spec.jobTemplate"))
        }
        other => other.target(),
    }
}

/// Whether a finding comes from decoding, which continues where a value has the wrong type.
fn is_of_decoding(found: &Found) -> bool {
    let rules = [&rules::api_type::RULE, &rules::api_unknown_field::RULE, &rules::api_duplicate_key::RULE];
    rules.contains(&found.finding.rule)
}

/// An object of a text: its document and its place in that.
type ObjectKey = (usize, String);

/// The errors of each object, and whether they come from decoding.
fn errors(examined: &Examined<'_>) -> BTreeMap<ObjectKey, Vec<(Key, bool)>> {
    let mut errors: BTreeMap<ObjectKey, Vec<(Key, bool)>> = BTreeMap::new();
    for found in examined.found.iter().filter(|found| found.finding.severity == Severity::Error) {
        let key = key_of(examined, found);
        errors.entry((key.0, key.1.clone())).or_default().push((key, is_of_decoding(found)));
    }
    errors
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::{Author, Input, Neighbours};
    use crate::lint::examine;
    use crate::policy::{Preset, load};
    use crate::rules::registry;
    use jobguard_manifest::Span;

    pub(in crate::fix) fn with_options<T>(run: impl FnOnce(&Options<'_>, &Context<'_>) -> T) -> T {
        let policy = load::preset(Preset::Baseline, registry().catalog()).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let context = Context {
            registry: registry(),
            policy: &policy,
            neighbours: &Neighbours::default(),
            file: None,
            input: Input::Alone,
            now,
            namespace_labels: None,
            cancellation: None,
            author: Author::default(),
        };
        run(&Options::default(), &context)
    }

    pub(in crate::fix) const TEXT: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                        restartPolicy: Always\n      containers: [{name: a, image: b}]\n";

    /// What comes of a fix of the one finding of [`TEXT`] that plans these edits of the text.
    fn proved(fix: &Fix, edits: Vec<TextEdit>) -> Option<usize> {
        with_options(|options, context| {
            let before = examine(options, TEXT, context);
            let found = &before.found[0];
            let key = key_of(&before, found);
            let proposal = Proposal { found, fix, key, base: FieldPath::root(), edits };
            prove(options, context, TEXT, &before, &[proposal], &|_| true).ok().map(|proved| proved.gone)
        })
    }

    fn edit(old: &str, new: &str) -> TextEdit {
        let start = TEXT.find(old).unwrap();
        TextEdit { span: Span::new(start, start + old.len()), with: new.to_owned() }
    }

    #[test]
    fn what_is_not_as_meant_is_not_done() {
        let path = FieldPath::parse("spec.template.spec.restartPolicy");
        let fix = Fix::set(Safety::Safe, "x", path.clone(), "Never");
        assert_eq!(proved(&fix, vec![edit("Always", "Never")]), Some(1));
        // Another value than was meant, another value elsewhere, a comment that swallows a value, broken text.
        assert_eq!(proved(&fix, vec![edit("Always", "OnFailure")]), None);
        assert_eq!(proved(&fix, vec![edit("Always", "Never"), edit("name: a", "name: b")]), None);
        assert_eq!(proved(&fix, vec![edit("Always", "# Never")]), None);
        assert_eq!(proved(&fix, vec![edit("Always", "Never: {")]), None);
        assert_eq!(proved(&fix, vec![edit("Always", "Never\n---\n")]), None);
        // As meant, but the finding is still there.
        let still = Fix::set(Safety::Safe, "x", path, "");
        assert_eq!(proved(&still, vec![edit("Always", "\"\"")]), None);
        // As meant, and a new error.
        let worse = Fix {
            edits: vec![
                fix.edits[0].clone(),
                Edit::Insert { path: FieldPath::parse("spec.completions"), value: 0.into() },
                Edit::Remove { path: FieldPath::parse("metadata.name") },
            ],
            ..fix
        };
        assert_eq!(
            proved(
                &worse,
                vec![
                    edit("Always", "Never"),
                    edit("spec:", "spec:\n  completions: 0"),
                    edit("{name: a}", "{}")
                ]
            ),
            None
        );
    }
}
