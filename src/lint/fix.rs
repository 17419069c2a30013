//! Applying fixes: until nothing is left that can be mended, and only what can be proved to touch nothing else.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::engine::{Author, Context, Input, Safety};
use crate::report::{FileError, Report};
use crate::rules;
use jobguard_manifest::FieldPath;
use jobguard_manifest::{Document, Span};

use super::document::{Examined, examine};
use super::prove::{
    Errors, Key, Proposal, base_of, edits_of, errors_by_document, gone, key_of, prove, text_edits,
};
use super::{Linter, Outcome, Source};

/// How many times a text is looked at for something to mend.
const MAX_ROUNDS: usize = 40;
/// How many fixes are made at once: each is compared with all others.
const MAX_AT_ONCE: usize = 200;
/// How many changes of a text are tried, those that turn out not to be right included.
const MAX_TRIES: usize = 120;

/// The largest text in which anything is mended, in bytes: it is read again for every round and every try.
const MAX_MENDED: usize = 8 << 20;

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
    /// The fields that the fixes were about, each with the number of its document. All others have the values that they
    /// had.
    pub touched: Vec<(usize, FieldPath)>,
}

impl Linter<'_> {
    /// Works out all fixes up to `allowed` and lints what they leave. Writes nothing. Calls `done` after each source,
    /// from whichever thread.
    pub fn fix(&self, sources: &[Source], allowed: Safety, done: &(dyn Fn() + Sync)) -> Mended {
        let (services, complete) = self.gather(sources);
        let informed = Linter { complete: Some(self.complete.unwrap_or(complete.seen_from(""))), ..*self };
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
        let fixed: Vec<Result<Fix, FileError>> = sources
            .par_iter()
            .enumerate()
            .map(|(position, source)| informed.fix_source(position, source, allowed, &context))
            .collect();
        let mut held_back = Vec::new();
        let mut texts = Vec::new();
        for (text, source) in fixed.into_iter().zip(sources) {
            // What cannot be read is told when it is linted.
            let Ok(Fix { text, is_held_back }) = text else { continue };
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
        Mended { texts, outcome }
    }

    fn fix_source(
        &self,
        position: usize,
        source: &Source,
        allowed: Safety,
        context: &Context<'_>,
    ) -> Result<Fix, FileError> {
        let bytes = source.bytes()?;
        if bytes.len() > MAX_MENDED {
            return Ok(Fix::default());
        }
        // What is not UTF-8 cannot be written back as it was.
        let Ok(before) = std::str::from_utf8(&bytes) else { return Ok(Fix::default()) };
        let complete = self.complete.map(|complete| complete.seen_from(source.name()));
        let linter = Linter { complete, ..*self };
        let Fixed { done, held_back } = fix_text(&linter, before, allowed, context);
        let text = done.map(|done| MendedText {
            source: position,
            name: source.name().to_owned(),
            before: before.to_owned(),
            after: done.text,
            findings: done.gone,
            touched: done.touched,
        });
        Ok(Fix { text, is_held_back: held_back })
    }
}

/// What came of a source.
#[derive(Debug, Default)]
struct Fix {
    text: Option<MendedText>,
    is_held_back: bool,
}

/// The texts that were too large to be mended, and have something to mend.
fn too_large(sources: &[Source], allowed: Safety, report: &Report) -> Vec<FileError> {
    let fixable: BTreeSet<&str> = report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.fix.is_some_and(|safety| safety <= allowed))
        .map(|diagnostic| &*diagnostic.file)
        .collect();
    let large = |source: &&Source| {
        fixable.contains(source.name()) && source.bytes().is_ok_and(|bytes| bytes.len() > MAX_MENDED)
    };
    let message = format!("larger than {} MiB: nothing was fixed in it", MAX_MENDED >> 20);
    let error = |source: &Source| FileError { name: source.name().to_owned(), message: message.clone() };
    sources.iter().filter(large).map(error).collect()
}

/// A text after some fixes.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) text: String,
    /// How many findings are gone.
    pub(super) gone: usize,
    /// As [`MendedText::touched`].
    pub(super) touched: Vec<(usize, FieldPath)>,
}

/// What came of a text.
#[derive(Debug)]
pub(super) struct Fixed {
    /// None where nothing was mended.
    pub(super) done: Option<Done>,
    /// Whether something was not, because it would have left more errors than there were.
    pub(super) held_back: bool,
}

/// Mends a text; nothing where nothing can be mended.
///
/// What a fix moves to its place may be wrong there, and be put right in the next round. Where in the end there are errors
/// that were not there, all is done anew for these documents with each step held to the promise; and where there are more
/// of them still, because what could not be judged can be now, the document is left as it was before they came to light.
pub(super) fn fix_text(linter: &Linter<'_>, text: &str, allowed: Safety, context: &Context<'_>) -> Fixed {
    let fixed = |done: Done, held_back| Fixed { done: (done.gone > 0).then_some(done), held_back };
    let (done, _) = rounds(linter, text, allowed, context, BTreeSet::new());
    if allowed != Safety::Safe || done.gone == 0 {
        return fixed(done, false);
    }
    let (first, before) = errors_by_document(linter, text, context);
    let (_, after) = errors_by_document(linter, &done.text, context);
    let none = Errors::default();
    let worse = before
        .iter()
        .filter(|(position, before)| after.get(position).unwrap_or(&none).are_worse_than(before));
    let worse: BTreeSet<usize> = worse.map(|(position, _)| *position).collect();
    if worse.is_empty() {
        return fixed(done, false);
    }
    let (mut done, best) = rounds(linter, text, allowed, context, worse);
    let held_back = best.hold_back(linter, context, &first, &mut done);
    fixed(done, held_back)
}

/// Fixes what can be fixed, one round after another.
fn rounds<'t>(
    linter: &Linter<'_>,
    text: &'t str,
    allowed: Safety,
    context: &Context<'_>,
    strict: BTreeSet<usize>,
) -> (Done, Best<'t>) {
    let mut best = Best { text, documents: BTreeMap::new() };
    let mut fixer = Fixer { linter, context, allowed, strict, refused: BTreeSet::new(), tries: MAX_TRIES };
    // Whether the text has changed since all that was refused was tried.
    let mut is_other = false;
    let mut so_far = Done { text: text.to_owned(), gone: 0, touched: Vec::new() };
    for _ in 0..MAX_ROUNDS {
        let before = examine(linter, &so_far.text, context);
        if !fixer.strict.is_empty() {
            let (examined, errors) = errors_by_document(linter, &so_far.text, context);
            best.see(&so_far.text, &examined, errors, &fixer.strict);
        }
        let proposals = fixer.proposals(&so_far.text, &before);
        if proposals.is_empty() {
            // What was not right may be right beside what was done after it.
            if !std::mem::take(&mut is_other) || fixer.refused.is_empty() {
                break;
            }
            fixer.refused.clear();
            continue;
        }
        // Where nothing came of it, what was refused makes room for others.
        if let Some(done) = fixer.attempt(&so_far.text, &before, &proposals) {
            so_far.gone += done.gone;
            so_far.touched.extend(done.touched);
            so_far.text = done.text;
            is_other = true;
        } else if fixer.tries == 0 {
            break;
        }
    }
    (so_far, best)
}

/// Each document as it was after the last round that left no more errors in it than there were at first.
struct Best<'t> {
    /// The text as it was at first.
    text: &'t str,
    documents: BTreeMap<usize, Seen>,
}

/// A document that is watched.
struct Seen {
    /// Where it was at first.
    span: Span,
    /// Its errors at first.
    before: Errors,
    /// What has become of it since, with no more of them.
    changed: Option<String>,
}

impl Best<'_> {
    /// Keeps the documents of `text` that are watched and have no more errors than at first. A look at each byte of them.
    fn see(
        &mut self,
        text: &str,
        examined: &Examined<'_>,
        mut errors: BTreeMap<usize, Errors>,
        watched: &BTreeSet<usize>,
    ) {
        for position in watched {
            let Some(Document { span, .. }) = examined.documents.get(position) else { continue };
            let now = errors.remove(position).unwrap_or_default();
            match self.documents.get_mut(position) {
                None => {
                    let seen = Seen { span: *span, before: now, changed: None };
                    self.documents.insert(*position, seen);
                }
                Some(seen) => {
                    let own_text = &text[span.start..span.end];
                    if !now.are_more_than(&seen.before)
                        && own_text != &self.text[seen.span.start..seen.span.end]
                    {
                        seen.changed = Some(own_text.to_owned());
                    }
                }
            }
        }
    }

    /// Takes back what left more errors in a document than there were at first; whether there is any such.
    fn hold_back(
        &self,
        linter: &Linter<'_>,
        context: &Context<'_>,
        first: &Examined<'_>,
        done: &mut Done,
    ) -> bool {
        let (now, errors) = errors_by_document(linter, &done.text, context);
        let none = Errors::default();
        let (mut text, mut copied) = (String::with_capacity(done.text.len()), 0);
        let mut as_at_first = BTreeSet::new();
        for (position, seen) in &self.documents {
            let Some(Document { span, .. }) = now.documents.get(position) else { continue };
            if !errors.get(position).unwrap_or(&none).are_more_than(&seen.before) {
                continue;
            }
            if seen.changed.is_none() {
                as_at_first.insert(*position);
            }
            text += &done.text[copied..span.start];
            text += seen.changed.as_deref().unwrap_or(&self.text[seen.span.start..seen.span.end]);
            copied = span.end;
        }
        if copied == 0 {
            return false;
        }
        text += &done.text[copied..];
        done.touched.retain(|(position, _)| !as_at_first.contains(position));
        done.gone = match text == self.text {
            true => 0,
            false => gone(first, &examine(linter, &text, context)).max(1),
        };
        done.text = text;
        true
    }
}

struct Fixer<'a> {
    linter: &'a Linter<'a>,
    context: &'a Context<'a>,
    allowed: Safety,
    /// The documents in which no step may bring an error that was not there.
    strict: BTreeSet<usize>,
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
            let edits = match &examined.documents[&found.document].content {
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
    fn attempt(&mut self, text: &str, before: &Examined<'_>, proposals: &[Proposal<'_>]) -> Option<Done> {
        self.tries = self.tries.checked_sub(1)?;
        if let Some((text, gone)) = prove(self.linter, self.context, text, before, proposals, &|document| {
            self.strict.contains(&document)
        }) {
            return Some(Done { text, gone, touched: proposals.iter().flat_map(touched).collect() });
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

#[cfg(test)]
mod tests {
    use super::super::prove::tests::{TEXT, with_linter};
    use super::*;

    #[test]
    fn more_than_are_told_at_once() {
        let items: String = (0..1500).map(|n| format!("        - {n}\n")).collect();
        let text = format!(
            "{}{items}",
            TEXT.replace("Always", "Never")
                .replace("[{name: a, image: b}]", "\n      - name: a\n        image: b\n        args:")
        );
        with_linter(|linter, context| {
            let done = fix_text(linter, &text, Safety::Safe, context).done.unwrap();
            assert!(done.gone >= 1500, "{}", done.gone);
            assert!(done.text.ends_with("        - \"1499\"\n"));
            assert!(fix_text(linter, &done.text, Safety::Unsafe, context).done.is_none());
        });
    }
}
