//! `api/pod`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// Something else in the Pod template is malformed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/pod",
        summary: "another part of the Pod template is malformed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "Everything in the Pod template's spec that no other `api/*` rule covers: DNS, host names, \
               security contexts, host namespaces, service accounts, the Pod's own deadlines.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "no such DNS policy",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      dnsPolicy: Cluster
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a DNS policy",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      restartPolicy: Never
      dnsPolicy: ClusterFirst
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/"],
    },
    check: Check::Server(ServerCheck::on(Topic::Pod)),
    precedence: &[],
    cel: None,
};
