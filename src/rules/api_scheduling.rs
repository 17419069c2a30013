//! `api/scheduling`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// Node selectors, affinity, tolerations or spread constraints are malformed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/scheduling",
        summary: "node selectors, affinity, tolerations or spread constraints are malformed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "Covers the fields that decide on which node a Pod runs: node selectors and affinity terms with \
               their operators and values, tolerations, topology spread constraints, scheduling gates and \
               priority.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "Exists takes no value",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      tolerations:
      - key: dedicated
        operator: Exists
        value: batch
        effect: NoSchedule
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "Equal does",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      tolerations:
      - key: dedicated
        operator: Equal
        value: batch
        effect: NoSchedule
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/scheduling-eviction/"],
    },
    check: Check::Server(ServerCheck::on(Topic::Scheduling)),
    precedence: &[],
    cel: None,
};
