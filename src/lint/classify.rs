//! What a document's object is, and whether it is ours to judge.

use crate::batch::Kind;
use crate::engine::Safety;
use crate::manifest::{NodeId, ObjectRef, Tree};

/// What an object is to the linter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class {
    /// A Job or CronJob of the version that is served.
    Workload(Kind),
    /// A Job or CronJob under an API version, or a spelling of its kind, that no current server knows.
    Misplaced {
        kind: Kind,
        /// The field to blame.
        field: &'static str,
        message: String,
        help: String,
        /// What the field must say, and how certain that is.
        fix: (&'static str, Safety),
    },
    /// A Service.
    Service,
    /// Anything else: not ours.
    Other,
}

/// The version that Jobs and CronJobs have.
const SERVED: &str = "batch/v1";

/// `apiVersion` and `kind` as written, or as the list around the object implies them.
pub(super) fn type_of<'a>(tree: &'a Tree<'_>, object: &'a ObjectRef) -> (Option<&'a str>, Option<&'a str>) {
    let implied = object.implied.as_ref();
    (
        text(tree, object.node, "apiVersion").or(implied.map(|implied| implied.api_version.as_str())),
        text(tree, object.node, "kind").or(implied.map(|implied| implied.kind.as_str())),
    )
}

/// The string in a field.
pub(super) fn text<'a>(tree: &'a Tree<'_>, node: NodeId, field: &str) -> Option<&'a str> {
    tree.str(tree.get(node, field)?)
}

pub(super) fn classify(api_version: Option<&str>, kind: Option<&str>) -> Class {
    let Some(kind) = kind else { return Class::Other };
    let group = api_version.map(|version| version.split_once('/').map_or("", |(group, _)| group));
    if kind == "Service" {
        return if api_version == Some("v1") { Class::Service } else { Class::Other };
    }
    let known = match kind {
        "Job" => Kind::Job,
        "CronJob" => Kind::CronJob,
        // Only within the batch group is another spelling certainly meant to be one of ours.
        other if group == Some("batch") => {
            let meant = match other.to_ascii_lowercase().as_str() {
                "job" | "jobs" => Kind::Job,
                "cronjob" | "cronjobs" | "cron-job" => Kind::CronJob,
                _ => return Class::Other,
            };
            return Class::Misplaced {
                kind: meant,
                field: "kind",
                message: format!("the API group batch has no kind {other:?}"),
                help: format!("write kind: {}", meant.as_str()),
                fix: (meant.as_str(), Safety::Safe),
            };
        }
        _ => return Class::Other,
    };
    match api_version {
        Some(SERVED) => Class::Workload(known),
        None => Class::Misplaced {
            kind: known,
            field: "apiVersion",
            message: format!("the {kind} does not say its apiVersion"),
            help: format!("add apiVersion: {SERVED}"),
            // Other groups have Jobs of their own.
            fix: (SERVED, Safety::Unsafe),
        },
        // Other groups may have a Job of their own (Volcano's, say), which is not ours.
        Some(version) if matches!(group, Some("" | "batch" | "apps" | "extensions")) => Class::Misplaced {
            kind: known,
            field: "apiVersion",
            message: match (version, known) {
                ("batch/v1beta1", Kind::CronJob) => {
                    "batch/v1beta1 CronJobs are no longer served since Kubernetes 1.25".to_owned()
                }
                ("batch/v2alpha1", Kind::CronJob) => {
                    "batch/v2alpha1 CronJobs are no longer served since Kubernetes 1.21".to_owned()
                }
                _ => format!("no Kubernetes serves the kind {kind} in {}", quoted(version)),
            },
            help: format!("write apiVersion: {SERVED}"),
            fix: (SERVED, if group == Some("batch") { Safety::Safe } else { Safety::Unsafe }),
        },
        Some(_) => Class::Other,
    }
}

fn quoted(version: &str) -> String {
    format!("{:?}", version.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blamed(api_version: Option<&str>, kind: &str) -> Option<&'static str> {
        match classify(api_version, Some(kind)) {
            Class::Misplaced { field, .. } => Some(field),
            _ => None,
        }
    }

    #[test]
    fn what_is_ours() {
        assert_eq!(classify(Some("batch/v1"), Some("Job")), Class::Workload(Kind::Job));
        assert_eq!(classify(Some("batch/v1"), Some("CronJob")), Class::Workload(Kind::CronJob));
        assert_eq!(classify(Some("v1"), Some("Service")), Class::Service);
        for (version, kind) in [
            (Some("v1"), Some("Pod")),
            (Some("batch.volcano.sh/v1alpha1"), Some("Job")),
            (Some("serving.knative.dev/v1"), Some("Service")),
            (Some("batch/v1"), None),
            (None, None),
        ] {
            assert_eq!(classify(version, kind), Class::Other, "{version:?} {kind:?}");
        }
    }

    #[test]
    fn what_no_server_knows() {
        assert_eq!(blamed(Some("batch/v1beta1"), "CronJob"), Some("apiVersion"));
        assert_eq!(blamed(Some("v1"), "Job"), Some("apiVersion"));
        assert_eq!(blamed(None, "Job"), Some("apiVersion"));
        assert_eq!(blamed(Some("batch/v1"), "Cronjob"), Some("kind"));
        assert_eq!(blamed(Some("batch/v1"), "JobSet"), None);
    }
}
