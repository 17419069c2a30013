//! Taking elements of a list to the end of another list.

use serde_json::Value;

use super::super::tree::{NodeId, NodeKind, Span, Style};
use super::change::{Refused, TextEdit};
use super::move_entries::merged;
use super::place::EntryAt;
use super::remove::comments_above;
use super::render;
use super::source::Source;
use super::transfer_flow::{self, with_fields};
use crate::path::Segment;

/// An element of a list in block style, on lines of its own. It may be an object in flow style itself.
struct Element {
    /// The object that it is.
    map: NodeId,
    /// By how much its dash is indented.
    dash: usize,
    /// By how much its keys are.
    indent: usize,
    /// Where the line of its dash begins.
    start: usize,
    /// Where its last line ends, the line end not included.
    end: usize,
}

impl Element {
    fn at(source: &Source<'_, '_>, node: NodeId) -> Result<Self, Refused> {
        let is_map = matches!(source.tree[node].kind, NodeKind::Map(_));
        let is_flow = source.tree.style(node) == Style::Flow;
        let written = if is_map { source.written(node, None) } else { Vec::new() };
        let (Some(first), Some(last)) = (written.first(), written.last()) else {
            return Err(Refused::Layout);
        };
        let key = if is_flow { source.span(node) } else { source.entries(node)[*first].key_span };
        let indent = source.indent(key)?.width;
        let start = source.line_start(key.start);
        let before = &source.text[start..key.start];
        let dash =
            before.find('-').filter(|dash| !before[dash + 1..].contains('-')).ok_or(Refused::Layout)?;
        let end = match is_flow {
            true => source.span(node).end,
            false => source.entry_end(EntryAt { map: node, index: *last })?,
        };
        // The text of a block scalar takes its last line end along.
        let end = if source.text[..end].ends_with('\n') {
            source.text[..end].trim_end_matches(['\n', '\r']).len()
        } else if source.rest_is_blank(end) {
            source.line_end(end)
        } else {
            return Err(Refused::Layout);
        };
        Ok(Self { map: node, dash, indent, start, end })
    }
}

/// An element on its way.
struct Moved<'t> {
    element: Element,
    /// Where it is.
    path: Vec<Segment>,
    /// Its text with the comments above it, from the dash on.
    text: &'t str,
    /// What is cut out.
    gone: Span,
}

impl<'t> Moved<'t> {
    fn at(source: &Source<'t, '_>, list: &[Segment], index: usize) -> Result<Self, Refused> {
        let from: Vec<Segment> = list.iter().cloned().chain([Segment::Index(index)]).collect();
        let element = Element::at(source, source.value_at(&from)?.node)?;
        let start = comments_above(source, element.start, element.dash);
        let text = &source.text[start + element.dash..element.end];
        let behind = source.eol_at(element.end);
        let gone = if behind.is_empty() {
            Span::new(source.text[..start].trim_end_matches(['\n', '\r']).len(), element.end)
        } else {
            Span::new(start, element.end + behind.len())
        };
        Ok(Self { element, path: from, text, gone })
    }

    /// Its lines with the fields that are added, below a dash at `dash`.
    fn lines(
        &self,
        source: &Source<'_, '_>,
        with: &[(String, Value)],
        dash: usize,
        eol: &str,
    ) -> Result<String, Refused> {
        let Element { map, indent, .. } = self.element;
        let mut text = self.text.to_owned();
        if source.tree.style(map) == Style::Flow {
            let object = source.slice(source.span(map));
            let (before, behind) = text.rsplit_once(object).ok_or(Refused::Layout)?;
            text = format!("{before}{}{behind}", with_fields(source, &self.path, map, with)?);
        }
        for (key, value) in with {
            if source.entries(map).iter().any(|entry| entry.key == *key) {
                return Err(Refused::Exists);
            }
            if source.tree.style(map) == Style::Flow {
                continue;
            }
            text.push_str(eol);
            render::push_blanks(indent, &mut text);
            text.push_str(&render::block_entry(key, value, indent, eol));
        }
        if dash == self.element.dash {
            return Ok(text);
        }
        render::reindent(&text, self.element.dash, dash, true).ok_or(Refused::Layout)
    }
}

pub(super) fn transfer(
    source: &Source<'_, '_>,
    list: &[Segment],
    indices: &[usize],
    to: &[Segment],
    with: &[(String, Value)],
) -> Result<Vec<TextEdit>, Refused> {
    let seq = source.value_at(list)?.node;
    match &source.tree[seq].kind {
        NodeKind::Seq(items) if items.len() > indices.len() => {
            if source.tree.style(seq) == Style::Flow {
                return transfer_flow::transfer(source, (list, seq, items), indices, to, with);
            }
        }
        _ => return Err(Refused::Layout),
    }
    let moved: Vec<Moved<'_>> =
        indices.iter().map(|index| Moved::at(source, list, *index)).collect::<Result<_, _>>()?;
    let first = &moved.first().ok_or(Refused::Missing)?.element;
    let eol = source.eol(first.start);

    let reached = source.follow(to)?;
    let mut text = String::new();
    let at = if reached.steps == to.len() {
        // Behind the last element that is there.
        let NodeKind::Seq(items) = &source.tree[reached.node].kind else { return Err(Refused::Layout) };
        let Some(last) = items.last().filter(|_| source.tree.style(reached.node) == Style::Block) else {
            return Err(Refused::Layout);
        };
        let last = Element::at(source, *last)?;
        for element in &moved {
            text.push_str(eol);
            render::push_blanks(last.dash, &mut text);
            text.push_str(&element.lines(source, with, last.dash, eol)?);
        }
        last.end
    } else {
        // A list of its own, before that from which the elements come.
        let (Some((Segment::Field(name), parents)), Some((_, beside))) = (to.split_last(), list.split_last())
        else {
            return Err(Refused::Layout);
        };
        if reached.steps + 1 != to.len() || parents != beside {
            return Err(Refused::Layout);
        }
        let entry = source.entry_at(list)?;
        let key = source.entries(entry.map)[entry.index].key_span;
        let indent = source.indent(key)?;
        if indent.dash {
            return Err(Refused::Layout);
        }
        render::push_blanks(indent.width, &mut text);
        text.push_str(&render::block_key(name));
        text.push(':');
        text.push_str(eol);
        for element in &moved {
            render::push_blanks(first.dash, &mut text);
            text.push_str(&element.lines(source, with, first.dash, eol)?);
            text.push_str(eol);
        }
        comments_above(source, source.line_start(key.start), indent.width)
    };
    let gone = merged(moved.iter().map(|element| element.gone));
    let gone = gone.into_iter().map(|span| TextEdit { span, with: String::new() });
    Ok(std::iter::once(TextEdit { span: Span::new(at, at), with: text }).chain(gone).collect())
}
