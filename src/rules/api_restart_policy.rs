//! `api/restart-policy`

use super::ALWAYS;
use jobguard_apiserver::Topic;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::RuleSpec;

/// RestartPolicy is not Never or OnFailure.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/restart-policy",
        summary: "restartPolicy is not Never or OnFailure",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "A Job's Pods must say `restartPolicy: Never` (a failed Pod is replaced by a new one) or \
               `OnFailure` (its container is restarted in place). The field belongs to the Pod template's \
               spec. Left out it means `Always`, which no Job may have.",
        why: "The API server refuses the Job. It is the most frequent mistake of all in Jobs, because a Pod \
              or a Deployment needs no such line.",
        examples: &[
            Example::bad(
                "no restartPolicy",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a failed Pod is replaced",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-template",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#handling-pod-and-container-failures",
        ],
    },
    check: Check::Server(Topic::RestartPolicy),
    precedence: &[],
    cel: None,
};
