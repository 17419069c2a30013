//! `job/indexed-peers`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, JobPart, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// Peers that wait for Pods that have not been started.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/indexed-peers",
        summary: "the Pods of an Indexed Job that reach each other do not all run at once",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Network, Symptom::NeverCompletes],
        what: "An Indexed Job whose Pods have a `subdomain`, so that they can reach each other by name, and \
               whose `parallelism` is below its `completions`: only some of the peers are up at any time. \
               `parallelism` defaults to 1.",
        why: "The host name of an index resolves only while its Pod is running. If the first Pods wait for peers \
              with a higher index, they wait forever: those are started only when the first ones have finished.",
        examples: &[
            Example::bad(
                "two of four peers",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 4
  parallelism: 2
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "all four at once",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 4
  parallelism: 4
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "Pods that do not talk to each other",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 4
  parallelism: 2
  completionMode: Indexed
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/tasks/job/job-with-pod-to-pod-communication/"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(
        Cel::new(
            "has(JOB.completionMode) && JOB.completionMode == 'Indexed' && has(JOB.completions) && \
         has(JOB.template.spec.subdomain) && JOB.template.spec.subdomain != '' && \
         (has(JOB.parallelism) ? JOB.parallelism : 1) >= 1 && \
         (has(JOB.parallelism) ? JOB.parallelism : 1) < JOB.completions",
        )
        .weight("JOB.completions - (has(JOB.parallelism) ? JOB.parallelism : 1)"),
    ),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job().filter(JobPart::is_indexed) else { return };
    let (Some(subdomain), Some(completions)) = (job.subdomain(), job.spec.completions) else { return };
    let parallelism = job.parallelism();
    // 0 pauses the Job: job/paused-by-parallelism.
    if parallelism < 1 || parallelism >= completions {
        return;
    }
    let up = if parallelism == 1 { "1 of them is".to_owned() } else { format!("{parallelism} of them are") };
    sink.report(
        job.path("parallelism"),
        format!(
            "the {completions} Pods reach each other through {subdomain:?}, but only {up} up at the same time"
        ),
    )
    .weight(completions - parallelism)
    .help(format!(
        "set parallelism to {completions}; if the Pods do not talk to each other, remove the subdomain"
    ))
    .related(job.path("template.spec.subdomain"), "gives each Pod a name that the others can reach");
}
