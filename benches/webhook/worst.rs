//! The worst that is let in, at once, and the memory that the server takes for it.

use std::path::Path;
use std::time::{Duration, Instant};

use jobguard::manifest;
use rustls_pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Identity, Program, identity, memory};

/// How many requests are sent at once, each on a connection of its own.
const AT_ONCE: usize = 16;

/// How often each of them is sent.
const ROUNDS: usize = 3;

/// The elements that an object may hold, but for those that make it a Job.
pub(super) const MOST: usize = 9_900;

/// Sends everything to a server of its own. Says whether its peak stayed below the chart's limit.
pub(super) async fn worst() -> bool {
    let identity = identity();
    let (program, address) = Program::start(&identity, &["--policy", "strict"]);
    let process = program.child.id().to_string();
    let limit = chart_limit();
    println!("{:>8.1} MiB at the start; the chart's limit is {limit:.0} MiB", memory(&process, "VmHWM:"));
    let cases = cases();
    let mut all = Vec::new();
    for (name, bodies) in &cases {
        let requests: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).cycle().take(AT_ONCE).collect();
        let began = Instant::now();
        let mut outcomes = Outcomes::default();
        for _ in 0..ROUNDS {
            outcomes.add(&at_once(&identity, address, &requests).await);
        }
        println!(
            "{:>8.1} MiB after {name}: {outcomes}, {:.1} s",
            memory(&process, "VmHWM:"),
            began.elapsed().as_secs_f64()
        );
        all.extend(bodies.iter().map(Vec::as_slice));
    }
    let outcomes = at_once(&identity, address, &all).await;
    let peak = memory(&process, "VmHWM:");
    println!("{peak:>8.1} MiB after all of them at once: {outcomes}");
    // It is alive and well.
    let one = at_once(&identity, address, &[&request(&review(&job(&json!({})), None))]).await;
    assert_eq!(one.total(), one.allowed + one.denied, "{one}");
    peak < limit
}

#[derive(Debug, Default)]
struct Outcomes {
    allowed: usize,
    denied: usize,
    /// Allowed with the words that nobody looked.
    unjudged: usize,
    /// HTTP errors, by overload and others.
    overload: usize,
    others: usize,
}

impl Outcomes {
    fn add(&mut self, other: &Self) {
        self.allowed += other.allowed;
        self.denied += other.denied;
        self.unjudged += other.unjudged;
        self.overload += other.overload;
        self.others += other.others;
    }

    fn total(&self) -> usize {
        self.allowed + self.denied + self.unjudged + self.overload + self.others
    }
}

impl std::fmt::Display for Outcomes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { allowed, denied, unjudged, overload, others } = self;
        write!(
            f,
            "{allowed} allowed, {denied} denied, {unjudged} not judged, {overload} turned away, {others} other"
        )
    }
}

async fn at_once(identity: &Identity, address: std::net::SocketAddr, requests: &[&[u8]]) -> Outcomes {
    let sending: Vec<_> = requests
        .iter()
        .map(|request| tokio::spawn(send(identity.client.clone(), address, request.to_vec())))
        .collect();
    let mut outcomes = Outcomes::default();
    for sent in sending {
        let (code, body) = sent.await.unwrap();
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        let place = match (code, answer["response"]["allowed"].as_bool()) {
            (200, Some(true)) if answer["response"]["auditAnnotations"]["unjudged"].is_string() => {
                &mut outcomes.unjudged
            }
            (200, Some(true)) => &mut outcomes.allowed,
            (200, Some(false)) => &mut outcomes.denied,
            (429, _) => &mut outcomes.overload,
            _ => &mut outcomes.others,
        };
        *place += 1;
    }
    outcomes
}

/// The status and the body of an answer.
async fn send(client: TlsConnector, address: std::net::SocketAddr, request: Vec<u8>) -> (u16, String) {
    let tcp = TcpStream::connect(address).await.unwrap();
    let mut stream = client.connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap();
    // Where too many large ones arrive at once, the server closes those that do not end; they count among the others.
    let _ = stream.write_all(&request).await;
    drop(request);
    let mut text = Vec::new();
    let reading = async {
        let mut buffer = [0; 16 << 10];
        while !super::has_ended(&text) {
            match stream.read(&mut buffer).await {
                Ok(count @ 1..) => text.extend_from_slice(&buffer[..count]),
                _ => break,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), reading).await.unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    let code = text.get(9..12).and_then(|code| code.parse().ok()).unwrap_or_default();
    (code, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

pub(super) fn request(body: &str) -> Vec<u8> {
    // As API servers write it.
    let body = body.replace('<', r"\u003c");
    let head = format!(
        "POST /validate?timeout=10s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// A Job as an API server sends it, with more in its Pod.
pub(super) fn job(more: &Value) -> Value {
    let mut job = json!({
        "kind": "Job",
        "apiVersion": "batch/v1",
        "metadata": {
            "name": "worst", "namespace": "default", "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "a"}},
            "template": {
                "metadata": {"labels": {"batch.kubernetes.io/controller-uid": "a"}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]},
            },
        },
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        job["spec"]["template"]["spec"][key] = value.clone();
    }
    job
}

pub(super) fn review(new: &Value, old: Option<&Value>) -> String {
    let operation = if old.is_some() { "UPDATE" } else { "CREATE" };
    let old = old.map_or("null".to_owned(), Value::to_string);
    format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"u","kind":{{"group":"batch","version":"v1","kind":"Job"}},"name":"worst","namespace":"default","operation":"{operation}","userInfo":{{"username":"anna"}},"object":{new},"oldObject":{old}}}}}"#
    )
}

fn cases() -> Vec<(String, Vec<Vec<u8>>)> {
    let many = |item: Value, count: usize| Value::from(vec![item; count]);
    let numbered = |count: usize, item: fn(usize) -> Value| (0..count).map(item).collect::<Value>();
    let in_container =
        |key: &str, value: Value| json!({"containers": [{"name": "a", "image": "a", key: value}]});
    let pods = [
        ("volumes", json!({"volumes": many(json!({}), MOST)})),
        (
            "volumes with names",
            json!({"volumes": numbered(MOST / 3, |n| json!({"name": format!("v{n}"), "emptyDir": {}}))}),
        ),
        ("containers", json!({"containers": many(json!({}), MOST)})),
        (
            "containers with names",
            json!({"containers": numbered(MOST / 3, |n| json!({"name": format!("c{n}"), "image": "a"}))}),
        ),
        ("init containers", json!({"initContainers": many(json!({}), MOST)})),
        ("env", in_container("env", many(json!({}), MOST))),
        (
            "env with names",
            in_container("env", numbered(MOST / 3, |n| json!({"name": format!("E{n}"), "value": "$(E0)"}))),
        ),
        ("mounts", in_container("volumeMounts", many(json!({}), MOST))),
        ("ports", in_container("ports", many(json!({}), MOST))),
        ("tolerations", json!({"tolerations": many(json!({}), MOST)})),
        ("projected volumes", json!({"volumes": [{"projected": {"sources": many(json!({}), MOST)}}]})),
        ("host aliases", json!({"hostAliases": many(json!({}), MOST)})),
    ];
    let mut cases = Vec::new();
    for (name, more) in pods {
        let job = job(&more);
        let mut changed = job.clone();
        changed["metadata"]["labels"] = json!({"a": "b"});
        changed["spec"]["parallelism"] = 500.into();
        let bodies = vec![request(&review(&job, None)), request(&review(&changed, Some(&job)))];
        cases.push((format!("{MOST} elements of {name}, new and changed"), bodies));
    }
    let of = |job: &Value| request(&review(job, None));
    let labels: serde_json::Map<_, _> = (0..MOST).map(|n| (format!("k{n}"), "v".into())).collect();
    let mut labelled = job(&json!({}));
    labelled["metadata"]["labels"] = labels.into();
    cases.push((format!("{MOST} labels"), vec![of(&labelled)]));
    for count in [40_000, 60_000, 80_000, 213_000] {
        let bodies = vec![of(&job(&json!({"volumes": many(json!({}), count)})))];
        cases.push((format!("{count} empty volumes"), bodies));
    }
    let text = |length: usize| job(&in_container("args", json!(["<".repeat(length)])));
    let (stored, sent) = (text(1_300_000), text(3 << 20));
    cases.push((
        "a Job of 1.3 MB of `<`, new and changed".to_owned(),
        vec![of(&stored), request(&review(&stored, Some(&stored)))],
    ));
    cases.push((
        "one of 3 MiB of `<`, and its change".to_owned(),
        vec![of(&sent), request(&review(&sent, Some(&stored)))],
    ));
    let fields: serde_json::Map<_, _> = (0..150_000).map(|n| (format!("f:a{n}"), json!({}))).collect();
    let mut managed = job(&json!({}));
    managed["metadata"]["managedFields"] =
        json!([{"manager": "m", "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    cases.push((
        "150000 managed fields".to_owned(),
        vec![of(&managed), request(&review(&managed, Some(&managed)))],
    ));
    let mut status = job(&json!({}));
    status["status"] = json!({"conditions": many(json!({"type": "a", "status": "b"}), 50_000)});
    cases.push(("50000 conditions".to_owned(), vec![of(&status)]));
    let mut unread = job(&json!({"volumes": many(json!({}), MOST)}));
    // What the quick reader does not take, and the other one does.
    unread["spec"]["parallelism"] = "1".into();
    unread["metadata"]["managedFields"] = managed["metadata"]["managedFields"].clone();
    cases.push(("what only the careful reader takes".to_owned(), vec![of(&unread)]));
    cases
}

/// The memory that the chart gives a replica, in MiB.
pub(super) fn chart_limit() -> f64 {
    let values = chart_values();
    let memory = values["resources"]["limits"]["memory"].as_str().unwrap();
    memory.strip_suffix("Mi").unwrap().parse().unwrap()
}

/// What the chart says where nobody says otherwise.
pub(super) fn chart_values() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/jobguard/values.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let documents = manifest::read(&text);
    let tree = documents[0].content.as_ref().unwrap();
    tree.to_value(tree.root())
}
