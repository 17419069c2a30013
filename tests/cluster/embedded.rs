//! Objects whose Jobs a controller makes, sent to a real API server: with CRDs of our own making that have the paths of the
//! real ones, and no schema.

use base64::Engine as _;

use super::control_plane::{ControlPlane, Webhook};

/// A CRD that takes anything.
fn crd(group: &str, version: &str, kind: &str) -> String {
    let singular = kind.to_lowercase();
    format!(
        r#"---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {singular}s.{group}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: {kind}, plural: {singular}s, singular: {singular}}}
  versions:
  - name: {version}
    served: true
    storage: true
    schema:
      openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}
"#
    )
}

/// Asks the webhook about all of these groups.
fn configuration(webhook: &Webhook) -> String {
    let bundle = base64::engine::general_purpose::STANDARD.encode(&webhook.certificate);
    format!(
        r#"---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: embedded
webhooks:
- name: embedded.jobguard.dev
  clientConfig:
    url: https://{}/validate
    caBundle: {bundle}
  rules:
  - apiGroups: [jobset.x-k8s.io, keda.sh, argoproj.io, apps.kruise.io]
    apiVersions: ["*"]
    resources: ["*"]
    operations: [CREATE, UPDATE]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 10
  admissionReviewVersions: [v1]
"#,
        webhook.address
    )
}

fn job(indent: usize, restart_policy: &str) -> String {
    let lines = [
        "template:",
        "  spec:",
        &format!("    restartPolicy: {restart_policy}"),
        "    containers:",
        "    - name: main",
        "      image: example.com/app:1.0",
    ];
    lines.map(|line| format!("{:indent$}{line}\n", "")).concat()
}

#[test]
fn jobs_inside_other_objects_are_judged() {
    let Some(plane) = ControlPlane::start() else { return };
    let webhook = Webhook::start("recommended");
    let kinds = [
        (
            "jobset.x-k8s.io",
            "v1alpha2",
            "JobSet",
            "  replicatedJobs:\n  - name: workers\n    template:\n      spec:\n",
            8,
        ),
        ("keda.sh", "v1alpha1", "ScaledJob", "  jobTargetRef:\n", 4),
        (
            "argoproj.io",
            "v1alpha1",
            "AnalysisTemplate",
            "  metrics:\n  - name: smoke\n    provider:\n      job:\n        spec:\n",
            10,
        ),
        (
            "apps.kruise.io",
            "v1beta1",
            "AdvancedCronJob",
            "  schedule: '15 3 * * *'\n  template:\n    jobTemplate:\n      spec:\n",
            8,
        ),
    ];
    let crds: String = kinds.iter().map(|(group, version, kind, ..)| crd(group, version, kind)).collect();
    let applied = plane.kubectl(&["apply", "-f", "-"], &crds);
    assert!(applied.ok, "{}", applied.stderr);
    let object = |(group, version, kind, head, indent): (&str, &str, &str, &str, usize), policy: &str| {
        format!(
            "apiVersion: {group}/{version}\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n{head}{}",
            job(indent, policy)
        )
    };
    for kind in kinds {
        plane.until("the kind is served", || {
            plane.kubectl(&["create", "--dry-run=server", "-f", "-"], &object(kind, "Always")).ok
        });
    }
    let applied = plane.kubectl(&["apply", "-f", "-"], &configuration(&webhook));
    assert!(applied.ok, "{}", applied.stderr);
    for kind in kinds {
        plane.until("the webhook is asked", || {
            let said = plane.kubectl(&["create", "--dry-run=server", "-f", "-"], &object(kind, "Always"));
            !said.ok && said.stderr.contains("job/child-rejected")
        });
        let said = plane.kubectl(&["create", "-f", "-"], &object(kind, "Never"));
        assert!(said.ok, "{}", said.stderr);
        // It is not made worse.
        let said = plane.kubectl(&["apply", "-f", "-"], &object(kind, "Always"));
        assert!(!said.ok && said.stderr.contains("job/child-rejected"), "{}", said.stderr);
        let said = plane.kubectl(&["delete", "-f", "-", "--wait=false"], &object(kind, "Never"));
        assert!(said.ok, "{}", said.stderr);
    }
}
