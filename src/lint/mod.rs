//! The offline linter: texts in, a report out.
//!
//! Files are read in parallel and let go of one by one, so that memory does not grow with their number. What a rule
//! can only know at the end (the Services of all files) is settled in a second pass over the few files that asked.

mod classify;
mod document;
mod files;
mod locate;
mod old;
mod services;

use jiff::Timestamp;
use rayon::prelude::*;

use crate::engine::{Context, Knowledge, ServiceFacts, Services};
use crate::policy::Policy;
use crate::report::{Diagnostic, FileError, JudgedObject, Report};

pub use files::{Found, find};
pub use old::OldObjects;

/// A text to lint, or a file to take it from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file.
    File {
        /// Where it is.
        path: std::path::PathBuf,
        /// How reports name it.
        name: String,
        /// Whether the user named the file itself, rather than a folder that it was found in.
        named: bool,
    },
    /// A text at hand, such as standard input.
    Text {
        /// How reports name it.
        name: String,
        /// The text as it came.
        bytes: Vec<u8>,
    },
}

impl Source {
    /// How reports name it.
    pub fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Text { name, .. } => name,
        }
    }
}

/// How to judge.
#[derive(Debug, Clone, Copy)]
pub struct Linter<'a> {
    /// Which rules speak, and how loudly.
    pub policy: &'a Policy,
    /// The time to judge schedules at.
    pub now: Timestamp,
    /// Whether to fill in the policy's defaults first, as a cluster with the webhook would.
    pub with_defaults: bool,
    /// The stored versions that the manifests would update; none to judge everything as created.
    pub against: Option<&'a OldObjects>,
}

/// What a run found, and what it could not read.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The findings.
    pub report: Report,
    /// Files that could not be read.
    pub errors: Vec<FileError>,
}

/// What one text came to.
#[derive(Debug, Default)]
struct Linted {
    diagnostics: Vec<Diagnostic>,
    services: Vec<ServiceFacts>,
    objects: Vec<JudgedObject>,
    /// Whether a rule asked for what is known only at the end.
    incomplete: bool,
}

impl Linter<'_> {
    /// Lints all `sources`. What cannot be read is told beside the findings and hides nothing else.
    pub fn lint(&self, sources: &[Source]) -> Outcome {
        self.lint_watched(sources, &|| {})
    }

    /// As [`lint`](Self::lint), and calls `done` after each source, from whichever thread.
    pub fn lint_watched(&self, sources: &[Source], done: &(dyn Fn() + Sync)) -> Outcome {
        let first = self.pass(sources.iter(), &Services::Pending, done);
        let mut services: Vec<ServiceFacts> = Vec::new();
        for linted in first.iter().flatten() {
            services.extend(linted.services.iter().cloned());
        }
        let services = known(services);
        let asked: Vec<usize> = first
            .iter()
            .enumerate()
            .filter(|(_, linted)| linted.as_ref().is_ok_and(|linted| linted.incomplete))
            .map(|(position, _)| position)
            .collect();
        let second = self.pass(asked.iter().map(|position| &sources[*position]), &services, &|| {});

        let mut all = first;
        for (position, linted) in asked.into_iter().zip(second) {
            all[position] = linted;
        }
        let mut outcome = Outcome::default();
        for linted in all {
            match linted {
                Ok(linted) => {
                    outcome.report.files += 1;
                    outcome.report.objects.extend(linted.objects);
                    outcome.report.diagnostics.extend(linted.diagnostics);
                }
                Err(error) => outcome.errors.push(error),
            }
        }
        outcome.report.sort();
        outcome
    }

    fn pass<'s>(
        &self,
        sources: impl Iterator<Item = &'s Source>,
        services: &Services,
        done: &(dyn Fn() + Sync),
    ) -> Vec<Result<Linted, FileError>> {
        let context = Context { policy: self.policy, services, now: self.now, namespace_labels: None };
        let sources: Vec<&Source> = sources.collect();
        let lint = |source| {
            let linted = self.lint_source(source, &context);
            done();
            linted
        };
        sources.into_par_iter().map(lint).collect()
    }

    fn lint_source(&self, source: &Source, context: &Context<'_>) -> Result<Linted, FileError> {
        let read;
        let bytes = match source {
            Source::File { path, name, .. } => {
                read = files::read(path, name)?;
                &read
            }
            Source::Text { bytes, .. } => bytes,
        };
        let quiet_if_foreign = matches!(source, Source::File { named: false, .. });
        Ok(document::lint_text(self, source.name(), bytes, quiet_if_foreign, context))
    }
}

/// The Services of the input: where there is not a single one, nothing can be told from it.
fn known(mut list: Vec<ServiceFacts>) -> Services {
    if list.is_empty() {
        return Services::Unknown;
    }
    list.sort();
    list.dedup();
    Services::Known { source: Knowledge::Input, list }
}
