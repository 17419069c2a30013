//! `api/immutable`

use super::ALWAYS;
use crate::batch::Topic;
use crate::engine::{Check, Docs, Rule};
use crate::policy::RuleSpec;

/// A change of what cannot be changed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/immutable",
        summary: "a field is changed that cannot be changed once the object exists",
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "Most of a Job's spec is fixed when the Job is created: `selector`, `completionMode`, \
               `podFailurePolicy`, `successPolicy`, `backoffLimitPerIndex`, `managedBy` and the Pod template. \
               `completions` of an Indexed Job can change together with `parallelism`, to the same number. A \
               suspended Job that runs no Pods may get other resources, node selectors, node affinity, tolerations, \
               scheduling gates, and other labels and annotations in its template.\n\n\
               The linter can only tell with `--against`, which names what is stored.",
        why: "`kubectl apply` of a changed manifest fails on a Job that ran before. A pipeline that deploys Jobs \
              needs a new name each time (`generateName`), or has to delete the old Job first.",
        examples: &[],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#mutable-scheduling-directives",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#elastic-indexed-jobs",
        ],
    },
    check: Check::Server(Topic::Immutable),
};
