//! An expression without a time zone, as the API server takes it: a descriptor or five fields.

use super::descriptors::{self, DESCRIPTORS};
use super::error::{ParseError, ParseErrorKind};
use super::field::Field;
use super::field_kind::FieldKind;
use super::schedule::{Schedule, When};
use jobguard_text::duration::{self, DurationFault};

const EVERY: &str = "@every ";

/// Why an expression is refused.
pub(super) enum Refusal<'t> {
    /// It has not five words, but these, each with the byte at which it begins.
    Count(Vec<(&'t str, usize)>),
    /// The first fault.
    Fault(ParseError),
}

impl From<ParseError> for Refusal<'_> {
    fn from(error: ParseError) -> Self {
        Self::Fault(error)
    }
}

/// An expression that begins at byte `at` of the whole.
pub(super) fn read(text: &str, at: usize) -> Result<Schedule, Refusal<'_>> {
    if text.starts_with('@') { descriptor(text, at) } else { five(text, at) }
}

fn descriptor(text: &str, at: usize) -> Result<Schedule, Refusal<'_>> {
    let span = at..at + text.len();
    if let Some((_, values)) = DESCRIPTORS.iter().find(|(name, _)| *name == text) {
        let field = |index: usize| Field::implied(FieldKind::ALL[index], values[index], span.clone());
        return Ok(Schedule { when: When::Fields(Box::new(std::array::from_fn(field))) });
    }
    let Some(written) = text.strip_prefix(EVERY) else {
        let kind = match text.split_whitespace().next() {
            Some("@every") => ParseErrorKind::Duration(DurationFault::Missing),
            _ => ParseErrorKind::UnknownDescriptor { suggestion: descriptors::nearest(text) },
        };
        return Err(ParseError::new(span, None, text, kind).into());
    };
    let start = at + EVERY.len();
    match duration::parse(written) {
        // Less than a second, and less than nothing, counts as a second.
        Ok(nanoseconds) => {
            let seconds = u64::try_from(nanoseconds / 1_000_000_000).unwrap_or(0).max(1);
            Ok(Schedule { when: When::Every(seconds) })
        }
        Err((place, fault)) => {
            let found = written.get(place.clone()).unwrap_or(written);
            let place = if place.is_empty() { span } else { start + place.start..start + place.end };
            Err(ParseError::new(place, None, found, ParseErrorKind::Duration(fault)).into())
        }
    }
}

fn five(text: &str, at: usize) -> Result<Schedule, Refusal<'_>> {
    let words = words(text, at);
    let [minute, hour, day, month, weekday] = words.as_slice() else {
        return Err(Refusal::Count(words));
    };
    let field = |kind, (word, at): &(&str, usize)| Field::parse(kind, word, *at);
    let fields = [
        field(FieldKind::Minute, minute)?,
        field(FieldKind::Hour, hour)?,
        field(FieldKind::DayOfMonth, day)?,
        field(FieldKind::Month, month)?,
        field(FieldKind::Weekday, weekday)?,
    ];
    Ok(Schedule { when: When::Fields(Box::new(fields)) })
}

/// The words of a text that begins at byte `at`, and where each begins. White space is Unicode's.
pub(super) fn words(text: &str, at: usize) -> Vec<(&str, usize)> {
    let mut next = 0;
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        // Words come in order and hold no white space, so the next occurrence is the word itself or begins
        // inside none before it.
        let start = next + text[next..].find(|letter: char| !letter.is_whitespace()).unwrap_or(0);
        words.push((word, at + start));
        next = start + word.len();
    }
    words
}
