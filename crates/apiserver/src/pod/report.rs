//! Collecting field errors, and showing values in messages.

use std::fmt::Write as _;

use crate::{Cause, FieldError, Topic};
use jobguard_manifest::At;

/// How much of an offending value a message shows.
const SHOWN_CHARACTERS: usize = 40;

/// Where a fault is: the field as the server names it, and the place in the object where that is another one.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    field: &'p At<'p>,
    real: Option<&'p At<'p>>,
}

impl<'p> From<&'p At<'p>> for Place<'p> {
    fn from(field: &'p At<'p>) -> Self {
        Self { field, real: None }
    }
}

impl<'p> From<(&'p At<'p>, &'p At<'p>)> for Place<'p> {
    /// The server's name first, the real place second.
    fn from((field, real): (&'p At<'p>, &'p At<'p>)) -> Self {
        Self { field, real: Some(real) }
    }
}

/// A sink for the errors of one topic.
pub(super) struct Report<'e> {
    errors: &'e mut Vec<FieldError>,
    topic: Topic,
}

impl<'e> Report<'e> {
    pub(super) fn new(errors: &'e mut Vec<FieldError>, topic: Topic) -> Self {
        Self { errors, topic }
    }

    /// The same sink for another topic.
    pub(super) fn topic(&mut self, topic: Topic) -> Report<'_> {
        Report { errors: self.errors, topic }
    }

    /// How many errors there are so far.
    pub(super) fn count(&self) -> usize {
        self.errors.len()
    }

    /// Runs a check on what stands at `real` but what the server calls `named`.
    pub(super) fn within(
        &mut self,
        real: &At<'_>,
        named: &At<'_>,
        check: impl FnOnce(&At<'_>, &mut Report<'_>),
    ) {
        let before = self.errors.len();
        check(real, self);
        if self.errors.len() == before {
            return;
        }
        let (real, named) = (real.to_path(), named.to_path());
        for error in &mut self.errors[before..] {
            let Some(below) = error.path.segments().get(real.segments().len()..) else { continue };
            let mut path = named.clone();
            below.iter().for_each(|segment| path.push(segment.clone()));
            let place = std::mem::replace(&mut error.path, path);
            error.at.get_or_insert(place);
        }
    }

    /// Runs a check on what an annotation or the like says, so that everything found stands at `real`.
    pub(super) fn inside(&mut self, real: &At<'_>, check: impl FnOnce(&mut Report<'_>)) {
        let before = self.errors.len();
        check(self);
        for error in &mut self.errors[before..] {
            error.at = Some(real.to_path());
        }
    }

    fn add<'p>(&mut self, cause: Cause, place: impl Into<Place<'p>>, message: impl Into<String>) {
        let place = place.into();
        let mut error = FieldError::new(place.field.to_path(), cause, self.topic, message);
        error.at = place.real.map(At::to_path).filter(|real| *real != error.path);
        self.errors.push(error);
    }

    pub(super) fn required<'p>(&mut self, place: impl Into<Place<'p>>, message: impl Into<String>) {
        self.add(Cause::Required, place, message);
    }

    pub(super) fn invalid<'p>(&mut self, place: impl Into<Place<'p>>, message: impl Into<String>) {
        self.add(Cause::Invalid, place, message);
    }

    pub(super) fn forbidden<'p>(&mut self, place: impl Into<Place<'p>>, message: impl Into<String>) {
        self.add(Cause::Forbidden, place, message);
    }

    pub(super) fn too_long<'p>(&mut self, place: impl Into<Place<'p>>, message: impl Into<String>) {
        self.add(Cause::TooLong, place, message);
    }

    pub(super) fn too_many<'p>(&mut self, place: impl Into<Place<'p>>, message: impl Into<String>) {
        self.add(Cause::TooMany, place, message);
    }

    /// A value that stands twice.
    pub(super) fn duplicate<'p>(&mut self, place: impl Into<Place<'p>>, value: &str, message: &str) {
        self.add(Cause::Duplicate, place, format!("{} {message}", quote(value)));
    }

    /// A reference to something that is not there.
    pub(super) fn not_found<'p>(&mut self, place: impl Into<Place<'p>>, value: &str, message: &str) {
        self.add(Cause::NotFound, place, format!("{} {message}", quote(value)));
    }

    /// A value outside the closed set `known`.
    pub(super) fn not_supported<'p>(&mut self, place: impl Into<Place<'p>>, value: &str, known: &[&str]) {
        self.add(
            Cause::NotSupported,
            place,
            format!("{} is not a value of this field: use {}", quote(value), one_of(known)),
        );
    }

    /// A malformed name: an error for each problem that [`crate::names`] found in it.
    pub(super) fn name<'p>(&mut self, place: impl Into<Place<'p>>, value: &str, problems: Vec<&'static str>) {
        let place = place.into();
        for problem in problems {
            self.add(Cause::Invalid, place, format!("{} {problem}", quote(value)));
        }
    }
}

/// The start of `value` in double quotes, with control characters escaped.
pub(super) fn quote(value: &str) -> String {
    let mut shown = String::from("\"");
    let mut characters = value.chars();
    for character in characters.by_ref().take(SHOWN_CHARACTERS) {
        if character.is_control() {
            let _ = write!(shown, "{}", character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown.push('"');
    shown
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn one_of(known: &[&str]) -> String {
    match known {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The elements of an optional list.
pub(super) fn list<T>(list: &Option<Vec<T>>) -> &[T] {
    list.as_deref().unwrap_or_default()
}

/// An optional string, where absent and empty mean the same.
pub(super) fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_and_escaped() {
        assert_eq!(quote("a\nb"), "\"a\\nb\"");
        assert_eq!(quote(&"é".repeat(41)), format!("\"{}…\"", "é".repeat(40)));
    }

    #[test]
    fn alternatives_read_as_prose() {
        assert_eq!(one_of(&["a"]), "a");
        assert_eq!(one_of(&["a", "b", "c"]), "a, b or c");
    }
}
