//! One field of a schedule: its set of values, and what was written for it.

use std::ops::Range;

use super::error::{ParseError, ParseErrorKind};
use super::field_kind::FieldKind;

/// A set of small numbers (0 to 63): the values of a field that match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FieldSet(u64);

impl FieldSet {
    /// The values from `start` to `end`, both included, `step` apart. `end` is at most 63, `step` at least 1.
    pub(super) fn range(start: u8, end: u8, step: u64) -> Self {
        let (end, step) = (end.min(63), usize::try_from(step).unwrap_or(usize::MAX).max(1));
        if step == 1 && start <= end {
            return Self(u64::MAX >> (63 - end) & u64::MAX << start);
        }
        Self((start..=end).step_by(step).fold(0, |bits, value| bits | 1 << value))
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `value` is in the set.
    pub const fn contains(self, value: u8) -> bool {
        value < 64 && self.0 & 1 << value != 0
    }

    /// How many values the set has.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the set has no value.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The values, smallest first.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = u8> {
        let (first, end) = (self.0.trailing_zeros(), 64 - self.0.leading_zeros());
        let small = |bit: u32| u8::try_from(bit).unwrap_or(u8::MAX);
        (small(first)..small(end)).filter(move |value| self.contains(*value))
    }

    /// The set of bits: the value N for bit N.
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The set as bits: bit N for the value N.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// One element of a field's list, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its bytes in the expression.
    pub span: Range<usize>,
    /// Whether it begins with `*` or `?`.
    pub star: bool,
    /// The first value it names.
    pub start: u8,
    /// The last value it names; the field's maximum for `*` and for `N/S`.
    pub end: u8,
    /// The number behind `/`, when there is one. It may be greater than the field's whole range.
    pub step: Option<u64>,
}

impl Part {
    /// The values it stands for.
    pub fn set(&self) -> FieldSet {
        FieldSet::range(self.start, self.end, self.step.unwrap_or(1))
    }
}

/// How many elements of a list are kept as they are written: as many as a field has values, and then some. A text of
/// a megabyte has room for half a million, each of which takes more memory than it takes text.
const KEPT_PARTS: usize = 64;

/// One of the five fields of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    kind: FieldKind,
    set: FieldSet,
    star: bool,
    span: Range<usize>,
    parts: Vec<Part>,
}

impl Field {
    /// Which field it is.
    pub const fn kind(&self) -> FieldKind {
        self.kind
    }

    /// The values that match. Empty for a field that is nothing but commas, which the API server accepts.
    pub const fn set(&self) -> FieldSet {
        self.set
    }

    /// Whether the field counts as unrestricted: some element of its list is `*` or `?`, or that with step 1.
    ///
    /// It decides how day of month and weekday go together: when either counts as unrestricted both must match,
    /// else one of them is enough. `*/2` counts as restricted, and `*,5` does not.
    pub const fn is_star(&self) -> bool {
        self.star
    }

    /// The field's bytes in the expression; for a descriptor (`@daily`) those of the whole descriptor.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The elements of the list as they are written, the first 64 of them; none for a descriptor.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// A field that a descriptor stands for: one value, or every one.
    pub(super) fn implied(kind: FieldKind, value: Option<u8>, span: Range<usize>) -> Self {
        let set = match value {
            Some(value) => FieldSet::range(value, value, 1),
            None => FieldSet::range(kind.min(), kind.max(), 1),
        };
        Self { kind, set, star: value.is_none(), span, parts: Vec::new() }
    }

    /// Parses the text of a field that begins at byte `at` of the expression.
    pub(super) fn parse(kind: FieldKind, text: &str, at: usize) -> Result<Self, ParseError> {
        let mut field = Self {
            kind,
            set: FieldSet::default(),
            star: false,
            span: at..at + text.len(),
            parts: Vec::new(),
        };
        for (part, offset) in split(text, ',', at) {
            // Empty elements are passed over, even when nothing else is there.
            if part.is_empty() {
                continue;
            }
            let part = Reader { kind, part, at: offset }.read()?;
            field.set = field.set.union(part.set());
            field.star |= part.star && part.step.unwrap_or(1) == 1;
            if field.parts.len() < KEPT_PARTS {
                field.parts.push(part);
            }
        }
        Ok(field)
    }
}

/// The pieces of `text` between separators, with the byte at which each begins.
fn split(text: &str, separator: char, at: usize) -> impl Iterator<Item = (&str, usize)> {
    let mut next = at;
    text.split(separator).map(move |piece| {
        let start = next;
        next += piece.len() + separator.len_utf8();
        (piece, start)
    })
}

/// Why a piece of text is no number.
enum NumberFault {
    Missing,
    Malformed,
    Negative,
    TooLarge,
}

/// Reads one element of a list.
struct Reader<'t> {
    kind: FieldKind,
    part: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn read(&self) -> Result<Part, ParseError> {
        let mut pieces = split(self.part, '/', self.at);
        let range = pieces.next().unwrap_or((self.part, self.at));
        let step = pieces.next();
        if let Some((_, at)) = pieces.next() {
            return Err(self.fault(at - 1..self.at + self.part.len(), ParseErrorKind::TooManySlashes));
        }
        let (star, start, end) = self.range(range, step.is_some())?;
        let step = step.map(|step| self.step(step)).transpose()?;
        Ok(Part { span: self.at..self.at + self.part.len(), star, start, end, step })
    }

    /// `*`, `?`, `N` or `N-M`: whether it is a star, the first value and the last.
    fn range(&self, (text, at): (&str, usize), has_step: bool) -> Result<(bool, u8, u8), ParseError> {
        let mut pieces = split(text, '-', at);
        let low = pieces.next().unwrap_or((text, at));
        // What follows a star's hyphen is never looked at: `*-x` is a star.
        if matches!(low.0, "*" | "?") {
            return Ok((true, self.kind.min(), self.kind.max()));
        }
        let high = pieces.next();
        if let Some((_, third)) = pieces.next() {
            let missing = low.0.is_empty() || high.is_some_and(|(text, _)| text.is_empty());
            let kind = if missing { ParseErrorKind::MissingNumber } else { ParseErrorKind::TooManyHyphens };
            return Err(self.fault(third - 1..at + text.len(), kind));
        }
        let start = self.value(low)?;
        let end = match high {
            Some(high) => {
                self.value(high).map_err(|error| self.until_seven(error, low.0, start, has_step))?
            }
            None if has_step => self.kind.max(),
            None => start,
        };
        if start > end {
            let (low, high) = (self.kind.min(), self.kind.max());
            let span = |a: u8, b: u8| if a == b { a.to_string() } else { format!("{a}-{b}") };
            let replacement = (!has_step).then(|| format!("{},{}", span(start, high), span(low, end)));
            return Err(self.fault(at..at + text.len(), ParseErrorKind::Backwards { replacement }));
        }
        Ok((false, start, end))
    }

    /// A number within the field's bounds, or a name.
    fn value(&self, (text, at): (&str, usize)) -> Result<u8, ParseError> {
        let lower = lower(text);
        let named = self.kind.names().iter().position(|name| lower.eq_ignore_ascii_case(name));
        if let Some(index) = named.and_then(|index| u8::try_from(index).ok()) {
            return Ok(self.kind.min() + index);
        }
        let span = at..at + text.len();
        let (min, max) = (self.kind.min(), self.kind.max());
        match number(text) {
            Ok(value) if value < u64::from(min) => Err(self.fault(span, ParseErrorKind::BelowMinimum)),
            Ok(7) if self.kind == FieldKind::Weekday => Err(self.seven(span)),
            Ok(value) => match u8::try_from(value) {
                Ok(value) if value <= max => Ok(value),
                _ => Err(self.fault(span, ParseErrorKind::AboveMaximum)),
            },
            Err(NumberFault::TooLarge) => Err(self.fault(span, ParseErrorKind::AboveMaximum)),
            Err(NumberFault::Missing) => {
                Err(self.fault(self.at..self.at + self.part.len(), ParseErrorKind::MissingNumber))
            }
            Err(NumberFault::Negative) => Err(self.fault(span, ParseErrorKind::BelowMinimum)),
            Err(NumberFault::Malformed) => Err(self.not_a_number(text, span)),
        }
    }

    /// The number behind the slash.
    fn step(&self, (text, at): (&str, usize)) -> Result<u64, ParseError> {
        let span = at..at + text.len();
        match number(text) {
            Ok(0) | Err(NumberFault::Negative) => Err(self.fault(span, ParseErrorKind::StepNotPositive)),
            Ok(step) => Ok(step),
            Err(NumberFault::Missing) => {
                Err(self.fault(self.at..self.at + self.part.len(), ParseErrorKind::MissingNumber))
            }
            Err(NumberFault::Malformed) => Err(self.fault(span, ParseErrorKind::NotANumber)),
            Err(NumberFault::TooLarge) => Err(self.fault(span, ParseErrorKind::StepTooLarge)),
        }
    }

    /// Weekday 7, which other programs take for Sunday.
    fn seven(&self, span: Range<usize>) -> ParseError {
        let replacement = (self.part == "7").then(|| "0".to_owned());
        self.fault(span, ParseErrorKind::SundaySeven { replacement })
    }

    /// A range that runs up to weekday 7 can be written as a whole.
    fn until_seven(&self, error: ParseError, low: &str, start: u8, has_step: bool) -> ParseError {
        if has_step || !matches!(error.kind, ParseErrorKind::SundaySeven { .. }) {
            return error;
        }
        let replacement = match start {
            0 => "0-6".to_owned(),
            6 => format!("{low},0"),
            _ => format!("{low}-6,0"),
        };
        let element = self.at..self.at + self.part.len();
        self.fault(element, ParseErrorKind::SundaySeven { replacement: Some(replacement) })
    }

    fn not_a_number(&self, text: &str, span: Range<usize>) -> ParseError {
        let kind = if text.len() >= 3 && text.chars().all(|letter| letter.is_ascii_alphabetic()) {
            let named = |kind: &FieldKind| {
                let known =
                    |name: &&&str| text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(name));
                kind.names().iter().find(known).map(|name| (*kind, *name))
            };
            match named(&self.kind) {
                Some((_, name)) => ParseErrorKind::UnknownName { suggestion: Some(name) },
                None => match FieldKind::ALL.iter().find_map(named) {
                    Some((belongs, _)) => ParseErrorKind::NameOfOtherField { belongs },
                    None if self.kind.names().is_empty() => ParseErrorKind::NotANumber,
                    None => ParseErrorKind::UnknownName { suggestion: None },
                },
            }
        } else {
            ParseErrorKind::NotANumber
        };
        self.fault(span, kind)
    }

    fn fault(&self, span: Range<usize>, kind: ParseErrorKind) -> ParseError {
        let found = span.start.checked_sub(self.at).zip(span.end.checked_sub(self.at));
        let found = found.and_then(|(start, end)| self.part.get(start..end)).unwrap_or(self.part);
        ParseError::new(span, Some(self.kind), found, kind)
    }
}

/// Lower case as the server's parser makes it for names: one character for each, so that a dotted capital I
/// becomes a plain i.
fn lower(text: &str) -> String {
    text.chars().map(|letter| if letter == '\u{130}' { 'i' } else { letter.to_ascii_lowercase() }).collect()
}

/// A whole number as Go's `strconv.Atoi` reads it: an optional sign, then digits, any number of zeros before
/// them, at most what 64 signed bits hold.
fn number(text: &str) -> Result<u64, NumberFault> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if text.is_empty() {
        return Err(NumberFault::Missing);
    }
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(NumberFault::Malformed);
    }
    // What parse refuses now can only be too large.
    match digits.parse::<u64>() {
        Ok(value) if negative && value > 0 => Err(NumberFault::Negative),
        Ok(value) if i64::try_from(value).is_ok() => Ok(value),
        _ if negative => Err(NumberFault::Negative),
        _ => Err(NumberFault::TooLarge),
    }
}
