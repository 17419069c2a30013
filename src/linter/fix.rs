//! Fixing many texts.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::decode::decode_text;
use super::input_fix::{ChangedText, InputOutcome, Known};
use super::outcome::Outcome;
use super::settings::Linter;
use super::text::MAX_FIXED;
use crate::diagnostic::FileError;
use crate::engine::Safety;
use crate::fix::{NotApplied, TextOutcome, fix_text, is_fixable};
use crate::sources::Source;
use jobguard_manifest::FieldPath;

/// What a run fixed, and what is left.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The texts that change.
    pub texts: Vec<FixedText>,
    /// What is found in the texts as they are afterwards.
    pub outcome: Outcome,
}

/// A text that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedText {
    /// Which of the sources.
    pub source: usize,
    /// How reports name it.
    pub name: String,
    /// The text as it was.
    pub before: String,
    /// The fixed text.
    pub after: String,
    /// How many findings were resolved.
    pub findings: usize,
    /// The fields that the fixes were about, each with the number of its document. All others have the values that they
    /// had.
    pub touched: Vec<(usize, FieldPath)>,
}

impl Linter<'_> {
    /// Applies all fixes up to `allowed` to the texts, in memory, and lints the results. Calls `done` after each source, from
    /// any thread.
    pub fn fix(&self, sources: &[Source], allowed: Safety, done: &(dyn Fn() + Sync)) -> Fixed {
        let (neighbours, complete, mut facts) = self.gather(sources);
        let known = Known { neighbours: &neighbours, complete: &complete };
        let fixed: Vec<Result<SourceFixes, FileError>> = sources
            .par_iter()
            .enumerate()
            .map(|(position, source)| self.fix_source((position, source), allowed, known))
            .collect();
        let (mut held_back, mut not_applied) = (Vec::new(), Vec::new());
        let mut texts = Vec::new();
        let mut too_large = Vec::new();
        for (text, source) in fixed.into_iter().zip(sources) {
            // What cannot be read is reported when it is linted.
            let Ok(fixes) = text else { continue };
            let name = || source.name().to_owned();
            held_back.extend(fixes.is_held_back.then(name));
            not_applied.extend(fixes.not_applied.into_iter().map(|fix| (name(), fix)));
            too_large
                .extend(fixes.is_too_large.then(|| FileError { name: name(), message: too_large_message() }));
            texts.extend(fixes.text);
        }
        let mut fixed = sources.to_vec();
        put_in_place(&mut fixed, &texts);
        if allowed >= Safety::Unsafe {
            let changed = texts.iter().map(|text| text.source).collect();
            self.renew(&mut facts, &changed, &fixed, known);
            let InputOutcome { texts: changed, not_applied: refused } =
                self.fix_input(&mut fixed, known, &mut facts);
            for (position, refused) in refused {
                let name = || sources[position].name().to_owned();
                not_applied.extend(refused.into_iter().map(|fix| (name(), fix)));
            }
            add(&mut texts, changed, sources);
        }
        let mut outcome = self.lint_watched(&fixed, done);
        outcome.errors.extend(too_large);
        (outcome.held_back, outcome.not_applied) = (held_back, not_applied);
        Fixed { texts, outcome }
    }

    pub(super) fn fix_source(
        &self,
        (position, source): (usize, &Source),
        allowed: Safety,
        known: Known<'_>,
    ) -> Result<SourceFixes, FileError> {
        let bytes = source.bytes()?;
        let context = &self.alone(known, source);
        let options = self.options(Some(known.complete.seen_from(source.name())));
        let Ok(before) = std::str::from_utf8(&bytes) else {
            let is_fixable = is_fixable(&options, &decode_text(&bytes).0, allowed, context);
            let not_applied = is_fixable.then(|| NotApplied {
                subject: String::new(),
                title: "fix this file".to_owned(),
                reason: "what is not UTF-8 cannot be written back as it was".to_owned(),
            });
            return Ok(SourceFixes {
                not_applied: not_applied.into_iter().collect(),
                ..SourceFixes::default()
            });
        };
        if bytes.len() > MAX_FIXED {
            let is_too_large = is_fixable(&options, before, allowed, context);
            return Ok(SourceFixes { is_too_large, ..SourceFixes::default() });
        }
        let TextOutcome { applied, held_back, not_applied } = fix_text(&options, before, allowed, context);
        let text = applied.map(|applied| FixedText {
            source: position,
            name: source.name().to_owned(),
            before: before.to_owned(),
            after: applied.text,
            findings: applied.gone,
            touched: applied.touched,
        });
        Ok(SourceFixes { text, is_held_back: held_back, not_applied, is_too_large: false })
    }
}

/// Puts fixed texts in the place of the sources.
pub(super) fn put_in_place(sources: &mut [Source], texts: &[FixedText]) {
    for text in texts {
        let bytes = text.after.clone().into_bytes();
        sources[text.source] = Source::Text { name: text.name.clone(), bytes };
    }
}

/// Adds what the fixes of rules about the whole input changed, in the order of the sources.
fn add(texts: &mut Vec<FixedText>, changed: BTreeMap<usize, ChangedText>, sources: &[Source]) {
    for (position, ChangedText { before, after, findings, touched }) in changed {
        if let Some(text) = texts.iter_mut().find(|text| text.source == position) {
            text.after = after;
            text.findings += findings;
            text.touched.extend(touched);
            continue;
        }
        let name = sources[position].name().to_owned();
        texts.push(FixedText { source: position, name, before, after, findings, touched });
    }
    texts.sort_by_key(|text| text.source);
}

/// The fixes of one source.
#[derive(Debug, Default)]
pub(super) struct SourceFixes {
    pub(super) text: Option<FixedText>,
    is_held_back: bool,
    not_applied: Vec<NotApplied>,
    /// Whether there is something to fix in a text that is too large for it.
    is_too_large: bool,
}

fn too_large_message() -> String {
    format!("larger than {} MiB: nothing was fixed in it", MAX_FIXED >> 20)
}
