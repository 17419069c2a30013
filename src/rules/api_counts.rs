//! `api/counts`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// A count or a time is out of bounds.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/counts",
        summary: "a count or a duration is out of range",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "`parallelism`, `completions`, `backoffLimit`, `activeDeadlineSeconds`, `ttlSecondsAfterFinished`, \
               `startingDeadlineSeconds` and the history limits must not be negative.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "a negative deadline",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  activeDeadlineSeconds: -1
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "ten minutes",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  activeDeadlineSeconds: 600
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
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/",
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Counts)),
    precedence: &[],
    cel: None,
};
