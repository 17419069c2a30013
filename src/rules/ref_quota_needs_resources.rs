//! `ref/quota-needs-resources`

use std::collections::BTreeSet;

use super::{levels, pod_resources, quotas};
use crate::engine::{
    Check, Demand, Docs, Example, Neighbour, NeighbourKind, NeighbourSource, Object, Precedence, Question,
    Rule, RuleContext, Severity, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};

/// Pods that a quota keeps from being created, since they ask for nothing.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/quota-needs-resources",
        summary: "a ResourceQuota requires requests or limits that a container does not have",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoPods],
        what: "A container, init containers included, without a request or limit for `cpu` or `memory` in a \
               namespace whose ResourceQuota limits it (`requests.cpu`, `cpu`, `limits.memory` ...), and without \
               a LimitRange that provides a default. A limit counts as a request too. Quotas with scopes apply \
               only to the Pods that they count. Pods with pod-level resources (`template.spec.resources`) are \
               not reported.\n\n\
               The linter looks at the manifests it is given, the webhook in the cluster with \
               `--watch-resource-quotas` and `--watch-limit-ranges`.",
        why: "The API server refuses every Pod of the Job. This does not count as a failure: the Job keeps \
              trying, without a Pod, until its deadline, or forever if it has none.",
        examples: &[
            Example::bad(
                "no requests or limits",
                r#"apiVersion: v1
kind: ResourceQuota
metadata:
  name: team
spec:
  hard:
    requests.cpu: "4"
    requests.memory: "8Gi"
    limits.memory: "16Gi"
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "everything that the quota requires",
                r#"apiVersion: v1
kind: ResourceQuota
metadata:
  name: team
spec:
  hard:
    requests.cpu: "4"
    requests.memory: "8Gi"
    limits.memory: "16Gi"
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        resources:
          requests:
            cpu: 250m
            memory: 256Mi
          limits:
            memory: 256Mi
"#,
            ),
            Example::good(
                "a LimitRange fills it in",
                r#"apiVersion: v1
kind: ResourceQuota
metadata:
  name: team
spec:
  hard:
    requests.cpu: "4"
    requests.memory: "8Gi"
    limits.memory: "16Gi"
---
apiVersion: v1
kind: LimitRange
metadata:
  name: defaults
spec:
  limits:
  - type: Container
    default:
      cpu: "1"
      memory: 512Mi
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
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
            "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
            "https://kubernetes.io/docs/concepts/policy/limit-range/",
        ],
    },
    check: Check::Object(check),
    precedence: &[Precedence::OverRules(&[&pod_resources::RULE])],
    cel: None,
};

/// How many findings there are about one object at most: further containers lack the same.
const MAX_FINDINGS: usize = 100;

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some((job, pod)) = object.job().and_then(|job| Some((job, job.pod()?))) else { return };
    let kind = NeighbourKind::ResourceQuota;
    let Some(known) = context.known(kind, Question::Within(object.namespace())) else { return };
    if pod.resources.is_some() {
        return;
    }
    let Some(defaults) = quotas::defaults(object, context) else { return };
    let Some(demand) = Demand::of_pod(pod, &defaults) else { return };
    let mut demanded: BTreeSet<&str> = BTreeSet::new();
    let mut first: Option<(&Neighbour, Severity)> = None;
    for (neighbour, quota, severest) in quotas::counting((object, pod), &demand, known, context) {
        let of_this = quota.hard.keys().filter_map(|resource| demanded_by(resource));
        let before = demanded.len();
        demanded.extend(of_this);
        if demanded.len() > before {
            let severest = first.map_or(severest, |(_, earlier)| earlier.min(severest));
            first = Some((first.map_or(neighbour, |(first, _)| first), severest));
        }
    }
    let Some((quota, mut severest)) = first else { return };
    // What is not watched may fill them in.
    let are_defaults_known =
        context.known(NeighbourKind::LimitRange, Question::Within(object.namespace())).is_some();
    if known.source == NeighbourSource::Cluster && !are_defaults_known {
        severest = severest.min(Severity::Info);
    }
    let name = &quota.name;
    let lacking = job.containers().filter_map(|part| {
        let own = Demand::of_container(part.container, &defaults)?;
        let has = |resource: &str| match resource.strip_prefix("limits.") {
            Some(resource) => own.limits.contains_key(resource),
            None => own.requests.contains_key(resource.trim_start_matches("requests.")),
        };
        let missing: Vec<&str> = demanded.iter().copied().filter(|resource| !has(resource)).collect();
        (!missing.is_empty()).then_some((part, missing))
    });
    for (part, missing) in lacking.take(MAX_FINDINGS) {
        let missing = missing.join(", ");
        sink.report(
            part.path("resources"),
            format!(
                "the ResourceQuota {name:?} requires {missing} of every container, which this one does not \
                     set: no Pod of the Job is created"
            ),
        )
        .help("set them under resources of the container, or give the namespace a LimitRange with defaults")
        .at_most(severest);
    }
}

/// What a quota on this resource demands of every container, by the name of the field; none where it demands nothing.
fn demanded_by(resource: &str) -> Option<&'static str> {
    Some(match resource {
        "cpu" | "requests.cpu" => "requests.cpu",
        "memory" | "requests.memory" => "requests.memory",
        "limits.cpu" => "limits.cpu",
        "limits.memory" => "limits.memory",
        _ => return None,
    })
}
