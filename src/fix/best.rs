//! The best version of each document that is watched, to go back to.

use std::collections::{BTreeMap, BTreeSet};

use super::applied::Applied;
use super::errors::{Errors, errors_by_document};
use super::key::left;
use super::prove::gone;
use crate::engine::Context;
use crate::lint::{Examined, Options, examine};
use jobguard_manifest::{Document, Span};

/// Each document as it was after the last round that left no more errors in it than there were at first.
pub(super) struct Best<'t> {
    /// The text as it was at first.
    pub(super) text: &'t str,
    pub(super) documents: BTreeMap<usize, Seen>,
}

/// A document that is watched.
pub(super) struct Seen {
    /// Where it was at first.
    span: Span,
    /// Its errors at first.
    before: Errors,
    /// What has become of it since, with no more of them.
    changed: Option<String>,
}

impl Best<'_> {
    /// Keeps the documents of `text` that are watched and have no more errors than at first. Linear in their length.
    pub(super) fn see(
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

    /// Reverts documents with more errors than at first to their best version; whether there are any.
    pub(super) fn hold_back(
        &self,
        options: &Options<'_>,
        context: &Context<'_>,
        first: &Examined<'_>,
        applied: &mut Applied,
    ) -> bool {
        let (now, errors) = errors_by_document(options, &applied.text, context);
        let none = Errors::default();
        let (mut text, mut copied) = (String::with_capacity(applied.text.len()), 0);
        let mut as_at_first = BTreeSet::new();
        for (position, seen) in &self.documents {
            let Some(Document { span, .. }) = now.documents.get(position) else { continue };
            if !errors.get(position).unwrap_or(&none).are_more_than(&seen.before) {
                continue;
            }
            if seen.changed.is_none() {
                as_at_first.insert(*position);
            }
            text += &applied.text[copied..span.start];
            text += seen.changed.as_deref().unwrap_or(&self.text[seen.span.start..seen.span.end]);
            copied = span.end;
        }
        if copied == 0 {
            return false;
        }
        text += &applied.text[copied..];
        applied.touched.retain(|(position, _)| !as_at_first.contains(position));
        let examined = examine(options, &text, context);
        applied.gone = if text == self.text { 0 } else { gone(first, &examined).max(1) };
        applied.left = left(&examined);
        applied.text = text;
        true
    }
}
