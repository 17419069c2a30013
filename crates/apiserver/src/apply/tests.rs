use serde_json::{Value, json};

use super::*;
use crate::testing::server;

/// A Job whose Pod template has this spec.
fn job(pod: &Value) -> Value {
    json!({"spec": {"template": {"spec": pod}}})
}

fn merged(way: Way, stored: &Value, applied: Option<&Value>, written: &Value) -> Value {
    let applied = applied.cloned().map(Applied::from);
    server().merge(Kind::Job, way, stored.clone(), applied.as_ref(), written).value
}

/// The Pod's spec after an apply by kubectl.
fn pod(stored: &Value, applied: Option<&Value>, written: &Value) -> Value {
    let applied = applied.map(job);
    merged(Way::Strategic, &job(stored), applied.as_ref(), &job(written))["spec"]["template"]["spec"].clone()
}

#[test]
fn three_sides() {
    let stored = json!({"spec": {"parallelism": 1, "completions": 1, "backoffLimit": 6, "suspend": true}});
    // Never applied and not written: kept.
    assert_eq!(
        merged(Way::Strategic, &stored, Some(&json!({"spec": {}})), &json!({"spec": {"parallelism": 2}})),
        json!({"spec": {"parallelism": 2, "completions": 1, "backoffLimit": 6, "suspend": true}})
    );
    // Applied and written no longer: removed, whatever its value is by now. Null is as good as nothing, and removes too.
    let applied = json!({"spec": {"suspend": false, "completions": 1}});
    assert_eq!(
        merged(
            Way::Strategic,
            &stored,
            Some(&applied),
            &json!({"spec": {"completions": 1, "backoffLimit": null}})
        ),
        json!({"spec": {"parallelism": 1, "completions": 1}})
    );
    // Nothing is known to have been applied.
    assert_eq!(merged(Way::Strategic, &stored, None, &json!({})), stored);
    // What the API does not have is not set.
    assert_eq!(merged(Way::Strategic, &stored, None, &json!({"Spec": {}, "spec": {"x": 1}})), stored);
}

#[test]
fn free_maps_are_merged_key_by_key() {
    let stored = json!({"metadata": {"labels": {"a": "1", "b": "2", "own": "x"}}});
    let applied = json!({"metadata": {"labels": {"a": "1", "b": "2"}}});
    let written = json!({"metadata": {"labels": {"a": "3", "c": null}}});
    assert_eq!(
        merged(Way::Strategic, &stored, Some(&applied), &written),
        json!({"metadata": {"labels": {"a": "3", "own": "x"}}})
    );
}

#[test]
fn lists_are_merged_by_key() {
    let stored = json!({
        "containers": [
            {"name": "injected", "image": "proxy"},
            {"name": "main", "image": "app:1", "imagePullPolicy": "IfNotPresent", "env": [
                {"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "X", "value": "by a webhook"}]},
        ],
        "tolerations": [{"key": "a"}, {"key": "b"}],
    });
    let applied = json!({
        "containers": [
            {"name": "main", "image": "app:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"name": "gone"},
        ],
    });
    let written = json!({
        "containers": [{"name": "main", "image": "app:2", "env": [{"name": "C", "value": "3"}, {"name": "A", "value": "1"}]}],
        "tolerations": [{"key": "c"}],
    });
    assert_eq!(
        pod(&stored, Some(&applied), &written),
        json!({
            "containers": [
                {"name": "injected", "image": "proxy"},
                {"name": "main", "image": "app:2", "imagePullPolicy": "IfNotPresent", "env": [
                    {"name": "X", "value": "by a webhook"}, {"name": "C", "value": "3"}, {"name": "A", "value": "1"}]},
            ],
            "tolerations": [{"key": "c"}],
        })
    );
}

#[test]
fn a_volume_has_one_source() {
    let stored = json!({"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}]});
    let written = json!({"volumes": [{"name": "v", "configMap": {"name": "c"}}]});
    assert_eq!(pod(&stored, None, &written), written);
    // Its own parts are merged.
    let stored = json!({"volumes": [{"name": "v", "configMap": {"name": "b", "defaultMode": 420}}]});
    assert_eq!(
        pod(&stored, None, &written),
        json!({"volumes": [{"name": "v", "configMap": {"name": "c", "defaultMode": 420}}]})
    );
}

#[test]
fn ports_of_one_number_are_one_to_kubectl_and_two_to_the_server() {
    let port = |protocol: &str| json!({"containerPort": 53, "protocol": protocol});
    let with = |ports: Value| job(&json!({"containers": [{"name": "a", "ports": ports}]}));
    let ports = |value: Value| value["spec"]["template"]["spec"]["containers"][0]["ports"].clone();
    let (stored, written) = (with(json!([port("TCP")])), with(json!([port("TCP"), port("UDP")])));
    assert_eq!(ports(merged(Way::Strategic, &stored, None, &written)), json!([port("TCP")]));
    assert_eq!(ports(merged(Way::ServerSide, &stored, None, &written)), json!([port("TCP"), port("UDP")]));
    // Both unchanged, they stay.
    assert_eq!(ports(merged(Way::Strategic, &written, None, &written)), json!([port("TCP"), port("UDP")]));
    // The server takes a port without a protocol for TCP.
    let plain = with(json!([{"containerPort": 53, "name": "dns"}]));
    assert_eq!(
        ports(merged(Way::ServerSide, &written, None, &plain)),
        json!([{"containerPort": 53, "protocol": "TCP", "name": "dns"}, port("UDP")])
    );
}

#[test]
fn a_list_without_its_key_stands_as_it_is_written() {
    let stored = json!({"containers": [{"name": "a", "image": "b"}]});
    let written = json!({"containers": [{"image": "c"}]});
    assert_eq!(pod(&stored, None, &written), written);
}

#[test]
fn finalizers_are_a_set() {
    let with = |names: Value| json!({"metadata": {"finalizers": names}});
    let stored = with(json!(["a/a", "b/b", "x/x"]));
    let applied = with(json!(["a/a", "b/b"]));
    let written = with(json!(["c/c", "b/b"]));
    assert_eq!(merged(Way::Strategic, &stored, Some(&applied), &written), with(json!(["c/c", "b/b", "x/x"])));
}

#[test]
fn fields_of_merged_objects_have_a_place_in_the_manifest() {
    let stored = json!({"containers": [{"name": "injected"}, {"name": "main", "env": [{"name": "X"}]}, {"name": "late"}]});
    let written = json!({"containers": [{"name": "new"}, {"name": "main", "env": [{"name": "A"}]}]});
    let merged = server().merge(Kind::Job, Way::Strategic, job(&stored), None, &job(&written));
    let names: Vec<_> = merged.value["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|container| container["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["new", "injected", "main", "late"]);
    let place = |path: &str| {
        let path = format!("spec.template.spec.{path}");
        let place = merged.places.in_manifest(&FieldPath::parse(&path)).to_string();
        place.strip_prefix("spec.template.spec.").unwrap().to_owned()
    };
    assert_eq!(place("containers[0].image"), "containers[0].image");
    assert_eq!(place("containers[1].image"), "containers");
    assert_eq!(place("containers[2].image"), "containers[1].image");
    assert_eq!(place("containers[2].env[0].value"), "containers[1].env[0].value");
    assert_eq!(place("containers[2].env[1].value"), "containers[1].env");
    assert_eq!(place("restartPolicy"), "restartPolicy");
}

/// A Job that two managers have applied, and a controller has updated.
fn managed() -> Value {
    let fields = |fields: Value| json!({"f:spec": fields});
    let mut job = job(&json!({
        "containers": [{"name": "main", "image": "app:1", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}],
        "nodeSelector": {"disk": "ssd"},
    }));
    job["spec"]["parallelism"] = 2.into();
    job["spec"]["suspend"] = true.into();
    job["spec"]["ttlSecondsAfterFinished"] = 600.into();
    let container =
        |below: Value| json!({"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"main\"}": below}}}});
    let mut own =
        container(json!({".": {}, "f:name": {}, "f:image": {}, "f:resources": {"f:limits": {"f:cpu": {}}}}));
    own["f:parallelism"] = json!({});
    own["f:suspend"] = json!({});
    own["f:template"]["f:spec"]["f:nodeSelector"] = json!({});
    let others = container(json!({".": {}, "f:name": {}, "f:resources": {"f:limits": {"f:memory": {}}}}));
    job["metadata"] = json!({"managedFields": [
        {"manager": "queue", "operation": "Update", "time": "2026-01-03T00:00:00Z", "fieldsV1": fields(json!({"f:suspend": {}}))},
        {"manager": "kubectl", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": fields(own)},
        {"manager": "vpa", "operation": "Apply", "time": "2026-01-02T00:00:00Z", "fieldsV1": fields(others)},
    ]});
    job
}

#[test]
fn what_the_server_has_applied_is_in_the_managed_fields() {
    let Applied { written, kept } = server().applied_by_server(Kind::Job, &managed()).unwrap();
    let pod = |limits: Value, image: Option<&str>| {
        let mut pod = json!({"containers": [{"name": "main", "resources": {"limits": limits}}]});
        if let Some(image) = image {
            pod["containers"][0]["image"] = image.into();
            pod["nodeSelector"] = json!({"disk": "ssd"});
        }
        job(&pod)
    };
    let mut own = pod(json!({"cpu": "1"}), Some("app:1"));
    own["spec"]["parallelism"] = 2.into();
    own["spec"]["suspend"] = true.into();
    assert_eq!(written, own);
    let mut others = pod(json!({"memory": "1Gi"}), None);
    others["spec"]["suspend"] = true.into();
    assert_eq!(kept, Some(others));
    // It was never applied.
    assert_eq!(server().applied_by_server(Kind::Job, &job(&json!({}))), None);
    let mut updated = managed();
    updated["metadata"]["managedFields"].as_array_mut().unwrap().truncate(1);
    assert_eq!(server().applied_by_server(Kind::Job, &updated), None);
}

#[test]
fn the_server_removes_what_was_its_managers_own() {
    let stored = managed();
    let own = server().applied_by_server(Kind::Job, &stored);
    let without = |written: Value| {
        let mut merged =
            server().merge(Kind::Job, Way::ServerSide, stored.clone(), own.as_ref(), &written).value;
        merged.as_object_mut().unwrap().remove("metadata");
        merged
    };
    // The memory is another's, and the container too as long as that is there. Its image goes, and what has no owner.
    let spec = json!({"suspend": true, "ttlSecondsAfterFinished": 600, "template": {"spec": {"dnsPolicy": "ClusterFirst"}}});
    let merged = without(json!({"spec": spec}));
    assert_eq!(merged["spec"].get("parallelism"), None);
    assert_eq!(
        merged["spec"]["template"]["spec"],
        json!({
            "dnsPolicy": "ClusterFirst",
            "containers": [{"name": "main", "resources": {"limits": {"memory": "1Gi"}}}],
        })
    );
    // An atomic map is replaced as a whole.
    let written = job(&json!({
        "containers": [{"name": "main", "image": "app:1", "resources": {"limits": {"cpu": "1"}}}],
        "nodeSelector": {"zone": "a"},
    }));
    let merged = without(written);
    let (pod, before) = (&merged["spec"]["template"]["spec"], &stored["spec"]["template"]["spec"]);
    assert_eq!(pod["nodeSelector"], json!({"zone": "a"}));
    assert_eq!(pod["containers"], before["containers"]);
}
