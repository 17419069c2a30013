//! `pod/resources`

use k8s_openapi::api::core::v1::ResourceRequirements;

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink};
use crate::policy::{Level, RuleSpec};

/// Containers that ask for nothing and so are the first to go.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/resources",
        summary: "containers need requests for cpu and memory",
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[],
    },
    docs: Docs {
        what: "A container, init containers included, without a request for `cpu` or `memory`. A limit \
               counts as a request, as the API server makes one of it; so do requests of the whole Pod \
               (`template.spec.resources`).",
        why: "Without requests the scheduler takes the Pod for free and puts it on a node that has no room. \
              It then runs slowly, and is the first to be killed or evicted when memory is short, which \
              costs a Job its retries. In a namespace with a quota on requests the Pods are not created at \
              all, and the Job waits without a Pod.",
        examples: &[
            Example::bad(
                "nothing asked for",
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
                "no memory",
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
                "both asked for",
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
                "a memory limit is a request too",
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
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let pod = job.pod().and_then(|pod| pod.resources.as_ref());
    for part in job.containers() {
        let own = part.container.resources.as_ref();
        let asks = |resource| has(own, resource) || has(pod, resource);
        let (nothing, missing) = match (asks("cpu"), asks("memory")) {
            (true, true) => continue,
            (false, true) => ("no cpu", "cpu"),
            (true, false) => ("no memory", "memory"),
            (false, false) => ("neither cpu nor memory", "cpu and memory"),
        };
        sink.report(part.path("resources"), format!("the container asks for {nothing}"))
            .help(format!("set resources.requests for {missing} to what the container needs while it works"));
    }
}

/// Whether there is a request for the resource, or a limit, of which the API server makes one.
fn has(resources: Option<&ResourceRequirements>, resource: &str) -> bool {
    resources.is_some_and(|resources| {
        [&resources.requests, &resources.limits]
            .into_iter()
            .any(|amounts| amounts.as_ref().is_some_and(|amounts| amounts.contains_key(resource)))
    })
}
