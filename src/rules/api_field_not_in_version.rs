//! `api/field-not-in-version`

use super::ALWAYS;
use jobguard_apiserver::Topic;
use crate::engine::{Check, Docs, Rule};
use crate::policy::RuleSpec;

/// A field that the cluster's version does not have yet.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/field-not-in-version",
        summary: "a field that the cluster's Kubernetes version does not have yet",
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "With `--kubernetes-version`, or `kubernetesVersion` in the policy, fields that this version does not \
               have are found, and fields whose feature gate is still off in it by default: `successPolicy` before \
               1.31, `managedBy` before 1.32, resources of a whole Pod before 1.34, and more. Everything else is \
               judged as the newest version judges it.",
        why: "A field that the API server does not know is refused by `kubectl` and dropped for other clients. A \
              field behind a feature gate that is off is always dropped, and the Job runs without it.",
        examples: &[],
        sources: &[
            "https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#success-policy",
        ],
    },
    check: Check::Server(Topic::Version),
};
