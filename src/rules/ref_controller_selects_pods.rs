//! `ref/controller-selects-pods`

use super::levels;
use crate::engine::{
    Check, Docs, Example, Facts, Known, Neighbour, NeighbourKind, Object, Question, Rule, RuleContext,
    Severity, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};

/// Pods that others take for those of a Deployment.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/controller-selects-pods",
        summary: "the selector of a Deployment, StatefulSet or ReplicaSet matches a Job's Pods too",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Network],
        what: "A Deployment, StatefulSet or ReplicaSet whose selector matches the Pods of the Job. This is a \
               warning if a HorizontalPodAutoscaler that scales it is known, otherwise only an info.\n\n\
               The linter looks at the manifests it is given, the webhook in the cluster with \
               `--watch-deployments`, `--watch-stateful-sets` and `--watch-horizontal-pod-autoscalers`.",
        why: "The controller does not adopt the Job's Pods, because they already have a controller. But \
              everything else goes by the selector: a HorizontalPodAutoscaler includes the Job's Pods in the \
              average that it scales by, `kubectl logs` and `kubectl exec` on the Deployment may pick a Pod of \
              the Job, and spread constraints and disruption budgets with the same labels count its Pods.",
        examples: &[
            Example::bad(
                "labels copied from the Deployment",
                r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels:
      app: shop
  template:
    metadata:
      labels:
        app: shop
    spec:
      containers:
      - name: shop
        image: example.com/shop:3
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: shop
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: shop
  maxReplicas: 5
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
                "one more label in the selector",
                r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels:
      tier: web
  template:
    metadata:
      labels:
        tier: web
    spec:
      containers:
      - name: shop
        image: example.com/shop:3
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: shop
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: shop
  maxReplicas: 5
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
            "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details",
            "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

const CONTROLLERS: [NeighbourKind; 3] =
    [NeighbourKind::Deployment, NeighbourKind::StatefulSet, NeighbourKind::ReplicaSet];

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let Some(labels) = job.template().metadata.as_ref().and_then(|metadata| metadata.labels.as_ref()) else {
        return;
    };
    // Asked of each kind, for the sake of those that are not known yet.
    let all = CONTROLLERS.map(|kind| context.known(kind, Question::Selecting(labels)));
    let found = all.into_iter().flatten().find_map(|known| {
        let mut selecting = known.index.selecting(labels, object.namespace());
        selecting.find_map(|controller| {
            Some((controller, known.nearness(controller, object, context).severest()?))
        })
    });
    let Some((controller, severest)) = found else { return };
    let (kind, name) = (controller.kind.as_str(), &controller.name);
    let autoscalers =
        context.known(NeighbourKind::HorizontalPodAutoscaler, Question::Within(object.namespace()));
    let scaled = autoscalers.and_then(|known| autoscaler(known, controller));
    let (effect, severest) = match scaled {
        Some(autoscaler) => {
            let autoscaler = &autoscaler.name;
            (
                format!(
                    "the HorizontalPodAutoscaler {autoscaler:?} includes them in the average that it scales by"
                ),
                severest,
            )
        }
        None => {
            let effect =
                "everything that uses the selector, such as kubectl logs or an autoscaler, includes them";
            (effect.to_owned(), severest.min(Severity::Info))
        }
    };
    sink.report(
        job.path("template.metadata.labels"),
        format!("the selector of the {kind} {name:?} matches these Pods too: {effect}"),
    )
    .help(format!(
        "give the Pods other labels that the {kind} does not select, such as another value of \
                   app.kubernetes.io/component"
    ))
    .at_most(severest);
}

/// What scales a controller.
fn autoscaler<'a>(known: &'a Known, controller: &Neighbour) -> Option<&'a Neighbour> {
    known.index.within(controller.namespace.as_deref()).find(|autoscaler| {
        matches!(&autoscaler.facts, Facts::Autoscaler { kind, name } if kind == controller.kind.as_str() && *name == controller.name)
    })
}
