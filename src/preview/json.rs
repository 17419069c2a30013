//! A preview for programs.

use std::io;

use serde::Serialize as _;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::model::Preview;
use jobguard_text::{is_steering, within_commands};

/// Writes one JSON document, piece by piece. Characters that steer terminals are escaped, and so is one of each command of a
/// CI log, as in the JSON of findings.
///
/// # Errors
///
/// Those of the writer.
pub fn write(preview: &Preview, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Harmless(PrettyFormatter::new()));
    preview.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Indents, and escapes in strings what is more than text where it is shown.
struct Harmless(PrettyFormatter<'static>);

impl Formatter for Harmless {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        let commands: Vec<usize> = within_commands(text).collect();
        if commands.is_empty() && !text.contains(is_steering) {
            return out.write_all(text.as_bytes());
        }
        for (at, c) in text.char_indices() {
            if !is_steering(c) && !commands.contains(&at) {
                out.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_escaped() {
        let odd = "a\u{1b}\u{202e}\u{e0041}\n\"é ##[error]";
        let mut out = Vec::new();
        odd.serialize(&mut Serializer::with_formatter(&mut out, Harmless(PrettyFormatter::new()))).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(is_steering) && !text.contains("##["), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), odd);
    }
}
