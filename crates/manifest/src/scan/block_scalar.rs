//! Text below `|` or `>`.

use std::borrow::Cow;

use super::classes::{BLANK, BREAK, break_length, break_text, is};
use super::cursor::Cursor;
use super::fault::{Fault, FaultKind};

/// What becomes of the line ends after the last line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// Reads the text whose header stands at the cursor, in a list or object that lines must be indented by `floor` to
/// belong to. Gives the end of the last line that is not blank.
pub(super) fn scan<'t>(
    cursor: &mut Cursor<'t>,
    floor: usize,
    value: &mut Cow<'t, str>,
) -> Result<usize, Box<Fault>> {
    let (text, bytes) = (cursor.text, cursor.text.as_bytes());
    let start = cursor.at;
    let is_folded = cursor.peek(0) == b'>';
    cursor.at += 1;
    let (chomping, increment) = header(cursor, start)?;
    let mut indent = increment.map(|increment| floor.saturating_sub(1) + increment);
    let mut out = String::new();
    // Where the text begins that could be borrowed: it has one line, and ends in the text as it does here.
    let mut borrowed = None;
    let mut blank_lines = String::new();
    let mut line_end = "";
    let mut was_indented = false;
    pass_lines(cursor, &mut indent, floor, &mut blank_lines)?;
    let indent = indent.unwrap_or(1);
    while !cursor.is_end() && cursor.at - cursor.line == indent {
        let line = cursor.at;
        let is_indented = is(bytes[line], BLANK);
        let is_joined = is_folded && !was_indented && !is_indented && line_end == "\n";
        if let Some((from, to)) = borrowed.take() {
            out.push_str(&text[from..to]);
        }
        match (is_joined, blank_lines.is_empty()) {
            (true, true) => out.push(' '),
            (true, false) => {}
            (false, _) => out.push_str(line_end),
        }
        out.push_str(&blank_lines);
        blank_lines.clear();
        was_indented = is_indented;
        cursor.skip_to_line_end();
        if out.is_empty() {
            borrowed = Some((line, cursor.at));
        } else {
            out.push_str(&text[line..cursor.at]);
        }
        let length = break_length(bytes, cursor.at);
        line_end = if length == 0 { "\n" } else { break_text(text, cursor.at, length) };
        cursor.next_line_or_end(length);
        pass_lines(cursor, &mut Some(indent), floor, &mut blank_lines)?;
    }
    let end_of_text = start + text[start..cursor.at].trim_end().len();
    if let Some((from, to)) = borrowed {
        let end = if chomping == Chomping::Strip { to } else { to + line_end.len() };
        if chomping != Chomping::Keep
            && text.get(to..end).is_some_and(|end| end.is_empty() || end == line_end)
        {
            *value = Cow::Borrowed(&text[from..end]);
            return Ok(end_of_text);
        }
        out.push_str(&text[from..to]);
    }
    if chomping != Chomping::Strip {
        out.push_str(line_end);
    }
    if chomping == Chomping::Keep {
        out.push_str(&blank_lines);
    }
    *value = Cow::Owned(out);
    Ok(end_of_text)
}

/// The header behind its `|` or `>`, to the end of its line: what becomes of the last line ends, and by how much the text
/// is indented, if that is said.
fn header(cursor: &mut Cursor<'_>, start: usize) -> Result<(Chomping, Option<usize>), Box<Fault>> {
    let (mut chomping, mut increment) = (None, None);
    loop {
        match cursor.peek(0) {
            b'+' if chomping.is_none() => chomping = Some(Chomping::Keep),
            b'-' if chomping.is_none() => chomping = Some(Chomping::Strip),
            b @ b'1'..=b'9' if increment.is_none() => increment = Some(usize::from(b - b'0')),
            _ => break,
        }
        cursor.at += 1;
    }
    cursor.skip_blanks();
    if cursor.peek(0) == b'#' {
        cursor.skip_comment();
    }
    if !cursor.is_line_end() {
        return Err(Fault::at(FaultKind::BlockHeader, start, start + 1));
    }
    let length = break_length(cursor.bytes(), cursor.at);
    cursor.next_line_or_end(length);
    Ok((chomping.unwrap_or(Chomping::Clip), increment))
}

/// Passes over blank lines and indentation. Sets the indentation, where it is not known yet, to that of the widest line up
/// to the first that is not blank.
fn pass_lines(
    cursor: &mut Cursor<'_>,
    indent: &mut Option<usize>,
    floor: usize,
    blank_lines: &mut String,
) -> Result<(), Box<Fault>> {
    let mut widest = 0;
    loop {
        while cursor.peek(0) == b' ' && indent.is_none_or(|indent| cursor.at - cursor.line < indent) {
            cursor.at += 1;
        }
        let column = cursor.at - cursor.line;
        widest = widest.max(column);
        if cursor.peek(0) == b'\t' && indent.is_none_or(|indent| column < indent) {
            return Err(Fault::at(FaultKind::Tab, cursor.at, cursor.at + 1));
        }
        let length = if is(cursor.peek(0), BREAK) { break_length(cursor.bytes(), cursor.at) } else { 0 };
        if length == 0 {
            if cursor.ends_last_line() {
                blank_lines.push('\n');
            }
            indent.get_or_insert(widest.max(floor).max(1));
            return Ok(());
        }
        blank_lines.push_str(break_text(cursor.text, cursor.at, length));
        cursor.next_line(length);
    }
}
