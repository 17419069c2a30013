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
    if let Some(end) = timeline.end.at_seconds {
        drawing.cut_short(end);
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

    /// What still runs when the Job ends, ends with it.
    fn cut_short(&mut self, end: i64) {
        for (index, began) in std::mem::take(&mut self.started) {
            if began < end {
                self.bar(index, began, Some(end), BarKind::Failure, "ended with the Job".to_owned());
            }
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

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::JobSpec;
    use serde_json::json;

    use super::*;
    use crate::forecast::job::forecast;

    fn bars(spec: serde_json::Value, length: i64) -> Vec<(String, i64, Option<i64>, BarKind)> {
        let mut spec = spec;
        spec["template"] = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}});
        let spec: JobSpec = serde_json::from_value(spec).unwrap();
        let forecast = forecast(&spec, Some(length), &[]);
        of(&forecast.worst_case).into_iter().map(|bar| (bar.label, bar.from, bar.until, bar.kind)).collect()
    }

    #[test]
    fn tries_and_the_waits_between_them() {
        assert_eq!(
            bars(json!({"backoffLimit": 1}), 60),
            [
                ("try 1".to_owned(), 0, Some(60), BarKind::Failure),
                ("waits 10 seconds".to_owned(), 60, Some(70), BarKind::Backoff),
                ("try 2".to_owned(), 70, Some(130), BarKind::Failure),
            ]
        );
    }

    #[test]
    fn what_a_deadline_cuts_short() {
        assert_eq!(
            bars(json!({"backoffLimit": 6, "activeDeadlineSeconds": 100}), 60).last(),
            Some(&("ended with the Job".to_owned(), 70, Some(100), BarKind::Failure))
        );
    }
}
