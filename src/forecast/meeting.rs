//! Whether the runs of a CronJob meet: what becomes of a run that is due while the one before it goes on.

use std::collections::VecDeque;

use serde::Serialize;

/// `concurrencyPolicy`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Concurrency {
    /// Runs start beside each other.
    #[default]
    Allow,
    /// A run that is due while another goes on starts when that one has ended.
    Forbid,
    /// The run that goes on is deleted, and the next one starts.
    Replace,
}

impl Concurrency {
    /// The policy of that name; the default where there is none, or none that is known.
    pub fn of(name: Option<&str>) -> Self {
        match name {
            Some("Forbid") => Self::Forbid,
            Some("Replace") => Self::Replace,
            _ => Self::Allow,
        }
    }
}

/// What becomes of the runs in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meeting {
    /// The most runs that go on at the same time.
    pub at_once: u64,
    /// Runs that start only when the one before them has ended.
    pub postponed: u64,
    /// Runs that never start: a later one is due by then, or `startingDeadlineSeconds` is over.
    pub dropped: u64,
    /// Runs that are deleted for the next one.
    pub replaced: u64,
}

/// The runs of one CronJob as they are carried out: fed with the times at which they are due, in order.
#[derive(Debug)]
pub struct Runs {
    policy: Concurrency,
    /// `startingDeadlineSeconds`.
    deadline: Option<i64>,
    /// How long each run takes, in seconds.
    length: i64,
    /// Until when the last one goes on.
    busy_until: i64,
    /// When the last one started.
    last: Option<i64>,
    /// When the run was due that waits.
    waiting: Option<i64>,
    /// When those started that may go on.
    going: VecDeque<i64>,
    meeting: Meeting,
}

impl Runs {
    /// Runs that take `length` seconds each.
    pub fn new(policy: Concurrency, deadline: Option<i64>, length: i64) -> Self {
        Self {
            policy,
            deadline,
            length: length.max(1),
            busy_until: i64::MIN,
            last: None,
            waiting: None,
            going: VecDeque::new(),
            meeting: Meeting::default(),
        }
    }

    /// A run is due at `at`. Calls `visit` with begin and end of each run that is thereby known in full.
    pub fn due(&mut self, at: i64, visit: &mut impl FnMut(i64, i64)) {
        match self.policy {
            Concurrency::Allow => {
                while self.going.front().is_some_and(|start| start.saturating_add(self.length) <= at) {
                    self.going.pop_front();
                }
                self.going.push_back(at);
                self.at_once(self.going.len() as u64);
                visit(at, at.saturating_add(self.length));
            }
            Concurrency::Forbid => {
                self.start_waiting(at, visit);
                if at < self.busy_until {
                    // Of several that wait only the latest starts.
                    self.meeting.dropped += u64::from(self.waiting.replace(at).is_some());
                } else {
                    self.meeting.dropped += u64::from(self.waiting.take().is_some());
                    self.start(at, visit);
                }
            }
            Concurrency::Replace => {
                self.end_last(at, visit);
                self.last = Some(at);
                self.at_once(1);
            }
        }
    }

    /// What has happened so far is not counted; what goes on goes on.
    pub fn count_anew(&mut self) {
        self.meeting = Meeting::default();
    }

    /// No more runs are due before `end`.
    pub fn finish(mut self, end: i64, visit: &mut impl FnMut(i64, i64)) -> Meeting {
        self.start_waiting(end, visit);
        self.end_last(i64::MAX, visit);
        self.meeting
    }

    /// Starts the run that waits, if the one before it ends before `at`.
    fn start_waiting(&mut self, at: i64, visit: &mut impl FnMut(i64, i64)) {
        let begin = self.busy_until;
        if begin >= at {
            return;
        }
        let Some(due) = self.waiting.take() else { return };
        if self.deadline.is_some_and(|deadline| begin.saturating_sub(due) > deadline) {
            self.meeting.dropped += 1;
        } else {
            self.meeting.postponed += 1;
            self.start(begin, visit);
        }
    }

    fn start(&mut self, at: i64, visit: &mut impl FnMut(i64, i64)) {
        self.busy_until = at.saturating_add(self.length);
        self.at_once(1);
        visit(at, self.busy_until);
    }

    /// The last run of `Replace` ends, by itself or for the next one at `at`.
    fn end_last(&mut self, at: i64, visit: &mut impl FnMut(i64, i64)) {
        if let Some(start) = self.last.take() {
            let end = start.saturating_add(self.length);
            self.meeting.replaced += u64::from(at < end);
            visit(start, end.min(at));
        }
    }

    fn at_once(&mut self, count: u64) {
        self.meeting.at_once = self.meeting.at_once.max(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The runs due every 10 s, five times, that take `length` seconds each.
    fn runs(policy: Concurrency, deadline: Option<i64>, length: i64) -> (Vec<(i64, i64)>, Meeting) {
        let mut all = Vec::new();
        let mut runs = Runs::new(policy, deadline, length);
        for at in [0, 10, 20, 30, 40] {
            runs.due(at, &mut |begin, end| all.push((begin, end)));
        }
        let meeting = runs.finish(1_000, &mut |begin, end| all.push((begin, end)));
        (all, meeting)
    }

    #[test]
    fn short_runs_do_not_meet() {
        for policy in [Concurrency::Allow, Concurrency::Forbid, Concurrency::Replace] {
            let (all, meeting) = runs(policy, None, 10);
            assert_eq!(all, [(0, 10), (10, 20), (20, 30), (30, 40), (40, 50)], "{policy:?}");
            assert_eq!(meeting, Meeting { at_once: 1, ..Meeting::default() }, "{policy:?}");
        }
    }

    #[test]
    fn long_runs_pile_up() {
        let (all, meeting) = runs(Concurrency::Allow, None, 25);
        assert_eq!(all[1], (10, 35));
        assert_eq!(meeting, Meeting { at_once: 3, ..Meeting::default() });
    }

    #[test]
    fn long_runs_hold_up_the_next() {
        // The run of 10 s starts at 15, that of 20 is overtaken by that of 30, which starts at 30 just when 15 + 15 is over.
        let (all, meeting) = runs(Concurrency::Forbid, None, 15);
        assert_eq!(all, [(0, 15), (15, 30), (30, 45), (45, 60)]);
        assert_eq!(meeting, Meeting { at_once: 1, postponed: 2, dropped: 1, replaced: 0 });
        // Too late after 3 s.
        let (all, meeting) = runs(Concurrency::Forbid, Some(3), 15);
        assert_eq!(all, [(0, 15), (20, 35), (40, 55)]);
        assert_eq!(meeting, Meeting { at_once: 1, postponed: 0, dropped: 2, replaced: 0 });
    }

    #[test]
    fn long_runs_are_replaced() {
        let (all, meeting) = runs(Concurrency::Replace, None, 25);
        assert_eq!(all, [(0, 10), (10, 20), (20, 30), (30, 40), (40, 65)]);
        assert_eq!(meeting, Meeting { at_once: 1, replaced: 4, ..Meeting::default() });
    }
}
