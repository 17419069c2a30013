//! Fixing many texts.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::outcome::Outcome;
use super::settings::Linter;
use crate::diagnostic::{FileError, Report};
use crate::engine::{Author, Context, Input, Safety};
use crate::fix::{TextOutcome, fix_text};
use crate::lint::CompleteObjects;
use crate::rules;
use crate::sources::Source;
use jobguard_manifest::FieldPath;

/// The largest text in which anything is fixed, in bytes: it is read again for every round and every try.
const MAX_FIXED: usize = 8 << 20;

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
        let (services, complete) = self.gather(sources);
        let context = Context {
            registry: rules::registry(),
            policy: self.policy,
            services: &services,
            input: Input::Alone,
            now: self.now,
            namespace_labels: None,
            cancellation: None,
            author: Author::default(),
        };
        let fixed: Vec<Result<SourceFixes, FileError>> = sources
            .par_iter()
            .enumerate()
            .map(|(position, source)| self.fix_source((position, source), allowed, &context, &complete))
            .collect();
        let mut held_back = Vec::new();
        let mut texts = Vec::new();
        for (text, source) in fixed.into_iter().zip(sources) {
            // What cannot be read is reported when it is linted.
            let Ok(SourceFixes { text, is_held_back }) = text else { continue };
            held_back.extend(is_held_back.then(|| source.name().to_owned()));
            texts.extend(text);
        }
        let mut sources = sources.to_vec();
        for text in &texts {
            let bytes = text.after.clone().into_bytes();
            sources[text.source] = Source::Text { name: text.name.clone(), bytes };
        }
        let mut outcome = self.lint_watched(&sources, done);
        outcome.errors.extend(too_large(&sources, allowed, &outcome.report));
        outcome.held_back = held_back;
        Fixed { texts, outcome }
    }

    fn fix_source(
        &self,
        (position, source): (usize, &Source),
        allowed: Safety,
        context: &Context<'_>,
        complete: &CompleteObjects,
    ) -> Result<SourceFixes, FileError> {
        let bytes = source.bytes()?;
        if bytes.len() > MAX_FIXED {
            return Ok(SourceFixes::default());
        }
        // What is not UTF-8 cannot be written back as it was.
        let Ok(before) = std::str::from_utf8(&bytes) else { return Ok(SourceFixes::default()) };
        let options = self.options(Some(complete.seen_from(source.name())));
        let TextOutcome { applied, held_back } = fix_text(&options, before, allowed, context);
        let text = applied.map(|applied| FixedText {
            source: position,
            name: source.name().to_owned(),
            before: before.to_owned(),
            after: applied.text,
            findings: applied.gone,
            touched: applied.touched,
        });
        Ok(SourceFixes { text, is_held_back: held_back })
    }
}

/// The fixes of one source.
#[derive(Debug, Default)]
struct SourceFixes {
    text: Option<FixedText>,
    is_held_back: bool,
}

/// The texts with something to fix that were too large for it.
fn too_large(sources: &[Source], allowed: Safety, report: &Report) -> Vec<FileError> {
    let fixable: BTreeSet<&str> = report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.fix.is_some_and(|safety| safety <= allowed))
        .map(|diagnostic| &*diagnostic.file)
        .collect();
    let large = |source: &&Source| {
        fixable.contains(source.name()) && source.bytes().is_ok_and(|bytes| bytes.len() > MAX_FIXED)
    };
    let message = format!("larger than {} MiB: nothing was fixed in it", MAX_FIXED >> 20);
    let error = |source: &Source| FileError { name: source.name().to_owned(), message: message.clone() };
    sources.iter().filter(large).map(error).collect()
}
