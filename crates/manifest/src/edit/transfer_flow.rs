//! Taking elements of a list in flow style, or in JSON, to the end of another list.

use serde_json::Value;

use super::super::tree::{NodeId, NodeKind, Span, Style};
use super::change::{Refused, TextEdit, apply};
use super::insert;
use super::source::Source;
use crate::path::Segment;

/// As [`transfer`](super::transfer::transfer), of the list `seq`, which holds `items`.
pub(super) fn transfer(
    source: &Source<'_, '_>,
    (list, seq, items): (&[Segment], NodeId, &[NodeId]),
    indices: &[usize],
    to: &[Segment],
    with: &[(String, Value)],
) -> Result<Vec<TextEdit>, Refused> {
    let mut texts = Vec::with_capacity(indices.len());
    let mut edits = Vec::new();
    let mut is_first = true;
    for (position, index) in indices.iter().enumerate() {
        let from: Vec<Segment> = list.iter().cloned().chain([Segment::Index(*index)]).collect();
        let node = source.value_at(&from)?.node;
        if source.tree.style(node) != Style::Flow {
            return Err(Refused::Layout);
        }
        texts.push(with_fields(source, &from, node, with)?);
        is_first &= *index == position;
        let gone = if is_first {
            let next = items.get(index + 1).ok_or(Refused::Layout)?;
            comma(source, node, *next)?;
            Span::new(source.span(node).start, source.span(*next).start)
        } else {
            let before = items[index - 1];
            comma(source, before, node)?;
            Span::new(source.span(before).end, source.span(node).end)
        };
        edits.push(TextEdit { span: gone, with: String::new() });
    }
    let [first, second, ..] = items else { return Err(Refused::Layout) };
    let own_comma = comma(source, *first, *second)?;

    let reached = source.follow(to)?;
    if reached.steps == to.len() {
        let NodeKind::Seq(others) = &source.tree[reached.node].kind else { return Err(Refused::Layout) };
        if source.tree.style(reached.node) != Style::Flow {
            return Err(Refused::Layout);
        }
        edits.push(match others.as_slice() {
            [] => TextEdit { span: source.span(reached.node), with: format!("[{}]", texts.join(own_comma)) },
            [.., last] => {
                let comma = match others.as_slice() {
                    [.., before, last] => comma(source, *before, *last)?,
                    _ => own_comma,
                };
                let at = source.span(*last).end;
                let with = texts.iter().map(|text| format!("{comma}{text}")).collect();
                TextEdit { span: Span::new(at, at), with }
            }
        });
        return Ok(edits);
    }
    if reached.steps + 1 != to.len()
        || to.split_last().map(|(_, of)| of) != list.split_last().map(|(_, of)| of)
    {
        return Err(Refused::Layout);
    }
    // A list of its own, which begins and ends as that from which the elements come.
    let span = source.span(seq);
    let last = items.last().ok_or(Refused::Layout)?;
    let opens = blank(source, Span::new(span.start, source.span(*first).start), '[')?;
    let closes = blank(source, Span::new(source.span(*last).end, span.end), ']')?;
    let written = format!("{opens}{}{closes}", texts.join(own_comma));
    // The place is that of a field without a value.
    let mut places = insert::insert(source, to, &Value::Null)?;
    let place = places.iter_mut().find(|edit| edit.with.ends_with("null")).ok_or(Refused::Layout)?;
    let end = place.with.len() - "null".len();
    place.with.replace_range(end.., &written);
    edits.extend(places);
    Ok(edits)
}

/// The text of an object in flow style with fields that it has not.
pub(super) fn with_fields(
    source: &Source<'_, '_>,
    path: &[Segment],
    node: NodeId,
    with: &[(String, Value)],
) -> Result<String, Refused> {
    let span = source.span(node);
    if !matches!(&source.tree[node].kind, NodeKind::Map(entries) if !entries.is_empty()) {
        return Err(Refused::Layout);
    }
    let mut edits = Vec::new();
    for (key, value) in with {
        let path: Vec<Segment> = path.iter().cloned().chain([Segment::Field(key.clone().into())]).collect();
        for TextEdit { span: at, with } in insert::insert(source, &path, value)? {
            let start = at.start.checked_sub(span.start).ok_or(Refused::Layout)?;
            edits.push(TextEdit { span: Span::new(start, at.end - span.start), with });
        }
    }
    apply(source.slice(span), &edits).ok_or(Refused::Layout)
}

/// What stands between two elements, where it is a comma and blanks.
fn comma<'a>(source: &Source<'a, '_>, before: NodeId, behind: NodeId) -> Result<&'a str, Refused> {
    blank(source, Span::new(source.span(before).end, source.span(behind).start), ',')
}

/// The text of a span, where it is nothing but one mark and blanks.
fn blank<'a>(source: &Source<'a, '_>, span: Span, mark: char) -> Result<&'a str, Refused> {
    let text = source.slice(span);
    let mut others = text.chars().filter(|c| !c.is_whitespace());
    if others.next() == Some(mark) && others.next().is_none() { Ok(text) } else { Err(Refused::Layout) }
}
