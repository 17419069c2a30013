//! How fast the webhook is, beside the least that any HTTPS server could do.
//!
//! `cargo bench --bench webhook` sends recorded reviews to `/validate`, and the same bytes to a route that reads the body
//! and answers a fixed AdmissionReview: same process, same TLS, same clients, taking turns. It prints reviews per second,
//! their ratio, latencies, and the memory in use. `JOBGUARD_BENCH_SECONDS` says how long each of them
//! is asked (10). Then a webhook whose policy has ten rules of its own takes turns with the one that has none.
//!
//! `cargo bench --bench webhook -- --soak` starts the program itself and sends it a million reviews (`--soak N`: as many as
//! that), on new connections after every ten thousand. It prints the memory that the program then uses beside what it
//! used after ten thousand.
//!
//! `cargo bench --bench webhook -- --worst` starts the program itself and sends it the worst that is let in, and what is
//! not, many at once. It prints the most memory that the program used, and fails where that is above the memory limit of
//! the Helm chart.
//!
//! `cargo bench --bench webhook -- --hostile` starts the program itself with the chart's limits, and for ten minutes
//! (`--hostile SECONDS`) has honest clients ask it while hostile ones do what they can. It fails where an honest request
//! or a probe is lost, the program ends, or its memory grows or exceeds the chart's limit. API servers show certificates
//! there, as the documentation recommends (`--client-ca`); with `--open`, everybody may send reviews, and hostile clients
//! do so, too. `--only WORDS` leaves out the attacks without any of these words (`unfinished,bodies of 27`) in
//! their names, to see which does what.
//!
//! Started in any other way (`cargo test --benches`), it asks a few hundred times and says nothing of speed.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark, not a service"
)]

#[path = "webhook/attacks.rs"]
mod attacks;
#[path = "webhook/honest.rs"]
mod honest;
#[path = "webhook/hostile.rs"]
mod hostile;
#[path = "webhook/wire.rs"]
mod wire;
#[path = "webhook/worst.rs"]
mod worst;

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jobguard::policy::{Preset, load};
use jobguard::rules::registry;
use jobguard::server::{Certificate, PolicySource, ServeOptions, Server, Timeouts};
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{PrivateKeyDer, ServerName};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The allocator that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many clients there are, each with a connection of its own.
const CLIENTS: usize = 8;

/// How often the two take turns: so often that a machine that is faster at times is so for both.
const TURNS: u32 = 40;

struct Identity {
    folder: tempfile::TempDir,
    client: TlsConnector,
    acceptor: TlsAcceptor,
}

fn identity() -> Identity {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(folder.path().join("tls.crt"), cert.pem()).unwrap();
    std::fs::write(folder.path().join("tls.key"), key.serialize_pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    Identity {
        folder,
        client: TlsConnector::from(Arc::new(client)),
        acceptor: TlsAcceptor::from(Arc::new(server)),
    }
}

/// The webhook, as it is run.
async fn webhook(identity: &Identity, policy: PolicySource) -> SocketAddr {
    let server = Server::bind(ServeOptions {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        certificate: Certificate::Files {
            cert: identity.folder.path().join("tls.crt"),
            key: identity.folder.path().join("tls.key"),
        },
        clients: None,
        policy,
        policy_fallback: None,
        metrics_listen: None,
        namespace: None,
        excluded_namespaces: Vec::new(),
        reload_every: Duration::from_secs(10),
        shutdown_delay: Duration::ZERO,
        max_connections: 64,
        max_concurrent: 64,
        timeouts: Timeouts::default(),
        cluster: None,
    })
    .await
    .unwrap();
    let address = server.address();
    tokio::spawn(server.run());
    address
}

/// The recommended policy, with ten rules of its own.
fn own_rules() -> PolicySource {
    let text = include_str!("support/own-rules.yaml").replace("extends: strict", "extends: recommended");
    let source = load::Source { name: "own".to_owned(), text };
    PolicySource::Given(Box::new(load::read(&source, registry().catalog(), &load::no_files).unwrap()))
}

/// A server that reads the body and answers the same to everything.
async fn floor(identity: &Identity) -> SocketAddr {
    const ANSWER: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"705ab4f5-6393-11e8-b7cc-42010a800002","allowed":true}}"#;
    let router = axum::Router::new().route(
        "/validate",
        post(async |body: Bytes| {
            assert!(!body.is_empty());
            ([(CONTENT_TYPE, "application/json")], ANSWER)
        }),
    );
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = identity.acceptor.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                stream.set_nodelay(true).unwrap();
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
                    .await;
            });
        }
        Ok::<(), Infallible>(())
    });
    address
}

/// Reviews as API servers sent them, those of /mutate as well: they ask about whole objects, too. Either all, or those that
/// our webhook configurations ask for: creations and updates of whole objects, each of which is judged.
fn reviews(all: bool) -> Vec<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/admission-reviews.jsonl");
    let text = std::fs::read_to_string(file).unwrap_or_else(|_| {
        format!("{{\"review\":{}}}", include_str!("../examples/review.json").replace('\n', " "))
    });
    // Byte for byte, in the order in which API servers write them.
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        review: &'a RawValue,
    }
    let requests = text.lines().filter_map(|line| {
        let body = serde_json::from_str::<Line<'_>>(line).unwrap().review.get();
        let review: Value = serde_json::from_str(body).unwrap();
        let (operation, part) = (&review["request"]["operation"], &review["request"]["subResource"]);
        let judged = (operation == "CREATE" || operation == "UPDATE") && part.is_null();
        let head = format!(
            "POST /validate?timeout=10s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        (all || judged).then(|| (head + body).into_bytes())
    });
    requests.collect()
}

/// How often each length of time was measured, in steps of one percent. As large at the end as at the beginning, so that
/// the memory in use is not that of the measurement.
#[derive(Clone)]
struct Times {
    counts: Vec<u32>,
    total: usize,
}

impl Times {
    const STEP: f64 = 1.01;

    fn new() -> Self {
        // Up to an hour, in nanoseconds.
        Self { counts: vec![0; 3000], total: 0 }
    }

    fn add(&mut self, time: Duration) {
        let step = (time.as_nanos().max(1) as f64).log(Self::STEP) as usize;
        let last = self.counts.len() - 1;
        self.counts[step.min(last)] += 1;
        self.total += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.total += other.total;
    }

    fn percentile(&self, percent: usize) -> Duration {
        let mut left = self.total * percent / 100;
        for (step, count) in self.counts.iter().enumerate() {
            let count = *count as usize;
            if left < count {
                return Duration::from_nanos(Self::STEP.powi(step as i32) as u64);
            }
            left -= count;
        }
        Duration::ZERO
    }
}

/// Asks until it is time, or often enough. Returns how long requests took.
async fn client(
    identity: TlsConnector,
    address: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    first: usize,
    until: Instant,
    most: usize,
) -> Times {
    let tcp = TcpStream::connect(address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    let mut stream = identity.connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap();
    let mut times = Times::new();
    let mut buffer = vec![0; 64 << 10];
    while times.total < most && Instant::now() < until {
        let request = &requests[(first + times.total) % requests.len()];
        let begin = Instant::now();
        stream.write_all(request).await.unwrap();
        let mut filled = 0;
        loop {
            let count = stream.read(&mut buffer[filled..]).await.unwrap();
            assert!(count > 0, "the server closed the connection");
            filled += count;
            if is_whole(&buffer[..filled]) {
                break;
            }
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&buffer[..filled]));
        times.add(begin.elapsed());
    }
    times
}

/// Whether an answer has ended, so far as it can be told.
fn has_ended(text: &[u8]) -> bool {
    text.windows(4).any(|window| window == b"\r\n\r\n") && is_whole(text)
}

fn is_whole(text: &[u8]) -> bool {
    let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = std::str::from_utf8(&text[..end]).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    text.len() >= end + 4 + length.parse::<usize>().unwrap()
}

async fn turn(
    identity: &Identity,
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    length: Duration,
    most: usize,
) -> Times {
    let until = Instant::now() + length;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let first = number * 5;
            tokio::spawn(client(identity.client.clone(), address, Arc::clone(requests), first, until, most))
        })
        .collect();
    let mut times = Times::new();
    for client in clients {
        times.merge(&client.await.unwrap());
    }
    times
}

/// Memory in use by a process, in MiB. Of `self` these are clients and both servers.
fn resident(process: &str) -> f64 {
    memory(process, "VmRSS:")
}

fn memory(process: &str, which: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(which));
    let kib: f64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default();
    kib / 1024.0
}

/// The program, running.
struct Program {
    child: Child,
    /// Where it shows metrics, if it does.
    metrics: Option<SocketAddr>,
    /// How many lines it has logged since it listens.
    logged: Arc<AtomicUsize>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn start(identity: &Identity, arguments: &[&str]) -> (Self, SocketAddr) {
        let file = |name| identity.folder.path().join(name);
        let mut child = Command::new(env!("CARGO_BIN_EXE_jobguard"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(arguments)
            .arg("--tls-cert")
            .arg(file("tls.crt"))
            .arg("--tls-key")
            .arg(file("tls.key"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = |line: &Value, of: &str| line[of].as_str()?.parse().ok();
        let (webhook, metrics) = lines
            .find_map(|line| {
                let line = serde_json::from_str(&line).ok()?;
                Some((address(&line, "address")?, address(&line, "metrics")))
            })
            .expect("it says where it listens");
        // A denial is a line: they are read, lest the program waits.
        let logged = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&logged);
        std::thread::spawn(move || {
            for _ in lines {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        (Self { child, metrics, logged }, webhook)
    }
}

/// The number that comes after an argument, or `default` if there is none; nothing without the argument.
fn number_after(name: &str, default: usize) -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.next()?;
    Some(arguments.next().and_then(|count| count.replace('_', "").parse().ok()).unwrap_or(default))
}

/// Many reviews, and what they leave behind in memory.
async fn soak(reviews_wanted: usize) {
    const STEP: usize = 10_000;
    let identity = identity();
    let (program, address) = Program::start(&identity, &[]);
    let process = program.child.id().to_string();
    let requests = Arc::new(reviews(true));
    let (begin, mut done, mut after_first) = (Instant::now(), 0, 0.0);
    let start = resident(&process);
    while done < reviews_wanted {
        let wanted = STEP.min(reviews_wanted - done);
        let times =
            turn(&identity, address, &requests, Duration::from_secs(600), wanted.div_ceil(CLIENTS)).await;
        assert!(times.total >= wanted, "{} of {wanted} reviews", times.total);
        done += times.total;
        if after_first == 0.0 {
            after_first = resident(&process);
        }
        eprintln!(
            "{done} reviews after {:.0} s: {:.1} MiB, p50 {:.1?}, p99 {:.1?}",
            begin.elapsed().as_secs_f64(),
            resident(&process),
            times.percentile(50),
            times.percentile(99)
        );
    }
    println!(
        "memory   {start:.1} MiB at the start, {after_first:.1} MiB after {STEP} reviews, {:.1} MiB after {done}, \
         {:.1} MiB at most",
        resident(&process),
        memory(&process, "VmHWM:")
    );
}

fn main() {
    if let Some(seconds) = number_after("--hostile", 600) {
        let open = std::env::args().any(|argument| argument == "--open");
        let only = std::env::args().skip_while(|argument| argument != "--only").nth(1).unwrap_or_default();
        let only = only.split(',').map(str::to_owned).collect();
        std::process::exit(i32::from(!hostile::hostile(Duration::from_secs(seconds as u64), open, only)));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(length) = number_after("--soak", 1_000_000) {
        return runtime.block_on(soak(length));
    }
    if std::env::args().any(|argument| argument == "--worst") {
        let holds = runtime.block_on(worst::worst());
        if !holds {
            println!("the chart's memory limit does not hold this");
            std::process::exit(1);
        }
        return;
    }
    let measuring = std::env::args().any(|argument| argument == "--bench");
    let seconds =
        std::env::var("JOBGUARD_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let length = Duration::from_secs(seconds) / TURNS;
    runtime.block_on(async {
        let identity = identity();
        let plain = webhook(&identity, PolicySource::BuiltIn(Preset::Recommended)).await;
        let addresses = [floor(&identity).await, plain];
        for (name, all) in [("as the webhook configurations ask", false), ("as recorded", true)] {
            let requests = Arc::new(reviews(all));
            let mean = requests.iter().map(Vec::len).sum::<usize>() / requests.len();
            if measuring {
                println!("{} reviews {name}, {mean} bytes on average, {CLIENTS} connections", requests.len());
            }
            compare(&identity, ["floor", "webhook"], addresses, &requests, measuring.then_some(length)).await;
        }
        let own = webhook(&identity, own_rules()).await;
        let names = ["none", "own rules"];
        compare(&identity, names, [plain, own], &Arc::new(reviews(false)), measuring.then_some(length)).await;
    });
}

/// The two in turns on the same reviews. Says what it measured where it is told how long a turn is to last.
async fn compare(
    identity: &Identity,
    names: [&str; 2],
    addresses: [SocketAddr; 2],
    requests: &Arc<Vec<Vec<u8>>>,
    measured: Option<Duration>,
) {
    let [first, second] = addresses;
    let Some(length) = measured else {
        for address in addresses {
            turn(identity, address, requests, Duration::from_secs(20), 40).await;
        }
        return;
    };
    turn(identity, first, requests, 4 * length, usize::MAX).await;
    turn(identity, second, requests, Duration::from_secs(600), 10_000 / CLIENTS).await;
    let after_ten_thousand = resident("self");
    let (mut times, mut speeds) = ([Times::new(), Times::new()], [0.0, 0.0]);
    for _ in 0..TURNS {
        for (which, address) in addresses.into_iter().enumerate() {
            let begin = Instant::now();
            let turn = turn(identity, address, requests, length, usize::MAX).await;
            speeds[which] += turn.total as f64 / begin.elapsed().as_secs_f64() / f64::from(TURNS);
            times[which].merge(&turn);
        }
    }
    for (name, (times, speed)) in names.into_iter().zip(times.iter().zip(speeds)) {
        println!(
            "{name:<9}{speed:8.0} reviews/s  p50 {:7.1?}  p99 {:7.1?}  ({} reviews)",
            times.percentile(50),
            times.percentile(99),
            times.total
        );
    }
    println!("ratio    {:8.2}", speeds[1] / speeds[0]);
    println!(
        "memory   {after_ten_thousand:.1} MiB after 10000 reviews, {:.1} MiB after {} more",
        resident("self"),
        times[1].total
    );
}
