//! A whole expression: time zone prefix, descriptor or five fields.

use std::ops::Range;

use super::error::{ParseError, ParseErrorKind};
use super::field::{Field, FieldKind};
use super::{Schedule, When, dialects, zone};
use jobguard_text::duration::{self, DurationFault};

/// The descriptors that stand for five fields: name, then minute, hour, day of month, month and weekday.
pub(super) const DESCRIPTORS: [(&str, [Option<u8>; 5]); 7] = [
    ("@yearly", [Some(0), Some(0), Some(1), Some(1), None]),
    ("@annually", [Some(0), Some(0), Some(1), Some(1), None]),
    ("@monthly", [Some(0), Some(0), Some(1), None, None]),
    ("@weekly", [Some(0), Some(0), None, None, Some(0)]),
    ("@daily", [Some(0), Some(0), None, None, None]),
    ("@midnight", [Some(0), Some(0), None, None, None]),
    ("@hourly", [Some(0), None, None, None, None]),
];

const EVERY: &str = "@every ";

/// An expression as `spec.schedule` takes it: no time zone.
pub(super) fn without_zone(expression: &str) -> Result<Schedule, ParseError> {
    match Prefix::of(expression) {
        Some(prefix) => Err(prefix.refused()),
        None => body(expression, 0),
    }
}

/// An expression that may begin with a time zone.
pub(super) fn with_zone(expression: &str) -> Result<(Option<&str>, Schedule), ParseError> {
    let Some(prefix) = Prefix::of(expression) else { return Ok((None, body(expression, 0)?)) };
    let Some((schedule, at)) = prefix.schedule else {
        let kind = ParseErrorKind::PrefixWithoutSchedule;
        return Err(ParseError::new(0..expression.len(), None, expression, kind));
    };
    if !zone::known_to_prefix(prefix.zone) {
        let kind = ParseErrorKind::UnknownPrefixZone { zone: prefix.zone.to_owned() };
        return Err(ParseError::new(prefix.span.clone(), None, prefix.zone, kind));
    }
    Ok((Some(prefix.zone), body(schedule, at)?))
}

/// `TZ=ZONE` or `CRON_TZ=ZONE` before a schedule.
struct Prefix<'t> {
    zone: &'t str,
    /// The bytes of the zone's name.
    span: Range<usize>,
    /// What follows, without white space around it, and where it begins; none when no space ends the zone.
    schedule: Option<(&'t str, usize)>,
}

impl<'t> Prefix<'t> {
    fn of(expression: &'t str) -> Option<Self> {
        let marker = ["TZ=", "CRON_TZ="].into_iter().find(|marker| expression.starts_with(marker))?;
        let rest = &expression[marker.len()..];
        // Only a plain space ends the zone, a tab does not.
        let (zone, schedule) = match rest.split_once(' ') {
            Some((zone, schedule)) => (zone, Some(schedule)),
            None => (rest, None),
        };
        let schedule = schedule.map(|text| (text.trim(), expression.len() - text.trim_start().len()));
        Some(Self { zone, span: marker.len()..marker.len() + zone.len(), schedule })
    }

    fn refused(self) -> ParseError {
        let kind = ParseErrorKind::TimeZonePrefix {
            zone: self.zone.to_owned(),
            schedule: self.schedule.map_or("", |(text, _)| text).to_owned(),
        };
        ParseError::new(0..self.span.end, None, self.zone, kind)
    }
}

/// An expression without a time zone, which begins at byte `at` of the whole.
fn body(text: &str, at: usize) -> Result<Schedule, ParseError> {
    let parsed = if text.starts_with('@') { descriptor(text, at) } else { five(text, at) };
    // Other dialects are recognised only in what is refused anyway.
    parsed.map_err(|error| dialects::recognise(text, at).unwrap_or(error))
}

fn descriptor(text: &str, at: usize) -> Result<Schedule, ParseError> {
    let span = at..at + text.len();
    if let Some((_, values)) = DESCRIPTORS.iter().find(|(name, _)| *name == text) {
        let field = |index: usize| Field::implied(FieldKind::ALL[index], values[index], span.clone());
        return Ok(Schedule { when: When::Fields(Box::new(std::array::from_fn(field))) });
    }
    let Some(written) = text.strip_prefix(EVERY) else {
        let kind = match text.split_whitespace().next() {
            Some("@every") => ParseErrorKind::Duration(DurationFault::Missing),
            _ => ParseErrorKind::UnknownDescriptor { suggestion: dialects::nearest_descriptor(text) },
        };
        return Err(ParseError::new(span, None, text, kind));
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
            Err(ParseError::new(place, None, found, ParseErrorKind::Duration(fault)))
        }
    }
}

fn five(text: &str, at: usize) -> Result<Schedule, ParseError> {
    let words = words(text, at);
    let [minute, hour, day, month, weekday] = words.as_slice() else {
        return Err(dialects::wrong_count(text, at, &words));
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
