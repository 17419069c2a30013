//! `api/metadata`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// Annotations, finalizers or owner references are malformed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/metadata",
        summary: "annotations, finalizers or owner references are malformed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "Annotation keys follow the same syntax as label keys, and all annotations of an object together \
               take at most 256 KiB. Finalizers need a qualified name. Owner references need `apiVersion`, \
               `kind`, `name` and `uid`, and at most one of them has `controller: true`.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "a space in an annotation's key",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
  annotations:
    "my note": "x"
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a key that is allowed",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
  annotations:
    example.com/note: "x"
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
        sources: &["https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/"],
    },
    check: Check::Server(ServerCheck::on(Topic::Metadata)),
    precedence: &[],
    cel: None,
};
