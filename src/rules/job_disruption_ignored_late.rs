//! `job/disruption-ignored-late`

use k8s_openapi::api::batch::v1::{PodFailurePolicy, PodFailurePolicyRule};

use super::{everywhere, job_disruptions_count};
use crate::engine::{
    Check, Docs, Example, ExitCodes, Fix, Object, Precedence, Rule, RuleContext, Safety, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::edit::Edit;

/// A rule for disrupted Pods that one for their exit codes comes before.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/disruption-ignored-late",
        summary: "a rule for exit codes matches disrupted Pods before the rule that ignores them",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::FailedEarly],
        what: "A `podFailurePolicy` with a rule that ignores the Pod condition `DisruptionTarget`, and before it \
               a rule that matches exit code 137 or 143 and does not ignore it: `FailJob`, `FailIndex` or \
               `Count` with `In` and one of the two, or with `NotIn` and other codes.",
        why: "The first rule that matches decides. When a Pod is drained or preempted, its containers are \
              stopped and usually exit with 143 (SIGTERM) or 137 (SIGKILL): the rule for exit codes matches before the \
              rule for disruptions is considered, and a node upgrade fails the Job.",
        examples: &[
            Example::bad(
                "NotIn [42] includes 137 and 143",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  podFailurePolicy:
    rules:
    - action: FailJob
      onExitCodes:
        operator: NotIn
        values: [42]
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
                "disruptions first",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  podFailurePolicy:
    rules:
    - action: Ignore
      onPodConditions:
      - type: DisruptionTarget
    - action: FailJob
      onExitCodes:
        operator: NotIn
        values: [42]
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "exit codes that no stopped container has",
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
            "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy",
            "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/pod_failure_policy.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[Precedence::OverRules(&[&job_disruptions_count::RULE])],
    cel: None,
};

/// The most rules that the API server takes; a larger policy is not looked at.
const MAX_RULES: usize = 20;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let has_one_container = job.containers().nth(1).is_none();
    let policy = job.spec.pod_failure_policy.as_ref();
    let Some(Late { first, ignoring, codes }) = policy.and_then(|policy| late(policy, has_one_container))
    else {
        return;
    };
    let rules = policy.map(|policy| policy.rules.as_slice()).unwrap_or_default();
    let outcome = match rules[first].action.as_str() {
        "FailJob" => "fails the Job",
        "FailIndex" => "fails its index",
        _ => "counts as a failure",
    };
    let path = |index: usize| job.path("podFailurePolicy.rules").index(index);
    // The one that ignores comes right before the one that it must precede; all others keep their order.
    let mut order: Vec<usize> = (0..rules.len()).filter(|index| *index != ignoring).collect();
    order.insert(first, ignoring);
    let both = codes == ExitCodes::STOPPED;
    let codes = if both {
        "137 or 143"
    } else if codes.contains(137) {
        "137"
    } else {
        "143"
    };
    sink.report(
        path(first),
        format!(
            "a Pod that is drained or preempted {outcome} by this rule, before the one that ignores disruptions: \
             stopped containers exit with code {codes}"
        ),
    )
    .help("move the rule that ignores the condition DisruptionTarget before this one: the first match decides")
    .related(path(ignoring), "comes too late")
    .fix(Fix::new(
        Safety::Unsafe,
        "move the rule that ignores DisruptionTarget before it",
        Edit::Reorder { path: job.path("podFailurePolicy.rules"), order },
    ));
}

/// A rule that takes disrupted Pods before the one that ignores them.
#[derive(Debug, PartialEq, Eq)]
struct Late {
    /// Its position.
    first: usize,
    /// The position of the rule that ignores them.
    ignoring: usize,
    /// The exit codes of stopped containers that it matches.
    codes: ExitCodes,
}

fn late(policy: &PodFailurePolicy, has_one_container: bool) -> Option<Late> {
    let rules = policy.rules.as_slice();
    let ignoring = rules.iter().position(is_for_disruptions)?;
    if rules.len() > MAX_RULES || rules[ignoring].action != "Ignore" {
        return None;
    }
    let mut open = ExitCodes::STOPPED;
    for (first, rule) in rules[..ignoring].iter().enumerate() {
        let Some(requirement) = &rule.on_exit_codes else { continue };
        let codes = ExitCodes::of(&requirement.operator, &requirement.values).unwrap_or_default().and(open);
        if !codes.is_empty() && rule.action != "Ignore" {
            return Some(Late { first, ignoring, codes });
        }
        // Of another container the next rules decide.
        if requirement.container_name.is_none() || has_one_container {
            open = open.without(codes);
        }
    }
    None
}

fn is_for_disruptions(rule: &PodFailurePolicyRule) -> bool {
    rule.on_pod_conditions.iter().flatten().any(|pattern| {
        pattern.type_ == "DisruptionTarget" && pattern.status.as_deref().is_none_or(|status| status == "True")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn codes(action: &str, operator: &str, values: &[i32]) -> Value {
        json!({"action": action, "onExitCodes": {"operator": operator, "values": values}})
    }

    fn of_main(mut rule: Value) -> Value {
        rule["onExitCodes"]["containerName"] = "main".into();
        rule
    }

    #[test]
    fn which_rule_takes_disrupted_pods() {
        let disruption =
            |action: &str| json!({"action": action, "onPodConditions": [{"type": "DisruptionTarget"}]});
        let ignored = || disruption("Ignore");
        for (rules, one, many) in [
            (vec![codes("FailJob", "NotIn", &[42]), ignored()], Some((0, 1, 2)), Some((0, 1, 2))),
            (vec![codes("FailJob", "In", &[1, 137]), ignored()], Some((0, 1, 1)), Some((0, 1, 1))),
            (vec![codes("Count", "NotIn", &[137]), ignored()], Some((0, 1, 1)), Some((0, 1, 1))),
            (
                vec![codes("FailJob", "In", &[3]), codes("FailIndex", "In", &[143]), ignored()],
                Some((1, 2, 1)),
                Some((1, 2, 1)),
            ),
            (
                vec![of_main(codes("Ignore", "In", &[137, 143])), codes("FailJob", "NotIn", &[0]), ignored()],
                None,
                Some((1, 2, 2)),
            ),
            (
                vec![codes("Ignore", "In", &[137, 143]), codes("FailJob", "NotIn", &[0]), ignored()],
                None,
                None,
            ),
            (vec![codes("FailJob", "NotIn", &[137, 143]), ignored()], None, None),
            (vec![codes("FailJob", "In", &[1, 42]), ignored()], None, None),
            (vec![ignored(), codes("FailJob", "NotIn", &[42])], None, None),
            (vec![codes("FailJob", "NotIn", &[42])], None, None),
            (vec![codes("FailJob", "NotIn", &[42]), disruption("Count"), ignored()], None, None),
            (vec![codes("FailJob", "Odd", &[42]), ignored()], None, None),
        ] {
            let policy: PodFailurePolicy = serde_json::from_value(json!({ "rules": rules })).unwrap();
            let found = |has_one| {
                late(&policy, has_one).map(|late| {
                    (
                        late.first,
                        late.ignoring,
                        u8::from(late.codes.contains(137)) + u8::from(late.codes.contains(143)),
                    )
                })
            };
            assert_eq!((found(true), found(false)), (one, many), "{rules:?}");
        }
    }
}
