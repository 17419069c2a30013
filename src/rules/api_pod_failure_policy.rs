//! `api/pod-failure-policy`

use super::ALWAYS;
use jobguard_apiserver::Topic;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::RuleSpec;

/// PodFailurePolicy is malformed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/pod-failure-policy",
        summary: "podFailurePolicy is malformed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "Each rule of a `podFailurePolicy` has an `action` (FailJob, FailIndex, Ignore, Count) and \
               exactly one of `onExitCodes` and `onPodConditions`. Exit codes are sorted and unique, and \
               never 0 with `In`; a `containerName` must be one of the template's. The whole policy needs \
               `restartPolicy: Never`; FailIndex needs `backoffLimitPerIndex`.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "exit code 0 is success",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  podFailurePolicy:
    rules:
    - action: FailJob
      onExitCodes:
        operator: In
        values: [0, 42]
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "42 ends the Job at once",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  podFailurePolicy:
    rules:
    - action: FailJob
      onExitCodes:
        operator: In
        values: [42]
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy"],
    },
    check: Check::Server(Topic::PodFailurePolicy),
    precedence: &[],
    cel: None,
};
