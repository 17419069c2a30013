//! What the webhook knows of a real cluster's Services, namespaces and other objects beside a Job.

use std::fs;

use super::control_plane::{ControlPlane, Webhook};

const POLICY: &str = r#"
apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: watched}
spec:
  rules:
    job/indexed-service: deny
    job/work-queue-completions: "off"
  overrides:
  - match: {namespaceLabels: {env: prod}}
    rules:
      job/work-queue-completions: deny
"#;

const PEERS: &str = r#"
apiVersion: batch/v1
kind: Job
metadata: {name: peers}
spec:
  completions: 2
  parallelism: 2
  completionMode: Indexed
  template:
    spec:
      subdomain: ring
      restartPolicy: Never
      containers: [{name: main, image: "busybox:1.36"}]
"#;

const SERVICE: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: ring}
spec:
  clusterIP: None
  selector: {job-name: peers}
"#;

#[test]
fn services_and_labels_are_followed_through_disconnection() {
    let Some(mut plane) = ControlPlane::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    fs::write(&file, POLICY).unwrap();
    let kubeconfig = plane.kubeconfig();
    let webhook = Webhook::launch(
        file.to_str().unwrap(),
        &["--watch-services", "--watch-namespaces"],
        Some(&kubeconfig),
    );
    plane.register(&webhook);
    let say = |plane: &ControlPlane, job: &str| {
        let said = plane.kubectl(&["create", "--dry-run=server", "-f", "-"], job);
        if said.ok { said.stderr.clone() } else { format!("refused: {}", said.stderr) }
    };
    let missing = |said: &str| {
        said.contains("refused") && said.contains("there is no Service named \"ring\" in namespace default")
    };

    plane.until("the Service is missed", || missing(&say(&plane, PEERS)));
    assert!(plane.kubectl(&["apply", "-f", "-"], SERVICE).ok);
    plane.until("the Service is known", || say(&plane, PEERS).is_empty());

    assert_eq!(say(&plane, super::WORK_QUEUE), "");
    assert!(plane.kubectl(&["label", "namespace", "default", "env=prod"], "").ok);
    plane.until("the label is known", || say(&plane, super::WORK_QUEUE).contains("only one Pod"));

    // What happens after the API server has been away is seen like what happened before.
    plane.stop();
    plane.restart();
    plane.until("the Service is still known", || say(&plane, PEERS).is_empty());
    assert!(plane.kubectl(&["delete", "service", "ring"], "").ok);
    plane.until("the Service is missed again", || missing(&say(&plane, PEERS)));
}

const WATCHES_ALL: &str = r#"
apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: neighbours}
spec: {extends: recommended, mode: warn, rules: {ref/missing-object: warn}}
"#;

const IMPORT: &str = r#"
apiVersion: batch/v1
kind: Job
metadata: {name: import}
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 3600
  ttlSecondsAfterFinished: 3600
  template:
    metadata: {labels: {app: shop}}
    spec:
      restartPolicy: Never
      serviceAccountName: importer
      containers:
      - name: main
        image: "busybox:1.36"
        envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: login}}]
"#;

const NEIGHBOURS: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {LEVEL: info}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: example}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: importer}
"#;

const RESTRAINTS: &str = r#"
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: shop}}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: team}
spec: {hard: {requests.cpu: "4"}}
"#;

const DEFAULTS: &str = r#"
apiVersion: v1
kind: LimitRange
metadata: {name: defaults}
spec: {limits: [{type: Container, default: {cpu: "1"}}]}
"#;

#[test]
fn objects_beside_a_job_are_followed() {
    let Some(plane) = ControlPlane::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    fs::write(&file, WATCHES_ALL).unwrap();
    let kubeconfig = plane.kubeconfig();
    let flags = [
        "--watch-config-maps",
        "--watch-limit-ranges",
        "--watch-pod-disruption-budgets",
        "--watch-resource-quotas",
        "--watch-secrets",
        "--watch-service-accounts",
    ];
    let webhook = Webhook::launch(file.to_str().unwrap(), &flags, Some(&kubeconfig));
    plane.register(&webhook);
    let say = || plane.kubectl(&["create", "--dry-run=server", "-f", "-"], IMPORT).stderr;
    let apply = |manifest: &str| assert!(plane.kubectl(&["apply", "-f", "-"], manifest).ok);

    plane.until("what is not there is missed", || {
        let said = say();
        ["no ConfigMap \"settings\"", "no Secret \"login\"", "no ServiceAccount \"importer\""]
            .iter()
            .all(|words| said.contains(words))
    });
    apply(NEIGHBOURS);
    plane.until("what is there is known", || !say().contains("Pods do not start without it"));
    apply(RESTRAINTS);
    plane.until("budget and quota are known", || {
        let said = say();
        said.contains("PodDisruptionBudget \"shop\"")
            && said.contains("ResourceQuota \"team\" requires requests.cpu")
    });
    apply(DEFAULTS);
    plane.until("the LimitRange fills in what the quota requires", || !say().contains("ResourceQuota"));
}
