//! `job/paused-by-parallelism`

use super::everywhere;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// A Job that silently does nothing.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/paused-by-parallelism",
        summary: "parallelism 0 pauses the Job without any sign of it",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoPods],
        what: "With `parallelism: 0` a Job starts no Pods until the number is raised. A Job that also has \
               `suspend: true` is not reported: that is visible.",
        why: "Nothing shows that the Job is paused: it has no condition and no event, it simply never runs. \
              `suspend: true` pauses a Job too, sets the condition `Suspended`, stops the clock of \
              `activeDeadlineSeconds`, and is what queueing tools look at.",
        examples: &[
            Example::bad(
                "paused, without any sign of it",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
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
                "paused, with a condition in its status",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
spec:
  suspend: true
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: backfill
        image: example.com/backfill:2.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#controlling-parallelism",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#suspending-a-job",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new("has(JOB.parallelism) && JOB.parallelism == 0 && !(has(JOB.suspend) && JOB.suspend)")),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    // What is suspended says so already.
    if job.spec.parallelism != Some(0) || job.spec.suspend == Some(true) {
        return;
    }
    let kind = object.kind_as_written();
    let (message, help) = if job.of_cron_job {
        (
            format!("parallelism 0: each Job that this {kind} creates stays paused, without any sign of it"),
            format!("set parallelism to 1 or more; to stop the {kind}, set its own suspend: true"),
        )
    } else {
        (
            "parallelism 0 pauses this Job, without any sign of it".to_owned(),
            "set suspend: true to pause it visibly, or parallelism to 1 or more to run it".to_owned(),
        )
    };
    sink.report(job.path("parallelism"), message).help(help);
}
