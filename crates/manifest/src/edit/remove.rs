//! Taking an entry out of an object.

use super::super::tree::{Span, Style};
use super::change::{Refused, TextEdit};
use super::place::EntryAt;
use super::source::Source;
use crate::path::Segment;

pub(super) fn remove(source: &Source<'_, '_>, path: &[Segment]) -> Result<Vec<TextEdit>, Refused> {
    let at = source.entry_at(path)?;
    if source.entries(at.map).len() == 1 {
        // What is left is an object without entries, which only braces can say.
        let mut span = source.span(at.map);
        if source.tree.style(at.map) == Style::Block {
            let cut = Cut::block(source, at, false)?;
            if cut.dash {
                return Err(Refused::Layout);
            }
            // Up to the colon of its field, so that the braces stand behind it.
            let before = source.text[..cut.span.start].trim_end();
            if !before.ends_with(':') {
                return Err(Refused::Layout);
            }
            span.start = before.len();
            return Ok(vec![TextEdit { span, with: " {}".to_owned() }]);
        }
        return Ok(vec![TextEdit { span, with: "{}".to_owned() }]);
    }
    let cut = if source.tree.style(at.map) == Style::Flow {
        Cut::flow(source, at)?
    } else {
        Cut::block(source, at, false)?
    };
    Ok(vec![TextEdit { span: cut.span, with: String::new() }])
}

/// An entry and what goes with it.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    /// The bytes that go.
    pub(super) span: Span,
    /// The entry itself, with its comments.
    pub(super) content: Span,
    /// By how much its key is indented.
    pub(super) indent: usize,
    /// Whether it is the first of an element of a list, so that the dash before it stays.
    pub(super) dash: bool,
}

impl Cut {
    /// An entry in block style: whole lines. `with_comments`: the comment lines right above it too.
    pub(super) fn block(source: &Source<'_, '_>, at: EntryAt, with_comments: bool) -> Result<Self, Refused> {
        let entries = source.entries(at.map);
        let key = entries[at.index].key_span;
        let indent = source.indent(key)?;
        let end = source.entry_end(at)?;
        if !source.rest_is_blank(end) {
            return Err(Refused::Layout);
        }
        let end = source.line_end(end);
        if indent.dash {
            let content = Span::new(key.start, end);
            let next = source.written(at.map, Some(at.index)).into_iter().find(|index| *index > at.index);
            let Some(next) = next.map(|index| entries[index].key_span.start) else {
                return Ok(Self { span: content, content, indent: indent.width, dash: true });
            };
            // The next entry moves up behind the dash; a comment between the two would be lost.
            if !source.text[end..next].trim().is_empty() {
                return Err(Refused::Layout);
            }
            return Ok(Self { span: Span::new(key.start, next), content, indent: indent.width, dash: true });
        }
        let line = source.line_start(key.start);
        let mut start = line;
        if with_comments {
            start = comments_above(source, start, indent.width);
        }
        let content = Span::new(start + indent.width, end);
        let eol = source.eol_at(end);
        let span = if eol.is_empty() {
            // The last line of the text has no end: the one before it loses its own.
            Span::new(source.text[..start].trim_end_matches(['\n', '\r']).len(), end)
        } else {
            Span::new(start, end + eol.len())
        };
        Ok(Self { span, content, indent: indent.width, dash: false })
    }

    /// An entry in flow style, with a comma.
    pub(super) fn flow(source: &Source<'_, '_>, at: EntryAt) -> Result<Self, Refused> {
        let entries = source.entries(at.map);
        let key = entries[at.index].key_span;
        let end = source.entry_end(at)?;
        let content = Span::new(key.start, end);
        let written = source.written(at.map, Some(at.index));
        let next = written.iter().find(|index| **index > at.index);
        let previous = written.iter().rev().find(|index| **index < at.index);
        let span = match (next, previous) {
            (Some(next), _) => Span::new(key.start, entries[*next].key_span.start),
            (None, Some(previous)) => {
                Span::new(source.entry_end(EntryAt { map: at.map, index: *previous })?, end)
            }
            (None, None) => content,
        };
        let around = [
            source.slice(Span::new(span.start, content.start)),
            source.slice(Span::new(content.end, span.end)),
        ];
        if around.iter().any(|text| text.contains(['#', '&', '!'])) {
            return Err(Refused::Layout);
        }
        Ok(Self { span, content, indent: source.line_indent(key.start), dash: false })
    }
}

impl Source<'_, '_> {
    /// By how many blanks the line of `at` is indented.
    pub(super) fn line_indent(&self, at: usize) -> usize {
        let line = &self.text[self.line_start(at)..];
        line.len() - line.trim_start_matches(' ').len()
    }
}

/// Where the comment lines begin that stand right above `line`, indented alike.
pub(super) fn comments_above(source: &Source<'_, '_>, line: usize, indent: usize) -> usize {
    let mut start = line;
    loop {
        let before = &source.text[..start];
        let before = before.strip_suffix('\n').unwrap_or(before);
        let before = before.strip_suffix('\r').unwrap_or(before);
        if before.len() == start {
            return start;
        }
        let above = source.line_start(before.len());
        let text = &source.text[above..before.len()];
        let blanks = text.len() - text.trim_start_matches(' ').len();
        if blanks != indent || !text[blanks..].starts_with('#') {
            return start;
        }
        start = above;
    }
}
