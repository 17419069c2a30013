//! What the rules on quotas and limits of a namespace share.

use k8s_openapi::api::core::v1::PodSpec;

use crate::engine::{
    Demand, Known, Nearness, Neighbour, NeighbourKind, Object, Question, QuotaFacts, RuleContext, ScopeFacts,
    Severity,
};

/// How many quotas or LimitRanges of a namespace are looked at.
const MAX_OF_NAMESPACE: usize = 100;

/// What containers are given in the namespace of `object` which ask for nothing; none where that is unknown. A
/// LimitRange that only may be in the namespace may fill something in there, too.
pub(super) fn defaults<'a>(object: &Object, context: &RuleContext<'a>) -> Option<Demand<'a>> {
    let question = Question::Within(object.namespace());
    let Some(known) = context.known(NeighbourKind::LimitRange, question) else {
        return Some(Demand::default());
    };
    let near = known.index.within(object.namespace()).take(MAX_OF_NAMESPACE);
    let near = near.filter(|neighbour| known.nearness(neighbour, object, context) >= Nearness::Likely);
    Demand::defaults(near.flat_map(|neighbour| neighbour.facts.limits()))
}

/// The neighbours that are, or seem to be, in the namespace of `object`, each with the severest that a finding about it can
/// be.
pub(super) fn all_near<'a>(
    object: &Object,
    known: &'a Known,
    context: &RuleContext<'_>,
) -> impl Iterator<Item = (&'a Neighbour, Severity)> {
    let near = known.index.within(object.namespace()).take(MAX_OF_NAMESPACE);
    near.filter_map(move |neighbour| {
        Some((neighbour, known.nearness(neighbour, object, context).severest()?))
    })
}

/// The same of quotas.
pub(super) fn near<'a>(
    object: &Object,
    known: &'a Known,
    context: &RuleContext<'_>,
) -> impl Iterator<Item = (&'a Neighbour, &'a QuotaFacts, Severity)> {
    all_near(object, known, context)
        .filter_map(|(neighbour, severest)| Some((neighbour, neighbour.facts.quota()?, severest)))
}

/// The quotas that surely count Pods with this spec, which ask for `demand`.
pub(super) fn counting<'a>(
    (object, pod): (&Object, &PodSpec),
    demand: &Demand<'_>,
    known: &'a Known,
    context: &RuleContext<'_>,
) -> impl Iterator<Item = (&'a Neighbour, &'a QuotaFacts, Severity)> {
    near(object, known, context).filter(move |(_, quota, _)| {
        quota.scopes.iter().all(|scope| has_scope(scope, pod, demand))
            && quota.scope_expressions.iter().all(|expression| fulfils(expression, pod, demand))
    })
}

/// Whether Pods are surely in a scope.
fn has_scope(scope: &str, pod: &PodSpec, demand: &Demand<'_>) -> bool {
    match scope {
        // Of the Pod, not of the Job.
        "Terminating" => pod.active_deadline_seconds.is_some(),
        "NotTerminating" => pod.active_deadline_seconds.is_none(),
        "BestEffort" => demand.is_best_effort(),
        "NotBestEffort" => !demand.is_best_effort(),
        "PriorityClass" => class(pod).is_some(),
        _ => false,
    }
}

/// Whether Pods surely fulfil a requirement of a `scopeSelector`. One without a priority class may be given one.
fn fulfils(expression: &ScopeFacts, pod: &PodSpec, demand: &Demand<'_>) -> bool {
    let is_listed = |class: &str| expression.values.iter().any(|value| value == class);
    match (expression.scope.as_str(), expression.operator.as_str()) {
        ("PriorityClass", "In") => class(pod).is_some_and(is_listed),
        ("PriorityClass", "NotIn") => class(pod).is_some_and(|class| !is_listed(class)),
        (scope, "Exists") => has_scope(scope, pod, demand),
        _ => false,
    }
}

fn class(pod: &PodSpec) -> Option<&str> {
    pod.priority_class_name.as_deref().filter(|class| !class.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scopes_of_pods() {
        let pod = |spec| serde_json::from_value::<PodSpec>(spec).unwrap();
        let plain = pod(json!({"containers": [{"name": "a"}]}));
        let timed = pod(
            json!({"containers": [{"name": "a"}], "activeDeadlineSeconds": 60, "priorityClassName": "high"}),
        );
        let nothing = Demand::default();
        for (scope, of_plain, of_timed) in [
            ("Terminating", false, true),
            ("NotTerminating", true, false),
            ("BestEffort", true, true),
            ("NotBestEffort", false, false),
            ("PriorityClass", false, true),
            ("CrossNamespacePodAffinity", false, false),
        ] {
            let has = |pod| has_scope(scope, pod, &nothing);
            assert_eq!((has(&plain), has(&timed)), (of_plain, of_timed), "{scope}");
        }
        for (operator, values, of_timed) in [
            ("In", "high", true),
            ("In", "low", false),
            ("NotIn", "low", true),
            ("Exists", "", true),
            ("DoesNotExist", "", false),
        ] {
            let expression = ScopeFacts {
                scope: "PriorityClass".to_owned(),
                operator: operator.to_owned(),
                values: vec![values.to_owned()],
            };
            assert_eq!(fulfils(&expression, &timed, &nothing), of_timed, "{operator} {values}");
            assert!(!fulfils(&expression, &plain, &nothing), "{operator}");
        }
    }
}
