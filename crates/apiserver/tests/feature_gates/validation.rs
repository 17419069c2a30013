//! What is refused where a gate is on that is off by default, or off that is on.

use jobguard_apiserver::{KubernetesVersion, Server};
use serde_json::{Value, json};

use super::{created, dropped, job, refused, server};

fn with_signal(signal: &str, os: Option<&str>) -> Value {
    let mut pod = json!({"containers": [{"lifecycle": {"stopSignal": signal}}]});
    if let Some(os) = os {
        pod["os"] = json!({"name": os});
    }
    pod
}

#[test]
fn stop_signals_are_those_of_the_system() {
    let on = server("1.33", "ContainerStopSignals=true");
    let found = |signal, os| refused(&on, with_signal(signal, os));
    const FIELD: &str = "containers[0].lifecycle.stopSignal";
    assert_eq!(found("SIGTERM", None), [format!("{FIELD} Forbidden")]);
    for (signal, os) in
        [("SIGTERM", "linux"), ("SIGRTMIN+15", "linux"), ("SIGRTMAX", "linux"), ("SIGKILL", "windows")]
    {
        assert_eq!(found(signal, Some(os)), Vec::<String>::new(), "{signal}");
    }
    for (signal, os) in [("SIGUSR1", "windows"), ("TERM", "linux"), ("SIGRTMIN+16", "linux"), ("", "linux")] {
        assert_eq!(found(signal, Some(os)), [format!("{FIELD} NotSupported")], "{signal}");
    }
    // Nothing is left of the hooks where it is dropped.
    let off = server("1.36", "");
    assert_eq!(dropped(&off, with_signal("TERM", None)), ["containers[0].lifecycle.stopSignal"]);
    assert_eq!(refused(&off, with_signal("TERM", None)), Vec::<String>::new());
}

#[test]
fn a_scheduling_group_names_one() {
    let on = server("1.36", "GenericWorkload=true");
    let found = |group: Value| refused(&on, json!({"schedulingGroup": group}));
    assert_eq!(found(json!({"podGroupName": "workers"})), Vec::<String>::new());
    assert_eq!(found(json!({})), ["schedulingGroup.podGroupName Invalid"]);
    assert_eq!(found(json!({"podGroupName": "Workers"})), ["schedulingGroup.podGroupName Invalid"]);
}

#[test]
fn own_users_on_the_hosts_network() {
    let pod = || json!({"hostUsers": false, "hostNetwork": true, "hostPID": true});
    let forbidden = ["hostNetwork Forbidden", "HostPID Forbidden"];
    assert_eq!(refused(&server("1.36", ""), pod()), forbidden);
    assert_eq!(refused(&server("1.36", "UserNamespacesHostNetworkSupport=true"), pod()), forbidden[1..]);
}

#[test]
fn tolerations_that_compare() {
    let on = server("1.35", "TaintTolerationComparisonOperators=true");
    let found = |server: &Server, value: &str| {
        refused(server, json!({"tolerations": [{"key": "a", "operator": "Gt", "value": value}]}))
    };
    for good in ["0", "-5", "9223372036854775807"] {
        assert_eq!(found(&on, good), Vec::<String>::new(), "{good}");
    }
    for bad in ["01", "+1", "-0", "9223372036854775808"] {
        assert_eq!(found(&on, bad), ["tolerations[0].value Invalid"], "{bad}");
    }
    for bad in ["", "a", "1.5"] {
        assert_eq!(found(&on, bad), ["tolerations[0].value Invalid"; 2], "{bad}");
    }
    assert_eq!(found(&server("1.35", ""), "1"), ["tolerations[0].operator NotSupported"]);
}

#[test]
fn resize_policies_of_sidecars() {
    let pod = |restart: Option<&str>| {
        json!({"initContainers": [{
            "restartPolicy": restart,
            "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
        }]})
    };
    let sidecar = || pod(Some("Always"));
    assert_eq!(refused(&server("1.33", ""), sidecar()), Vec::<String>::new());
    assert_eq!(
        dropped(&server("1.33", "InPlacePodVerticalScaling=false"), sidecar()),
        ["initContainers[0].resizePolicy"]
    );
    for old in ["1.29", "1.31", "1.32"] {
        let on = server(old, "InPlacePodVerticalScaling=true");
        assert_eq!(refused(&on, sidecar()), ["initContainers[0].resizePolicy Invalid"], "{old}");
    }
}

#[test]
fn parts_of_image_volumes() {
    let pod = || {
        json!({
            "volumes": [{"name": "v", "image": {"reference": "busybox"}}],
            "containers": [{"volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a"}]}],
        })
    };
    let gate = "ImageVolume=true";
    for old in ["1.31", "1.32"] {
        assert_eq!(refused(&server(old, gate), pod()), ["containers[0].volumeMounts[0].subPath Invalid"]);
        assert_eq!(refused(&server(old, ""), pod()), Vec::<String>::new(), "volume and mount are left out");
    }
    assert_eq!(refused(&server("1.33", gate), pod()), Vec::<String>::new());
    // The default comes with the gate.
    let prepared = created(&server("1.33", gate), &job(pod()));
    assert!(format!("{:?}", prepared.workload()).contains("pull_policy: Some(\"Always\")"));
}

#[test]
fn gates_of_the_oldest_versions() {
    let oldest = |gates: &str| server("1.29", gates);
    let gated = || json!({"schedulingGates": [{"name": "a"}]});
    assert_eq!(dropped(&oldest("PodSchedulingReadiness=false"), gated()), ["schedulingGates"]);
    assert_eq!(dropped(&oldest(""), gated()), Vec::<String>::new());
    let ips = || json!({"containers": [{"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIPs"}}}]}]});
    assert_eq!(refused(&oldest(""), ips()), Vec::<String>::new());
    assert_eq!(
        refused(&oldest("PodHostIPs=false"), ips()),
        ["containers[0].env[0].valueFrom.fieldRef Forbidden"]
    );
    let ports = job(json!({"hostNetwork": true, "containers": [{"ports": [{"containerPort": 80}]}]}));
    let host_port = |gates: &str| {
        let prepared = created(&oldest(gates), &ports);
        let spec = prepared.workload().job_spec().unwrap().template.spec.clone().unwrap();
        spec.containers[0].ports.as_ref().unwrap()[0].host_port
    };
    assert_eq!(host_port(""), None);
    assert_eq!(host_port("DefaultHostNetworkHostPortsInPodTemplates=true"), Some(80));
}

#[test]
fn app_armor_is_dropped_with_either_gate() {
    let mut object = job(json!({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}));
    let key = "container.apparmor.security.beta.kubernetes.io/main0";
    object["spec"]["template"]["metadata"] = json!({"annotations": {key: "runtime/default"}});
    let found = |gates: &str| -> Vec<String> {
        let server = server("1.30", gates);
        let prepared = created(&server, &object);
        let errors = server.validate_create(&prepared).into_iter().map(|error| error.path);
        prepared
            .dropped()
            .iter()
            .map(|dropped| dropped.path.clone())
            .chain(errors)
            .map(|path| path.to_string())
            .collect()
    };
    let annotation = format!("spec.template.metadata.annotations[{key}]");
    let field = "spec.template.spec.securityContext.appArmorProfile".to_owned();
    // Field and annotation do not say the same.
    assert_eq!(found("")[0], "spec.template.spec.containers[0].securityContext.appArmorProfile.type");
    assert_eq!(found("AppArmorFields=false").join(""), field);
    assert_eq!(found("AppArmor=false"), [annotation, field]);
}

#[test]
fn a_deletion_cost_is_looked_at_with_its_gate() {
    let mut object = job(json!({}));
    object["spec"]["template"]["metadata"] =
        json!({"annotations": {"controller.kubernetes.io/pod-deletion-cost": "x"}});
    let count = |gates: &str| {
        let server = server("1.36", gates);
        server.validate_create(&created(&server, &object)).len()
    };
    assert_eq!((count(""), count("PodDeletionCost=false")), (1, 0));
}

#[test]
fn job_fields_go_with_their_gates() {
    let mut object = job(json!({}));
    object["spec"]["completionMode"] = json!("Indexed");
    object["spec"]["completions"] = json!(3);
    object["spec"]["backoffLimitPerIndex"] = json!(1);
    object["spec"]["podFailurePolicy"] = json!({"rules": [
        {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}},
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [2]}},
    ]});
    let off = server("1.29", "JobBackoffLimitPerIndex=false,JobPodReplacementPolicy=false");
    let prepared = created(&off, &object);
    let dropped: Vec<_> = prepared.dropped().iter().map(|dropped| dropped.path.to_string()).collect();
    assert_eq!(dropped, ["spec.backoffLimitPerIndex", "spec.podFailurePolicy.rules[0]"]);
    assert_eq!(off.validate_create(&prepared), []);
    let spec = prepared.workload().job_spec().unwrap();
    assert_eq!(spec.pod_replacement_policy, None, "no default without its gate");
    assert_eq!(spec.pod_failure_policy.as_ref().unwrap().rules.len(), 1);
}

#[test]
fn claims_of_the_oldest_versions_are_judged_by_their_names_only() {
    let on = server("1.30", "DynamicResourceAllocation=true");
    let found = |name: &str| {
        refused(
            &on,
            json!({
                "resourceClaims": [{"name": name, "source": {"resourceClaimName": "gpu"}}],
                "containers": [{"resources": {"claims": [{"name": name}]}}],
            }),
        )
    };
    assert_eq!(found("gpu"), Vec::<String>::new());
    assert_eq!(found("G"), ["resourceClaims[0].name Invalid"]);
}

#[test]
fn fields_of_the_newest_version_are_kept_unlooked_at_with_their_gates() {
    let pod = || json!({"evictionResponders": [{"name": "not a name", "priority": -1}]});
    let newest = KubernetesVersion::NEWEST.to_string();
    assert_eq!(dropped(&server(&newest, ""), pod()), ["evictionResponders"]);
    let on = server(&newest, "EvictionRequestAPI=true");
    assert_eq!((dropped(&on, pod()), refused(&on, pod())), (vec![], vec![]));
}

#[test]
fn resources_of_a_pod_in_the_first_versions() {
    let container = |resource: &str| json!([{"resources": {"requests": {resource: "1"}}}]);
    let pod =
        |resource: &str| json!({"resources": {"requests": {"cpu": "1"}}, "containers": container(resource)});
    let gate = "PodLevelResources=true";
    for (version, refusals) in [("1.32", 1), ("1.33", 1), ("1.34", 0)] {
        let server = server(version, gate);
        assert_eq!(refused(&server, pod("cpu")), Vec::<String>::new());
        let expected = vec!["resources.requests[memory] Invalid"; refusals];
        assert_eq!(refused(&server, pod("memory")), expected, "{version}");
    }
    let windows = || json!({"os": {"name": "windows"}, "resources": {"requests": {"cpu": "1"}}});
    assert_eq!(refused(&server("1.33", gate), windows()), Vec::<String>::new());
    assert_eq!(refused(&server("1.34", gate), windows()), ["resources Forbidden"]);
}

#[test]
fn what_the_first_versions_of_a_gate_did_not_refuse() {
    let unmasked = || json!({"containers": [{"securityContext": {"procMount": "Unmasked"}}]});
    assert_eq!(refused(&server("1.29", "ProcMountType=true"), unmasked()), Vec::<String>::new());
    let field = "containers[0].securityContext.procMount Invalid";
    assert_eq!(refused(&server("1.30", "ProcMountType=true"), unmasked()), [field]);
    let rules = json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]);
    let init = || json!({"initContainers": [{"restartPolicyRules": rules}]});
    assert_eq!(refused(&server("1.34", "ContainerRestartRules=true"), init()), Vec::<String>::new());
    assert_eq!(refused(&server("1.35", ""), init()), ["initContainers[0].restartPolicy Required"]);
}
