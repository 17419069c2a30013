//! `job/max-completions`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};

/// More Pods than one Job should leave behind.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/max-completions",
        summary: "completions is above the maximum that the policy allows",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[OptionSpec {
            name: "max",
            summary: "The largest number of completions allowed.",
            kind: OptionKind::Int { default: 10000, min: 1, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::TooMuch],
        what: "`completions` above the option `max`, 10,000 by default. `--unsafe-fixes` sets it to `max`; check \
               that the Pods then still do all the work.",
        why: "Each completion is at least one Pod, and the Pod object stays in etcd until the Job is deleted. \
              Above 12,500 finished Pods in a cluster (by default), from whatever source, the control plane \
              deletes the oldest ones together with their logs. If there are many small items, let each Pod \
              process several of them, or use a work queue. An Indexed Job also lists its indexes in its status; \
              with more than 100,000 completions and a `parallelism` above 10,000, the API server itself warns \
              that it may not be able to track them all.",
        examples: &[
            Example::bad(
                "a Pod for each of a million rows",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: rows
spec:
  completions: 1000000
  parallelism: 20
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a Pod for each thousand rows",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: rows
spec:
  completions: 1000
  parallelism: 20
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
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#parallel-jobs",
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/api/job/warnings.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/apis/batch/validation/validation.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new("has(JOB.completions) && JOB.completions > {max}").weight("JOB.completions")),
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let (Some(completions), max) = (job.spec.completions, context.int("max")) else { return };
    if i64::from(completions) <= max {
        return;
    }
    sink.report(
        job.path("completions"),
        format!("completions is {completions}, and the policy allows at most {max}"),
    )
    .weight(completions)
    .help(format!(
        "let each Pod process several items and set it to {max} or less, or raise the option max of this rule \
         for this workload"
    ))
    .fix(Fix::set(Safety::Unsafe, format!("set completions to {max}"), job.path("completions"), max));
}
