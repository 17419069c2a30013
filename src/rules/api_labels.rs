//! `api/labels`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// A label is malformed, or one that the API server sets itself.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/labels",
        summary: "a label is malformed, or reserved for the API server",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "A label's key is a name of at most 63 characters with an optional DNS prefix \
               (`example.com/name`). Its value has at most 63 letters, digits, `-`, `_` and `.`, and starts and \
               ends with a letter or digit. The Pod template's labels `job-name`, `controller-uid` and their \
               `batch.kubernetes.io/` forms are set by the API server.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "a space in a value",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
  labels:
    team: data platform
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
                "a value that is allowed",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
  labels:
    team: data-platform
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
        sources: &[
            "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Labels)),
    precedence: &[],
    cel: None,
};
