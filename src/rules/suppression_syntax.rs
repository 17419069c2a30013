//! `suppression/syntax`

use super::everywhere;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::{Level, RuleSpec};

/// An annotation that does not fit its grammar.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/syntax",
        summary: "the annotation jobguard.dev/ignore holds something that is not read",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        what: "The annotation `jobguard.dev/ignore` is written `rule, rule until=YYYY-MM-DD (reason)`, with `;` between \
               several of these; the date and the reason may be left out, and white space and line ends may stand \
               anywhere between. Something in it does not fit: a reason that is not in parentheses, parentheses that \
               do not match or stand within others, a date that is written otherwise or that there is not, a second \
               date or reason for the same rules, two rules with no comma between them. The entry that it stands in, \
               from semicolon to semicolon, silences nothing; other entries count. A date is read, and nothing \
               follows from it yet.",
        why: "What is not read means nothing, and its author believes that it does.",
        examples: &[
            Example::bad(
                "a reason without parentheses",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
  annotations:
    jobguard.dev/ignore: job/paused-by-parallelism started by hand
spec:
  parallelism: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: backfill
        image: example.com/backfill:2.0
"#,
            ),
            Example::good(
                "with a date and a reason",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
  annotations:
    jobguard.dev/ignore: job/paused-by-parallelism until=2027-06-30 (started by hand)
spec:
  parallelism: 0
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
