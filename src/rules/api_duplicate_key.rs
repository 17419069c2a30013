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
        what: "The same key is given twice. Readers keep the last value and drop the other.",
        why: "One of the two values is not what runs, and nothing says which. `kubectl` reads a file into values, so that \
              it sends the last one alone and the API server sees nothing of the other. A client that sends the text as \
              it is has it refused where the request asks for strict validation (`fieldValidation=Strict`), and is warned \
              where it does not.",
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
