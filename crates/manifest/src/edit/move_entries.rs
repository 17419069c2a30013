//! Moving some entries of a map to another map.

use super::super::tree::{NodeKind, Span, Style};
use super::change::{Refused, TextEdit};
use super::insert::{BlockGap, FlowGap, instead_of_null, is_in_flow, missing, under_nothing};
use super::place::EntryAt;
use super::relocate::{Moved, in_flow};
use super::remove::Cut;
use super::render::{self, STEP};
use super::source::Source;
use super::value::below;
use crate::path::Segment;

pub(super) fn move_entries(
    source: &Source<'_, '_>,
    from: &[Segment],
    keys: &[String],
    to: &[Segment],
) -> Result<Vec<TextEdit>, Refused> {
    let map = source.value_at(from)?.node;
    let from_flow = source.tree.style(map) == Style::Flow;
    let mut entries = Vec::with_capacity(keys.len());
    for key in keys {
        entries.push(source.entry_at(&below(from, key))?);
        if source.follow(&below(to, key))?.steps > to.len() {
            return Err(Refused::Exists);
        }
    }
    entries.sort_unstable_by_key(|at| source.entries(map)[at.index].key_span.start);
    let cut = |at: &EntryAt| if from_flow { Cut::flow(source, *at) } else { Cut::block(source, *at, true) };
    let cuts = entries.iter().map(cut).collect::<Result<Vec<_>, _>>()?;
    let moved: Vec<Moved<'_, '_, '_>> = (entries.iter().zip(&cuts))
        .map(|(at, cut)| {
            let entry = &source.entries(map)[at.index];
            Moved { source, cut, key: entry.key_span, value: entry.value, from_flow }
        })
        .collect();
    let gone = if entries.len() == source.entries(map).len() {
        vec![emptied(source, from, to, &cuts)?]
    } else if from_flow {
        entries
            .iter()
            .zip(&cuts)
            .map(|(at, cut)| from_list(source, *at, &entries, cut))
            .collect::<Result<_, _>>()?
    } else if cuts.iter().any(|cut| cut.dash) {
        return Err(Refused::Layout);
    } else {
        merged(cuts.iter().map(|cut| cut.span))
    };
    let edits = written(source, to, &moved)?;
    let (mut edits, mut gone) = (edits, gone);
    for edit in &mut edits {
        // What comes must not come where something goes, unless it can be in its place.
        let meets = |gone: &Span| gone.start < edit.span.end && edit.span.start < gone.end;
        if let Some(position) = gone.iter().position(meets) {
            *edit = in_place(source, edit, gone.remove(position)).ok_or(Refused::Layout)?;
        }
    }
    let gone = gone.into_iter().map(|span| TextEdit { span, with: String::new() });
    Ok(edits.into_iter().chain(gone).collect())
}

/// Lines that come behind the last of those that go, in their place.
fn in_place(source: &Source<'_, '_>, edit: &TextEdit, gone: Span) -> Option<TextEdit> {
    let at = edit.span.start;
    let line_end = source.slice(Span::new(at, gone.end));
    let is_behind = edit.span.end == at && matches!(line_end, "\n" | "\r\n");
    let at_line = gone.start == source.line_start(gone.start);
    let lines = edit.with.strip_prefix(line_end).filter(|_| is_behind && at_line)?;
    Some(TextEdit { span: gone, with: format!("{lines}{line_end}") })
}

/// The changes that write the entries where they belong.
fn written(
    source: &Source<'_, '_>,
    to: &[Segment],
    moved: &[Moved<'_, '_, '_>],
) -> Result<Vec<TextEdit>, Refused> {
    let reached = source.follow(to)?;
    let parents = if reached.steps == to.len() {
        Vec::new()
    } else {
        let (first, rest) = missing(to, reached)?;
        std::iter::once(first).chain(rest).collect()
    };
    let all: Vec<&Moved<'_, '_, '_>> = moved.iter().collect();
    let block = |indent: usize, eol: &str| -> Result<String, Refused> {
        let mut text = String::new();
        for (position, entry) in moved.iter().enumerate() {
            if position == 0 {
                text.push_str(&entry.block(&parents, indent, eol)?);
                continue;
            }
            let deep = indent + STEP * parents.len();
            text.push_str(eol);
            render::push_blanks(deep, &mut text);
            text.push_str(&entry.block(&[], deep, eol)?);
        }
        Ok(text)
    };
    match &source.tree[reached.node].kind {
        NodeKind::Null if is_in_flow(source, reached) => {
            instead_of_null(source, reached, format!("{{{}}}", in_flow(&all, &parents, ": ", None)?))
        }
        NodeKind::Null => under_nothing(source, reached, block),
        NodeKind::Map(_) if source.tree.style(reached.node) == Style::Flow => {
            let gap = FlowGap::find(source, reached.node, None)?;
            Ok(gap.fill(&in_flow(&all, &parents, gap.colon, gap.line)?))
        }
        NodeKind::Map(_) => {
            let gap = BlockGap::find(source, reached.node, "", None)?;
            let eol = source.eol(gap.at);
            let with = gap.lines(&block(gap.indent, eol)?, eol);
            Ok(vec![TextEdit { span: Span::new(gap.at, gap.at), with }])
        }
        _ => Err(Refused::Layout),
    }
}

/// What goes where the map at `from` is left with nothing: the entry that holds it, or, where that is alone in its object,
/// the one that holds the object, and so on.
fn emptied(source: &Source<'_, '_>, from: &[Segment], to: &[Segment], cuts: &[Cut]) -> Result<Span, Refused> {
    let mut path = from;
    let mut at = source.entry_at(path)?;
    while source.entries(at.map).len() == 1 {
        path = &path[..path.len() - 1];
        if to.starts_with(path) {
            return Err(Refused::Layout);
        }
        at = source.entry_at(path)?;
    }
    let cut = if source.tree.style(at.map) == Style::Flow {
        Cut::flow(source, at)?
    } else {
        Cut::block(source, at, false)?
    };
    // A comment on the way would be lost, and so would an anchor or a tag.
    let mut start = cut.span.start;
    for entry in cuts {
        loses_nothing(source, Span::new(start, entry.content.start))?;
        start = entry.content.end;
    }
    loses_nothing(source, Span::new(start, cut.span.end))?;
    if cut.dash { Err(Refused::Layout) } else { Ok(cut.span) }
}

/// What goes with an entry of a map in flow style that keeps others.
fn from_list(source: &Source<'_, '_>, at: EntryAt, moved: &[EntryAt], cut: &Cut) -> Result<Span, Refused> {
    let all = source.written(at.map, None);
    let position = all.iter().position(|index| *index == at.index).ok_or(Refused::Layout)?;
    let is_moved = |index: &usize| moved.iter().any(|at| at.index == *index);
    let span = if all[position..].iter().all(is_moved) {
        let before = position.checked_sub(1).ok_or(Refused::Layout)?;
        Span::new(source.entry_end(EntryAt { map: at.map, index: all[before] })?, cut.content.end)
    } else {
        Span::new(cut.content.start, source.entries(at.map)[all[position + 1]].key_span.start)
    };
    loses_nothing(source, Span::new(span.start, cut.content.start))?;
    loses_nothing(source, Span::new(cut.content.end, span.end))?;
    Ok(span)
}

fn loses_nothing(source: &Source<'_, '_>, span: Span) -> Result<(), Refused> {
    if source.slice(span).contains(['#', '&', '!']) { Err(Refused::Layout) } else { Ok(()) }
}

/// Spans in order, those that touch as one.
pub(super) fn merged(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}
