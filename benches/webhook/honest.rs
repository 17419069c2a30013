//! Honest clients: API servers that ask, and the kubelet that probes. Nothing is asked twice: what gets no answer in
//! time is lost.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jobguard::policy::{Preset, load};
use jobguard::rules::registry;
use jobguard::server::{Admission, Endpoint};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::client::TlsStream;

use super::Times;
use super::wire::{API_SERVER, KUBELET, Target, answer, tcp, tls};

/// How many connections API servers hold.
const CONNECTIONS: usize = 8;

/// How often each of them asks.
const EVERY: Duration = Duration::from_millis(200);

/// How long the recorded requests say that their API server waits.
const TIMEOUT: Duration = Duration::from_secs(10);

/// After how many requests a connection is replaced: an API server opens new ones, too.
const REQUESTS: usize = 100;

/// How many failures are told.
const TOLD: usize = 20;

/// A request, and what of its answer must not depend on who else asks.
struct Case {
    name: String,
    request: Vec<u8>,
    verdict: Verdict,
}

#[derive(Debug, PartialEq)]
struct Verdict {
    allowed: bool,
    code: Option<u64>,
    patch: Option<String>,
    unjudged: bool,
}

impl Verdict {
    fn of(review: &Value) -> Option<Self> {
        let response = &review["response"];
        Some(Self {
            allowed: response["allowed"].as_bool()?,
            code: response["status"]["code"].as_u64(),
            patch: response["patch"].as_str().map(str::to_owned),
            unjudged: response["auditAnnotations"]["unjudged"].is_string(),
        })
    }
}

/// What happened.
pub(super) struct Seen {
    pub(super) reviews: Times,
    pub(super) slowest_review: Duration,
    pub(super) probes: u64,
    pub(super) slowest_probe: Duration,
    pub(super) connections: u64,
    pub(super) failures: u64,
    told: usize,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self {
            reviews: Times::new(),
            slowest_review: Duration::ZERO,
            probes: 0,
            slowest_probe: Duration::ZERO,
            connections: 0,
            failures: 0,
            told: 0,
        }
    }

    fn fail(&mut self, what: &str, why: &str) {
        self.failures += 1;
        if self.told < TOLD {
            self.told += 1;
            println!("LOST     {what}: {why}");
        }
    }
}

/// Recorded reviews at the paths that they were sent to, and one that is denied. What is right is what the library says
/// of the same bytes, with nobody else around.
fn cases() -> Vec<Case> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/admission-reviews.jsonl");
    let policy = load::preset(Preset::Recommended, registry().catalog()).unwrap();
    let admission = Admission::new(policy);
    let case = |path: &str, body: &str, review: &Value| {
        let endpoint =
            if path.starts_with(Endpoint::Mutate.path()) { Endpoint::Mutate } else { Endpoint::Validate };
        let answer = admission.answer(endpoint, body.as_bytes(), Timestamp::now()).unwrap();
        let verdict = Verdict::of(&serde_json::to_value(&answer).unwrap()).unwrap();
        assert!(!verdict.unjudged, "{body}");
        let asked = &review["request"];
        Case {
            name: format!("{path} {} {} {}", asked["operation"], asked["kind"]["kind"], asked["name"]),
            request: request(path, body),
            verdict,
        }
    };
    // Byte for byte, as API servers write it.
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        path: &'a str,
        #[serde(borrow)]
        review: &'a RawValue,
    }
    let mut cases = Vec::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let Line { path, review: body } = serde_json::from_str(line).unwrap();
        let review: Value = serde_json::from_str(body.get()).unwrap();
        cases.push(case(path, body.get(), &review));
        let asked = &review["request"];
        if path.starts_with("/validate") && asked["operation"] == "CREATE" && asked["kind"]["kind"] == "Job" {
            // As if somebody had written it by hand, which is held to what an API server would say.
            let mut bad = review.clone();
            let object = &mut bad["request"]["object"];
            object["metadata"].as_object_mut().unwrap().remove("uid");
            object["spec"]["template"]["spec"]["restartPolicy"] = "Always".into();
            cases.push(case(path, &bad.to_string(), &bad));
        }
    }
    for allowed in [true, false] {
        assert!(cases.iter().any(|case| case.verdict.allowed == allowed), "no review is to be {allowed}");
    }
    cases
}

fn request(path: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head + body).into_bytes()
}

/// Asks and probes until it is time.
pub(super) async fn run(target: Arc<Target>, seen: Arc<Mutex<Seen>>, until: Instant, probes: Probes) {
    let cases = Arc::new(cases());
    let mut tasks: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let (target, seen, cases) = (Arc::clone(&target), Arc::clone(&seen), Arc::clone(&cases));
            tokio::spawn(api_server(target, seen, cases, number, until))
        })
        .collect();
    tasks.push(tokio::spawn(kubelet(target, seen, until, probes)));
    for task in tasks {
        task.await.unwrap();
    }
}

async fn api_server(
    target: Arc<Target>,
    seen: Arc<Mutex<Seen>>,
    cases: Arc<Vec<Case>>,
    number: usize,
    until: Instant,
) {
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut connection: Option<TlsStream<TcpStream>> = None;
    let mut asked = 5 * number;
    while Instant::now() < until {
        turns.tick().await;
        let case = &cases[asked % cases.len()];
        asked += 1;
        if asked.is_multiple_of(REQUESTS) {
            connection = None;
        }
        let begin = Instant::now();
        let asking = async {
            let mut stream = match connection.take() {
                Some(stream) => stream,
                None => {
                    seen.lock().unwrap().connections += 1;
                    tls(&target.api_server, API_SERVER, target.webhook).await?
                }
            };
            stream.write_all(&case.request).await?;
            let answer = answer(&mut stream).await?;
            Ok::<_, std::io::Error>((answer, stream))
        };
        let asked = timeout(TIMEOUT, asking).await;
        let time = begin.elapsed();
        let mut seen = seen.lock().unwrap();
        seen.slowest_review = seen.slowest_review.max(time);
        match asked {
            Ok(Ok((answer, stream))) => {
                let review = serde_json::from_slice(&answer.body).unwrap_or_default();
                if answer.code == 200 && Verdict::of(&review).as_ref() == Some(&case.verdict) {
                    seen.reviews.add(time);
                } else {
                    let text = String::from_utf8_lossy(&answer.body);
                    seen.fail(&case.name, &format!("{} {text}, not {:?}", answer.code, case.verdict));
                }
                connection = (!answer.closes).then_some(stream);
            }
            Ok(Err(error)) => seen.fail(&case.name, &format!("{error} after {time:.1?}")),
            Err(_) => seen.fail(&case.name, &format!("no answer in {time:.1?}")),
        }
    }
}

/// How long the kubelet waits, by the chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probes {
    pub(super) live: Duration,
    pub(super) ready: Duration,
}

/// Probes as a kubelet does, on connections of their own: on the metrics port, and on that of reviews.
async fn kubelet(target: Arc<Target>, seen: Arc<Mutex<Seen>>, until: Instant, probes: Probes) {
    let mut turns = interval(Duration::from_secs(1));
    let mut tasks = Vec::new();
    while Instant::now() < until {
        turns.tick().await;
        tasks.retain(|task: &tokio::task::JoinHandle<()>| !task.is_finished());
        for (path, tls, limit) in [
            ("/livez", false, probes.live),
            ("/readyz", false, probes.ready),
            ("/livez", true, probes.live),
            ("/readyz", true, probes.ready),
        ] {
            let (target, seen) = (Arc::clone(&target), Arc::clone(&seen));
            tasks.push(tokio::spawn(async move {
                let begin = Instant::now();
                let probed = timeout(limit, probe(&target, path, tls)).await;
                let time = begin.elapsed();
                let port = if tls { "the port of reviews" } else { "the metrics port" };
                let what = format!("{path} on {port}");
                let mut seen = seen.lock().unwrap();
                seen.slowest_probe = seen.slowest_probe.max(time);
                match probed {
                    Ok(Ok(200)) => seen.probes += 1,
                    Ok(Ok(code)) => seen.fail(&what, &code.to_string()),
                    Ok(Err(error)) => seen.fail(&what, &format!("{error} after {time:.1?}")),
                    Err(_) => seen.fail(&what, &format!("no answer in {limit:?}")),
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
}

async fn probe(target: &Target, path: &str, with_tls: bool) -> std::io::Result<u16> {
    async fn get(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> std::io::Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        Ok(answer(&mut stream).await?.code)
    }
    if with_tls {
        // A kubelet has no certificate that anybody here knows.
        get(tls(&target.stranger, KUBELET, target.webhook).await?, path).await
    } else {
        get(tcp(KUBELET, target.ops).await?, path).await
    }
}
