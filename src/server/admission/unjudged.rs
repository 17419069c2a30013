//! Reviews that end without a verdict: why, whose fault that is, and what follows.
//!
//! What an object brings about itself is refused under [`Mode::Enforce`], or a tenant could choose not to be judged.
//! What the server brings about (it is overloaded) is not the object's fault, and follows the policy's `onTimeout`. A
//! webhook configuration that asks about other kinds must not be in the way of those.
//!
//! Only reviews that can be answered come here: an answer needs the review's uid. What is refused with an HTTP error
//! follows the webhook's `failurePolicy`. `docs/operate.md` lists all of it, which a test holds to this file.

use std::fmt;

use crate::policy::{Mode, OnTimeout};

use super::request::Endpoint;

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unjudged {
    /// The object is a Job or CronJob, and cannot be read as one.
    Unreadable {
        /// What is wrong, without anything that stands in the object.
        problem: String,
    },
    /// A Job or CronJob in a version of `batch` that is not read here.
    UnknownVersion {
        /// Group, version and kind.
        found: String,
    },
    /// The review is larger than what is read.
    TooLarge {
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// The object has more list items and map entries than are read.
    TooManyElements {
        /// The most that are read.
        limit: usize,
    },
    /// The object is nested more deeply than is read.
    TooDeep {
        /// The deepest that is read.
        limit: usize,
    },
    /// The object holds more Jobs than are judged.
    TooManyJobs {
        /// The most that are judged.
        limit: usize,
    },
    /// The stored object exceeds a limit already, and its spec stays what it is.
    StoredTooLarge,
    /// Judging the object took more time than one object may take.
    OutOfTime,
    /// The object led into a fault of jobguard.
    Panicked,
    /// Too many reviews at a time.
    Overloaded,
    /// There was no time left: the review waited, or arrived slowly.
    TimedOut,
    /// The request is none that an API server sends.
    UnreadableRequest {
        /// What is wrong.
        problem: String,
    },
    /// The request has no object, where an API server always sends one.
    NoObject,
    /// Neither a Job nor a CronJob: the webhook configuration asks for too much.
    OtherKind {
        /// Group, version and kind.
        found: String,
    },
}

/// Whose fault it is that there is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The object's: who wrote it can bring it about at will.
    Object,
    /// The server's: it has too much to do.
    Server,
    /// The sender's, or that of the webhook configuration.
    Request,
}

impl Fault {
    /// The word in logs and documentation.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Server => "server",
            Self::Request => "request",
        }
    }
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consequence {
    /// The operation goes on, with a warning.
    Allow,
    /// It does not.
    Deny {
        /// The HTTP status that the user's client is shown.
        code: u16,
        /// `metav1.StatusReason`.
        reason: &'static str,
    },
}

impl Unjudged {
    /// One word for logs, metrics and audit annotations, of a fixed list.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable_object",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyElements { .. } => "too_many_elements",
            Self::TooDeep { .. } => "too_deep",
            Self::TooManyJobs { .. } => "too_many_jobs",
            Self::StoredTooLarge => "stored_too_large",
            Self::OutOfTime => "out_of_time",
            Self::Panicked => "internal_error",
            Self::Overloaded => "overloaded",
            Self::TimedOut => "timed_out",
            Self::UnreadableRequest { .. } => "unreadable_request",
            Self::NoObject => "no_object",
            Self::OtherKind { .. } => "other_kind",
        }
    }

    /// Whose fault it is. A fault of jobguard that an object leads into is the object's: otherwise such an object
    /// would pass every policy.
    pub(crate) const fn fault(&self) -> Fault {
        match self {
            Self::Unreadable { .. }
            | Self::UnknownVersion { .. }
            | Self::TooLarge { .. }
            | Self::TooManyElements { .. }
            | Self::TooDeep { .. }
            | Self::TooManyJobs { .. }
            | Self::StoredTooLarge
            | Self::OutOfTime
            | Self::Panicked => Fault::Object,
            Self::Overloaded | Self::TimedOut => Fault::Server,
            Self::UnreadableRequest { .. } | Self::NoObject | Self::OtherKind { .. } => Fault::Request,
        }
    }

    /// What follows under a policy with this `mode` and `onTimeout`.
    ///
    /// `/mutate` refuses nothing that `/validate` is asked about next; only where the server has too much to do may
    /// the two questions fare differently, and each follows `onTimeout`.
    pub(crate) const fn decide(&self, endpoint: Endpoint, mode: Mode, on_timeout: OnTimeout) -> Consequence {
        let refused = match (mode, self.fault(), endpoint) {
            (Mode::Warn | Mode::Audit, ..) => false,
            (Mode::Enforce, Fault::Server, _) => matches!(on_timeout, OnTimeout::Deny),
            (Mode::Enforce, Fault::Object | Fault::Request, Endpoint::Mutate) => false,
            (Mode::Enforce, Fault::Object | Fault::Request, Endpoint::Validate) => true,
        };
        match self.status() {
            Some((code, reason)) if refused => Consequence::Deny { code, reason },
            _ => Consequence::Allow,
        }
    }

    /// The status of a refusal; none for what is never refused.
    const fn status(&self) -> Option<(u16, &'static str)> {
        match self {
            Self::Unreadable { .. }
            | Self::UnknownVersion { .. }
            | Self::UnreadableRequest { .. }
            | Self::NoObject => Some((400, "BadRequest")),
            Self::TooLarge { .. }
            | Self::TooManyElements { .. }
            | Self::TooDeep { .. }
            | Self::TooManyJobs { .. } => Some((413, "RequestEntityTooLarge")),
            Self::OutOfTime => Some((403, "Forbidden")),
            Self::Panicked => Some((500, "InternalError")),
            Self::Overloaded => Some((429, "TooManyRequests")),
            Self::TimedOut => Some((504, "Timeout")),
            // Other kinds do not depend on jobguard.
            Self::OtherKind { .. } => None,
            // Old objects stay editable where nothing becomes worse.
            Self::StoredTooLarge => None,
        }
    }

    /// What to do about it.
    pub(super) const fn advice(&self) -> Option<&'static str> {
        match self {
            Self::UnknownVersion { .. } => Some(
                "let the webhook's rules name apiVersions [\"v1\"] with matchPolicy Equivalent, so that the API server \
                 converts it",
            ),
            Self::TooLarge { .. } | Self::TooManyElements { .. } | Self::OutOfTime => {
                Some("make it smaller: large data belongs in a ConfigMap or a volume")
            }
            Self::TooManyJobs { .. } => Some("write several objects"),
            Self::Panicked => Some("please report it; jobguard's log says where"),
            Self::Overloaded | Self::TimedOut => Some("try again"),
            _ => None,
        }
    }
}

impl fmt::Display for Unjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { problem } => f.write_str(problem),
            Self::UnknownVersion { found } => write!(f, "{found} is a version that is not read here"),
            Self::TooLarge { limit } => write!(f, "the review is larger than {limit} bytes"),
            Self::TooManyElements { limit } => {
                write!(f, "the object has more than {limit} list items and map entries")
            }
            Self::TooDeep { limit } => write!(f, "the object is nested more than {limit} levels deep"),
            Self::TooManyJobs { limit } => write!(f, "the object holds more than {limit} Jobs"),
            Self::StoredTooLarge => {
                f.write_str("the stored object is larger than what is judged, and its spec has not changed")
            }
            Self::OutOfTime => f.write_str("the object takes too much time to judge"),
            Self::Panicked => f.write_str("jobguard failed on it"),
            Self::Overloaded => f.write_str("there are too many reviews at a time"),
            Self::TimedOut => f.write_str("there was no time left to check it"),
            Self::UnreadableRequest { problem } => write!(f, "the request cannot be read: {problem}"),
            Self::NoObject => f.write_str("the request has no `object`"),
            Self::OtherKind { found } => {
                write!(
                    f,
                    "{found} is neither a Job nor a CronJob; the webhook's rules ask for too much, unless it holds Jobs, \
                     and the policy's embeddedJobs should name it"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
