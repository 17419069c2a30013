//! `job/per-index-onfailure`

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// Retries of an index that are not counted.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/per-index-onfailure",
        summary: "with restartPolicy OnFailure backoffLimitPerIndex does not count restarts",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::RetriedTooOften, Symptom::NoEffect],
        what: "`backoffLimitPerIndex` together with `restartPolicy: OnFailure`.",
        why: "`backoffLimitPerIndex` counts failed Pods. With `OnFailure` a failed container is restarted in its \
              Pod, and the Pod does not fail, so the index never fails either. Those restarts count only towards \
              `backoffLimit`, for all indexes together, and beside `backoffLimitPerIndex` that defaults to \
              2147483647: one failing index is retried forever. Only Pods that fail as a whole count for their \
              index: evicted ones, and those past their own `activeDeadlineSeconds`.",
        examples: &[
            Example::bad(
                "a failing index is restarted forever",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: chunks
spec:
  completionMode: Indexed
  completions: 10
  backoffLimitPerIndex: 2
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "each failure is a failed Pod",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: chunks
spec:
  completionMode: Indexed
  completions: 10
  backoffLimitPerIndex: 2
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/job_controller.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/indexed_job_utils.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    // Containers that are not restarted in place fail with their Pods.
    if job.spec.backoff_limit_per_index.is_none() || !job.restarts_in_place() {
        return;
    }
    let until = match job.spec.backoff_limit {
        Some(limit) if limit < i32::MAX => {
            format!(
                "until all indexes together have used up backoffLimit ({limit}), and then the whole Job fails"
            )
        }
        _ => "forever".to_owned(),
    };
    sink.report(
        job.path("backoffLimitPerIndex"),
        format!(
            "with restartPolicy OnFailure restarts do not count towards backoffLimitPerIndex: a failing index is \
             restarted {until}"
        ),
    )
    .help("set restartPolicy: Never, so that each failure is a failed Pod of its index")
    .related(job.path("template.spec.restartPolicy"), "restarts containers within their Pod");
}
