//! `api/name`

use super::ALWAYS;
use crate::batch::Topic;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::RuleSpec;

/// A name is missing, malformed or too long.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/name",
        summary: "a name is missing, malformed or too long",
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "Names of Jobs and CronJobs are DNS subdomains: lower-case letters, digits, `-` and `.`, \
               starting and ending with a letter or digit. A CronJob's name has at most 52 characters, \
               because the names of its Jobs are 11 longer; a Job's has at most 63, because it becomes a \
               label of its Pods, and fewer for an Indexed Job, whose Pods are named after it.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "upper case and an underscore",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: Nightly_Report
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
                "a DNS name",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly-report
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
            "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/",
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/",
        ],
    },
    check: Check::Server(Topic::Name),
};
