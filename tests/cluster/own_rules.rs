//! Own rules, and the same expressions in ValidatingAdmissionPolicies of a real API server: the same verdict on the same objects.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jobguard::apiserver::Kind;
use jobguard::engine::{Author, Context, Input, Neighbours, Object, RequestFacts, check};
use jobguard::manifest;
use jobguard::policy::{Policy, load};
use jobguard::rules::{registry, registry_of};
use serde_json::{Value, json};

use super::control_plane::ControlPlane;

/// How many objects are judged by both.
const OBJECTS: u64 = 1_000;

/// A server cuts off what it warns of beyond 4096 characters: each part of the policies is bound to a namespace of its own.
const PARTS: usize = 5;

/// The namespace of a part.
fn namespace(part: usize) -> String {
    format!("part-{part}")
}

fn policy() -> Policy {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/own-rules/kubernetes.yaml");
    load::read_file(&file, registry().catalog()).unwrap()
}

/// A ValidatingAdmissionPolicy for each rule, which warns of what is not true and of what has no value.
fn policies(policy: &Policy) -> Value {
    let mut items = Vec::new();
    for part in 0..PARTS {
        items.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace(part)}}));
    }
    for (position, rule) in policy.own().rules().iter().enumerate() {
        let name = rule.id.trim_start_matches("k8s/");
        // What is said of an error quotes the expression, and no header can hold a line break.
        let expression = rule.expression.split_whitespace().collect::<Vec<_>>().join(" ");
        let only = json!({"kubernetes.io/metadata.name": namespace(position % PARTS)});
        items.push(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["jobs", "cronjobs"],
                }]},
                "validations": [{"expression": expression, "message": "false"}],
            },
        }));
        items.push(json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {
                "policyName": name,
                "validationActions": ["Warn"],
                "matchResources": {"namespaceSelector": {"matchLabels": only}},
            },
        }));
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// Numbers without an order that anybody sees, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn one(&mut self, of: &[Value]) -> Value {
        of[self.below(of.len())].clone()
    }

    /// One of the entries, or none.
    fn maybe(&mut self, into: &mut Value, key: &str, of: &[Value]) {
        let at = self.below(of.len() + 1);
        if let Some(value) = of.get(at) {
            into[key] = value.clone();
        }
    }
}

fn container(numbers: &mut Numbers, name: &str) -> Value {
    let images = [
        "registry.example/a:1",
        "registry.example/a@sha256:0",
        "docker.io/b:1",
        "busybox",
        "other.example/c:2",
    ];
    let image = numbers.one(&images.map(Value::from));
    let mut container = json!({"name": name, "image": image.as_str().unwrap().replace("sha256:0", &format!("sha256:{}", "0".repeat(64)))});
    numbers.maybe(&mut container, "command", &[json!(["sh", "-c", "true"]), json!([])]);
    numbers.maybe(
        &mut container,
        "env",
        &[
            json!([{"name": "A", "value": "x"}]),
            json!([{"name": "A", "value": ""}, {"name": "B", "value": "y"}]),
            json!([]),
        ],
    );
    numbers.maybe(
        &mut container,
        "resources",
        &[
            json!({}),
            json!({"limits": {"memory": "1024Mi", "cpu": "1000m"}}),
            json!({"limits": {"memory": "2Gi", "cpu": 1}, "requests": {"cpu": "500m"}}),
            json!({"limits": {"memory": "0.5Gi"}}),
            json!({"requests": {"cpu": "1500m", "memory": "1Mi"}}),
        ],
    );
    container
}

fn pod(numbers: &mut Numbers) -> Value {
    let names = ["a", "b", "c", "z"];
    let count = 1 + numbers.below(3);
    let first = numbers.below(2);
    let containers: Vec<Value> = (0..count).map(|at| container(numbers, names[first + at])).collect();
    let mut pod = json!({"restartPolicy": numbers.one(&[json!("Never"), json!("OnFailure")]), "containers": containers});
    if numbers.below(4) == 0 {
        pod["initContainers"] = json!([container(numbers, "init")]);
    }
    numbers.maybe(&mut pod, "hostNetwork", &[json!(true), json!(false)]);
    numbers.maybe(&mut pod, "nodeSelector", &[json!({}), json!({"disk": "ssd"})]);
    numbers.maybe(
        &mut pod,
        "volumes",
        &[json!([]), json!([{"name": "v", "emptyDir": {}}]), json!([{"name": "v", "emptyDir": {"medium": "Memory"}}, {"name": "w", "configMap": {"name": "c"}}])],
    );
    numbers.maybe(
        &mut pod,
        "tolerations",
        &[json!([{"key": "spot", "operator": "Exists"}]), json!([{"operator": "Exists"}])],
    );
    numbers.maybe(&mut pod, "securityContext", &[json!({}), json!({"runAsNonRoot": true})]);
    numbers.maybe(&mut pod, "terminationGracePeriodSeconds", &[json!(30), json!(5)]);
    pod
}

fn object(number: u64) -> (Kind, Value) {
    let numbers = &mut Numbers(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let is_job = numbers.below(2) == 0;
    let name = numbers.one(&["a", "a-b", "nightly", "long-name-of-a-job", "four"].map(Value::from));
    let mut metadata = json!({"name": name, "namespace": namespace(0)});
    let labels = [
        json!({}),
        json!({"owner": "anna"}),
        json!({"owner": "Anna", "team": "ops"}),
        json!({"team": "dev", "version": "1.3.0"}),
        json!({"version": "1.2.0", "owner": "ops-team"}),
        json!({"version": "1.3"}),
        json!({"a": "a"}),
    ];
    numbers.maybe(&mut metadata, "labels", &labels);
    let annotations = [
        json!({}),
        json!({"acme.example/cost": "about 40", "acme.example/max": "90m", "acme.example/ip": "10.1.2.3"}),
        json!({"acme.example/cost": "none", "acme.example/docs": "https://wiki.example/a", "acme.example/ip": "192.168.0.1"}),
        json!({"acme.example/cost": "70", "acme.example/max": "2h", "acme.example/docs": "wiki", "acme.example/ip": "::1"}),
        json!({"other": "x", "acme.example/max": "1 day", "acme.example/ip": "10.1.2"}),
    ];
    numbers.maybe(&mut metadata, "annotations", &annotations);
    let mut job = json!({"template": {"spec": pod(numbers)}});
    numbers.maybe(&mut job, "parallelism", &[json!(1), json!(3), json!(5)]);
    numbers.maybe(&mut job, "activeDeadlineSeconds", &[json!(60)]);
    numbers.maybe(&mut job, "backoffLimit", &[json!(0), json!(4), json!(10)]);
    numbers.maybe(&mut job, "suspend", &[json!(true), json!(false)]);
    if is_job {
        return (
            Kind::Job,
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job}),
        );
    }
    let mut spec = json!({"schedule": numbers.one(&["0 2 * * *", "@daily", "*/5 * * * *"].map(Value::from)), "jobTemplate": {"spec": job}});
    numbers.maybe(&mut spec, "timeZone", &[json!("Europe/Berlin"), json!("Etc/UTC")]);
    numbers.maybe(&mut spec, "concurrencyPolicy", &[json!("Forbid"), json!("Replace")]);
    numbers.maybe(&mut spec, "suspend", &[json!(true), json!(false)]);
    (Kind::CronJob, json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}))
}

/// What we say of an object: each rule that is not true, and whether it has no value.
fn ours(policy: &Policy, kind: Kind, object: &Value, groups: &[String]) -> BTreeMap<String, (bool, String)> {
    let text = object.to_string();
    let documents = manifest::read(&text);
    let tree = documents[0].content.as_ref().unwrap();
    let mut workload = policy.server.decode(tree, tree.root(), kind).workload.unwrap();
    // As the server does before it admits an object.
    let prepared = Object::created(&policy.server, workload.clone(), |_| false);
    workload = prepared.into_workload();
    workload.metadata_mut().uid = Some("00000000-0000-0000-0000-000000000000".to_owned());
    workload.metadata_mut().creation_timestamp =
        serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
    let object = Object::received(&policy.server, workload);
    let request = RequestFacts {
        operation: "CREATE",
        name: object.metadata().name.as_deref().unwrap(),
        namespace: object.namespace().unwrap(),
        dry_run: true,
        kind: ("batch", "v1", kind.as_str()),
        user: "admin",
        uid: "",
        groups,
    };
    let neighbours = Neighbours::default();
    let context = Context {
        registry: registry_of(policy),
        policy,
        neighbours: &neighbours,
        file: None,
        input: Input::Alone,
        now: Timestamp::UNIX_EPOCH,
        namespace_labels: None,
        cancellation: None,
        author: Author { request: Some(request), ..Author::default() },
    };
    let findings = check(&object, &context).findings.into_iter().filter(|finding| finding.rule.is_own());
    findings
        .map(|finding| {
            let name = finding.rule.id().trim_start_matches("k8s/").to_owned();
            (name, (finding.about.is_some(), finding.message))
        })
        .collect()
}

/// What the API server says of it, in all parts; none where it refuses the object.
async fn theirs(
    client: &kube::Client,
    kind: Kind,
    object: &Value,
) -> Option<BTreeMap<String, (bool, String)>> {
    let resource = if kind == Kind::Job { "jobs" } else { "cronjobs" };
    let mut said = BTreeMap::new();
    for part in 0..PARTS {
        let namespace = namespace(part);
        let mut object = object.clone();
        object["metadata"]["namespace"] = json!(namespace);
        let request =
            hyper::Request::post(format!("/apis/batch/v1/namespaces/{namespace}/{resource}?dryRun=All"))
                .header("content-type", "application/json")
                .body(kube::client::Body::from(object.to_string().into_bytes()))
                .unwrap();
        let response = client.send(request).await.unwrap();
        if !response.status().is_success() {
            assert_eq!(response.status().as_u16(), 422, "{object}");
            return None;
        }
        for warning in response.headers().get_all("warning") {
            let warning = warning.to_str().unwrap();
            let Some((_, rest)) = warning.split_once("ValidatingAdmissionPolicy '") else { continue };
            let (name, rest) = rest.split_once('\'').unwrap();
            let (_, message) = rest.split_once("': ").unwrap();
            let failed = message.contains("resulted in error");
            said.insert(name.to_owned(), (failed, message.to_owned()));
        }
    }
    Some(said)
}

#[test]
fn a_validating_admission_policy_says_the_same() {
    let Some(plane) = ControlPlane::start() else { return };
    let policy = policy();
    assert!(policy.own().rules().len() >= 30);
    for rule in policy.own().rules() {
        assert_eq!(rule.beyond_kubernetes(), [""; 0], "{}", rule.id);
    }
    let applied = plane.kubectl(&["apply", "-f", "-"], &policies(&policy).to_string());
    assert!(applied.ok, "{}", applied.stderr);
    let groups = ["system:masters".to_owned(), "system:authenticated".to_owned()];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let kubeconfig = kube::config::Kubeconfig::read_from(plane.kubeconfig()).unwrap();
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
        let client = kube::Client::try_from(config.await.unwrap()).unwrap();
        // An object that no rule is true of, until all of them say so.
        let (mut tries, wanted) = (0, policy.own().rules().len());
        let mut last = 0;
        loop {
            let (kind, probe) = object(7);
            let said = theirs(&client, kind, &probe).await.map_or(0, |said| said.len());
            // Policies begin to be heeded one by one.
            if tries > 40 && said == last && said > 0 {
                break;
            }
            last = said;
            tries += 1;
            assert!(tries < 300, "{said} of {wanted} policies are heeded");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        let (mut judged, mut counts) = (0, BTreeMap::new());
        for number in 0..OBJECTS {
            let (kind, object) = object(number);
            let Some(theirs) = theirs(&client, kind, &object).await else { continue };
            judged += 1;
            let ours = ours(&policy, kind, &object, &groups);
            for rule in policy.own().rules() {
                let name = rule.id.trim_start_matches("k8s/");
                let of = |said: &BTreeMap<String, (bool, String)>| said.get(name).map(|(failed, _)| *failed);
                assert_eq!(
                    of(&ours),
                    of(&theirs),
                    "{name}: {}\n{object}\nours: {:?}\ntheirs: {:?}",
                    rule.expression,
                    ours.get(name),
                    theirs.get(name)
                );
                let count: &mut (u32, u32, u32) = counts.entry(name.to_owned()).or_default();
                match of(&ours) {
                    None => count.0 += 1,
                    Some(false) => count.1 += 1,
                    Some(true) => count.2 += 1,
                }
            }
        }
        assert!(judged > OBJECTS * 9 / 10, "{judged} objects are valid");
        // A rule that is true of all objects, or of none, shows nothing.
        let one_sided: Vec<_> =
            counts.iter().filter(|(_, (holds, wrong, failed))| *holds == 0 || wrong + failed == 0).collect();
        eprintln!("{judged} objects, {} rules: {counts:?}", counts.len());
        assert!(one_sided.len() <= 4, "{one_sided:?}");
    });
}
