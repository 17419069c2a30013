//! `api/time-zone`

use super::ALWAYS;
use jobguard_apiserver::Topic;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::RuleSpec;

/// TimeZone is not a name of the time zone database.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/time-zone",
        summary: "timeZone is not a name of the time zone database",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "`timeZone` is a name such as `Etc/UTC` or `Europe/Berlin`, spelt exactly so. Offsets \
               (`UTC+2`) and `Local` are not names.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "an offset is no name",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  timeZone: UTC+2
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
                "a name",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  timeZone: Europe/Berlin
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
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones"],
    },
    check: Check::Server(Topic::TimeZone),
    precedence: &[],
    cel: None,
};
