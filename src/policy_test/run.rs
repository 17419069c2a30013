//! Runs test files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use super::actual::Actual;
use super::compare::{Row, compare};
use super::find::TestText;
use super::judge::{self, TestFile, Way};
use super::model::{Case, Expected, Input, Spanned, Suite};
use super::{read, rules};
use crate::policy::reader::{Fault, quoted};
use crate::policy::{Policy, PolicyError, PolicyErrors, Preset, discover, load};
use crate::rules::{registry, registry_of};
use jobguard_manifest::LineIndex;

/// How to run them.
#[derive(Debug, Clone)]
pub struct Options {
    /// When schedules are judged where a file does not say.
    pub now: Timestamp,
    /// Only cases whose names hold this.
    pub filter: Option<String>,
    /// The policy to test, whatever the files say.
    pub policy: Option<PolicySource>,
}

/// Which policy is tested.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicySource {
    /// One that is built in.
    Preset(Preset),
    /// A file that was named explicitly.
    Named(PathBuf),
    /// A file that was discovered.
    Found(PathBuf),
}

impl PolicySource {
    /// How people call it.
    pub fn name(&self) -> String {
        match self {
            Self::Preset(preset) => preset.as_str().to_owned(),
            Self::Named(path) | Self::Found(path) => short(path),
        }
    }

    fn load(&self) -> Result<Policy, PolicyErrors> {
        let catalog = registry().catalog();
        match self {
            Self::Preset(preset) => load::preset(*preset, catalog),
            Self::Named(path) => load::read_file(path, catalog),
            Self::Found(path) => load::read_found(path, catalog),
        }
    }
}

/// A file's name as people would write it in the current folder.
pub(crate) fn short(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let relative = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    relative.unwrap_or(path).display().to_string()
}

/// What came of all files.
#[derive(Debug, Default)]
pub struct Results {
    /// The files, in their order.
    pub files: Vec<FileResult>,
    /// What is wrong with policies, each once.
    pub policy_errors: Vec<PolicyError>,
}

/// What came of one file.
#[derive(Debug)]
pub struct FileResult {
    /// The file, as its reader knows it.
    pub name: String,
    /// All its cases, but for those that were not asked for.
    pub cases: Vec<CaseResult>,
    /// What is wrong with the file.
    pub errors: Vec<PolicyError>,
}

/// What came of one case.
#[derive(Debug)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// The policy that it was judged by.
    pub policy: String,
    /// The line that it is on.
    pub line: usize,
    /// How it went.
    pub status: Status,
}

/// How a case went.
#[derive(Debug)]
pub enum Status {
    /// As expected.
    Passed(Actual),
    /// Otherwise: what came out, and how it differs.
    Failed(Actual, Vec<Row>),
    /// It could not be run: what is wrong with it, which is at least one thing.
    Broken(Vec<PolicyError>),
    /// It was not run, since what holds for all cases of its document is wrong, which is reported once.
    Blocked(PolicyError),
}

/// How many cases went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// As expected.
    pub passed: usize,
    /// Otherwise.
    pub failed: usize,
    /// Not run.
    pub broken: usize,
}

impl FileResult {
    /// How many of its cases went which way.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for case in &self.cases {
            match case.status {
                Status::Passed(_) => counts.passed += 1,
                Status::Failed(..) => counts.failed += 1,
                Status::Broken(_) | Status::Blocked(_) => counts.broken += 1,
            }
        }
        counts
    }
}

impl Results {
    /// How many cases went which way.
    pub fn counts(&self) -> Counts {
        self.files.iter().map(FileResult::counts).fold(Counts::default(), |all, of| Counts {
            passed: all.passed + of.passed,
            failed: all.failed + of.failed,
            broken: all.broken + of.broken,
        })
    }

    /// Whether something could not be run: a file, a case, a policy.
    pub fn is_broken(&self) -> bool {
        !self.policy_errors.is_empty()
            || self.counts().broken > 0
            || self.files.iter().any(|file| !file.errors.is_empty())
    }
}

/// Policies that were loaded, each once: those that cannot be used are none.
#[derive(Debug, Default)]
struct Policies {
    loaded: BTreeMap<PolicySource, Option<Arc<Policy>>>,
    errors: Vec<PolicyError>,
}

impl Policies {
    fn get(&mut self, source: &PolicySource) -> Option<Arc<Policy>> {
        if let Some(policy) = self.loaded.get(source) {
            return policy.clone();
        }
        let policy = match source.load() {
            Ok(policy) => Some(Arc::new(policy)),
            Err(errors) => {
                self.errors.extend(errors.iter().cloned());
                None
            }
        };
        self.loaded.insert(source.clone(), policy.clone());
        policy
    }
}

/// A case that is to be run.
struct Ready<'a> {
    test: TestFile<'a>,
    suite: &'a Suite,
    case: &'a Case,
    policy_name: &'a str,
    /// None where it cannot be used.
    policy: Option<Arc<Policy>>,
    /// Why no verdict counts.
    blocked: Option<&'a str>,
}

/// Reads and runs test files.
pub fn run(files: &[TestText], options: &Options) -> Results {
    let mut policies = Policies::default();
    let mut results = Results::default();
    for TestText { path, name, text } in files {
        let read::Read { suites, mut errors } = read::read(name, text);
        let lines = LineIndex::new(text);
        let mut cases = Vec::new();
        for suite in &suites {
            // A policy with errors is reported once, however many files name it.
            let (policy_name, policy) = match policy_of(suite, path, options) {
                Ok(source) => (source.name(), policies.get(&source)),
                Err(fault) => {
                    errors.push(PolicyError::new(name, &lines, fault));
                    (suite.policy.as_ref().map(|policy| policy.value.clone()).unwrap_or_default(), None)
                }
            };
            let blocked = match &policy {
                None => Some("its policy cannot be used"),
                Some(_) => suite.is_wrong.then_some("there is a mistake in spec, which holds for all cases"),
            };
            let is_wanted = |case: &&Case| {
                // What has no name may be what was asked for.
                let has = |filter: &String| !case.is_named || case.name.value.contains(filter.as_str());
                options.filter.as_ref().is_none_or(has)
            };
            let ready: Vec<Ready<'_>> = (suite.cases.iter().filter(is_wanted))
                .map(|case| Ready {
                    test: TestFile { path, name, text },
                    suite,
                    case,
                    policy_name: &policy_name,
                    policy: policy.clone(),
                    blocked,
                })
                .collect();
            cases.par_extend(ready.par_iter().map(|ready| run_case(ready, &lines, options)));
        }
        errors.sort_by_key(|error| (error.line, error.column));
        results.files.push(FileResult { name: name.clone(), cases, errors });
    }
    results.policy_errors = policies.errors;
    results
}

/// The policy that a document names, or that holds in the folder of its file.
pub(super) fn policy_of(suite: &Suite, path: &Path, options: &Options) -> Result<PolicySource, Fault> {
    if let Some(policy) = &options.policy {
        return Ok(policy.clone());
    }
    let Some(Spanned { value, span, path: field }) = &suite.policy else {
        let found = discover::discover(path.parent().unwrap_or(Path::new("")));
        return Ok(found.map_or(PolicySource::Preset(Preset::Recommended), PolicySource::Found));
    };
    if let Some(preset) = Preset::from_name(value) {
        return Ok(PolicySource::Preset(preset));
    }
    // As what a policy extends: relative to the file, and in the same repository.
    match load::from_files(&path.display().to_string(), value) {
        Ok(source) => Ok(PolicySource::Named(source.name.into())),
        Err(why) => {
            let presets = Preset::ALL.map(Preset::as_str).join(", ");
            Err(Fault {
                span: *span,
                path: field.clone(),
                message: format!("cannot read the policy {}: {why}", quoted(value)),
                help: Some(format!("give a path relative to the test file, or one of {presets}")),
            })
        }
    }
}

fn run_case(ready: &Ready<'_>, lines: &LineIndex<'_>, options: &Options) -> CaseResult {
    let Ready { test, case, policy_name, blocked, .. } = ready;
    let error = |fault| PolicyError::new(test.name, lines, fault);
    let status = match (judge_case(ready, options), blocked) {
        (Err(faults), _) if !faults.is_empty() => Status::Broken(faults.into_iter().map(error).collect()),
        (Ok((expected, actual)), None) => match compare(&expected, &actual) {
            None => Status::Passed(actual),
            Some(rows) => Status::Failed(actual, rows),
        },
        (_, why) => Status::Blocked(error(Fault {
            span: case.name.span,
            path: case.name.path.clone(),
            message: format!("the case was not run: {}", why.unwrap_or("it cannot be read")),
            help: None,
        })),
    };
    let line = lines.position(case.name.span.start).line;
    CaseResult { name: case.name.value.clone(), policy: (*policy_name).to_owned(), line, status }
}

/// What a case expects, with each rule by its id, and what comes out of it.
///
/// # Errors
/// What is wrong with the case; nothing where only its policy is.
fn judge_case(ready: &Ready<'_>, options: &Options) -> Result<(Expected, Actual), Vec<Fault>> {
    let Ready { test, suite, case, policy, .. } = ready;
    let mut faults = case.faults.clone();
    let Some(policy) = policy else { return Err(faults) };
    let resolved = case.expected.as_ref().map(|expected| rules::resolve(expected, registry_of(policy)));
    let expected = match resolved {
        Some(Err(unknown)) => {
            faults.extend(unknown);
            faults.sort_by_key(|fault| fault.span);
            None
        }
        Some(Ok(expected)) => Some(expected),
        None => None,
    };
    let (Some(expected), Some(input), []) = (expected, &case.input, &faults[..]) else { return Err(faults) };
    let now = case.now.or(suite.now).unwrap_or(options.now);
    let actual = match input {
        Input::Manifest(written) => {
            // As `jobguard lint`, which looks at what is written.
            let with_defaults = case.with_defaults.unwrap_or(false);
            judge::judge(written, *test, Way { policy, now, with_defaults })
        }
        #[cfg(feature = "serve")]
        Input::Review(review) => {
            // As in a cluster, where /mutate is asked first.
            let with_defaults = case.with_defaults.unwrap_or(true);
            super::review::judge(review, *test, (policy, now), with_defaults)
        }
        #[cfg(not(feature = "serve"))]
        Input::Review(review) => Err(Fault {
            span: review.span,
            path: review.path.clone(),
            message: "this jobguard was built without the webhook, which answers reviews".to_owned(),
            help: Some("build it with the feature serve".to_owned()),
        }),
    };
    actual.map(|actual| (expected, actual)).map_err(|fault| vec![fault])
}
