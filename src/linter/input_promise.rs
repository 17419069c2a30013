//! Which findings about the whole input can be promised to be fixed: those that `--unsafe-fixes` cures.
//!
//! As for those about one text, nothing less is a proof than making the fixes, all of them, and looking at what is left.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::fix::{FixedText, put_in_place};
use super::input::{InputFacts, JudgedInput, Place};
use super::input_fix::Known;
use super::linted::Linted;
use super::settings::Linter;
use crate::diagnostic::FileError;
use crate::engine::Safety;
use crate::sources::Source;

/// How many objects are changed to prove it. Where more would have to be, nothing is promised: each costs as much as linting
/// several files, for a word in a report.
const MAX_CHANGED: usize = 200;

impl Linter<'_> {
    /// The findings in `judged` that go away with unsafe fixes: the object and the rule. `all` is what linting the sources came
    /// to, and `facts` what was kept then.
    pub(super) fn promised(
        &self,
        sources: &[Source],
        known: Known<'_>,
        all: &[Result<Linted, FileError>],
        mut facts: InputFacts,
        judged: &JudgedInput,
    ) -> BTreeSet<(Place, &'static str)> {
        if !self.with_fixes || judged.fixes.is_empty() || judged.fixes.len() > MAX_CHANGED {
            return BTreeSet::new();
        }
        // What is fixed before, text by text.
        let may_be_fixed = |linted: &Linted| {
            linted.incomplete || linted.diagnostics.iter().any(|diagnostic| diagnostic.fix.is_some())
        };
        let linted = all.iter().enumerate();
        let positions: Vec<usize> = linted
            .filter(|(_, linted)| linted.as_ref().is_ok_and(may_be_fixed))
            .map(|(position, _)| position)
            .collect();
        let texts: Vec<FixedText> = positions
            .into_par_iter()
            .filter_map(|position| {
                self.fix_source((position, &sources[position]), Safety::Unsafe, known).ok()?.text
            })
            .collect();
        let mut fixed = sources.to_vec();
        put_in_place(&mut fixed, &texts);
        let changed = texts.iter().map(|text| text.source).collect();
        self.renew(&mut facts, &changed, &fixed, known);
        self.fix_input(&mut fixed, known, &mut facts);
        let left = facts.judge();
        let is_left = |(position, number): Place, rule: &str| {
            let of_object = left.findings.get(&position).and_then(|findings| findings.get(&number));
            of_object.is_some_and(|findings| findings.iter().any(|finding| finding.rule.id() == rule))
        };
        let fixable: BTreeSet<(Place, &'static str)> =
            judged.fixes.iter().map(|fix| (fix.of, fix.change.rule.id())).collect();
        fixable.into_iter().filter(|(place, rule)| !is_left(*place, rule)).collect()
    }
}
