//! A field error: what the API server would object to, and where.

use jobguard_manifest::FieldPath;
use jobguard_manifest::edit::Edit;

/// What is wrong with a field: `metav1.CauseType` of the Kubernetes API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A value must be given.
    Required,
    /// The value is malformed or out of bounds.
    Invalid,
    /// The value is not among those the field knows.
    NotSupported,
    /// The value must be unique and is not.
    Duplicate,
    /// The value names something that is not there.
    NotFound,
    /// The value may not be given here.
    Forbidden,
    /// The string is too long.
    TooLong,
    /// The list is too long.
    TooMany,
    /// The value is of the wrong type.
    TypeInvalid,
}

impl Cause {
    /// The name in a `Status`: `FieldValueRequired` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotFound => "FieldValueNotFound",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }
}

/// The subject of a field error. Each topic is explained by exactly one `api/*` rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A value of the wrong type (`api/type`).
    Type,
    /// A field that the API does not have (`api/unknown-field`).
    UnknownField,
    /// A key given twice (`api/duplicate-key`).
    DuplicateKey,
    /// `metadata.name`, `metadata.generateName` and names made from them (`api/name`).
    Name,
    /// Labels, of the object and of the Pod template (`api/labels`).
    Labels,
    /// Annotations, finalizers, owner references (`api/metadata`).
    Metadata,
    /// `restartPolicy` of the Pod template (`api/restart-policy`).
    RestartPolicy,
    /// Numbers: completions, parallelism, backoffLimit, deadlines, history limits (`api/counts`).
    Counts,
    /// Completion mode, backoffLimitPerIndex, maxFailedIndexes (`api/indexed`).
    Indexed,
    /// `podFailurePolicy` (`api/pod-failure-policy`).
    PodFailurePolicy,
    /// `successPolicy` (`api/success-policy`).
    SuccessPolicy,
    /// `selector` and `manualSelector` (`api/selector`).
    Selector,
    /// `podReplacementPolicy` and `managedBy` (`api/job-control`).
    JobControl,
    /// `schedule` (`api/schedule`).
    Schedule,
    /// `timeZone` (`api/time-zone`).
    TimeZone,
    /// `concurrencyPolicy` (`api/concurrency-policy`).
    ConcurrencyPolicy,
    /// What cannot be changed once the object exists (`api/immutable`).
    Immutable,
    /// A field that the server leaves out because its feature gate is off (`api/field-dropped`).
    Dropped,
    /// Containers, init containers, their images, env, ports, probes, lifecycle (`api/containers`).
    Containers,
    /// Volumes and mounts (`api/volumes`).
    Volumes,
    /// Resource requests, limits and claims (`api/resources`).
    Resources,
    /// Node selectors, affinity, tolerations, spread, gates, priority (`api/scheduling`).
    Scheduling,
    /// Everything else of the Pod template's spec (`api/pod`).
    Pod,
    /// What the API server accepts with a warning (`api/server-warning`).
    ServerWarning,
}

impl Topic {
    /// All topics.
    pub const ALL: [Self; 24] = [
        Self::Type,
        Self::UnknownField,
        Self::DuplicateKey,
        Self::Name,
        Self::Labels,
        Self::Metadata,
        Self::RestartPolicy,
        Self::Counts,
        Self::Indexed,
        Self::PodFailurePolicy,
        Self::SuccessPolicy,
        Self::Selector,
        Self::JobControl,
        Self::Schedule,
        Self::TimeZone,
        Self::ConcurrencyPolicy,
        Self::Immutable,
        Self::Dropped,
        Self::Containers,
        Self::Volumes,
        Self::Resources,
        Self::Scheduling,
        Self::Pod,
        Self::ServerWarning,
    ];
}

/// An edit that would correct an object, where decoding knows one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The edit.
    pub edit: Edit,
    /// Whether nothing else can be meant.
    pub certain: bool,
}

/// How an objection is related to another field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// The server has made the value from that of another field, and the fault is that field's.
    MadeFrom(FieldPath),
    /// Once it has been put right, as suggested or by a server of another version, this field has a value, which it lacks.
    Supplies(FieldPath),
    /// As [`Supplies`](Self::Supplies), of an object, with the fields that come along: those that are something.
    SuppliesObject(FieldPath, Vec<FieldPath>),
    /// Nothing that the server looks for is in this object. Where it has left something out there, that is why.
    Empty(FieldPath),
}

/// One objection of the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field as the server names it. A few of its names are not real paths (`spec.template.labels`).
    pub path: FieldPath,
    /// Where the fault stands in the object, when that is another place than `path`.
    pub at: Option<FieldPath>,
    /// What is wrong.
    pub cause: Cause,
    /// Which `api/*` rule explains it.
    pub topic: Topic,
    /// What is wrong, in our words: one sentence, no full stop, without the path.
    pub message: String,
    /// What to do about it, where that is more than the message says.
    pub help: Option<String>,
    /// How to correct it, where the field alone shows that.
    pub suggestion: Option<Suggestion>,
    /// Another field that this is about as well.
    pub relation: Option<Relation>,
}

impl FieldError {
    /// An error at `path`.
    pub fn new(path: FieldPath, cause: Cause, topic: Topic, message: impl Into<String>) -> Self {
        Self {
            path,
            at: None,
            cause,
            topic,
            message: message.into(),
            help: None,
            suggestion: None,
            relation: None,
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says where the fault really stands.
    #[must_use]
    pub fn at(mut self, at: FieldPath) -> Self {
        self.at = Some(at);
        self
    }
}
