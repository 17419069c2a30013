//! Applying the fixes of rules about the whole input to one text, document by document.
//!
//! Such a rule does not judge a text alone, so that no proof about the text can show that its finding is gone: whoever
//! knows the whole input has to. All else is proved as of any fix.

use std::collections::BTreeMap;

use super::applied::{NotApplied, TextOutcome};
use super::apply::{Changed, spliced};
use super::document::{not_applied, touched};
use super::key::{base_of, key_of};
use super::own_text::OwnText;
use super::prove::{Proposal, Proved, Refusal, edits_of, prove};
use crate::engine::{Check, Context, Finding, Safety};
use crate::lint::{Examined, Found, InputFindings, Options, examine, examine_with};

/// How many combinations of fixes are tried on a document.
const MAX_TRIES: usize = 60;

/// Which of the `findings` about a text are reported, each by the number of its object and its position among that
/// object's. The others are suppressed, or follow from something else.
pub(crate) fn reported(
    options: &Options<'_>,
    text: &str,
    context: &Context<'_>,
    findings: &InputFindings,
) -> Vec<(usize, usize)> {
    let examined = examine_with(options, text, context, findings);
    let mut reported = Vec::new();
    for found in of_input_rules(&examined) {
        let Some(number) = found.object else { continue };
        let of_object = findings.get(&number).into_iter().flatten();
        let is_it = |one: &Finding| one.same_as(&found.finding) && one.message == found.finding.message;
        reported.extend(of_object.enumerate().find(|(_, one)| is_it(one)).map(|(at, _)| (number, at)));
    }
    reported
}

/// Applies the fixes of `findings`, which are given by the numbers of their objects, where they can be proved to change
/// nothing else.
pub(crate) fn fix_input(
    options: &Options<'_>,
    text: &str,
    context: &Context<'_>,
    findings: &InputFindings,
) -> TextOutcome {
    let before = examine(options, text, context);
    let mut first = BTreeMap::new();
    let mut by_document: BTreeMap<usize, InputFindings> = BTreeMap::new();
    for (number, object) in before.objects.iter().enumerate() {
        let first = *first.entry(object.document).or_insert(number);
        if let Some(findings) = findings.get(&number) {
            by_document.entry(object.document).or_default().insert(number - first, findings.clone());
        }
    }
    let mut outcome = TextOutcome::default();
    let mut changed = BTreeMap::new();
    for (position, findings) in by_document {
        let Some(own) = OwnText::of(text, before.documents[&position].span) else { continue };
        let examined = examine_with(options, own.text(), context, &findings);
        let mut fixer = Fixer {
            options,
            context,
            text: own.text(),
            examined: &examined,
            tries: MAX_TRIES,
            not_applied: Vec::new(),
        };
        let fixed = fixer.fix();
        outcome.not_applied.append(&mut fixer.not_applied);
        let Some((proved, proposals)) = fixed else { continue };
        if let Some(content) = own.changed(&proved.text) {
            let touched = proposals.iter().flat_map(touched).map(|(_, path)| (position, path)).collect();
            changed.insert(position, Changed { content: content.to_owned(), gone: 0, touched });
        }
    }
    outcome.applied = spliced(options, text, context, &before, changed);
    outcome
}

/// What rules about the whole input report.
fn of_input_rules<'e>(examined: &'e Examined<'_>) -> impl Iterator<Item = &'e Found> {
    let reported = examined.found.iter().filter(|found| !found.follows);
    reported.filter(|found| matches!(found.finding.rule.check, Check::Input(_)))
}

/// Fixes the document that is all of `text`.
struct Fixer<'a, 't> {
    options: &'a Options<'a>,
    context: &'a Context<'a>,
    text: &'t str,
    examined: &'a Examined<'t>,
    /// How many more combinations may be tried.
    tries: usize,
    /// What could not be proved to be right.
    not_applied: Vec<NotApplied>,
}

impl<'a> Fixer<'a, '_> {
    fn fix(&mut self) -> Option<(Proved, Vec<Proposal<'a>>)> {
        let proposals = self.right(self.proposals());
        let proved = self.prove(&proposals).ok().filter(|_| !proposals.is_empty())?;
        Some((proved, proposals))
    }

    fn proposals(&self) -> Vec<Proposal<'a>> {
        let examined = self.examined;
        let proposal = |found: &'a Found| {
            let fix = found.finding.fix.as_ref().filter(|fix| fix.safety <= Safety::Unsafe)?;
            let tree = examined.documents.get(&found.document)?.content.as_ref().ok()?;
            let base = base_of(examined, found);
            let edits = edits_of(self.text, tree, &base, fix)?;
            Some(Proposal { found, fix, key: key_of(examined, found), base, edits })
        };
        of_input_rules(examined).filter_map(proposal).collect()
    }

    /// Those of the proposals that are right together, as far as halving them shows it.
    fn right(&mut self, mut proposals: Vec<Proposal<'a>>) -> Vec<Proposal<'a>> {
        let Some(tries) = self.tries.checked_sub(1).filter(|_| !proposals.is_empty()) else {
            return Vec::new();
        };
        self.tries = tries;
        match (self.prove(&proposals), proposals.as_slice()) {
            (Ok(_), _) => proposals,
            (Err(refusal), [one]) => {
                self.not_applied.push(not_applied(self.examined, one, &refusal));
                Vec::new()
            }
            (Err(_), _) => {
                let second = proposals.split_off(proposals.len() / 2);
                let mut right = self.right(proposals);
                right.append(&mut self.right(second));
                right
            }
        }
    }

    fn prove(&self, proposals: &[Proposal<'_>]) -> Result<Proved, Refusal> {
        prove(self.options, self.context, self.text, self.examined, proposals, &|_| true)
    }
}
