//! Hostile clients: what anybody can do who reaches a port, and what comes through an API server from who may create
//! Jobs. Each kind has a bound on connections and on how often it is tried, so that the machine has time for the honest.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::wire::{API_SERVER, Target, answer, closed, stranger, tcp, tls};
use super::worst::{MOST, job, request, review};

/// The longest that one attack waits for the server.
const LONGEST: Duration = Duration::from_secs(120);

/// One kind of attack, and what came of it.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Whether it sends what must never be allowed.
    pub(super) must_not_pass: bool,
    done: AtomicU64,
    outcomes: Mutex<BTreeMap<String, u64>>,
}

impl Kind {
    /// It has been done once.
    fn done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    fn ended(&self, how: String) {
        *self.outcomes.lock().unwrap().entry(how).or_default() += 1;
    }

    /// Whether one was allowed.
    pub(super) fn passed(&self) -> bool {
        self.outcomes.lock().unwrap().keys().any(|how| how.contains("allowed"))
    }

    pub(super) fn outcomes(&self) -> String {
        let outcomes = self.outcomes.lock().unwrap();
        outcomes.iter().map(|(how, count)| format!("{count} {how}")).collect::<Vec<_>>().join(", ")
    }
}

/// Where attacks are started.
struct Attacks {
    target: Arc<Target>,
    kinds: Vec<Arc<Kind>>,
    /// Parts of the names of those that are wanted.
    only: Vec<String>,
}

impl Attacks {
    /// So many clients try this, each again `every` so often after it has ended.
    fn start<F>(
        &mut self,
        name: &'static str,
        clients: usize,
        every: Duration,
        attack: impl Fn(Arc<Target>, Arc<Kind>, usize) -> F + Clone + Send + 'static,
    ) where
        F: Future<Output = io::Result<String>> + Send,
    {
        if !self.only.iter().any(|only| name.contains(only)) {
            return;
        }
        let must_not_pass = name.starts_with("objects with");
        let kind =
            Arc::new(Kind { name, must_not_pass, done: AtomicU64::new(0), outcomes: Mutex::default() });
        for number in 0..clients {
            let (target, kind, attack) = (Arc::clone(&self.target), Arc::clone(&kind), attack.clone());
            tokio::spawn(async move {
                // Not all at once: each its part of the first interval.
                sleep(every * u32::try_from(number).unwrap() / u32::try_from(clients).unwrap()).await;
                for turn in 0.. {
                    let trying = attack(Arc::clone(&target), Arc::clone(&kind), number + turn);
                    kind.ended(match timeout(LONGEST, trying).await {
                        Ok(Ok(how)) => how,
                        Ok(Err(_)) => "cut off".to_owned(),
                        Err(_) => "neither answered nor closed".to_owned(),
                    });
                    sleep(every).await;
                }
            });
        }
        self.kinds.push(kind);
    }

    /// Objects that come through an API server, each on a connection of its own.
    fn objects(&mut self, name: &'static str, clients: usize, every: Duration, bodies: Vec<String>) {
        let requests: Arc<Vec<_>> = Arc::new(bodies.iter().map(|body| request(body)).collect());
        self.start(name, clients, every, move |target, kind, turn| {
            let requests = Arc::clone(&requests);
            async move {
                let mut stream = tls(&target.api_server, API_SERVER, target.webhook).await?;
                stream.write_all(&requests[turn % requests.len()]).await?;
                kind.done();
                Ok(answer(&mut stream).await?.outcome())
            }
        });
    }
}

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Starts those whose name holds one of `only`. They end with the runtime.
pub(super) fn begin(target: Arc<Target>, only: Vec<String>) -> Vec<Arc<Kind>> {
    let mut all = Attacks { target, kinds: Vec::new(), only };
    // More than the 64 that the metrics port holds, and together more than the 1,024 of the other.
    all.start("idle on the metrics port", 90, millis(1000), idle_on_metrics_port);
    all.start("silent after the handshake", 350, millis(1000), silent);
    all.start("a GET, then an unfinished body", 350, millis(1000), unfinished);
    all.start("a GET every three seconds", 400, millis(1000), repeated);
    all.start("a body byte by byte", 30, millis(500), in_drops);
    all.start("a flood of refused requests", 4, millis(100), flood);
    all.start("garbage for TLS", 3, millis(100), garbage);
    all.start("opened and dropped", 3, millis(50), dropped);
    all.start("bodies of 27 to 161 MiB", 1, millis(4000), huge);
    objects(&mut all);
    all.kinds
}

fn objects(all: &mut Attacks) {
    let volumes = |count: usize| offending(&json!({"volumes": vec![json!({}); count]}));
    all.objects("objects with 60,000 elements", 2, millis(500), vec![review(&volumes(60_000), None)]);
    // As many as are let in: what a verdict on them takes is the question.
    let (new, mut changed) = (volumes(MOST), volumes(MOST));
    changed["metadata"]["labels"] = json!({"a": "b"});
    changed["spec"]["parallelism"] = 500.into();
    all.objects("new objects of 10,000 elements", 1, millis(200), vec![review(&new, None)]);
    all.objects("changes at 10,000 elements", 1, millis(200), vec![review(&changed, Some(&new))]);
    let mut ignoring = offending(&json!({}));
    ignoring["metadata"]["annotations"] =
        json!({"jobguard.dev/ignore": "a/b,c ".repeat(250 << 10).split_at(250 << 10).0});
    all.objects(
        "objects with an ignore annotation of 250 KiB",
        2,
        millis(300),
        vec![review(&ignoring, None)],
    );
    let nested = "{\"a\":".repeat(50_000) + "1" + &"}".repeat(50_000);
    let body = review(&offending(&json!({"x": "NESTED"})), None).replace("\"NESTED\"", &nested);
    all.objects("objects with 50,000 levels", 1, millis(300), vec![body]);
}

/// A Job that no API server would let pass, as if it had been written by hand, with more in its Pod.
fn offending(more: &Value) -> Value {
    let mut job = job(more);
    job["metadata"].as_object_mut().unwrap().remove("uid");
    job["spec"]["template"]["spec"]["restartPolicy"] = "Always".into();
    job
}

const GET: &[u8] = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A review of which so many bytes are announced.
fn head(length: usize) -> Vec<u8> {
    format!(
        "POST /validate?timeout=30s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    .into_bytes()
}

async fn open(target: &Target, number: usize) -> io::Result<TlsStream<TcpStream>> {
    tls(&target.stranger, stranger(number), target.webhook).await
}

async fn idle_on_metrics_port(target: Arc<Target>, kind: Arc<Kind>, number: usize) -> io::Result<String> {
    let mut stream = tcp(stranger(number), target.ops).await?;
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    answer(&mut stream).await?;
    kind.done();
    closed(&mut stream).await?;
    Ok("closed".to_owned())
}

async fn silent(target: Arc<Target>, kind: Arc<Kind>, number: usize) -> io::Result<String> {
    let mut stream = open(&target, number).await?;
    kind.done();
    closed(&mut stream).await?;
    Ok("closed".to_owned())
}

async fn unfinished(target: Arc<Target>, kind: Arc<Kind>, number: usize) -> io::Result<String> {
    let mut stream = open(&target, number).await?;
    stream.write_all(GET).await?;
    answer(&mut stream).await?;
    stream.write_all(&head(1 << 20)).await?;
    // Less than what is looked at when bodies hold too much, and more: 32 KiB.
    stream.write_all(&vec![b' '; if number.is_multiple_of(2) { 1 << 10 } else { 40 << 10 }]).await?;
    kind.done();
    Ok(answer(&mut stream).await?.outcome())
}

async fn repeated(target: Arc<Target>, kind: Arc<Kind>, number: usize) -> io::Result<String> {
    let mut stream = open(&target, number).await?;
    for _ in 0..30 {
        stream.write_all(GET).await?;
        answer(&mut stream).await?;
        kind.done();
        sleep(millis(3000)).await;
    }
    Ok("kept".to_owned())
}

async fn in_drops(target: Arc<Target>, kind: Arc<Kind>, number: usize) -> io::Result<String> {
    let mut stream = open(&target, number).await?;
    stream.write_all(&head(400)).await?;
    let (mut reading, mut writing) = tokio::io::split(stream);
    let dripping = async {
        for turn in 0.. {
            writing.write_all(b" ").await?;
            // From there on it is one.
            if turn == 4 {
                kind.done();
            }
            sleep(millis(250)).await;
        }
        Ok(())
    };
    tokio::select! {
        answer = answer(&mut reading) => Ok(answer?.outcome()),
        failed = dripping => failed.map(|()| String::new()),
    }
}

/// Requests that are refused unseen, 250 a second on each connection.
async fn flood(target: Arc<Target>, kind: Arc<Kind>, number: usize) -> io::Result<String> {
    let requests: [&[u8]; 4] = [
        b"POST /validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        b"GET /validate HTTP/1.1\r\nHost: localhost\r\n\r\n",
        GET,
    ];
    let mut stream = open(&target, number).await?;
    for request in requests.iter().cycle() {
        stream.write_all(request).await?;
        let answer = answer(&mut stream).await?;
        assert!((400..500).contains(&answer.code), "{}", answer.code);
        kind.done();
        if answer.closes {
            break;
        }
        sleep(millis(4)).await;
    }
    Ok("closed".to_owned())
}

async fn garbage(target: Arc<Target>, kind: Arc<Kind>, number: usize) -> io::Result<String> {
    let noise: Vec<u8> = (0..2000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let bytes = match number % 3 {
        0 => GET.to_vec(),
        // A ClientHello that is announced, and is none.
        1 => [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &noise[..505]].concat(),
        _ => noise,
    };
    let mut stream = tcp(stranger(number), target.webhook).await?;
    stream.write_all(&bytes).await?;
    kind.done();
    closed(&mut stream).await?;
    Ok("closed".to_owned())
}

async fn dropped(target: Arc<Target>, kind: Arc<Kind>, number: usize) -> io::Result<String> {
    match number % 4 {
        0 => drop(tcp(stranger(number / 4), target.webhook).await?),
        1 => drop(tcp(stranger(number / 4), target.ops).await?),
        2 => drop(open(&target, number / 4).await?),
        _ => {
            // In the middle of a request, and with a reset.
            let mut stream = open(&target, number / 4).await?;
            stream.write_all(&head(4000)).await?;
            stream.get_ref().0.set_zero_linger()?;
        }
    }
    kind.done();
    Ok("dropped".to_owned())
}

/// Bodies around the largest that is judged and the largest that is read, from an API server's connection as well as
/// from a stranger's.
async fn huge(target: Arc<Target>, kind: Arc<Kind>, turn: usize) -> io::Result<String> {
    const SIZES: [usize; 6] = [27, 29, 64, 28, 160, 161];
    const PIECE: usize = 64 << 10;
    let length = SIZES[turn % SIZES.len()] << 20;
    let (connector, from): (&TlsConnector, Ipv4Addr) = match (turn / SIZES.len()) % 3 {
        2 => (&target.stranger, stranger(turn)),
        _ => (&target.api_server, API_SERVER),
    };
    let mut job = offending(&json!({}));
    job["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["SPLIT"]);
    let review = review(&job, None);
    let (before, after) = review.split_once("SPLIT").unwrap();
    let stream = tls(connector, from, target.webhook).await?;
    let (mut reading, mut writing) = tokio::io::split(stream);
    let sending = async {
        writing.write_all(&head(length)).await?;
        writing.write_all(before.as_bytes()).await?;
        kind.done();
        let piece = vec![b'x'; PIECE];
        let mut left = length - before.len() - after.len();
        while left > 0 {
            let count = left.min(PIECE);
            writing.write_all(&piece[..count]).await?;
            left -= count;
        }
        writing.write_all(after.as_bytes()).await?;
        // The rest is up to the server.
        std::future::pending::<io::Result<()>>().await
    };
    tokio::select! {
        answer = answer(&mut reading) => Ok(answer?.outcome()),
        failed = sending => failed.map(|()| String::new()),
    }
}
