//! `api/duplicate-key`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// A key appears twice in the same object.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/duplicate-key",
        summary: "a key appears twice in the same object",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused, Symptom::NoEffect],
        what: "The same key appears twice in one object. Parsers keep the last value and drop the first.",
        why: "One of the two values silently has no effect. `kubectl` parses the file before it sends it, so the \
              last value alone reaches the API server, which cannot notice the other. If a client sends the text \
              unchanged, the API server refuses it where strict validation is requested \
              (`fieldValidation=Strict`), and otherwise warns by default.",
        examples: &[
            Example::bad(
                "backoffLimit twice",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  backoffLimit: 2
  backoffLimit: 4
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "once",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  backoffLimit: 4
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation"],
    },
    check: Check::Server(ServerCheck::on(Topic::DuplicateKey)),
    precedence: &[],
    cel: None,
};
