//! What was done about reports, and what could not be.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::{MissingRight, Resource, Written};
use crate::diagnostic::FileError;
use jobguard_text::plural;

/// How many refusals are listed one by one.
const MAX_REFUSALS: usize = 10;

/// After how many of them no more is written: the next ones would be refused for the same reason.
const HOPELESS: usize = 100;

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What differs is.
    Write,
    /// Nothing is: it is counted what would be.
    DryRun,
}

/// What became of the reports.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What was done, in a sentence.
    pub sentence: String,
    /// What could not be done.
    pub errors: Vec<FileError>,
}

/// What was done so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    created: usize,
    updated: usize,
    pub(super) deleted: usize,
    pub(super) unchanged: usize,
    /// The namespaces in which a right is missing, by what cannot be done.
    forbidden: BTreeMap<&'static str, BTreeSet<String>>,
    /// Rights that are missing in all namespaces.
    everywhere: BTreeSet<&'static str>,
    faults: Vec<String>,
    /// How many faults are not among them.
    more: usize,
}

impl Tally {
    /// A report was written.
    pub(super) fn wrote(&mut self, is_new: bool) {
        match is_new {
            true => self.created += 1,
            false => self.updated += 1,
        }
    }

    /// Whether it is known already that something may not be done in a namespace.
    pub(super) fn is_forbidden(&self, verb: &str, namespace: &str) -> bool {
        self.forbidden.get(verb).is_some_and(|namespaces| namespaces.contains(namespace))
    }

    /// Whether nothing more is to be tried.
    pub(super) fn is_hopeless(&mut self) -> bool {
        let is_hopeless = self.faults.len() + self.more >= HOPELESS;
        self.more += usize::from(is_hopeless);
        is_hopeless
    }

    /// A right is missing.
    pub(super) fn missing(&mut self, right: &MissingRight) {
        match &right.namespace {
            Some(namespace) => {
                self.forbidden.entry(right.verb).or_default().insert(namespace.clone());
            }
            None => {
                self.everywhere.insert(right.verb);
            }
        }
    }

    /// Something could not be done.
    pub(super) fn fault(&mut self, sentence: String) {
        match self.faults.len() < MAX_REFUSALS {
            true => self.faults.push(sentence),
            false => self.more += 1,
        }
    }

    /// The API server does not write something.
    pub(super) fn refused(&mut self, written: Written, resource: &Resource) {
        match written {
            Written::Forbidden(right) => self.missing(&right),
            Written::Refused(sentence) => self.fault(sentence),
            _ => self.fault(format!("the API server does not serve {resource} any more")),
        }
    }

    /// All of it, in words.
    pub(super) fn finish(self, resource: &Resource, mode: Mode) -> Kept {
        let Self { created, updated, deleted, unchanged, .. } = self;
        let would = if mode == Mode::DryRun { "would be " } else { "" };
        let sentence = format!(
            "reports ({} {}): {would}{created} created, {updated} changed, {deleted} deleted; {unchanged} as they were",
            resource.api_version(),
            resource.kind
        );
        let mut sentences: Vec<String> = self
            .everywhere
            .iter()
            .map(|verb| format!("missing right: {verb} {resource} in all namespaces"))
            .collect();
        sentences.extend(self.forbidden.iter().map(|(verb, namespaces)| {
            let first = namespaces.iter().next().map(String::as_str).unwrap_or_default();
            let more = match namespaces.len() - 1 {
                0 => String::new(),
                more => format!(" and {}", plural(more, "other namespace")),
            };
            format!("missing right: {verb} {resource} in namespace {first}{more}")
        }));
        let mut faults = self.faults;
        // Writes end in any order.
        faults.sort_unstable();
        sentences.extend(faults);
        if self.more > 0 {
            sentences.push(format!("{} that could not be written", plural(self.more, "more report")));
        }
        let error = |message| FileError { name: "reports".to_owned(), message };
        Kept { sentence, errors: sentences.into_iter().map(error).collect() }
    }
}
