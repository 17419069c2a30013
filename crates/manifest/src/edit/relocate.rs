//! Moving an entry to another object.

use super::super::tree::{NodeId, NodeKind, Span, Style};
use super::change::{Refused, TextEdit};
use super::insert::{BlockGap, FlowGap, instead_of_null, is_in_flow, missing, under_nothing};
use super::remove::Cut;
use super::render::{self, STEP};
use super::source::Source;
use crate::path::Segment;

pub(super) fn relocate(
    source: &Source<'_, '_>,
    from: &[Segment],
    to: &[Segment],
) -> Result<Vec<TextEdit>, Refused> {
    if to.starts_with(from) {
        return Err(Refused::Layout);
    }
    let at = source.entry_at(from)?;
    let reached = source.follow(to)?;
    let (first, below) = missing(to, reached)?;
    let keys: Vec<&str> = std::iter::once(first).chain(below).collect();
    let (name, parents) = keys.split_last().ok_or(Refused::Exists)?;
    let from_flow = source.tree.style(at.map) == Style::Flow;
    let cut = if from_flow { Cut::flow(source, at)? } else { Cut::block(source, at, true)? };
    let same = reached.node == at.map;
    let is_only = source.entries(at.map).len() == 1;
    if is_only && !same {
        // Its object would be left without a value.
        return Err(Refused::Layout);
    }
    let key = source.entries(at.map)[at.index].key_span;
    if from.last().map(key_of) != Some(Some(*name)) {
        return Err(Refused::Layout);
    }
    let moved = Moved { source, cut: &cut, key, value: source.entries(at.map)[at.index].value, from_flow };
    let gone = TextEdit { span: cut.span, with: String::new() };

    match &source.tree[reached.node].kind {
        NodeKind::Null if is_in_flow(source, reached) => {
            let object = format!("{{{}}}", moved.flow(parents, ": ", None)?);
            Ok(instead_of_null(source, reached, object)?.into_iter().chain([gone]).collect())
        }
        NodeKind::Null => {
            let edits = under_nothing(source, reached, |indent, eol| moved.block(parents, indent, eol))?;
            Ok(edits.into_iter().chain([gone]).collect())
        }
        NodeKind::Map(_) if source.tree.style(reached.node) == Style::Flow => {
            if is_only {
                let text = moved.flow(parents, ": ", None)?;
                return Ok(vec![TextEdit { span: cut.span, with: text }]);
            }
            let gap = FlowGap::find(source, reached.node, same.then_some(at.index))?;
            let entry = moved.flow(parents, gap.colon, gap.line)?;
            let mut edits = gap.fill(&entry);
            edits.push(gone);
            Ok(edits)
        }
        NodeKind::Map(_) if is_only => {
            // It is all there is: its new parents go where it stands.
            let eol = source.eol(cut.content.start);
            let text = moved.block(parents, cut.indent, eol)?;
            Ok(vec![TextEdit { span: Span::new(cut.content.start, cut.content.end), with: text }])
        }
        NodeKind::Map(_) => {
            let gap = BlockGap::find(source, reached.node, first, same.then_some(at.index))?;
            let eol = source.eol(gap.at);
            let lines = gap.lines(&moved.block(parents, gap.indent, eol)?, eol);
            if gap.at <= cut.span.start || gap.at >= cut.span.end {
                return Ok(vec![TextEdit { span: Span::new(gap.at, gap.at), with: lines }, gone]);
            }
            if cut.dash {
                return Err(Refused::Layout);
            }
            // What goes is where the rest comes: one and the same place.
            let ends_line = !source.eol_at(cut.content.end).is_empty();
            let text = match lines.strip_prefix(eol) {
                Some(lines) if ends_line => format!("{lines}{eol}"),
                _ => lines,
            };
            Ok(vec![TextEdit { span: cut.span, with: text }])
        }
        _ => Err(Refused::Layout),
    }
}

fn key_of(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Field(key) | Segment::Key(key) => Some(key),
        Segment::Index(_) => None,
    }
}

/// The entry on its way.
pub(super) struct Moved<'s, 'a, 't> {
    pub(super) source: &'s Source<'a, 't>,
    pub(super) cut: &'s Cut,
    pub(super) key: Span,
    pub(super) value: NodeId,
    pub(super) from_flow: bool,
}

/// The line end and the indentation of entries in flow style that stand on lines of their own.
pub(super) type Line<'e> = Option<(&'e str, usize)>;

impl Moved<'_, '_, '_> {
    fn content(&self) -> &str {
        self.source.slice(self.cut.content)
    }

    /// As lines whose first stands at `indent`, below `parents`.
    pub(super) fn block(&self, parents: &[&str], indent: usize, eol: &str) -> Result<String, Refused> {
        let mut text = String::new();
        for (depth, parent) in parents.iter().enumerate() {
            text.push_str(&render::block_key(parent));
            text.push(':');
            text.push_str(eol);
            render::push_blanks(indent + STEP * (depth + 1), &mut text);
        }
        let indent = indent + STEP * parents.len();
        let content = self.content();
        if self.from_flow && content.contains(['\n', '\r']) {
            return Err(Refused::Layout);
        }
        text.push_str(&render::reindent(content, self.cut.indent, indent, true).ok_or(Refused::Layout)?);
        Ok(text)
    }

    /// As part of an object in flow style, on a line of its own where `line` says so.
    fn flow(&self, parents: &[&str], colon: &str, line: Line<'_>) -> Result<String, Refused> {
        in_flow(&[self], parents, colon, line)
    }

    /// As an entry in flow style that stands at `indent`.
    fn flow_entry(&self, indent: usize) -> Result<String, Refused> {
        let source = self.source;
        if self.from_flow {
            let entry = Span::new(self.key.start, self.cut.content.end);
            render::reindent(source.slice(entry), self.cut.indent, indent, false).ok_or(Refused::Layout)
        } else if self.content().contains('#') {
            Err(Refused::Layout)
        } else {
            let key = source.slice(self.key);
            let value = source.tree.to_value(self.value);
            Ok(format!("{key}: {}", render::flow(&value, source.json)))
        }
    }
}

/// Entries in flow style, below `parents`.
pub(super) fn in_flow(
    entries: &[&Moved<'_, '_, '_>],
    parents: &[&str],
    colon: &str,
    line: Line<'_>,
) -> Result<String, Refused> {
    let Some(first) = entries.first() else { return Err(Refused::Missing) };
    let (eol, indent) = line.unwrap_or(("", first.cut.indent));
    let deep = indent + STEP * parents.len();
    let mut text = String::new();
    for (depth, parent) in parents.iter().enumerate() {
        text.push_str(&render::flow_key(parent, first.source.json));
        text.push_str(colon);
        text.push('{');
        if line.is_some() {
            text.push_str(eol);
            render::push_blanks(indent + STEP * (depth + 1), &mut text);
        }
    }
    for (position, entry) in entries.iter().enumerate() {
        if position > 0 && line.is_some() {
            text.push(',');
            text.push_str(eol);
            render::push_blanks(deep, &mut text);
        } else if position > 0 {
            text.push_str(if colon.ends_with(' ') { ", " } else { "," });
        }
        text.push_str(&entry.flow_entry(deep)?);
    }
    for depth in (0..parents.len()).rev() {
        if line.is_some() {
            text.push_str(eol);
            render::push_blanks(indent + STEP * depth, &mut text);
        }
        text.push('}');
    }
    Ok(text)
}
