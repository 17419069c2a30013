//! `job/work-queue-completions`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// A work queue that only one Pod will ever work on.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/work-queue-completions",
        summary: "completions: 1 with parallelism of 2 or more starts only one Pod",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect],
        what: "`completions: 1` beside `parallelism: 2` or more. Nearly always a work queue is intended, in \
               which several Pods share the work, and a Pod that exits with 0 means that the queue is empty. In \
               that pattern `completions` is not set at all.",
        why: "With `completions: 1` only one Pod is started, whatever `parallelism` says. A single Pod works \
              through the queue instead of many, which is noticed only when the work is late.",
        examples: &[
            Example::bad(
                "one Pod instead of five",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: queue-workers
spec:
  parallelism: 5
  completions: 1
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: worker
        image: example.com/worker:3.1
"#,
            ),
            Example::good(
                "five Pods until the queue is empty",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: queue-workers
spec:
  parallelism: 5
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: worker
        image: example.com/worker:3.1
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#parallel-jobs",
            "https://kubernetes.io/docs/tasks/job/fine-parallel-processing-work-queue/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(
        Cel::new(
            "has(JOB.parallelism) && has(JOB.completions) && JOB.completions == 1 && JOB.parallelism >= 2",
        )
        .weight("JOB.parallelism"),
    ),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let (Some(parallelism), Some(1)) = (job.spec.parallelism, job.spec.completions) else { return };
    if parallelism < 2 {
        return;
    }
    let help = if job.is_indexed() {
        format!(
            "set completions to the number of indexes (to {parallelism}, so that all run at once), or parallelism to 1"
        )
    } else {
        "remove completions if the Pods share a work queue, set it to the number of Pods that must succeed, or \
         set parallelism to 1"
            .to_owned()
    };
    sink.report(
        job.path("completions"),
        format!("completions is 1, so only one Pod is started, although parallelism is {parallelism}"),
    )
    .weight(parallelism)
    .help(help)
    .related(job.path("parallelism"), "how many Pods may run at once");
}
