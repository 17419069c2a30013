//! Anchors, aliases and tags.

use std::borrow::Cow;

use super::classes::{URI, WORD, is};
use super::cursor::Cursor;
use super::fault::{Fault, FaultKind};

/// A tag, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// `!!str`
    Str,
    /// `!!bool`
    Bool,
    /// `!!int`
    Int,
    /// `!!float`
    Float,
    /// `!!null`
    Null,
    /// `!!timestamp`
    Timestamp,
    /// `!!binary`
    Binary,
    /// `!!merge`
    Merge,
    /// `!` alone.
    NonSpecific,
    /// Any other, known or not: the scalar stays a string.
    Other,
}

/// What the tags of YAML itself begin with.
const CORE: &str = "tag:yaml.org,2002:";

impl Tag {
    fn from_core(name: &str) -> Self {
        match name {
            "str" => Self::Str,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "float" => Self::Float,
            "null" => Self::Null,
            "timestamp" => Self::Timestamp,
            "binary" => Self::Binary,
            "merge" => Self::Merge,
            _ => Self::Other,
        }
    }

    fn from_whole(tag: &str) -> Self {
        match tag.strip_prefix(CORE) {
            Some(name) => Self::from_core(name),
            None if tag == "!" => Self::NonSpecific,
            None => Self::Other,
        }
    }

    /// What the tag asks for, in words.
    pub(crate) fn wants(self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Null => "null",
            Self::Timestamp => "a date",
            Self::Binary => "base64 text",
            Self::Str | Self::Merge | Self::NonSpecific | Self::Other => "a string",
        }
    }
}

/// The handles that a document declares, each with what it stands for.
pub(super) type Handles = Vec<(String, String)>;

/// The tag that is written so, which has been scanned; none where nothing declares its handle.
pub(super) fn resolve(written: &str, handles: &Handles) -> Option<Tag> {
    if let Some(whole) = written.strip_prefix("!<").and_then(|rest| rest.strip_suffix('>')) {
        return Some(Tag::from_whole(&unescaped(whole)));
    }
    let name = written.get(1..)?;
    let word = name.bytes().take_while(|b| is(*b, WORD)).count();
    let (handle, suffix) = match name[word..].strip_prefix('!') {
        Some(suffix) => (&written[..word + 2], suffix),
        None if name.is_empty() => return Some(Tag::NonSpecific),
        None => ("!", name),
    };
    let suffix = unescaped(suffix);
    match handles.iter().find(|(declared, _)| declared == handle) {
        Some((_, prefix)) => Some(Tag::from_whole(&format!("{prefix}{suffix}"))),
        None if handle == "!!" => Some(Tag::from_core(&suffix)),
        None => (handle == "!").then_some(Tag::Other),
    }
}

pub(super) fn unescaped(uri: &str) -> Cow<'_, str> {
    if !uri.contains('%') {
        return Cow::Borrowed(uri);
    }
    let mut bytes = Vec::with_capacity(uri.len());
    let mut at = 0;
    while let Some(b) = uri.as_bytes().get(at) {
        let octet = uri.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match octet.filter(|_| *b == b'%') {
            Some(octet) => {
                bytes.push(octet);
                at += 3;
            }
            None => {
                bytes.push(*b);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads the anchor or alias at the cursor: its name, without the sign.
pub(super) fn scan_name<'t>(cursor: &mut Cursor<'t>) -> Result<&'t str, Box<Fault>> {
    let start = cursor.at;
    cursor.at += 1;
    skip(cursor, WORD);
    let name = &cursor.text[start + 1..cursor.at];
    let ends = matches!(cursor.peek(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`')
        || cursor.is_blank_or_end(cursor.at);
    if name.is_empty() || !ends {
        return Err(Fault::at(FaultKind::Name, start, cursor.at));
    }
    Ok(name)
}

/// Reads the tag at the cursor.
pub(super) fn scan_tag(cursor: &mut Cursor<'_>) -> Result<(), Box<Fault>> {
    let start = cursor.at;
    cursor.at += 1;
    let is_tag = if cursor.peek(0) == b'<' {
        cursor.at += 1;
        let is_uri = scan_uri(cursor, false);
        cursor.at += 1;
        is_uri && cursor.bytes()[..cursor.at.min(cursor.bytes().len())].ends_with(b">")
    } else {
        skip(cursor, WORD);
        let is_handle = cursor.peek(0) == b'!';
        cursor.at += usize::from(is_handle);
        scan_uri(cursor, !is_handle)
    };
    if is_tag && cursor.is_blank_or_end(cursor.at) {
        return Ok(());
    }
    Err(Fault::at(FaultKind::Tag, start, start + 1))
}

/// Passes over a tag's URI; says whether it is one. It may be empty where that is said.
pub(super) fn scan_uri(cursor: &mut Cursor<'_>, may_be_empty: bool) -> bool {
    let start = cursor.at;
    while is(cursor.peek(0), URI) {
        if cursor.peek(0) != b'%' {
            cursor.at += 1;
            continue;
        }
        // The octets of one character.
        let length = match octet(cursor) {
            Some(0..0x80) => 1,
            Some(0xC0..0xE0) => 2,
            Some(0xE0..0xF0) => 3,
            Some(0xF0..0xF8) => 4,
            _ => return false,
        };
        cursor.at += 3;
        for _ in 1..length {
            if octet(cursor).is_none_or(|octet| octet & 0xC0 != 0x80) {
                return false;
            }
            cursor.at += 3;
        }
    }
    may_be_empty || cursor.at > start
}

/// The octet that is written here as `%` and two digits.
fn octet(cursor: &Cursor<'_>) -> Option<u8> {
    let digits = cursor.bytes().get(cursor.at + 1..cursor.at + 3)?;
    if cursor.peek(0) != b'%' || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u8::from_str_radix(&cursor.text[cursor.at + 1..cursor.at + 3], 16).ok()
}

fn skip(cursor: &mut Cursor<'_>, class: u8) {
    while is(cursor.peek(0), class) {
        cursor.at += 1;
    }
}
