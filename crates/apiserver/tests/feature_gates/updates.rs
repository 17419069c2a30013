//! What an update may keep, whatever gates and versions say.

use jobguard_apiserver::{KubernetesVersion, Prepared, Server};
use serde_json::{Value, json};

use super::{job, server, shown, written};

/// A CronJob with these Pods: its template may change, so nothing else stands in the way.
fn cron_job(pod: Value) -> Value {
    let job = job(pod);
    json!({"metadata": {"name": "a", "namespace": "default"}, "spec": {
        "schedule": "@daily", "jobTemplate": {"spec": job["spec"]},
    }})
}

/// What a server says when new Pods take the place of stored ones.
fn updated(server: &Server, stored: &Value, new: &Value) -> Vec<String> {
    let stored_as = |object: &Value| {
        let mut object = written(server, &cron_job(object.clone()));
        server.apply_defaults(&mut object);
        object.metadata_mut().uid = Some("u".to_owned());
        object.metadata_mut().resource_version = Some("1".to_owned());
        object
    };
    let old = stored_as(stored);
    let prepared: Prepared = server.updated(stored_as(new)).prepare_for_update(&old);
    shown(&server.validate_update(&prepared, &old))
}

/// Asserts that a Pod with `fault` is refused on create and where the stored one has none, and may stay where it has.
fn stays(server: &Server, fault: &Value, expected: &[&str]) {
    let plain = json!({});
    assert_eq!(updated(server, &plain, fault), expected, "{fault}");
    assert_eq!(updated(server, fault, fault), Vec::<String>::new(), "{fault}");
    assert_eq!(updated(server, fault, &plain), Vec::<String>::new(), "{fault}");
}

#[test]
fn faults_without_a_gate() {
    let newest = Server::of(KubernetesVersion::NEWEST_COMPARED);
    let odd = json!([{"key": "a", "operator": "In", "values": ["no label value"]}]);
    stays(
        &newest,
        &json!({"containers": [{"resources": {"limits": {"cpu": "1", "hugepages-2Mi": "1Mi"}, "requests": {"hugepages-2Mi": "1Mi"}}}]}),
        &[
            "containers[0].resources.limits[hugepages-2Mi] Invalid",
            "containers[0].resources.requests[hugepages-2Mi] Invalid",
        ],
    );
    let term = json!([{"topologyKey": "a", "labelSelector": {"matchExpressions": odd}}]);
    stays(
        &newest,
        &json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}}),
        &[
            "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[0].values[0] Invalid",
        ],
    );
    stays(
        &newest,
        &json!({"topologySpreadConstraints": [
            {"topologyKey": "a", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchExpressions": odd}},
        ]}),
        &["topologySpreadConstraints[0].labelSelector.matchExpressions[0].values[0] Invalid"],
    );
    let terms = json!({"nodeSelectorTerms": [{"matchExpressions": odd}]});
    stays(
        &newest,
        &json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}),
        &[
            "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[0] Invalid",
        ],
    );
    stays(
        &newest,
        &json!({"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "../a"}}]}}]}),
        &["volumes[0].projected.path Invalid"],
    );
    stays(
        &newest,
        &json!({"hostIPC": true, "securityContext": {"sysctls": [{"name": "kernel.shmmax", "value": "1"}]}}),
        &["securityContext.sysctls[0].name Invalid"],
    );
    stays(
        &newest,
        &json!({
            "hostUsers": false,
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}],
            "containers": [{"volumeDevices": [{"name": "v", "devicePath": "/dev/v"}]}],
        }),
        &["containers[0].volumeDevices Forbidden"],
    );
    stays(
        &newest,
        &json!({"restartPolicy": "OnFailure", "initContainers": [
            {"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]},
        ]}),
        &["initContainers[0].resizePolicy[0].restartPolicy Invalid"],
    );
}

#[test]
fn what_gates_brought() {
    let off = |gates: &str| server("1.35", gates);
    stays(
        &off("UserNamespacesHostNetworkSupport=false"),
        &json!({"hostUsers": false, "hostNetwork": true}),
        &["hostNetwork Forbidden"],
    );
    stays(
        &off("TaintTolerationComparisonOperators=false"),
        &json!({"tolerations": [{"key": "a", "operator": "Lt", "value": "1"}]}),
        &["tolerations[0].operator NotSupported"],
    );
    stays(
        &off("SELinuxMount=false"),
        &json!({"securityContext": {"seLinuxChangePolicy": "MountOption"}}),
        &["securityContext.seLinuxChangePolicy NotSupported"],
    );
    stays(
        &server("1.33", "RelaxedDNSSearchValidation=false"),
        &json!({"dnsConfig": {"searches": ["a_b"]}}),
        &["dnsConfig.searches[0] Invalid"],
    );
    stays(
        &server("1.33", "RelaxedEnvironmentVariableValidation=false"),
        &json!({"containers": [{"env": [{"name": "a b"}]}]}),
        &["containers[0].env[0].name Invalid"],
    );
    stays(
        &server("1.33", "PodLifecycleSleepActionAllowZero=false"),
        &json!({"containers": [{"lifecycle": {"preStop": {"sleep": {"seconds": 0}}}}]}),
        &["containers[0].lifecycle.preStop.sleep Invalid"],
    );
    // Any stored policy opens the field for all.
    let policy = |policy: &str| json!({"securityContext": {"seLinuxChangePolicy": policy}});
    assert_eq!(updated(&off(""), &policy("Recursive"), &policy("MountOption")), Vec::<String>::new());
}

#[test]
fn a_version_without_the_gate_has_no_way_around_it() {
    let pod = json!({"hostUsers": false, "hostNetwork": true});
    let old = Server::of("1.34".parse().unwrap());
    assert_eq!(updated(&old, &pod, &pod), ["hostNetwork Forbidden"]);
}

#[test]
fn a_stored_sidecar_may_resize() {
    let pod = json!({"initContainers": [{
        "restartPolicy": "Always", "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
    }]});
    let refused = ["initContainers[0].resizePolicy Invalid"];
    assert_eq!(updated(&server("1.31", ""), &pod, &pod), refused);
    assert_eq!(updated(&server("1.32", ""), &pod, &pod), Vec::<String>::new());
}

#[test]
fn keys_of_spread_constraints_are_judged_as_before() {
    let pod = |selector: Value| {
        json!({"topologySpreadConstraints": [{
            "topologyKey": "a", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule",
            "matchLabelKeys": ["key"], "labelSelector": selector,
        }]})
    };
    // Merged keys may stand in the selector once; without merging, not at all.
    let once = pod(json!({"matchLabels": {"key": "a"}}));
    let twice = pod(json!({"matchExpressions": [
        {"key": "key", "operator": "Exists"}, {"key": "key", "operator": "Exists"},
    ]}));
    let (merges, not) =
        (server("1.36", ""), server("1.36", "MatchLabelKeysInPodTopologySpreadSelectorMerge=false"));
    let plain = json!({});
    let found = |server: &Server, old: &Value, new: &Value| updated(server, old, new).len();
    assert_eq!((found(&merges, &plain, &once), found(&not, &plain, &once)), (0, 1));
    assert_eq!(found(&not, &once, &once), 0, "the old one was merged");
    assert_eq!(
        (found(&merges, &plain, &twice), found(&merges, &twice, &once)),
        (1, 1),
        "the old one was not"
    );
}

#[test]
fn pod_resources_that_stay_are_not_looked_at() {
    let pod = json!({"resources": {"claims": [{"name": "a"}], "limits": {"cpu": "1"}}});
    let off = server("1.34", "PodLevelResources=false");
    assert_eq!(updated(&off, &pod, &pod), Vec::<String>::new());
    assert!(!updated(&server("1.34", ""), &pod, &pod).is_empty());
}

#[test]
fn an_indexed_job_grows_with_its_gate() {
    let spec = |number: i32| {
        let mut job = job(json!({}));
        job["spec"]["completionMode"] = json!("Indexed");
        job["spec"]["completions"] = json!(number);
        job["spec"]["parallelism"] = json!(number);
        job
    };
    let found = |gates: &str| {
        let server = server("1.29", gates);
        let old = server.created(written(&server, &spec(2))).prepare_for_create().into_workload();
        let mut new = old.clone();
        new.job_spec_mut().completions = Some(4);
        new.job_spec_mut().parallelism = Some(4);
        let prepared = server.updated(new).prepare_for_update(&old);
        let errors = server.validate_update(&prepared, &old);
        errors.iter().filter(|error| error.path.to_string() == "spec.completions").count()
    };
    assert_eq!((found(""), found("ElasticIndexedJob=false")), (0, 1));
}

#[test]
fn a_deletion_cost_may_stay() {
    let with_cost = |cost: &str| {
        let mut object = cron_job(json!({}));
        let annotations = json!({"controller.kubernetes.io/pod-deletion-cost": cost});
        object["spec"]["jobTemplate"]["spec"]["template"]["metadata"] = json!({"annotations": annotations});
        object
    };
    let server = Server::of(KubernetesVersion::NEWEST_COMPARED);
    let found = |old: &str, new: &str| {
        let old = server.updated(written(&server, &with_cost(old))).into_workload();
        let new = server.updated(written(&server, &with_cost(new))).prepare_for_update(&old);
        let errors = server.validate_update(&new, &old);
        errors.iter().filter(|error| error.path.to_string().contains("pod-deletion-cost")).count()
    };
    assert_eq!((found("1", "x"), found("x", "y")), (1, 0));
}

#[test]
fn a_stored_image_volume_stays() {
    let pod = json!({"volumes": [{"name": "v", "image": {"reference": "busybox", "pullPolicy": "Always"}}]});
    assert_eq!(updated(&server("1.31", ""), &pod, &pod), ["volumes[0] Required"]);
    assert_eq!(updated(&server("1.32", ""), &pod, &pod), Vec::<String>::new());
}
