//! A Job's timeline as bars to draw: tries, the waits between them, and what is folded.

use std::collections::BTreeMap;

use super::model::{Bar, BarKind};
use crate::forecast::job::{Event, EventKind, Timeline};
use jobguard_text::duration::words;

/// How many bars are drawn.
const MOST: usize = 200;

/// The bars, in the order of the events.
pub(super) fn of(timeline: &Timeline) -> Vec<Bar> {
    let mut drawing = Drawing { bars: Vec::new(), started: BTreeMap::new() };
    for event in &timeline.events {
        drawing.event(event);
    }
    drawing.bars.truncate(MOST);
    drawing.bars
}

struct Drawing {
    bars: Vec<Bar>,
    /// When the try at hand of an index began, or of all where they go alike.
    started: BTreeMap<Option<u64>, i64>,
}

impl Drawing {
    fn event(&mut self, event: &Event) {
        let at = event.at_seconds;
        match &event.kind {
            EventKind::Started { index, .. } => {
                self.started.entry(*index).or_insert(at);
            }
            EventKind::Failed { attempt, index, next_at_seconds, .. }
            | EventKind::Restarts { attempt, index, next_at_seconds, .. } => {
                self.ended(*index, at, BarKind::Failure, format!("try {attempt}"));
                if let Some(next) = *next_at_seconds {
                    if next > at {
                        let wait = words((next - at).unsigned_abs());
                        self.bar(*index, at, Some(next), BarKind::Backoff, format!("waits {wait}"));
                    }
                    self.started.insert(*index, next);
                }
            }
            EventKind::Succeeded { attempt, index, .. } => {
                self.ended(*index, at, BarKind::Success, format!("try {attempt}"));
            }
            EventKind::Hangs { attempt, index, .. } => {
                self.started.remove(index);
                self.bar(*index, at, event.until_seconds, BarKind::Hang, format!("try {attempt} hangs"));
            }
            EventKind::Repeated { times, .. } => {
                let label = times.map_or_else(|| "and so on".to_owned(), |times| format!("{times} times"));
                self.bar(None, at, event.until_seconds, BarKind::Folded, label);
                if let (Some(until), Some(started)) = (event.until_seconds, self.started.get_mut(&None)) {
                    *started = until;
                }
            }
            EventKind::IndexFailed { .. } | EventKind::Omitted { .. } => {}
        }
    }

    /// What began with a start, or with the last retry, is over.
    fn ended(&mut self, index: Option<u64>, at: i64, kind: BarKind, label: String) {
        let began = self.started.remove(&index).or_else(|| self.started.get(&None).copied()).unwrap_or(at);
        self.bar(index, began.min(at), Some(at), kind, label);
    }

    fn bar(&mut self, index: Option<u64>, from: i64, until: Option<i64>, kind: BarKind, label: String) {
        let lane = index.map_or_else(|| "Pods".to_owned(), |index| format!("index {index}"));
        self.bars.push(Bar { lane, from, until, kind, label });
    }
}
