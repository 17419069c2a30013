//! `ref/shared-claim`

use k8s_openapi::api::core::v1::PodSpec;

use super::levels;
use crate::engine::{
    Check, Docs, Example, JobPart, NeighbourKind, Object, Question, Rule, RuleContext, Severity, Sink,
    Symptom,
};
use crate::policy::{Level, RuleSpec};

/// Pods that wait for a volume which another node has.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "ref/shared-claim",
        summary: "Pods that run at once share a volume that only one node, or one Pod, can mount",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Warn, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::NoPods],
        what: "A Job with more than one Pod at once, and a volume of a claim whose only access mode is \
               `ReadWriteOnce` or `ReadWriteOncePod`. With `ReadWriteOnce`, a Job whose Pods are bound to one \
               node (by `nodeName`, by a `nodeSelector` for `kubernetes.io/hostname`, or by a required Pod \
               affinity on that topology) is not reported.\n\n\
               The linter looks for the claim among the manifests it is given, the webhook in the cluster with \
               `--watch-persistent-volume-claims`.",
        why: "`ReadWriteOnce` means one node: Pods that are placed on another one wait in ContainerCreating with \
              a Multi-Attach error until the first node releases the volume. Only if the volume itself is bound \
              to a node, as a local volume is, does the scheduler put all Pods there. With `ReadWriteOncePod` \
              the second Pod is not scheduled as long as the first one exists.",
        examples: &[
            Example::bad(
                "three Pods, one volume",
                r#"apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 5Gi
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  completions: 6
  parallelism: 3
  template:
    spec:
      restartPolicy: Never
      volumes:
      - name: data
        persistentVolumeClaim:
          claimName: data
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a volume for many nodes",
                r#"apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [ReadWriteMany]
  resources:
    requests:
      storage: 5Gi
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  completions: 6
  parallelism: 3
  template:
    spec:
      restartPolicy: Never
      volumes:
      - name: data
        persistentVolumeClaim:
          claimName: data
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "one Pod at a time",
                r#"apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 5Gi
---
apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  completions: 6
  template:
    spec:
      restartPolicy: Never
      volumes:
      - name: data
        persistentVolumeClaim:
          claimName: data
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &["https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes"],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: None,
};

/// The label of a node that no other has.
const HOSTNAME: &str = "kubernetes.io/hostname";

fn check(object: &Object, context: &RuleContext<'_>, sink: &mut Sink) {
    let Some(job) = object.job().filter(|job| job.pods_of_all_at_once() > 1) else { return };
    let mut reported: Vec<&str> = Vec::new();
    for (index, volume) in job.pod().into_iter().flat_map(|pod| pod.volumes.iter().flatten()).enumerate() {
        let Some(claim) = &volume.persistent_volume_claim else { continue };
        let name = claim.claim_name.as_str();
        let kind = NeighbourKind::PersistentVolumeClaim;
        let Some(known) = context.known(kind, Question::Named(name)) else { continue };
        // The same name may stand in several files, one for each environment: one that can be shared is enough.
        let mut severest = None;
        let mut once_pod = false;
        let mut candidates = known.index.find(name, object.namespace());
        let is_bad = candidates.all(|candidate| {
            severest = severest.max(known.nearness(candidate, object, context).severest());
            match candidate.facts.access_modes() {
                [mode] if mode == "ReadWriteOncePod" => {
                    once_pod = true;
                    true
                }
                [mode] => mode == "ReadWriteOnce",
                _ => false,
            }
        });
        let Some(severest) = severest.filter(|_| is_bad && !reported.contains(&name)) else { continue };
        if !once_pod && job.pod().is_some_and(is_on_one_node) {
            continue;
        }
        reported.push(name);
        report(&job, (index, name, once_pod), severest, sink);
    }
}

fn report(
    job: &JobPart<'_>,
    (index, name, once_pod): (usize, &str, bool),
    severest: Severity,
    sink: &mut Sink,
) {
    let pods = job.pods_of_all_at_once();
    let path = job.path("template.spec.volumes").index(index).fields("persistentVolumeClaim.claimName");
    let one = if job.replicas > 1 { "set parallelism: 1 and replicas: 1" } else { "set parallelism: 1" };
    let (message, help) = if once_pod {
        (
            format!(
                "up to {pods} Pods run at once, and only one at a time can use the claim {name:?} (ReadWriteOncePod)"
            ),
            format!("{one}, or give each Pod a volume of its own (ephemeral.volumeClaimTemplate)"),
        )
    } else {
        (
            format!(
                "up to {pods} Pods run at once, and only those on one node can mount the claim {name:?} \
                 (ReadWriteOnce): the others wait"
            ),
            format!(
                "use a claim with ReadWriteMany, {one}, keep the Pods on one node with a required podAffinity, \
                 or give each one a volume of its own (ephemeral.volumeClaimTemplate)"
            ),
        )
    };
    sink.report(path, message)
        .help(help)
        .related(job.path("parallelism"), "the Pods that run at once")
        .at_most(severest);
}

/// Whether all Pods are kept on the same node.
fn is_on_one_node(pod: &PodSpec) -> bool {
    let selector = pod.node_selector.as_ref();
    let terms = pod
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.pod_affinity.as_ref())
        .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
    pod.node_name.as_deref().is_some_and(|name| !name.is_empty())
        || selector.is_some_and(|selector| selector.contains_key(HOSTNAME))
        || terms.into_iter().flatten().any(|term| term.topology_key == HOSTNAME)
}
