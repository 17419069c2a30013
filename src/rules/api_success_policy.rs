//! `api/success-policy`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// SuccessPolicy is malformed, or the Job is not Indexed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/success-policy",
        summary: "successPolicy is malformed, or the Job is not Indexed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "A `successPolicy` requires an Indexed Job. Each of its rules has `succeededIndexes` (`0-2,5`: \
               indexes below `completions`, in ascending order), `succeededCount`, or both; the count must not \
               exceed the number of indexes.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "index 7 of five",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  completionMode: Indexed
  completions: 5
  successPolicy:
    rules:
    - succeededIndexes: "0,7"
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "done once index 0 has succeeded",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  completionMode: Indexed
  completions: 5
  successPolicy:
    rules:
    - succeededIndexes: "0"
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/job/#success-policy"],
    },
    check: Check::Server(ServerCheck::on(Topic::SuccessPolicy)),
    precedence: &[],
    cel: None,
};
