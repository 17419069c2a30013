//! `api/name`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Precedence, Rule, ServerCheck, Symptom};
use crate::policy::RuleSpec;
use jobguard_apiserver::Topic;

/// A name is missing, malformed or too long.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/name",
        summary: "a name is missing, malformed or too long",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "Names of Jobs and CronJobs are DNS subdomains: lower-case letters, digits, `-` and `.`, starting \
               and ending with a letter or digit. A CronJob's name has at most 52 characters: its Jobs are named \
               after it and the minute they were due (`NAME-29453760`), which takes 9 characters today, and 11 \
               of the 63 are reserved. A Job's name has at most 63 characters, because it becomes a label value \
               of its Pods; an Indexed Job's name must be shorter, because the host names of its Pods are made \
               from it.",
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
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/apis/batch/validation/validation.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/cronjob/utils.go",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::Name)),
    precedence: &[Precedence::OverDerived],
    cel: None,
};
