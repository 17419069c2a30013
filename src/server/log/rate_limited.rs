//! Lines of the log that others can cause: so many a minute, and then a count of what was left out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a budget lasts.
const WINDOW: Duration = Duration::from_secs(60);

/// How many lines are written in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Of one kind.
    pub(crate) each: u32,
    /// Of all kinds together, besides the first line of each.
    pub(crate) all: u32,
    /// How many kinds are counted separately. All others count as one.
    pub(crate) kinds: usize,
}

/// Says which lines are written, and counts the others by kind. The time is passed in.
#[derive(Debug)]
pub(crate) struct RateLimited<K> {
    budget: Budget,
    begin: Option<Instant>,
    lines: u32,
    kinds: BTreeMap<Option<K>, Count>,
    /// What was left out of minutes that are over, as far as it has not been taken.
    over: BTreeMap<Option<K>, u64>,
}

#[derive(Debug, Default)]
struct Count {
    lines: u32,
    left_out: u64,
}

impl<K: Ord> RateLimited<K> {
    /// Nothing written yet.
    pub(crate) const fn new(budget: Budget) -> Self {
        Self { budget, begin: None, lines: 0, kinds: BTreeMap::new(), over: BTreeMap::new() }
    }

    /// Whether to write a line of this kind now.
    pub(crate) fn admit(&mut self, kind: K, now: Instant) -> bool {
        self.turn(now);
        let kind = Some(kind);
        let known = self.kinds.contains_key(&kind) || self.kinds.len() < self.budget.kinds;
        let count = self.kinds.entry(kind.filter(|_| known)).or_default();
        let admitted = count.lines == 0 || (count.lines < self.budget.each && self.lines < self.budget.all);
        if admitted {
            count.lines += 1;
            self.lines += 1;
        } else {
            count.left_out += 1;
        }
        admitted
    }

    /// How many lines of each kind were left out in the minutes that are over at `now`, since this was asked last. No
    /// kind stands for all that are not counted separately.
    pub(crate) fn left_out(&mut self, now: Instant) -> BTreeMap<Option<K>, u64> {
        self.turn(now);
        std::mem::take(&mut self.over)
    }

    /// The same, with the minute that is not over.
    pub(crate) fn left_out_at_last(&mut self) -> BTreeMap<Option<K>, u64> {
        self.end();
        std::mem::take(&mut self.over)
    }

    /// Begins a new minute, if the last one is over.
    fn turn(&mut self, now: Instant) {
        if self.begin.is_none_or(|begin| now.saturating_duration_since(begin) >= WINDOW) {
            self.end();
            self.begin = Some(now);
        }
    }

    fn end(&mut self) {
        self.lines = 0;
        for (kind, count) in std::mem::take(&mut self.kinds) {
            if count.left_out == 0 {
                continue;
            }
            // Bounded, also where the counts are never taken.
            let known = self.over.contains_key(&kind) || self.over.len() < self.budget.kinds;
            *self.over.entry(kind.filter(|_| known)).or_default() += count.left_out;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { each: 2, all: 5, kinds: 3 };

    #[test]
    fn the_first_are_written_and_the_others_counted() {
        let begin = Instant::now();
        let mut limited = RateLimited::new(BUDGET);
        let written = (0..1000).filter(|_| limited.admit("a", begin)).count();
        assert_eq!(written, 2);
        assert!(limited.admit("b", begin));
        assert!(limited.left_out(begin + WINDOW / 2).is_empty(), "the minute is not over");
        assert_eq!(limited.left_out(begin + WINDOW), [(Some("a"), 998)].into());
        assert!(limited.left_out(begin + WINDOW).is_empty(), "reported once");
        assert!(limited.admit("a", begin + WINDOW));
    }

    #[test]
    fn all_kinds_together_have_a_bound() {
        let begin = Instant::now();
        let mut limited = RateLimited::new(BUDGET);
        let written = (0..1000).filter(|number| limited.admit(number % 100, begin)).count();
        assert!(written <= 6, "{written}");
        let left_out = limited.left_out_at_last();
        assert!(left_out.len() <= 4 && left_out.contains_key(&None), "{left_out:?}");
        assert_eq!(left_out.values().sum::<u64>(), 1000 - written as u64);
        // A flood of one kind leaves the first of another its line.
        let mut limited = RateLimited::new(Budget { all: 2, ..BUDGET });
        (0..10).for_each(|_| _ = limited.admit("a", begin));
        assert!(limited.admit("b", begin) && !limited.admit("b", begin));
    }

    #[test]
    fn nothing_grows_where_counts_are_not_taken() {
        let begin = Instant::now();
        let mut limited = RateLimited::new(BUDGET);
        for minute in 0..100 {
            for number in 0..10 {
                limited.admit(minute * 10 + number, begin + WINDOW * minute);
                limited.admit(minute * 10 + number, begin + WINDOW * minute);
                limited.admit(minute * 10 + number, begin + WINDOW * minute);
            }
        }
        assert!(limited.kinds.len() <= 4 && limited.over.len() <= 4, "{limited:?}");
    }
}
