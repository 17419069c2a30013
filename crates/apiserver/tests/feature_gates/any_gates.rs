//! Whatever gates are set: nothing panics, and preparing an object again leaves out nothing more.

use jobguard_apiserver::{FeatureGates, Gate, KubernetesVersion, Server};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{job, written};

/// Pods that use what gates guard; each sets other fields.
fn parts() -> Vec<Value> {
    let rules = json!([{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [1]}}]);
    let term = json!([{"topologyKey": "a", "matchLabelKeys": ["a"], "labelSelector": {}}]);
    vec![
        json!({"hostUsers": false, "hostNetwork": true, "schedulingGates": [{"name": "a"}]}),
        json!({"resources": {"limits": {"cpu": "1"}}, "hostnameOverride": "a", "schedulingGroup": {}}),
        json!({"resourceClaims": [{"name": "a", "resourceClaimName": "a"}], "evictionResponders": [{"name": "a"}]}),
        json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}}),
        json!({"topologySpreadConstraints": [{
            "topologyKey": "a", "matchLabelKeys": ["a"], "minDomains": 1, "nodeTaintsPolicy": "Honor",
        }]}),
        json!({"tolerations": [{"operator": "Lt", "value": "x"}]}),
        json!({"securityContext": {
            "supplementalGroupsPolicy": "Strict", "seLinuxChangePolicy": "MountOption",
            "appArmorProfile": {"type": "Unconfined"},
        }}),
        json!({"volumes": [
            {"name": "a", "image": {"reference": "a"}},
            {"name": "b", "emptyDir": {"mode": 1}},
            {"name": "c", "secret": {"secretName": "a", "defaultUser": 1, "items": [{"key": "a", "path": "a", "user": 1}]}},
            {"name": "d", "projected": {"defaultUser": 1, "sources": [
                {"clusterTrustBundle": {"path": "a"}}, {"podCertificate": {"keyPath": "a", "user": 1}},
                {"serviceAccountToken": {"path": "..a"}},
            ]}},
        ]}),
        json!({"initContainers": [{
            "restartPolicy": "Always", "restartPolicyRules": rules,
            "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}],
        }]}),
        json!({"containers": [{
            "lifecycle": {"stopSignal": "SIGX", "preStop": {"sleep": {"seconds": 0}}},
            "livenessProbe": {"grpc": {"port": 1, "mode": "TLS"}},
            "readinessProbe": {"httpGet": {"port": 1, "protocol": "H2C"}},
            "volumeMounts": [{"name": "a", "mountPath": "/a", "recursiveReadOnly": "Enabled", "bindMountOptions": ["a"]}],
            "env": [{"name": "a b", "valueFrom": {"fileKeyRef": {"volumeName": "b", "path": "a", "key": "a"}}}],
            "securityContext": {"procMount": "Unmasked"},
            "resources": {"claims": [{"name": "a"}]},
            "restartPolicy": "Never", "restartPolicyRules": rules,
        }]}),
    ]
}

fn job_parts() -> Vec<Value> {
    vec![
        json!({"managedBy": "a/b", "podReplacementPolicy": "Failed", "scheduling": {}}),
        json!({"successPolicy": {"rules": [{"succeededCount": 1}]}}),
        json!({"backoffLimitPerIndex": 1, "maxFailedIndexes": 1}),
        json!({"podFailurePolicy": {"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}]}}),
    ]
}

fn join(parts: &[Value]) -> Value {
    let fields = parts.iter().filter_map(Value::as_object).flatten();
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn object() -> impl Strategy<Value = Value> {
    (vec(select(parts()), 0..8), vec(select(job_parts()), 0..4), any::<bool>()).prop_map(
        |(pods, jobs, is_cron_job)| {
            let mut object = job(join(&pods));
            let spec = object["spec"].as_object_mut().unwrap();
            spec.extend(join(&jobs).as_object().unwrap().clone());
            if is_cron_job {
                object =
                    json!({"metadata": {"name": "a"}, "spec": {"schedule": "@daily", "jobTemplate": object}});
                object["spec"]["jobTemplate"]["metadata"] = Value::Null;
            }
            object
        },
    )
}

fn any_server() -> impl Strategy<Value = Server> {
    let gates = vec((select(Gate::all().collect::<Vec<_>>()), any::<bool>()), 0..60);
    let group = proptest::option::of((select(vec!["AllAlpha", "AllBeta"]), any::<bool>()));
    let version = select(KubernetesVersion::all().collect::<Vec<_>>());
    (gates, group, version).prop_map(|(gates, group, version)| {
        let mut set = FeatureGates::default();
        for (gate, on) in gates {
            set.set(gate.name(), on).unwrap();
        }
        if let Some((group, on)) = group {
            set.set(group, on).unwrap();
        }
        set.where_possible(version)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn preparing_again_drops_nothing_more(server in any_server(), object in object()) {
        let once = server.created(written(&server, &object)).prepare_for_create();
        server.validate_create(&once);
        let twice = server.updated(once.workload().clone()).prepare_for_create();
        // A CronJob keeps what its Jobs lose.
        let left: Vec<_> = twice.dropped().iter().filter(|dropped| !dropped.by_jobs_only).collect();
        prop_assert!(left.is_empty(), "{left:?}");
        // Metadata aside: a Job without labels gets those of its template when it is read again.
        prop_assert_eq!(twice.workload().job_spec(), once.workload().job_spec());
    }

    #[test]
    fn updates_never_panic_and_keep_what_is_stored(
        (server, other) in (any_server(), any_server()),
        (old, new) in (object(), object()),
    ) {
        // Stored by another server, so that it may use what this one would drop.
        let old = other.created(written(&other, &old)).prepare_for_create();
        let is_valid = other.validate_create(&old).is_empty();
        let old = old.into_workload();
        let once = server.updated(written(&server, &new)).prepare_for_update(&old);
        server.validate_update(&once, &old);
        let twice = server.updated(once.workload().clone()).prepare_for_update(&old);
        prop_assert_eq!(twice.workload(), once.workload());
        let same = server.updated(old.clone()).prepare_for_update(&old);
        let kept = same.dropped().iter().all(|dropped| dropped.by_jobs_only);
        prop_assert!(kept || !is_valid, "{:?}", same.dropped());
    }
}
