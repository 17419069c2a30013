//! What an answer rests on, for those who ask offline.

use std::sync::{Mutex, PoisonError};

use crate::engine::{Finding, Verdict};
use crate::mutate::Change;

/// What was found and filled in, noted while a review is answered.
#[derive(Debug, Default)]
pub(super) struct Record(Mutex<Noted>);

/// What was noted.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// The findings, of a review that was judged.
    pub(super) findings: Vec<Finding>,
    /// What was filled in.
    pub(super) changes: Vec<Change>,
}

impl Record {
    pub(super) fn judged(&self, verdict: &Verdict) {
        self.note(|noted| {
            noted.findings.clone_from(&verdict.findings);
        });
    }

    pub(super) fn changed(&self, changes: Vec<Change>) {
        self.note(|noted| noted.changes = changes);
    }

    /// Takes out what was noted.
    pub(super) fn take(&self) -> Noted {
        let mut taken = Noted::default();
        self.note(|noted| taken = std::mem::take(noted));
        taken
    }

    fn note(&self, note: impl FnOnce(&mut Noted)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
