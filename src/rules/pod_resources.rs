//! `pod/resources`

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{cel, levels};
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// Containers that ask for nothing and so are the first to go.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/resources",
        summary: "containers have no CPU or memory requests",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::TooMuch],
        what: "A container, init containers included, without a request for `cpu` or `memory`. A request of 0 \
               does not count. A limit without a request counts as one, because the API server sets the request \
               to the limit; so do requests and limits of the whole Pod (`template.spec.resources`).",
        why: "Without requests the scheduler assumes that the Pod needs nothing, and may put it on a node that \
              has no room for it. It then runs slowly, and is among the first to be killed or evicted when \
              memory is short, which costs the Job its retries. In a namespace with a quota on requests the Pods \
              are not created at all.",
        examples: &[
            Example::bad(
                "no requests",
                r#"apiVersion: batch/v1
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
            Example::bad(
                "no memory request",
                r#"apiVersion: batch/v1
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
"#,
            ),
            Example::good(
                "both requests",
                r#"apiVersion: batch/v1
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
"#,
            ),
            Example::good(
                "a memory limit counts as a request",
                r#"apiVersion: batch/v1
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
          limits:
            memory: 256Mi
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/",
            "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new("CONTAINERS.exists(container, ['cpu', 'memory'].exists(resource, !(CONTAINER_ASKS) && !(POD_ASKS)))").names(&[cel::CONTAINERS, ("CONTAINER_ASKS", CONTAINER_ASKS), ("POD_ASKS", POD_ASKS)])),
};

/// Whether `container` asks for some of `resource`.
const CONTAINER_ASKS: &str = "has(container.resources) && \
    (has(container.resources.requests) && resource in container.resources.requests ? \
    quantity(container.resources.requests[resource]).isGreaterThan(quantity('0')) : \
    has(container.resources.limits) && resource in container.resources.limits && \
    quantity(container.resources.limits[resource]).isGreaterThan(quantity('0')))";

/// Whether the Pod itself does.
const POD_ASKS: &str = "has(JOB.template.spec.resources) && \
    (has(JOB.template.spec.resources.requests) && resource in JOB.template.spec.resources.requests ? \
    quantity(JOB.template.spec.resources.requests[resource]).isGreaterThan(quantity('0')) : \
    has(JOB.template.spec.resources.limits) && resource in JOB.template.spec.resources.limits && \
    quantity(JOB.template.spec.resources.limits[resource]).isGreaterThan(quantity('0')))";

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let pod = job.pod().and_then(|pod| pod.resources.as_ref());
    // Asked once: a quantity may be long, and the containers many.
    let (cpu, memory) = (has(pod, "cpu"), has(pod, "memory"));
    for part in job.containers() {
        let own = part.container.resources.as_ref();
        let (lacking, missing) = match (cpu || has(own, "cpu"), memory || has(own, "memory")) {
            (true, true) => continue,
            (false, true) => ("CPU", "cpu"),
            (true, false) => ("memory", "memory"),
            (false, false) => ("CPU or memory", "cpu and memory"),
        };
        sink.report(part.path("resources"), format!("the container has no {lacking} requests"))
            .weight(if missing == "cpu and memory" { 2 } else { 1 })
            .help(format!("set resources.requests for {missing} to what the container needs while it runs"));
    }
}

/// Whether there is a request for the resource: one that is more than 0, or where there is none a limit, of which the
/// API server makes one.
fn has(resources: Option<&ResourceRequirements>, resource: &str) -> bool {
    let Some(resources) = resources else { return false };
    let amount = |amounts: &'_ Option<BTreeMap<String, Quantity>>| {
        amounts.as_ref()?.get(resource).map(|amount| !is_zero(&amount.0))
    };
    amount(&resources.requests).or_else(|| amount(&resources.limits)).unwrap_or(false)
}

/// Whether a quantity is 0, however it is written (`0`, `0m`, `0.0`, `0e3`): no digit before its unit is another.
fn is_zero(quantity: &str) -> bool {
    quantity
        .trim_start_matches(['+', '-'])
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
        .all(|byte| matches!(byte, b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_however_it_is_written() {
        for quantity in ["0", "0m", "0.0", ".0", "00", "0e5", "0E", "-0", "+0", "0Mi", "0.000k"] {
            assert!(is_zero(quantity), "{quantity}");
        }
        for quantity in ["1", "10", "0.5", ".1", "1m", "1n", "0.001Mi", "+2", "1e0", "100Mi"] {
            assert!(!is_zero(quantity), "{quantity}");
        }
    }

    #[test]
    fn a_request_goes_before_the_limit() {
        let resources = |requests: &str, limits: &str| {
            let amounts = |text: &str| {
                let amount = (!text.is_empty()).then(|| ("cpu".to_owned(), Quantity(text.to_owned())));
                amount.map(|amount| BTreeMap::from([amount]))
            };
            ResourceRequirements {
                requests: amounts(requests),
                limits: amounts(limits),
                ..ResourceRequirements::default()
            }
        };
        for (requests, limits, asks) in
            [("1", "", true), ("", "1", true), ("0", "1", false), ("", "0", false), ("", "", false)]
        {
            assert_eq!(has(Some(&resources(requests, limits)), "cpu"), asks, "{requests:?} {limits:?}");
        }
        assert!(!has(None, "cpu"));
        assert!(!has(Some(&resources("1", "")), "memory"));
    }
}
