//! The names that expressions of own rules may use. The engine resolves them by the same positions.

#[cfg(feature = "own-rules")]
use jobguard_cel::{Part, Vocabulary};

/// The variables, as a ValidatingAdmissionPolicy has them.
pub const VARIABLES: &[&str] = &["object", "oldObject", "request", "namespaceObject"];
/// Position of `object` in [`VARIABLES`].
pub const OBJECT: usize = 0;
/// Position of `oldObject`.
pub const OLD_OBJECT: usize = 1;
/// Position of `request`.
pub const REQUEST: usize = 2;
/// Position of `namespaceObject`.
pub const NAMESPACE_OBJECT: usize = 3;

/// Position of the Job: the object itself, or what a CronJob makes.
pub const JOB: usize = 0;
/// Position of a CronJob's schedule.
pub const SCHEDULE: usize = 1;
/// The fields of `job`.
pub const JOB_FIELDS: &[&str] = &["spec", "metadata", "worstCase", "podsAtOnce"];
/// The fields of `schedule`.
pub const SCHEDULE_FIELDS: &[&str] = &["minInterval", "timeZone"];

/// All names that expressions know.
#[cfg(feature = "own-rules")]
pub const VOCABULARY: Vocabulary<'static> = Vocabulary {
    variables: VARIABLES,
    parts: &[
        Part { name: "job", fields: JOB_FIELDS, functions: &[] },
        Part { name: "schedule", fields: SCHEDULE_FIELDS, functions: &[("firesAt", 1)] },
    ],
    unavailable: &[
        ("params", "write the values into the expression"),
        ("authorizer", "only an API server can ask who may do what"),
        ("variables", "bind a name with cel.bind(name, value, expression)"),
        ("self", "the object is `object`"),
    ],
    partly_known: &[("namespaceObject", &["metadata.name", "metadata.labels"])],
};
