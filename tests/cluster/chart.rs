//! The chart, the plain manifests and their life in a real API server.

use std::fs;
use std::path::Path;

use super::control_plane::ControlPlane;
use super::helm::{CASES, CHART, Helm};

/// Objects of kinds that the API server knows by itself.
fn without_custom_resources(text: &str) -> String {
    let foreign = ["cert-manager.io/", "monitoring.coreos.com/"];
    let kept = text
        .split("\n---\n")
        .filter(|document| !foreign.iter().any(|group| document.contains(&format!("apiVersion: {group}"))));
    kept.collect::<Vec<_>>().join("\n---\n")
}

#[test]
fn an_api_server_accepts_what_is_rendered() {
    let (Some(plane), Some(helm)) = (ControlPlane::start(), Helm::find()) else { return };
    for namespace in ["guard", "monitoring", "batch", "jobguard"] {
        assert!(plane.kubectl(&["create", "namespace", namespace], "").ok);
    }
    let apply = |what: &str, text: &str| {
        // Unknown fields are errors: whoever misspells one learns nothing of it otherwise.
        let arguments = ["apply", "--dry-run=server", "--server-side", "--validate=strict", "-f", "-"];
        let applied = plane.kubectl(&arguments, &without_custom_resources(text));
        assert!(applied.ok, "{what}: {}", applied.stderr);
        assert!(!applied.stderr.contains("Warning"), "{what}: {}", applied.stderr);
    };
    // The API server itself says what is not restricted: of workloads by warnings, of Pods by refusing them.
    let level = |level: &str| {
        for mode in ["enforce", "warn"] {
            let label = format!("pod-security.kubernetes.io/{mode}={level}");
            let labelled =
                plane.kubectl(&["label", "--overwrite", "namespace", "guard", "jobguard", &label], "");
            assert!(labelled.ok, "{}", labelled.stderr);
        }
    };
    for case in CASES {
        // The one with `hostNetwork`.
        level(if case == "everything" { "privileged" } else { "restricted" });
        apply(case, &helm.template(case, &[]));
    }
    level("restricted");
    for folder in ["deploy/self-managed", "deploy/cert-manager"] {
        let built = plane.kubectl(&["kustomize", folder], "");
        assert!(built.ok, "{}", built.stderr);
        apply(folder, &built.stdout);
    }
}

/// The overlay that the plain manifests propose in a comment is one that kustomize understands.
#[test]
fn the_proposed_overlay_builds() {
    let Some(plane) = ControlPlane::start() else { return };
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/self-managed");
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("base")).unwrap();
    for entry in fs::read_dir(&base).unwrap() {
        let file = entry.unwrap().path();
        fs::copy(&file, folder.path().join("base").join(file.file_name().unwrap())).unwrap();
    }
    let text = fs::read_to_string(base.join("kustomization.yaml")).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("#   "));
    let proposed = lines.fold(String::new(), |all, line| all + line + "\n");
    let (before, rest) = proposed.split_once('[').unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let overlay = format!("{before}[base]{after}");
    fs::write(folder.path().join("kustomization.yaml"), &overlay).unwrap();
    let built = plane.kubectl(&["kustomize", folder.path().to_str().unwrap()], "");
    assert!(built.ok, "{overlay}{}", built.stderr);
    assert!(built.stdout.contains("image: registry.example.com/jobguard:"), "{}", built.stdout);
    assert_eq!(built.stdout.matches("failurePolicy: Fail").count(), 1);
}

/// Installed, upgraded with other values, and gone without a trace that would be in anybody's way.
#[test]
fn the_life_of_a_release() {
    let (Some(plane), Some(helm)) = (ControlPlane::start(), Helm::find()) else { return };
    let kubeconfig = plane.kubeconfig();
    let helm = |arguments: &[&str]| {
        let mut all = vec!["--kubeconfig", kubeconfig.to_str().unwrap(), "--namespace", "guard"];
        all.extend(arguments);
        let output = helm.run(&all);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let get = |arguments: &[&str]| {
        let mut all = vec!["get", "--namespace", "guard"];
        all.extend(arguments);
        let said = plane.kubectl(&all, "");
        assert!(said.ok, "{}", said.stderr);
        said.stdout
    };
    let notes = helm(&["install", "rel", CHART, "--create-namespace"]);
    assert!(notes.contains("helm test rel -n guard") && !notes.contains("WARNING"), "{notes}");
    for (values, warning) in [
        (
            "replicaCount=1",
            "replicas: 1. Whenever that Pod restarts, or its node is drained, Jobs are admitted unseen",
        ),
        ("autoscaling.enabled=true,autoscaling.minReplicas=1", "autoscaling.minReplicas to 2"),
        ("podDisruptionBudget.minAvailable=2", "nodes cannot be drained"),
        ("podDisruptionBudget.minAvailable=51%", "nodes cannot be drained"),
        ("podDisruptionBudget.maxUnavailable=0", "nodes cannot be drained"),
        ("strategy.type=Recreate", "nobody answers during upgrades"),
        ("mutating.failurePolicy=Fail", "mutating.failurePolicy is Fail"),
        ("validating.timeoutSeconds=30", "a timeout above 10 seconds"),
        ("mutating.enabled=false,validating.enabled=false", "no API server asks"),
        ("certificates.mode=existingSecret,certificates.existingSecret.name=a", "caBundle is empty"),
        ("rbac.create=false", "rbac.create is false"),
        ("rbac.admissionPolicy=never", "no admission policy restricts the replicas' account"),
        ("hostNetwork=true", "hostNetwork opens the ports"),
    ] {
        let notes = helm(&["install", "other", CHART, "--dry-run=client", "--set", values]);
        let (_, notes) = notes.split_once("\nNOTES:").unwrap();
        assert!(notes.matches("WARNING").count() == 1 && notes.contains(warning), "{values}: {notes}");
    }
    let audited = helm(&["install", "other", CHART, "--dry-run=client", "--set", "policy.inline.mode=audit"]);
    let (_, notes) = audited.split_once("\nNOTES:").unwrap();
    assert!(notes.contains("only audits") && !notes.contains("helm test"), "{notes}");

    // Where API servers are, Helm finds in the cluster.
    let slice = r#"{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "endpoints": [{"addresses": ["192.0.2.7"]}, {"addresses": ["192.0.2.8"]}],
        "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}]}"#;
    assert!(plane.kubectl(&["apply", "-f", "-"], slice).ok);
    let lookup = "networkPolicy.enabled=true,networkPolicy.apiServerLookup=true";
    let known = helm(&["install", "other", CHART, "--dry-run=server", "--set", lookup]);
    let (_, egress) = known.split_once("  egress:\n").unwrap();
    let (egress, _) = egress.split_once("---").unwrap();
    for part in
        ["port: 443\n", "port: 6443\n", "cidr: 10.0.0.1/32\n", "cidr: 192.0.2.7/32\n", "cidr: 192.0.2.8/32\n"]
    {
        assert_eq!(egress.matches(part).count(), 1, "{part}: {egress}");
    }

    // The server writes into two places; an upgrade leaves them alone, and there is nothing else that drifts.
    let secret = r#"{"data": {"ca.crt": "eA=="}}"#;
    assert!(plane.kubectl(&["patch", "secret", "rel-jobguard-ca", "-n", "guard", "-p", secret], "").ok);
    let bundle = r#"[{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": "eA=="}]"#;
    for kind in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
        let patched = plane.kubectl(&["patch", kind, "rel-jobguard", "--type=json", "-p", bundle], "");
        assert!(patched.ok, "{}", patched.stderr);
    }
    let notes = helm(&[
        "upgrade",
        "rel",
        CHART,
        "--set",
        "validating.failurePolicy=Fail,replicaCount=1,policy.preset=strict",
    ]);
    assert!(notes.matches("WARNING").count() == 3, "{notes}");
    assert_eq!(get(&["secret", "rel-jobguard-ca", "-o", "jsonpath={.data.ca\\.crt}"]), "eA==");
    for kind in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
        let path = "jsonpath={.webhooks[0].clientConfig.caBundle}{.webhooks[0].clientConfig.service.name}";
        assert_eq!(get(&[kind, "rel-jobguard", "-o", path]), "eA==rel-jobguard");
    }
    let rendered = helm(&["get", "manifest", "rel"]);
    let diff = plane.kubectl(&["diff", "--server-side", "--field-manager=helm", "-f", "-"], &rendered);
    assert!(diff.ok && diff.stdout.is_empty(), "{}{}", diff.stdout, diff.stderr);

    helm(&["uninstall", "rel"]);
    let kinds = "validatingwebhookconfigurations,mutatingwebhookconfigurations,clusterroles,clusterrolebindings,\
         validatingadmissionpolicies,validatingadmissionpolicybindings";
    let left = get(&[kinds, "-l", "app.kubernetes.io/part-of=jobguard", "-o", "name"]);
    assert_eq!(left, "");
    let kinds =
        "secrets,deployments,services,serviceaccounts,roles,rolebindings,configmaps,poddisruptionbudgets";
    let left = get(&[kinds, "-l", "app.kubernetes.io/part-of=jobguard", "-o", "name"]);
    assert_eq!(left, "");
}
