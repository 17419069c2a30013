//! Reads single values.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::model::Spanned;
use crate::policy::reader::{Reader, Value, quoted};
use jobguard_manifest::{At, Span};

/// The first byte: an error about the whole text points at it.
pub(super) fn start(span: Span) -> Span {
    Span { end: span.start, ..span }
}

/// A string that is not empty.
pub(super) fn text(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Spanned<String>> {
    let text = reader.string(value, at)?;
    if text.is_empty() {
        reader.fault(value.span, at, "is empty", None);
        return None;
    }
    Some(Spanned { value: text.to_owned(), span: value.span, path: at.to_string() })
}

/// A time, or the beginning of a day in UTC.
pub(super) fn time(reader: &mut Reader<'_>, value: Value, at: &At<'_>) -> Option<Timestamp> {
    let text = reader.string(value, at)?;
    let day = |text: &str| {
        let date: Date = text.parse().ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    // A time without a zone would be read as a date.
    let is_day = text.len() == "2027-03-28".len();
    let time = if is_day { day(text) } else { text.parse().ok() };
    if time.is_none() {
        let help = "write a time such as 2027-03-28T00:00:00Z, or a date";
        reader.fault(value.span, at, format!("{} is not a time", quoted(text)), Some(help.to_owned()));
    }
    time
}
