//! What happens to a Job, and when: the forecast's answer.

use serde::Serialize;

pub use super::failure_policy::Action;

/// How long a try takes that ends by itself, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TryLength {
    /// The seconds that are counted: 0 where nothing is known.
    pub seconds: i64,
    /// Where they are from.
    pub source: TryLengthSource,
}

/// Where the length of a try is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TryLengthSource {
    /// The caller expects it.
    Expected,
    /// The Pod's `activeDeadlineSeconds`, with the time that its containers are given to end.
    PodDeadline,
    /// Nothing is known: tries are counted as taking no time, so every time is one at the earliest.
    Unknown,
}

impl TryLength {
    /// The length that somebody expects, or none.
    pub(super) fn of(expected: Option<i64>) -> Self {
        match expected {
            Some(seconds) => Self { seconds: seconds.max(0), source: TryLengthSource::Expected },
            None => Self { seconds: 0, source: TryLengthSource::Unknown },
        }
    }
}

/// Something that happens to a Job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When, in seconds since the Job's start.
    pub at_seconds: i64,
    /// Until when, where it lasts: of a hang, the deadline; of what is repeated, its last moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_seconds: Option<i64>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happens. Events of one moment that differ in the index alone are one event: `index` is there where it is about one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EventKind {
    /// Pods are created for what no Pod was created for before.
    Started {
        /// How many.
        pods: u64,
        /// The index.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<u64>,
        /// How many of the Job's Pods have been created for the first time by now.
        started: u64,
    },
    /// Pods have failed.
    Failed {
        /// How many.
        pods: u64,
        /// In which try.
        #[serde(rename = "try")]
        attempt: u64,
        /// The index.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<u64>,
        /// Why.
        cause: Cause,
        /// With which exit code a container ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// Which container.
        #[serde(skip_serializing_if = "Option::is_none")]
        container: Option<String>,
        /// The rule of the podFailurePolicy that decides, from 0; none where no rule matches.
        #[serde(skip_serializing_if = "Option::is_none")]
        rule: Option<usize>,
        /// What follows.
        action: Action,
        /// The failures that count by now.
        failures: u64,
        /// When they are replaced; none where they are not.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_at_seconds: Option<i64>,
    },
    /// Containers have failed, and the kubelet restarts them in their Pods.
    Restarts {
        /// In how many Pods.
        pods: u64,
        /// In which try.
        #[serde(rename = "try")]
        attempt: u64,
        /// The index.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<u64>,
        /// The exit code.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// Which container.
        #[serde(skip_serializing_if = "Option::is_none")]
        container: Option<String>,
        /// When they are restarted; none where the Pod ends before.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_at_seconds: Option<i64>,
        /// Whether restarts count towards `backoffLimit`.
        counts: bool,
    },
    /// Indexes have failed for good.
    IndexFailed {
        /// How many.
        indexes: u64,
        /// The index.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<u64>,
        /// How many have by now.
        failed_indexes: u64,
    },
    /// Pods have succeeded.
    Succeeded {
        /// How many.
        pods: u64,
        /// In which try.
        #[serde(rename = "try")]
        attempt: u64,
        /// The index.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<u64>,
        /// How many have by now.
        succeeded: u64,
    },
    /// A try begins that does not end by itself.
    Hangs {
        /// How many.
        pods: u64,
        /// In which try.
        #[serde(rename = "try")]
        attempt: u64,
        /// The index.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<u64>,
    },
    /// What came before happens again and again.
    Repeated {
        /// How far apart, in seconds.
        every_seconds: i64,
        /// How often; none where nothing ends it.
        #[serde(skip_serializing_if = "Option::is_none")]
        times: Option<u64>,
        /// The tries that this is about, where it is about one try after the other.
        #[serde(skip_serializing_if = "Option::is_none")]
        tries: Option<Tries>,
        /// The failures that count in that time.
        failures: u64,
        /// The Pods that succeed in that time.
        successes: u64,
        /// The indexes that fail for good in that time.
        failed_indexes: u64,
    },
    /// Events that are left out, since there are too many.
    Omitted {
        /// How many.
        events: u64,
    },
}

/// Some tries, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tries {
    /// The first.
    pub from: u64,
    /// The last; none where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// Why a Pod failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// A container ended with an exit code that is not 0.
    ExitCode,
    /// It was evicted, preempted or drained.
    Disruption,
    /// Its own `activeDeadlineSeconds` were over.
    PodDeadline,
}

/// How a Job ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// Whether it ends: in a supposition, as supposed; in the worst case, whatever its tries do.
    pub certain: bool,
    /// When that is decided, in seconds since the Job's start; none where it does not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_seconds: Option<i64>,
    /// When the condition is set, at the latest: once the Pods that are deleted at the end have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_by_seconds: Option<i64>,
    /// The condition.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Its reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What ends it, or why nothing does.
    pub by: By,
}

/// A condition of a Job that has finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Condition {
    /// It has succeeded.
    Complete,
    /// It has failed.
    Failed,
}

/// The reason of that condition, as the API has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "these are the API's own words")]
pub enum Reason {
    BackoffLimitExceeded,
    DeadlineExceeded,
    PodFailurePolicy,
    FailedIndexes,
    MaxFailedIndexesExceeded,
    CompletionsReached,
    SuccessPolicy,
}

/// What ends a Job, or why nothing does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum By {
    /// Enough Pods have succeeded; of a work queue, one, and none is running.
    Completions {
        /// How many have.
        succeeded: u64,
    },
    /// A rule of the successPolicy is met.
    SuccessPolicy {
        /// Which, from 0.
        rule: usize,
    },
    /// More Pods have failed than `backoffLimit` allows.
    BackoffLimit {
        /// The limit.
        limit: u64,
        /// The failures that count.
        failures: u64,
    },
    /// Containers have been restarted as often as `backoffLimit` allows.
    Restarts {
        /// The limit.
        limit: u64,
        /// The restarts, of all Pods together.
        restarts: u64,
    },
    /// The Job's `activeDeadlineSeconds` are over.
    Deadline {
        /// They.
        seconds: i64,
    },
    /// A rule of the podFailurePolicy fails the Job.
    PodFailurePolicy {
        /// Which, from 0.
        rule: usize,
    },
    /// More indexes have failed than `maxFailedIndexes` allows.
    MaxFailedIndexes {
        /// The limit.
        limit: u64,
        /// How many have failed.
        failed: u64,
    },
    /// Every index has ended, and some have failed.
    FailedIndexes {
        /// How many have.
        failed: u64,
    },
    /// Nothing: a try does not end, and there is no deadline.
    Hang,
    /// Nothing: failures that count towards nothing go on.
    Uncounted,
    /// Nothing: the Job is paused by a `parallelism` of 0.
    Paused,
    /// Another controller runs the Job, of which nothing is known.
    OtherController,
    /// There is too much to follow.
    TooLong,
}

/// What a Job leaves behind once it has finished, until it is removed itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Failed Pods, with their logs.
    pub failed_pods: u64,
    /// Pods that succeeded, with their logs.
    pub succeeded_pods: u64,
    /// Pods that are gone, and their logs with them: deleted at the end, or disrupted.
    pub deleted_pods: u64,
}
