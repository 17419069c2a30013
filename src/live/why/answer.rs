//! An answer: what is the matter with one CronJob or Job, why, and how that is known.

use jiff::Timestamp;
use serde::Serialize;

use super::target::TargetKind;

/// The version of the JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// The answer about one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `CronJob` or `Job`.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The time that the answer is about.
    pub now: Timestamp,
    /// Whether that time was not given, and is the newest one in the objects.
    pub now_is_newest_known: bool,
    /// How it stands.
    pub state: State,
    /// That in one sentence.
    pub summary: String,
    /// Why: what is wrong, the most certain of it first, then what only says how it goes.
    pub reasons: Vec<Reason>,
    /// What could not be told, and for want of what.
    pub cannot_tell: Vec<String>,
    /// When it runs next; none of a Job, and where nothing is to come.
    pub next_run: Option<NextRun>,
    /// The last runs, the oldest first.
    pub runs: Vec<Run>,
}

/// How an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// All is as it should be.
    Fine,
    /// It runs.
    Running,
    /// It waits, or could not start.
    NotRunning,
    /// The last run failed.
    Failed,
}

/// How certain a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// An object or an event says so, or there is no other way for the controllers to act.
    Certain,
    /// It fits all that is known, and little else does.
    Likely,
    /// It may be.
    Possible,
}

impl Certainty {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// What kind of reason it is: `cron-suspended`, `image-not-pulled` ...
    pub id: &'static str,
    /// How certain it is.
    pub certainty: Certainty,
    /// What is the matter, in one sentence.
    pub text: String,
    /// How that is known.
    pub evidence: Vec<Evidence>,
    /// What to do about it; none where nothing is wrong.
    pub change: Option<String>,
    /// The field to change.
    pub field: Option<Field>,
    /// What the rules say of the object that goes with it.
    pub rules: Vec<RuleSaying>,
    /// What it says of how the object stands.
    #[serde(skip)]
    pub state: State,
}

/// Something that an object or an event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The object, with its kind: `Pod nightly-30-x7k2q`.
    pub object: String,
    /// Where it says so: a field, or `event FailedCreate`.
    pub source: String,
    /// What it says.
    pub text: String,
    /// When that was.
    pub time: Option<Timestamp>,
    /// How often, of an event; 1 where nothing says so.
    pub count: i64,
}

/// A field to change, of the object that somebody has written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// `CronJob` or `Job`.
    pub kind: &'static str,
    /// The object's name.
    pub name: String,
    /// The field, as the API server writes it.
    pub path: String,
    /// Where it stands in the manifest, where there is one.
    pub place: Option<Place>,
}

/// A place in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Whether the field itself stands there; if not, it is what it belongs into.
    pub exact: bool,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSaying {
    /// The rule.
    pub rule: String,
    /// Its finding.
    pub message: String,
    /// The field that it is about.
    pub path: String,
}

/// The next run of a CronJob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NextRun {
    /// When.
    pub utc: Timestamp,
    /// The same by the clock of the CronJob's zone: `2027-03-28T03:30:00+02:00`.
    pub local: String,
    /// The zone; none where it is the controller manager's, taken to be UTC.
    pub zone: Option<String>,
    /// What keeps it from being started, as far as is known.
    pub but: Option<String>,
}

/// One run, expected and real.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// When it was due; none of a Job that no schedule made.
    pub due: Option<Timestamp>,
    /// The Job that was made for it.
    pub job: Option<String>,
    /// When the Job was made.
    pub created: Option<Timestamp>,
    /// When it was started.
    pub started: Option<Timestamp>,
    /// Its Pods that are known, in the order of their start.
    pub tries: Vec<Try>,
    /// How many of them are not listed.
    pub more_tries: usize,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it went.
    pub outcome: Outcome,
    /// That in a few words.
    pub words: String,
}

/// A Pod of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Try {
    /// The Pod.
    pub pod: String,
    /// When it was started; where no node has, when it was made.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it went.
    pub outcome: Outcome,
    /// That in a few words.
    pub words: String,
}

/// How a run, or a Pod, went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It goes on.
    Running,
    /// It has not started to run.
    Waiting,
    /// There is no Job: it was not started, or has been removed.
    NoJob,
    /// What would tell could not be read.
    Unknown,
}

impl Reason {
    pub(super) fn new(id: &'static str, state: State, certainty: Certainty, text: impl Into<String>) -> Self {
        let (evidence, rules) = (Vec::new(), Vec::new());
        Self { id, certainty, text: text.into(), evidence, change: None, field: None, rules, state }
    }

    #[must_use]
    pub(super) fn because(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    #[must_use]
    pub(super) fn change(mut self, change: impl Into<String>) -> Self {
        self.change = Some(change.into());
        self
    }

    #[must_use]
    pub(super) fn at(mut self, field: Option<Field>) -> Self {
        self.field = field;
        self
    }
}

impl Evidence {
    /// What a field says.
    pub(super) fn field(
        (kind, name): (&str, &str),
        path: impl Into<String>,
        text: impl Into<String>,
        time: Option<Timestamp>,
    ) -> Self {
        Self { object: format!("{kind} {name}"), source: path.into(), text: text.into(), time, count: 1 }
    }
}

impl Field {
    pub(super) fn of(kind: TargetKind, name: &str, path: impl Into<String>) -> Self {
        Self { kind: kind.as_str(), name: name.to_owned(), path: path.into(), place: None }
    }
}
