//! `jobguard why` on a real cluster: what real controllers and a real API server do is told right. There is no kubelet: what it
//! would say of a Pod, the test writes itself.

use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::control_plane::ControlPlane;

/// A cluster with real controllers, and what is asked about it.
struct Asked<'p> {
    plane: &'p ControlPlane,
    wrong: Vec<String>,
}

/// What the program answers.
struct Answered {
    json: Value,
    stderr: String,
}

impl Answered {
    fn ids(&self) -> Vec<(&str, &str)> {
        let reasons = self.json["reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
        reasons.iter().map(|one| (one["id"].as_str().unwrap(), one["certainty"].as_str().unwrap())).collect()
    }
}

impl Asked<'_> {
    fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        let said = self.plane.kubectl(arguments, input);
        assert!(said.ok, "{arguments:?}: {}", said.stderr);
        said.stdout
    }

    fn apply(&self, objects: &[Value]) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.kubectl(&["apply", "-f", "-"], &list.to_string());
    }

    fn why(&self, arguments: &[&str]) -> Answered {
        let output = Command::new(env!("CARGO_BIN_EXE_jobguard"))
            .env("KUBECONFIG", self.plane.kubeconfig())
            .arg("why")
            .args(arguments)
            .args(["-o", "json"])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Answered { json, stderr }
    }

    /// Waits until the answer has a reason, with this certainty; else it is noted as wrong.
    fn expect(&mut self, target: &str, namespace: &str, reason: (&str, &str), seconds: u64) {
        let start = Instant::now();
        loop {
            let answered = self.why(&[target, "-n", namespace]);
            if answered.ids().contains(&reason) {
                let _ = writeln!(std::io::stderr(), "{target}: {} after {:?}", reason.0, start.elapsed());
                return;
            }
            if start.elapsed().as_secs() >= seconds {
                self.wrong.push(format!("{target}: {reason:?}: {} {}", answered.json, answered.stderr));
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
    }

    /// What a kubelet would say of the one Pod of a Job.
    fn kubelet(&self, job: &str, spec_node: bool, status: &Value) {
        let mut pod = String::new();
        self.plane.until("the Job has a Pod", || {
            let path = "jsonpath={.items[*].metadata.name}";
            pod = self.kubectl(&["get", "pods", "-l", &format!("job-name={job}"), "-o", path], "");
            !pod.is_empty()
        });
        if spec_node {
            let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod},
                "target": {"apiVersion": "v1", "kind": "Node", "name": "node-1"}});
            let path = format!("/api/v1/namespaces/default/pods/{pod}/binding");
            self.kubectl(&["create", "--raw", &path, "-f", "-"], &binding.to_string());
        }
        let patch = json!({ "status": status }).to_string();
        self.kubectl(&["patch", "pod", &pod, "--subresource=status", "--type=merge", "-p", &patch], "");
    }
}

fn pod_spec() -> Value {
    json!({"restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": "registry.example.com/app:1"}]})
}

fn job_spec(more: Value) -> Value {
    let mut spec = json!({"backoffLimit": 0, "template": {"spec": pod_spec()}});
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    spec
}

fn job(name: &str, namespace: &str, more: Value) -> Value {
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": namespace}, "spec": job_spec(more)})
}

fn cron_job(name: &str, namespace: &str, more: Value) -> Value {
    let mut spec = json!({"schedule": "* * * * *", "jobTemplate": {"spec": job_spec(json!({}))}});
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

fn namespace(name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

fn quota(namespace: &str, hard: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "little", "namespace": namespace}, "spec": {"hard": hard}})
}

fn ended(code: i64, reason: &str) -> Value {
    json!([{"name": "main", "image": "a", "imageID": "", "ready": false, "restartCount": 0, "state": {"terminated": {
        "exitCode": code, "reason": reason, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:05Z"}}}])
}

fn waiting(reason: &str, message: &str) -> Value {
    json!([{"name": "main", "image": "a", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": reason, "message": message}}}])
}

#[test]
fn why_a_cluster_does_what_it_does() {
    let Some(plane) = ControlPlane::start() else { return };
    let Some(_manager) =
        plane.controller_manager(&["cronjob-controller", "job-controller", "resourcequota-controller"])
    else {
        return;
    };
    let mut asked = Asked { plane: &plane, wrong: Vec::new() };
    asked.apply(&[
        namespace("full", json!({})),
        namespace("strict", json!({"pod-security.kubernetes.io/enforce": "restricted"})),
        namespace("ranged", json!({})),
        quota("full", json!({"count/jobs.batch": "0"})),
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "range", "namespace": "ranged"},
            "spec": {"limits": [{"type": "Container", "max": {"cpu": "100m"}, "default": {"cpu": "50m"}, "defaultRequest": {"cpu": "50m"}}]}}),
    ]);
    let labelled = json!({"spec": {"backoffLimit": 0, "template": {"metadata": {"labels": {"job-name": "x"}}, "spec": pod_spec()}}});
    let mut large = pod_spec();
    large["containers"][0]["resources"] = json!({"requests": {"cpu": "1"}, "limits": {"cpu": "1"}});
    let mut important = pod_spec();
    important["priorityClassName"] = "no-such-class".into();
    let rules = json!({"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]});
    let mut held = job("held", "default", json!({"suspend": true}));
    held["metadata"]["finalizers"] = json!(["example.com/archive"]);
    asked.apply(&[
        // What the CronJob controller does by itself.
        cron_job("suspended", "default", json!({"suspend": true})),
        cron_job("yearly", "default", json!({"schedule": "@yearly"})),
        cron_job("refused", "default", json!({"jobTemplate": labelled})),
        cron_job("over-quota", "full", json!({})),
        cron_job("blocked", "default", json!({"concurrencyPolicy": "Forbid"})),
        // What the Job controller does, and the API server with its Pods.
        job("suspended", "default", json!({"suspend": true})),
        job("paused", "default", json!({"parallelism": 0})),
        job("restricted", "strict", json!({})),
        job("too-large", "ranged", json!({"template": {"spec": large}})),
        job("unimportant", "default", json!({"template": {"spec": important}})),
        job("late", "default", json!({"activeDeadlineSeconds": 1})),
        job("failing", "default", json!({})),
        job("starving", "default", json!({})),
        job("judged", "default", json!({"podFailurePolicy": rules})),
        job("drained", "default", json!({})),
        job("image", "default", json!({})),
        job("nowhere", "default", json!({})),
        job("done", "default", json!({})),
        held,
    ]);
    // A run of before, which the controller takes for its own.
    let uid = asked.kubectl(&["get", "cronjob", "blocked", "-o", "jsonpath={.metadata.uid}"], "");
    let mut old = job("blocked-1", "default", json!({"suspend": true}));
    old["metadata"]["ownerReferences"] = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "blocked", "uid": uid, "controller": true}]);
    asked.apply(&[old]);
    let uid = asked.kubectl(&["get", "job", "blocked-1", "-o", "jsonpath={.metadata.uid}"], "");
    let active = json!({"status": {"active": [{"apiVersion": "batch/v1", "kind": "Job", "name": "blocked-1", "namespace": "default", "uid": uid}]}});
    asked.kubectl(
        &["patch", "cronjob", "blocked", "--subresource=status", "--type=merge", "-p", &active.to_string()],
        "",
    );
    asked.kubectl(&["delete", "job", "held", "--wait=false"], "");

    let certain = |id| (id, "certain");
    asked.expect("cronjob/suspended", "default", certain("cron-suspended"), 5);
    asked.expect("cj/yearly", "default", certain("cron-no-run-due"), 5);
    asked.expect("job/suspended", "default", certain("job-suspended"), 5);
    asked.expect("job/paused", "default", certain("job-paused-by-parallelism"), 5);
    asked.expect("job/held", "default", certain("job-terminating"), 5);
    asked.expect("job/restricted", "strict", certain("pods-refused-pod-security"), 20);
    asked.expect("job/too-large", "ranged", certain("pods-refused-limit-range"), 20);
    asked.expect("job/unimportant", "default", certain("pods-refused-priority-class"), 20);
    asked.expect("job/late", "default", certain("job-deadline-exceeded"), 20);

    // What kubelets and the scheduler would say.
    let failed = |code, reason| json!({"phase": "Failed", "containerStatuses": ended(code, reason)});
    asked.kubelet("failing", true, &failed(3, "Error"));
    asked.kubelet("starving", true, &failed(137, "OOMKilled"));
    asked.kubelet("judged", true, &failed(42, "Error"));
    let mut drained = failed(143, "Error");
    drained["conditions"] = json!([{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting", "lastTransitionTime": "2026-01-01T00:00:00Z"}]);
    asked.kubelet("drained", true, &drained);
    asked.kubelet(
        "image",
        true,
        &json!({"phase": "Pending", "containerStatuses": waiting("ErrImagePull", "not found")}),
    );
    let unschedulable = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/3 nodes are available: 3 Insufficient cpu.", "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
    asked.kubelet("nowhere", false, &unschedulable);
    asked.kubelet("done", true, &json!({"phase": "Succeeded", "containerStatuses": ended(0, "Completed")}));
    asked.expect("job/image", "default", certain("image-not-pulled"), 5);
    asked.expect("job/nowhere", "default", certain("pod-unschedulable"), 5);
    asked.expect("job/failing", "default", certain("container-failed"), 20);
    asked.expect("job/failing", "default", certain("job-backoff-limit-exceeded"), 20);
    asked.expect("job/starving", "default", certain("container-out-of-memory"), 20);
    asked.expect("job/judged", "default", certain("job-pod-failure-policy"), 20);
    asked.expect("job/drained", "default", certain("pod-drained"), 20);
    asked.expect("job/done", "default", certain("job-complete"), 20);

    // What takes until the next minute.
    asked.expect("cj/refused", "default", certain("job-refused-invalid"), 75);
    asked.expect("cj/over-quota", "full", certain("job-refused-quota"), 20);
    asked.expect("cj/blocked", "default", certain("cron-blocked"), 20);

    completes_names(&asked);
    least_rights(&asked);
    a_bundle_says_the_same(&asked);
    assert!(asked.wrong.is_empty(), "{}", asked.wrong.join("\n\n"));
}

/// What a shell is offered while somebody types.
fn completes_names(asked: &Asked<'_>) {
    let complete = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_jobguard"))
            .env("KUBECONFIG", asked.plane.kubeconfig())
            .arg("__complete")
            .args(words)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(complete(&["why", "cronjob/s"]), "cronjob/suspended\n");
    assert_eq!(complete(&["why", "-n", "full", "cj/"]), "cj/over-quota\n");
    let both = complete(&["why", ""]);
    assert!(both.contains("cronjob/yearly\n") && both.contains("job/suspended\n"), "{both}");
    assert_eq!(complete(&["why", "--context", "no-such", "cj/"]), "");
}

/// What a user may not read is told, and nothing fails; and names that are near are named.
fn least_rights(asked: &Asked<'_>) {
    asked.kubectl(&["create", "serviceaccount", "reader"], "");
    asked.kubectl(&["create", "role", "reader", "--verb=list", "--resource=cronjobs.batch,jobs.batch"], "");
    asked.kubectl(
        &["create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader"],
        "",
    );
    let kubeconfig = asked.plane.kubeconfig_of("default", "reader");
    let kubeconfig = kubeconfig.to_str().unwrap();
    let answered = asked.why(&["cj/suspended", "--kubeconfig", kubeconfig]);
    assert!(answered.ids().contains(&("cron-suspended", "certain")), "{}", answered.stderr);
    let untold = answered.json["cannotTell"].to_string();
    assert!(
        untold.contains("no right to list events in namespace default")
            && untold.contains("Pods could not be read"),
        "{untold}"
    );
    let answered = asked.why(&["cj/suspende", "--kubeconfig", kubeconfig]);
    assert!(answered.stderr.contains("is it cronjob/suspended?"), "{}", answered.stderr);
    let answered = asked.why(&["cj/x", "-n", "full", "--kubeconfig", kubeconfig]);
    assert!(
        answered.stderr.contains("no right to list cronjobs.batch in namespace full"),
        "{}",
        answered.stderr
    );
}

/// What is written for a ticket tells the same.
fn a_bundle_says_the_same(asked: &Asked<'_>) {
    let folder = tempfile::tempdir().unwrap();
    for target in ["cj/blocked", "job/starving", "job/late", "job/unimportant"] {
        let file = folder.path().join("bundle.json").display().to_string();
        let live = asked.why(&[target, "--write-bundle", &file]);
        let bundle = asked.why(&[target, "--bundle", &file]);
        assert_eq!(bundle.ids(), live.ids(), "{target}: {}{}", live.stderr, bundle.stderr);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("managedFields") && !text.contains("last-applied-configuration"), "{text}");
    }
}
