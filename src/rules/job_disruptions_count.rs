//! `job/disruptions-count`

use k8s_openapi::api::batch::v1::PodFailurePolicyRule;

use super::{cel, levels};
use crate::engine::{
    Cel, Check, Docs, Example, ExitCodes, JobPart, Object, Rule, RuleContext, Sink, Symptom, Weight,
};
use crate::policy::{Level, OptionKind, OptionSpec, RuleSpec};

/// Few retries, spent on drained nodes.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/disruptions-count",
        summary: "with few retries, node disruptions can fail the Job: ignore them with a podFailurePolicy",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[OptionSpec {
            name: "maxRetries",
            summary: "The largest number of retries that counts as few.",
            kind: OptionKind::Int { default: 2, min: 0, max: 100 },
        }],
    },
    docs: Docs {
        symptoms: &[Symptom::FailedEarly],
        what: "A Job with at most `maxRetries` (2 by default) retries, by `backoffLimit` or, in an Indexed Job \
               that has it, `backoffLimitPerIndex`, without a `podFailurePolicy` rule that ignores the Pod \
               condition `DisruptionTarget`; or with such a rule only after another rule for that condition, or \
               after one for exit codes that matches stopped containers (137 and 143, as `NotIn: [42]` does). \
               Only Jobs with `restartPolicy: Never` can have a `podFailurePolicy`; with `OnFailure` an evicted \
               Pod counts too, and only more retries help.",
        why: "A Pod that is drained from its node, preempted or evicted counts as failed, although its program \
              is not at fault. With few retries a single round of node upgrades can fail the Job. Ignored \
              disruptions use up no retries: then few are enough, since each one is spent on a real failure.",
        examples: &[
            Example::bad(
                "one drained node fails the Job",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "disruptions do not count",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 0
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
            Example::good(
                "enough retries",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  backoffLimit: 6
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy",
            "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new("RETRIES <= {maxRetries} && !(has(JOB.podFailurePolicy) && \
         JOB.podFailurePolicy.rules.filter(rule, has(rule.onPodConditions) && rule.onPodConditions.exists(condition, \
         condition.type == 'DisruptionTarget' && (!has(condition.status) || condition.status == 'True')) || \
         has(rule.onExitCodes) && [137, 143].all(code, \
         (code in rule.onExitCodes.values) == (rule.onExitCodes.operator == 'In')))\
         .map(rule, rule.action).indexOf('Ignore') == 0)").weight("0 - RETRIES").names(&[cel::RETRIES])),
};

const DISRUPTION: &str = "DisruptionTarget";

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    if sink.is_hint() && object.maker().is_some_and(|maker| maker.decides_end) {
        return;
    }
    let Some(job) = object.job() else { return };
    let (field, limit) = match job.spec.backoff_limit_per_index {
        Some(limit) => ("backoffLimitPerIndex", limit),
        None => ("backoffLimit", job.backoff_limit()),
    };
    let decided = disruption_rule(&job);
    if i64::from(limit) > context.int("maxRetries")
        || decided.is_some_and(|(_, rule)| rule.action == "Ignore")
    {
        return;
    }
    let message = match limit {
        ..=0 => "a drained node or a preemption counts as a failure, and there are no retries".to_owned(),
        1 => "a drained node or a preemption counts as a failure, and there is 1 retry".to_owned(),
        _ => format!("drained nodes and preemptions count as failures, and there are {limit} retries"),
    };
    let report = sink.report(job.path(field), message).weight(Weight::of_least(limit));
    match decided {
        Some((index, rule)) => {
            let path = job.path("podFailurePolicy.rules").index(index).field("action");
            if rule.on_exit_codes.is_some() {
                report
                    .help("add a rule before it: action: Ignore, onPodConditions: [{type: DisruptionTarget}]")
                    .related(
                        path,
                        "the first rule that matches: stopped containers exit with code 137 or 143",
                    );
            } else {
                report.help("set the action of this rule to Ignore").related(
                    path,
                    "the first rule for \
                                                                                    DisruptionTarget",
                );
            }
        }
        None if job.restart_policy() == Some("OnFailure") => {
            report.help(format!(
                "raise {field}; or set restartPolicy: Never, which allows a podFailurePolicy that ignores the \
                 condition DisruptionTarget"
            ));
        }
        None => {
            report.help(
                "add a podFailurePolicy rule: action: Ignore, onPodConditions: [{type: DisruptionTarget}]",
            );
        }
    }
}

/// The position and the first rule for Pods that are disrupted.
fn disruption_rule<'a>(job: &JobPart<'a>) -> Option<(usize, &'a PodFailurePolicyRule)> {
    let rules = &job.spec.pod_failure_policy.as_ref()?.rules;
    rules.iter().enumerate().find(|(_, rule)| {
        let mut patterns = rule.on_pod_conditions.iter().flatten();
        let codes =
            rule.on_exit_codes.as_ref().and_then(|codes| ExitCodes::of(&codes.operator, &codes.values));
        codes.is_some_and(ExitCodes::are_of_stopped)
            || patterns.any(|pattern| {
                pattern.type_ == DISRUPTION && pattern.status.as_deref().is_none_or(|status| status == "True")
            })
    })
}
