//! The names that expressions of own rules may use. The engine resolves them by the same positions.

#[cfg(feature = "own-rules")]
use jobguard_cel::{Declared, EvalError, Function, Part, Record, Vocabulary};

/// Position of `object` among the variables.
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

/// A group, a version, and what is named in them.
#[cfg(feature = "own-rules")]
const fn gvk<'v>(name: &'v str, fields: &'v [(&'v str, Declared<'v>)]) -> Record<'v> {
    Record { name, fields }
}

#[cfg(feature = "own-rules")]
const KIND: Record<'static> = gvk(
    "request.kind",
    &[("group", Declared::String), ("version", Declared::String), ("kind", Declared::String)],
);

#[cfg(feature = "own-rules")]
const RESOURCE: Record<'static> = gvk(
    "request.resource",
    &[("group", Declared::String), ("version", Declared::String), ("resource", Declared::String)],
);

#[cfg(feature = "own-rules")]
const USER_INFO: Record<'static> = Record {
    name: "request.userInfo",
    fields: &[
        ("username", Declared::String),
        ("uid", Declared::String),
        ("groups", Declared::List(&Declared::String)),
        ("extra", Declared::Map(&Declared::List(&Declared::String))),
    ],
};

/// Typed as a ValidatingAdmissionPolicy has it. Source: `BuildRequestType` of the API server.
#[cfg(feature = "own-rules")]
const REQUEST_TYPE: Record<'static> = Record {
    name: "request",
    fields: &[
        ("kind", Declared::Record(&KIND)),
        ("resource", Declared::Record(&RESOURCE)),
        ("subResource", Declared::String),
        ("requestKind", Declared::Record(&KIND)),
        ("requestResource", Declared::Record(&RESOURCE)),
        ("requestSubResource", Declared::String),
        ("name", Declared::String),
        ("namespace", Declared::String),
        ("operation", Declared::String),
        ("userInfo", Declared::Record(&USER_INFO)),
        ("dryRun", Declared::Bool),
        ("options", Declared::Dyn),
    ],
};

/// As far as it is known here. Source: `BuildNamespaceType` of the API server.
#[cfg(feature = "own-rules")]
const NAMESPACE_TYPE: Record<'static> = Record {
    name: "namespaceObject",
    fields: &[(
        "metadata",
        Declared::Record(&Record {
            name: "namespaceObject.metadata",
            fields: &[("name", Declared::String), ("labels", Declared::Map(&Declared::String))],
        }),
    )],
};

/// All names that expressions know. The variables are those of a ValidatingAdmissionPolicy.
#[cfg(feature = "own-rules")]
pub const VOCABULARY: Vocabulary<'static> = Vocabulary {
    variables: &[
        ("object", Declared::Dyn),
        ("oldObject", Declared::Dyn),
        ("request", Declared::Record(&REQUEST_TYPE)),
        ("namespaceObject", Declared::Record(&NAMESPACE_TYPE)),
    ],
    parts: &[
        Part {
            name: "job",
            nullable: false,
            fields: &[
                ("spec", Declared::Dyn),
                ("metadata", Declared::Dyn),
                ("worstCase", Declared::Duration),
                ("podsAtOnce", Declared::Int),
            ],
            functions: &[],
        },
        Part {
            name: "schedule",
            nullable: true,
            // The time zone is a text, or null.
            fields: &[("minInterval", Declared::Duration), ("timeZone", Declared::Dyn)],
            functions: &[Function {
                name: "firesAt",
                arguments: &[&[Declared::String, Declared::Timestamp]],
                result: Declared::Bool,
                check: Some(fires_at),
            }],
        },
    ],
    unavailable: &[
        ("params", "write the values into the expression"),
        (
            "authorizer",
            "only a ValidatingAdmissionPolicy in the cluster can ask who may do what; ask request.userInfo here",
        ),
        ("variables", "bind a name with cel.bind(name, value, expression)"),
        ("self", "the object is `object`"),
    ],
    partly_known: &[
        ("namespaceObject", &["metadata.name", "metadata.labels"]),
        (
            "request",
            &[
                "operation",
                "name",
                "namespace",
                "dryRun",
                "userInfo.username",
                "userInfo.uid",
                "userInfo.groups",
                "kind",
                "resource",
                "requestKind",
                "requestResource",
                "subResource",
                "requestSubResource",
            ],
        ),
    ],
};

/// Whether `schedule.firesAt` can be asked that.
#[cfg(feature = "own-rules")]
fn fires_at(arguments: &[jobguard_cel::Value]) -> Result<(), EvalError> {
    match arguments {
        [jobguard_cel::Value::String(text)] => super::moment::moment(text).map(|_| ()),
        _ => Ok(()),
    }
}
