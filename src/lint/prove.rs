//! The proof that a change of a text does what it is meant to, and nothing else.
//!
//! A fix is right when the text that comes out reads as the value that was meant, every other document reads as
//! before, the finding is gone, and no error is there that was not there before: by the judgement that the linter makes,
//! and of all that it finds, so that what only a strict reader refuses is not traded for what every server refuses. What
//! could not be judged before (a document that did not parse, an object with a value of the wrong type) is judged then,
//! so that errors may come to light which were there all along.

use std::collections::BTreeMap;

use crate::engine::{Context, Fix, Input, InputObject, Safety, Severity, evaluate_input};
use crate::rules;
use jobguard_apiserver as apiserver;
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::{Edit, TextEdit, apply, perform, plan};
use jobguard_manifest::{Document, Tree};

use super::Linter;
use super::document::{Examined, Found, examine, examine_and_keep};

/// What tells one finding from another in a text, however the text is edited: document, object, rule, field, cause.
pub(super) type Key = (usize, String, &'static str, String, Option<&'static str>);

/// A fix that is ready to be tried.
pub(super) struct Proposal<'f> {
    pub(super) found: &'f Found,
    pub(super) fix: &'f Fix,
    pub(super) key: Key,
    pub(super) base: FieldPath,
    pub(super) edits: Vec<TextEdit>,
}

/// The changes that `fix` makes to the object at `base` of `tree`; none if it cannot be made, or makes none.
pub(super) fn edits_of(text: &str, tree: &Tree<'_>, base: &FieldPath, fix: &Fix) -> Option<Vec<TextEdit>> {
    let mut edits = Vec::new();
    for edit in &fix.edits {
        edits.extend(plan(text, tree, base, edit).ok()?);
    }
    Some(edits).filter(|edits| !edits.is_empty() || fix.safety == Safety::Shown)
}

/// The changes that `fix` makes to a document that cannot be read.
pub(super) fn text_edits(fix: &Fix) -> Option<Vec<TextEdit>> {
    fix.edits
        .iter()
        .map(|edit| match edit {
            Edit::Text(edit) => Some(edit.clone()),
            _ => None,
        })
        .collect()
}

/// The text with the proposals applied, and how many findings that takes away; none where it cannot be proved to be
/// right. What has moved to its place may be wrong there, and a later round put it right; not in documents that are strict.
pub(super) fn prove(
    linter: &Linter<'_>,
    context: &Context<'_>,
    text: &str,
    before: &Examined<'_>,
    proposals: &[Proposal<'_>],
    is_strict: &dyn Fn(usize) -> bool,
) -> Option<(String, usize)> {
    let edits: Vec<TextEdit> = proposals.iter().flat_map(|proposal| proposal.edits.iter().cloned()).collect();
    let after = apply(text, &edits)?;
    let examined = examine_and_keep(linter, &after, context, &before.documents);
    // The documents that were of no interest are the same still, to the byte.
    if examined.count != before.count || examined.others != before.others {
        return None;
    }
    for (position, old) in &before.documents {
        let new = examined.documents.get(position)?;
        let about: Vec<&Proposal<'_>> =
            proposals.iter().filter(|proposal| proposal.found.document == *position).collect();
        if !reads_as_meant(text, old, new, &about) {
            return None;
        }
    }
    let count = compare(before, &examined, proposals, is_strict)?;
    Some((after, count))
}

pub(super) fn base_of(examined: &Examined<'_>, found: &Found) -> FieldPath {
    found.object.map_or_else(FieldPath::root, |object| examined.objects[object].base.clone())
}

pub(super) fn key_of(examined: &Examined<'_>, found: &Found) -> Key {
    let finding = &found.finding;
    let cause = finding.cause.map(apiserver::Cause::as_str);
    let base = base_of(examined, found).to_string();
    (found.document, base, finding.rule.id(), finding.place().to_string(), cause)
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
        // Quotes were put around a value: what is wrong now stands behind it.
        (Err(_), Err(new)) => {
            proposals.iter().flat_map(|proposal| &proposal.edits).all(|edit| new.span.start > edit.span.end)
        }
        (Err(_), Ok(_)) => !proposals.is_empty(),
        (Ok(_), Err(_)) => false,
    }
}

/// How many findings are gone; none where one that was to be mended is not, or where there is an error that was not
/// there.
fn compare(
    before: &Examined<'_>,
    after: &Examined<'_>,
    proposals: &[Proposal<'_>],
    is_strict: &dyn Fn(usize) -> bool,
) -> Option<usize> {
    let was = tally(before.found.iter().map(|found| key_of(before, found)));
    let is = tally(after.found.iter().map(|found| key_of(after, found)));
    let count = |counts: &BTreeMap<Key, usize>, key: &Key| counts.get(key).copied().unwrap_or_default();
    if proposals.iter().any(|proposal| count(&is, &proposal.key) >= count(&was, &proposal.key)) {
        return None;
    }
    let (old, new) = (errors(before), errors(after));
    for object in &before.objects {
        let id = (object.document, object.base.to_string());
        let none = Vec::new();
        let keys = |errors: &BTreeMap<ObjectKey, Vec<(Key, bool)>>| {
            let errors = errors.get(&id).unwrap_or(&none);
            let judged = errors.iter().filter(|(_, of_decoding)| object.judged || *of_decoding);
            tally(judged.map(|(key, _)| key.clone()))
        };
        let (old, new) = (keys(&old), keys(&new));
        let total = old.values().sum();
        if new.values().sum::<usize>() > total {
            return None;
        }
        // Of so many only the first are told: those that are gone make room for others.
        if total >= apiserver::MAX_COMPLAINTS {
            continue;
        }
        // What has moved to its place may turn out to be wrong in itself; so may what only another kind has.
        let moved: Vec<FieldPath> = proposals
            .iter()
            .filter(|proposal| proposal.found.document == object.document && proposal.base == object.base)
            .filter(|proposal| proposal.fix.safety != Safety::Safe || !is_strict(object.document))
            .flat_map(|proposal| proposal.fix.edits.iter().filter_map(comes_to_count))
            .collect();
        let may_be_new = |key: &Key| {
            let path = FieldPath::parse(&key.3);
            moved.iter().any(|moved| path.starts_with(moved))
        };
        if new.iter().any(|(key, now)| *now > count(&old, key) && !may_be_new(key)) {
            return None;
        }
    }
    Some(gone(before, after))
}

/// How many of the findings that were reported are gone.
pub(super) fn gone(before: &Examined<'_>, after: &Examined<'_>) -> usize {
    let is = tally(after.found.iter().map(|found| key_of(after, found)));
    let reported = before.found.iter().filter(|found| !found.follows);
    let reported = tally(reported.map(|found| key_of(before, found)));
    reported.iter().map(|(key, then)| then.saturating_sub(is.get(key).copied().unwrap_or_default())).sum()
}

/// The field that counts after a change, and did not before.
fn comes_to_count(edit: &Edit) -> Option<FieldPath> {
    match edit {
        Edit::Set { path, .. } if *path == FieldPath::root().field("kind") => {
            Some(FieldPath::root().fields("spec.jobTemplate"))
        }
        other => other.target(),
    }
}

/// Whether a finding comes from decoding, which goes on where a value has the wrong type.
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

/// The errors of a document: how many are reported, and which there are to a server that drops what it does not know.
#[derive(Debug, Clone, Default)]
pub(super) struct Errors {
    reported: usize,
    lenient: BTreeMap<Key, usize>,
    /// Whether all of it could be judged.
    judged: bool,
}

impl Errors {
    /// Whether there are more of them than `before`, by either judgement.
    pub(super) fn are_more_than(&self, before: &Self) -> bool {
        let lenient = |errors: &Self| errors.lenient.values().sum::<usize>();
        self.reported > before.reported || lenient(self) > lenient(before)
    }

    /// Whether there are more of them than `before`, or others where everything could be judged.
    pub(super) fn are_worse_than(&self, before: &Self) -> bool {
        let is_new = |(key, count): (&Key, &usize)| before.lenient.get(key).is_none_or(|then| count > then);
        self.are_more_than(before) || (before.judged && self.lenient.iter().any(is_new))
    }
}

/// What a text holds, and the errors of each of its documents that is of interest: those that only show beside its other
/// objects among them.
pub(super) fn errors_by_document<'t>(
    linter: &Linter<'_>,
    text: &'t str,
    context: &Context<'_>,
) -> (Examined<'t>, BTreeMap<usize, Errors>) {
    let mut examined = examine(linter, text, &Context { input: Input::Gathering, ..*context });
    let mut errors = errors_of(&examined);
    let (numbers, objects): (Vec<usize>, Vec<InputObject>) = std::mem::take(&mut examined.kept)
        .into_iter()
        .map(|(number, kept)| (number, InputObject { file: "".into(), line: 0, kept }))
        .unzip();
    for (object, finding) in evaluate_input(&objects, context.registry) {
        if finding.severity == Severity::Error {
            errors.entry(examined.objects[numbers[object]].document).or_default().reported += 1;
        }
    }
    (examined, errors)
}

fn errors_of(examined: &Examined<'_>) -> BTreeMap<usize, Errors> {
    let strict = [&rules::api_unknown_field::RULE, &rules::api_duplicate_key::RULE];
    let judged = |document: &Document<'_>| Errors { judged: document.content.is_ok(), ..Errors::default() };
    let mut errors: BTreeMap<usize, Errors> =
        examined.documents.iter().map(|(position, document)| (*position, judged(document))).collect();
    for object in &examined.objects {
        errors.entry(object.document).or_default().judged &= object.judged;
    }
    for found in examined.found.iter().filter(|found| found.finding.severity == Severity::Error) {
        let errors = errors.entry(found.document).or_default();
        errors.reported += usize::from(!found.follows);
        if !strict.contains(&found.finding.rule) {
            *errors.lenient.entry(key_of(examined, found)).or_default() += 1;
        }
    }
    errors
}

fn tally(keys: impl Iterator<Item = Key>) -> BTreeMap<Key, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::{Author, Services};
    use crate::policy::{Preset, load};
    use crate::rules::registry;
    use jobguard_manifest::Span;

    pub(in crate::lint) fn with_linter<T>(run: impl FnOnce(&Linter<'_>, &Context<'_>) -> T) -> T {
        let policy = load::preset(Preset::Baseline, registry().catalog()).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let linter = Linter::new(&policy, now);
        let context = Context {
            registry: registry(),
            policy: &policy,
            services: &Services::Unknown,
            input: Input::Alone,
            now,
            namespace_labels: None,
            cancellation: None,
            author: Author::default(),
        };
        run(&linter, &context)
    }

    pub(in crate::lint) const TEXT: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                        restartPolicy: Always\n      containers: [{name: a, image: b}]\n";

    /// What comes of a fix of the one finding of [`TEXT`] that plans these edits of the text.
    fn proved(fix: &Fix, edits: Vec<TextEdit>) -> Option<usize> {
        with_linter(|linter, context| {
            let before = examine(linter, TEXT, context);
            let found = &before.found[0];
            let key = key_of(&before, found);
            let proposal = Proposal { found, fix, key, base: FieldPath::root(), edits };
            prove(linter, context, TEXT, &before, &[proposal], &|_| true).map(|(_, gone)| gone)
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
