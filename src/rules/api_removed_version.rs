//! `api/removed-version`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::RuleSpec;

/// An API version that does not serve this kind (any more).
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/removed-version",
        summary: "an API version that does not serve this kind (any more)",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "The manifest names an `apiVersion` under which no current Kubernetes serves the kind. \
               `batch/v1beta1` CronJobs ended with Kubernetes 1.25, `batch/v2alpha1` with 1.21. Jobs began in \
               `extensions/v1beta1`, are in `batch/v1` since 1.2, and are nowhere else since 1.6.",
        why: "The API server answers that it knows no such kind, and nothing is created. The rest of the \
              manifest is judged as `batch/v1`, so that it can be mended in one go.",
        examples: &[
            Example::bad(
                "gone since 1.25",
                r#"apiVersion: batch/v1beta1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
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
                "the version that is served",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
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
            "https://kubernetes.io/docs/reference/using-api/deprecation-guide/#cronjob-v125",
            "https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG/CHANGELOG-1.6.md",
        ],
    },
    check: Check::Reader,
    precedence: &[],
    cel: None,
};
