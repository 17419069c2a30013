//! What linting one text comes to.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, JudgedObject, SuppressedDiagnostic};
use crate::engine::{InputObject, Questions};
use crate::lint::{Identity, Incomplete, Namesakes, NeighbourFacts};

/// What one text came to.
#[derive(Debug, Default)]
pub(super) struct Linted {
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Those that do not count.
    pub(super) suppressed: Vec<SuppressedDiagnostic>,
    /// The objects beside Jobs and CronJobs that rules know.
    pub(super) neighbours: NeighbourFacts,
    /// What rules asked about such objects.
    pub(super) questions: Questions,
    pub(super) objects: usize,
    pub(super) listed: Vec<JudgedObject>,
    /// What rules about the whole input keep, by the object's number in the text.
    pub(super) kept: Vec<(usize, InputObject)>,
    /// The objects that lack no required field.
    pub(super) complete: Vec<Identity>,
    /// Those that lack one, and may be patches, by their numbers in the text.
    pub(super) doubtful: Vec<(usize, Incomplete)>,
    /// Whether a rule needs what is known only once the whole input has been read.
    pub(super) incomplete: bool,
    pub(super) left_out: LeftOut,
}

/// How much of one text was left out.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    pub(super) objects: usize,
    pub(super) findings: usize,
}

impl LeftOut {
    /// In words, where there is any.
    pub(super) fn message(&self) -> Option<String> {
        let counts = [(self.objects, "objects not judged"), (self.findings, "findings not shown")];
        let parts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{what}: {count}"))
            .collect();
        (!parts.is_empty()).then(|| format!("too much for one file; {}; lint it in parts", parts.join(", ")))
    }
}

impl Linted {
    /// Frees spare memory: this is kept until all texts have been read.
    pub(super) fn shrink(&mut self) {
        self.diagnostics.shrink_to_fit();
        self.suppressed.shrink_to_fit();
        self.neighbours.shrink();
        self.questions.shrink();
        self.listed.shrink_to_fit();
        self.kept.shrink_to_fit();
        self.complete.shrink_to_fit();
        for (_, object) in &mut self.kept {
            object.kept.shrink_to_fit();
        }
    }

    /// Drops what is kept of objects that turn out to be patches, and marks the text for the second pass.
    pub(super) fn leave_patches(&mut self, complete: Namesakes<'_>) {
        let doubtful = std::mem::take(&mut self.doubtful);
        let patches: BTreeSet<usize> = doubtful
            .into_iter()
            .filter(|(_, incomplete)| complete.file_of(incomplete).is_some())
            .map(|(number, _)| number)
            .collect();
        self.kept.retain(|(number, _)| !patches.contains(number));
        self.incomplete |= !patches.is_empty();
    }
}
