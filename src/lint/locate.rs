//! From field paths to lines and columns, for what is reported.

use std::cell::{Cell, OnceCell};
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{
    Change, Diagnostic, Excerpt, JudgedObject, ObjectId, Region, RelatedPlace, Replacement,
};
use crate::engine::{Anchor, Finding, Safety, Severity};
use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::TextEdit;
use jobguard_manifest::{LineIndex, NodeId, Span, Tree, line_ends};

use super::helm::Templates;
use super::names::named;

/// The longest excerpt, in bytes: beyond it, only line and column are given.
const MAX_EXCERPT: usize = 8 << 10;

/// A text and its lines.
pub(crate) struct Places<'t> {
    name: Arc<str>,
    text: &'t str,
    /// Made for the first place that is reported.
    lines: OnceCell<LineIndex<'t>>,
    /// A byte, and the line that it is on: up to there lines were counted without an index.
    counted: Cell<(usize, usize)>,
    templates: Templates<'t>,
    with_info_lines: bool,
}

impl<'t> Places<'t> {
    pub(crate) fn new(name: &str, text: &'t str) -> Self {
        Self {
            name: name.into(),
            text,
            lines: OnceCell::new(),
            counted: Cell::new((0, 1)),
            templates: Templates::new(text),
            with_info_lines: false,
        }
    }

    fn lines(&self) -> &LineIndex<'t> {
        self.lines.get_or_init(|| LineIndex::new(self.text))
    }

    /// Whether diagnostics have the lines that they are about at level info too. Few formats show them, and most findings
    /// in a large tree are such.
    pub(crate) fn with_info_lines(self, with_info_lines: bool) -> Self {
        Self { with_info_lines, ..self }
    }

    /// How reports name the text.
    pub(crate) fn name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// The line of a field of the object at `node`, or of its nearest parent that is there. Asked of every object, in
    /// their order, where most texts have nothing to report: lines are counted from one to the next.
    pub(crate) fn line(&self, tree: &Tree<'_>, node: NodeId, path: &FieldPath) -> usize {
        let offset = tree.locate(node, path).span.start;
        let (from, line) = self.counted.get();
        match self.text.get(from..offset).filter(|_| self.lines.get().is_none()) {
            Some(between) => {
                let line = line + line_ends(between);
                self.counted.set((offset, line));
                line
            }
            None => self.lines().position(offset).line,
        }
    }

    /// A diagnostic of `finding`, which is about the object at `node`.
    pub(crate) fn diagnose(
        &self,
        tree: &Tree<'_>,
        node: NodeId,
        object: Option<&Arc<ObjectId>>,
        finding: Finding,
    ) -> Diagnostic {
        let located = tree.locate(node, finding.place());
        let span = match finding.anchor {
            Anchor::Key if located.exact => located.key_span.unwrap_or(located.span),
            _ => located.span,
        };
        let related: Vec<(Span, String)> = finding
            .related
            .iter()
            .map(|related| (tree.locate(node, &related.path).span, related.message.clone()))
            .filter(|(place, _)| *place != span)
            .collect();
        let named_path = named(tree, node, &finding.path, finding.at.as_ref());
        Diagnostic { named_path, ..self.place(finding, span, related, object) }
    }

    /// Gives a diagnostic about an object elsewhere the place of its field in the object at `node`, or of the nearest parent
    /// that is there.
    #[cfg(feature = "cluster")]
    pub(crate) fn relocate(&self, tree: &Tree<'_>, node: NodeId, diagnostic: &mut Diagnostic) {
        let span = tree.locate(node, &diagnostic.path).span;
        diagnostic.file = self.name();
        diagnostic.region = self.region(span);
        diagnostic.template = self.templates.at(span.start).map(Arc::from);
        let is_shown = diagnostic.severity != Severity::Info || self.with_info_lines;
        diagnostic.excerpt = self.window(&[span]).filter(|_| is_shown).map(|window| {
            Box::new(Excerpt {
                first_line: self.lines().position(window.start).line,
                place: self.within(&window, span),
                text: self.text[window].to_owned(),
            })
        });
    }

    /// A diagnostic at a span of the text.
    pub(crate) fn at(&self, finding: Finding, span: Span, object: Option<&Arc<ObjectId>>) -> Diagnostic {
        self.place(finding, span, Vec::new(), object)
    }

    /// The object at `node`, for the list of all that were judged.
    pub(crate) fn judged(&self, tree: &Tree<'_>, node: NodeId, id: &Arc<ObjectId>) -> JudgedObject {
        let start = self.lines().position(tree[node].span.start);
        JudgedObject { file: self.name(), line: start.line, column: start.column, id: Arc::clone(id) }
    }

    /// What a fix changes, in lines and columns. Insertions at the same place keep their order.
    pub(crate) fn change(&self, title: &str, mut edits: Vec<TextEdit>) -> Change {
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let mut joined: Vec<TextEdit> = Vec::with_capacity(edits.len());
        for edit in edits {
            match joined.last_mut().filter(|last| last.span.end == edit.span.start) {
                // The order of two adjacent replacements would be undefined.
                Some(last) => {
                    last.span.end = edit.span.end;
                    last.with.push_str(&edit.with);
                }
                None => joined.push(edit),
            }
        }
        let replaced = joined.into_iter().map(|edit| Replacement {
            region: self.region(edit.span),
            lines: self.whole_lines(edit.span).map(|lines| self.text[lines].to_owned()),
            with: edit.with,
        });
        Change { title: title.to_owned(), replacements: replaced.collect() }
    }

    fn place(
        &self,
        finding: Finding,
        span: Span,
        related: Vec<(Span, String)>,
        object: Option<&Arc<ObjectId>>,
    ) -> Diagnostic {
        let (mut window, mut related_in) = (None, true);
        if finding.severity != Severity::Info || self.with_info_lines {
            window = self.window(&related.iter().map(|(span, _)| *span).chain([span]).collect::<Vec<_>>());
            if window.is_none() {
                related_in = false;
                window = self.window(&[span]);
            }
        }
        let related = related
            .into_iter()
            .map(|(span, message)| RelatedPlace {
                region: self.region(span),
                message,
                in_excerpt: window.as_ref().filter(|_| related_in).map(|window| self.within(window, span)),
            })
            .collect();
        let excerpt = window.map(|window| {
            Box::new(Excerpt {
                first_line: self.lines().position(window.start).line,
                place: self.within(&window, span),
                text: self.text[window].to_owned(),
            })
        });
        let fix = finding.fix.as_ref().map(|fix| fix.safety);
        Diagnostic {
            rule: finding.rule,
            severity: finding.severity,
            message: finding.message,
            help: finding.help.or_else(|| finding.fix.map(|fix| fix.title)),
            fix: fix.filter(|safety| *safety != Safety::Shown),
            change: None,
            file: self.name(),
            template: self.templates.at(span.start).map(Arc::from),
            region: self.region(span),
            object: object.map(Arc::clone),
            path: finding.path,
            named_path: None,
            cause: finding.cause,
            related,
            excerpt,
            versions: None,
        }
    }

    fn region(&self, span: Span) -> Region {
        let start = self.lines().position(span.start);
        let end = self.lines().position(span.end.max(span.start));
        Region { line: start.line, column: start.column, end_line: end.line, end_column: end.column }
    }

    /// The whole lines from the first to the last of the spans; none if they are too long to show.
    fn window(&self, spans: &[Span]) -> Option<Range<usize>> {
        let first = spans.iter().map(|span| span.start).min()?;
        let last = spans.iter().map(|span| span.start).max()?;
        let (start, end) = (self.line_of(first).start, self.line_of(last).end);
        (end - start <= MAX_EXCERPT).then_some(start..end)
    }

    /// The whole lines that a span is on; none if they are too long to show.
    fn whole_lines(&self, span: Span) -> Option<Range<usize>> {
        self.window(&[span, Span::new(span.end, span.end)])
    }

    /// The line that a byte is in, without its end.
    fn line_of(&self, offset: usize) -> Span {
        let line = self.lines().position(offset).line;
        self.lines().line_span(line).unwrap_or(Span::new(offset, offset))
    }

    /// `span` in a window, cut to its first line: marks over many lines are hard to read.
    fn within(&self, window: &Range<usize>, span: Span) -> Range<usize> {
        let line_end = self.line_of(span.start).end;
        let start = span.start.clamp(window.start, window.end);
        let end = span.end.clamp(start, line_end.clamp(start, window.end));
        start - window.start..end - window.start
    }
}
