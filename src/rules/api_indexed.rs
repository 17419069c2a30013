//! `api/indexed`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// CompletionMode and the fields that depend on it disagree.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/indexed",
        summary: "completionMode does not fit the fields that depend on it",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "`completionMode` is `NonIndexed` or `Indexed`. An Indexed Job needs `completions`, and its \
               `parallelism` is at most 100,000. `backoffLimitPerIndex` needs an Indexed Job, and \
               `maxFailedIndexes` needs `backoffLimitPerIndex`.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "Indexed without completions",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  completionMode: Indexed
  parallelism: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "five indexes",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  completionMode: Indexed
  completions: 5
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Indexed)),
    precedence: &[],
    cel: None,
};
