//! Putting the elements of a list in another order.

use super::super::tree::{NodeId, NodeKind, Span, Style};
use super::change::{Refused, TextEdit};
use super::source::Source;
use crate::path::Segment;

pub(super) fn reorder(
    source: &Source<'_, '_>,
    path: &[Segment],
    order: &[usize],
) -> Result<Vec<TextEdit>, Refused> {
    let seq = source.value_at(path)?.node;
    let NodeKind::Seq(items) = &source.tree[seq].kind else { return Err(Refused::Layout) };
    let mut used = vec![false; items.len()];
    for index in order {
        match used.get_mut(*index) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(Refused::Missing),
        }
    }
    let is_value = |item: &NodeId| !matches!(source.tree[*item].kind, NodeKind::Seq(_) | NodeKind::Map(_));
    if source.tree.style(seq) == Style::Block && !items.iter().all(is_value) {
        return whole_lines(source, items, order);
    }
    let mut spans = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let span = source.span(*item);
        let earliest = spans.last().map_or(source.span(seq).start, |last: &Span| last.end);
        if span.start < earliest
            || span.is_empty()
            || !is_value(item)
            || source.slice(span).contains(['\n', '\r'])
        {
            return Err(if index > 0 && span.start < earliest { Refused::Shared } else { Refused::Layout });
        }
        spans.push(span);
    }
    if order.is_empty() {
        return Err(Refused::Layout);
    }
    match source.tree.style(seq) {
        Style::Flow => flow(source, &spans, order),
        _ => block(source, &spans, order),
    }
}

fn flow(source: &Source<'_, '_>, spans: &[Span], order: &[usize]) -> Result<Vec<TextEdit>, Refused> {
    // What stands between two elements stays; no anchor or tag may change its element, and no comment be lost.
    let between = spans.windows(2).map(|pair| source.slice(Span::new(pair[0].end, pair[1].start)));
    if between.into_iter().any(|gap| gap.contains(['#', '&', '!'])) {
        return Err(Refused::Layout);
    }
    let mut edits = replaced(source, spans, order);
    if let (Some(kept), Some(last)) = (spans.get(order.len() - 1), spans.last())
        && order.len() < spans.len()
    {
        edits.push(TextEdit { span: Span::new(kept.end, last.end), with: String::new() });
    }
    Ok(edits)
}

/// Each element goes to its new line with the comment behind it.
fn block(source: &Source<'_, '_>, spans: &[Span], order: &[usize]) -> Result<Vec<TextEdit>, Refused> {
    let mut lines = Vec::with_capacity(spans.len());
    for span in spans {
        let start = source.line_start(span.start);
        let before = &source.text[start..span.start];
        let after_dash = before.trim_start_matches(' ').strip_prefix('-');
        if after_dash.is_none_or(|rest| !rest.bytes().all(|b| b == b' ')) || !source.rest_is_blank(span.end) {
            return Err(Refused::Layout);
        }
        lines.push(Span::new(span.start, source.line_end(span.end)));
    }
    let mut edits = replaced(source, &lines, order);
    for line in &lines[order.len()..] {
        let start = source.line_start(line.start);
        let eol = source.eol_at(line.end);
        let span = if eol.is_empty() {
            Span::new(source.text[..start].trim_end_matches(['\n', '\r']).len(), line.end)
        } else {
            Span::new(start, line.end + eol.len())
        };
        edits.push(TextEdit { span, with: String::new() });
    }
    Ok(edits)
}

/// Elements of several lines change places as they are, each with the comments right above its dash.
fn whole_lines(source: &Source<'_, '_>, items: &[NodeId], order: &[usize]) -> Result<Vec<TextEdit>, Refused> {
    if order.len() != items.len() {
        return Err(Refused::Layout);
    }
    let mut lines: Vec<Span> = Vec::with_capacity(items.len());
    let mut dashes = None;
    for item in items {
        let span = source.span(*item);
        let start = source.line_start(span.start);
        let before = source.text.get(start..span.start).unwrap_or_default();
        let indent = before.len() - before.trim_start_matches(' ').len();
        let is_dash = before[indent..].strip_prefix('-').is_some_and(|rest| rest.bytes().all(|b| b == b' '));
        if !is_dash || span.is_empty() || *dashes.get_or_insert(indent) != indent {
            return Err(Refused::Layout);
        }
        let content = span.start + source.slice(span).trim_end().len();
        let end = source.line_end(content);
        let eol = source.eol_at(end);
        // The empty lines behind a text that keeps them are a part of it.
        let keeps_lines = source.slice(span).match_indices(['|', '>']).any(|(at, _)| {
            let marks = source.slice(span).as_bytes().get(at + 1..);
            marks.is_some_and(|marks| marks.iter().take(2).any(|mark| *mark == b'+'))
        });
        if keeps_lines {
            return Err(Refused::Layout);
        }
        // What is left of the line, and the end of the line that the element takes along.
        if !source.rest_is_blank(content) || eol.is_empty() {
            return Err(Refused::Layout);
        }
        let first = match lines.last() {
            // An alias stands where its anchor does.
            Some(last) if start < last.end => return Err(Refused::Shared),
            Some(last) => last.end,
            None => comments_above(source, start, indent),
        };
        let is_above = |line: &str| {
            let text = line.trim_start_matches(' ');
            text.trim_end().is_empty() || text.starts_with('#') && line.len() - text.len() == indent
        };
        // A comment that is indented otherwise may belong to the element before.
        if !source.text[first..start].lines().all(is_above) {
            return Err(Refused::Layout);
        }
        lines.push(Span::new(first, end + eol.len()));
    }
    Ok(replaced(source, &lines, order))
}

/// Where the comment lines right above the line at `start` begin, of those that are indented as much.
fn comments_above(source: &Source<'_, '_>, start: usize, indent: usize) -> usize {
    let mut first = start;
    while first > 0 {
        let text = &source.text[..first];
        let line_above =
            text.strip_suffix("\r\n").or_else(|| text.strip_suffix(['\n', '\r'])).unwrap_or(text);
        let above = source.line_start(line_above.len());
        let line = &source.text[above..first];
        let text = line.trim_start_matches(' ');
        if !text.starts_with('#') || line.len() - text.len() != indent {
            break;
        }
        first = above;
    }
    first
}

fn replaced(source: &Source<'_, '_>, spans: &[Span], order: &[usize]) -> Vec<TextEdit> {
    let moved = order.iter().enumerate().filter(|(slot, index)| slot != *index);
    moved
        .map(|(slot, index)| TextEdit { span: spans[slot], with: source.slice(spans[*index]).to_owned() })
        .collect()
}
