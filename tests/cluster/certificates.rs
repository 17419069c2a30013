//! Certificates that replicas make for themselves, in front of a real API server.

use std::time::{Duration, Instant};

use super::WITHOUT_RESTART_POLICY;
use super::control_plane::{ControlPlane, Webhook, free_port};

/// Both configurations, each asking another replica, and without a `caBundle`.
fn configurations(mutating: u16, validating: u16) -> String {
    let one = |kind: &str, path: &str, port: u16| {
        format!(
            r#"
apiVersion: admissionregistration.k8s.io/v1
kind: {kind}
metadata:
  name: jobguard
webhooks:
- name: check.jobguard.dev
  clientConfig:
    url: https://127.0.0.1:{port}/{path}
  rules:
  - apiGroups: [batch]
    apiVersions: [v1]
    resources: [jobs, cronjobs]
    operations: [CREATE, UPDATE]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 5
  admissionReviewVersions: [v1]
"#
        )
    };
    one("MutatingWebhookConfiguration", "mutate", mutating)
        + "---"
        + &one("ValidatingWebhookConfiguration", "validate", validating)
}

const BUNDLE: &str = "jsonpath={.webhooks[0].clientConfig.caBundle}";

#[test]
fn replicas_share_an_authority_and_are_trusted() {
    let Some(plane) = ControlPlane::start() else { return };
    let ports = [free_port(), free_port()];
    // The replicas race for the Secret, before there is anything to publish in.
    let _replicas = ports.map(|port| {
        let listen = format!("127.0.0.1:{port}");
        Webhook::in_cluster(&plane, &["--listen", &listen, "--self-managed", "--namespace", "kube-system"])
    });
    let secret = || {
        plane.kubectl(
            &["get", "-n", "kube-system", "secret", "jobguard-ca", "-o", "jsonpath={.data.ca\\.crt}"],
            "",
        )
    };
    plane.until("the Secret is there", || secret().ok);
    let applied = plane.kubectl(&["apply", "-f", "-"], &configurations(ports[0], ports[1]));
    assert!(applied.ok, "{}", applied.stderr);
    let works = || plane.kubectl(&["create", "--dry-run=server", "-f", "-"], WITHOUT_RESTART_POLICY).ok;
    plane.until("both replicas are trusted", works);
    let bundle = |kind: &str| plane.kubectl(&["get", kind, "jobguard", "-o", BUNDLE], "").stdout;
    assert_eq!(bundle("mutatingwebhookconfiguration"), secret().stdout);
    assert_eq!(bundle("validatingwebhookconfiguration"), secret().stdout);

    // Whoever applies the configurations again takes the bundles away; they come back.
    let emptied = plane.kubectl(
        &[
            "patch",
            "validatingwebhookconfiguration",
            "jobguard",
            "--type=json",
            "-p",
            r#"[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]"#,
        ],
        "",
    );
    assert!(emptied.ok, "{}", emptied.stderr);
    plane.until("the bundle is back", || bundle("validatingwebhookconfiguration") == secret().stdout);
    plane.until("both replicas are trusted again", works);

    // A new authority takes over without a gap: the old one is trusted while anybody uses it.
    let first = secret().stdout;
    let deleted = plane.kubectl(&["delete", "-n", "kube-system", "secret", "jobguard-ca"], "");
    assert!(deleted.ok, "{}", deleted.stderr);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(works(), "an API server is refused while the authority changes");
        let now = bundle("mutatingwebhookconfiguration");
        if secret().ok && secret().stdout != first && now != first && !now.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "no new authority");
    }
    assert!(works());
}
