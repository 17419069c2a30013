//! What tests of fixes share: an editor that knows lines and columns only, and what must not change.
#![allow(dead_code, reason = "each test uses a part")]

use jobguard::manifest;
use jobguard::manifest::{FieldPath, Segment};
use serde_json::Value;

/// A piece of a text that changes: `(line, column)` of its begin and end, each from 1 and in characters, and what comes
/// in its place.
pub(crate) type Piece = ((usize, usize), (usize, usize), String);

/// `text` with all `pieces` replaced. Panics where one is beside the text, or two overlap.
pub(crate) fn apply(text: &str, pieces: &[Piece]) -> String {
    let mut pieces: Vec<(usize, usize, &str)> = pieces
        .iter()
        .map(|(begin, end, with)| (offset(text, *begin), offset(text, *end), with.as_str()))
        .collect();
    pieces.sort_unstable();
    let (mut out, mut done) = (String::new(), 0);
    for (begin, end, with) in pieces {
        assert!(done <= begin && begin <= end, "{begin}..{end} overlaps what ends at {done}");
        out += &text[done..begin];
        out += with;
        done = end;
    }
    out + &text[done..]
}

/// The byte of a line and a column. A byte order mark is in no column.
fn offset(text: &str, (line, column): (usize, usize)) -> usize {
    let mut begin = if text.starts_with('\u{feff}') { 3 } else { 0 };
    for _ in 1..line {
        let end = begin + text[begin..].find(['\n', '\r']).expect("there is such a line");
        begin = end + if text[end..].starts_with("\r\n") { 2 } else { 1 };
    }
    let rest = &text[begin..];
    let line_length = rest.find(['\n', '\r']).unwrap_or(rest.len());
    let places = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    let at = places.take_while(|at| *at <= line_length).nth(column - 1).expect("there is such a column");
    begin + at
}

/// The values of each document of `text` that can be read, without the `touched` fields and whatever held nothing else.
pub(crate) fn values_elsewhere(text: &str, touched: &[(usize, FieldPath)]) -> Vec<Option<Value>> {
    let documents = manifest::read(text).into_iter().map(|document| document.content.ok());
    let mut values: Vec<Option<Value>> =
        documents.map(|tree| tree.map(|tree| tree.to_value(tree.root()))).collect();
    for (document, path) in touched {
        if let Some(value) = &mut values[*document] {
            take_out(value, path.segments());
        }
    }
    values
}

fn take_out(value: &mut Value, path: &[Segment]) {
    let [first, rest @ ..] = path else {
        *value = Value::Null;
        return;
    };
    match (first, value) {
        (Segment::Field(name) | Segment::Key(name), Value::Object(fields)) => {
            let Some(below) = fields.get_mut(name.as_ref()) else { return };
            take_out(below, rest);
            let is_empty = match below {
                Value::Object(fields) => fields.is_empty(),
                below => below.is_null(),
            };
            if is_empty {
                fields.remove(name.as_ref());
            }
        }
        (Segment::Index(index), Value::Array(items)) => {
            if let Some(below) = items.get_mut(*index) {
                take_out(below, rest);
            }
        }
        _ => {}
    }
}

/// The comments of a text, as words from a `#` on, in order. A `#` in a block scalar counts too: it stays as well.
pub(crate) fn comments(text: &str) -> Vec<&str> {
    let mut comments: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            let at = if line.trim_start().starts_with('#') {
                line.find('#')
            } else {
                line.find(" #").map(|at| at + 1)
            };
            at.map(|at| line[at..].trim_end())
        })
        .collect();
    comments.sort_unstable();
    comments
}
