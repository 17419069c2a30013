//! Honest and hostile clients of one server at the same time, for minutes: what the honest ones lose, and what memory
//! the server takes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::honest::{self, Probes, Seen};
use super::wire::{KUBELET, Target, tcp};
use super::worst::{chart_limit, chart_values};
use super::{Identity, Program, attacks, identity, memory, resident};

/// How much more memory the last third of the time may take than the second.
const GROWTH: f64 = 1.2;

/// The shortest time whose thirds can be compared: each holds all sizes of large bodies.
const COMPARED: Duration = Duration::from_secs(180);

/// How many lines the log may have in a minute: what it allows to clients, to reviews, and to the server itself.
const LINES: u64 = 1300;

/// The name of API servers.
const NAME: &str = "kube-apiserver";

/// What clients with a certificate connect with. Its authority is written where the server reads it.
fn with_certificate(identity: &Identity) -> TlsConnector {
    let folder = identity.folder.path();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "clients");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    std::fs::write(folder.join("clients.crt"), authority.pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, NAME);
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let mut roots = RootCertStore::empty();
    let server = std::fs::read(folder.join("tls.crt")).unwrap();
    let server = rustls_pki_types::pem::PemObject::from_pem_slice(&server).unwrap();
    roots.add(server).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    TlsConnector::from(Arc::new(config))
}

/// A runtime with one thread: clients that take all processors would keep the server from its work.
fn on_one_thread<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> std::thread::JoinHandle<T> {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(future)
    })
}

/// Runs it with the attacks whose name holds one of `only`, and says whether the server withstood.
pub(super) fn hostile(length: Duration, open: bool, only: Vec<String>) -> bool {
    assert!(length >= Duration::from_secs(15), "too short for every attack to begin");
    let identity = identity();
    let api_server = with_certificate(&identity);
    let authority = identity.folder.path().join("clients.crt");
    let values = chart_values();
    let (connections, concurrent) =
        (values["maxConnections"].to_string(), values["maxConcurrent"].to_string());
    let mut arguments = vec!["--metrics-listen", "127.0.0.1:0", "--policy", "recommended"];
    arguments.extend(["--max-connections", &connections, "--max-concurrent", &concurrent]);
    if !open {
        arguments.extend(["--client-ca", authority.to_str().unwrap(), "--client-allowed-names", NAME]);
    }
    let (mut program, webhook) = Program::start(&identity, &arguments);
    let process = program.child.id().to_string();
    let target = Arc::new(Target {
        webhook,
        ops: program.metrics.expect("it says where it shows metrics"),
        stranger: identity.client.clone(),
        api_server,
    });
    let limit = chart_limit();
    let start = resident(&process);
    let seconds = length.as_secs();
    let who = if open { "everybody may send reviews" } else { "reviews need a client certificate" };
    println!("{seconds} s, {who}; {start:.1} MiB at the start, the chart's limit is {limit:.0} MiB");

    let (begin, until) = (Instant::now(), Instant::now() + length);
    let seen = Arc::new(Mutex::new(Seen::new()));
    let wait = |probe: &str| Duration::from_secs(values[probe]["timeoutSeconds"].as_u64().unwrap());
    let probes = Probes { live: wait("livenessProbe"), ready: wait("readinessProbe") };
    let honest = on_one_thread(honest::run(Arc::clone(&target), Arc::clone(&seen), until, probes));
    let attacked = Arc::clone(&target);
    let hostile = on_one_thread(async move {
        let kinds = attacks::begin(attacked, only);
        tokio::time::sleep_until(until.into()).await;
        kinds
    });
    let mut used = Vec::new();
    let mut ended = None;
    while Instant::now() < until && ended.is_none() {
        std::thread::sleep(Duration::from_secs(1).min(until.saturating_duration_since(Instant::now())));
        ended = program.child.try_wait().unwrap();
        used.push(resident(&process));
        if used.len().is_multiple_of(60) {
            report(&seen.lock().unwrap(), &program, begin);
        }
    }
    let peak = memory(&process, "VmHWM:");
    honest.join().unwrap();
    let kinds = hostile.join().unwrap();
    report(&seen.lock().unwrap(), &program, begin);

    let mut faults = Vec::new();
    if kinds.is_empty() {
        faults.push("no attack has such a name".to_owned());
    }
    if let Some(status) = ended.or_else(|| program.child.try_wait().unwrap()) {
        faults.push(format!("the program ended: {status}"));
    }
    for kind in &kinds {
        println!("{:>8} {}: {}", kind.count(), kind.name, kind.outcomes());
        if kind.count() == 0 {
            faults.push(format!("{}: not done at all", kind.name));
        }
        if kind.must_not_pass && kind.passed() {
            faults.push(format!("{}: allowed", kind.name));
        }
    }
    let seen = seen.lock().unwrap();
    if seen.failures > 0 {
        faults.push(format!("{} honest requests or probes were lost", seen.failures));
    }
    if seen.reviews.total == 0 || seen.probes == 0 {
        faults.push("nobody honest has asked".to_owned());
    }
    let thirds: Vec<f64> = used.chunks(used.len().div_ceil(3)).map(median).collect();
    println!("memory   {thirds:.1?} MiB in the three thirds of the time, {peak:.1} MiB at most");
    if peak > limit {
        faults.push(format!("{peak:.1} MiB are more than the chart's limit"));
    }
    if length >= COMPARED
        && let [_, second, last] = thirds[..]
        && last > GROWTH * second
    {
        faults.push("memory grows".to_owned());
    }
    let lines = program.logged.load(Ordering::Relaxed) as u64;
    if lines > LINES * (seconds / 60 + 1) {
        faults.push(format!("{lines} log lines"));
    }
    if ended.is_none() && panics(&target) != Some(0) {
        faults.push("it panicked, or does not say".to_owned());
    }
    for fault in &faults {
        println!("FAULT    {fault}");
    }
    faults.is_empty()
}

/// One line of what there has been so far.
fn report(seen: &Seen, program: &Program, begin: Instant) {
    let process = program.child.id().to_string();
    println!(
        "{:>6.0} s {} reviews on {} connections (p50 {:.1?}, p99 {:.1?}, most {:.1?}), {} probes (most {:.1?}), \
         {} lost; {:.1} MiB, {:.1} MiB at most, {} log lines",
        begin.elapsed().as_secs_f64(),
        seen.reviews.total,
        seen.connections,
        seen.reviews.percentile(50),
        seen.reviews.percentile(99),
        seen.slowest_review,
        seen.probes,
        seen.slowest_probe,
        seen.failures,
        resident(&process),
        memory(&process, "VmHWM:"),
        program.logged.load(Ordering::Relaxed),
    );
}

/// Less swayed by one large body than the mean.
fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How many panics the server counts.
fn panics(target: &Target) -> Option<u64> {
    let ops = target.ops;
    let asking = on_one_thread(async move {
        let mut stream = tcp(KUBELET, ops).await?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok::<_, std::io::Error>(text)
    });
    let text = asking.join().unwrap().ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("jobguard_panics_total "))
        .and_then(|count| count.parse().ok())
}
