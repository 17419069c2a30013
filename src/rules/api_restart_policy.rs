//! `api/restart-policy`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, Safety, ServerCheck, Symptom};
use crate::policy::{Defaults, RuleSpec};
use jobguard_apiserver::{Cause, FieldError, Topic};
use jobguard_manifest::edit::Edit;
use jobguard_text::same_letters;
use k8s_openapi::api::core::v1::Container;

/// RestartPolicy is not Never or OnFailure.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/restart-policy",
        summary: "restartPolicy is not Never or OnFailure",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "The Pods of a Job need `restartPolicy: Never` (a failed Pod is replaced by a new one) or \
               `OnFailure` (a failed container is restarted in place). The field belongs in the Pod template's \
               spec. If it is left out it defaults to `Always`, which is not allowed in a Job.",
        why: "The API server refuses the Job. This is one of the most common mistakes in Job manifests, because \
              Pods and Deployments do not need the field.",
        examples: &[
            Example::bad(
                "no restartPolicy",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  template:
    spec:
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a failed Pod is replaced",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-template",
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#handling-pod-and-container-failures",
        ],
    },
    check: Check::Server(ServerCheck::on(Topic::RestartPolicy).fix(fix).help(help)),
    precedence: &[],
    cel: None,
};

fn help(error: &FieldError, object: &Object) -> Option<&'static str> {
    let job = object.job().filter(|_| error.cause == Cause::Required)?;
    job.containers().any(|part| part.restarts_forever()).then_some(
        "set restartPolicy: Never or OnFailure here, and Always only on a native sidecar under initContainers: \
         with a regular container that is always restarted, the Job cannot complete",
    )
}

fn fix(error: &FieldError, object: &Object, defaults: &Defaults) -> Option<Fix> {
    const POLICIES: [&str; 2] = ["Never", "OnFailure"];
    let job = object.job()?;
    let pod = job.pod()?;
    // Beside a container that always restarts, no value lets the Job complete.
    if job.containers().any(|part| part.restarts_forever()) {
        return None;
    }
    let set = |safety, value: &str| {
        Fix::set(safety, format!("set restartPolicy to {value}"), error.path.clone(), value)
    };
    if error.cause != Cause::Required {
        // Not a value of the field, or not beside a podFailurePolicy.
        let written = pod.restart_policy.as_deref().unwrap_or_default();
        let same = same_letters(written, &POLICIES);
        let meant = if job.spec.pod_failure_policy.is_some() { Some("Never") } else { same };
        let meant = meant.filter(|meant| *meant != written)?;
        // Nothing else can be meant by the same word.
        return Some(set(Safety::safe_if(same == Some(meant)), meant));
    }
    if job.spec.pod_failure_policy.is_some() {
        let safety = Safety::safe_if(defaults.restart_policy.is_some());
        return Some(set(safety, "Never"));
    }
    // The author's choice, though made for a container, comes before the policy's default.
    let own = |container: &Container| {
        let policy = container.restart_policy.clone()?;
        POLICIES.contains(&policy.as_str()).then_some(policy)
    };
    let chosen: Vec<String> = pod.containers.iter().filter_map(own).collect();
    if let Some(first) = chosen.first() {
        if chosen.iter().any(|policy| policy != first) {
            return None;
        }
        return match pod.containers.as_slice() {
            // Alone in its Pod, and without rules that ask for a policy beside them, it may as well be the Pod's.
            [only] if only.restart_policy_rules.is_none() => {
                let from = error.path.parent()?.field("containers").index(0).field("restartPolicy");
                let edit = Edit::Move { from, to: error.path.clone() };
                Some(Fix::new(Safety::Unsafe, "move restartPolicy from the container to the Pod", edit))
            }
            _ => Some(set(Safety::Unsafe, first)),
        };
    }
    Some(match defaults.restart_policy {
        Some(policy) => set(Safety::Safe, policy.as_str()),
        None => set(Safety::Unsafe, "Never"),
    })
}
