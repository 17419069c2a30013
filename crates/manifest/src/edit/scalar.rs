//! Single values: given another value, quotes, or their field another name.

use serde_json::{Number, Value};

use super::super::tree::{NodeId, NodeKind, Span, Style};
use super::change::{Refused, TextEdit};
use super::place::Reached;
use super::source::Source;
use super::{insert, render};
use crate::path::Segment;

pub(super) fn set(
    source: &Source<'_, '_>,
    path: &[Segment],
    value: &Value,
) -> Result<Vec<TextEdit>, Refused> {
    let reached = source.follow(path)?;
    if reached.steps < path.len() {
        return insert::insert(source, path, value);
    }
    let node = &source.tree[reached.node];
    let style = source.tree.style(reached.node);
    if source.is_tagged(node.span.start) {
        return Err(Refused::Layout);
    }
    let text = match (&node.kind, value) {
        (NodeKind::Null, _) if node.span.is_empty() => return fill(source, reached, value),
        (NodeKind::Seq(items), Value::Array(new)) if style == Style::Block => {
            return words(source, items, new);
        }
        // What stands on lines of its own has comments of its own.
        (NodeKind::Seq(_) | NodeKind::Map(_), _) if style == Style::Block => return Err(Refused::Layout),
        (NodeKind::Seq(_) | NodeKind::Map(_), _) if source.slice(node.span).contains('#') => {
            return Err(Refused::Layout);
        }
        (_, Value::String(new)) => string(source, reached, style, new),
        (NodeKind::Int(_), Value::Number(new)) if !source.json => number(source.slice(node.span), new),
        _ => render::flow(value, source.json),
    };
    Ok(vec![TextEdit { span: node.span, with: text }])
}

/// Writes a list of strings where there is one, each on a line of its own.
fn words(source: &Source<'_, '_>, items: &[NodeId], new: &[Value]) -> Result<Vec<TextEdit>, Refused> {
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return Err(Refused::Layout) };
    let is_word = |item: &NodeId| {
        matches!(source.tree[*item].kind, NodeKind::Str(_))
            && matches!(source.tree.style(*item), Style::Plain | Style::SingleQuoted | Style::DoubleQuoted)
    };
    let span = Span::new(source.span(*first).start, source.span(*last).end);
    let before = &source.text[source.line_start(span.start)..span.start];
    let has_own_line =
        before.trim_start_matches(' ').strip_prefix('-').is_some_and(|rest| rest.trim().is_empty());
    let old = source.slice(span);
    if !items.iter().all(is_word) || !has_own_line || new.is_empty() || old.contains(['#', '&', '*', '!']) {
        return Err(Refused::Layout);
    }
    let eol = source.eol(span.start);
    let mut text = String::new();
    for (index, word) in new.iter().enumerate() {
        let Value::String(word) = word else { return Err(Refused::Layout) };
        if index > 0 {
            text.push_str(eol);
            text.push_str(before);
        }
        if render::is_plain(word) {
            text.push_str(word);
        } else {
            text.push_str(&render::double_quoted(word));
        }
    }
    Ok(vec![TextEdit { span, with: text }])
}

/// A string in the quotes that the value before it had.
fn string(source: &Source<'_, '_>, reached: Reached, style: Style, new: &str) -> String {
    let in_flow = reached.entry.is_none_or(|entry| source.tree.style(entry.map) == Style::Flow);
    match style {
        _ if source.json => render::double_quoted(new),
        Style::SingleQuoted => render::single_quoted(new).unwrap_or_else(|| render::double_quoted(new)),
        Style::Plain if render::is_word(new) || (!in_flow && render::is_plain(new)) => new.to_owned(),
        _ => render::double_quoted(new),
    }
}

/// A number in the base that the one before it is written in: file modes are octal.
fn number(old: &str, new: &Number) -> String {
    let is_octal =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    let prefix = match old.strip_prefix("0o") {
        Some(digits) if is_octal(digits) => Some("0o"),
        _ => old.strip_prefix('0').filter(|digits| is_octal(digits)).map(|_| "0"),
    };
    match (prefix, new.as_u64()) {
        (Some(prefix), Some(new)) if new > 0 => format!("{prefix}{new:o}"),
        _ => new.to_string(),
    }
}

/// Writes a value where there is none behind the colon.
fn fill(source: &Source<'_, '_>, reached: Reached, value: &Value) -> Result<Vec<TextEdit>, Refused> {
    let at = source.span(reached.node).start;
    if reached.entry.is_none() || !source.text[..at].ends_with(':') || value_is_long(value) {
        return Err(Refused::Layout);
    }
    Ok(vec![TextEdit { span: Span::new(at, at), with: format!(" {}", render::flow(value, source.json)) }])
}

fn value_is_long(value: &Value) -> bool {
    matches!(value, Value::Object(fields) if !fields.is_empty())
}

/// Puts the value at `path` in quotes.
pub(super) fn quote(source: &Source<'_, '_>, path: &[Segment]) -> Result<Vec<TextEdit>, Refused> {
    let reached = source.value_at(path)?;
    let span = source.span(reached.node);
    let is_scalar = matches!(
        source.tree[reached.node].kind,
        NodeKind::Bool(_) | NodeKind::Int(_) | NodeKind::Uint(_) | NodeKind::Float(_)
    );
    if !is_scalar
        || source.is_tagged(span.start)
        || span.is_empty()
        || source.tree.style(reached.node) != Style::Plain
    {
        return Err(Refused::Layout);
    }
    Ok(vec![TextEdit { span, with: render::double_quoted(source.slice(span)) }])
}

/// Renames the field at `path`.
pub(super) fn rename(source: &Source<'_, '_>, path: &[Segment], to: &str) -> Result<Vec<TextEdit>, Refused> {
    let at = source.entry_at(path)?;
    let entries = source.entries(at.map);
    if entries.iter().any(|entry| entry.key == to) {
        return Err(Refused::Exists);
    }
    let span = entries[at.index].key_span;
    let with = match source.slice(span).as_bytes() {
        [b'"', ..] => render::double_quoted(to),
        [b'\'', ..] => render::single_quoted(to).ok_or(Refused::Layout)?,
        [b'*', ..] | [] => return Err(Refused::Layout),
        _ => render::block_key(to).into_owned(),
    };
    Ok(vec![TextEdit { span, with }])
}
