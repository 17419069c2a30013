//! Exceptions: for some objects, and until a day, findings of some rules do not count.

mod read;

use std::sync::Arc;

use jiff::Span;
use jiff::civil::Date;

use super::subject::Reading;
use super::{Match, Place, RuleSpec, Subject};

pub(super) use read::{Excepted, MAX_EXCEPTIONS, MAX_NAME, MAX_REASON, MAX_RULES, With, read};

/// From how many days before its last day on an exception is about to end.
pub const NOTICE_DAYS: i32 = 14;

/// How many exceptions of a state are named in a note.
const MAX_NAMED: usize = 5;

/// An exception of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Its name; else its field, such as `spec.exceptions[0]`.
    pub id: String,
    /// Ids of rules, and wildcards, as they are written.
    pub rules: Vec<String>,
    /// Which objects it is for.
    pub matching: Match,
    /// Why, in the words of the policy's owner.
    pub reason: Arc<str>,
    /// The last day, in UTC, on which it counts; none for one without end.
    pub until: Option<Date>,
    /// Where it is written.
    pub place: Place,
    /// The ids of the rules, sorted.
    ids: Vec<&'static str>,
}

/// The state of an exception on a day. The most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionState {
    /// Its last day is over: it does not count.
    Ended,
    /// It counts, and its last day is at most [`NOTICE_DAYS`] away.
    Ending,
    /// It counts, and its last day is further away.
    Active,
    /// It counts, and has no last day.
    Permanent,
}

impl ExceptionState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ended, Self::Ending, Self::Active, Self::Permanent];

    /// The state on a day of what counts up to and including `until`.
    pub fn of(until: Option<Date>, today: Date) -> Self {
        match until {
            None => Self::Permanent,
            Some(until) if until < today => Self::Ended,
            Some(until) if until <= today.saturating_add(Span::new().days(NOTICE_DAYS)) => Self::Ending,
            Some(_) => Self::Active,
        }
    }

    /// Whether it counts.
    pub fn counts(self) -> bool {
        self != Self::Ended
    }

    /// For programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Ending => "ending",
            Self::Active => "active",
            Self::Permanent => "permanent",
        }
    }
}

/// Whether the last day `one` is later than `other`; no last day is later than any.
pub fn lasts_longer(one: Option<Date>, other: Option<Date>) -> bool {
    match (one, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(other)) => one > other,
    }
}

impl Exception {
    /// An exception, over the rules of a catalog.
    pub(super) fn new(excepted: Excepted, of: &str, catalog: &[&'static RuleSpec]) -> Self {
        let Excepted { name, field, rules, matching, reason, until, place, .. } = excepted;
        let is_named = |index: usize, spec: &'static RuleSpec| {
            spec.is_settable() && rules.iter().any(|(_, target)| target.names(index, spec))
        };
        let mut ids: Vec<&'static str> = (catalog.iter().enumerate())
            .filter(|(index, spec)| is_named(*index, spec))
            .map(|(_, spec)| spec.id)
            .collect();
        ids.sort_unstable();
        Self {
            id: name.unwrap_or_else(|| format!("{of}{field}")),
            ids,
            rules: rules.into_iter().map(|(written, _)| written).collect(),
            matching,
            reason: reason.into(),
            until,
            place,
        }
    }

    /// Whether it names the rule with this id.
    pub fn names(&self, id: &str) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// Whether it covers this object. Neither an owner that an object merely claims to have counts, nor what the Jobs of
    /// a CronJob will be: an exception is never wider than what is proven.
    pub fn covers(&self, subject: &Subject<'_>) -> bool {
        self.matching.covered_from(subject) == Some(Reading::Own)
    }

    /// Where it stands on a day.
    pub fn state(&self, today: Date) -> ExceptionState {
        ExceptionState::of(self.until, today)
    }
}

/// How many exceptions there are in each state on a day.
pub(super) fn by_state(exceptions: &[Exception], today: Date) -> [(ExceptionState, usize); 4] {
    ExceptionState::ALL
        .map(|state| (state, exceptions.iter().filter(|exception| exception.state(today) == state).count()))
}

/// What there is to know of exceptions on a day: which have ended, which are about to, and how many never do.
pub(super) fn notes(exceptions: &[Exception], today: Date) -> Vec<String> {
    let mut notes = Vec::new();
    for state in ExceptionState::ALL {
        let mut these: Vec<&Exception> =
            exceptions.iter().filter(|exception| exception.state(today) == state).collect();
        // Stable: of the same day, in the order of the files.
        these.sort_by_key(|exception| exception.until);
        let (singular, plural_form) = match state {
            _ if these.is_empty() => continue,
            ExceptionState::Ended => ("has ended and does not count", "have ended and do not count"),
            ExceptionState::Ending => ("ends within two weeks", "end within two weeks"),
            ExceptionState::Active => continue,
            ExceptionState::Permanent => {
                let (count, all) = (these.len(), exceptions.len());
                notes.push(format!("spec.exceptions: {count} of {all} without end (no `until`)"));
                continue;
            }
        };
        let named = these.iter().take(MAX_NAMED).map(|exception| {
            let until = exception.until.map(|day| format!(" ({day})")).unwrap_or_default();
            format!("{}{until}", exception.id)
        });
        let mut named = named.collect::<Vec<_>>().join(", ");
        if let more @ 1.. = these.len().saturating_sub(MAX_NAMED) {
            named.push_str(&format!(" and {more} more"));
        }
        let verb = if these.len() == 1 { singular } else { plural_form };
        notes.push(format!("spec.exceptions: {} {verb}: {named}", these.len()));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::date;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_day_counts_to_its_end_in_utc() {
        let until = Some(day("2027-01-31"));
        let at = |time: &str| ExceptionState::of(until, date::of(time.parse().unwrap()));
        for (time, state) in [
            ("2027-01-16T23:59:59Z", ExceptionState::Active),
            ("2027-01-17T00:00:00Z", ExceptionState::Ending),
            ("2027-01-31T23:59:59.999999999Z", ExceptionState::Ending),
            // In Berlin it is February already.
            ("2027-02-01T00:30:00+01:00", ExceptionState::Ending),
            ("2027-02-01T00:00:00Z", ExceptionState::Ended),
            // In New York it is January still.
            ("2027-01-31T19:00:00-05:00", ExceptionState::Ended),
        ] {
            assert_eq!(at(time), state, "{time}");
        }
        assert_eq!(ExceptionState::of(None, Date::MAX), ExceptionState::Permanent);
        assert_eq!(ExceptionState::of(Some(Date::MAX), Date::MAX), ExceptionState::Ending);
        assert_eq!(ExceptionState::of(Some(Date::MIN), Date::MAX), ExceptionState::Ended);
        // Two weeks over a leap day and a new year.
        assert_eq!(ExceptionState::of(Some(day("2028-03-10")), day("2028-02-25")), ExceptionState::Ending);
        assert_eq!(ExceptionState::of(Some(day("2028-03-10")), day("2028-02-24")), ExceptionState::Active);
        assert_eq!(ExceptionState::of(Some(day("2027-01-05")), day("2026-12-22")), ExceptionState::Ending);
        assert_eq!(ExceptionState::of(Some(day("2027-01-05")), day("2026-12-21")), ExceptionState::Active);
    }

    #[test]
    fn no_end_lasts_longest() {
        let (soon, late) = (Some(day("2027-01-31")), Some(day("2027-02-01")));
        assert!(lasts_longer(late, soon) && lasts_longer(None, late));
        assert!(!lasts_longer(soon, late) && !lasts_longer(late, None) && !lasts_longer(None, None));
        assert!(!lasts_longer(soon, soon));
    }
}
