//! Which fixes can be offered one by one, for outputs that show what each changes: only those that `--fix` would apply.

use super::key::key_of;
use super::prove::{Proposal, prove};
use crate::engine::{Context, Finding, Input};
use crate::lint::{Examined, Options, examine};
use jobguard_manifest::FieldPath;
use jobguard_manifest::Span;
use jobguard_manifest::edit::TextEdit;

/// How much text is judged to prove the fixes of one file, in bytes. Each proof examines its document.
const MAX_JUDGED: usize = 4 << 20;

/// Proves the fixes of one text, each alone.
pub(crate) struct Offers<'a, 't> {
    options: Options<'a>,
    /// As `--fix` judges: each text for itself.
    context: Context<'a>,
    text: &'t str,
    /// The last document, examined by itself: other documents do not change.
    document: Option<(Span, Examined<'t>)>,
    /// How much may still be judged.
    left: usize,
}

impl<'a, 't> Offers<'a, 't> {
    /// Offers for `text`.
    pub(crate) fn new(options: Options<'a>, context: &Context<'a>, text: &'t str) -> Self {
        let context = Context { input: Input::Alone, ..*context };
        Self { options, context, text, document: None, left: MAX_JUDGED }
    }

    /// Whether the fix of `finding`, about the object at `base` of the document at `span`, can be proved to be right;
    /// `edits` is what it changes.
    pub(crate) fn is_right(
        &mut self,
        span: Span,
        finding: &Finding,
        base: &FieldPath,
        edits: &[TextEdit],
    ) -> bool {
        self.prove(span, finding, base, edits).is_some()
    }

    fn prove(&mut self, span: Span, finding: &Finding, base: &FieldPath, edits: &[TextEdit]) -> Option<()> {
        let text = self.text.get(span.start..span.end)?;
        self.left = self.left.checked_sub(text.len())?;
        let within = |edit: &TextEdit| {
            let start = edit.span.start.checked_sub(span.start)?;
            let end = edit.span.end.checked_sub(span.start).filter(|end| *end <= text.len())?;
            Some(TextEdit { span: Span::new(start, end), with: edit.with.clone() })
        };
        let edits: Vec<TextEdit> = edits.iter().map(within).collect::<Option<_>>()?;
        if self.document.as_ref().is_none_or(|(last, _)| *last != span) {
            self.left = self.left.checked_sub(text.len())?;
            self.document = Some((span, examine(&self.options, text, &self.context)));
        }
        let (_, before) = self.document.as_ref()?;
        let found = before.found.iter().find(|found| {
            !found.follows
                && found.object.map_or_else(|| base.is_root(), |object| before.objects[object].base == *base)
                && found.finding.same_as(finding)
                && found.finding.place() == finding.place()
                && found.finding.message == finding.message
        })?;
        let fix = found.finding.fix.as_ref()?;
        let proposal = Proposal { found, fix, key: key_of(before, found), base: base.clone(), edits };
        prove(&self.options, &self.context, text, before, &[proposal], &|_| true).ok().map(drop)
    }
}
