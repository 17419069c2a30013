//! Which findings can be promised to be fixed: those that `--fix` and `--unsafe-fixes` cure in this text.
//!
//! Nothing less is a proof: a fix that is right by itself may be held back, since others bring more errors to light, and one
//! that is not may be right after another. So the document is fixed, and what is left of its findings is looked at.

use std::collections::BTreeMap;

use super::applied::Applied;
use super::document::{Budget, DocumentOutcome, fix_document};
use super::key::{Key, Left, key};
use super::own_text::OwnText;
use crate::engine::{Context, Finding, Input, Safety};
use crate::lint::Options;
use jobguard_manifest::{FieldPath, Span};

/// How much of one text is examined for promises, in bytes. Where that does not suffice, nothing is promised.
const MAX_EXAMINED: usize = 64 << 20;

/// Promises about one text.
pub(crate) struct Promises<'a, 't> {
    options: Options<'a>,
    /// As `--fix` judges: each text for itself.
    context: Context<'a>,
    text: &'t str,
    budget: Budget,
}

impl<'a, 't> Promises<'a, 't> {
    /// Promises about `text`.
    pub(crate) fn new(options: Options<'a>, context: &Context<'a>, text: &'t str) -> Self {
        let context = Context { input: Input::Alone, ..*context };
        Self { options, context, text, budget: Budget(MAX_EXAMINED) }
    }

    /// With which fixes each of `findings` goes away. Each is of the document at `span`, about the object at the path given,
    /// and has a fix that can be planned.
    pub(crate) fn of_document(
        &mut self,
        span: Span,
        findings: &[(FieldPath, &Finding)],
    ) -> Vec<Option<Safety>> {
        let mut promised = vec![None; findings.len()];
        let Some(own) = OwnText::of(self.text, span) else { return promised };
        let candidates: Vec<(Left, Safety)> = findings
            .iter()
            .map(|(base, finding)| {
                let safety = finding.fix.as_ref().map_or(Safety::Shown, |fix| fix.safety);
                ((key(0, base, finding), finding.message.clone()), safety)
            })
            .collect();
        for allowed in [Safety::Safe, Safety::Unsafe] {
            let open = |position: &usize| promised[*position].is_none() && candidates[*position].1 <= allowed;
            let open: Vec<usize> = (0..candidates.len()).filter(open).collect();
            if open.is_empty() {
                continue;
            }
            let fixed = fix_document(&self.options, own.text(), allowed, &self.context, &mut self.budget);
            let Some(DocumentOutcome { applied: Some(applied), before, .. }) = fixed else { continue };
            if own.changed(&applied.text).is_none() {
                continue;
            }
            let mut cured = Cured::new(&before, &applied);
            for position in open {
                if cured.take(&candidates[position].0) {
                    promised[position] = Some(allowed);
                }
            }
        }
        promised
    }
}

/// The findings that are gone, to be taken one by one.
struct Cured {
    /// How many of each kind, whatever their messages: another message may be about the same fault.
    kinds: BTreeMap<Key, usize>,
    /// How many of each.
    findings: BTreeMap<Left, usize>,
}

impl Cured {
    fn new(before: &BTreeMap<Left, usize>, applied: &Applied) -> Self {
        let kinds = |findings: &BTreeMap<Left, usize>| {
            let mut kinds: BTreeMap<Key, usize> = BTreeMap::new();
            for ((kind, _), count) in findings {
                *kinds.entry(kind.clone()).or_default() += count;
            }
            kinds
        };
        let findings = less(before.clone(), &applied.left);
        Self { kinds: less(kinds(before), &kinds(&applied.left)), findings }
    }

    fn take(&mut self, finding: &Left) -> bool {
        let (Some(kind), Some(count)) = (self.kinds.get_mut(&finding.0), self.findings.get_mut(finding))
        else {
            return false;
        };
        let is_cured = *kind > 0 && *count > 0;
        if is_cured {
            (*kind, *count) = (*kind - 1, *count - 1);
        }
        is_cured
    }
}

/// How many more there were of each.
fn less<K: Ord>(mut counts: BTreeMap<K, usize>, by: &BTreeMap<K, usize>) -> BTreeMap<K, usize> {
    for (key, count) in &mut counts {
        *count = count.saturating_sub(by.get(key).copied().unwrap_or_default());
    }
    counts
}
