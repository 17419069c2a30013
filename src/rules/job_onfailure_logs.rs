//! `job/onfailure-logs`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// Failed Pods that take their logs with them.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/onfailure-logs",
        summary: "with restartPolicy OnFailure the Pod and its logs are deleted when the Job fails",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Info),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::LogsGone],
        what: "`restartPolicy: OnFailure`. The kubelet restarts a failed container in the same Pod, and when \
               `backoffLimit` is reached the Job controller deletes that Pod, which is still running. A Pod \
               whose containers all have `restartPolicy: Never` of their own is not restarted, and is not \
               reported.",
        why: "The logs are deleted together with the Pod, just when somebody wants to read them. Until then only \
              those of the current and the previous run of a container are available. With `Never` each attempt \
              has a Pod of its own (unless a container has a `restartPolicy` or `restartPolicyRules` of its \
              own), and failed Pods stay until the Job is deleted. Pods that are still running when the Job \
              ends, by its `activeDeadlineSeconds` or by a rule of the podFailurePolicy, are deleted with \
              `Never` too. If logs are collected elsewhere, `OnFailure` is the cheaper choice.",
        examples: &[
            Example::bad(
                "restarted in place",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a new Pod for each attempt",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 3
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
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/job_controller.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/api/v1/pod/util.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new(
        "JOB.template.spec.restartPolicy == 'OnFailure' && \
         JOB.template.spec.containers.exists(container, !has(container.restartPolicy) || \
         container.restartPolicy != 'Never' || \
         has(container.restartPolicyRules) && container.restartPolicyRules.size() > 0)",
    )),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    if !job.restarts_in_place() {
        return;
    }
    sink.report(
        job.path("template.spec.restartPolicy"),
        "with OnFailure the Pod is deleted when backoffLimit is reached, and its logs with it",
    )
    .help("set restartPolicy: Never to keep failed Pods, or make sure that their logs are collected");
}
