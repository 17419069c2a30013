//! `api/containers`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// A container is incomplete or malformed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/containers",
        summary: "a container is incomplete or malformed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "The Pod template needs at least one container, and each container a unique name and an image. \
               Environment variables, ports, probes and lifecycle hooks must be well formed.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "no containers",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      containers: []
"#,
            ),
            Example::good(
                "one container",
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
        sources: &["https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/"],
    },
    check: Check::Server(ServerCheck::on(Topic::Containers)),
    precedence: &[],
    cel: None,
};
