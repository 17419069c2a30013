//! The text of the annotation that suppresses rules: the one reader of it.
//!
//! ```text
//! annotation = entry *( ";" entry )
//! entry      = rule *( "," rule ) [ "until=" YYYY-MM-DD ] [ "(" reason ")" ]
//! rule       = id / category "/*"
//! ```
//!
//! White space, line ends included, may stand between any two of them. What does not fit is a [`AnnotationFault`], and the entry
//! that it stands in, from semicolon to semicolon, suppresses nothing; the other entries count. A reason ends at its first
//! closing parenthesis, so that the grammar is regular: API servers read it by a regular expression (`export`).
//!
//! One pass over the text. It is read up to [`MAX_ANNOTATION_BYTES`]; up to there what is kept of it is in proportion to its
//! length, and beyond that it costs nothing.

mod token;

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use crate::policy::{self, ExceptionState, date, lasts_longer};
use token::{Token, has_shape_of_rule, next, of_until};

/// The annotation that names the rules to ignore: `jobguard.dev/ignore: job/no-deadline until=2027-01-31 (reason)`. Its
/// grammar is that of [`Annotation`].
pub const ANNOTATION: &str = "jobguard.dev/ignore";

/// The longest annotation that is read, in bytes. A longer one suppresses nothing.
pub const MAX_ANNOTATION_BYTES: usize = policy::Suppressions::MAX_ANNOTATION_BYTES;

/// How many names of an annotation are read, each counted once: more than there are rules. Those behind them suppress
/// nothing.
pub const MAX_NAMES: usize = 200;

/// The annotation of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotation<'a> {
    /// In the order of the text. Each names a rule at least.
    pub entries: Vec<Entry<'a>>,
    /// What does not fit the grammar, each kind once, by its first place.
    pub(super) faults: Vec<AnnotationFault<'a>>,
    pub(super) excess: Option<AnnotationExcess>,
}

/// Rules with the day and the reason that hold for all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Ids and categories, as they are written.
    pub names: Vec<&'a str>,
    /// The last day, in UTC, on which it counts.
    pub until: Option<Date>,
    /// Why, in its author's words.
    pub reason: Option<&'a str>,
    /// Whether something between the semicolons around it does not fit the grammar, so that it suppresses nothing.
    pub is_void: bool,
}

/// A name that counts, with the day and the reason of the entry in which it lasts longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term<'a> {
    /// An id or a category, as it is written.
    pub name: &'a str,
    /// The last day, in UTC, on which it counts; none where there is no end.
    pub until: Option<Date>,
    /// Why, in its author's words.
    pub reason: Option<&'a str>,
}

/// What does not fit the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnnotationFault<'a> {
    /// A parenthesis that closes nothing, or that nothing closes; one within a reason counts as the former.
    Parenthesis,
    /// Text that is neither a rule nor in parentheses.
    Text {
        /// Its beginning.
        text: &'a str,
        /// The annotation with that text in parentheses, where it can be no more than the reason.
        corrected: Option<String>,
    },
    /// A day that is not written as it must be, or that there is not.
    Date {
        /// As it is written.
        text: &'a str,
        /// The annotation with the day as it must be written, where it is clear which one is meant.
        corrected: Option<String>,
    },
    /// A second day or reason in one entry.
    Twice,
    /// A rule after the day or the reason of an entry, with no semicolon between them.
    NoSemicolon {
        /// The rule.
        name: &'a str,
        /// The annotation with the semicolon.
        corrected: Option<String>,
    },
    /// A rule right after another, with no comma between them.
    NoComma {
        /// The second of them.
        name: &'a str,
        /// The annotation with the comma.
        corrected: Option<String>,
    },
    /// A day or a reason with no rule before it.
    NoRule,
}

impl AnnotationFault<'_> {
    /// The whole annotation as it is perhaps meant.
    pub fn corrected(&self) -> Option<&str> {
        match self {
            Self::Text { corrected, .. }
            | Self::Date { corrected, .. }
            | Self::NoSemicolon { corrected, .. }
            | Self::NoComma { corrected, .. } => corrected.as_deref(),
            Self::Parenthesis | Self::Twice | Self::NoRule => None,
        }
    }
}

/// What of an annotation is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationExcess {
    /// All of it: it has so many bytes.
    Bytes(usize),
    /// What stands behind the first [`MAX_NAMES`] names.
    Names,
}

impl<'a> Annotation<'a> {
    /// Reads the annotation's value.
    pub fn parse(text: &'a str) -> Self {
        if text.len() > MAX_ANNOTATION_BYTES {
            return Self { excess: Some(AnnotationExcess::Bytes(text.len())), ..Self::default() };
        }
        let mut reader = Reader { text, ..Reader::default() };
        let mut rest = 0;
        while let Some((token, start, end)) = next(text, rest) {
            rest = end;
            if !reader.take(token, start, end) {
                break;
            }
        }
        reader.end()
    }

    /// The names of entries that fit the grammar, each once, in the order of the text.
    pub fn terms(&self) -> Vec<Term<'a>> {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut terms: Vec<Term<'a>> = Vec::new();
        for entry in self.entries.iter().filter(|entry| !entry.is_void) {
            let Entry { until, reason, .. } = *entry;
            for name in &entry.names {
                let term = Term { name, until, reason };
                match places.get(name).and_then(|place| terms.get_mut(*place)) {
                    Some(other) if lasts_longer(until, other.until) => *other = term,
                    Some(_) => {}
                    None => {
                        places.insert(name, terms.len());
                        terms.push(term);
                    }
                }
            }
        }
        terms
    }

    /// The names that count on a day, each once, in the order of the text.
    pub fn names(&self, today: Date) -> Vec<&'a str> {
        let counts = |term: &Term<'_>| ExceptionState::of(term.until, today).counts();
        self.terms().into_iter().filter(counts).map(|term| term.name).collect()
    }

    /// The annotation as it would be written with these entries, or nothing where none of them names a rule.
    fn written(entries: &[Entry<'_>]) -> Option<String> {
        let of = |entry: &Entry<'_>| {
            let mut text = entry.names.join(", ");
            if let Some(day) = entry.until {
                text.push_str(&format!(" until={day}"));
            }
            if let Some(reason) = entry.reason {
                text.push_str(&format!(" ({reason})"));
            }
            text
        };
        let entries: Vec<_> = entries.iter().filter(|entry| !entry.names.is_empty()).map(of).collect();
        (!entries.is_empty()).then(|| entries.join("; "))
    }

    /// Whether all of it was read, so that it can be written anew with nothing lost.
    pub(super) fn is_whole(&self) -> bool {
        self.excess.is_none() && self.faults.is_empty()
    }

    /// The annotation with other names in the place of one, or without it; nothing where no rule is left.
    pub(super) fn with<'b>(&'b self, name: &str, by: &[&'b str]) -> Option<String> {
        let mut entries: Vec<Entry<'b>> = self.entries.clone();
        for entry in &mut entries {
            let mut seen = HashSet::new();
            let names = std::mem::take(&mut entry.names);
            let one = |each: &'b str| if each == name { by.to_vec() } else { vec![each] };
            entry.names = names.into_iter().flat_map(one).filter(|each| seen.insert(*each)).collect();
        }
        Self::written(&entries)
    }
}

/// A day in the middle of being read.
#[derive(Debug, Clone, Copy)]
struct Day {
    /// Where `until` stands.
    start: usize,
    end: usize,
    has_sign: bool,
    is_proper: bool,
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Reader<'a> {
    text: &'a str,
    done: Vec<Entry<'a>>,
    entry: Entry<'a>,
    faults: Vec<AnnotationFault<'a>>,
    names: HashSet<&'a str>,
    excess: Option<AnnotationExcess>,
    /// The word before in this item of the list, which is no rule by its shape: a misspelt one if it stays alone.
    bare: Option<(usize, usize)>,
    /// Whether a word of this item has been read.
    item_begun: bool,
    /// Where text began in this entry that is no rule, and where it ended.
    stray: Option<(usize, usize)>,
    /// Of the first text of that kind: entry, and place.
    first_stray: Option<(usize, (usize, usize))>,
    /// Whether something of its entry followed it that is no more of it.
    stray_is_followed: bool,
    day: Option<Day>,
    has_day: bool,
    /// A day with a spelling of its own: where it stands, and how it is written.
    misspelt: Option<(&'a str, Option<Date>)>,
    /// The first rule that lacks a semicolon before it.
    unseparated: Option<&'a str>,
    /// The first rule that lacks a comma before it.
    adjoining: Option<&'a str>,
    /// How many entries were done at the last semicolon, and whether something behind it does not fit.
    group: usize,
    is_void: bool,
}

impl<'a> Reader<'a> {
    /// Takes one token. False where no more is read.
    fn take(&mut self, token: Token<'a>, start: usize, end: usize) -> bool {
        if let Some(day) = self.day.take()
            && self.value_of(day, token, end)
        {
            return true;
        }
        match token {
            Token::Word(word) => return self.word(word, start, end),
            Token::Comma => return self.end_item(),
            Token::Semicolon => {
                let goes_on = self.end_item();
                self.end_group();
                return goes_on;
            }
            Token::Reason { text, is_closed } => {
                if !self.end_item() {
                    return false;
                }
                self.stray_is_followed |= self.stray.is_some();
                if !is_closed {
                    self.fault(AnnotationFault::Parenthesis);
                }
                if self.entry.reason.is_some() {
                    self.fault(AnnotationFault::Twice);
                } else {
                    self.entry.reason = Some(text);
                }
            }
            Token::Closing => {
                self.fault(AnnotationFault::Parenthesis);
            }
        }
        true
    }

    /// The token after `until`, or after a sign that stands alone behind it. False where it is not the day's.
    fn value_of(&mut self, day: Day, token: Token<'a>, end: usize) -> bool {
        let Token::Word(word) = token else {
            self.no_day(day);
            return false;
        };
        let word = match word.strip_prefix(['=', ':']) {
            Some("") if !day.has_sign => {
                let is_proper = day.is_proper && word == "=";
                self.day = Some(Day { end, has_sign: true, is_proper, ..day });
                return true;
            }
            Some(value) if !day.has_sign => {
                self.set_day(value, day.is_proper && word.starts_with('='));
                return true;
            }
            _ => word,
        };
        if day.has_sign || word.starts_with(|c: char| c.is_ascii_digit()) {
            self.set_day(word, day.has_sign && day.is_proper);
            return true;
        }
        self.no_day(day);
        false
    }

    /// No value follows: `until` was a word like any other, or its value is missing.
    fn no_day(&mut self, day: Day) {
        if day.has_sign {
            self.set_day("", false);
        } else {
            let start = self.bare.take().map_or(day.start, |(start, _)| start);
            self.put_stray(start, day.end);
        }
    }

    fn set_day(&mut self, text: &'a str, is_proper: bool) {
        // Where that is one name too many, the next will say so.
        self.settle();
        if self.has_day {
            self.fault(AnnotationFault::Twice);
            return;
        }
        self.has_day = true;
        let day = date::parse(text);
        self.entry.until = day;
        if day.is_none() || !is_proper {
            self.is_void = true;
            self.misspelt.get_or_insert((text, day));
        }
    }

    fn word(&mut self, word: &'a str, start: usize, end: usize) -> bool {
        if let Some((value, is_proper)) = of_until(word) {
            self.stray_is_followed |= self.stray.is_some() && value.is_some();
            match value {
                Some("") => self.day = Some(Day { start, end, has_sign: true, is_proper }),
                Some(value) => self.set_day(value, is_proper),
                None => self.day = Some(Day { start, end, has_sign: false, is_proper: word == "until" }),
            }
            return true;
        }
        let first = !std::mem::replace(&mut self.item_begun, true);
        if has_shape_of_rule(word) && (first || (self.bare.is_none() && !self.stray_reaches(start))) {
            if !first && !self.has_day && self.entry.reason.is_none() {
                self.adjoining.get_or_insert(word);
                self.is_void = true;
            }
            return self.name(word);
        }
        if first && self.stray.is_none() && self.entry.reason.is_none() {
            self.bare = Some((start, end));
            return true;
        }
        if let Some((bare, _)) = self.bare.take() {
            self.put_stray(bare, end);
        } else {
            self.put_stray(start, end);
        }
        true
    }

    /// Whether the text that is no rule goes on to just before `start`, with nothing but white space between them.
    fn stray_reaches(&self, start: usize) -> bool {
        self.stray.is_some_and(|(_, end)| self.text[end..start].trim().is_empty())
    }

    fn put_stray(&mut self, start: usize, end: usize) {
        self.is_void = true;
        let begin = self.stray.map_or(start, |(begin, _)| begin.min(start));
        self.stray = Some((begin, end));
        let entry = self.done.len();
        match &mut self.first_stray {
            Some((of, place)) if *of == entry => *place = (begin, end),
            Some(_) => self.stray_is_followed = true,
            None => self.first_stray = Some((entry, (begin, end))),
        }
    }

    /// A word that stands alone is a name, though it has not the shape of one. False where it is one too many.
    fn settle(&mut self) -> bool {
        match self.bare.take() {
            Some((start, end)) => self.name(&self.text[start..end]),
            None => true,
        }
    }

    fn end_item(&mut self) -> bool {
        self.item_begun = false;
        self.settle()
    }

    fn name(&mut self, name: &'a str) -> bool {
        self.stray_is_followed |= self.stray.is_some();
        if self.has_day || self.entry.reason.is_some() {
            self.unseparated.get_or_insert(name);
            self.is_void = true;
            self.end_entry();
        }
        if !self.names.contains(name) {
            if self.names.len() == MAX_NAMES {
                self.excess = Some(AnnotationExcess::Names);
                return false;
            }
            self.names.insert(name);
        }
        if !self.entry.names.contains(&name) {
            self.entry.names.push(name);
        }
        true
    }

    fn end_entry(&mut self) {
        let entry = std::mem::take(&mut self.entry);
        if !entry.names.is_empty() {
            self.done.push(entry);
        } else if self.stray.is_some() {
            self.stray_is_followed = true;
        } else if entry.reason.is_some() || self.has_day {
            self.fault(AnnotationFault::NoRule);
        }
        (self.has_day, self.stray) = (false, None);
    }

    /// Ends what stands between two semicolons: more than one entry where a semicolon is missing. Each entry is marked
    /// once.
    fn end_group(&mut self) {
        self.end_entry();
        if std::mem::take(&mut self.is_void) {
            self.done[self.group..].iter_mut().for_each(|entry| entry.is_void = true);
        }
        self.group = self.done.len();
    }

    fn fault(&mut self, fault: AnnotationFault<'a>) {
        self.is_void = true;
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn end(mut self) -> Annotation<'a> {
        if let Some(day) = self.day.take() {
            self.no_day(day);
        }
        self.end_item();
        self.end_group();
        let entries = std::mem::take(&mut self.done);
        // Where parentheses do not match, what is a reason is a guess, and so is all that follows from it.
        let is_matched = !self.faults.contains(&AnnotationFault::Parenthesis);
        let is_alone = self.faults.is_empty() && self.excess.is_none();
        let count = [
            self.misspelt.is_some(),
            self.unseparated.is_some(),
            self.adjoining.is_some(),
            self.first_stray.is_some(),
        ];
        let is_alone = is_alone && count.iter().filter(|there| **there).count() == 1;
        let written =
            |is_clear: bool| if is_alone && is_clear { Annotation::written(&entries) } else { None };
        let mut faults = std::mem::take(&mut self.faults);
        if !is_matched {
            faults = vec![AnnotationFault::Parenthesis];
        }
        if let Some((text, day)) = self.misspelt {
            faults.push(AnnotationFault::Date { text, corrected: written(day.is_some()) });
        }
        if let Some(name) = self.unseparated.filter(|_| is_matched) {
            faults.push(AnnotationFault::NoSemicolon { name, corrected: written(true) });
        }
        if let Some(name) = self.adjoining.filter(|_| is_matched) {
            faults.push(AnnotationFault::NoComma { name, corrected: written(true) });
        }
        if let Some((of, (start, end))) = self.first_stray.filter(|_| is_matched) {
            let text = &self.text[start..end];
            let mut with_reason = entries.clone();
            let is_reason = is_alone
                && !self.stray_is_followed
                && with_reason
                    .get_mut(of)
                    .is_some_and(|entry| entry.reason.replace(text).is_none() && !entry.names.is_empty());
            let corrected = if is_reason { Annotation::written(&with_reason) } else { None };
            faults.push(AnnotationFault::Text { text, corrected });
        }
        Annotation { entries, faults, excess: self.excess }
    }
}

#[cfg(test)]
mod tests;
