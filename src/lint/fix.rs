//! Applying fixes: until nothing is left that can be mended, and only what can be proved to touch nothing else.
//!
//! A fix is applied when the text that comes out reads as the value that was meant, every other document reads as
//! before, the finding is gone, and no error is there that was not there before. What could not be judged before (a
//! document that did not parse, an object with a value of the wrong type) is judged then, so that errors may come to
//! light which were there all along.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::batch;
use crate::engine::{Context, Fix, Input, Safety, Severity};
use crate::manifest::edit::{Edit, TextEdit, apply, perform, plan};
use crate::manifest::{Document, Tree};
use crate::path::FieldPath;
use crate::report::FileError;
use crate::rules;

use super::document::{Examined, Found, examine};
use super::{Linter, Outcome, Source, files};

/// How many times a text is looked at for something to mend.
const MAX_ROUNDS: usize = 40;
/// How many fixes are made at once: each is compared with all others.
const MAX_AT_ONCE: usize = 200;
/// How many changes of a text are tried, those that turn out not to be right included.
const MAX_TRIES: usize = 120;

/// What a run mended, and what is left.
#[derive(Debug, Default)]
pub struct Mended {
    /// The texts that change.
    pub texts: Vec<MendedText>,
    /// What is left to say about the texts as they are afterwards.
    pub outcome: Outcome,
}

/// A text that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MendedText {
    /// Which of the sources.
    pub source: usize,
    /// How reports name it.
    pub name: String,
    /// The text as it was.
    pub before: String,
    /// The text as it becomes.
    pub after: String,
    /// How many findings are gone.
    pub findings: usize,
}

impl Linter<'_> {
    /// Works out all fixes up to `allowed` and lints what they leave. Writes nothing. Calls `done` after each source,
    /// from whichever thread.
    pub fn fix(&self, sources: &[Source], allowed: Safety, done: &(dyn Fn() + Sync)) -> Mended {
        let services = self.services(sources);
        let context = Context {
            policy: self.policy,
            services: &services,
            input: Input::Alone,
            now: self.now,
            namespace_labels: None,
        };
        let texts: Vec<MendedText> = sources
            .par_iter()
            .enumerate()
            .filter_map(|(position, source)| self.fix_source(position, source, allowed, &context).ok()?)
            .collect();
        let mut sources = sources.to_vec();
        for text in &texts {
            let bytes = text.after.clone().into_bytes();
            sources[text.source] = Source::Text { name: text.name.clone(), bytes };
        }
        let outcome = self.lint_watched(&sources, done);
        Mended { texts, outcome }
    }

    /// What cannot be read is told when it is linted.
    fn fix_source(
        &self,
        position: usize,
        source: &Source,
        allowed: Safety,
        context: &Context<'_>,
    ) -> Result<Option<MendedText>, FileError> {
        let read;
        let bytes = match source {
            Source::File { path, name, .. } => {
                read = files::read(path, name)?;
                &read
            }
            Source::Text { bytes, .. } => bytes,
        };
        // What is not UTF-8 cannot be written back as it was.
        let Ok(before) = std::str::from_utf8(bytes) else { return Ok(None) };
        Ok(fix_text(self, before, allowed, context).map(|(after, findings)| MendedText {
            source: position,
            name: source.name().to_owned(),
            before: before.to_owned(),
            after,
            findings,
        }))
    }
}

/// The changes that `fix` makes to the object at `base` of `tree`; none if it cannot be made, or makes none.
pub(super) fn edits_of(text: &str, tree: &Tree<'_>, base: &FieldPath, fix: &Fix) -> Option<Vec<TextEdit>> {
    let mut edits = Vec::new();
    for edit in &fix.edits {
        edits.extend(plan(text, tree, base, edit).ok()?);
    }
    Some(edits).filter(|edits| !edits.is_empty() || fix.safety == Safety::Shown)
}

/// Mends a text; none where nothing can be mended. Tells how many findings are gone.
pub(super) fn fix_text(
    linter: &Linter<'_>,
    text: &str,
    allowed: Safety,
    context: &Context<'_>,
) -> Option<(String, usize)> {
    let mut fixer = Fixer { linter, context, allowed, refused: BTreeSet::new(), tries: MAX_TRIES };
    let mut text = text.to_owned();
    let mut gone = 0;
    for _ in 0..MAX_ROUNDS {
        let before = examine(linter, &text, context, None);
        let proposals = fixer.proposals(&text, &before);
        if proposals.is_empty() {
            break;
        }
        // Where nothing came of it, what was refused makes room for others.
        if let Some((after, count)) = fixer.attempt(&text, &before, &proposals) {
            gone += count;
            text = after;
        } else if fixer.tries == 0 {
            break;
        }
    }
    (gone > 0).then_some((text, gone))
}

/// What tells one finding from another in a text, however the text is edited: document, object, rule, field, cause.
type Key = (usize, String, &'static str, String, Option<&'static str>);

/// A fix that is ready to be tried.
struct Proposal<'f> {
    found: &'f Found,
    fix: &'f Fix,
    key: Key,
    base: FieldPath,
    edits: Vec<TextEdit>,
}

struct Fixer<'a> {
    linter: &'a Linter<'a>,
    context: &'a Context<'a>,
    allowed: Safety,
    /// What was tried, and was not right.
    refused: BTreeSet<(Key, String)>,
    tries: usize,
}

impl Fixer<'_> {
    /// The fixes that can be made at once: of those that meet, the first.
    fn proposals<'f>(&self, text: &str, examined: &'f Examined<'_>) -> Vec<Proposal<'f>> {
        let mut proposals: Vec<Proposal<'f>> = Vec::new();
        let told = examined.found.iter().filter(|found| !found.follows);
        for found in told {
            if proposals.len() == MAX_AT_ONCE {
                break;
            }
            let Some(fix) = found.finding.fix.as_ref().filter(|fix| fix.safety <= self.allowed) else {
                continue;
            };
            let key = key_of(examined, found);
            if self.refused.contains(&(key.clone(), fix.title.clone())) {
                continue;
            }
            let base = base_of(examined, found);
            let edits = match &examined.documents[found.document].content {
                Ok(tree) => edits_of(text, tree, &base, fix),
                Err(_) => text_edits(fix),
            };
            let Some(edits) = edits.filter(|edits| !edits.is_empty()) else { continue };
            let proposal = Proposal { found, fix, key, base, edits };
            if !proposals.iter().any(|other| meet(other, &proposal)) {
                proposals.push(proposal);
            }
        }
        proposals
    }

    /// Applies the proposals, all of them if that is right, else some; none if not one is.
    fn attempt(
        &mut self,
        text: &str,
        before: &Examined<'_>,
        proposals: &[Proposal<'_>],
    ) -> Option<(String, usize)> {
        self.tries = self.tries.checked_sub(1)?;
        if let Some(done) = self.prove(text, before, proposals) {
            return Some(done);
        }
        match proposals {
            [] => None,
            [one] => {
                self.refused.insert((one.key.clone(), one.fix.title.clone()));
                None
            }
            many => {
                let (first, second) = many.split_at(many.len() / 2);
                self.attempt(text, before, first).or_else(|| self.attempt(text, before, second))
            }
        }
    }

    /// The text with the proposals applied, and how many findings that takes away; none where it cannot be proved to be
    /// right.
    fn prove(
        &self,
        text: &str,
        before: &Examined<'_>,
        proposals: &[Proposal<'_>],
    ) -> Option<(String, usize)> {
        let edits: Vec<TextEdit> =
            proposals.iter().flat_map(|proposal| proposal.edits.iter().cloned()).collect();
        let after = apply(text, &edits)?;
        let examined = examine(self.linter, &after, self.context, None);
        if examined.documents.len() != before.documents.len() {
            return None;
        }
        for (position, (old, new)) in before.documents.iter().zip(&examined.documents).enumerate() {
            let about: Vec<&Proposal<'_>> =
                proposals.iter().filter(|proposal| proposal.found.document == position).collect();
            if !reads_as_meant(text, old, new, &about) {
                return None;
            }
        }
        let count = compare(before, &examined, proposals)?;
        Some((after, count))
    }
}

fn base_of(examined: &Examined<'_>, found: &Found) -> FieldPath {
    found.object.map_or_else(FieldPath::root, |object| examined.objects[object].base.clone())
}

fn key_of(examined: &Examined<'_>, found: &Found) -> Key {
    let finding = &found.finding;
    let cause = finding.cause.map(batch::Cause::as_str);
    let base = base_of(examined, found).to_string();
    (found.document, base, finding.rule.id(), finding.place().to_string(), cause)
}

fn text_edits(fix: &Fix) -> Option<Vec<TextEdit>> {
    fix.edits
        .iter()
        .map(|edit| match edit {
            Edit::Text(edit) => Some(edit.clone()),
            _ => None,
        })
        .collect()
}

/// Whether two fixes are about the same fields, or the same bytes.
fn meet(a: &Proposal<'_>, b: &Proposal<'_>) -> bool {
    let paths = |proposal: &Proposal<'_>| -> Vec<FieldPath> {
        proposal.fix.edits.iter().flat_map(|edit| edit.paths().into_iter().cloned()).collect()
    };
    let (paths_a, paths_b) = (paths(a), paths(b));
    let same_object = a.found.document == b.found.document && a.base == b.base;
    let below = |a: &FieldPath, b: &FieldPath| a.starts_with(b) || b.starts_with(a);
    (same_object && paths_a.iter().any(|a| paths_b.iter().any(|b| below(a, b))))
        || a.edits
            .iter()
            .any(|a| b.edits.iter().any(|b| a.span.start < b.span.end && b.span.start < a.span.end))
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
fn compare(before: &Examined<'_>, after: &Examined<'_>, proposals: &[Proposal<'_>]) -> Option<usize> {
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
        if total >= batch::MAX_COMPLAINTS {
            continue;
        }
        // What has moved to its place may turn out to be wrong in itself.
        let moved: Vec<FieldPath> = proposals
            .iter()
            .filter(|proposal| proposal.found.document == object.document && proposal.base == object.base)
            .flat_map(|proposal| proposal.fix.edits.iter().filter_map(Edit::target))
            .collect();
        let may_be_new = |key: &Key| {
            let path = FieldPath::parse(&key.3);
            moved.iter().any(|moved| path.starts_with(moved))
        };
        if new.iter().any(|(key, now)| *now > count(&old, key) && !may_be_new(key)) {
            return None;
        }
    }
    let told = before.found.iter().filter(|found| !found.follows);
    let told = tally(told.map(|found| key_of(before, found)));
    Some(told.iter().map(|(key, then)| then.saturating_sub(count(&is, key))).sum())
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

fn tally(keys: impl Iterator<Item = Key>) -> BTreeMap<Key, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Services, registry};
    use crate::manifest::Span;
    use crate::policy::{Preset, load};

    fn with_fixer<T>(run: impl FnOnce(&Linter<'_>, &Context<'_>) -> T) -> T {
        let policy = load::preset(Preset::Baseline, registry().catalog()).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let linter = Linter { policy: &policy, now, with_defaults: false, against: None };
        let context = Context {
            policy: &policy,
            services: &Services::Unknown,
            input: Input::Alone,
            now,
            namespace_labels: None,
        };
        run(&linter, &context)
    }

    const TEXT: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                        restartPolicy: Always\n      containers: [{name: a, image: b}]\n";

    /// What comes of a fix of the one finding of [`TEXT`] that plans these edits of the text.
    fn proved(fix: &Fix, edits: Vec<TextEdit>) -> Option<usize> {
        with_fixer(|linter, context| {
            let before = examine(linter, TEXT, context, None);
            let found = &before.found[0];
            let key = key_of(&before, found);
            let fixer =
                Fixer { linter, context, allowed: Safety::Safe, refused: BTreeSet::new(), tries: MAX_TRIES };
            let proposal = Proposal { found, fix, key, base: FieldPath::root(), edits };
            fixer.prove(TEXT, &before, &[proposal]).map(|(_, gone)| gone)
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

    #[test]
    fn more_than_are_told_at_once() {
        let items: String = (0..1500).map(|n| format!("        - {n}\n")).collect();
        let text = format!(
            "{}{items}",
            TEXT.replace("Always", "Never")
                .replace("[{name: a, image: b}]", "\n      - name: a\n        image: b\n        args:")
        );
        with_fixer(|linter, context| {
            let (after, gone) = fix_text(linter, &text, Safety::Safe, context).unwrap();
            assert!(gone >= 1500, "{gone}");
            assert!(after.ends_with("        - \"1499\"\n"));
            assert!(fix_text(linter, &after, Safety::Unsafe, context).is_none());
        });
    }
}
