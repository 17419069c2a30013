//! What a real Job controller makes of tries that go as supposed, beside what was forecast. There is no kubelet: the test
//! itself says how each Pod ended.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jobguard::forecast::job::{EventKind, Happening, Timeline, WhatIf, forecast};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1;
use kube::api::{ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::control_plane::ControlPlane;

/// How far a moment may be from the one that was forecast, in seconds: the controller looks about once a second, and times
/// have no fractions. Each step before may have been late by as much; and what this test was late by itself is added.
const LATE: i64 = 3;
/// How long the slowest of these Jobs may take.
const LONGEST: Duration = Duration::from_secs(150);

/// A Job whose tries go as supposed.
struct Case {
    name: &'static str,
    what_if: Vec<WhatIf>,
    /// How long each try takes, in seconds.
    length: i64,
    expected: Timeline,
    manifest: String,
}

impl Case {
    /// Of what is supposed, the first that is about a try decides it.
    fn new(name: &'static str, length: i64, what_if: &[&str], spec: Value) -> Self {
        let mut spec = spec;
        // Nobody gives these Pods time to end: they are on no node.
        spec["template"] = json!({"spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "main", "image": "busybox"}]}});
        let what_if: Vec<WhatIf> = what_if.iter().map(|text| text.parse().unwrap()).collect();
        let typed = serde_json::from_value(spec.clone()).unwrap();
        WhatIf::check(&what_if, &typed).unwrap();
        let expected = forecast(&typed, Some(length), &what_if).what_if.unwrap();
        let manifest =
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec})
                .to_string();
        Self { name, what_if, length, expected, manifest }
    }

    /// What becomes of a try.
    fn happening(&self, index: Option<u64>, attempt: u64) -> Happening {
        let about = |one: &&WhatIf| {
            one.attempt.is_none_or(|only| only == attempt) && (one.index.is_none() || one.index == index)
        };
        self.what_if.iter().find(about).map_or(Happening::Success, |one| one.happening)
    }

    /// When Pods are created, by the forecast.
    fn creations(&self) -> Vec<i64> {
        let mut all = Vec::new();
        for event in &self.expected.events {
            match &event.kind {
                EventKind::Started { pods, .. } => all.extend((0..*pods).map(|_| event.at_seconds)),
                EventKind::Failed { pods, next_at_seconds: Some(at), .. } => {
                    all.extend((0..*pods).map(|_| *at))
                }
                _ => {}
            }
        }
        all.sort_unstable();
        all
    }

    fn cases() -> Vec<Self> {
        let policy = json!({"rules": [
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        ]});
        let indexed = |more: Value| {
            let mut spec = json!({"completionMode": "Indexed", "completions": 2, "parallelism": 2});
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            spec
        };
        vec![
            Self::new("never", 2, &["exit=1"], json!({"backoffLimit": 2})),
            Self::new(
                "at-once",
                2,
                &["exit=1,try=1"],
                json!({"backoffLimit": 2, "completions": 2, "parallelism": 2}),
            ),
            Self::new("per-index", 2, &["exit=1,index=0"], indexed(json!({"backoffLimitPerIndex": 1}))),
            Self::new(
                "too-many-indexes",
                2,
                &["exit=1"],
                indexed(json!({"backoffLimitPerIndex": 1, "maxFailedIndexes": 1, "completions": 4})),
            ),
            Self::new(
                "fail-job",
                2,
                &["exit=42,try=2", "exit=1"],
                json!({"backoffLimit": 2, "podFailurePolicy": policy}),
            ),
            Self::new(
                "ignored",
                2,
                &["exit=1,try=3", "disruption"],
                json!({"backoffLimit": 0, "podFailurePolicy": policy}),
            ),
            Self::new("deadline", 2, &["exit=1"], json!({"backoffLimit": 6, "activeDeadlineSeconds": 20})),
            Self::new("hang", 2, &["hang"], json!({"activeDeadlineSeconds": 5})),
            Self::new(
                "leader",
                2,
                &["hang,index=1"],
                indexed(json!({"successPolicy": {"rules": [{"succeededIndexes": "0"}]}})),
            ),
            Self::new("queue", 2, &["exit=1,try=1"], json!({"parallelism": 2})),
        ]
    }
}

/// What is known of a Pod.
struct Pod {
    created: Timestamp,
    index: Option<u64>,
    attempt: u64,
    /// By how many seconds longer it took than the tries of its Job should, once it has ended.
    ended: Option<i64>,
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Jobs and Pods, on a connection that stays: starting kubectl for each question takes longer than what is measured here.
struct Objects {
    runtime: Runtime,
    jobs: Api<Job>,
    pods: Api<v1::Pod>,
}

impl Objects {
    fn of(plane: &ControlPlane) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let file = Kubeconfig::read_from(plane.kubeconfig()).unwrap();
            let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
            Client::try_from(config).unwrap()
        });
        Self {
            runtime,
            jobs: Api::namespaced(client.clone(), "default"),
            pods: Api::namespaced(client, "default"),
        }
    }

    fn jobs(&self) -> Vec<Value> {
        let list = self.runtime.block_on(self.jobs.list(&ListParams::default())).unwrap();
        list.items.into_iter().map(|job| serde_json::to_value(job).unwrap()).collect()
    }

    fn pods(&self) -> Vec<Value> {
        let list = self.runtime.block_on(self.pods.list(&ListParams::default())).unwrap();
        list.items.into_iter().map(|pod| serde_json::to_value(pod).unwrap()).collect()
    }
}

/// Says of a Pod how it ended.
fn end(objects: &Objects, name: &str, happening: Happening) {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap().to_string();
    let (phase, code) = match happening {
        Happening::Success => ("Succeeded", 0),
        Happening::Exit { code } => ("Failed", code),
        Happening::Disruption => ("Failed", 137),
        Happening::Hang => return,
    };
    let mut status = json!({"phase": phase, "containerStatuses": [{
        "name": "main", "image": "busybox", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"terminated": {"exitCode": code, "startedAt": now, "finishedAt": now}}}]});
    if happening == Happening::Disruption {
        status["conditions"] =
            json!([{"type": "DisruptionTarget", "status": "True", "lastTransitionTime": now}]);
    }
    let patch = Patch::Merge(json!({"status": status}));
    match objects.runtime.block_on(objects.pods.patch_status(name, &PatchParams::default(), &patch)) {
        Ok(_) => {}
        // Its Job has ended meanwhile.
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Notes new Pods, and ends those whose time has come.
fn look_at_pods(objects: &Objects, cases: &[Case], known: &mut BTreeMap<String, BTreeMap<String, Pod>>) {
    let mut pods = objects.pods();
    pods.sort_by_key(|pod| time(&pod["metadata"]["creationTimestamp"]));
    for pod in pods {
        let meta = &pod["metadata"];
        let labels = &meta["labels"];
        let (name, job) = (meta["name"].as_str().unwrap(), labels["batch.kubernetes.io/job-name"].as_str());
        let Some(case) = cases.iter().find(|case| Some(case.name) == job) else { continue };
        let index = labels["batch.kubernetes.io/job-completion-index"].as_str();
        let index = index.map(|index| index.parse().unwrap());
        let pods = known.entry(case.name.to_owned()).or_default();
        // Without an index, all that are up at once are in the same try.
        let before = pods.values().filter(|pod| pod.index == index && pod.ended.is_some()).count() as u64;
        let at_once = if index.is_some() { 1 } else { case.expected_at_once() };
        let pod = pods.entry(name.to_owned()).or_insert_with(|| Pod {
            created: time(&meta["creationTimestamp"]).unwrap(),
            index,
            attempt: before / at_once + 1,
            ended: None,
        });
        let age = Timestamp::now().as_second() - pod.created.as_second();
        if pod.ended.is_none() && age >= case.length {
            pod.ended = Some(age - case.length);
            end(objects, name, case.happening(pod.index, pod.attempt));
        }
    }
}

impl Case {
    /// How many Pods begin together.
    fn expected_at_once(&self) -> u64 {
        let first = self.expected.events.iter().find_map(|event| match &event.kind {
            EventKind::Started { pods, .. } => Some(*pods),
            _ => None,
        });
        first.unwrap_or(1)
    }

    /// Compares what came of the Job with what was forecast.
    fn compare(&self, job: &Value, pods: &BTreeMap<String, Pod>) {
        let start = time(&job["status"]["startTime"]).unwrap().as_second();
        let mut created: Vec<i64> = pods.values().map(|pod| pod.created.as_second() - start).collect();
        created.sort_unstable();
        let expected = self.creations();
        let near = |found: i64, forecast: i64, steps: usize| {
            let late = LATE * (1 + i64::try_from(steps).unwrap()) + lateness(pods);
            found >= forecast - 1 && found <= forecast + late
        };
        let all = created.iter().zip(&expected).enumerate();
        assert!(
            created.len() == expected.len() && all.into_iter().all(|(step, (a, b))| near(*a, *b, step)),
            "{}: created {created:?}, forecast {expected:?}",
            self.name
        );
        let condition = finished(job).unwrap();
        let end = &self.expected.end;
        assert_eq!(condition["type"], json!(end.condition), "{}", self.name);
        assert_eq!(condition["reason"], json!(end.reason), "{}", self.name);
        let at = time(&condition["lastTransitionTime"]).unwrap().as_second() - start;
        let forecast = end.at_seconds.unwrap();
        assert!(near(at, forecast, expected.len()), "{}: ends at {at}, forecast {forecast}", self.name);
        // Pods without a node are gone as soon as they are deleted.
        let failed = job["status"]["failed"].as_u64().unwrap_or(0);
        let succeeded = job["status"]["succeeded"].as_u64().unwrap_or(0);
        assert_eq!(succeeded, self.expected.left.unwrap().succeeded_pods, "{}", self.name);
        assert!(failed <= pods.len() as u64, "{}", self.name);
    }
}

/// By how much the tries together took longer than they should, of each the slowest Pod.
fn lateness(pods: &BTreeMap<String, Pod>) -> i64 {
    let mut slowest = BTreeMap::new();
    for pod in pods.values() {
        let late: &mut i64 = slowest.entry(pod.attempt).or_default();
        *late = pod.ended.unwrap_or(0).max(*late);
    }
    slowest.values().sum()
}

fn finished(job: &Value) -> Option<&Value> {
    let ends = |one: &&Value| {
        matches!(one["type"].as_str(), Some("Complete" | "Failed")) && one["status"].as_str() == Some("True")
    };
    job["status"]["conditions"].as_array()?.iter().find(ends)
}

#[test]
fn a_job_goes_as_forecast() {
    let Some(plane) = ControlPlane::start() else { return };
    let Some(_manager) = plane.controller_manager(&["job-controller"]) else { return };
    let cases = Case::cases();
    for case in &cases {
        let applied = plane.kubectl(&["apply", "-f", "-"], &case.manifest);
        assert!(applied.ok, "{}: {}", case.name, applied.stderr);
    }
    let objects = Objects::of(&plane);
    let mut known = BTreeMap::new();
    let start = Instant::now();
    let jobs = loop {
        look_at_pods(&objects, &cases, &mut known);
        let jobs = objects.jobs();
        if jobs.iter().all(|job| finished(job).is_some()) {
            break jobs;
        }
        let open: Vec<&Value> = jobs.iter().filter(|job| finished(job).is_none()).collect();
        assert!(start.elapsed() < LONGEST, "not finished: {open:#?}");
        std::thread::sleep(Duration::from_millis(300));
    };
    for case in &cases {
        let job = jobs.iter().find(|job| job["metadata"]["name"] == case.name).unwrap();
        case.compare(job, &known[case.name]);
    }
}
