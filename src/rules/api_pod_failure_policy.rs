//! `api/pod-failure-policy`

use super::ALWAYS;
use crate::engine::{Check, Docs, Example, Fix, Object, Rule, Safety, ServerCheck, Symptom};
use crate::policy::{Defaults, RuleSpec};
use jobguard_apiserver::{Cause, FieldError, Topic};
use jobguard_manifest::edit::Edit;
use jobguard_manifest::{FieldPath, Segment};

/// PodFailurePolicy is malformed.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "api/pod-failure-policy",
        summary: "podFailurePolicy is malformed",
        since: "0.1.0",
        renamed_from: &[],
        levels: ALWAYS,
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Refused],
        what: "Each rule of a `podFailurePolicy` has an `action` (`FailJob`, `FailIndex`, `Ignore`, `Count`) and \
               exactly one of `onExitCodes` and `onPodConditions`. Exit codes must be sorted and unique, and \
               with `In` must not include 0; a `containerName` must name a container of the template. A \
               `podFailurePolicy` requires `restartPolicy: Never`, and `FailIndex` requires \
               `backoffLimitPerIndex`.",
        why: "The API server refuses the object.",
        examples: &[
            Example::bad(
                "exit code 0 is success",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
spec:
  podFailurePolicy:
    rules:
    - action: FailJob
      onExitCodes:
        operator: In
        values: [0, 42]
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "42 ends the Job at once",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
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
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy"],
    },
    check: Check::Server(ServerCheck::on(Topic::PodFailurePolicy).fix(fix)),
    precedence: &[],
    cel: None,
};

/// The most exit codes that a rule may list.
const MAX_EXIT_CODES: usize = 255;

/// Exit codes must be in order and each there once; which there are does not change.
fn fix(error: &FieldError, object: &Object, _: &Defaults) -> Option<Fix> {
    let segments = error.path.segments();
    let list =
        segments.iter().rposition(|segment| matches!(segment, Segment::Field(name) if name == "values"))?;
    let rule = segments.iter().find_map(|segment| match segment {
        Segment::Index(index) => Some(*index),
        _ => None,
    })?;
    let policy = object.job()?.spec.pod_failure_policy.as_ref()?;
    let codes = policy.rules.get(rule)?.on_exit_codes.as_ref()?;
    // Each fault has the whole order in its fix. More codes than the API server takes are not put in order anyway.
    if codes.values.len() > MAX_EXIT_CODES {
        return None;
    }
    let at = match segments.get(list + 1) {
        Some(Segment::Index(index)) => Some(*index),
        _ => None,
    };
    let is_zero = |index: usize| codes.operator == "In" && codes.values.get(index) == Some(&0);
    let without_zero = error.cause == Cause::Invalid && at.is_some_and(is_zero);
    let mut order: Vec<usize> =
        (0..codes.values.len()).filter(|index| !(without_zero && is_zero(*index))).collect();
    order.sort_by_key(|index| codes.values[*index]);
    order.dedup_by_key(|index| codes.values[*index]);
    if order.is_empty() || order.iter().copied().eq(0..codes.values.len()) {
        return None;
    }
    let path = error.path.segments()[..=list].iter().cloned().fold(FieldPath::root(), |mut path, segment| {
        path.push(segment);
        path
    });
    let (safety, title) = if without_zero {
        (Safety::Unsafe, "remove exit code 0")
    } else {
        (Safety::Safe, "sort the exit codes and remove duplicates")
    };
    Some(Fix::new(safety, title, Edit::Reorder { path, order }))
}
