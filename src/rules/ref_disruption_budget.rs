//! `ref/disruption-budget`

use super::levels;
use crate::engine::{
    BudgetFacts, Check, Docs, Example, NeighbourKind, Object, Question, Rule, RuleContext, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};

/// A budget that cannot be computed for Jobs, and blocks every drain.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/disruption-budget",
        summary: "a PodDisruptionBudget selects a Job's Pods and then allows no eviction at all",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Network, Symptom::NeverCompletes],
        what: "A PodDisruptionBudget with `maxUnavailable`, or with a percentage as `minAvailable`, whose \
               selector matches the Job's Pods. A budget that is meant to allow no eviction (`maxUnavailable: \
               0`, `minAvailable: 100%`) is not reported, nor is an integer as `minAvailable`: these work as \
               written.\n\n\
               The linter looks at the manifests it is given, the webhook in the cluster with \
               `--watch-pod-disruption-budgets`.",
        why: "To compute such a budget, the disruption controller looks up how many Pods each Pod's owner wants, \
              and a Job has no scale subresource that says so. The budget then stays at zero allowed \
              disruptions: draining the node hangs until the Job has ended, and so does draining any node with \
              another Pod that the budget selects, as long as a Pod of the Job exists, even a finished one.",
        examples: &[
            Example::bad(
                "a budget for the Deployment selects the CronJob too",
                r#"apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: shop
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app: shop
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: rollup
spec:
  schedule: "15 3 * * *"
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      activeDeadlineSeconds: 600
      template:
        metadata:
          labels:
            app: shop
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: example.com/rollup:1.4
"#,
            ),
            Example::bad(
                "a percentage",
                r#"apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: shop
spec:
  minAvailable: 50%
  selector:
    matchLabels:
      app: shop
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    metadata:
      labels:
        app: shop
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "the Job has labels of its own",
                r#"apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: shop
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app: shop
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    metadata:
      labels:
        app: import
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a budget that is meant to allow no eviction",
                r#"apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: shop
spec:
  maxUnavailable: 0
  selector:
    matchLabels:
      app: shop
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    metadata:
      labels:
        app: shop
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/disruption/disruption.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let Some(labels) = job.template().metadata.as_ref().and_then(|metadata| metadata.labels.as_ref()) else {
        return;
    };
    let kind = NeighbourKind::PodDisruptionBudget;
    let Some(known) = context.known(kind, Question::Selecting(labels)) else { return };
    let found = known.index.selecting(labels, object.namespace()).find_map(|neighbour| {
        let severest = known.nearness(neighbour, object, context).severest()?;
        Some((neighbour, computed(neighbour.facts.budget()?)?, severest))
    });
    let Some((budget, field, severest)) = found else { return };
    let name = &budget.name;
    let condition = known.condition(budget, object);
    sink.report(
        job.path("template.metadata.labels"),
        format!(
            "{condition}the PodDisruptionBudget {name:?} selects these Pods, and its {field} cannot be computed \
             for a Job: it then allows no eviction, and node drains hang"
        ),
    )
    .help(format!(
        "give the Pods a label that the selector of {name} does not match, or add a label to the budget's \
         selector; for Jobs only an integer minAvailable can be computed"
    ))
    .at_most(severest);
}

/// The field of a budget for which its controller has to know how many Pods there should be; none where it allows no
/// eviction anyway.
fn computed(budget: &BudgetFacts) -> Option<String> {
    // The API server refuses a budget with both.
    let (field, value, nothing) = match (&budget.max_unavailable, &budget.min_available) {
        (Some(value), _) => ("maxUnavailable", value, "0"),
        (None, Some(value)) if value.ends_with('%') => ("minAvailable", value, "100"),
        _ => return None,
    };
    (value.trim_end_matches('%') != nothing).then(|| format!("{field} of {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_that_need_a_scale() {
        let budget = |max: Option<&str>, min: Option<&str>| {
            computed(&BudgetFacts {
                selector: None,
                max_unavailable: max.map(str::to_owned),
                min_available: min.map(str::to_owned),
            })
            .is_some()
        };
        assert!(budget(Some("1"), None) && budget(Some("50%"), None) && budget(None, Some("50%")));
        for (max, min) in
            [(Some("0"), None), (Some("0%"), None), (None, Some("100%")), (None, Some("1")), (None, None)]
        {
            assert!(!budget(max, min), "{max:?} {min:?}");
        }
    }
}
