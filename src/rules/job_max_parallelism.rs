//! `job/max-parallelism`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink, Symptom};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};

/// More Pods at once than one Job should start.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/max-parallelism",
        summary: "parallelism is above the maximum that the policy allows",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[OptionSpec {
            name: "max",
            summary: "The largest parallelism allowed.",
            kind: OptionKind::Int { default: 100, min: 1, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::TooMuch],
        what: "`parallelism` above the option `max`, 100 by default. `--unsafe-fixes` sets it to `max`.",
        why: "One line of YAML can fill a cluster. All Pods of a Job start at the same moment: they take up the \
              capacity that other work needs, pull the same image at once, and open as many connections to the \
              same database. A hundred is about what a single node runs (110 Pods by default); if a workload \
              needs more, raise the option for it.",
        examples: &[
            Example::bad(
                "five hundred at once",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: crawl
spec:
  parallelism: 500
  completions: 5000
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "fifty at once, until all are done",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: crawl
spec:
  parallelism: 50
  completions: 5000
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#controlling-parallelism",
            "https://kubernetes.io/docs/setup/best-practices/cluster-large/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(
        Cel::new("(has(JOB.parallelism) ? JOB.parallelism : 1) > {max}")
            .weight("(has(JOB.parallelism) ? JOB.parallelism : 1)"),
    ),
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let (parallelism, max) = (job.parallelism(), context.int("max"));
    if i64::from(parallelism) <= max {
        return;
    }
    sink.report(
        job.path("parallelism"),
        format!("parallelism is {parallelism}, and the policy allows at most {max}"),
    )
    .weight(parallelism)
    .help(format!("set it to {max} or less, or raise the option max of this rule for this workload"))
    .fix(Fix::set(Safety::Unsafe, format!("set parallelism to {max}"), job.path("parallelism"), max));
}
