use serde_json::{Value, json};

use crate::Kind;
use crate::testing::prepared;

fn said(spec: &Value) -> String {
    let object = json!({"metadata": {"name": "my.job"}, "spec": {"template": {
        "metadata": {"annotations": {"scheduler.alpha.kubernetes.io/critical-pod": ""}},
        "spec": spec,
    }}});
    let prepared = prepared(Kind::Job, &object);
    let lines = (prepared.warnings().iter())
        .map(|w| format!("{}: {} -- {}", w.path, w.message, w.help.as_deref().unwrap_or_default()));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_out_of_use_or_ambiguous() {
    insta::assert_snapshot!(said(&json!({
        "nodeSelector": {"beta.kubernetes.io/os": "linux"},
        "terminationGracePeriodSeconds": -1,
        "hostAliases": [{"ip": "010.0.0.1"}, {"ip": "010.0.0.1"}],
        "dnsConfig": {"nameservers": ["::FFFF:1.2.3.4", "2001:DB8::1", "2001:db8::1"]},
        "imagePullSecrets": [{"name": "a"}, {"name": "a"}, {}],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
        "containers": [{
            "name": "main", "image": "busybox",
            "env": [{"name": "A", "value": "secret"}, {"name": "A", "value": "other"}, {"name": "A", "value": "$(A)x"}],
            "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 80, "hostPort": 80, "name": "http"}],
            "resources": {"limits": {"memory": "100m"}},
        }],
        "volumes": [
            {"name": "a", "configMap": {"name": "c", "items": [{"key": "a", "path": "x"}, {"key": "b", "path": "x/y"}]}},
            {"name": "b", "glusterfs": {"endpoints": "e", "path": "p"}},
            {"name": "c", "projected": {"sources": [{}]}},
        ],
    })), @r##"
    metadata.name: the name is used for Pods and hosts, and as such "my.job" is not a DNS label: leave out the dots -- use lower-case letters, digits and - only, at most 63 characters
    spec.template.spec.nodeSelector[beta.kubernetes.io/os]: the node label beta.kubernetes.io/os is deprecated -- use kubernetes.io/os
    spec.template.spec.topologySpreadConstraints[0].labelSelector: without a labelSelector no Pod is selected -- set labelSelector; an empty one selects every Pod
    spec.template.metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: this annotation no longer has any effect -- set priorityClassName
    spec.template.spec.volumes[0]: two files of this volume are written to the same place, "x/y" -- give every file a different path, and none that is a folder of another
    spec.template.spec.volumes[1].glusterfs: volumes of type glusterfs no longer work in Kubernetes -- use a persistentVolumeClaim, or a CSI driver
    spec.template.spec.volumes[2]: a projected volume has an empty source -- remove the empty source
    spec.template.spec.hostAliases[0].ip: this is not the usual form of the address -- write 10.0.0.1
    spec.template.spec.hostAliases[1].ip: this address already has an entry -- put its host names in one entry
    spec.template.spec.hostAliases[1].ip: this is not the usual form of the address -- write 10.0.0.1
    spec.template.spec.imagePullSecrets[1].name: this Secret is already listed -- list each Secret once
    spec.template.spec.imagePullSecrets[2].name: the name of the Secret is empty -- name a Secret, or remove the entry
    spec.template.spec.dnsConfig.nameservers[0]: this is not the usual form of the address -- write 1.2.3.4
    spec.template.spec.dnsConfig.nameservers[1]: this is not the usual form of the address -- write 2001:db8::1
    spec.template.spec.containers[0].resources.limits[memory]: "100m" of memory is not a whole number of bytes -- m means thousandths; M and Mi mean millions of bytes
    spec.template.spec.containers[0].env[1]: the variable is already set; this hides the earlier value, and kubectl apply may drop one of them -- keep one of them
    spec.template.spec.containers[0].ports[1]: the port overlaps with spec.template.spec.containers[0].ports[0] -- list each port once
    spec.template.spec.containers[0].ports[1]: spec.template.spec.containers[0].ports[0] already has this port name, and references by name use that one -- give each port of a Pod a different name
    spec.template.spec.terminationGracePeriodSeconds: a negative grace period is treated as one second -- set it to 0 or more
    "##);
}

#[test]
fn many_ports_that_conflict_are_told_a_bounded_number_of_times() {
    const MANY: usize = 3_000;
    let ports: Vec<Value> = (0..MANY).map(|_| json!({"containerPort": 80})).collect();
    let lines = said(&json!({"containers": [{"name": "a", "image": "a:1", "ports": ports}]}));
    let reported = lines.lines().filter(|line| line.contains("the same port is listed at")).count();
    // Each is still reported once.
    assert!((MANY - 1..MANY + 1_000).contains(&reported), "{reported}");
}
