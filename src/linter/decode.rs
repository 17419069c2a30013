//! The bytes of a file as text.

use std::borrow::Cow;

use jobguard_manifest::Span;

/// The text of a file. What is not UTF-8 is replaced, so that the rest can be read, and reported: where, what, and what to
/// do about it.
pub(super) fn decode_text(bytes: &[u8]) -> (Cow<'_, str>, Option<(Span, &'static str, &'static str)>) {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let problem = (
            Span::default(),
            "the file is UTF-16, which is not read reliably by Kubernetes tools",
            "save it as UTF-8",
        );
        let units = bytes[2..].chunks_exact(2).map(|pair| match bytes[0] {
            0xff => u16::from_le_bytes([pair[0], pair[1]]),
            _ => u16::from_be_bytes([pair[0], pair[1]]),
        });
        let text =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        return (Cow::Owned(text), Some(problem));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => {
            let start = error.valid_up_to();
            let span = Span { start, end: start + char::REPLACEMENT_CHARACTER.len_utf8() };
            let problem = (span, "the text is not UTF-8 here", "save the file as UTF-8");
            (Cow::Owned(String::from_utf8_lossy(bytes).into_owned()), Some(problem))
        }
    }
}
