//! `manifest/ignored-text`

use super::levels;
use crate::engine::{Check, Docs, Example, Finding, Rule, Severity, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// Text that no tool reads.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "manifest/ignored-text",
        summary: "text that kubectl silently ignores",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect],
        what: "The YAML parser of Kubernetes tools stops at the end of the first value of a document. Text after \
               a line `...`, or indented less than the first key, is never read.",
        why: "`kubectl` does not mention it: half of a manifest can be missing from the cluster.",
        examples: &[
            Example::bad(
                "`...` ends the document, and does not start a new one",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
...
apiVersion: batch/v1
kind: Job
metadata:
  name: never-read
"#,
            ),
            Example::good(
                "`---` starts a new document",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: read
"#,
            ),
        ],
        sources: &["https://yaml.org/spec/1.2.2/#document-markers"],
    },
    check: Check::Text,
    precedence: &[],
    cel: None,
};

/// Of text behind the end of a document.
pub fn finding(severity: Severity) -> Finding {
    let message = "kubectl never reads this text: the document has already ended";
    let mut finding = RULE.finding(severity, FieldPath::root(), message);
    finding.help = Some("start a new document with `---`, or correct the indentation".to_owned());
    finding
}
