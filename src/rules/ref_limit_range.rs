//! `ref/limit-range`

use super::{levels, quotas};
use crate::engine::{
    Check, Demand, Docs, Example, JobPart, LimitFacts, NeighbourKind, Object, Question, Rule, RuleContext,
    Severity, Sink, Symptom, amount_text, written,
};
use crate::policy::{Level, RuleSpec};
use jobguard_apiserver::quantity_in_milli;
use jobguard_manifest::FieldPath;

/// Pods that the limits of their namespace keep from being created.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/limit-range",
        summary: "a LimitRange refuses the Job's Pods",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoPods],
        what: "A container, or a Pod as a whole, whose requests or limits violate a LimitRange of its namespace: \
               below `min`, above `max`, or a limit that is more than `maxLimitRequestRatio` times the request; \
               and an ephemeral volume's claim that requests less or more storage than a LimitRange allows. The \
               defaults of all LimitRanges of the namespace are applied first.\n\n\
               The linter looks at the manifests it is given, the webhook in the cluster with \
               `--watch-limit-ranges`.",
        why: "The API server refuses every Pod of the Job. This does not count as a failure: the Job keeps \
              trying, without a Pod, until its deadline, or forever if it has none.",
        examples: &[
            Example::bad(
                "above the maximum",
                r#"apiVersion: v1
kind: LimitRange
metadata:
  name: defaults
spec:
  limits:
  - type: Container
    max:
      memory: 1Gi
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
            cpu: 1
            memory: 8Gi
"#,
            ),
            Example::good(
                "within the limits",
                r#"apiVersion: v1
kind: LimitRange
metadata:
  name: defaults
spec:
  limits:
  - type: Container
    max:
      memory: 1Gi
    min:
      memory: 64Mi
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
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/policy/limit-range/",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/plugin/pkg/admission/limitranger/admission.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// How many findings there are about one object at most: further containers have the same fault.
const MAX_FINDINGS: usize = 100;

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some((job, pod)) = object.job().and_then(|job| Some((job, job.pod()?))) else { return };
    let kind = NeighbourKind::LimitRange;
    let Some(known) = context.known(kind, Question::Within(object.namespace())) else { return };
    let Some(defaults) = quotas::defaults(object, context) else { return };
    let mut left = MAX_FINDINGS;
    for (neighbour, severest) in quotas::all_near(object, known, context) {
        let name = neighbour.name.as_str();
        let mut report = |path: FieldPath, fault: String| {
            if let Some(one_less) = left.checked_sub(1) {
                left = one_less;
                sink.report(path, format!("{fault} (LimitRange {name:?}): no Pod of the Job is created"))
                    .help("change the request or limit, or the LimitRange")
                    .about(name.to_owned())
                    .at_most(severest);
            }
        };
        for limits in neighbour.facts.limits() {
            match limits.of.as_str() {
                // A Pod with resources of its own is judged by other rules, which depend on the version.
                "Container" | "Pod" if pod.resources.is_some() => {}
                "Container" => {
                    for part in job.containers() {
                        let demand = Demand::of_container(part.container, &defaults);
                        if let Some(fault) = demand.and_then(|demand| fault(limits, &demand, "the container"))
                        {
                            report(part.path("resources"), fault);
                        }
                    }
                }
                "Pod" => {
                    let demand = Demand::of_pod(pod, &defaults);
                    if let Some(fault) = demand.and_then(|demand| fault(limits, &demand, "the Pod")) {
                        report(job.path("template.spec"), fault);
                    }
                }
                _ => {}
            }
        }
        claims(&job, neighbour.facts.limits(), (name, severest), sink);
    }
}

/// Reports claims of ephemeral volumes that ask for too little storage, or too much. Their Pods are created, and wait.
fn claims(job: &JobPart<'_>, limits: &[LimitFacts], (name, severest): (&str, Severity), sink: &mut Sink) {
    let of_claims = || limits.iter().filter(|limits| limits.of == "PersistentVolumeClaim");
    if of_claims().next().is_none() {
        return;
    }
    let volumes =
        job.pod().into_iter().flat_map(|pod| pod.volumes.iter().flatten()).enumerate().take(MAX_FINDINGS);
    for (index, volume) in volumes {
        let template = volume.ephemeral.as_ref().and_then(|source| source.volume_claim_template.as_ref());
        let requests = template.and_then(|template| template.spec.resources.as_ref()?.requests.as_ref());
        let Some(storage) = requests.and_then(|requests| quantity_in_milli(&requests.get("storage")?.0))
        else {
            continue;
        };
        let bound = |amounts: fn(&LimitFacts) -> &std::collections::BTreeMap<String, String>| {
            of_claims().filter_map(move |limits| quantity_in_milli(amounts(limits).get("storage")?))
        };
        let (least, most) = (bound(|limits| &limits.min).max(), bound(|limits| &limits.max).min());
        let is_out = least.is_some_and(|least| storage < least) || most.is_some_and(|most| storage > most);
        if is_out {
            let path = job
                .path("template.spec.volumes")
                .index(index)
                .fields("ephemeral.volumeClaimTemplate.spec.resources.requests.storage");
            sink.report(
                path,
                format!(
                    "the claim requests {} of storage, which the LimitRange {name:?} does not allow: the \
                         Pods wait for a volume that is never created",
                    amount_text(storage)
                ),
            )
            .help("change the request or limit, or the LimitRange")
            .about(name.to_owned())
            .at_most(severest);
        }
    }
}

/// Why an item of a LimitRange forbids what is asked for; none where it does not, or where a quantity is none.
fn fault(limits: &LimitFacts, demand: &Demand<'_>, subject: &str) -> Option<String> {
    for (resource, least) in written(&limits.min)? {
        match (demand.requests.get(resource), demand.limits.get(resource)) {
            (None, _) => {
                return Some(format!(
                    "{subject} has no request for {resource}, and at least {} is required",
                    amount_text(least)
                ));
            }
            (Some(request), _) if *request < least => {
                return Some(format!(
                    "{subject} requests {} of {resource}, less than the minimum of {}",
                    amount_text(*request),
                    amount_text(least)
                ));
            }
            (_, Some(limit)) if *limit < least => {
                return Some(format!(
                    "{subject} has a limit of {} of {resource}, less than the minimum of {}",
                    amount_text(*limit),
                    amount_text(least)
                ));
            }
            _ => {}
        }
    }
    for (resource, most) in written(&limits.max)? {
        match (demand.requests.get(resource), demand.limits.get(resource)) {
            (_, None) => {
                return Some(format!(
                    "{subject} has no limit for {resource}, and one of at most {} is required",
                    amount_text(most)
                ));
            }
            (_, Some(limit)) if *limit > most => {
                return Some(format!(
                    "{subject} has a limit of {} of {resource}, more than the maximum of {}",
                    amount_text(*limit),
                    amount_text(most)
                ));
            }
            (Some(request), _) if *request > most => {
                return Some(format!(
                    "{subject} requests {} of {resource}, more than the maximum of {}",
                    amount_text(*request),
                    amount_text(most)
                ));
            }
            _ => {}
        }
    }
    for (resource, ratio) in written(&limits.ratio)? {
        let of = |amounts: &crate::engine::Amounts<'_>| {
            amounts.get(resource).copied().filter(|amount| *amount > 0)
        };
        match (of(&demand.requests), of(&demand.limits)) {
            (Some(request), Some(limit)) => {
                // The API server divides; both sides are thousandths here.
                if limit.saturating_mul(1_000) > request.saturating_mul(ratio) {
                    return Some(format!(
                        "{subject} has a limit of {} of {resource} and a request of {}: the limit is more than \
                         {} times the request",
                        amount_text(limit),
                        amount_text(request),
                        amount_text(ratio)
                    ));
                }
            }
            _ => {
                return Some(format!(
                    "{subject} lacks a request or a limit for {resource}, and both are required"
                ));
            }
        }
    }
    None
}
