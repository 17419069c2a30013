use insta::assert_snapshot;
use k8s_openapi::api::core::v1::PodSpec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::validate_spec;
use crate::errors::Errors;
use crate::testing::server;
use crate::{FieldError, Topic};
use jobguard_manifest::At;

/// A container that nothing is wrong with, defaults filled in.
fn container() -> Value {
    json!({
        "name": "main", "image": "busybox:1.36", "imagePullPolicy": "IfNotPresent", "terminationMessagePolicy": "File"
    })
}

fn errors(spec: &Value) -> Vec<FieldError> {
    let mut filled = json!({
        "restartPolicy": "Never", "dnsPolicy": "ClusterFirst", "terminationGracePeriodSeconds": 30,
        "containers": [container()]
    });
    if let (Some(filled), Some(spec)) = (filled.as_object_mut(), spec.as_object()) {
        filled.extend(spec.clone());
    }
    let spec: PodSpec = serde_json::from_value(filled).unwrap();
    let (server, mut list) = (server(), Vec::new());
    validate_spec(&spec, None, &At::root(), &mut Errors::new(&server, Topic::Pod, &mut list));
    list
}

/// One line an error: path, real place where it is another, cause, message.
fn shown(spec: &Value) -> String {
    let line = |error: &FieldError| {
        let real = error.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
        format!("{}{real} {}: {}", error.path, error.cause.as_str(), error.message)
    };
    errors(spec).iter().map(line).collect::<Vec<_>>().join("\n")
}

fn with(fields: &Value) -> Value {
    let mut container = container();
    if let (Some(container), Some(fields)) = (container.as_object_mut(), fields.as_object()) {
        container.extend(fields.clone());
    }
    json!({ "containers": [container] })
}

#[test]
fn a_plain_pod_is_fine() {
    assert_eq!(errors(&json!({})), []);
}

#[test]
fn words_on_containers() {
    let spec = with(&json!({
        "name": "My_App", "image": "", "imagePullPolicy": "always",
        "ports": [{"name": "8080", "containerPort": 80800, "protocol": "TCP"}],
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels"}}}],
        "envFrom": [{}],
        "livenessProbe": {"successThreshold": 1, "exec": {}},
        "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "../up"}],
    }));
    assert_snapshot!(shown(&spec), @r#"
    containers[0].name FieldValueInvalid: "My_App" is not a DNS label: use lower-case letters, digits and '-', with a letter or digit first and last
    containers[0].image FieldValueRequired: a container needs an image
    containers[0].ports[0].name FieldValueInvalid: "8080" is not a port name: use at least one letter (a number belongs in without quotes)
    containers[0].ports[0].containerPort FieldValueInvalid: 80800 is not a port number: use a number from 1 to 65535
    containers[0].env[0].valueFrom.fieldRef.fieldPath FieldValueNotSupported: "metadata.labels" is not a value of this field: use metadata.name, metadata.namespace, metadata.uid, spec.nodeName, spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP or status.podIPs
    containers[0].envFrom (containers[0].envFrom[0]) FieldValueInvalid: say where variables come from: configMapRef or secretRef
    containers[0].volumeMounts[0].name FieldValueNotFound: "data" is not a well-formed volume of this Pod: add or correct it
    containers[0].volumeMounts.subPath (containers[0].volumeMounts[0].subPath) FieldValueInvalid: "../up" leads upwards: leave out the '..'
    containers[0].imagePullPolicy FieldValueNotSupported: "always" is not a value of this field: use Always, IfNotPresent or Never
    containers[0].livenessProbe.exec.command FieldValueRequired: give the command to run
    "#);
}

#[test]
fn words_on_resources() {
    let mut spec = with(&json!({"resources": {
        "requests": {"cpu": "2", "CPU": "1", "nvidia.com/gpu": "1"}, "limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}
    }}));
    spec["overhead"] = json!({"memory": "-1"});
    assert_snapshot!(shown(&spec), @r#"
    containers[0].resources.limits[hugepages-2Mi] FieldValueInvalid: use a whole number of pages, as "hugepages-2Mi" says how large one is
    containers[0].resources.requests[CPU] FieldValueInvalid: "CPU" is not a resource: use cpu, memory, ephemeral-storage, hugepages-SIZE, or a name with a domain such as example.com/gpu
    containers[0].resources.requests[CPU] FieldValueInvalid: "CPU" is not a resource that a container can use
    containers[0].resources.requests (containers[0].resources.requests[cpu]) FieldValueInvalid: more of "cpu" is requested than its limit: raise the limit or request less
    containers[0].resources.limits (containers[0].resources.requests[nvidia.com/gpu]) FieldValueRequired: "nvidia.com/gpu" cannot be overcommitted: set a limit that is the same as the request
    overhead.limits[memory] (overhead[memory]) FieldValueInvalid: an amount cannot be negative: use 0 or more
    "#);
}

#[test]
fn words_on_volumes() {
    let spec = json!({"volumes": [
        {"name": "a", "configMap": {"items": [{"key": "k", "path": "/p", "mode": 644}]}, "secret": {}},
        {"name": "b", "downwardAPI": {"items": [{"path": "p"}]}},
        {"name": "b"},
    ]});
    assert_snapshot!(shown(&spec), @r#"
    volumes[0].secret.secretName FieldValueRequired: name the Secret
    volumes[0].configMap FieldValueForbidden: a volume has one source only: remove the others
    volumes[1].downwardAPI (volumes[1].downwardAPI.items[0]) FieldValueRequired: say what the file holds: fieldRef or resourceFieldRef
    volumes[2] FieldValueRequired: say what the volume is: emptyDir, configMap, secret, persistentVolumeClaim or another type
    "#);
}

#[test]
fn words_on_scheduling_and_the_rest() {
    let spec = json!({
        "nodeSelector": {"a b": "c"}, "hostname": "a.b", "dnsPolicy": "None",
        "hostAliases": [{"ip": "010.1.1.1"}],
        "securityContext": {"runAsUser": -1, "seccompProfile": {"type": "localhost"}},
        "tolerations": [{"key": "a", "operator": "exists"}],
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
        ],
    });
    assert_snapshot!(shown(&spec), @r#"
    nodeSelector (nodeSelector[a b]) FieldValueInvalid: "a b" has a malformed name part: use letters, digits, '-', '_' and '.', with a letter or digit first and last
    tolerations[0].operator FieldValueNotSupported: "exists" is not a value of this field: use Equal or Exists
    topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable} (topologySpreadConstraints[0].topologyKey) FieldValueDuplicate: "zone" has another constraint with the same whenUnsatisfiable: make one of the two
    securityContext.runAsUser FieldValueInvalid: -1 is not a user or group ID: use a number from 0 to 2147483647
    securityContext.seccompProfile.type FieldValueNotSupported: "localhost" is not a value of this field: use Localhost, RuntimeDefault or Unconfined
    dnsConfig FieldValueRequired: dnsPolicy None leaves a Pod without name servers: give at least one
    hostname FieldValueInvalid: "a.b" is not a DNS label: leave out the dots
    hostAliases[0].ip FieldValueInvalid: "010.1.1.1" is not an IP address, such as 10.9.8.7 or 2001:db8::1, without leading zeros
    "#);
}

#[test]
fn values_of_variables_and_arguments_are_never_shown() {
    let spec = with(&json!({
        "args": ["s3cret"], "command": ["s3cret"],
        "env": [{"name": "A=", "value": "s3cret", "valueFrom": {}}, {"name": "", "value": "s3cret"}],
        "livenessProbe": {"httpGet": {"port": 0, "httpHeaders": [{"name": "A B", "value": "s3cret"}]}},
        "lifecycle": {"preStop": {"exec": {"command": ["s3cret"]}, "sleep": {"seconds": 1}}},
        "securityContext": {"windowsOptions": {"gmsaCredentialSpec": "s3cret".repeat(20_000)}},
    }));
    let shown = shown(&spec);
    assert!(shown.lines().count() > 5 && !shown.contains("s3cret"), "{shown}");
}

/// A spec with one text at every place that takes a text.
fn filled_with(text: &str, number: i64) -> Value {
    let small = i32::try_from(number).unwrap_or(i32::MAX);
    let selector = json!({
        "matchLabels": {text: text},
        "matchExpressions": [{"key": text, "operator": text, "values": [text]}],
    });
    let term = json!({
        "topologyKey": text, "labelSelector": selector, "namespaceSelector": selector, "namespaces": [text],
        "matchLabelKeys": [text, text], "mismatchLabelKeys": [text],
    });
    let requirement = json!({"key": text, "operator": text, "values": [text, text]});
    let node = json!({"matchExpressions": [requirement], "matchFields": [requirement]});
    let resources = json!({"limits": {text: text, "cpu": text}, "requests": {text: text, "cpu": text},
        "claims": [{"name": text, "request": text}, {"name": text}]});
    let profile = json!({"type": text, "localhostProfile": text});
    let windows = json!({"gmsaCredentialSpecName": text, "gmsaCredentialSpec": text, "runAsUserName": text});
    let handler =
        json!({"httpGet": {"port": text, "path": text, "scheme": text, "httpHeaders": [{"name": text}]}});
    let file = json!({"path": text, "mode": small, "fieldRef": {"apiVersion": "v1", "fieldPath": text}});
    let resource =
        json!({"path": text, "resourceFieldRef": {"containerName": text, "resource": text, "divisor": text}});
    let mount = json!({"name": text, "mountPath": text, "subPath": text, "subPathExpr": text,
        "mountPropagation": text, "recursiveReadOnly": text});
    let container = json!({
        "name": text, "image": text, "imagePullPolicy": text, "terminationMessagePolicy": text, "restartPolicy": text,
        "ports": [{"name": text, "containerPort": small, "hostPort": small, "protocol": text}],
        "env": [{"name": text, "valueFrom": {"fileKeyRef": {"key": text, "path": text, "volumeName": text},
            "configMapKeyRef": {"name": text, "key": text}}}],
        "envFrom": [{"prefix": text, "secretRef": {"name": text}}],
        "resources": resources, "resizePolicy": [{"resourceName": text, "restartPolicy": text}],
        "volumeMounts": [mount, mount], "volumeDevices": [{"name": text, "devicePath": text}],
        "livenessProbe": handler, "lifecycle": {"preStop": handler},
        "securityContext": {"seccompProfile": profile, "appArmorProfile": profile, "windowsOptions": windows,
            "procMount": text, "runAsUser": number},
        "restartPolicyRules": [{"action": text, "exitCodes": {"operator": text}}],
    });
    let claim = json!({"metadata": {"labels": {text: text}, "annotations": {text: text}}, "spec": {
        "accessModes": [text], "resources": {"requests": {"storage": text}}, "storageClassName": text,
        "dataSource": {"kind": text, "name": text}, "dataSourceRef": {"kind": text, "name": text, "namespace": text},
    }});
    json!({
        "containers": [container], "initContainers": [container], "ephemeralContainers": [container],
        "volumes": [
            {"name": text, "projected": {"sources": [{"downwardAPI": {"items": [file, resource]}}]}},
            {"name": text, "ephemeral": {"volumeClaimTemplate": claim}},
            {"name": text, "flexVolume": {"driver": text, "options": {text: text}}},
            {"name": text, "iscsi": {"iqn": text, "initiatorName": text, "lun": small, "targetPortal": text}},
            {"name": text, "quobyte": {"registry": text, "volume": text}},
            {"name": text, "csi": {"driver": text}}, {"name": text, "hostPath": {"path": text, "type": text}},
        ],
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [node]}},
            "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
        },
        "topologySpreadConstraints": [{"maxSkew": small, "topologyKey": text, "labelSelector": selector}],
        "tolerations": [{"key": text, "operator": text, "value": text, "effect": text}],
        "dnsPolicy": text, "dnsConfig": {"nameservers": [text], "searches": [text]},
        "hostAliases": [{"ip": text, "hostnames": [text]}], "hostname": text, "hostnameOverride": text,
        "securityContext": {"sysctls": [{"name": text}], "fsGroup": number, "windowsOptions": windows},
        "resources": resources, "overhead": {text: text}, "resourceClaims": [{"name": text}],
        "nodeSelector": {text: text}, "runtimeClassName": text, "preemptionPolicy": text, "os": {"name": text},
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn never_panics(text in ".{0,20}|[a-z.:/'\\[\\]@-]{0,40}|hugepages-.*|[0-9.]{1,30}[EKMGi]{0,2}", number in any::<i64>()) {
        let _ = shown(&filled_with(&text, number));
    }
}
