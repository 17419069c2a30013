//! `job/failure-rule-unreachable`

use k8s_openapi::api::batch::v1::{
    PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule,
};
use std::collections::BTreeSet;

use super::everywhere;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// A failure rule that earlier ones leave nothing to.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/failure-rule-unreachable",
        summary: "earlier rules of the podFailurePolicy match everything that this one matches",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect, Symptom::FailedEarly],
        what: "A rule of the `podFailurePolicy` that is never reached, because an earlier rule matches every \
               failure that it matches. For exit codes, with `In` and `NotIn`: an earlier rule without \
               `containerName` covers every container, one with a name covers only that container. For Pod \
               conditions: each of its conditions is named by an earlier rule.",
        why: "The first rule that matches decides, and the others are not considered. A rule that is never \
              reached was meant to do something else: the order is wrong, or an exit code is.",
        examples: &[
            Example::bad(
                "an earlier rule matches all exit codes except 0",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  podFailurePolicy:
    rules:
    - action: Count
      onExitCodes:
        operator: NotIn
        values: [42]
    - action: FailJob
      onExitCodes:
        operator: In
        values: [42]
    - action: Ignore
      onExitCodes:
        operator: In
        values: [3, 42]
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::bad(
                "the same condition twice",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  podFailurePolicy:
    rules:
    - action: Ignore
      onPodConditions:
      - type: DisruptionTarget
    - action: FailJob
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
                "the special case first",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
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
    - action: Count
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
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// The most rules that the API server takes; a larger policy is not looked at.
const MAX_RULES: usize = 20;
/// Likewise, the most exit codes of a rule.
const MAX_CODES: usize = 255;

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let Some(policy) = &job.spec.pod_failure_policy else { return };
    let rules = policy.rules.as_slice();
    if rules.len() > MAX_RULES || rules.iter().filter_map(codes).any(|codes| codes.values.len() > MAX_CODES) {
        return;
    }
    for (index, rule) in rules.iter().enumerate() {
        let earlier = &rules[..index];
        let Some(covering) = covering(rule, earlier) else { continue };
        let path = |index: usize| job.path("podFailurePolicy.rules").index(index);
        let before = if covering.len() == 1 { "a rule before it matches" } else { "rules before it match" };
        let mut report = sink
            .report(path(index), format!("this rule never applies: {before} every failure that it matches"))
            .help(
                "move it before them, or correct what they match; if it does the same as they do, remove it",
            );
        for index in covering.into_iter().take(3) {
            report = report.related(path(index), "matches first");
        }
    }
}

fn codes(rule: &PodFailurePolicyRule) -> Option<&PodFailurePolicyOnExitCodesRequirement> {
    rule.on_exit_codes.as_ref()
}

/// The positions of the rules in `earlier` that together match all that `rule` does; none where they leave
/// something.
fn covering(rule: &PodFailurePolicyRule, earlier: &[PodFailurePolicyRule]) -> Option<Vec<usize>> {
    match (codes(rule), rule.on_pod_conditions.as_deref()) {
        (Some(codes), _) => covering_codes(codes, earlier),
        (None, Some(patterns)) => covering_conditions(patterns, earlier),
        (None, None) => None,
    }
}

fn covering_conditions(
    patterns: &[PodFailurePolicyOnPodConditionsPattern],
    earlier: &[PodFailurePolicyRule],
) -> Option<Vec<usize>> {
    let key = |pattern: &PodFailurePolicyOnPodConditionsPattern| {
        (pattern.type_.clone(), pattern.status.clone().unwrap_or_else(|| "True".to_owned()))
    };
    let mut left: BTreeSet<_> = patterns.iter().map(key).collect();
    if left.is_empty() {
        return None;
    }
    let mut used = Vec::new();
    for (index, rule) in earlier.iter().enumerate().filter(|(_, rule)| codes(rule).is_none()) {
        let before = left.len();
        for pattern in rule.on_pod_conditions.iter().flatten() {
            left.remove(&key(pattern));
        }
        if left.len() < before {
            used.push(index);
        }
    }
    left.is_empty().then_some(used)
}

/// A single container that failed with a single exit code is enough to match, so that it is enough, and needed, to
/// look at each exit code of each container. The name of an injected container is not known: what is to stand for
/// every container must be matched by rules that do.
fn covering_codes(
    wanted: &PodFailurePolicyOnExitCodesRequirement,
    earlier: &[PodFailurePolicyRule],
) -> Option<Vec<usize>> {
    let mut left = Codes::of(wanted)?;
    if left.is_empty() {
        return None;
    }
    let mut used = Vec::new();
    for (index, rule) in earlier.iter().enumerate() {
        let Some(codes) = codes(rule) else { continue };
        if codes.container_name.is_some() && codes.container_name != wanted.container_name {
            continue;
        }
        let Some(taken) = Codes::of(codes) else { continue };
        let rest = left.without(&taken);
        if rest != left {
            used.push(index);
            left = rest;
        }
    }
    left.is_empty().then_some(used)
}

/// A set of exit codes of failed containers; 0 is none.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Codes {
    These(BTreeSet<i32>),
    AllBut(BTreeSet<i32>),
}

impl Codes {
    fn of(requirement: &PodFailurePolicyOnExitCodesRequirement) -> Option<Self> {
        let values = requirement.values.iter().copied().filter(|code| *code != 0).collect();
        match requirement.operator.as_str() {
            "In" => Some(Self::These(values)),
            "NotIn" => Some(Self::AllBut(values)),
            _ => None,
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::These(codes) if codes.is_empty())
    }

    fn without(&self, taken: &Self) -> Self {
        match (self, taken) {
            (Self::These(codes), Self::These(taken)) => Self::These(codes - taken),
            (Self::These(codes), Self::AllBut(spared)) => Self::These(codes & spared),
            (Self::AllBut(spared), Self::These(taken)) => Self::AllBut(spared | taken),
            (Self::AllBut(spared), Self::AllBut(spared_too)) => Self::These(spared_too - spared),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: Option<&str>, operator: &str, values: &[i32]) -> PodFailurePolicyRule {
        PodFailurePolicyRule {
            action: "Count".to_owned(),
            on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
                container_name: name.map(str::to_owned),
                operator: operator.to_owned(),
                values: values.to_vec(),
            }),
            on_pod_conditions: None,
        }
    }

    #[test]
    fn exit_codes() {
        let (in_, not_in) = ("In", "NotIn");
        let main = Some("main");
        for (earlier, later, covered) in [
            (vec![rule(None, in_, &[1, 2])], rule(None, in_, &[1]), Some(vec![0])),
            (
                vec![rule(None, in_, &[1]), rule(None, in_, &[2, 3])],
                rule(None, in_, &[1, 3]),
                Some(vec![0, 1]),
            ),
            (vec![rule(None, in_, &[1])], rule(None, in_, &[1, 2]), None),
            (vec![rule(None, in_, &[1])], rule(main, in_, &[1]), Some(vec![0])),
            (vec![rule(main, in_, &[1])], rule(None, in_, &[1]), None),
            (vec![rule(Some("other"), not_in, &[1])], rule(main, in_, &[2]), None),
            (vec![rule(None, not_in, &[1])], rule(None, in_, &[2, 3]), Some(vec![0])),
            (vec![rule(None, not_in, &[1])], rule(None, in_, &[1, 3]), None),
            (vec![rule(None, not_in, &[1])], rule(None, not_in, &[1, 2]), Some(vec![0])),
            (vec![rule(None, not_in, &[1, 2])], rule(None, not_in, &[1]), None),
            (
                vec![rule(None, not_in, &[1, 2]), rule(main, in_, &[2])],
                rule(main, not_in, &[1]),
                Some(vec![0, 1]),
            ),
            (
                vec![rule(None, not_in, &[1]), rule(None, not_in, &[2])],
                rule(None, not_in, &[3]),
                Some(vec![0, 1]),
            ),
            (vec![rule(None, in_, &[1])], rule(None, not_in, &[2]), None),
            (vec![rule(None, not_in, &[0])], rule(None, in_, &[255]), Some(vec![0])),
            (vec![rule(None, "Odd", &[1])], rule(None, in_, &[1]), None),
            (vec![], rule(None, in_, &[]), None),
        ] {
            assert_eq!(covering(&later, &earlier), covered, "{later:?} after {earlier:?}");
        }
    }
}
