//! The bytes of a file as text.

use std::borrow::Cow;

use crate::rules::api_syntax::Encoding;
use jobguard_manifest::Span;

/// The text of a file. What is not UTF-8 is replaced, so that the rest can be read, and reported.
pub(crate) fn decode_text(bytes: &[u8]) -> (Cow<'_, str>, Option<(Span, Encoding)>) {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let units = bytes[2..].chunks_exact(2).map(|pair| match bytes[0] {
            0xff => u16::from_le_bytes([pair[0], pair[1]]),
            _ => u16::from_be_bytes([pair[0], pair[1]]),
        });
        let text =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        return (Cow::Owned(text), Some((Span::default(), Encoding::Utf16)));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => {
            let start = error.valid_up_to();
            let span = Span { start, end: start + char::REPLACEMENT_CHARACTER.len_utf8() };
            (Cow::Owned(String::from_utf8_lossy(bytes).into_owned()), Some((span, Encoding::NotUtf8)))
        }
    }
}
