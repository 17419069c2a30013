//! The webhook in front of a real API server.
//!
//! Runs where `KUBEBUILDER_ASSETS` names a folder with `etcd` and `kube-apiserver` (envtest's convention) and
//! `kubectl` is there or on the PATH; elsewhere it is skipped, and says so.
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[cfg(all(feature = "cluster", unix))]
mod account;
#[cfg(feature = "cluster")]
mod audit;
#[cfg(all(feature = "cluster", unix))]
mod audit_reports;
#[cfg(feature = "cluster")]
mod certificates;
mod chart;
#[cfg(all(feature = "cluster", unix))]
mod children;
mod control_plane;
mod embedded;
mod expressions;
#[path = "../integration/chart/helm.rs"]
mod helm;
#[cfg(feature = "cluster")]
mod knowledge;
#[cfg(feature = "cluster")]
mod map;
#[cfg(feature = "cluster")]
mod own_rules;
#[cfg(all(feature = "cluster", unix))]
mod release;
#[cfg(all(feature = "cluster", unix))]
mod replaced;
#[cfg(all(feature = "cluster", unix))]
mod replica;
#[cfg(all(feature = "cluster", unix))]
mod services;
mod static_webhooks;
#[cfg(all(feature = "cluster", unix))]
mod timeline;
mod vap;
#[cfg(all(feature = "cluster", unix))]
mod why;

use std::io::Write as _;

use control_plane::{ControlPlane, Webhook};

/// Starts everything, or says why not.
fn cluster(policy: &str) -> Option<(ControlPlane, Webhook)> {
    let plane = ControlPlane::start()?;
    let webhook = Webhook::start(policy);
    plane.register(&webhook);
    Some((plane, webhook))
}

const WITHOUT_RESTART_POLICY: &str = r#"
apiVersion: batch/v1
kind: Job
metadata:
  name: without-restart-policy
spec:
  template:
    spec:
      containers:
      - name: main
        image: busybox:1.36
"#;

const WORK_QUEUE: &str = r#"
apiVersion: batch/v1
kind: Job
metadata:
  name: queue-for-one
spec:
  completions: 1
  parallelism: 5
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox:1.36
"#;

const CRON_JOB: &str = r#"
apiVersion: batch/v1
kind: CronJob
metadata:
  name: hello
spec:
  schedule: "*/5 * * * *"
  jobTemplate:
    spec:
      activeDeadlineSeconds: 60
      template:
        spec:
          restartPolicy: OnFailure
          containers:
          - name: hello
            image: busybox:1.36
"#;

#[test]
fn an_api_server_asks_and_is_answered() {
    let Some((plane, _webhook)) = cluster("recommended") else { return };

    // Fixed: the API server alone would refuse it.
    let applied = plane.kubectl(&["apply", "-f", "-"], WITHOUT_RESTART_POLICY);
    assert!(applied.ok, "{}", applied.stderr);
    let policy = plane.kubectl(
        &["get", "job", "without-restart-policy", "-o", "jsonpath={.spec.template.spec.restartPolicy}"],
        "",
    );
    assert_eq!(policy.stdout, "Never");

    // Warned about, and accepted; a dry run is told the same.
    for dry_run in [true, false] {
        let arguments: &[&str] =
            if dry_run { &["apply", "--dry-run=server", "-f", "-"] } else { &["apply", "-f", "-"] };
        let applied = plane.kubectl(arguments, WORK_QUEUE);
        assert!(applied.ok, "{}", applied.stderr);
        assert!(
            applied.stderr.contains("Warning: ") && applied.stderr.contains("only one Pod"),
            "{}",
            applied.stderr
        );
    }

    // What nobody objects to passes in silence, by server-side apply too; and so do Jobs made from it.
    let applied = plane.kubectl(&["apply", "--server-side", "-f", "-"], CRON_JOB);
    assert!(applied.ok && applied.stderr.is_empty(), "{}", applied.stderr);
    let created = plane.kubectl(&["create", "job", "by-hand", "--from=cronjob/hello"], "");
    assert!(created.ok && created.stderr.is_empty(), "{}", created.stderr);
    let updated = plane.kubectl(&["patch", "cronjob", "hello", "-p", r#"{"spec":{"suspend":true}}"#], "");
    assert!(updated.ok, "{}", updated.stderr);
    for name in ["job/by-hand", "job/queue-for-one", "cronjob/hello"] {
        let deleted = plane.kubectl(&["delete", "--wait=false", name], "");
        assert!(deleted.ok, "{}", deleted.stderr);
    }
}

#[test]
fn a_denial_reads_well() {
    let Some((plane, _webhook)) = cluster("strict") else { return };
    let applied = plane.kubectl(&["apply", "-f", "-"], WORK_QUEUE);
    assert!(!applied.ok);
    for words in ["denied the request", "only one Pod", "spec.completions", "job/work-queue-completions"] {
        assert!(applied.stderr.contains(words), "{words:?} is not in {}", applied.stderr);
    }
    // For whoever reads the test's log.
    let _ = std::io::stderr().write_all(applied.stderr.as_bytes());
}
