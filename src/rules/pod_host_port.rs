//! `pod/host-port`

use k8s_openapi::api::core::v1::PodSpec;

use super::levels;
use crate::engine::{Check, Docs, Example, JobPart, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};
use jobguard_manifest::FieldPath;

/// Pods that run at once, of which a node can have only one.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/host-port",
        summary: "Pods that run at the same time need the same port of their node",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Info, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoPods],
        what: "A Job that runs several Pods at once (`parallelism` of 2 or more, and as many `completions`), or one of the \
               `replicas` of a JobSet, which run at once as well, with a \
               container that has a `hostPort`; or with `hostNetwork: true` and a container that names a `containerPort`, \
               which then is a port of the node. Not where a required `podAntiAffinity` by `kubernetes.io/hostname` says \
               that one Pod a node is meant, nor for replicas that `exclusive-topology` keeps apart.",
        why: "A port of a node goes to one Pod. The scheduler puts a second one elsewhere, and where there are fewer nodes \
              than Pods the others stay Pending: the Job runs more slowly than its `parallelism` says, or waits for \
              nodes that never come. A Job's Pods seldom need the port at all, since Pods reach each other without it.",
        examples: &[
            Example::bad(
                "five Pods, and each takes port 9000 of its node",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: scan
spec:
  completions: 10
  parallelism: 5
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: scan
        image: example.com/scan:3
        ports:
        - containerPort: 9000
          hostPort: 9000
"#,
            ),
            Example::bad(
                "two Jobs of a JobSet, of one Pod each",
                r#"apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata:
  name: scan
spec:
  replicatedJobs:
  - name: node
    replicas: 2
    template:
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: scan
              image: example.com/scan:3
              ports:
              - containerPort: 9000
                hostPort: 9000
"#,
            ),
            Example::good(
                "the Jobs of a JobSet have nodes of their own",
                r#"apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata:
  name: scan
  annotations:
    alpha.jobset.sigs.k8s.io/exclusive-topology: kubernetes.io/hostname
spec:
  replicatedJobs:
  - name: node
    replicas: 2
    template:
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: scan
              image: example.com/scan:3
              ports:
              - containerPort: 9000
                hostPort: 9000
"#,
            ),
            Example::good(
                "each Pod has a port 9000 of its own",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: scan
spec:
  completions: 10
  parallelism: 5
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: scan
        image: example.com/scan:3
        ports:
        - containerPort: 9000
"#,
            ),
            Example::good(
                "a single Pod",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: scan
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: scan
        image: example.com/scan:3
        ports:
        - containerPort: 9000
          hostPort: 9000
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/concepts/configuration/overview/#services",
            "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports",
            "https://jobset.sigs.k8s.io/docs/concepts/",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

const NODE_NAME: &str = "kubernetes.io/hostname";

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job() else { return };
    let Some(pod) = job.pod() else { return };
    let keeps_apart = object.maker().is_some_and(|maker| maker.keeps_apart);
    let pods = if keeps_apart { job.pods_at_once().into() } else { job.pods_of_all_at_once() };
    if pods < 2 || is_spread(pod) {
        return;
    }
    let on_host = pod.host_network == Some(true);
    let Some(HostPort { path, number, is_written }) = first_host_port(job, on_host) else { return };
    let because = if is_written { "" } else { " (hostNetwork: true)" };
    let report = sink
        .report(
            path,
            format!("only one of these Pods fits on a node, and {pods} are to run at once: each takes port {number} of its node{because}"),
        )
        .of_whole();
    let report = if job.pods_at_once() > 1 {
        report.related(job.path("parallelism"), "how many run at once")
    } else {
        report
    };
    if is_written {
        let are_replicas = i64::from(job.pods_at_once()) < pods;
        let fields = if are_replicas { "parallelism and replicas" } else { "parallelism" };
        report.help(format!(
            "remove hostPort: Pods reach each other by their own addresses; or set {fields} to 1"
        ));
    } else {
        report
            .help(
                "remove hostNetwork, or the port; where one Pod a node is meant, say so in a podAntiAffinity",
            )
            .related(job.path("template.spec.hostNetwork"), "makes it a port of the node");
    }
}

struct HostPort {
    path: FieldPath,
    number: i32,
    /// Whether it is a `hostPort`, and not made of a `containerPort`.
    is_written: bool,
}

fn first_host_port(job: JobPart<'_>, on_host: bool) -> Option<HostPort> {
    job.containers().find_map(|part| {
        part.container.ports.iter().flatten().enumerate().find_map(|(index, port)| {
            let written = port.host_port.filter(|number| *number > 0);
            let number = written.or((on_host && port.container_port > 0).then_some(port.container_port))?;
            // The API server makes the one out of the other in some versions, and a reader looks for what is written.
            let is_written = written.is_some() && !(on_host && written == Some(port.container_port));
            let field = if is_written { "hostPort" } else { "containerPort" };
            Some(HostPort { path: part.path("ports").index(index).field(field), number, is_written })
        })
    })
}

/// Whether the Pods ask for a node each themselves.
fn is_spread(pod: &PodSpec) -> bool {
    let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    let terms =
        affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_deref());
    terms.unwrap_or_default().iter().any(|term| term.topology_key == NODE_NAME)
}
