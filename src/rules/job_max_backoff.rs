//! `job/max-backoff`

use super::levels;
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, RuleContext, Safety, Sink};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};

/// A Pod that fails again and again.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/max-backoff",
        summary: "backoffLimit is above the largest that the policy allows",
        levels: levels(Level::Off, Level::Warn, Level::Deny),
        options: &[OptionSpec {
            name: "max",
            summary: "The largest number of retries that is allowed, of the Job or of each index.",
            kind: OptionKind::Int { default: 20, min: 0, max: i32::MAX as i64 },
        }],
    },
    docs: Docs {
        what: "`backoffLimit` above the option `max`, 20 by default; in an Indexed Job with \
               `backoffLimitPerIndex` that field instead, since `backoffLimit` then counts the failures of \
               all indexes together and is rightly large. `--unsafe-fixes` sets it to `max`.",
        why: "A Pod that fails because of its input fails each time. Before each new one the delay grows \
              (10 s, 20 s, 40 s, up to 10 minutes): 20 retries take two and a half hours of waiting alone, \
              100 take 16 hours, in which nobody is told that the Job does not work. A `podFailurePolicy` \
              lets disruptions pass uncounted, so that a small limit is enough.",
        examples: &[
            Example::bad(
                "a thousand retries",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  backoffLimit: 1000
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "three retries, and disruptions do not count",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  backoffLimit: 3
  podFailurePolicy:
    rules:
    - action: Ignore
      onPodConditions:
      - type: DisruptionTarget
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index",
        ],
    },
    check: Check::Object(check),
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let (field, limit, of) = match job.spec.backoff_limit_per_index {
        Some(limit) => ("backoffLimitPerIndex", limit, "each index"),
        None => ("backoffLimit", job.backoff_limit(), "a Job"),
    };
    let max = context.int("max");
    if i64::from(limit) <= max {
        return;
    }
    sink.report(job.path(field), format!("{field} is {limit}, and the policy allows {of} {max} retries"))
        .help(format!(
            "set it to {max} or less, or raise the option max of this rule for this workload; a podFailurePolicy \
             can leave disruptions uncounted"
        ))
        .fix(Fix::set(Safety::Unsafe, format!("set {field} to {max}"), job.path(field), max));
}
