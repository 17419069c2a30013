//! `api/syntax`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::RuleSpec;

/// The text is not readable YAML or JSON.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/syntax",
        summary: "the text is not readable YAML or JSON",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "The document cannot be read as `kubectl` would read it: an unclosed quote, a tab in the \
               indentation, a schedule such as `*/5 * * * *` or `@daily` without quotes, a template that \
               was not rendered. Or it can be read, and is no object that `kubectl` would send: in a file with Jobs or \
               CronJobs a document that is a text, a list or a number; a `List` of them without \
               `apiVersion`. The finding stands at the place where reading fails; other documents of \
               the same file are judged all the same.",
        why: "Nothing of the document reaches the cluster, and the message that `kubectl` gives names a \
              converted text in which line numbers are often off.",
        examples: &[
            Example::bad(
                "an unquoted schedule starts with `*`, which YAML takes for an alias",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: */5 * * * *
  jobTemplate:
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
                "the schedule in quotes",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "*/5 * * * *"
  jobTemplate:
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
            "https://yaml.org/spec/1.2.2/#alias-nodes",
            "https://yaml.org/spec/1.2.2/#53-indicator-characters",
        ],
    },
    check: Check::Reader,
    precedence: &[],
    cel: None,
};
