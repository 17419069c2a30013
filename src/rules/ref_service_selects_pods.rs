//! `ref/service-selects-pods`

use std::collections::BTreeMap;

use super::{levels, ref_controller_selects_pods};
use crate::engine::{
    Check, Docs, Example, JobPart, NeighbourKind, Object, Precedence, Question, Rule, RuleContext, Selector,
    ServiceFacts, Severity, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::JOB_NAME_LABELS;

/// Connections that nobody answers.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/service-selects-pods",
        summary: "a Service sends traffic to the Pods of a Job that declares no port",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Network],
        what: "A Service whose selector matches the Pods of a Job none of whose containers declares a port. A \
               headless Service that the Job names as its `subdomain` is not reported, nor is a Service with \
               only named target ports, which sends nothing to Pods without such ports. This is a warning if the \
               Service also selects a Deployment, StatefulSet or ReplicaSet, and only an info if it may have \
               been made for the Job.\n\n\
               The linter looks at the manifests it is given, the webhook in the cluster with \
               `--watch-services`.",
        why: "A Pod without a readiness probe is ready as soon as its containers run, and from then on gets its \
              share of the Service's connections. The Job does not listen there: as long as it runs, some of the \
              requests fail.",
        examples: &[
            Example::bad(
                "labels copied from the Deployment",
                r#"apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector:
    app: shop
  ports:
  - port: 80
    targetPort: 8080
---
apiVersion: apps/v1
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
                "labels of the Job's own",
                r#"apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector:
    app: shop
  ports:
  - port: 80
    targetPort: 8080
---
apiVersion: apps/v1
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
                "a Job that serves requests",
                r#"apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector:
    app: shop
  ports:
  - port: 80
    targetPort: 8080
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
        ports:
        - containerPort: 8080
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/services-networking/service/",
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-status",
        ],
    },
    check: Check::Object(check),
    precedence: &[Precedence::OverRules(&[&ref_controller_selects_pods::RULE])],
    cel: None,
};

const CONTROLLERS: [NeighbourKind; 3] =
    [NeighbourKind::Deployment, NeighbourKind::StatefulSet, NeighbourKind::ReplicaSet];

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let Some(labels) = job.template().metadata.as_ref().and_then(|metadata| metadata.labels.as_ref()) else {
        return;
    };
    if job.containers().any(|part| part.container.ports.as_ref().is_some_and(|ports| !ports.is_empty())) {
        return;
    }
    let Some(known) = context.known(NeighbourKind::Service, Question::Selecting(labels)) else { return };
    let found = known.index.selecting(labels, object.namespace()).find_map(|neighbour| {
        let service = neighbour.facts.service().filter(|service| sends(service, &neighbour.name, &job))?;
        Some((neighbour, service, known.nearness(neighbour, object, context).severest()?))
    });
    let Some((neighbour, service, severest)) = found else { return };
    let name = &neighbour.name;
    // Whose Pods the Service is for: where nobody else is known, perhaps the Job's.
    let is_others = CONTROLLERS.iter().any(|kind| {
        let controllers = context.known(*kind, Question::Selecting(&service.selector.labels));
        controllers.is_some_and(|known| {
            known.index.selecting(labels, object.namespace()).any(|other| {
                known.nearness(other, object, context).severest().is_some()
                    && other
                        .facts
                        .selector()
                        .is_some_and(|selector| includes(selector, &service.selector.labels))
            })
        })
    });
    let condition = known.condition(neighbour, object);
    let what = if service.headless { "gives out the addresses of" } else { "sends traffic to" };
    sink.report(
        job.path("template.metadata.labels"),
        format!(
            "{condition}the Service {name:?} {what} these Pods, none of whose containers declares a port"
        ),
    )
    .help(format!(
        "give the Pods a label that the selector of {name} does not match; if they do serve requests, \
                   declare their ports"
    ))
    .at_most(if is_others { severest } else { severest.min(Severity::Info) });
}

/// Whether a Service of this name sends anything to the Job's Pods that is not meant to be.
fn sends(service: &ServiceFacts, name: &str, job: &JobPart<'_>) -> bool {
    let is_for_jobs = || service.selector.labels.keys().any(|key| JOB_NAME_LABELS.contains(&key.as_str()));
    let is_for_peers = service.headless && (job.subdomain() == Some(name) || job.is_indexed());
    !service.external && !service.named_ports && !is_for_peers && !is_for_jobs()
}

/// Whether Pods that a selector matches have these labels.
fn includes(selector: &Selector, labels: &BTreeMap<String, String>) -> bool {
    labels.iter().all(|(key, value)| selector.labels.get(key) == Some(value))
}
