//! Fixing what the rules about the whole input find: in every text that takes part in it.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::decode::decode_text;
use super::input::{InputFacts, InputFix, JudgedInput, Place};
use super::settings::Linter;
use super::text::MAX_FIXED;
use crate::engine::{Author, Context, Finding, Input, Neighbours};
use crate::fix::{NotApplied, TextOutcome, fix_input, reported};
use crate::lint::{CompleteObjects, InputFindings};
use crate::rules;
use crate::sources::Source;
use jobguard_manifest::FieldPath;

/// How many rounds of fixes the input gets: one may bring another finding to light.
const MAX_ROUNDS: usize = 8;

/// What is known of the whole input, beside the facts of rules.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) neighbours: &'k Neighbours,
    pub(super) complete: &'k CompleteObjects,
}

/// What fixing the input came to.
#[derive(Debug, Default)]
pub(super) struct InputOutcome {
    /// The texts that have changed, by their positions.
    pub(super) texts: BTreeMap<usize, ChangedText>,
    /// What could not be proved to be right, by the position of the text.
    pub(super) not_applied: BTreeMap<usize, Vec<NotApplied>>,
}

/// A text that has changed.
#[derive(Debug, Default)]
pub(super) struct ChangedText {
    /// The text as it was handed in.
    pub(super) before: String,
    /// The text now.
    pub(super) after: String,
    /// How many findings the changes of this text, and perhaps of others after it, were about.
    pub(super) findings: usize,
    /// The fields that have changed, each with the number of its document.
    pub(super) touched: Vec<(usize, FieldPath)>,
}

/// A finding or a fix, in the order in which a text's are handed to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Finding(Place, usize),
    Fix(usize),
}

impl Linter<'_> {
    /// A context in which a text is judged alone.
    pub(super) fn alone<'c>(&'c self, known: Known<'c>, source: &'c Source) -> Context<'c> {
        Context {
            registry: rules::registry_of(self.policy),
            policy: self.policy,
            neighbours: known.neighbours,
            file: Some(source.name()),
            input: Input::Alone,
            now: self.now,
            namespace_labels: None,
            cancellation: self.cancellation,
            author: Author::default(),
        }
    }

    /// Applies the unsafe fixes of the rules about the whole input, and puts the changed texts in the place of the sources.
    /// `facts` are kept up to date.
    pub(super) fn fix_input(
        &self,
        sources: &mut [Source],
        known: Known<'_>,
        facts: &mut InputFacts,
    ) -> InputOutcome {
        let mut outcome = InputOutcome::default();
        for _ in 0..MAX_ROUNDS {
            let judged = facts.judge();
            if judged.fixes.is_empty() {
                break;
            }
            let fixes = self.reported_fixes(sources, known, &judged);
            let mut by_text: BTreeMap<usize, InputFindings> = BTreeMap::new();
            for fix in &fixes {
                let (position, number) = fix.place;
                let of_text = by_text.entry(position).or_default();
                of_text.entry(number).or_default().push(fix.change.clone());
            }
            let fixed: Vec<(usize, String, TextOutcome)> = by_text
                .into_par_iter()
                .filter_map(|(position, findings)| {
                    let bytes = sources[position].bytes().ok().filter(|bytes| bytes.len() <= MAX_FIXED)?;
                    let text = String::from_utf8(bytes.into_owned()).ok()?;
                    let context = self.alone(known, &sources[position]);
                    let options = self.options(Some(known.complete.seen_from(sources[position].name())));
                    let outcome = fix_input(&options, &text, &context, &findings);
                    Some((position, text, outcome))
                })
                .collect();
            let mut changed = BTreeSet::new();
            for (position, before, TextOutcome { applied, not_applied, .. }) in fixed {
                outcome.not_applied.insert(position, not_applied);
                let Some(applied) = applied else { continue };
                let name = sources[position].name().to_owned();
                sources[position] = Source::Text { name, bytes: applied.text.clone().into_bytes() };
                let text = outcome
                    .texts
                    .entry(position)
                    .or_insert_with(|| ChangedText { before, ..ChangedText::default() });
                text.after = applied.text;
                text.touched.extend(applied.touched);
                changed.insert(position);
            }
            if changed.is_empty() {
                break;
            }
            // Each finding counts once, in the first text that changed for it.
            let mut counted = BTreeSet::new();
            for fix in &fixes {
                if changed.contains(&fix.place.0)
                    && counted.insert((fix.of, fix.finding))
                    && let Some(text) = outcome.texts.get_mut(&fix.place.0)
                {
                    text.findings += 1;
                }
            }
            self.renew(facts, &changed, sources, known);
        }
        outcome
    }

    /// Those of the fixes that are about a finding which is reported, and that nothing suppresses in the object to be
    /// changed.
    fn reported_fixes<'j>(
        &self,
        sources: &[Source],
        known: Known<'_>,
        judged: &'j JudgedInput,
    ) -> Vec<&'j InputFix> {
        let mut by_text: BTreeMap<usize, (InputFindings, BTreeMap<usize, Vec<Part>>)> = BTreeMap::new();
        let mut add = |(position, number): Place, finding: &Finding, part: Part| {
            let (findings, parts) = by_text.entry(position).or_default();
            findings.entry(number).or_default().push(finding.clone());
            parts.entry(number).or_default().push(part);
        };
        let findings: BTreeSet<(Place, usize)> =
            judged.fixes.iter().map(|fix| (fix.of, fix.finding)).collect();
        for (place, index) in findings {
            add(place, &judged.findings[&place.0][&place.1][index], Part::Finding(place, index));
        }
        for (index, fix) in judged.fixes.iter().enumerate() {
            add(fix.place, &fix.change, Part::Fix(index));
        }
        let reported: BTreeSet<Part> = by_text
            .into_par_iter()
            .filter_map(|(position, (findings, parts))| {
                let bytes = sources[position].bytes().ok()?;
                let (text, _) = decode_text(&bytes);
                let context = self.alone(known, &sources[position]);
                let options = self.options(Some(known.complete.seen_from(sources[position].name())));
                let reported = reported(&options, &text, &context, &findings);
                Some(reported.into_iter().map(|(number, at)| parts[&number][at]).collect::<Vec<_>>())
            })
            .flatten()
            .collect();
        let is_reported = |(index, fix): &(usize, &InputFix)| {
            reported.contains(&Part::Fix(*index)) && reported.contains(&Part::Finding(fix.of, fix.finding))
        };
        judged.fixes.iter().enumerate().filter(is_reported).map(|(_, fix)| fix).collect()
    }

    /// Brings the facts up to date, as for texts that have changed.
    pub(super) fn renew(
        &self,
        facts: &mut InputFacts,
        changed: &BTreeSet<usize>,
        sources: &[Source],
        known: Known<'_>,
    ) {
        let linter = Linter { with_fixes: false, with_changes: false, with_objects: false, ..*self };
        let texts = changed.iter().map(|position| (&sources[*position], None));
        let all = linter.pass(texts, known.neighbours, None, &|| {});
        for (position, linted) in changed.iter().zip(all) {
            let Ok(mut linted) = linted else { continue };
            linted.leave_patches(known.complete.seen_from(sources[*position].name()));
            facts.replace(*position, &mut linted);
        }
    }
}
