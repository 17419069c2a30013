//! `api/selector`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule, ServerCheck};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// Selector is set by hand, or does not match the Pod template.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/selector",
        summary: "selector is set by hand, or does not match the Pod template",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "The API server makes a Job's `selector` itself. Whoever sets one must also set \
               `manualSelector: true`, and the Pod template's labels must match it.",
        why: "The API server refuses the object. Where a hand-made selector is accepted and not unique, two \
              Jobs take each other's Pods for their own.",
        examples: &[
            Example::bad(
                "a selector of one's own",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  selector:
    matchLabels:
      app: nightly
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "none: the API server makes it",
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
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#specifying-your-own-pod-selector",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Selector)),
    precedence: &[],
    cel: None,
};
