//! `manifest/octal-number`

use super::levels;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::{Level, RuleSpec};

/// A number that YAML reads in base eight.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "manifest/octal-number",
        summary: "a number with a leading zero is read in base eight",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        what: "A number written with a leading zero, such as `010`, is octal to the YAML reader of Kubernetes tools: \
               it means 8. File modes (`defaultMode`, `mode`) are meant so and are passed over.",
        why: "Nobody notices: the manifest is accepted, and the Job runs with another number than the one written.",
        examples: &[
            Example::bad(
                "ten Pods wanted, eight asked for",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  parallelism: 010
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
"#,
            ),
            Example::good(
                "ten Pods",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  parallelism: 10
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
"#,
            ),
        ],
        sources: &["https://yaml.org/type/int.html"],
    },
    check: Check::Reader,
    precedence: &[],
    cel: None,
};
