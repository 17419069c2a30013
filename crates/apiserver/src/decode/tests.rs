use serde_json::{Map, Value, json};

use super::*;
use crate::testing::server;

fn decoded(kind: Kind, object: &Value) -> Decoded {
    let tree = Tree::from_value(object);
    server().decode(&tree, tree.root(), kind)
}

fn said(kind: Kind, object: &Value) -> String {
    let lines: Vec<String> = decoded(kind, object)
        .complaints
        .iter()
        .map(|e| {
            format!(
                "{}: {}{}",
                e.path,
                e.message,
                e.help.as_ref().map(|h| format!(" -- {h}")).unwrap_or_default()
            )
        })
        .collect();
    lines.join("\n")
}

#[test]
fn unknown_fields_are_given_their_place() {
    let object = json!({
        "spec": {
            "Completions": 3,
            "restartPolicy": "Never",
            "schedule": "* * * * *",
            "nonsense": 1,
            "template": {
                "backoffLimit": 4,
                "containers": [],
                "spec": {
                    "backoffLimit": 4,
                    "image": "x",
                    "volume": [],
                    "containers": [{"name": "main", "imagePullPolcy": "Always", "containerPort": 80}],
                },
            },
        },
        "data": {},
    });
    insta::assert_snapshot!(said(Kind::Job, &object), @r"
    data: Job has no field data
    spec.Completions: JobSpec has no field Completions -- did you mean completions?
    spec.nonsense: JobSpec has no field nonsense
    spec.restartPolicy: JobSpec has no field restartPolicy -- restartPolicy belongs under template.spec, two levels down
    spec.schedule: JobSpec has no field schedule -- schedule is a field of a CronJob's spec
    spec.template.backoffLimit: PodTemplateSpec has no field backoffLimit -- backoffLimit belongs to spec, one level up
    spec.template.containers: PodTemplateSpec has no field containers -- containers belongs under spec, one level down
    spec.template.spec.backoffLimit: PodSpec has no field backoffLimit -- backoffLimit belongs to spec, two levels up
    spec.template.spec.containers[0].containerPort: Container has no field containerPort -- containerPort belongs under ports, one level down
    spec.template.spec.containers[0].imagePullPolcy: Container has no field imagePullPolcy -- did you mean imagePullPolicy?
    spec.template.spec.image: PodSpec has no field image -- image belongs under containers, one level down
    spec.template.spec.volume: PodSpec has no field volume -- did you mean volumes?
    ");
    let object = json!({"spec": {"startDeadlineSeconds": 1, "JobsHistoryLimit": 1, "template": {}}});
    insta::assert_snapshot!(said(Kind::CronJob, &object), @r"
    spec.JobsHistoryLimit: CronJobSpec has no field JobsHistoryLimit -- did you mean failedJobsHistoryLimit or successfulJobsHistoryLimit?
    spec.startDeadlineSeconds: CronJobSpec has no field startDeadlineSeconds -- did you mean startingDeadlineSeconds?
    spec.template: CronJobSpec has no field template -- template belongs under jobTemplate.spec, two levels down
    ");
}

#[test]
fn wrong_types_are_all_named() {
    let object = json!({
        "metadata": {"name": 5, "labels": {"a": true}, "creationTimestamp": "yesterday"},
        "spec": {
            "completions": "3",
            "parallelism": 1.0,
            "backoffLimit": 3_000_000_000_i64,
            "activeDeadlineSeconds": 9_223_372_036_854_775_808_u64,
            "suspend": "true",
            "template": {"spec": {
                "containers": [{
                    "command": "perl",
                    "args": [1],
                    "env": {"name": "a"},
                    "resources": {"limits": {"cpu": "a lot", "memory": 1.5}},
                    "ports": [{"containerPort": "80"}],
                    "livenessProbe": {"httpGet": {"port": true}},
                }],
                "restartPolicy": ["Never"],
            }},
        },
    });
    let decoded_object = decoded(Kind::Job, &object);
    assert!(decoded_object.workload.is_none());
    insta::assert_snapshot!(said(Kind::Job, &object), @r#"
    metadata.creationTimestamp: must be a time such as 2026-01-31T12:00:00Z, not the string "yesterday"
    metadata.labels[a]: must be a string, not the boolean true -- put the value in quotes: YAML reads y, n, yes, no, on, off, true and false as booleans
    metadata.name: must be a string, not the number 5 -- put the value in quotes
    spec.activeDeadlineSeconds: 9223372036854775808 does not fit: the largest number this field can hold is 9223372036854775807
    spec.backoffLimit: 3000000000 does not fit: the largest number this field can hold is 2147483647
    spec.completions: must be a whole number, not the string "3" -- remove the quotes
    spec.parallelism: must be a whole number, not the number 1.0 -- write it without a decimal point or an exponent; kubectl sends it so itself, but a request that holds it as it is written is refused
    spec.suspend: must be true or false, not the string "true" -- remove the quotes
    spec.template.spec.containers[0].args[0]: must be a string, not a number -- put the value in quotes
    spec.template.spec.containers[0].command: must be a list, not a string -- write it as a list: ["..."]
    spec.template.spec.containers[0].env: must be a list, not an object -- begin the entry with a dash (- ): it is one element of a list
    spec.template.spec.containers[0].livenessProbe.httpGet.port: must be a whole number or a string, not the boolean true
    spec.template.spec.containers[0].ports[0].containerPort: must be a whole number, not the string "80" -- remove the quotes
    spec.template.spec.containers[0].resources.limits[cpu]: must be a quantity such as 500m, 2 or 1.5Gi, not the string "a lot"
    spec.template.spec.restartPolicy: must be a string, not a list
    "#);
    let expected: Vec<_> = decoded_object.mistyped.iter().map(|m| m.expected.as_str()).collect();
    assert_eq!(expected[0..3], ["v1.Time", "string", "string"]);
    assert_eq!(expected.last(), Some(&"v1.RestartPolicy"));
}

#[test]
fn null_is_nothing() {
    let object = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": null,
        "spec": {"completions": null, "template": {"metadata": {"labels": {"a": null}}, "spec": {"containers": [null]}}},
        "status": {},
    });
    let decoded = decoded(Kind::Job, &object);
    assert_eq!(decoded.complaints, []);
    let Some(Workload::Job(job)) = decoded.workload else { panic!("no Job") };
    let template = job.spec.unwrap().template;
    assert_eq!(template.metadata.unwrap().labels.unwrap()["a"], "");
    assert_eq!(template.spec.unwrap().containers.len(), 1);
}

#[test]
fn numbers_where_text_would_do() {
    let object = json!({
        "metadata": {"managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {"f:a": {}, "f:b": [null, 1]}}}]},
        "spec": {"template": {"spec": {"containers": [{
            "name": "a",
            "resources": {"limits": {"cpu": 1.5, "memory": "1Gi", "a": 2, "b": null}},
            "livenessProbe": {"httpGet": {"port": 80}, "tcpSocket": {"port": "http"}},
            "readinessProbe": {"httpGet": {"port": null}},
        }]}}},
    });
    let decoded = decoded(Kind::Job, &object);
    assert_eq!(decoded.complaints, []);
    let Some(Workload::Job(job)) = decoded.workload else { panic!("no Job") };
    let fields = job.metadata.managed_fields.unwrap().remove(0).fields_v1.unwrap().0;
    assert_eq!(fields, json!({"f:spec": {"f:a": {}, "f:b": [null, 1]}}));
    let container = job.spec.unwrap().template.spec.unwrap().containers.remove(0);
    let limits = serde_json::to_value(container.resources.unwrap().limits).unwrap();
    assert_eq!(limits, json!({"a": "2", "b": "0", "cpu": "1.5", "memory": "1Gi"}));
    let probe = serde_json::to_value(container.liveness_probe).unwrap();
    assert_eq!(probe, json!({"httpGet": {"port": 80}, "tcpSocket": {"port": "http"}}));
}

#[test]
fn keys_given_twice() {
    let text = "
spec:
  base: &base {completions: 1, parallelism: 2}
  suspend: true
  <<: *base
  completions: 3
  suspend: false
  suspend: true
  template:
    metadata:
      labels: {a: b, a: c}
";
    let documents = jobguard_manifest::read(text);
    let tree = documents[0].content.as_ref().unwrap();
    let decoded = server().decode(tree, tree.root(), Kind::Job);
    let paths: Vec<_> = decoded.complaints.iter().map(|e| format!("{:?} {}", e.topic, e.path)).collect();
    assert_eq!(
        paths,
        [
            "DuplicateKey spec.suspend",
            "UnknownField spec.base",
            "DuplicateKey spec.template.metadata.labels[a]"
        ]
    );
    let Some(Workload::Job(job)) = decoded.workload else { panic!("no Job") };
    assert_eq!(job.spec.unwrap().completions, Some(3));
}

#[test]
fn work_is_bounded() {
    let items: Vec<Value> = (0..5000).map(|n| json!(n)).collect();
    let unknown: Map<String, Value> = (0..5000).map(|n| (format!("field{n}"), json!(1))).collect();
    let decoded = decoded(
        Kind::Job,
        &json!({"spec": {"template": {"spec": {"containers": [{"command": items}]}}}, "metadata": unknown}),
    );
    assert_eq!(decoded.complaints.len(), 1000);
    assert!(decoded.workload.is_none());
}

#[test]
fn not_an_object() {
    assert_eq!(
        said(Kind::CronJob, &json!([1])),
        "must be an object (key: value), not a list".replacen("must", ": must", 1)
            + " -- remove the dash (- ): this field holds one object, not a list of them"
    );
    assert!(decoded(Kind::CronJob, &json!(null)).workload.is_some());
}

#[test]
fn times() {
    for text in ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+02:00"] {
        assert!(is_time(text), "{text}");
    }
    for text in ["", "2026-01-31", "2026-01-31 12:00:00Z", "2026-02-31T12:00:00Z", "2026-01-31T12:00:00"] {
        assert!(!is_time(text), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,60}", number in proptest::num::i64::ANY) {
        for value in [json!(text), json!(number), json!([text]), json!({text.clone(): number})] {
            let object = json!({"spec": {"template": value, "completions": value, &text: 1}, &text: value});
            let _ = said(Kind::Job, &object);
        }
    }
}

/// What to do about the unknown field at `place` of a Pod, whose only value this is, on a server of `version` with `gates`.
fn advice(version: &str, gates: &str, place: &str, value: Value) -> Option<String> {
    let mut pod = json!({"restartPolicy": "Never", "containers": [{"name": "main", "image": "a"}]});
    let (parent, name) = place.rsplit_once('/').unwrap();
    let mut at = &mut pod;
    for step in parent.split('/').filter(|step| !step.is_empty()) {
        at = match step.parse::<usize>() {
            Ok(index) => {
                let list = if at.is_null() { at.insert_list() } else { at.as_array_mut().unwrap() };
                list.resize(list.len().max(index + 1), json!({"name": "x"}));
                &mut list[index]
            }
            Err(_) => &mut at[step],
        };
    }
    at[name] = value;
    let job = json!({"metadata": {"name": "a"}, "spec": {"template": {"spec": pod}}});
    let server = gates.parse::<crate::FeatureGates>().unwrap().on(version.parse().unwrap()).unwrap();
    let tree = Tree::from_value(&job);
    let decoded = server.decode(&tree, tree.root(), Kind::Job);
    let is_meant =
        |error: &FieldError| error.topic == Topic::UnknownField && error.path.to_string().ends_with(name);
    let mut unknown = decoded.complaints.into_iter().filter(is_meant);
    unknown.next().unwrap_or_else(|| panic!("{version}: {place} is known")).help
}

trait InsertList {
    fn insert_list(&mut self) -> &mut Vec<Value>;
}

impl InsertList for Value {
    fn insert_list(&mut self) -> &mut Vec<Value> {
        *self = json!([]);
        self.as_array_mut().unwrap()
    }
}

#[test]
fn later_versions_are_asked_what_they_make_of_a_field() {
    let (claim, certificate) = ("/resourceClaims/0", "/volumes/0/projected/sources/0/podCertificate");
    let claim_name = format!("{claim}/resourceClaimName");
    let annotations = format!("{certificate}/userAnnotations");
    let (change, group) = ("/securityContext/seLinuxChangePolicy", "/schedulingGroup");
    for (version, gates, place, value, expected) in [
        ("1.31", "", "/hostnameOverride", json!("a.b"), "remove it, or use Kubernetes 1.35 or later"),
        // Known from 1.31 on, and left out up to 1.33 with the list that it is in.
        ("1.29", "", &claim_name, json!("x"), "remove it, or use Kubernetes 1.34 or later"),
        ("1.30", "", &claim_name, json!("x"), "remove it, or use Kubernetes 1.34 or later"),
        (
            "1.29",
            "",
            "/containers/0/resources/claims/0/request",
            json!("x"),
            "remove it, or use Kubernetes 1.34 or later",
        ),
        // No version keeps it by default.
        (
            "1.32",
            "",
            "/containers/0/lifecycle/stopSignal",
            json!("SIGTERM"),
            "remove it; Kubernetes 1.33 or later drops it, unless the feature gate ContainerStopSignals is on",
        ),
        // By its value.
        ("1.31", "", change, json!("Recursive"), "remove it, or use Kubernetes 1.33 or later"),
        ("1.31", "", change, json!("MountOption"), "remove it, or use Kubernetes 1.37 or later"),
        ("1.31", "", change, json!("Nonsense"), "remove it"),
        ("1.34", "", &annotations, json!({}), "remove it, or use Kubernetes 1.37 or later"),
        // With the gates that are set.
        (
            "1.35",
            "GenericWorkload=true",
            group,
            json!({"podGroupName": "a"}),
            "remove it, or use Kubernetes 1.36 or later",
        ),
        // What stood in another object stands beside it.
        (
            "1.34",
            "",
            &format!("{claim}/source"),
            json!({"resourceClaimName": "x"}),
            "move resourceClaimName up, in place of source",
        ),
        (
            "1.34",
            "",
            &format!("{claim}/source"),
            json!({}),
            "remove it; only Kubernetes 1.29 to 1.30 know it",
        ),
    ] {
        assert_eq!(advice(version, gates, place, value).as_deref(), Some(expected), "{version}: {place}");
    }
}

#[test]
fn what_is_beside_an_empty_object_belongs_in_it() {
    let said = |text: &str| {
        let documents = jobguard_manifest::read(text);
        let tree = documents[0].content.as_ref().unwrap();
        let complaints = server().decode(tree, tree.root(), Kind::Job).complaints;
        let line = |error: &FieldError| {
            let target = error.suggestion.as_ref().and_then(|suggestion| suggestion.edit.target());
            let certain = error.suggestion.as_ref().is_some_and(|suggestion| suggestion.certain);
            let target = target.map(|path| path.to_string());
            format!("{} to {} ({certain})", error.path, target.as_deref().unwrap_or("nothing"))
        };
        complaints.iter().map(line).collect::<Vec<_>>()
    };
    let beside = "{metadata: , name: a, spec: {template: , metadata: {}, spec: {containers: []}}}";
    let moved = [
        "name to metadata.name (true)",
        "spec.metadata to spec.template.metadata (true)",
        "spec.spec to spec.template.spec (true)",
    ];
    assert_eq!(said(beside), moved);
    // What cannot be there is looked for elsewhere, and what is within an object is not missing from where that is.
    let spec = "{spec: {template: , metadata: 1, schedule: x, spec: {containers: []}}}";
    let elsewhere = [
        "spec.metadata to nothing (false)",
        "spec.schedule to nothing (false)",
        "spec.spec to spec.template.spec (true)",
    ];
    assert_eq!(said(spec), elsewhere);
    let filled = "{spec: {backoffLimit: 1, spec: {containers: []}, template: {metadata: {}}}}";
    assert_eq!(said(filled), ["spec.spec to spec.template.spec (true)"]);
}
