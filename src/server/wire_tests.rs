//! The server over real connections, with timers short enough to wait for.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::policy::Preset;

use super::{Certificate, PolicySource, ServeOptions, Server, Timeouts, testing};
use crate::server::listener::shutdown::{Lifecycle, Phase};

/// Longer than anything here should take, even on a busy machine.
const LONG: Duration = Duration::from_secs(20);

struct Running {
    port: u16,
    root: CertificateDer<'static>,
    lifecycle: Lifecycle,
    done: JoinHandle<bool>,
}

/// Long timers, for tests that are not about them.
fn long_timeouts() -> Timeouts {
    Timeouts {
        handshake: LONG,
        first_byte: LONG,
        header: LONG,
        body: LONG,
        idle: LONG,
        request: LONG,
        write: LONG,
        drain: LONG,
    }
}

async fn start(timeouts: Timeouts, max_connections: u32) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let files =
        Certificate::Files { cert: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
    std::fs::write(folder.path().join("tls.crt"), cert.pem()).unwrap();
    std::fs::write(folder.path().join("tls.key"), key.serialize_pem()).unwrap();
    let server = Server::bind(ServeOptions {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        certificate: files,
        clients: None,
        policy: PolicySource::BuiltIn(Preset::Recommended),
        policy_fallback: None,
        metrics_listen: None,
        namespace: None,
        excluded_namespaces: Vec::new(),
        reload_every: LONG,
        cluster: None,
        shutdown_delay: Duration::ZERO,
        max_connections,
        max_concurrent: 8,
        timeouts,
    })
    .await
    .unwrap();
    Running {
        port: server.address().port(),
        root: cert.der().clone(),
        lifecycle: server.app.lifecycle.clone(),
        done: tokio::spawn(server.connections.serve(server.listener)),
    }
}

impl Running {
    async fn tcp(&self) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.unwrap()
    }

    /// Connects from an address of its own.
    #[cfg(target_os = "linux")]
    async fn connect_from(&self, address: [u8; 4]) -> TlsStream<TcpStream> {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        let tcp = socket.connect((Ipv4Addr::LOCALHOST, self.port).into()).await.unwrap();
        self.connect_over(tcp, &[&TLS13]).await
    }

    async fn connect_with(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsStream<TcpStream> {
        self.connect_over(self.tcp().await, versions).await
    }

    async fn connect_over(
        &self,
        tcp: TcpStream,
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        self.connect_with(&[&TLS13]).await
    }

    /// Sends a request but for its body, which the server has begun to wait for.
    async fn begin(&self, body: &str) -> (TlsStream<TcpStream>, String) {
        let mut stream = self.connect().await;
        let request = post(body).replacen("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1);
        let (head, body) = request.split_at(request.find("\r\n\r\n").unwrap() + 4);
        stream.write_all(head.as_bytes()).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 100 "));
        (stream, body.to_owned())
    }
}

fn post(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /validate?timeout=10s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// Reads one answer: head and body.
async fn answer(stream: &mut TlsStream<TcpStream>) -> String {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        let mut piece = [0; 4096];
        let count = timeout(LONG, stream.read(&mut piece)).await.unwrap().unwrap();
        assert!(count > 0, "the connection ended within an answer: {text}");
        text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
}

/// Waits until the server ends the connection.
async fn end(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut rest = Vec::new();
    // An end without TLS's close_notify is an error here, and an end all the same.
    let _ = timeout(LONG, stream.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn several_requests_on_one_connection_in_both_versions_of_tls() {
    let server = start(long_timeouts(), 8).await;
    for version in [&TLS12, &TLS13] {
        let mut stream = server.connect_with(&[version]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        for uid in ["a", "b", "c"] {
            stream.write_all(post(&testing::review(uid, "{}")).as_bytes()).await.unwrap();
            let answer = answer(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(answer.contains(&format!(r#""uid":"{uid}""#)), "{answer}");
        }
    }
}

#[tokio::test]
async fn silence_is_ended_by_timers() {
    let short = Duration::from_millis(100);
    let server = start(Timeouts { handshake: short, ..long_timeouts() }, 8).await;
    end(&mut server.tcp().await).await;

    let server = start(Timeouts { first_byte: short, ..long_timeouts() }, 8).await;
    end(&mut server.connect().await).await;

    let server = start(Timeouts { idle: short, ..long_timeouts() }, 8).await;
    let mut stream = server.connect().await;
    stream.write_all(post(&testing::review("u", "{}")).as_bytes()).await.unwrap();
    answer(&mut stream).await;
    end(&mut stream).await;
    // A header that never ends.
    let server = start(Timeouts { header: short, ..long_timeouts() }, 8).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /validate HTTP/1.1\r\nHost: local").await.unwrap();
    end(&mut stream).await;

    let server = start(Timeouts { request: short, ..long_timeouts() }, 8).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
        .await
        .unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 408 "));
    // Not even where the client says that it waits for long.
    let server = start(Timeouts { body: short, ..long_timeouts() }, 8).await;
    let mut stream = server.connect().await;
    let (head, _) =
        post("x").rsplit_once("Content-Length").map(|(head, rest)| (head.to_owned(), rest.len())).unwrap();
    let chunked = format!("{}Transfer-Encoding: chunked\r\n\r\n", head.replace("10s", "30s"));
    stream.write_all(chunked.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = tokio::io::split(stream);
    let drops = tokio::spawn(async move {
        while writing.write_all(b"1\r\n \r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let mut text = [0; 13];
    timeout(LONG, reading.read_exact(&mut text)).await.unwrap().unwrap();
    assert_eq!(&text, b"HTTP/1.1 408 ");
    drop(reading);
    drops.abort();
}

#[tokio::test]
async fn a_client_that_never_asked_for_a_review_may_not_be_silent_for_long() {
    let short = Duration::from_millis(500);
    let server = start(Timeouts { first_byte: short, ..long_timeouts() }, 8).await;
    let mut honest = server.connect().await;
    honest.write_all(post(&testing::review("a", "{}")).as_bytes()).await.unwrap();
    answer(&mut honest).await;
    let mut probing = server.connect().await;
    probing.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(answer(&mut probing).await.starts_with("HTTP/1.1 404 "));
    end(&mut probing).await;
    tokio::time::sleep(2 * short).await;
    honest.write_all(post(&testing::review("b", "{}")).as_bytes()).await.unwrap();
    answer(&mut honest).await;
}

#[tokio::test]
async fn probes_do_not_keep_their_connections() {
    let server = start(long_timeouts(), 8).await;
    for path in ["/livez", "/readyz"] {
        let mut stream = server.connect().await;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
        assert!(answer(&mut stream).await.to_ascii_lowercase().contains("\r\nconnection: close\r\n"));
        end(&mut stream).await;
    }
}

#[tokio::test]
async fn odd_ways_to_ask_hold_nothing() {
    let server = start(long_timeouts(), 8).await;
    let review = post(&testing::review("u", "{}"));
    // Several requests at once: each is answered, in order.
    let mut stream = server.connect().await;
    stream.write_all(review.repeat(3).as_bytes()).await.unwrap();
    let mut text = String::new();
    while text.matches(r#""uid":"u""#).count() < 3 {
        let mut piece = [0; 4096];
        let count = timeout(LONG, stream.read(&mut piece)).await.unwrap().unwrap();
        assert!(count > 0, "{text}");
        text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
    // A client that asks, and then says that it will say no more.
    let mut stream = server.connect().await;
    stream.write_all(b"POST /validate HTTP/1.1\r\nHost: a\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    end(&mut stream).await;
    // A header that is too large, and one with too many lines.
    for header in [format!("X: {}\r\n", "x".repeat(80_000)), "X: x\r\n".repeat(5000)] {
        let mut stream = server.connect().await;
        let _ = stream.write_all(format!("GET / HTTP/1.1\r\nHost: a\r\n{header}\r\n").as_bytes()).await;
        end(&mut stream).await;
    }
    // Another protocol is not spoken.
    let mut stream = server.connect().await;
    let upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 404 "));
    // A body in chunks of one byte.
    let mut stream = server.connect().await;
    let body = testing::review("chunks", "{}");
    let chunks: String = body.bytes().map(|byte| format!("1\r\n{}\r\n", char::from(byte))).collect();
    let head = "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(format!("{head}{chunks}0\r\n\r\n").as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.contains(r#""uid":"chunks""#));
}

#[tokio::test]
async fn connections_above_the_bound_are_closed_at_once() {
    let server = start(long_timeouts(), 1).await;
    let mut first = server.connect().await;
    first.write_all(post(&testing::review("u", "{}")).as_bytes()).await.unwrap();
    answer(&mut first).await;
    end(&mut server.tcp().await).await;
    // The first is still served, and its place is free once it has gone.
    first.write_all(post(&testing::review("v", "{}")).as_bytes()).await.unwrap();
    answer(&mut first).await;
    drop(first);
    let again = async {
        loop {
            let mut tcp = server.tcp().await;
            let mut byte = [0];
            if timeout(Duration::from_millis(50), tcp.read(&mut byte)).await.is_err() {
                break;
            }
        }
    };
    timeout(LONG, again).await.unwrap();
}

/// Where everybody may ask, a tenant's Pod can have as many trusted connections as it likes; API servers can, too.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_address_keeps_out_no_other() {
    const TENANT: [u8; 4] = [127, 0, 0, 7];
    let server = start(long_timeouts(), 24).await;
    let review = post(&testing::review("u", "{}"));
    let mut regular = server.connect().await;
    regular.write_all(review.as_bytes()).await.unwrap();
    answer(&mut regular).await;
    let mut held = Vec::new();
    for _ in 0..60 {
        let mut stream = server.connect_from(TENANT).await;
        stream.write_all(review.as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        held.push(stream);
        // One more that says nothing.
        held.push(server.connect_from(TENANT).await);
    }
    regular.write_all(review.as_bytes()).await.unwrap();
    answer(&mut regular).await;
    let mut new = server.connect().await;
    for _ in 0..2 {
        new.write_all(review.as_bytes()).await.unwrap();
        assert!(!answer(&mut new).await.to_ascii_lowercase().contains("connection: close"));
    }
}

#[tokio::test]
async fn open_requests_are_answered_before_the_end() {
    let server = start(long_timeouts(), 8).await;
    let mut silent = server.tcp().await;
    let mut unasked = server.connect().await;
    let mut idle = server.connect().await;
    idle.write_all(post(&testing::review("i", "{}")).as_bytes()).await.unwrap();
    answer(&mut idle).await;
    let (mut open, rest) = server.begin(&testing::review("o", "{}")).await;

    server.lifecycle.advance(Phase::Leaving);
    let mut late = server.connect().await;
    late.write_all(post(&testing::review("l", "{}")).as_bytes()).await.unwrap();
    assert!(answer(&mut late).await.to_ascii_lowercase().contains("\r\nconnection: close\r\n"));
    end(&mut late).await;

    server.lifecycle.advance(Phase::Draining);
    end(&mut silent).await;
    end(&mut unasked).await;
    end(&mut idle).await;
    assert!(!server.done.is_finished());
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).await.is_err(), "the port is given up");
    open.write_all(rest.as_bytes()).await.unwrap();
    assert!(answer(&mut open).await.contains(r#""uid":"o""#));
    end(&mut open).await;
    assert!(timeout(LONG, server.done).await.unwrap().unwrap(), "drained");
}

#[tokio::test]
async fn the_drain_ends_too() {
    for cut in [false, true] {
        let drain = if cut { LONG } else { Duration::from_millis(50) };
        let server = start(Timeouts { drain, ..long_timeouts() }, 8).await;
        let (mut open, _) = server.begin("{}").await;
        server.lifecycle.advance(if cut { Phase::Ended } else { Phase::Draining });
        assert!(!timeout(LONG, server.done).await.unwrap().unwrap(), "cut");
        if cut {
            end(&mut open).await;
        }
    }
}
