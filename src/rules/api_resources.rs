//! `api/resources`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// Resource requests, limits or claims are malformed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/resources",
        summary: "resource requests, limits or claims are malformed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "Requests must not exceed limits, quantities must not be negative, resource names must be known or \
               qualified, extended resources need requests equal to their limits, and `claims` must name a claim \
               of the Pod.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "requests above the limit",
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
        resources:
          requests:
            memory: 2Gi
          limits:
            memory: 1Gi
"#,
            ),
            Example::good(
                "at most the limit",
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
        resources:
          requests:
            memory: 1Gi
          limits:
            memory: 2Gi
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"],
    },
    check: Check::Server(ServerCheck::on(Topic::Resources)),
    precedence: &[],
    cel: None,
};
