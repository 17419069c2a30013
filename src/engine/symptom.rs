//! What people see when something is wrong, in their own words: the headings under which rules are found by somebody who
//! does not know their names.

/// A symptom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Symptom {
    /// A run did not start.
    DidNotRun,
    /// A run started at another time than expected.
    WrongTime,
    /// Several runs are up at once, or one deletes the other.
    Overlap,
    /// The Job goes on and on.
    NeverCompletes,
    /// There is no Pod, or it waits.
    NoPods,
    /// It failed before all was tried.
    FailedEarly,
    /// It is tried again and again.
    RetriedTooOften,
    /// There is nothing to read about a failure.
    LogsGone,
    /// The API server does not take a change.
    Immutable,
    /// A deployment runs it once more, leaves it out, or waits for it.
    Deployment,
    /// The API server does not take the object.
    Refused,
    /// What is written has no effect.
    NoEffect,
    /// Another program runs than the one that was meant.
    Command,
    /// Pods do not find each other, or others find them.
    Network,
    /// Finished Jobs, or Pods, use too much.
    TooMuch,
    /// The linter or the annotation does not do what was expected of it.
    Checks,
}

impl Symptom {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 16] = [
        Self::DidNotRun,
        Self::WrongTime,
        Self::Overlap,
        Self::NeverCompletes,
        Self::NoPods,
        Self::FailedEarly,
        Self::RetriedTooOften,
        Self::LogsGone,
        Self::Immutable,
        Self::Deployment,
        Self::Refused,
        Self::NoEffect,
        Self::Command,
        Self::Network,
        Self::TooMuch,
        Self::Checks,
    ];

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::DidNotRun => "My CronJob did not run",
            Self::WrongTime => "My CronJob runs at the wrong time, twice, or too often",
            Self::Overlap => "Runs of my CronJob overlap, pile up, or delete each other",
            Self::NeverCompletes => "My Job never completes",
            Self::NoPods => "My Job has no Pods, or its Pods stay Pending",
            Self::FailedEarly => "My Job failed although it should have been retried",
            Self::RetriedTooOften => "My Job is retried although it should not be",
            Self::LogsGone => "My Job failed, and its Pods and logs are gone",
            Self::Immutable => "\"field is immutable\": I cannot change or deploy my Job again",
            Self::Deployment => "Helm, Argo CD or Flux runs my Job again, skips it, or waits for it",
            Self::Refused => "kubectl or the API server refuses my manifest",
            Self::NoEffect => "A field or an annotation has no effect",
            Self::Command => "My container does not do what its command says",
            Self::Network => "Pods of my Job do not find each other, or get traffic that is not theirs",
            Self::TooMuch => "Jobs use too much, are never removed, or may do too much",
            Self::Checks => "jobguard does not check, or does not ignore, what I expect",
        }
    }
}
