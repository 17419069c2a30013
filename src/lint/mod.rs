//! The offline linter: texts in, a report out.
//!
//! Files are read in parallel and let go of one by one: of each, only what there is to say is kept, and the little that
//! rules about the whole input need. What a rule can only know at the end (the Services of all files, other objects of
//! the input) is settled in a second pass over the few files that are concerned.

mod bytes;
mod changed;
mod classify;
mod document;
mod files;
mod fix;
mod helm;
mod locate;
mod offer;
mod old;
mod patch;
mod prove;
mod replace;
mod services;
mod stored;
mod typeless;
mod unrendered;
pub mod versions;
mod walk;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rayon::prelude::*;

use crate::confined::Root;
use crate::engine::{
    Author, Context, Finding, Input, InputObject, Knowledge, ServiceFacts, Services, evaluate_input,
};
use crate::policy::Policy;
use crate::report::{Diagnostic, FileError, JudgedObject, Report};
use crate::rules;
use patch::{Identity, Incomplete};

pub use files::{Found, MAX_INPUT, Selection, find, select};
pub use fix::{Mended, MendedText};
pub use old::{Change, OldObjects};
pub use patch::{CompleteObjects, Namesakes};
pub use replace::replace;
pub use unrendered::Unrendered;

/// A text to lint, or a file to take it from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file.
    File {
        /// Where it is.
        path: std::path::PathBuf,
        /// How reports name it.
        name: String,
        /// The folder that it was found in, and must lie in; none where the user named the file itself.
        within: Option<Root>,
    },
    /// A text at hand, such as standard input.
    Text {
        /// How reports name it.
        name: String,
        /// The text as it came.
        bytes: Vec<u8>,
    },
    /// A chart or a kustomization, instead of its files that are no manifests by themselves.
    Unrendered(Unrendered),
}

impl Source {
    /// How reports name it.
    pub fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Text { name, .. } => name,
            Self::Unrendered(unrendered) => unrendered.name(),
        }
    }

    /// What there is to read.
    fn bytes(&self) -> Result<Cow<'_, [u8]>, FileError> {
        match self {
            Self::File { path, name, within } => files::read(path, name, within.as_ref()).map(Cow::Owned),
            Self::Text { bytes, .. } => Ok(Cow::Borrowed(bytes)),
            Self::Unrendered(_) => Ok(Cow::Borrowed(&[])),
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
    /// The objects of the whole input that lack nothing; none to find them in what is linted. What lacks something beside
    /// one of them is taken for a patch.
    pub complete: Option<Namesakes<'a>>,
    /// Whether diagnostics say what their fixes change ([`Diagnostic::change`]): work that only some outputs need.
    pub with_changes: bool,
    /// Whether the report lists the objects ([`Report::listed`]), and not only how many there were: memory that only
    /// some outputs need.
    pub with_objects: bool,
}

/// What a run found, and what it could not read.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The findings.
    pub report: Report,
    /// Files that could not be read.
    pub errors: Vec<FileError>,
    /// After fixing, how reports name the texts with documents that stay as they are, or in part, because with all fixes
    /// they would have more errors than before: ones that could not be judged.
    pub held_back: Vec<String>,
}

/// What one text came to.
#[derive(Debug, Default)]
struct Linted {
    diagnostics: Vec<Diagnostic>,
    services: Vec<ServiceFacts>,
    objects: usize,
    listed: Vec<JudgedObject>,
    /// What rules about the whole input keep, by the object's number in the text.
    kept: Vec<(usize, InputObject)>,
    /// The objects that lack nothing.
    complete: Vec<Identity>,
    /// Those that do, and may be patches, by their numbers in the text.
    doubtful: Vec<(usize, Incomplete)>,
    /// Whether a rule asked for what is known only at the end.
    incomplete: bool,
    left_out: LeftOut,
}

/// What of one text is too much to keep.
#[derive(Debug, Default)]
struct LeftOut {
    objects: usize,
    findings: usize,
}

impl LeftOut {
    /// In words, where there is any.
    fn message(&self) -> Option<String> {
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
    /// Gives back what is not needed: it is kept until all texts have been read.
    fn shrink(&mut self) {
        self.diagnostics.shrink_to_fit();
        self.services.shrink_to_fit();
        self.listed.shrink_to_fit();
        self.kept.shrink_to_fit();
        self.complete.shrink_to_fit();
        for (_, object) in &mut self.kept {
            object.kept.shrink_to_fit();
        }
    }
}

impl Linted {
    /// Forgets what was found out about objects that turn out to be patches, and has the text looked at again.
    fn leave_patches(&mut self, complete: Namesakes<'_>) {
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

/// What rules about the whole input found in one text, by the object's number in it.
type Told = BTreeMap<usize, Vec<Finding>>;

impl<'a> Linter<'a> {
    /// Judges by `policy` at the time `now`: manifests as they are written, all of them as created, and nothing that only
    /// some outputs need.
    pub fn new(policy: &'a Policy, now: Timestamp) -> Self {
        Self {
            policy,
            now,
            with_defaults: false,
            against: None,
            complete: None,
            with_changes: false,
            with_objects: false,
        }
    }

    /// Lints all `sources`. What cannot be read is told beside the findings and hides nothing else.
    pub fn lint(&self, sources: &[Source]) -> Outcome {
        self.lint_watched(sources, &|| {})
    }

    /// As [`lint`](Self::lint), and calls `done` after each source, from whichever thread.
    pub fn lint_watched(&self, sources: &[Source], done: &(dyn Fn() + Sync)) -> Outcome {
        let mut all = self.pass(sources.iter().map(|source| (source, None)), &Services::Pending, done);
        let services = known(&all);
        let found = complete_objects(&mut all, sources);
        let complete = self.complete.unwrap_or(found.seen_from(""));
        for (linted, source) in all.iter_mut().zip(sources) {
            linted.iter_mut().for_each(|linted| linted.leave_patches(complete.seen_from(source.name())));
        }
        let mut told = tell(&mut all);
        for (position, linted) in all.iter().enumerate() {
            if linted.as_ref().is_ok_and(|linted| linted.incomplete) {
                told.entry(position).or_default();
            }
        }
        let informed = Linter { complete: Some(complete), ..*self };
        let second = informed.pass(
            told.iter().map(|(position, told)| (&sources[*position], Some(told))),
            &services,
            &|| {},
        );
        for (position, linted) in told.into_keys().zip(second) {
            all[position] = linted;
        }
        let mut outcome = Outcome::default();
        // All at once: a list that grows takes up to three times its size.
        let count = |of: fn(&Linted) -> usize| all.iter().flatten().map(of).sum();
        outcome.report.listed.reserve_exact(count(|linted| linted.listed.len()));
        outcome.report.diagnostics.reserve_exact(count(|linted| linted.diagnostics.len()));
        for (linted, source) in all.into_iter().zip(sources) {
            match linted {
                Ok(linted) => {
                    let left_out = linted.left_out.message();
                    let left_out =
                        left_out.map(|message| FileError { name: source.name().to_owned(), message });
                    outcome.errors.extend(left_out);
                    outcome.report.files += usize::from(!matches!(source, Source::Unrendered(_)));
                    outcome.report.objects += linted.objects;
                    outcome.report.listed.extend(linted.listed);
                    outcome.report.diagnostics.extend(linted.diagnostics);
                }
                Err(error) => outcome.errors.push(error),
            }
        }
        outcome.report.sort();
        outcome
    }

    /// What of all `sources` has to be known of each: the Services, and the objects that lack nothing.
    fn gather(&self, sources: &[Source]) -> (Services, CompleteObjects) {
        let linter = Linter { with_changes: false, with_objects: false, ..*self };
        let mut all = linter.pass(sources.iter().map(|source| (source, None)), &Services::Pending, &|| {});
        (known(&all), complete_objects(&mut all, sources))
    }

    /// Lints some texts, each with what was found about the whole input once that is known.
    fn pass<'s>(
        &self,
        texts: impl Iterator<Item = (&'s Source, Option<&'s Told>)>,
        services: &Services,
        done: &(dyn Fn() + Sync),
    ) -> Vec<Result<Linted, FileError>> {
        let texts: Vec<_> = texts.collect();
        texts
            .into_par_iter()
            .map(|(source, told)| {
                let input = if told.is_some() { Input::Judged(&[]) } else { Input::Gathering };
                let context = Context {
                    registry: rules::registry(),
                    policy: self.policy,
                    services,
                    input,
                    now: self.now,
                    namespace_labels: None,
                    cancellation: None,
                    author: Author::default(),
                };
                let mut linted = self.lint_source(source, &context, told);
                if let Ok(linted) = &mut linted {
                    linted.shrink();
                }
                done();
                linted
            })
            .collect()
    }

    fn lint_source(
        &self,
        source: &Source,
        context: &Context<'_>,
        told: Option<&Told>,
    ) -> Result<Linted, FileError> {
        if let Source::Unrendered(unrendered) = source {
            return Ok(unrendered.remark(context));
        }
        let bytes = source.bytes()?;
        let quiet_if_foreign = matches!(source, Source::File { within: Some(_), .. });
        let complete = self.complete.map(|complete| complete.seen_from(source.name()));
        let linter = Linter { complete, ..*self };
        Ok(document::lint_text(&linter, source.name(), &bytes, quiet_if_foreign, context, told))
    }
}

/// Judges the input as a whole: what is found, by the position of the text and the object's number in it.
fn tell(all: &mut [Result<Linted, FileError>]) -> BTreeMap<usize, Told> {
    let (mut places, mut objects) = (Vec::new(), Vec::new());
    for (position, linted) in all.iter_mut().enumerate() {
        let Ok(linted) = linted else { continue };
        for (number, object) in std::mem::take(&mut linted.kept) {
            places.push((position, number));
            objects.push(object);
        }
    }
    let mut told: BTreeMap<usize, Told> = BTreeMap::new();
    for (object, finding) in evaluate_input(&objects, rules::registry()) {
        let (position, number) = places[object];
        told.entry(position).or_default().entry(number).or_default().push(finding);
    }
    told
}

/// The objects of the input that lack nothing, with the files that they are in.
fn complete_objects(linted: &mut [Result<Linted, FileError>], sources: &[Source]) -> CompleteObjects {
    let mut complete = CompleteObjects::default();
    for (linted, source) in linted.iter_mut().zip(sources) {
        let Ok(linted) = linted else { continue };
        let file = source.name().into();
        std::mem::take(&mut linted.complete).into_iter().for_each(|identity| complete.add(identity, &file));
    }
    complete
}

/// The Services of the input: where there is not a single one, nothing can be told from it.
fn known(linted: &[Result<Linted, FileError>]) -> Services {
    let mut list: Vec<ServiceFacts> =
        linted.iter().flatten().flat_map(|linted| linted.services.iter().cloned()).collect();
    if list.is_empty() {
        return Services::Unknown;
    }
    list.sort();
    list.dedup();
    Services::Known { source: Knowledge::Input, index: list.into_iter().collect(), lost: None }
}
