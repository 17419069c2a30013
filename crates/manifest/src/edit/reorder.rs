//! Putting the elements of a list in another order.

use super::super::tree::{NodeKind, Span, Style};
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
    let mut spans = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let span = source.span(*item);
        let earliest = spans.last().map_or(source.span(seq).start, |last: &Span| last.end);
        let is_value = !matches!(source.tree[*item].kind, NodeKind::Seq(_) | NodeKind::Map(_));
        if span.start < earliest || span.is_empty() || !is_value || source.slice(span).contains(['\n', '\r'])
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

fn replaced(source: &Source<'_, '_>, spans: &[Span], order: &[usize]) -> Vec<TextEdit> {
    let moved = order.iter().enumerate().filter(|(slot, index)| slot != *index);
    moved
        .map(|(slot, index)| TextEdit { span: spans[slot], with: source.slice(spans[*index]).to_owned() })
        .collect()
}
