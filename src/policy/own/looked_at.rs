//! What the expressions of a policy's own rules look at, of an object.

use std::sync::Arc;

use jobguard_apiserver::{Kind, Step, Wanted};
use jobguard_cel::{Path, PathStep, Root};

use super::rule::OwnRule;
use super::vocabulary::{JOB, OBJECT, OLD_OBJECT, VOCABULARY};

/// The parts of an object that expressions look at, by the kind of the object.
#[derive(Debug, Clone, Default)]
pub struct LookedAt {
    job: Arc<Wanted>,
    cron_job: Arc<Wanted>,
}

impl LookedAt {
    /// What any expression of `rules` looks at.
    pub(super) fn by(rules: &[OwnRule]) -> Self {
        let paths: Vec<Path> = rules.iter().flat_map(|rule| rule.compiled.paths()).collect();
        Self { job: wanted(Kind::Job, &paths), cron_job: wanted(Kind::CronJob, &paths) }
    }

    /// The parts of an object of a kind.
    pub fn of(&self, kind: Kind) -> &Arc<Wanted> {
        match kind {
            Kind::Job => &self.job,
            Kind::CronJob => &self.cron_job,
        }
    }
}

fn of_job(field: usize) -> &'static str {
    VOCABULARY.parts[JOB].fields[field].0
}

fn wanted(kind: Kind, paths: &[Path]) -> Arc<Wanted> {
    let mut wanted = Wanted::default();
    for path in paths {
        let start: Vec<&str> = match (path.root, kind) {
            (Root::Variable(OBJECT | OLD_OBJECT), _) => Vec::new(),
            (Root::Field { part: JOB, field }, Kind::Job) => vec![of_job(field)],
            (Root::Field { part: JOB, field }, Kind::CronJob) => {
                vec!["spec", "jobTemplate", of_job(field)]
            }
            _ => continue,
        };
        let start = start.into_iter().map(|field| Step::Field(field.to_owned()));
        let rest = path.steps.iter().map(|step| match step {
            PathStep::Field(field) => Step::Field(field.to_string()),
            PathStep::Element => Step::Element,
        });
        wanted.add(&start.chain(rest).collect::<Vec<_>>(), path.whole);
    }
    Arc::new(wanted)
}
