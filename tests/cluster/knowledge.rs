//! What the webhook knows of a real cluster's Services and namespaces.

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
    plane.until("the label is known", || say(&plane, super::WORK_QUEUE).contains("one Pod only"));

    // What happens after the API server has been away is seen like what happened before.
    plane.stop();
    plane.restart();
    plane.until("the Service is still known", || say(&plane, PEERS).is_empty());
    assert!(plane.kubectl(&["delete", "service", "ring"], "").ok);
    plane.until("the Service is missed again", || missing(&say(&plane, PEERS)));
}
