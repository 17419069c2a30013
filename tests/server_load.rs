//! The webhook under load, while everything around it changes, and under people who mean it no good.

#![cfg(all(feature = "serve", unix))]
#![allow(clippy::expect_used, clippy::print_stderr, clippy::unwrap_used, reason = "tests fail by panicking")]

mod server_support;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server_support::{LONG, Load, Server, answer, create, get, head, job, post, queue};

const QUICK: &[&str] = &["--reload-every", "20ms", "--metrics-listen", "127.0.0.1:0"];

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < LONG, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn certificates_change_under_load() {
    let server = Server::start(QUICK);
    let load = Load::start(&server.client(), 4, |_, _| Ok(()));
    for round in 1..=4 {
        let new = server.pki.rotate();
        until("the new certificate is served", || {
            let mut stream = server.connect();
            assert_eq!(get(&mut stream, "/readyz").code, 200);
            stream.conn.peer_certificates().unwrap()[0] == new
        });
        until("it is counted", || {
            server.metric(r#"jobguard_tls_reloads_total{result="success"}"#) >= f64::from(round)
        });
    }
    assert!(load.finish() > 50);
    assert_eq!(server.metric(r#"jobguard_tls_reloads_total{result="failure"}"#), 0.0);
}

#[test]
fn policies_change_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let write = |level: &str| {
        let text = format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata:\n  name: {level}\nspec:\n  rules:\n    job/work-queue-completions: {level}\n"
        );
        fs::write(folder.path().join("new"), text).unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
    };
    write("warn");
    let server = Server::start(&[QUICK, &["--policy", file.to_str().unwrap()]].concat());
    // Either the one policy or the other, never anything between.
    static DENIED: AtomicUsize = AtomicUsize::new(0);
    let load = Load::start(&server.client(), 4, |what, response| {
        if what != 2 {
            return Ok(());
        }
        let named = |part: &Value| part.to_string().contains("job/work-queue-completions");
        let denied = response["allowed"] == false;
        DENIED.fetch_add(usize::from(denied), Ordering::Relaxed);
        match denied == named(&response["status"]) && denied != named(&response["warnings"]) {
            true => Ok(()),
            false => Err("neither policy says that".to_owned()),
        }
    });
    let in_use = || server.ask_metrics("/policy").json()["name"].as_str().unwrap().to_owned();
    for round in 0..50 {
        let level = if round % 2 == 0 { "deny" } else { "warn" };
        write(level);
        until("the policy is in use", || in_use() == level);
    }
    // One that is wrong changes nothing, and is told.
    write("sometimes");
    until("the fault is counted", || server.metric("jobguard_policy_last_reload_successful") == 0.0);
    let shown = server.ask_metrics("/policy").json();
    assert!(shown["problem"].as_str().unwrap().contains("sometimes") && shown["name"] == "warn", "{shown}");
    let denied = DENIED.load(Ordering::Relaxed);
    let answered = load.finish();
    assert!(answered > 50 && denied > 0, "{answered} answered, {denied} denied");
    assert_eq!(server.metric(r#"jobguard_policy_reloads_total{result="success"}"#), 50.0);
    let hash = shown["hash"].as_str().unwrap();
    assert!(
        server
            .ask_metrics("/metrics")
            .body
            .contains(&format!(r#"jobguard_policy_info{{name="warn",hash="{hash}"}} 1"#))
    );
}

#[test]
fn a_rollout_under_load_costs_nobody_an_answer() {
    let mut server = Server::start(&["--shutdown-delay", "3s", "--metrics-listen", "127.0.0.1:0"]);
    let load = Load::start(&server.client(), 4, |_, _| Ok(()));
    until("there is load", || load.answered() > 40);
    server.signal("TERM");
    until("it is not ready", || server.ask_metrics("/readyz").code == 503);
    assert_eq!(server.ask_metrics("/livez").code, 200);
    // API servers go on asking until they have heard.
    let before = load.answered();
    thread::sleep(Duration::from_millis(1500));
    let after = load.answered();
    load.finish();
    assert!(after > before + 20, "served while leaving: {before}, {after}");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn overload_is_refused_at_once_and_passes() {
    let server = Server::start(&["--max-concurrent", "1", "--metrics-listen", "127.0.0.1:0"]);
    let client = server.client();
    let mut large = job("large", "Never");
    large["metadata"]["annotations"] = json!({ "a": "x".repeat(2 << 20) });
    let large = Arc::new(create("large", &large).to_string());
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..6)
        .map(|_| {
            let (client, large, stop) = (client.clone(), Arc::clone(&large), Arc::clone(&stop));
            thread::spawn(move || {
                let mut codes = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let mut stream = client.connect().unwrap();
                    codes.push(post(&mut stream, "/validate?timeout=30s", large.as_bytes()).code);
                }
                codes
            })
        })
        .collect();
    let small = create("small", &job("small", "Never")).to_string();
    let mut stream = server.connect();
    let (mut refused, mut slowest) = (0, Duration::ZERO);
    until("small reviews are refused too", || {
        let begin = Instant::now();
        let code = post(&mut stream, "/validate?timeout=30s", small.as_bytes()).code;
        slowest = slowest.max(begin.elapsed());
        refused += usize::from(code == 429);
        assert!(code == 200 || code == 429, "{code}");
        refused >= 3
    });
    stop.store(true, Ordering::Relaxed);
    let codes: Vec<u16> = busy.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert!(codes.iter().all(|code| [200, 429].contains(code)) && codes.contains(&200), "{codes:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(server.metric(r#"jobguard_shed_total{reason="reviews"}"#) >= 3.0);
    // And it passes.
    for _ in 0..20 {
        assert_eq!(post(&mut stream, "/validate", small.as_bytes()).code, 200);
    }
}

/// How many files this process, and with it the server, may have open.
fn file_limit() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(1024)
}

#[test]
fn ten_thousand_silent_connections_keep_nobody_out() {
    let count = 10_000.min(file_limit().saturating_sub(600));
    eprintln!("{count} silent connections");
    let server = Server::start(&["--max-connections", "300", "--metrics-listen", "127.0.0.1:0"]);
    let review = create("u", &job("a", "Never")).to_string();
    let mut regular = server.connect();
    assert_eq!(post(&mut regular, "/validate", review.as_bytes()).code, 200);
    let mut silent = Vec::with_capacity(count);
    for number in 0..count {
        let mut tcp = TcpStream::connect(server.address).unwrap();
        // Some begin a handshake, and leave it at that.
        if number % 3 == 0 {
            let _ = tcp.write_all(&[22, 3, 1, 2, 0, 1]);
        }
        silent.push(tcp);
        if number % 1000 == 999 {
            let begin = Instant::now();
            assert_eq!(post(&mut server.connect(), "/validate", review.as_bytes()).code, 200);
            // Who has been served before stays, as long as there are others to go first.
            assert_eq!(post(&mut regular, "/validate", review.as_bytes()).code, 200);
            assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        }
    }
    assert!(server.metric("jobguard_connections") <= 300.0);
    assert!(server.metric(r#"jobguard_connections_closed_total{reason="evicted"}"#) > 0.0);
    drop(silent);
    assert_eq!(post(&mut regular, "/validate", review.as_bytes()).code, 200);
}

#[test]
fn half_open_and_endless_requests_cost_nothing_lasting() {
    let server = Server::start(&["--metrics-listen", "127.0.0.1:0"]);
    // A body that is announced and does not come: given up when its client would.
    let mut half = server.connect();
    half.write_all(head("/validate?timeout=300ms", "application/json", 5000).as_bytes()).unwrap();
    half.write_all(b"{").unwrap();
    // A body without end.
    let mut endless = server.connect();
    write!(endless, "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    let writing = (0..64).take_while(|_| endless.write_all(&chunk).is_ok()).count();
    assert!(writing < 64, "an endless body is read for ever");
    assert_eq!(answer(&mut half).code, 408);
    drop(half);
    drop(endless);
    until("both have gone", || server.metric("jobguard_connections") == 0.0);
    assert_eq!(server.metric("jobguard_requests_in_flight"), 0.0);
    assert_eq!(
        post(&mut server.connect(), "/validate", create("u", &queue()).to_string().as_bytes()).code,
        200
    );
}
