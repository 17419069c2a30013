//! `job/onfailure-logs`

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// Failed Pods that take their logs with them.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/onfailure-logs",
        summary: "with restartPolicy OnFailure the Pod and its log go when the Job fails",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Info),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::LogsGone],
        what: "`restartPolicy: OnFailure`. The kubelet restarts a failed container in the same Pod, and \
               when `backoffLimit` is reached the Job's controller deletes the Pod, which is still running. A Pod all of \
               whose containers say `restartPolicy: Never` for themselves is not restarted, and left alone.",
        why: "The log of a container goes with its Pod, at the moment when somebody wants to read it. Until \
              then only the last and the previous run can be read. With `Never` each try has a Pod of its \
              own (unless a container has a `restartPolicy` or `restartPolicyRules` of its own), and Pods that have \
              failed stay until the Job is deleted. What is still running when the Job ends, by its \
              `activeDeadlineSeconds` or by a rule of the podFailurePolicy, is deleted under `Never` too. Where logs are \
              shipped elsewhere, `OnFailure` is the cheaper choice.",
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
                "a new Pod each time",
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
        "with OnFailure the Pod is deleted when backoffLimit is reached, and its log with it",
    )
    .help("set restartPolicy: Never to keep the Pods that failed, or make sure that their logs are shipped");
}
