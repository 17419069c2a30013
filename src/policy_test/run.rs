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
    /// A file that somebody named.
    Named(PathBuf),
    /// A file that was come across.
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
    /// The cases that were run.
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
    /// It could not be run.
    Broken(PolicyError),
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
                Status::Broken(_) => counts.broken += 1,
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

/// A case that is ready to run.
struct Ready<'a> {
    test: TestFile<'a>,
    suite: &'a Suite,
    case: &'a Case,
    /// What it expects, with each rule by its id.
    expected: Expected,
    policy: Arc<Policy>,
    policy_name: String,
}

/// Reads and runs test files.
pub fn run(files: &[TestText], options: &Options) -> Results {
    let mut policies = Policies::default();
    let mut results = Results::default();
    for TestText { path, name, text } in files {
        let read::Read { suites, mut errors } = read::read(name, text);
        let lines = LineIndex::new(text);
        let mut ready = Vec::new();
        for suite in &suites {
            let source = match policy_of(suite, path, options) {
                Ok(source) => source,
                Err(fault) => {
                    errors.push(PolicyError::new(name, &lines, fault));
                    continue;
                }
            };
            // A policy with faults is reported once, whoever names it.
            let Some(policy) = policies.get(&source) else { continue };
            let is_wanted = |case: &&Case| {
                options.filter.as_ref().is_none_or(|filter| case.name.value.contains(filter.as_str()))
            };
            for case in suite.cases.iter().filter(is_wanted) {
                match rules::resolve(case, registry_of(&policy)) {
                    Ok(expected) => ready.push(Ready {
                        test: TestFile { path, name, text },
                        suite,
                        case,
                        expected,
                        policy: Arc::clone(&policy),
                        policy_name: source.name(),
                    }),
                    Err(faults) => {
                        errors.extend(faults.into_iter().map(|fault| PolicyError::new(name, &lines, fault)));
                    }
                }
            }
        }
        errors.sort_by_key(|error| (error.line, error.column));
        let cases = ready.par_iter().map(|ready| run_case(ready, &lines, options)).collect();
        results.files.push(FileResult { name: name.clone(), cases, errors });
    }
    results.policy_errors = policies.errors;
    results
}

/// The policy that a document names, or that holds in the folder of its file.
fn policy_of(suite: &Suite, path: &Path, options: &Options) -> Result<PolicySource, Fault> {
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
    let Ready { test, suite, case, expected, policy, policy_name } = ready;
    let now = case.now.or(suite.now).unwrap_or(options.now);
    let actual = match &case.input {
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
    let status = match actual {
        Err(fault) => Status::Broken(PolicyError::new(test.name, lines, fault)),
        Ok(actual) => match compare(expected, &actual) {
            None => Status::Passed(actual),
            Some(rows) => Status::Failed(actual, rows),
        },
    };
    let line = lines.position(case.name.span.start).line;
    CaseResult { name: case.name.value.clone(), policy: policy_name.clone(), line, status }
}
