//! Which objects are judged: Jobs and CronJobs, by API version and kind.

use crate::engine::NeighbourKind;
use crate::rules::api_removed_version::{Misplaced, SERVED, is_batch};
use jobguard_apiserver::Kind;
use jobguard_manifest::{NodeId, ObjectRef, Tree};

/// What an object is, by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class {
    /// A Job or CronJob of the version that is served.
    Workload(Kind),
    /// A Job or CronJob with an API version, or a spelling of its kind, that no current server knows.
    Misplaced(Misplaced),
    /// What rules know beside Jobs and CronJobs.
    Neighbour(NeighbourKind),
    /// Anything else: not judged.
    Other,
}

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
    match (api_version, kind) {
        (_, None) => Class::Other,
        (Some(SERVED), Some("Job")) => Class::Workload(Kind::Job),
        (Some(SERVED), Some("CronJob")) => Class::Workload(Kind::CronJob),
        (_, Some(of)) => match NeighbourKind::of(api_version, kind) {
            Some(kind) => Class::Neighbour(kind),
            None => Misplaced::of(api_version, of).map_or(Class::Other, Class::Misplaced),
        },
    }
}

/// The kind of an object of the batch group that is neither a Job nor a CronJob; none where it is of another group, or a list.
pub(super) fn unknown_kind<'k>(api_version: Option<&str>, kind: Option<&'k str>) -> Option<&'k str> {
    let (group, _) = api_version?.split_once('/')?;
    let kind =
        kind.filter(|kind| !kind.is_empty() && !matches!(*kind, "List" | "JobList" | "CronJobList"))?;
    (is_batch(group) && classify(api_version, Some(kind)) == Class::Other).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blamed(api_version: Option<&str>, kind: &str) -> Option<&'static str> {
        match classify(api_version, Some(kind)) {
            Class::Misplaced(misplaced) => Some(misplaced.field),
            _ => None,
        }
    }

    #[test]
    fn what_is_ours() {
        assert_eq!(classify(Some("batch/v1"), Some("Job")), Class::Workload(Kind::Job));
        assert_eq!(classify(Some("batch/v1"), Some("CronJob")), Class::Workload(Kind::CronJob));
        assert_eq!(classify(Some("v1"), Some("Service")), Class::Neighbour(NeighbourKind::Service));
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
        assert_eq!(unknown_kind(Some("batch/v1"), Some("JobSet")), Some("JobSet"));
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
