//! Applying fixes to one document, until none is left that can be proved to change nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::applied::{Applied, NotApplied};
use super::best::Best;
use super::errors::{Errors, errors_by_document, errors_of};
use super::key::{Key, Left, base_of, key_of, left};
use super::prove::{Proposal, Proved, Refusal, edits_of, prove, text_edits};
use crate::engine::{Context, Safety};
use crate::lint::{Examined, Options, examine};
use jobguard_manifest::FieldPath;

/// How many rounds of fixes a document gets.
const MAX_ROUNDS: usize = 40;
/// How many fixes are applied at once: each is compared with all others.
const MAX_AT_ONCE: usize = 200;
/// How many combinations of fixes are tried on a document, refused ones included.
const MAX_TRIES: usize = 120;

/// What fixing a document came to.
pub(super) struct DocumentOutcome {
    /// None where nothing was fixed.
    pub(super) applied: Option<Applied>,
    /// Whether a fix was not applied because it would have left more errors than there were.
    pub(super) held_back: bool,
    /// The fixes that could not be proved to be right.
    pub(super) not_applied: Vec<NotApplied>,
    /// The findings of the document as it was.
    pub(super) before: BTreeMap<Left, usize>,
}

/// How much text may still be examined, in bytes.
pub(super) struct Budget(pub(super) usize);

impl Budget {
    /// Takes what examining `text` costs; false if there is not so much left.
    fn take(&mut self, text: &str) -> bool {
        let left = self.0.checked_sub(text.len());
        self.0 = left.unwrap_or_default();
        left.is_some()
    }
}

/// Fixes the document that is all of `text`, where anything can be fixed. None where the budget does not suffice.
///
/// A value may be invalid where a fix moves it to, and be corrected in the next round. Where errors are left in the end
/// that were not there before, everything is done again with each step proved to bring no new error; and where there are
/// still more of them, because what could not be judged before can be now, the document is reverted to its state before
/// they came to light.
pub(super) fn fix_document(
    options: &Options<'_>,
    text: &str,
    allowed: Safety,
    context: &Context<'_>,
    budget: &mut Budget,
) -> Option<DocumentOutcome> {
    let Rounds { applied, refused, before, errors, objects, .. } =
        rounds(options, text, allowed, context, BTreeSet::new(), budget)?;
    let outcome = |applied: Applied, held_back, refused: Refusals| DocumentOutcome {
        applied: (applied.gone > 0).then_some(applied),
        held_back,
        not_applied: refused.into_values().collect(),
        before,
    };
    if allowed != Safety::Safe || applied.gone == 0 {
        return Some(outcome(applied, false, refused));
    }
    // Rules about the whole input compare objects.
    let (then, now) = match objects {
        0 | 1 => errors,
        _ => (
            errors_by_document(options, text, context).1,
            errors_by_document(options, &applied.text, context).1,
        ),
    };
    let worse = worse(&then, &now);
    if worse.is_empty() {
        return Some(outcome(applied, false, refused));
    }
    let Rounds { mut applied, best, refused, .. } = rounds(options, text, allowed, context, worse, budget)?;
    let (first, _) = errors_by_document(options, text, context);
    let held_back = best.hold_back(options, context, &first, &mut applied);
    Some(outcome(applied, held_back, refused))
}

/// The documents that are worse than they were.
fn worse(before: &BTreeMap<usize, Errors>, after: &BTreeMap<usize, Errors>) -> BTreeSet<usize> {
    let none = Errors::default();
    let worse = before
        .iter()
        .filter(|(position, before)| after.get(position).unwrap_or(&none).are_worse_than(before));
    worse.map(|(position, _)| *position).collect()
}

/// The fixes that could not be proved to be right, and why.
type Refusals = BTreeMap<(Key, String), NotApplied>;

/// What the rounds came to.
struct Rounds<'t> {
    applied: Applied,
    best: Best<'t>,
    refused: Refusals,
    /// The findings before.
    before: BTreeMap<Left, usize>,
    /// The errors before and after.
    errors: (BTreeMap<usize, Errors>, BTreeMap<usize, Errors>),
    /// How many objects there were at most.
    objects: usize,
}

/// Fixes what can be fixed, one round after another.
fn rounds<'t>(
    options: &Options<'_>,
    text: &'t str,
    allowed: Safety,
    context: &Context<'_>,
    strict: BTreeSet<usize>,
    budget: &mut Budget,
) -> Option<Rounds<'t>> {
    let mut best = Best { text, documents: BTreeMap::new() };
    let mut fixer =
        Fixer { options, context, allowed, strict, refused: BTreeMap::new(), tries: MAX_TRIES, budget };
    // Whether the text has changed since the refused fixes were tried.
    let mut is_other = false;
    let mut so_far = Applied { text: text.to_owned(), gone: 0, touched: Vec::new(), left: BTreeMap::new() };
    let (mut first, mut last) = (None, None);
    let mut objects = 0;
    for _ in 0..MAX_ROUNDS {
        if !fixer.budget.take(&so_far.text) {
            return None;
        }
        let before = examine(options, &so_far.text, context);
        first.get_or_insert_with(|| (left(&before), errors_of(&before)));
        objects = objects.max(before.objects.len());
        if !fixer.strict.is_empty() {
            let (examined, errors) = errors_by_document(options, &so_far.text, context);
            best.see(&so_far.text, &examined, errors, &fixer.strict);
        }
        let proposals = fixer.proposals(&so_far.text, &before);
        if proposals.is_empty() {
            // A refused fix may be right after those that were applied since.
            if !std::mem::take(&mut is_other) || fixer.refused.is_empty() {
                break;
            }
            fixer.refused.clear();
            continue;
        }
        // Where none was applied, those refused make room for others.
        match fixer.attempt(&so_far.text, &before, &proposals)? {
            Some((proved, touched)) => {
                so_far.gone += proved.gone;
                so_far.touched.extend(touched);
                so_far.text = proved.text;
                so_far.left = proved.left;
                last = Some(proved.errors);
                objects = objects.max(proved.objects);
                is_other = true;
                if !proved.is_fixable && fixer.strict.is_empty() {
                    break;
                }
            }
            None if fixer.tries == 0 => break,
            None => {}
        }
    }
    let (before, errors) = first.unwrap_or_default();
    let last = last.unwrap_or_else(|| errors.clone());
    Some(Rounds { applied: so_far, best, refused: fixer.refused, before, errors: (errors, last), objects })
}

struct Fixer<'a> {
    options: &'a Options<'a>,
    context: &'a Context<'a>,
    allowed: Safety,
    /// The documents in which no step may bring a new error.
    strict: BTreeSet<usize>,
    /// The fixes that were tried and could not be proved to be right.
    refused: Refusals,
    tries: usize,
    budget: &'a mut Budget,
}

/// What an attempt came to: the text, and the fields that the fixes were about.
type Attempt = (Proved, Vec<(usize, FieldPath)>);

impl Fixer<'_> {
    /// The fixes that can be applied at once: of those that overlap, the first.
    fn proposals<'f>(&self, text: &str, examined: &'f Examined<'_>) -> Vec<Proposal<'f>> {
        let mut proposals: Vec<Proposal<'f>> = Vec::new();
        let reported = examined.found.iter().filter(|found| !found.follows);
        for found in reported {
            if proposals.len() == MAX_AT_ONCE {
                break;
            }
            let Some(fix) = found.finding.fix.as_ref().filter(|fix| fix.safety <= self.allowed) else {
                continue;
            };
            let key = key_of(examined, found);
            if self.refused.contains_key(&(key.clone(), fix.title.clone())) {
                continue;
            }
            let base = base_of(examined, found);
            let edits = match &examined.documents[&found.document].content {
                Ok(tree) => edits_of(text, tree, &base, fix),
                Err(_) => text_edits(fix),
            };
            let Some(edits) = edits.filter(|edits| !edits.is_empty()) else { continue };
            let proposal = Proposal { found, fix, key, base, edits };
            if !proposals.iter().any(|other| overlaps(other, &proposal)) {
                proposals.push(proposal);
            }
        }
        proposals
    }

    /// Applies the proposals: all of them if that can be proved to be right, else some; none if no part can. No answer
    /// where the budget does not suffice.
    fn attempt(
        &mut self,
        text: &str,
        before: &Examined<'_>,
        proposals: &[Proposal<'_>],
    ) -> Option<Option<Attempt>> {
        let Some(tries) = self.tries.checked_sub(1) else { return Some(None) };
        self.tries = tries;
        if !self.budget.take(text) {
            return None;
        }
        let strict = |document| self.strict.contains(&document);
        match (prove(self.options, self.context, text, before, proposals, &strict), proposals) {
            (Ok(proved), _) => Some(Some((proved, proposals.iter().flat_map(touched).collect()))),
            (Err(_), []) => Some(None),
            (Err(refusal), [one]) => {
                let not_applied = not_applied(before, one, &refusal);
                self.refused.insert((one.key.clone(), one.fix.title.clone()), not_applied);
                Some(None)
            }
            (Err(_), many) => {
                let (first, second) = many.split_at(many.len() / 2);
                match self.attempt(text, before, first)? {
                    None => self.attempt(text, before, second),
                    attempt => Some(attempt),
                }
            }
        }
    }
}

pub(super) fn not_applied(examined: &Examined<'_>, proposal: &Proposal<'_>, refusal: &Refusal) -> NotApplied {
    let object = proposal.found.object.map(|object| examined.objects[object].id.to_string());
    let place = Some(proposal.found.finding.place()).filter(|place| !place.is_root());
    let subject: Vec<String> = object.into_iter().chain(place.map(ToString::to_string)).collect();
    NotApplied { subject: subject.join(": "), title: proposal.fix.title.clone(), reason: refusal.to_string() }
}

/// The fields that a fix is about.
pub(super) fn touched<'p>(proposal: &'p Proposal<'_>) -> impl Iterator<Item = (usize, FieldPath)> + 'p {
    let paths = proposal.fix.edits.iter().flat_map(|edit| edit.paths().into_iter().cloned());
    paths.chain(proposal.fix.targets()).map(|path| {
        let below = path.segments().iter().cloned();
        let whole = below.fold(proposal.base.clone(), |mut whole, segment| {
            whole.push(segment);
            whole
        });
        (proposal.found.document, whole)
    })
}

/// Whether two fixes are about the same fields or the same bytes.
fn overlaps(a: &Proposal<'_>, b: &Proposal<'_>) -> bool {
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
