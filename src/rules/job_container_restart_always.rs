//! `job/container-restart-always`

use jobguard_apiserver::{Fate, Gate};

use super::levels;
use crate::engine::{Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// A container whose restarts never end.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "job/container-restart-always",
        summary: "a regular container with restartPolicy Always is restarted forever",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Warn, Level::Warn, Level::Deny),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NeverCompletes],
        what: "A container under `containers` with `restartPolicy: Always`. Since Kubernetes 1.34 (by default \
               since 1.35) a container can have a `restartPolicy` of its own, which overrides the Pod's. Older \
               versions refuse the field there, or drop it.\n\n\
               Under `initContainers` the same line makes a native sidecar (1.29 and later, stable in 1.33): it \
               starts before the regular containers, runs beside them, and is stopped when they have ended.",
        why: "The kubelet restarts such a container each time it ends, even with exit code 0. Its Pod never \
              ends, and the Job never completes: it goes on until its deadline or, under `restartPolicy: \
              OnFailure`, until the restarts have used up `backoffLimit`, and then it has failed. Most often a \
              sidecar was intended.",
        examples: &[
            Example::bad(
                "the sidecar keeps the Job from completing",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: browser-tests
spec:
  backoffLimit: 1
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
      - name: selenium
        image: example.com/selenium:4
        restartPolicy: Always
"#,
            ),
            Example::good(
                "a native sidecar",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: browser-tests
spec:
  backoffLimit: 1
  template:
    spec:
      restartPolicy: Never
      initContainers:
      - name: selenium
        image: example.com/selenium:4
        restartPolicy: Always
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restart-rules",
            "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/api/v1/pod/util.go",
            "https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/controller/job/job_controller.go",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let is_alone = job.pod().is_some_and(|pod| pod.containers.len() == 1);
    let kept = job.containers().filter(|part| part.restarts_forever()).map(|part| part.path("restartPolicy"));
    let dropped = object.dropped().filter(|dropped| dropped.fate == Fate::Endless);
    for path in kept.chain(dropped.map(|dropped| dropped.path.clone())) {
        sink.report(
            path,
            if context.server().on(Gate::ContainerRestartRules) {
                "the kubelet restarts this container forever, whatever the Pod's restartPolicy: the Job cannot complete"
            } else {
                "this does not make a sidecar: from Kubernetes 1.35 on the container is restarted forever, and \
                 the Job cannot complete; older versions refuse or drop the field"
            },
        )
        .help(if is_alone {
            "remove the line: the Pod's own restartPolicy, Never or OnFailure, is enough"
        } else if context.server().on(Gate::SidecarContainers) {
            "move the container to initContainers, where restartPolicy: Always makes it a native sidecar that is \
             stopped when the others have ended; just removing the line is enough only if the container ends by itself"
        } else {
            "remove the line, and make the container end when the work is done: native sidecars, which are \
             stopped automatically, need Kubernetes 1.29"
        });
    }
}
