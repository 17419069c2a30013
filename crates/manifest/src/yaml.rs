//! A YAML document to a value tree.

use super::scan::{self, Event, Events};
use super::syntax::SyntaxError;
use super::tree::{NodeKind, Span, Tree};
use super::tree_builder::Builder;
use super::{MAX_DEPTH, Within};

/// A document that was read.
#[derive(Debug)]
pub(super) struct Document<'t> {
    pub(super) tree: Tree<'t>,
    /// What follows its end and is never read.
    pub(super) ignored: Option<Span>,
}

/// Reads the document in `text[chunk]`; none where it is empty. Only the first value counts, as in kubectl: what
/// follows `...` is dropped.
///
/// # Errors
/// What is wrong.
pub(super) fn read<'t>(
    text: &'t str,
    chunk: Span,
    within: Option<&Within<'_>>,
) -> Result<Option<Document<'t>>, SyntaxError> {
    let text = &text[..chunk.end];
    let mark = text[chunk.start..].starts_with('\u{FEFF}');
    let start = chunk.start + if mark { '\u{FEFF}'.len_utf8() } else { 0 };
    if let Some((at, c)) = scan::forbidden(text, start) {
        return Err(SyntaxError::forbidden_character(Span::new(at, at + c.len_utf8()), c));
    }
    let mut events = Events::new(text, start, MAX_DEPTH);
    let mut builder = Builder::new(text, start, text.len(), within);
    // What follows the root is looked at as far as the document's end: it may not go on on the same line.
    loop {
        match events.next() {
            Ok(Event::DocumentEnd) => break,
            Ok(event) => builder.step(event, events.span())?,
            Err(fault) => return Err(builder.context().explain(&fault)),
        }
    }
    let ignored = ignored(text, events.span().start);
    let tree = builder.finish()?.filter(|tree| tree[tree.root()].kind != NodeKind::Null);
    Ok(tree.map(|tree| Document { tree, ignored }))
}

/// What follows the end of a document at `end`.
fn ignored(text: &str, end: usize) -> Option<Span> {
    let mut start = skip_blank_lines(text, end);
    while text[start..].starts_with("...") {
        start = skip_blank_lines(text, start + 3);
    }
    let rest = text[start..].trim_end();
    (!rest.is_empty()).then(|| Span::new(start, start + rest.len()))
}

/// The first thing written in `text` from byte `at` on: neither blank nor comment.
fn skip_blank_lines(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        match text[at..].strip_prefix('#') {
            Some(comment) => at += 1 + comment.find(['\n', '\r']).unwrap_or(comment.len()),
            None => return at,
        }
    }
}
