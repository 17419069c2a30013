//! What is rendered for the platforms that docs/platforms.md names, and what is refused before it fails there.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::helm::{CHART, Helm};
use super::{arguments, objects, of_kind, strings};

/// What is rendered with these values, and these arguments besides.
fn rendered(helm: &Helm, values: &str, more: &[&str]) -> Vec<Value> {
    let values = ["--set", values];
    let given = if values[1].is_empty() { &[][..] } else { &values };
    objects(&helm.template("default", &[given, more].concat()))
}

/// The replicas' Pod, metadata and all.
fn template(objects: &[Value]) -> &Value {
    &of_kind(objects, "Deployment")[0]["spec"]["template"]
}

/// The Pods that there are: the replicas', and that of `helm test`.
fn pods(objects: &[Value]) -> [&Value; 2] {
    [template(objects), of_kind(objects, "Pod")[0]]
}

/// What NOTES.txt says, rendered as if it were a manifest: without a cluster helm shows none.
fn notes(helm: &Helm, values: &str, more: &[&str]) -> String {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(CHART), folder.path());
    let templates = folder.path().join("templates");
    let text = fs::read_to_string(templates.join("NOTES.txt")).unwrap();
    fs::write(templates.join("_notes.tpl"), format!("{{{{- define \"notes\" -}}}}\n{text}{{{{- end }}}}\n"))
        .unwrap();
    fs::write(templates.join("notes.yaml"), "notes: {{ include \"notes\" . | toJson }}\n").unwrap();
    let chart = folder.path().to_str().unwrap();
    let base = ["template", "rel", chart, "--namespace", "guard", "-s", "templates/notes.yaml", "--set"];
    let values = if values.is_empty() { "openshift=auto" } else { values };
    let output = helm.run(&[&base[..], &[values], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    objects(&text).remove(0)["notes"].as_str().unwrap().to_owned()
}

#[test]
fn openshift_chooses_the_user() {
    let Some(helm) = Helm::find() else { return };
    let served = ["--api-versions", "security.openshift.io/v1"];
    for (values, more, chosen) in [
        ("", &[][..], false),
        ("", &served, true),
        ("openshift=always", &[], true),
        ("openshift=never", &served, false),
    ] {
        let objects = rendered(&helm, values, more);
        for pod in pods(&objects) {
            let context = &pod["spec"]["securityContext"];
            for key in ["runAsUser", "runAsGroup", "fsGroup"] {
                let expected = if chosen { Value::Null } else { json!(65532) };
                assert_eq!(context[key], expected, "{values} {more:?}: {key}");
            }
            // What its restricted-v2 asks for stays.
            assert_eq!(context["runAsNonRoot"], true);
            assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault");
            let container = &pod["spec"]["containers"][0]["securityContext"];
            assert_eq!(container["capabilities"]["drop"], json!(["ALL"]));
        }
    }
    // What somebody chose stays chosen.
    let own = "podSecurityContext.fsGroup=2000,securityContext.runAsUser=1000";
    let objects = rendered(&helm, own, &served);
    let context = &template(&objects)["spec"]["securityContext"];
    assert_eq!((&context["fsGroup"], &context["runAsUser"]), (&json!(2000), &Value::Null));
    assert_eq!(template(&objects)["spec"]["containers"][0]["securityContext"]["runAsUser"], 1000);
}

#[test]
fn critical_pods_are_allowed_by_a_quota() {
    let Some(helm) = Helm::find() else { return };
    for class in ["system-cluster-critical", "system-node-critical"] {
        let objects = rendered(&helm, &format!("priorityClassName={class}"), &[]);
        let quotas = of_kind(&objects, "ResourceQuota");
        assert_eq!(quotas.len(), 1, "{class}");
        assert_eq!(
            quotas[0]["spec"],
            json!({"hard": {"pods": "100"}, "scopeSelector": {"matchExpressions": [
                {"scopeName": "PriorityClass", "operator": "In", "values": [class]},
            ]}})
        );
        assert_eq!(quotas[0]["metadata"]["namespace"], "guard");
        assert_eq!(template(&objects)["spec"]["priorityClassName"], class);
    }
    // No quota where none is asked for: it would limit what others have in the namespace.
    let critical = "priorityClassName=system-cluster-critical";
    for (values, more) in [
        ("", &[][..]),
        ("priorityClassName=important", &[]),
        (critical, &["--namespace", "kube-system"]),
        (&format!("{critical},criticalPodsQuota.enabled=false"), &[]),
    ] {
        assert!(of_kind(&rendered(&helm, values, more), "ResourceQuota").is_empty(), "{values}");
    }
}

#[test]
fn aks_leaves_the_webhooks_alone_where_that_is_asked() {
    let Some(helm) = Helm::find() else { return };
    for (values, mark) in
        [("", Value::Null), ("aks.admissionsEnforcerDisabled=true,mutating.annotations.a=b", json!("true"))]
    {
        let objects = rendered(&helm, values, &[]);
        for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
            let metadata = &of_kind(&objects, kind)[0]["metadata"];
            for place in ["labels", "annotations"] {
                assert_eq!(metadata[place]["admissions.enforcer/disabled"], mark, "{values}: {kind} {place}");
            }
            assert_eq!(metadata["labels"]["app.kubernetes.io/part-of"], "jobguard");
        }
        if mark != Value::Null {
            assert_eq!(
                of_kind(&objects, "MutatingWebhookConfiguration")[0]["metadata"]["annotations"]["a"],
                "b"
            );
        }
    }
}

#[test]
fn pods_go_to_linux() {
    let Some(helm) = Helm::find() else { return };
    let with = "nodeSelector.pool=system,tolerations[0].operator=Exists";
    for (values, expected) in [
        ("", json!({"kubernetes.io/os": "linux"})),
        (with, json!({"kubernetes.io/os": "linux", "pool": "system"})),
        ("nodeSelector=null", Value::Null),
    ] {
        let objects = rendered(&helm, values, &[]);
        for pod in pods(&objects) {
            assert_eq!(pod["spec"]["nodeSelector"], expected, "{values}");
            // What lets replicas onto a node lets the test onto it.
            assert_eq!(!pod["spec"]["tolerations"].is_null(), values == with, "{values}");
        }
    }
}

#[test]
fn meshes_are_not_between_api_servers_and_replicas() {
    let Some(helm) = Helm::find() else { return };
    let without = |pod: &Value, values: &str| {
        let (labels, annotations) = (&pod["metadata"]["labels"], &pod["metadata"]["annotations"]);
        assert_eq!(labels["sidecar.istio.io/inject"], "false", "{values}");
        assert_eq!(labels["istio.io/dataplane-mode"], "none", "{values}");
        assert_eq!(labels["kuma.io/sidecar-injection"], "disabled", "{values}");
        assert_eq!(annotations["linkerd.io/inject"], "disabled", "{values}");
    };
    let objects = rendered(&helm, "podLabels.a=b,podAnnotations.c=d", &[]);
    for pod in pods(&objects) {
        without(pod, "");
    }
    let metadata = &template(&objects)["metadata"];
    assert_eq!((&metadata["labels"]["a"], &metadata["annotations"]["c"]), (&json!("b"), &json!("d")));
    // With a proxy, both ports bypass it; the test, which a proxy would keep from ending, has none.
    let objects = rendered(&helm, "mesh.sidecar=true,ports.webhook=9443,ports.metrics=9090", &[]);
    let [replica, test] = pods(&objects);
    without(test, "mesh.sidecar");
    assert!(replica["metadata"]["labels"]["sidecar.istio.io/inject"].is_null());
    for key in [
        "traffic.sidecar.istio.io/excludeInboundPorts",
        "traffic.kuma.io/exclude-inbound-ports",
        "config.linkerd.io/skip-inbound-ports",
    ] {
        assert_eq!(replica["metadata"]["annotations"][key], "9443,9090", "{key}");
    }
    // Labels of the mesh are no part of what finds the Pods: a Deployment's selector cannot change.
    let selector = &of_kind(&objects, "Deployment")[0]["spec"]["selector"]["matchLabels"];
    assert_eq!(selector.as_object().unwrap().len(), 3, "{selector}");
    // Another value goes before.
    let objects = rendered(&helm, r"podLabels.sidecar\.istio\.io/inject=yes", &[]);
    assert_eq!(template(&objects)["metadata"]["labels"]["sidecar.istio.io/inject"], "yes");
}

/// The Pod's port is what a firewall sees, not the Service's.
#[test]
fn private_clusters_reach_the_port_that_is_chosen() {
    let Some(helm) = Helm::find() else { return };
    let objects = rendered(&helm, "ports.webhook=10250", &[]);
    assert!(arguments(&objects).contains(&"--listen=:10250".to_owned()));
    assert_eq!(template(&objects)["spec"]["containers"][0]["ports"][0]["containerPort"], 10250);
    let ports = &of_kind(&objects, "Service")[0]["spec"]["ports"];
    assert_eq!((&ports[0]["port"], &ports[0]["targetPort"]), (&json!(443), &json!("webhook")));

    let gke = ["--kube-version", "v1.33.4-gke.1245000"];
    let words = "ports 443 and 10250 alone";
    assert!(notes(&helm, "", &gke).contains(words));
    assert!(!notes(&helm, "ports.webhook=10250", &gke).contains(words));
    assert!(!notes(&helm, "", &["--kube-version", "v1.33.4-eks-1"]).contains(words));
}

#[test]
fn replicas_on_the_hosts_network_are_replaced_one_by_one() {
    let Some(helm) = Helm::find() else { return };
    for (values, unavailable, surge) in [
        ("", json!(0), json!(1)),
        ("hostNetwork=true", json!(1), json!(0)),
        ("hostNetwork=true,strategy.rollingUpdate.maxUnavailable=50%", json!("50%"), json!(0)),
        // A spare node takes the new Pod; without one, an old one goes first.
        ("hostNetwork=true,strategy.rollingUpdate.maxSurge=1", json!(1), json!(1)),
        ("strategy.rollingUpdate.maxSurge=2", json!(0), json!(2)),
        ("strategy.rollingUpdate.maxUnavailable=1,strategy.rollingUpdate.maxSurge=0", json!(1), json!(0)),
    ] {
        let objects = rendered(&helm, values, &[]);
        let update = &of_kind(&objects, "Deployment")[0]["spec"]["strategy"]["rollingUpdate"];
        assert_eq!((&update["maxUnavailable"], &update["maxSurge"]), (&unavailable, &surge), "{values}");
    }
    let words = "needs a node of its own where both are free";
    assert!(notes(&helm, "hostNetwork=true", &[]).contains(words));
    assert!(!notes(&helm, "", &[]).contains(words));
}

/// Each fails on the cluster, at the best when it is installed; here it fails when it is rendered.
#[test]
fn what_cannot_work_is_refused() {
    let Some(helm) = Helm::find() else { return };
    let host = |rest: &str| format!("hostNetwork=true,{rest}");
    let critical = "priorityClassName=system-cluster-critical";
    for (wrong, words) in [
        ("ports.metrics=8443".to_owned(), "webhook and metrics are both 8443"),
        ("ports.webhook=8080".to_owned(), "webhook and metrics are both 8080"),
        ("service.port=8080".to_owned(), "service.port: 8080 is ports.metrics too"),
        (host("ports.webhook=10250"), "ports.webhook: with hostNetwork, 10250 is the port of the kubelet"),
        (host("ports.metrics=10249"), "ports.metrics: with hostNetwork, 10249 is the port of kube-proxy"),
        (host("ports.metrics=10256"), "10256"),
        (
            host("strategy.rollingUpdate.maxUnavailable=0,strategy.rollingUpdate.maxSurge=1"),
            "maxUnavailable be 1",
        ),
        // A quarter of two is none.
        (
            host("strategy.rollingUpdate.maxUnavailable=25%,strategy.rollingUpdate.maxSurge=1"),
            "maxUnavailable be 1",
        ),
        (host("strategy.rollingUpdate.maxUnavailable=0"), "no Pod could ever be replaced"),
        ("strategy.rollingUpdate.maxSurge=0".to_owned(), "no Pod could ever be replaced"),
        (format!("{critical},criticalPodsQuota.pods=3"), "criticalPodsQuota.pods: 3 is too few"),
        ("openshift=yes".to_owned(), "openshift"),
        ("mesh.sidecar=maybe".to_owned(), "mesh.sidecar"),
        ("policy.inline.rules.job/nope=deny".to_owned(), "job/nope"),
        ("policy.inline.rules.job/no-deadline=error".to_owned(), "policy.inline.rules.job/no-deadline"),
        (
            "policy.inline.rules.job/max-parallelism.most=5".to_owned(),
            "policy.inline.rules.job/max-parallelism",
        ),
        ("policy.inline.rules.cron/too-frequent.minInterval=1m1h".to_owned(), "cron/too-frequent"),
        ("policy.inline.rules.Nope/*=warn".to_owned(), "Nope/*"),
        ("policy.inline.defaults.deadline=5".to_owned(), "deadline"),
        ("policy.inline.suppressions.allowed=true".to_owned(), "allowed"),
        ("policy.inline.limits.maxElements=0".to_owned(), "policy.inline.limits.maxElements"),
        ("policy.inline.existing=maybe".to_owned(), "policy.inline.existing"),
        (overriding("namespace={a}"), "Additional property namespace is not allowed"),
        (overriding("kinds={Pod}"), "policy.inline.overrides.0.match.kinds.0"),
        ("policy.inline.extends=company.yaml".to_owned(), "policy.inline.extends"),
    ] {
        let output = helm.run(&["template", "rel", CHART, "--set", &wrong]);
        let output_text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{wrong} is accepted");
        assert!(output_text.contains(words), "{wrong}: {output_text}");
    }
    // What is right passes: every key of the policy's reference.
    for right in [
        host("ports.webhook=9443"),
        "ports.webhook=10250".to_owned(),
        "policy.inline.rules.cron/*=warn,policy.inline.rules.*=info".to_owned(),
        "policy.inline.rules.job/max-parallelism.max=50".to_owned(),
        "policy.inline.rules.cron/too-frequent.minInterval=1h30m".to_owned(),
        "policy.inline.rules.cron/too-frequent.minInterval=1h10s".to_owned(),
        "policy.inline.rules.cron/too-frequent.minInterval=90s,policy.inline.rules.job/ttl-short.minTtl=90"
            .to_owned(),
        "policy.inline.limits.maxElements=20000,policy.inline.existing=deny".to_owned(),
        "policy.inline.defaults.ttlSecondsAfterFinished=600,policy.inline.suppressions.levels={info}"
            .to_owned(),
        overriding("namespaces={dev-*},policy.inline.overrides[0].match.kinds={Job}"),
    ] {
        rendered(&helm, &right, &[]);
    }
}

/// An override with this condition.
fn overriding(condition: &str) -> String {
    format!("policy.inline.overrides[0].rules.cron/overlap=off,policy.inline.overrides[0].match.{condition}")
}

/// That replicas are on different nodes is a wish, and NOTES.txt says so where it matters.
#[test]
fn how_replicas_are_spread_is_said_as_it_is() {
    let Some(helm) = Helm::find() else { return };
    let objects = rendered(&helm, "", &[]);
    let constraints = template(&objects)["spec"]["topologySpreadConstraints"].as_array().unwrap();
    assert!(constraints.iter().all(|each| each["whenUnsatisfiable"] == "ScheduleAnyway"), "{constraints:?}");
    let words = "nothing keeps the replicas on different nodes";
    let must = "topologySpreadConstraints[0].maxSkew=1,topologySpreadConstraints[0].whenUnsatisfiable=DoNotSchedule,\
                topologySpreadConstraints[0].topologyKey=kubernetes.io/hostname";
    let fail = "validating.failurePolicy=Fail";
    for (values, expected) in [
        (fail.to_owned(), true),
        (format!("{fail},topologySpreadConstraints=null"), true),
        (format!("{fail},{must}"), false),
        (format!("{fail},hostNetwork=true"), false),
        (format!("{fail},replicaCount=1"), false),
        (String::new(), false),
    ] {
        assert_eq!(notes(&helm, &values, &[]).contains(words), expected, "{values}");
    }
}

/// The namespace may insist on limits, or on the restricted security level: nothing that is rendered lacks what that asks for.
#[test]
fn quotas_and_security_levels_can_be_met() {
    let Some(helm) = Helm::find() else { return };
    let objects = rendered(&helm, "resources.limits.cpu=1,test.resources.limits.cpu=100m", &[]);
    for pod in pods(&objects) {
        for container in pod["spec"]["containers"].as_array().unwrap() {
            let resources = &container["resources"];
            for (kind, name) in
                [("requests", "cpu"), ("requests", "memory"), ("limits", "cpu"), ("limits", "memory")]
            {
                assert!(!resources[kind][name].is_null(), "{kind}.{name}: {resources}");
            }
        }
        let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
        for volume in volumes {
            assert!(volume.get("hostPath").is_none(), "{volume}");
        }
    }
}

/// Clusters with IPv6 alone, and with both.
#[test]
fn addresses_of_either_family_are_served() {
    let Some(helm) = Helm::find() else { return };
    for (values, listen) in [
        ("", "--listen=:8443"),
        ("bindAddress=0.0.0.0", "--listen=0.0.0.0:8443"),
        ("bindAddress=::", "--listen=[::]:8443"),
    ] {
        assert!(arguments(&rendered(&helm, values, &[])).contains(&listen.to_owned()), "{values}");
    }
    let objects =
        rendered(&helm, "service.ipFamilyPolicy=RequireDualStack,service.ipFamilies={IPv6,IPv4}", &[]);
    assert_eq!(strings(&of_kind(&objects, "Service")[0]["spec"]["ipFamilies"]), ["IPv6", "IPv4"]);
    assert!(of_kind(&rendered(&helm, "", &[]), "Service")[0]["spec"].get("ipFamilies").is_none());
}

/// The page says what the values are, and what was not tried.
#[test]
fn the_page_names_the_values() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/platforms.md")).unwrap();
    for word in [
        "openshift",
        "criticalPodsQuota",
        "aks.admissionsEnforcerDisabled",
        "mesh.sidecar",
        "ports.webhook",
        "hostNetwork",
        "nodeSelector",
        "topologySpreadConstraints",
        "test.resources",
        "bindAddress",
    ] {
        assert!(page.contains(&format!("`{word}")), "{word}");
    }
    assert!(page.contains("has not been tested on"));
}

/// Nothing chooses the processor: the image must be there for each that nodes have.
#[test]
fn the_image_is_for_both_processors() {
    let release =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows/release.yaml"));
    let release = release.unwrap();
    for platform in ["amd64", "arm64"] {
        assert!(release.contains(&format!("{{platform: {platform}, ")), "{platform}");
    }
    let Some(helm) = Helm::find() else { return };
    for pod in pods(&rendered(&helm, "", &[])) {
        assert!(pod["spec"]["nodeSelector"].get("kubernetes.io/arch").is_none());
    }
}

/// The kustomization on the page takes away what it says, from the manifests as they are.
#[test]
fn the_page_s_patch_fits_the_plain_manifests() {
    let read = |file: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let page = read("docs/platforms.md");
    let (_, kustomization) = page.split_once("```yaml\n").unwrap();
    let kustomization = objects(kustomization.split_once("```").unwrap().0).remove(0);
    let entry = &kustomization["patches"][0];
    assert_eq!(entry["target"], json!({"kind": "Deployment", "name": "jobguard"}));
    let patch: json_patch::Patch = serde_json::from_str(entry["patch"].as_str().unwrap()).unwrap();
    for folder in ["self-managed", "cert-manager"] {
        let all = objects(&read(&format!("deploy/{folder}/jobguard.yaml")));
        let mut deployment = of_kind(&all, "Deployment")[0].clone();
        json_patch::patch(&mut deployment, &patch).unwrap();
        let context = deployment["spec"]["template"]["spec"]["securityContext"].clone();
        assert_eq!(context, json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}));
    }
}
