//! `job/parallelism-exceeds-completions`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// More Pods asked for than the Job can ever start.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/parallelism-exceeds-completions",
        summary: "parallelism is larger than completions, so part of it is never used",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect],
        what: "A Job with fixed `completions` never runs more Pods at once than completions are still missing. A \
               larger `parallelism` has no effect. `parallelism` defaults to 1, which is more than `completions: \
               0`.",
        why: "The author expects more Pods than will start, or has confused the two fields: the work then takes \
              longer than planned, or most of it is never done.",
        examples: &[
            Example::bad(
                "four wanted, two can start",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  parallelism: 4
  completions: 2
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
"#,
            ),
            Example::good(
                "eight items, four at a time",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: resize-images
spec:
  parallelism: 4
  completions: 8
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: resize
        image: example.com/resize:1.4
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/job/#controlling-parallelism"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(
        Cel::new(
            "has(JOB.completions) && (has(JOB.parallelism) ? JOB.parallelism : 1) > JOB.completions && \
         JOB.completions != 1",
        )
        .weight("JOB.parallelism - JOB.completions"),
    ),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let (parallelism, Some(completions)) = (job.parallelism(), job.spec.completions) else { return };
    // completions 1 beside a larger parallelism is a mistake of its own: job/work-queue-completions.
    if parallelism <= completions || completions == 1 || completions < 0 {
        return;
    }
    let runs = match completions {
        0 => "no Pod ever runs".to_owned(),
        _ => format!("at most {completions} Pods ever run at once"),
    };
    sink.report(
        job.path("parallelism"),
        format!("parallelism is {parallelism} but completions is {completions}: {runs}"),
    )
    .weight(parallelism.saturating_sub(completions))
    .help(match completions {
        0 => "set completions to the number of Pods that must succeed".to_owned(),
        _ => format!(
            "set parallelism to {completions} or less, or completions to the number of Pods that must succeed"
        ),
    })
    .related(job.path("completions"), "the number of Pods that must succeed");
}
