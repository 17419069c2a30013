//! `api/job-control`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// PodReplacementPolicy or managedBy is malformed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/job-control",
        summary: "podReplacementPolicy or managedBy is malformed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "`podReplacementPolicy` is `TerminatingOrFailed` or `Failed`; beside a `podFailurePolicy` only \
               `Failed` is allowed. `managedBy` is a domain and a path, such as `example.com/controller`, of at \
               most 63 characters.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "not a policy",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  podReplacementPolicy: Always
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a failed Pod is replaced once it has ended",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  podReplacementPolicy: Failed
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-replacement-policy",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#delegation-of-managing-a-job-object-to-external-controller",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::JobControl)),
    precedence: &[],
    cel: None,
};
