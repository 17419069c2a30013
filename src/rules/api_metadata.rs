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
        what: "Annotation keys are spelt like label keys, and all annotations together have at most 256 \
               KiB. Finalizers need a qualified name; owner references need `apiVersion`, `kind`, `name` \
               and `uid`, and only one of them controls.",
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
