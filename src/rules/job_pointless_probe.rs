//! `job/pointless-probe`

use super::levels;
use crate::engine::{Check, ContainerPart, Docs, Example, Object, Rule, RuleContext, Sink};
use crate::policy::{Level, RuleSpec};

/// A readiness that nobody asks for.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/pointless-probe",
        summary: "a readiness probe on a Pod that nobody connects to has no effect",
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        what: "A `readinessProbe` on a container of a Job whose Pods serve nobody: no container declares a \
               port, and the Pod has no `subdomain` for peers to find it by. Sidecars (init containers with \
               `restartPolicy: Always`) are exempt: whatever starts after them waits for their startup, and \
               they may serve the others.",
        why: "Readiness decides whether Services send traffic to a Pod; a Job looks only at how its \
              containers end. The probe costs a request or a process every ten seconds, shows Pods as not \
              ready that work well, and was most likely copied from a Deployment. Probes that end a hung \
              container are `livenessProbe` and `startupProbe`.",
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
                "a probe that ends a hung container",
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
        sources: &["https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"],
    },
    check: Check::Object(check),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let has_ports =
        |part: ContainerPart<'_>| part.container.ports.as_ref().is_some_and(|ports| !ports.is_empty());
    if job.subdomain().is_some() || job.containers().any(has_ports) {
        return;
    }
    for part in job.containers().filter(|part| !part.is_init() && part.container.readiness_probe.is_some()) {
        sink.report(
            part.path("readinessProbe"),
            "nobody connects to these Pods, and a Job does not look at their readiness",
        )
        .help(
            "remove it; to end a container that hangs use livenessProbe; if it does serve, declare its ports",
        );
    }
}
