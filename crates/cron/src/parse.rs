//! A whole expression: a time zone prefix, a descriptor or five fields, and what another program's schedule is.

use std::ops::Range;

use super::error::{ParseError, ParseErrorKind};
use super::expression::{self, Refusal};
use super::schedule::Schedule;
use super::{dialects, zone};

impl Schedule {
    /// Parses the value of `spec.schedule` as the API server does on creation.
    ///
    /// # Errors
    ///
    /// The first fault, with its place in the expression. A time zone prefix (`TZ=`, `CRON_TZ=`) is refused
    /// with its own kind, [`ParseErrorKind::TimeZonePrefix`].
    pub fn parse(expression: &str) -> Result<Self, ParseError> {
        match Prefix::of(expression) {
            Some(prefix) => Err(prefix.refused()),
            None => body(expression, 0),
        }
    }

    /// Parses like [`Schedule::parse`], but takes a time zone prefix for granted, as the API server does on
    /// update where the old schedule has one. Returns the zone as it is written, and the schedule.
    ///
    /// The prefix knows two names more than `spec.timeZone`: the empty one (`TZ= 0 0 * * *`) is UTC, and `Local`
    /// is the controller's own zone.
    ///
    /// # Errors
    ///
    /// As [`Schedule::parse`], and a prefix whose zone is unknown or that nothing follows.
    pub fn parse_tolerating_tz(expression: &str) -> Result<(Option<&str>, Self), ParseError> {
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

    /// As [`Schedule::parse_tolerating_tz`], where it does not matter why an expression is refused: to find that out may take
    /// far longer than to read a schedule.
    pub fn accepted(expression: &str) -> Option<(Option<&str>, Self)> {
        let Some(prefix) = Prefix::of(expression) else {
            return Some((None, expression::read(expression, 0).ok()?));
        };
        let (schedule, at) = prefix.schedule.filter(|_| zone::known_to_prefix(prefix.zone))?;
        Some((Some(prefix.zone), expression::read(schedule, at).ok()?))
    }
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
    let refusal = match expression::read(text, at) {
        Ok(schedule) => return Ok(schedule),
        Err(refusal) => refusal,
    };
    // Other dialects are recognised only in what is refused anyway.
    Err(dialects::recognise(text, at).unwrap_or_else(|| match refusal {
        Refusal::Count(words) => dialects::wrong_count(text, at, &words),
        Refusal::Fault(error) => error,
    }))
}
