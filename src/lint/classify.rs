//! Which objects are judged: Jobs and CronJobs, by API version and kind.

use crate::engine::Safety;
use jobguard_apiserver::Kind;
use jobguard_manifest::{NodeId, ObjectRef, Tree};
use jobguard_text::{is_slip, quote};

/// What an object is, by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class {
    /// A Job or CronJob of the version that is served.
    Workload(Kind),
    /// A Job or CronJob with an API version, or a spelling of its kind, that no current server knows.
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
    /// Anything else: not judged.
    Other,
}

/// The API version of Jobs and CronJobs.
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
    // Group names are lower case without blanks, so that no other group can be meant.
    let is_batch = group.is_some_and(is_batch);
    if kind == "Service" {
        return if api_version == Some("v1") { Class::Service } else { Class::Other };
    }
    let known = match kind {
        "Job" => Kind::Job,
        "CronJob" => Kind::CronJob,
        // Only in the batch group is another spelling certainly meant to be a Job or CronJob.
        other if is_batch => {
            let Some((meant, safety)) = meant_kind(other) else { return Class::Other };
            return Class::Misplaced {
                kind: meant,
                field: "kind",
                message: no_kind_of_batch(other),
                help: format!("did you mean {0}? write kind: {0}", meant.as_str()),
                fix: (meant.as_str(), safety),
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
            // Other groups have Jobs, too.
            fix: (SERVED, Safety::Unsafe),
        },
        // Other groups may have a Job of their own (Volcano's, say).
        Some(version) if is_batch || matches!(group, Some("" | "apps" | "extensions")) => Class::Misplaced {
            kind: known,
            field: "apiVersion",
            message: match (version, known) {
                ("batch/v1beta1", Kind::CronJob) => {
                    "batch/v1beta1 CronJobs are no longer served since Kubernetes 1.25".to_owned()
                }
                ("batch/v2alpha1", Kind::CronJob) => {
                    "batch/v2alpha1 CronJobs are no longer served since Kubernetes 1.21".to_owned()
                }
                _ => format!("no Kubernetes serves the kind {kind} in {}", quote(version)),
            },
            help: format!("write apiVersion: {SERVED}"),
            fix: (SERVED, if is_batch { Safety::Safe } else { Safety::Unsafe }),
        },
        Some(_) => Class::Other,
    }
}

/// Whether a group is batch, apart from case and surrounding blanks.
fn is_batch(group: &str) -> bool {
    group.trim().eq_ignore_ascii_case("batch")
}

/// The kind that a misspelt one of the batch group stands for, and how certain that is.
fn meant_kind(written: &str) -> Option<(Kind, Safety)> {
    /// No misspelt Job or CronJob is longer.
    const LONGEST: usize = 16;
    let written = Some(written.trim()).filter(|kind| kind.len() <= LONGEST)?.to_ascii_lowercase();
    Some(match written.as_str() {
        "job" | "jobs" => (Kind::Job, Safety::Safe),
        "cronjob" | "cronjobs" | "cron-job" => (Kind::CronJob, Safety::Safe),
        // One letter of three, and two of seven: more may be a custom kind.
        other if is_slip(other, "job", 1) => (Kind::Job, Safety::Unsafe),
        other if is_slip(other, "cronjob", 2) => (Kind::CronJob, Safety::Unsafe),
        _ => return None,
    })
}

/// What is wrong with a kind that the batch group has not.
fn no_kind_of_batch(kind: &str) -> String {
    format!("the API group batch has no kind {}: its kinds are Job and CronJob", quote(kind))
}

/// What is wrong with an object of the batch group that is neither a Job nor a CronJob; none where it is of another group,
/// or a list.
pub(super) fn unknown_kind(api_version: Option<&str>, kind: Option<&str>) -> Option<String> {
    let (group, _) = api_version?.split_once('/')?;
    let kind =
        kind.filter(|kind| !kind.is_empty() && !matches!(*kind, "List" | "JobList" | "CronJobList"))?;
    (is_batch(group) && classify(api_version, Some(kind)) == Class::Other).then(|| no_kind_of_batch(kind))
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
        for kind in ["Jobb", "Job ", "Jop", "CronJop", "job"] {
            assert_eq!(blamed(Some("batch/v1"), kind), Some("kind"), "{kind}");
            assert_eq!(blamed(Some("example.com/v1"), kind), None, "{kind}");
        }
        for version in ["Batch/v1", " batch/v1", "batch/v1 ", "BATCH/v1", "batch/V1"] {
            assert_eq!(blamed(Some(version), "Job"), Some("apiVersion"), "{version}");
        }
        assert_eq!(blamed(Some("batch.example.com/v1"), "Job"), None);
    }

    #[test]
    fn kinds_that_batch_has_not() {
        let message = unknown_kind(Some("batch/v1"), Some("JobSet")).unwrap();
        assert_eq!(message, "the API group batch has no kind \"JobSet\": its kinds are Job and CronJob");
        for (version, kind) in [
            (Some("batch/v1"), Some("Job")),
            (Some("batch/v1"), Some("Jobb")),
            (Some("batch/v1"), Some("JobList")),
            (Some("batch/v1"), Some("")),
            (Some("batch/v1"), None),
            (Some("batch.volcano.sh/v1alpha1"), Some("JobFlow")),
            (Some("v1"), Some("Pod")),
            (None, Some("JobSet")),
        ] {
            assert_eq!(unknown_kind(version, kind), None, "{version:?} {kind:?}");
        }
    }
}
