//! The webhook named by files on the API server's disk (manifest-based admission control).

use std::process::Command;

use super::control_plane::{ControlPlane, Webhook};

#[test]
fn files_on_its_disk_are_all_that_an_api_server_needs() {
    if std::env::var_os("KUBEBUILDER_ASSETS").is_none() {
        // Says why it is skipped.
        assert!(ControlPlane::start().is_none());
        return;
    }
    let webhook = Webhook::start("strict");
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, &webhook.certificate).unwrap();
    let files = folder.path().join("admission");
    let output = Command::new(env!("CARGO_BIN_EXE_jobguard"))
        .args(["policy", "export", "--format", "static", "--url", &format!("https://{}", webhook.address)])
        .arg("--ca-bundle")
        .arg(&bundle)
        .arg("--output")
        .arg(&files)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let Some(plane) = ControlPlane::start_with(&[
        "--feature-gates=ManifestBasedAdmissionControlConfig=true".to_owned(),
        format!("--admission-control-config-file={}", files.join("admission.yaml").display()),
    ]) else {
        return;
    };

    // Both hold from the first request on, and nobody finds them in the API.
    let created = plane.kubectl(&["create", "-f", "-"], super::WITHOUT_RESTART_POLICY);
    assert!(created.ok, "{}", created.stderr);
    let denied = plane.kubectl(&["create", "-f", "-"], super::WORK_QUEUE);
    assert!(!denied.ok && denied.stderr.contains("job/work-queue-completions"), "{}", denied.stderr);
    let kinds = "mutatingwebhookconfigurations,validatingwebhookconfigurations";
    let found = plane.kubectl(&["get", kinds, "-o", "name"], "");
    assert!(found.ok && found.stdout.is_empty(), "{}", found.stdout);
}
