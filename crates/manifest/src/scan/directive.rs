//! Lines that begin with `%`. They count only where `---` follows, which kubectl takes for the end of what stands before it:
//! hardly ever.

use super::classes::{BLANK, WORD, break_length, is};
use super::cursor::Cursor;
use super::fault::{Fault, FaultKind};
use super::properties::{Handles, scan_uri, unescaped};

/// Reads the directive at the cursor, with the end of its line.
pub(super) fn scan(cursor: &mut Cursor<'_>) -> Result<(), Box<Fault>> {
    let start = cursor.at;
    if !is_directive(cursor) {
        return Err(Fault::at(FaultKind::Directive, start, start + 1));
    }
    cursor.skip_blanks();
    if cursor.peek(0) == b'#' {
        cursor.skip_comment();
    }
    if !cursor.is_line_end() {
        return Err(Fault::at(FaultKind::Directive, start, start + 1));
    }
    let length = break_length(cursor.bytes(), cursor.at);
    cursor.next_line_or_end(length);
    Ok(())
}

fn is_directive(cursor: &mut Cursor<'_>) -> bool {
    let name = cursor.at + 1;
    cursor.at = name;
    while is(cursor.peek(0), WORD) {
        cursor.at += 1;
    }
    let name = &cursor.text[name..cursor.at];
    if !cursor.is_blank_or_end(cursor.at) {
        return false;
    }
    cursor.skip_blanks();
    match name {
        "YAML" => {
            let major = skip_number(cursor);
            let dot = cursor.peek(0) == b'.';
            cursor.at += usize::from(dot);
            major && dot && skip_number(cursor)
        }
        "TAG" => {
            let handle = cursor.at;
            if cursor.peek(0) != b'!' {
                return false;
            }
            cursor.at += 1;
            while is(cursor.peek(0), WORD) {
                cursor.at += 1;
            }
            match cursor.peek(0) {
                b'!' => cursor.at += 1,
                _ if cursor.at > handle + 1 => return false,
                _ => {}
            }
            let is_spaced = is(cursor.peek(0), BLANK);
            cursor.skip_blanks();
            is_spaced && scan_uri(cursor, false) && cursor.is_blank_or_end(cursor.at)
        }
        _ => false,
    }
}

/// A number of one digit or two.
fn skip_number(cursor: &mut Cursor<'_>) -> bool {
    let start = cursor.at;
    while cursor.peek(0).is_ascii_digit() {
        cursor.at += 1;
    }
    (1..=2).contains(&(cursor.at - start))
}

/// Takes in what a directive that has been scanned says; none where it may not be said, or not again.
pub(super) fn declare(line: &str, has_version: &mut bool, handles: &mut Handles) -> Option<()> {
    let mut words = line.split_whitespace();
    if words.next() == Some("%YAML") {
        let version = words.next()?.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let (major, minor) = version.split_once('.')?;
        let is_known = major.parse() == Ok(1_u8) && minor.parse() == Ok(1_u8);
        return (is_known && !std::mem::replace(has_version, true)).then_some(());
    }
    let (handle, prefix) = (words.next()?, words.next()?);
    if handles.iter().any(|(declared, _)| declared == handle) {
        return None;
    }
    handles.push((handle.to_owned(), unescaped(prefix).into_owned()));
    Some(())
}
