//! What a baseline holds.

use std::collections::BTreeMap;

use crate::diagnostic::{Fingerprint, Report};

/// Findings, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    pub(super) entries: BTreeMap<Fingerprint, Entry>,
}

/// How many findings have a fingerprint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Entry {
    /// So many.
    pub count: usize,
    /// The line of the file that says so; 0 where no file does.
    pub line: usize,
}

impl Baseline {
    /// All findings of a report, whatever baseline it has been compared with.
    pub fn of(report: &Report) -> Self {
        let mut baseline = Self::default();
        let known = report.baseline.iter().flat_map(|compared| &compared.known);
        for finding in report.diagnostics.iter().chain(known) {
            baseline.entries.entry(finding.fingerprint()).or_default().count += 1;
        }
        baseline
    }

    /// The entries, in the order of the file.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&Fingerprint, Entry)> {
        self.entries.iter().map(|(fingerprint, entry)| (fingerprint, *entry))
    }

    /// How many findings it holds.
    pub fn findings(&self) -> usize {
        self.entries.values().map(|entry| entry.count).fold(0, usize::saturating_add)
    }
}
