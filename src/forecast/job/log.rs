//! The events of a timeline while it is made: those of one moment that say the same are one.

use super::event::{Event, EventKind};

/// The most events of a timeline.
pub const MOST_EVENTS: usize = 240;
/// How many of them are its last ones, where some are left out.
const LAST: usize = 60;

#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    pub(super) events: Vec<Event>,
    /// Where the events of this step begin.
    step: usize,
}

impl Log {
    /// What follows is another step of the Job's controller.
    pub(super) fn begin_step(&mut self) {
        self.step = self.events.len();
    }

    /// Adds an event, to one that says the same where there is one; and where it is.
    pub(super) fn add(&mut self, at: i64, until: Option<i64>, kind: EventKind) -> usize {
        let start = self.step;
        for (position, event) in self.events[start..].iter_mut().enumerate() {
            if event.at_seconds == at && event.until_seconds == until && merge(&mut event.kind, &kind) {
                return start + position;
            }
        }
        self.events.push(Event { at_seconds: at, until_seconds: until, kind });
        self.events.len() - 1
    }

    /// Tells when what an event is about is tried again.
    pub(super) fn tried_again(&mut self, event: usize, at: i64) {
        if let Some(Event {
            kind: EventKind::Failed { next_at_seconds, .. } | EventKind::Restarts { next_at_seconds, .. },
            ..
        }) = self.events.get_mut(event)
        {
            next_at_seconds.get_or_insert(at);
        }
    }

    /// The events; where there are too many, without some in the middle.
    pub(super) fn finish(mut self) -> Vec<Event> {
        let Some(left_out) = self.events.len().checked_sub(MOST_EVENTS).filter(|more| *more > 0) else {
            return self.events;
        };
        // One more makes place for the event that tells of it.
        let last = self.events.split_off(self.events.len() - LAST);
        let out = self.events.split_off(self.events.len() - left_out - 1);
        if let (Some(first), Some(end)) = (out.first(), out.last()) {
            self.events.push(Event {
                at_seconds: first.at_seconds,
                until_seconds: Some(end.until_seconds.unwrap_or(end.at_seconds)),
                kind: EventKind::Omitted { events: out.len() as u64 },
            });
        }
        self.events.extend(last);
        self.events
    }
}

/// Adds `new` to `old`, where they say the same of other Pods.
fn merge(old: &mut EventKind, new: &EventKind) -> bool {
    use EventKind::{Failed, Hangs, IndexFailed, Restarts, Started, Succeeded};
    // What counts up, and whom it is about, is left out of the comparison.
    let mut same = new.clone();
    match (&mut *old, &mut same) {
        (
            Failed { pods, index, failures, next_at_seconds, .. },
            Failed { pods: pods2, index: index2, failures: failures2, next_at_seconds: next2, .. },
        ) => {
            (*pods2, *index2, *failures2, *next2) = (*pods, *index, *failures, *next_at_seconds);
        }
        (Restarts { pods, index, .. }, Restarts { pods: pods2, index: index2, .. })
        | (Hangs { pods, index, .. }, Hangs { pods: pods2, index: index2, .. }) => {
            (*pods2, *index2) = (*pods, *index);
        }
        (
            IndexFailed { indexes, index, failed_indexes },
            IndexFailed { indexes: indexes2, index: index2, failed_indexes: failed2 },
        ) => (*indexes2, *index2, *failed2) = (*indexes, *index, *failed_indexes),
        (
            Succeeded { pods, index, succeeded, .. },
            Succeeded { pods: pods2, index: index2, succeeded: succeeded2, .. },
        ) => (*pods2, *index2, *succeeded2) = (*pods, *index, *succeeded),
        (Started { pods, index, started }, Started { pods: pods2, index: index2, started: started2 }) => {
            (*pods2, *index2, *started2) = (*pods, *index, *started)
        }
        _ => return false,
    }
    if same != *old {
        return false;
    }
    match (old, new) {
        (Failed { pods, index, failures, .. }, Failed { pods: more, failures: now, .. }) => {
            (*pods, *index, *failures) = (pods.saturating_add(*more), None, *now);
        }
        (Restarts { pods, index, .. }, Restarts { pods: more, .. })
        | (Hangs { pods, index, .. }, Hangs { pods: more, .. }) => {
            (*pods, *index) = (pods.saturating_add(*more), None);
        }
        (
            IndexFailed { indexes, index, failed_indexes },
            IndexFailed { indexes: more, failed_indexes: now, .. },
        ) => {
            (*indexes, *index, *failed_indexes) = (indexes.saturating_add(*more), None, *now);
        }
        (Succeeded { pods, index, succeeded, .. }, Succeeded { pods: more, succeeded: now, .. }) => {
            (*pods, *index, *succeeded) = (pods.saturating_add(*more), None, *now);
        }
        (Started { pods, index, started }, Started { pods: more, started: now, .. }) => {
            (*pods, *index, *started) = (pods.saturating_add(*more), None, *now);
        }
        _ => {}
    }
    true
}
