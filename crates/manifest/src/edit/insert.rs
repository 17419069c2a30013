//! Adding an entry to an object.

use serde_json::{Map, Value};

use super::super::tree::{NodeId, NodeKind, Span, Style};
use super::change::{Refused, TextEdit};
use super::place::{EntryAt, Reached};
use super::render::{self, STEP};
use super::source::Source;
use crate::path::Segment;

pub(super) fn insert(
    source: &Source<'_, '_>,
    path: &[Segment],
    value: &Value,
) -> Result<Vec<TextEdit>, Refused> {
    let reached = source.follow(path)?;
    let (key, below) = missing(path, reached)?;
    let value = nested(below, value.clone());
    match &source.tree[reached.node].kind {
        NodeKind::Null if is_in_flow(source, reached) => {
            let object = Value::Object(Map::from_iter([(key.to_owned(), value)]));
            instead_of_null(source, reached, render::flow(&object, source.json))
        }
        NodeKind::Null => {
            under_nothing(source, reached, |indent, eol| Ok(render::block_entry(key, &value, indent, eol)))
        }
        NodeKind::Map(_) if source.tree.style(reached.node) == Style::Flow => {
            let gap = FlowGap::find(source, reached.node, None)?;
            let text = format!(
                "{}{}{}",
                render::flow_key(key, source.json),
                gap.colon,
                render::field_value(key, &value, source.json)
            );
            Ok(gap.fill(&text))
        }
        NodeKind::Map(_) => {
            let gap = BlockGap::find(source, reached.node, key, None)?;
            let eol = source.eol(gap.at);
            Ok(vec![gap.fill(&render::block_entry(key, &value, gap.indent, eol), eol)])
        }
        _ => Err(Refused::Layout),
    }
}

/// The first step that is not there, and those below it, which are fields too.
pub(super) fn missing(path: &[Segment], reached: Reached) -> Result<(&str, Vec<&str>), Refused> {
    let mut keys = Vec::new();
    for segment in &path[reached.steps..] {
        match segment {
            Segment::Field(key) | Segment::Key(key) => keys.push(key.as_ref()),
            Segment::Index(_) => return Err(Refused::Missing),
        }
    }
    if keys.is_empty() {
        return Err(Refused::Exists);
    }
    let key = keys.remove(0);
    Ok((key, keys))
}

fn nested(keys: Vec<&str>, value: Value) -> Value {
    keys.into_iter().rev().fold(value, |value, key| Value::Object(Map::from_iter([(key.to_owned(), value)])))
}

/// Whether the field reached is one of an object in flow style.
pub(super) fn is_in_flow(source: &Source<'_, '_>, reached: Reached) -> bool {
    reached.entry.is_some_and(|entry| source.tree.style(entry.map) == Style::Flow)
}

/// Puts an object where `null` is written, in flow style.
pub(super) fn instead_of_null(
    source: &Source<'_, '_>,
    reached: Reached,
    object: String,
) -> Result<Vec<TextEdit>, Refused> {
    let span = source.span(reached.node);
    if span.is_empty() { Err(Refused::Layout) } else { Ok(vec![TextEdit { span, with: object }]) }
}

/// Gives a field in block style that has no value its first entry, which `content` writes at an indentation.
pub(super) fn under_nothing(
    source: &Source<'_, '_>,
    reached: Reached,
    content: impl FnOnce(usize, &str) -> Result<String, Refused>,
) -> Result<Vec<TextEdit>, Refused> {
    let entry = reached.entry.ok_or(Refused::Layout)?;
    let key = source.entries(entry.map)[entry.index].key_span;
    let span = source.span(reached.node);
    let indent = source.indent(key)?.width + STEP;
    if !source.rest_is_blank(span.end) || source.line_end(key.start) != source.line_end(span.end) {
        return Err(Refused::Layout);
    }
    let end = source.line_end(span.end);
    let eol = source.eol(end);
    let mut text = eol.to_owned();
    render::push_blanks(indent, &mut text);
    text.push_str(&content(indent, eol)?);
    let mut edits = vec![TextEdit { span: Span::new(end, end), with: text }];
    if !span.is_empty() {
        // `null`, with the blanks before it.
        let start = source.text[..span.start].trim_end_matches([' ', '\t']).len();
        edits.push(TextEdit { span: Span::new(start, span.end), with: String::new() });
    }
    Ok(edits)
}

/// Where a new entry of an object in block style goes: behind the last one.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockGap {
    /// The end of a line, or the key that the new one goes before.
    pub(super) at: usize,
    /// The indentation of its keys.
    pub(super) indent: usize,
    first: bool,
}

impl BlockGap {
    /// Looks for the gap in `map`, in which one entry does not count.
    pub(super) fn find(
        source: &Source<'_, '_>,
        map: NodeId,
        key: &str,
        without: Option<usize>,
    ) -> Result<Self, Refused> {
        let written = source.written(map, without);
        let (Some(first), Some(last)) = (written.first(), written.last()) else {
            return Err(Refused::Layout);
        };
        let entries = source.entries(map);
        let first = entries[*first].key_span;
        let indent = source.indent(first)?.width;
        // What an object is comes first.
        if key == "apiVersion" {
            return Ok(Self { at: first.start, indent, first: true });
        }
        let end = source.entry_end(EntryAt { map, index: *last })?;
        if !source.rest_is_blank(end) {
            return Err(Refused::Layout);
        }
        Ok(Self { at: source.line_end(end), indent, first: false })
    }

    /// The lines to write there: `entry` and what sets it apart.
    pub(super) fn lines(&self, entry: &str, eol: &str) -> String {
        let mut text = String::new();
        if self.first {
            text.push_str(entry);
            text.push_str(eol);
            render::push_blanks(self.indent, &mut text);
        } else {
            text.push_str(eol);
            render::push_blanks(self.indent, &mut text);
            text.push_str(entry);
        }
        text
    }

    fn fill(&self, entry: &str, eol: &str) -> TextEdit {
        TextEdit { span: Span::new(self.at, self.at), with: self.lines(entry, eol) }
    }
}

/// Where a new entry of an object in flow style goes: behind the last one.
#[derive(Debug, Clone)]
pub(super) struct FlowGap<'a> {
    /// Behind the last value, or behind the opening brace.
    pub(super) at: usize,
    /// Whether there is an entry before it.
    pub(super) behind: bool,
    /// What stands between key and value.
    pub(super) colon: &'static str,
    /// The line end and the indentation of entries that stand on lines of their own.
    pub(super) line: Option<(&'a str, usize)>,
    /// Where the line of the last entry ends, where a comment or nothing follows it.
    line_end: Option<usize>,
    /// What stands between two entries on one line.
    comma: &'static str,
}

impl<'a> FlowGap<'a> {
    /// Looks for the gap in `map`, in which one entry does not count.
    pub(super) fn find(
        source: &Source<'a, '_>,
        map: NodeId,
        without: Option<usize>,
    ) -> Result<Self, Refused> {
        let entries = source.entries(map);
        let Some(last) = source.written(map, without).pop() else {
            let span = source.span(map);
            if !entries.is_empty() || !source.slice(span).starts_with('{') {
                return Err(Refused::Layout);
            }
            let at = span.start + 1;
            return Ok(Self { at, behind: false, colon: ": ", line: None, line_end: None, comma: ", " });
        };
        let key = entries[last].key_span;
        let at = source.entry_end(EntryAt { map, index: last })?;
        let tight = source.json && source.text[key.end..].starts_with(":") && {
            !source.text[key.end + 1..].starts_with([' ', '\t', '\n', '\r'])
        };
        let start = source.line_start(key.start);
        let before = &source.text[start..key.start];
        let line = (start > 0 && before.bytes().all(|b| b == b' ')).then(|| (source.eol(at), before.len()));
        Ok(Self {
            at,
            behind: true,
            colon: if tight { ":" } else { ": " },
            line,
            line_end: (line.is_some() && source.rest_is_blank(at)).then(|| source.line_end(at)),
            comma: if tight { "," } else { ", " },
        })
    }

    /// Writes an entry there.
    pub(super) fn fill(&self, entry: &str) -> Vec<TextEdit> {
        let edit = |at: usize, with: String| TextEdit { span: Span::new(at, at), with };
        if !self.behind {
            return vec![edit(self.at, entry.to_owned())];
        }
        let Some((eol, indent)) = self.line else {
            return vec![edit(self.at, format!("{}{entry}", self.comma))];
        };
        let line = format!("{eol}{}{entry}", " ".repeat(indent));
        match self.line_end {
            // A comment behind the last entry stays with it.
            Some(end) if end > self.at => vec![edit(self.at, ",".to_owned()), edit(end, line)],
            _ => vec![edit(self.at, format!(",{line}"))],
        }
    }
}
