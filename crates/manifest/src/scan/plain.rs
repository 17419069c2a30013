//! Text without quotes.

use std::borrow::Cow;

use super::classes::{BLANK, BREAK, FLOW_STOP, PLAIN_STOP, break_length, break_text, is};
use super::cursor::Cursor;
use super::fault::{Fault, FaultKind};

/// Reads the text that begins at the cursor. It goes on over lines that are indented by `floor` at least; in `flow`, by
/// anything. The cursor is then behind the blanks and line ends that follow. Gives the end, and whether there is a line end
/// among them.
#[inline]
pub(super) fn scan<'t>(
    cursor: &mut Cursor<'t>,
    flow: bool,
    floor: usize,
    value: &mut Cow<'t, str>,
) -> Result<(usize, bool), Box<Fault>> {
    let text = cursor.text;
    let start = cursor.at;
    let stops = if flow { PLAIN_STOP | FLOW_STOP } else { PLAIN_STOP };
    // What stood on the lines before, once there are any; what begins at `piece` is not among it.
    let mut folded: Option<String> = None;
    let (mut piece, mut end) = (start, start);
    let mut ended_line = false;
    while !cursor.is_document_mark() && cursor.peek(0) != b'#' {
        let from = cursor.at;
        cursor.at = end_of_run(cursor, stops);
        let mut run_end = cursor.at;
        while run_end > from && is(text.as_bytes()[run_end - 1], BLANK) {
            run_end -= 1;
        }
        if run_end > from {
            if ended_line {
                let out = folded.get_or_insert_default();
                out.push_str(&text[piece..end]);
                fold(out, text, end, from, false);
                piece = from;
                ended_line = false;
            }
            end = run_end;
        }
        if cursor.is_end() || !cursor.is_line_end() {
            break;
        }
        pass_lines(cursor, floor)?;
        ended_line = true;
        if !flow && cursor.at - cursor.line < floor {
            break;
        }
    }
    *value = match folded {
        None => Cow::Borrowed(&text[start..end]),
        Some(mut out) => {
            out.push_str(&text[piece..end]);
            Cow::Owned(out)
        }
    };
    Ok((end, ended_line))
}

/// Where the part of the text ends that is on this line, with the blanks behind it.
#[inline]
fn end_of_run(cursor: &Cursor<'_>, stops: u8) -> usize {
    let bytes = cursor.bytes();
    let mut at = cursor.at;
    loop {
        while bytes.get(at).is_some_and(|b| !is(*b, stops)) {
            at += 1;
        }
        match bytes.get(at) {
            Some(b' ' | b'\t') => {
                at += 1;
                if bytes.get(at) == Some(&b'#') {
                    return at;
                }
            }
            Some(b':') if !cursor.is_blank_or_end(at + 1) => at += 1,
            Some(b) if is(*b, BREAK) && break_length(bytes, at) == 0 => at += 1,
            _ => return at,
        }
    }
}

/// Passes over line ends and indentation.
fn pass_lines(cursor: &mut Cursor<'_>, floor: usize) -> Result<(), Box<Fault>> {
    loop {
        match cursor.peek(0) {
            b' ' => cursor.at += 1,
            b'\t' if cursor.at - cursor.line < floor => {
                return Err(Fault::at(FaultKind::Tab, cursor.at, cursor.at + 1));
            }
            b'\t' => cursor.at += 1,
            b if is(b, BREAK) => match break_length(cursor.bytes(), cursor.at) {
                0 => return Ok(()),
                length => cursor.next_line(length),
            },
            _ => return Ok(()),
        }
    }
}

/// Writes what the line ends between `from` and `to` become: a space where there is one, else those behind the first; or,
/// where they are kept, all of them.
pub(super) fn fold(out: &mut String, text: &str, from: usize, to: usize, mut are_kept: bool) {
    let (mut at, mut count) = (from, 0);
    while at < to {
        let length = break_length(text.as_bytes(), at);
        if length == 0 {
            at += 1;
            continue;
        }
        let line_end = break_text(text, at, length);
        are_kept |= count > 0 || line_end != "\n";
        if are_kept {
            out.push_str(line_end);
        }
        count += 1;
        at += length;
    }
    if count > 0 && !are_kept {
        out.push(' ');
    }
}
