//! Applying fixes to a text, until none is left that can be proved to change nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::applied::{Applied, TextOutcome};
use super::best::Best;
use super::errors::{Errors, errors_by_document};
use super::key::{Key, base_of, key_of};
use super::prove::{Proposal, edits_of, prove, text_edits};
use crate::engine::{Context, Safety};
use crate::lint::{Examined, Options, examine};
use jobguard_manifest::FieldPath;

/// How many rounds of fixes a text gets.
const MAX_ROUNDS: usize = 40;
/// How many fixes are applied at once: each is compared with all others.
const MAX_AT_ONCE: usize = 200;
/// How many combinations of fixes are tried on a text, refused ones included.
const MAX_TRIES: usize = 120;

/// Fixes a text, where anything can be fixed.
///
/// A value may be invalid where a fix moves it to, and be corrected in the next round. Where errors are left in the end
/// that were not there before, everything is done again with each step in these documents proved to bring no new error;
/// and where there are still more of them, because what could not be judged before can be now, the document is reverted to
/// its state before they came to light.
pub(crate) fn fix_text(
    options: &Options<'_>,
    text: &str,
    allowed: Safety,
    context: &Context<'_>,
) -> TextOutcome {
    let outcome = |applied: Applied, held_back| TextOutcome {
        applied: (applied.gone > 0).then_some(applied),
        held_back,
    };
    let (applied, _) = rounds(options, text, allowed, context, BTreeSet::new());
    if allowed != Safety::Safe || applied.gone == 0 {
        return outcome(applied, false);
    }
    let (first, before) = errors_by_document(options, text, context);
    let (_, after) = errors_by_document(options, &applied.text, context);
    let none = Errors::default();
    let worse = before
        .iter()
        .filter(|(position, before)| after.get(position).unwrap_or(&none).are_worse_than(before));
    let worse: BTreeSet<usize> = worse.map(|(position, _)| *position).collect();
    if worse.is_empty() {
        return outcome(applied, false);
    }
    let (mut applied, best) = rounds(options, text, allowed, context, worse);
    let held_back = best.hold_back(options, context, &first, &mut applied);
    outcome(applied, held_back)
}

/// Fixes what can be fixed, one round after another.
fn rounds<'t>(
    options: &Options<'_>,
    text: &'t str,
    allowed: Safety,
    context: &Context<'_>,
    strict: BTreeSet<usize>,
) -> (Applied, Best<'t>) {
    let mut best = Best { text, documents: BTreeMap::new() };
    let mut fixer = Fixer { options, context, allowed, strict, refused: BTreeSet::new(), tries: MAX_TRIES };
    // Whether the text has changed since the refused fixes were tried.
    let mut is_other = false;
    let mut so_far = Applied { text: text.to_owned(), gone: 0, touched: Vec::new() };
    for _ in 0..MAX_ROUNDS {
        let before = examine(options, &so_far.text, context);
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
        if let Some(applied) = fixer.attempt(&so_far.text, &before, &proposals) {
            so_far.gone += applied.gone;
            so_far.touched.extend(applied.touched);
            so_far.text = applied.text;
            is_other = true;
        } else if fixer.tries == 0 {
            break;
        }
    }
    (so_far, best)
}

struct Fixer<'a> {
    options: &'a Options<'a>,
    context: &'a Context<'a>,
    allowed: Safety,
    /// The documents in which no step may bring a new error.
    strict: BTreeSet<usize>,
    /// The fixes that were tried and could not be proved to be right.
    refused: BTreeSet<(Key, String)>,
    tries: usize,
}

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
            if self.refused.contains(&(key.clone(), fix.title.clone())) {
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

    /// Applies the proposals: all of them if that can be proved to be right, else some; none if no part can.
    fn attempt(&mut self, text: &str, before: &Examined<'_>, proposals: &[Proposal<'_>]) -> Option<Applied> {
        self.tries = self.tries.checked_sub(1)?;
        if let Some((text, gone)) = prove(self.options, self.context, text, before, proposals, &|document| {
            self.strict.contains(&document)
        }) {
            return Some(Applied { text, gone, touched: proposals.iter().flat_map(touched).collect() });
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
}

/// The fields that a fix is about.
fn touched<'p>(proposal: &'p Proposal<'_>) -> impl Iterator<Item = (usize, FieldPath)> + 'p {
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

#[cfg(test)]
mod tests {
    use super::super::prove::tests::{TEXT, with_options};
    use super::*;

    #[test]
    fn more_than_are_reported_at_once() {
        let items: String = (0..1500).map(|n| format!("        - {n}\n")).collect();
        let text = format!(
            "{}{items}",
            TEXT.replace("Always", "Never")
                .replace("[{name: a, image: b}]", "\n      - name: a\n        image: b\n        args:")
        );
        with_options(|options, context| {
            let applied = fix_text(options, &text, Safety::Safe, context).applied.unwrap();
            assert!(applied.gone >= 1500, "{}", applied.gone);
            assert!(applied.text.ends_with("        - \"1499\"\n"));
            assert!(fix_text(options, &applied.text, Safety::Unsafe, context).applied.is_none());
        });
    }
}
