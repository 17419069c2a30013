//! `api/schedule`

use super::ALWAYS;
use jobguard_apiserver::Topic;
use crate::engine::{Check, Docs, Example, Rule};
use crate::policy::RuleSpec;

/// The schedule is not one that Kubernetes reads.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/schedule",
        summary: "the schedule is not one that Kubernetes reads",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        what: "A schedule has five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12 \
               or JAN-DEC), day of the week (0-6 or SUN-SAT), with lists, ranges and steps; or one of \
               `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`, `@every \
               DURATION`. There are no seconds, no `L`, `W` or `#`, no `@reboot`, no weekday 7, and no \
               `TZ=` in front.",
        why: "The API server refuses the object. Schedules copied from Quartz, Spring or a crontab often \
              look right and are not.",
        examples: &[
            Example::bad(
                "six fields: that is Quartz or Spring",
                r#"apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 0 3 * * *"
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
                "every day at 03:00",
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax",
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/",
        ],
    },
    check: Check::Server(Topic::Schedule),
    precedence: &[],
    cel: None,
};
