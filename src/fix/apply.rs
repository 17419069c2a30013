//! Applying fixes to a text, document by document: none changes another.
//!
//! What makes an object the same as another (its name, namespace, kind) is corrected only where it was an error, so that a
//! duplicate that comes to light leaves no more errors than there were.

use std::collections::{BTreeMap, BTreeSet};

use super::applied::{Applied, TextOutcome};
use super::document::{Budget, DocumentOutcome, fix_document};
use super::key::left;
use super::own_text::OwnText;
use crate::engine::{Context, Safety};
use crate::lint::{Examined, Found, Options, examine, examine_and_keep};
use jobguard_manifest::{FieldPath, Span};

/// Fixes a text, where anything can be fixed.
pub(crate) fn fix_text(
    options: &Options<'_>,
    text: &str,
    allowed: Safety,
    context: &Context<'_>,
) -> TextOutcome {
    let before = examine(options, text, context);
    let fixable: BTreeSet<usize> = with_fix(&before, allowed).map(|found| found.document).collect();
    let mut outcome = TextOutcome::default();
    let mut changed = BTreeMap::new();
    for position in fixable {
        let Some(own) = OwnText::of(text, before.documents[&position].span) else { continue };
        let fixed = fix_document(options, own.text(), allowed, context, &mut Budget(usize::MAX));
        let Some(DocumentOutcome { applied, held_back, not_applied, .. }) = fixed else { continue };
        outcome.held_back |= held_back;
        outcome.not_applied.extend(not_applied);
        let applied = applied.and_then(|applied| Some((own.changed(&applied.text)?.to_owned(), applied)));
        if let Some((content, Applied { gone, touched, .. })) = applied {
            let touched = touched.into_iter().map(|(_, path)| (position, path)).collect();
            changed.insert(position, Changed { content, gone, touched });
        }
    }
    outcome.applied = spliced(options, text, context, &before, changed);
    outcome
}

/// The text with the documents that have changed, if any have.
pub(super) fn spliced(
    options: &Options<'_>,
    text: &str,
    context: &Context<'_>,
    before: &Examined<'_>,
    changed: BTreeMap<usize, Changed>,
) -> Option<Applied> {
    if changed.is_empty() {
        return None;
    }
    let after = splice(text, before, &changed);
    let examined = examine_and_keep(options, &after, context, &before.documents);
    // Each document was proved by itself; the text is cut into the same ones.
    if examined.count != before.count || examined.others != before.others {
        return None;
    }
    Some(Applied {
        left: left(&examined),
        gone: changed.values().map(|changed| changed.gone).sum(),
        touched: changed.into_values().flat_map(|changed| changed.touched).collect(),
        text: after,
    })
}

/// Whether a finding of the text has a fix.
pub(crate) fn is_fixable(options: &Options<'_>, text: &str, allowed: Safety, context: &Context<'_>) -> bool {
    with_fix(&examine(options, text, context), allowed).next().is_some()
}

/// The findings that have a fix.
fn with_fix<'f>(examined: &'f Examined<'_>, allowed: Safety) -> impl Iterator<Item = &'f Found> {
    examined.found.iter().filter(move |found| {
        !found.follows && found.finding.fix.as_ref().is_some_and(|fix| fix.safety <= allowed)
    })
}

/// A document that fixes changed.
pub(super) struct Changed {
    pub(super) content: String,
    /// How many findings are gone.
    pub(super) gone: usize,
    /// The fields that the fixes were about, each with the number of the document.
    pub(super) touched: Vec<(usize, FieldPath)>,
}

/// The text with other documents in their places.
fn splice(text: &str, before: &Examined<'_>, changed: &BTreeMap<usize, Changed>) -> String {
    let mut pieces: Vec<(Span, &str)> = changed
        .iter()
        .map(|(position, changed)| (before.documents[position].span, changed.content.as_str()))
        .collect();
    // A document that a malformed separator ends is read after that.
    pieces.sort_by_key(|(span, _)| span.start);
    let (mut after, mut copied) = (String::with_capacity(text.len() + 64), 0);
    for (span, content) in pieces {
        after += &text[copied..span.start];
        after += content;
        copied = span.end;
    }
    after + &text[copied..]
}

#[cfg(test)]
mod tests {
    use super::super::prove::tests::{TEXT, with_options};
    use super::*;

    fn fixed(text: &str) -> Option<Applied> {
        with_options(|options, context| fix_text(options, text, Safety::Safe, context).applied)
    }

    #[test]
    fn more_than_are_reported_at_once() {
        let items: String = (0..1500).map(|n| format!("        - {n}\n")).collect();
        let text = format!(
            "{}{items}",
            TEXT.replace("Always", "Never")
                .replace("[{name: a, image: b}]", "\n      - name: a\n        image: b\n        args:")
        );
        let applied = fixed(&text).unwrap();
        assert!(applied.gone >= 1500, "{}", applied.gone);
        assert!(applied.text.ends_with("        - \"1499\"\n"));
        with_options(|options, context| {
            assert!(fix_text(options, &applied.text, Safety::Unsafe, context).applied.is_none());
        });
    }

    /// More documents than a single one gets rounds for what is refused in it.
    #[test]
    fn no_document_waits_for_another() {
        let faulty = TEXT.replace("Always", "Never").replace("image: b", "image: b, args: [1]");
        let text: String = (0..300)
            .map(|n| format!("---\n{}", faulty.replace("name: a}\n", &format!("name: a{n}}}\n"))))
            .collect();
        let applied = fixed(&text).unwrap();
        assert_eq!((applied.gone, applied.text), (300, text.replace("args: [1]", "args: [\"1\"]")));
    }
}
