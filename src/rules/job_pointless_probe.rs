//! `job/pointless-probe`

use super::levels;
use crate::engine::{
    Check, ContainerPart, Docs, Example, JobPart, NeighbourKind, Object, Rule, RuleContext, Sink, Symptom,
};
use crate::policy::{Level, RuleSpec};

/// A readiness probe without effect.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/pointless-probe",
        summary: "a readiness probe has no effect on a Pod that no Service selects",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoEffect],
        what: "A `readinessProbe` on a container of a Job whose Pods serve no requests, as far as is known: no \
               container declares a port, the Pod has no `subdomain`, no Service in the input (or, for the \
               webhook, in the cluster) selects the Pods, and the Job has no label of Kueue or JobSet, which can \
               wait for Pods to become ready. Sidecars (init containers with `restartPolicy: Always`) are \
               exempt: containers after them wait for their startup, and they may serve the others.",
        why: "Readiness decides whether Services send traffic to a Pod. A Job only counts its ready Pods in its \
              status (`status.ready`) and does not act on it: what matters is how the containers end. The probe \
              costs a request or a process every ten seconds, shows working Pods as not ready, and was most \
              likely copied from a Deployment. The probes that end a hung container are `livenessProbe` and \
              `startupProbe`.",
        examples: &[
            Example::bad(
                "copied from a Deployment",
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
        readinessProbe:
          httpGet:
            path: /ready
            port: 8080
"#,
            ),
            Example::good(
                "a liveness probe for a hung container",
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
        livenessProbe:
          httpGet:
            path: /ready
            port: 8080
"#,
            ),
            Example::good(
                "peers wait for each other",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: train
spec:
  completions: 4
  parallelism: 4
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
        readinessProbe:
          httpGet:
            path: /ready
            port: 8080
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/job_controller.go",
            "https://kueue.sigs.k8s.io/docs/tasks/manage/setup_wait_for_pods_ready/",
            "https://jobset.sigs.k8s.io/docs/concepts/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// The domains of labels by which queueing controllers, which can wait for ready Pods, know a Job.
const QUEUES: [&str; 2] = ["kueue.x-k8s.io/", "jobset.sigs.k8s.io/"];

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let has_ports =
        |part: ContainerPart<'_>| part.container.ports.as_ref().is_some_and(|ports| !ports.is_empty());
    let probed =
        || job.containers().filter(|part| !part.is_init() && part.container.readiness_probe.is_some());
    if probed().next().is_none()
        || job.subdomain().is_some()
        || job.containers().any(has_ports)
        || is_queued(&job)
    {
        return;
    }
    // Asked only here, since the answer may have to be waited for.
    let Some(services) = context.neighbours(NeighbourKind::Service) else { return };
    let labels = job.template().metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
    if let (Some(known), Some(labels)) = (services.known(), labels)
        && known.index.selecting(labels, object.namespace()).next().is_some()
    {
        return;
    }
    for part in probed() {
        sink.report(
            part.path("readinessProbe"),
            "no Service is known to select these Pods, and a Job does not act on their readiness",
        )
        .help(
            "remove it; to restart or fail a hung container use livenessProbe; if the container does serve \
             requests, declare its ports",
        );
    }
}

/// Whether a queueing controller has the Job.
fn is_queued(job: &JobPart<'_>) -> bool {
    let is_of_queue = |name: &str| QUEUES.iter().any(|queue| name.starts_with(queue));
    let metadata = job.metadata.into_iter().chain(&job.template().metadata);
    let mut keys = metadata
        .flat_map(|metadata| metadata.labels.iter().chain(&metadata.annotations))
        .flat_map(|map| map.keys());
    keys.any(|key| is_of_queue(key)) || job.spec.managed_by.as_deref().is_some_and(is_of_queue)
}
