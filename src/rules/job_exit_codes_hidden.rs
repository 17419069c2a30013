//! `job/exit-codes-hidden`

use k8s_openapi::api::batch::v1::PodFailurePolicyOnExitCodesRequirement;

use super::{everywhere, job_max_backoff};
use crate::engine::{
    Check, ContainerPart, Docs, Example, ExitCodes, JobPart, Object, Precedence, Rule, RuleContext, Sink,
    Symptom,
};
use crate::policy::{Level, RuleSpec};

/// A failure rule for exit codes with which no Pod fails.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/exit-codes-hidden",
        summary: "a container is restarted on exit codes that the podFailurePolicy should handle",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect, Symptom::RetriedTooOften],
        what: "A rule of the `podFailurePolicy` for exit codes on which the kubelet restarts the container, by a \
               `restartPolicy` or `restartPolicyRules` of the container's own (since Kubernetes 1.34; on by \
               default since 1.35). Reported if this applies to every exit code that the rule matches or, with \
               `In`, to one that it lists. For a rule without `containerName` it must apply to every container; \
               native sidecars do not count.",
        why: "A `podFailurePolicy` looks only at Pods that have failed. A container that is restarted in its Pod \
              does not fail the Pod, so the rule never sees that exit code: a Job that should fail at once is \
              retried again and again.",
        examples: &[
            Example::bad(
                "exit code 42 should fail the Job, but restarts the container",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  podFailurePolicy:
    rules:
    - action: FailJob
      onExitCodes:
        operator: In
        values: [42]
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        restartPolicy: Never
        restartPolicyRules:
        - action: Restart
          exitCodes:
            operator: NotIn
            values: [0, 1]
"#,
            ),
            Example::good(
                "one exit code restarts the container, another fails the Job",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  podFailurePolicy:
    rules:
    - action: FailJob
      onExitCodes:
        operator: In
        values: [1]
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        restartPolicy: Never
        restartPolicyRules:
        - action: Restart
          exitCodes:
            operator: In
            values: [42]
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy",
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restart-rules",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/pod_failure_policy.go",
        ],
    },
    check: Check::Object(check),
    // That the same field restarts the container without a count.
    precedence: &[Precedence::OverWithin(&[&job_max_backoff::RULE])],
    cel: None,
};

/// The most rules that the API server takes; a larger policy is not looked at.
const MAX_RULES: usize = 20;
/// The most exit codes that the API server takes in a rule; likewise.
const MAX_CODES: usize = 255;
/// The most exit codes that a message names.
const NAMED: usize = 3;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let rules =
        job.spec.pod_failure_policy.as_ref().map(|policy| policy.rules.as_slice()).unwrap_or_default();
    if rules.len() > MAX_RULES || !job.containers().any(ContainerPart::has_own_restarts) {
        return;
    }
    for (index, rule) in rules.iter().enumerate() {
        let Some(requirement) = &rule.on_exit_codes else { continue };
        if requirement.values.len() > MAX_CODES {
            continue;
        }
        let Some(Hidden { codes, all, by }) = hidden(job, requirement) else { continue };
        let field = if by.container.restart_policy_rules.as_ref().is_none_or(Vec::is_empty) {
            "restartPolicy"
        } else {
            "restartPolicyRules"
        };
        let message = if all {
            "the kubelet restarts this container on every exit code that a rule of the podFailurePolicy matches, \
             so the rule never applies"
                .to_owned()
        } else {
            format!(
                "the kubelet restarts this container on exit code {}, so a rule of the podFailurePolicy never sees it",
                codes.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ")
            )
        };
        sink.report(by.path(""), message)
            .at(by.path(field))
            .about(format!("rule {index}"))
            .help(format!("remove the exit code from {field}, or from the rule of the podFailurePolicy"))
            .related(job.path("podFailurePolicy.rules").index(index), "matches Pods that fail with it");
    }
}

/// What a rule does not see of its exit codes.
struct Hidden<'a> {
    codes: Vec<u8>,
    /// Whether these are all that it matches.
    all: bool,
    /// The first container that is restarted.
    by: ContainerPart<'a>,
}

fn hidden<'a>(job: JobPart<'a>, requirement: &PodFailurePolicyOnExitCodesRequirement) -> Option<Hidden<'a>> {
    let matched = ExitCodes::of(&requirement.operator, &requirement.values)?;
    let concerns = |part: &ContainerPart<'_>| {
        !part.is_sidecar()
            && requirement.container_name.as_ref().is_none_or(|name| *name == part.container.name)
    };
    let mut seen = ExitCodes::default();
    let mut by = None;
    for part in job.containers().filter(concerns) {
        let restarted = restarted(job, part);
        // Of a container that is restarted forever job/container-restart-always speaks.
        if restarted.is_empty() || part.restarts_forever() {
            return None;
        }
        seen = seen.or(matched.without(restarted));
        by = by.or(Some(part));
    }
    let hidden = matched.without(seen);
    let all = hidden == matched;
    let names_them = requirement.operator == "In";
    if hidden.is_empty() || !(all || names_them) {
        return None;
    }
    let codes = (1..=u8::MAX).filter(|code| hidden.contains(*code)).take(NAMED).collect();
    Some(Hidden { codes, all, by: by? })
}

/// The exit codes of failures at which the kubelet restarts a container by its own fields: the first rule that matches
/// restarts it, and where none does its own `restartPolicy` decides.
fn restarted(job: JobPart<'_>, part: ContainerPart<'_>) -> ExitCodes {
    if !part.has_own_restarts() {
        // By the Pod's: with OnFailure there can be no podFailurePolicy.
        return ExitCodes::default();
    }
    match part.container.restart_policy.as_deref().or(job.restart_policy()) {
        Some("Never") => part
            .container
            .restart_policy_rules
            .iter()
            .flatten()
            .filter_map(|rule| rule.exit_codes.as_ref())
            .filter(|codes| codes.values.as_ref().is_none_or(|values| values.len() <= MAX_CODES))
            .filter_map(|codes| ExitCodes::of(&codes.operator, codes.values.as_deref().unwrap_or_default()))
            .fold(ExitCodes::default(), ExitCodes::or),
        _ => ExitCodes::ALL,
    }
}
