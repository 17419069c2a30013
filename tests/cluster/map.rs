//! Exported MutatingAdmissionPolicies: a real API server fills in by itself what `/mutate` fills in.

use std::collections::BTreeMap;
use std::path::Path;

use jobguard::apiserver::{Kind, KubernetesVersion, Server, Workload, stored_form};
use jobguard::engine::ANNOTATION;
use jobguard::policy::{Policy, load};
use jobguard::{export, manifest, mutate, rules};
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use super::control_plane::ControlPlane;

/// All that a policy can fill in and CEL can say, with keys that need escaping. The mode refuses nothing: what is looked at
/// is what is filled in.
const POLICY: &str = r#"
apiVersion: jobguard.dev/v1alpha1
kind: JobPolicy
metadata: {name: map}
spec:
  kubernetesVersion: "1.36"
  defaults:
    restartPolicy: OnFailure
    activeDeadlineSeconds: 4000
    ttlSecondsAfterFinished: 700
    startingDeadlineSeconds: 201
    timeZone: Europe/Berlin
    labels: {"acme.com/team": "a", tier: "b"}
    annotations: {"acme.com/note": "it's \"quoted\" \\ and ü", plain: ""}
    template:
      labels: {"acme.com/in": "c", app: "d"}
      annotations: {"acme.com/of": "e"}
    podFailurePolicy: {ignoreDisruptions: true}
"#;

fn policy() -> Policy {
    let source = load::Source { name: "map".to_owned(), text: POLICY.to_owned() };
    load::read(&source, rules::registry().catalog(), &load::no_files).unwrap()
}

fn vectors(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Objects that no recorded one is like: what deploys a Job, selectors, annotations at their limit, and those that suppress rules.
fn more() -> Vec<Value> {
    let job = |metadata: Value, spec: Value| {
        let mut object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec});
        object["metadata"]["name"] = json!("sample");
        let pod = &mut object["spec"]["template"]["spec"];
        pod["containers"] = json!([{"name": "main", "image": "busybox:1.36"}]);
        object
    };
    let cron_job = |annotations: Value, template: Value| {
        json!({"apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"name": "sample", "annotations": annotations},
            "spec": {"schedule": "0 3 * * *", "jobTemplate": {"metadata": template, "spec": {
                "template": {"spec": {"containers": [{"name": "main", "image": "busybox:1.36"}]}}}}}})
    };
    let mut out = Vec::new();
    for metadata in [
        json!({"labels": {"app.kubernetes.io/managed-by": "hELM"}}),
        json!({"labels": {"app.kubernetes.io/managed-by": "me"}}),
        json!({"labels": {"app.kubernetes.io/instance": "x"}}),
        json!({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}),
        json!({"annotations": {"argocd.argoproj.io/hook": " Skip "}}),
        json!({"annotations": {"notargocd.argoproj.io/x": "y"}}),
        json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}, "annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}),
        json!({"annotations": {"project.werf.io/name": "x"}}),
        json!({"annotations": {"large": "x".repeat(256 * 1024 - 60)}}),
        json!({"annotations": {"large": "ü".repeat(128 * 1024 - 40)}}),
        json!({"labels": {"tier": "own"}, "annotations": {"plain": "own"}}),
        json!({"ownerReferences": [{"apiVersion": "acme.com/v1", "kind": "X", "name": "x", "uid": "1"}]}),
    ] {
        out.push(job(metadata, json!({"template": {"spec": {}}})));
    }
    for spec in [
        json!({"template": {"spec": {"restartPolicy": "Never"}}, "podReplacementPolicy": "Failed"}),
        json!({"template": {"spec": {}}, "podReplacementPolicy": "Failed", "podFailurePolicy": {"rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}}),
        json!({"template": {"metadata": {"labels": {"app": "own"}, "annotations": {"a": "b"}}, "spec": {}}}),
        json!({"manualSelector": true, "selector": {"matchLabels": {"x": "y"}, "matchExpressions": [
            {"key": "app", "operator": "DoesNotExist"}]}, "template": {"metadata": {"labels": {"x": "y"}}, "spec": {}}}),
    ] {
        out.push(job(json!({}), spec));
    }
    for (own, template) in [
        (json!({ANNOTATION: "job/no-deadline (r)"}), json!({})),
        (json!({ANNOTATION: "job/no-deadline (r)"}), json!({"labels": {"a": "b"}})),
        (json!({ANNOTATION: "job/no-deadline (r)"}), json!({"annotations": {"a": "b"}})),
        (json!({ANNOTATION: "job/no-deadline (r)"}), json!({"annotations": {ANNOTATION: "own"}})),
        (
            json!({ANNOTATION: "job/no-deadline (r)"}),
            json!({"annotations": {"large": "x".repeat(256 * 1024 - 100)}}),
        ),
        (json!({}), json!({"annotations": {ANNOTATION: "own"}})),
    ] {
        out.push(cron_job(own, template));
    }
    out
}

/// The part of an object that a policy can change, whoever made it: without what the API server gives each object anew.
fn comparable(object: &Value) -> Value {
    let uid = object["metadata"]["uid"].as_str().unwrap_or(jobguard::apiserver::UNKNOWN_UID).to_owned();
    let metadata = &object["metadata"];
    let part =
        json!({"labels": metadata["labels"], "annotations": metadata["annotations"], "spec": object["spec"]});
    let text = part.to_string().replace(&uid, "<uid>");
    serde_json::from_str(&text).unwrap()
}

/// Whether both are the same, but for values that Go's types do not tell from none.
fn same(one: &Value, other: &Value) -> bool {
    let is_none =
        |value: &Value| matches!(value.to_string().as_str(), "null" | "{}" | "[]" | "\"\"" | "false" | "0");
    match (one, other) {
        (Value::Object(left), Value::Object(right)) => {
            left.keys().chain(right.keys()).all(|key| match (left.get(key), right.get(key)) {
                (Some(left), Some(right)) => same(left, right),
                (Some(alone), None) | (None, Some(alone)) => is_none(alone),
                (None, None) => true,
            })
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (left, right) => left == right || is_none(left) && is_none(right),
    }
}

/// Whether the API server made what is expected: labels and annotations to the letter.
fn agree(made: &Value, expected: &Value) -> bool {
    let map = |value: &Value, field: &str| value[field].as_object().cloned().unwrap_or_default();
    ["labels", "annotations"].iter().all(|field| map(made, field) == map(expected, field))
        && same(made, expected)
}

/// The object as the API server decodes it.
fn workload(server: &Server, object: &Value) -> Option<Workload> {
    let mut object = object.clone();
    object["metadata"]["namespace"] = json!("default");
    let kind = if object["kind"] == "Job" { Kind::Job } else { Kind::CronJob };
    let text = object.to_string();
    let documents = manifest::read(&text);
    let tree = documents[0].content.as_ref().ok()?;
    server.decode(tree, tree.root(), kind).workload
}

/// What `/mutate` fills in. An API server decodes an object anew after each of its own mutations, whether or not it changes
/// anything.
fn fill(workload: &mut Workload, old: Option<&Workload>, policy: &Policy) -> bool {
    match old {
        Some(old) => mutate::fill_update(workload, old, &policy.base().defaults),
        None => mutate::fill(workload, &policy.base().defaults),
    };
    mutate::inherit_annotation(workload, old, ANNOTATION);
    true
}

struct Asker {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Asker {
    fn of(plane: &ControlPlane) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let file = Kubeconfig::read_from(plane.kubeconfig()).unwrap();
        let client = runtime.block_on(async {
            let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
            Client::try_from(config).unwrap()
        });
        Self { runtime, client }
    }

    fn api(&self, kind: &str) -> Api<DynamicObject> {
        let resource = ApiResource {
            group: "batch".to_owned(),
            version: "v1".to_owned(),
            api_version: "batch/v1".to_owned(),
            kind: kind.to_owned(),
            plural: format!("{}s", kind.to_lowercase()),
        };
        Api::namespaced_with(self.client.clone(), "default", &resource)
    }

    fn create(&self, object: &Value, dry_run: bool) -> Result<Value, String> {
        let mut object = object.clone();
        if !object["metadata"].is_object() {
            return Err("it has no metadata".to_owned());
        }
        object["metadata"]["namespace"] = json!("default");
        let typed: DynamicObject =
            serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
        let parameters = PostParams { dry_run, ..PostParams::default() };
        let api = self.api(object["kind"].as_str().unwrap_or_default());
        let made =
            self.runtime.block_on(api.create(&parameters, &typed)).map_err(|error| error.to_string())?;
        Ok(serde_json::to_value(made).unwrap())
    }

    fn replace(&self, name: &str, object: &Value) -> Result<Value, String> {
        let typed: DynamicObject =
            serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
        let parameters = PostParams { dry_run: true, ..PostParams::default() };
        let api = self.api(object["kind"].as_str().unwrap_or_default());
        let made = self
            .runtime
            .block_on(api.replace(name, &parameters, &typed))
            .map_err(|error| error.to_string())?;
        Ok(serde_json::to_value(made).unwrap())
    }
}

/// Applies the policies, and waits until the API server heeds both.
fn apply(plane: &ControlPlane, asker: &Asker, policies: &str) {
    let applied = plane.kubectl(&["apply", "-f", "-"], policies);
    assert!(applied.ok, "{}\n{policies}", applied.stderr);
    assert!(!applied.stderr.contains("Warning"), "{}", applied.stderr);
    let pod = json!({"template": {"spec": {"containers": [{"name": "a", "image": "b:1"}]}}});
    plane.until("the policies fill in", || {
        let job =
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "probe"}, "spec": pod});
        let cron_job = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "probe"},
            "spec": {"schedule": "@daily", "jobTemplate": {"spec": pod}}});
        [job, cron_job].iter().all(|object| {
            asker.create(object, true).is_ok_and(|made| made["metadata"]["labels"]["tier"] == "b")
        })
    });
}

#[test]
fn an_api_server_fills_in_what_the_webhook_does() {
    let Some(plane) = ControlPlane::start() else { return };
    let asker = Asker::of(&plane);
    let policy = policy();
    let server = Server::of("1.36".parse::<KubernetesVersion>().unwrap());

    // Stored before there are policies, to be updated after.
    let mut stored = Vec::new();
    let mut updates = vectors("update.jsonl");
    updates.extend(annotation_updates());
    for (at, vector) in updates.iter().enumerate() {
        let mut old = vector["old"].clone();
        let name = format!("old-{at}");
        old["metadata"] = json!({"name": name, "labels": old["metadata"]["labels"], "annotations": old["metadata"]["annotations"]});
        strip_uids(&mut old);
        // What a real server no longer takes anew cannot be stored here.
        if let Ok(made) = asker.create(&old, false) {
            stored.push((name, made, vector));
        }
    }

    let policies = export::mutating(&policy, &["kube-system".to_owned()]).unwrap();
    apply(&plane, &asker, &policies);

    let mut counts = BTreeMap::<&str, usize>::new();
    let mut wrong = Vec::new();
    let recorded = ["job.jsonl", "cronjob.jsonl", "combined.jsonl", "podtemplate.jsonl"]
        .into_iter()
        .flat_map(vectors)
        .map(|vector| vector["object"].clone());
    for object in recorded.chain(more()) {
        let Ok(made) = asker.create(&object, true) else {
            *counts.entry("refused").or_default() += 1;
            continue;
        };
        let Some(written) = workload(&server, &object) else {
            *counts.entry("of another type").or_default() += 1;
            continue;
        };
        let prepared = server.created(written).filled(|new| fill(new, None, &policy)).prepare_for_create();
        let mut expected = prepared.into_workload();
        server.apply_defaults(&mut expected);
        let (made, expected) = (comparable(&made), comparable(&stored_form(&expected)));
        if !agree(&made, &expected) {
            wrong.push(format!("created {object}\nmade     {made}\nexpected {expected}"));
        }
        *counts.entry("created").or_default() += 1;
    }

    for (name, old, vector) in &stored {
        let mut new = vector["object"].clone();
        if vector["annotations_alone"] == true {
            // As an API server sends it, so that nothing else differs from what is stored.
            let template = new["spec"]["jobTemplate"]["metadata"].clone();
            new["spec"] = old["spec"].clone();
            new["spec"]["jobTemplate"]["metadata"] = template;
        }
        // The same change, to what is stored now.
        let before = old["metadata"].clone();
        let (labels, annotations) =
            (new["metadata"]["labels"].clone(), new["metadata"]["annotations"].clone());
        strip_uids(&mut new);
        new["metadata"] = json!({"name": name, "namespace": "default", "resourceVersion": before["resourceVersion"],
            "labels": labels, "annotations": annotations});
        with_uids_of(&mut new, old);
        let Ok(made) = asker.replace(name, &new) else {
            *counts.entry("update refused").or_default() += 1;
            continue;
        };
        let (Some(written), Some(stored)) = (workload(&server, &new), workload(&server, old)) else {
            continue;
        };
        let prepared = server
            .updated(written)
            .filled(|new| fill(new, Some(&stored), &policy))
            .prepare_for_update(&stored);
        let mut expected = prepared.into_workload();
        server.apply_defaults(&mut expected);
        let mut expected = stored_form(&expected);
        expected["metadata"]["uid"] = old["metadata"]["uid"].clone();
        let (made, expected) = (comparable(&made), comparable(&expected));
        if !agree(&made, &expected) {
            wrong.push(format!("updated {old}\nto       {new}\nmade     {made}\nexpected {expected}"));
        }
        *counts.entry("updated").or_default() += 1;
    }
    eprintln!("{counts:?}");
    assert!(counts["created"] > 800 && counts["updated"] > 100, "{counts:?}");
    assert!(
        wrong.is_empty(),
        "{} differ of {counts:?}; the first:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(3)].join("\n\n")
    );
}

/// Updates of a CronJob by which its annotation, and that of its template, comes, changes and goes.
fn annotation_updates() -> Vec<Value> {
    let texts = [None, Some("job/no-deadline (a)"), Some("job/ttl-missing (b)")];
    let object = |own: Option<&str>, template: Option<&str>| {
        let metadata =
            |text: Option<&str>| text.map_or(json!({}), |text| json!({"annotations": {ANNOTATION: text}}));
        let (mut own, template) = (metadata(own), metadata(template));
        own["name"] = json!("x");
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": own,
            "spec": {"schedule": "0 3 * * *", "jobTemplate": {"metadata": template, "spec": {
                "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1.36"}]}}}}}})
    };
    let mut out = Vec::new();
    for own in texts {
        for template in texts {
            for (new_own, new_template) in
                texts.into_iter().flat_map(|own| texts.into_iter().map(move |template| (own, template)))
            {
                out.push(json!({"annotations_alone": true, "old": object(own, template), "object": object(new_own, new_template)}));
            }
        }
    }
    out
}

/// Takes out what the API server generates for a Job, so that it generates it anew.
fn strip_uids(object: &mut Value) {
    if object["kind"] != "Job" || object["spec"]["manualSelector"] == true {
        return;
    }
    let generated =
        ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];
    for pointer in ["/metadata/labels", "/spec/template/metadata/labels"] {
        if let Some(labels) = object.pointer_mut(pointer).and_then(Value::as_object_mut) {
            labels.retain(|key, _| !generated.contains(&key.as_str()));
        }
    }
    if let Some(spec) = object["spec"].as_object_mut() {
        spec.remove("selector");
    }
}

/// Puts in what the API server has generated for the stored Job.
fn with_uids_of(object: &mut Value, stored: &Value) {
    if object["kind"] != "Job" || object["spec"]["manualSelector"] == true {
        return;
    }
    object["spec"]["selector"] = stored["spec"]["selector"].clone();
    for pointer in ["/metadata/labels", "/spec/template/metadata/labels"] {
        let Some(there) = stored.pointer(pointer).and_then(Value::as_object) else { continue };
        let parent = pointer.rsplit_once('/').unwrap().0;
        let Some(parent) = object.pointer_mut(parent) else { continue };
        for (key, value) in
            there.iter().filter(|(key, _)| key.contains("controller-uid") || key.contains("job-name"))
        {
            parent["labels"][key] = value.clone();
        }
    }
}
