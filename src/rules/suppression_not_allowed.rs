//! `suppression/not-allowed`

use super::everywhere;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::{Level, RuleSpec};

/// An annotation that ignores what may not be ignored.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/not-allowed",
        summary: "the annotation jobguard.dev/ignore names a rule that may not be ignored",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        what: "The annotation `jobguard.dev/ignore` names a rule that the policy does not let annotations \
               silence, a category where the policy lets them name single rules alone (`suppressions.categories: false`), all \
               rules at once (`*`), an `api/*` rule (what the API server refuses stays refused), or a rule about a text and not about one \
               object, such as `manifest/not-judged`.",
        why: "The finding stands, and whoever wrote the annotation believes that it does not.",
        examples: &[
            Example::bad(
                "the API server does not read this annotation",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
  annotations:
    jobguard.dev/ignore: api/restart-policy
spec:
  template:
    spec:
      containers:
      - name: backfill
        image: example.com/backfill:2.0
"#,
            ),
            Example::good(
                "mended instead",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: backfill
        image: example.com/backfill:2.0
"#,
            ),
        ],
        sources: &[],
    },
    check: Check::Suppression,
};
