//! The webhook under load, while everything around it changes, and under people who mean it no good.

#![cfg(all(feature = "serve", unix))]
#![allow(clippy::expect_used, clippy::print_stderr, clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

use crate::support::server::{
    Client, LONG, Load, Pki, Server, Stream, answer, create, get, head, job, post, program, queue,
};

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

/// Held by a test while it has hundreds of connections open: the limit on open files is that of the process, and so of
/// all tests together. It is raised as well, as far as that is allowed: on many systems it begins at 1024.
fn many_files() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(u64::MAX).min(16 << 10);
    if limit.current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).unwrap();
    }
    turn
}

/// How many files this process, and with it the server, may have open.
fn file_limit() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(1024)
}

#[test]
fn ten_thousand_silent_connections_keep_nobody_out() {
    let _turn = many_files();
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
    until("some are evicted", || {
        server.metric(r#"jobguard_connections_closed_total{reason="evicted"}"#) > 0.0
    });
    drop(silent);
    assert_eq!(post(&mut regular, "/validate", review.as_bytes()).code, 200);
}

/// A client that is of no use: asks for nothing that is there, which leaves the connection open.
fn useless(client: &Client) -> Option<Stream> {
    let mut stream = client.connect().ok()?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").ok()?;
    let mut piece = [0; 1024];
    matches!(stream.read(&mut piece), Ok(1..)).then_some(stream)
}

/// Opens more connections than there may be, each of which `then` does something to, and watches honest clients.
fn beset(bound: usize, count: usize, rounds: usize, then: impl Fn(&mut Stream) -> bool) {
    let bound = bound.to_string();
    let server = Server::start(&["--max-connections", &bound, "--metrics-listen", "127.0.0.1:0"]);
    let review = create("u", &job("a", "Never")).to_string();
    let mut regular: Vec<_> = (0..4).map(|_| server.connect()).collect();
    let asks = |stream: &mut Stream| {
        let begin = Instant::now();
        assert_eq!(post(stream, "/validate?timeout=10s", review.as_bytes()).code, 200);
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    };
    regular.iter_mut().for_each(asks);
    let client = server.client();
    let mut hostile: Vec<_> = (0..count).filter_map(|_| useless(&client)).collect();
    for _ in 0..rounds {
        // What was closed comes again.
        hostile.retain_mut(&then);
        while hostile.len() < count {
            hostile.extend(useless(&client).and_then(|mut one| then(&mut one).then_some(one)));
        }
        asks(&mut server.connect());
        assert_eq!(get(&mut server.connect(), "/livez").code, 200);
        assert_eq!(server.ask_metrics("/readyz").code, 200);
        // The same connections, from the beginning to the end.
        regular.iter_mut().for_each(asks);
    }
    assert!(server.metric(r#"jobguard_connections_closed_total{reason="evicted"}"#) > 0.0);
    assert_eq!(server.metric(r#"jobguard_shed_total{reason="connections"}"#), 0.0);
}

#[test]
fn unfinished_bodies_keep_nobody_out() {
    let begun = head("/validate?timeout=30s", "application/json", 5000) + "{";
    beset(100, 130, 1, |stream| stream.write_all(begun.as_bytes()).is_ok());
}

#[test]
fn large_bodies_that_do_not_end_leave_room_for_large_reviews() {
    let server = Server::start(&["--metrics-listen", "127.0.0.1:0"]);
    let begun = head("/validate?timeout=30s", "application/json", 1 << 20).into_bytes();
    let begun = [begun, vec![b' '; 800 << 10]].concat();
    // More than there is room for: some are refused.
    let held: Vec<_> = (0..80)
        .map(|_| {
            let mut stream = server.connect();
            let _ = stream.write_all(&begun);
            stream
        })
        .collect();
    // From here on they are slow.
    thread::sleep(Duration::from_millis(1200));
    let mut large = job("large", "Always");
    large["metadata"]["annotations"] = json!({ "a": "x".repeat(1 << 20) });
    let large = create("large", &large).to_string();
    // A refusal may come before everything is written, and the connection end with it.
    let judged = (0..3).any(|_| {
        let mut stream = server.connect();
        let request = head("/validate?timeout=10s", "application/json", large.len()) + &large;
        let _ = stream.write_all(request.as_bytes());
        let (mut text, mut piece) = (String::new(), [0; 4096]);
        while !text.contains("api/restart-policy")
            && !text.starts_with("HTTP/1.1 4")
            && let Ok(count @ 1..) = stream.read(&mut piece)
        {
            text.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
        text.contains("api/restart-policy")
    });
    assert!(judged, "never judged");
    assert!(server.metric(r#"jobguard_connections_closed_total{reason="evicted"}"#) > 0.0);
    drop(held);
}

#[test]
fn requests_every_so_often_keep_nobody_out() {
    beset(40, 60, 5, |stream| {
        let sent = stream.write_all(b"GET /validate HTTP/1.1\r\nHost: a\r\n\r\n");
        sent.is_ok() && matches!(stream.read(&mut [0; 4096]), Ok(1..))
    });
}

#[test]
fn connections_on_the_port_for_operators_keep_out_no_probe() {
    let _turn = many_files();
    let server = Server::start(&["--metrics-listen", "127.0.0.1:0"]);
    let mut held = Vec::new();
    for number in 0..300 {
        let mut tcp = TcpStream::connect(server.metrics.unwrap()).unwrap();
        tcp.set_read_timeout(Some(LONG)).unwrap();
        match number % 3 {
            // One that is used now and then, as far as can be seen; one that says nothing; one within a request.
            0 => assert_eq!(get(&mut tcp, "/livez").code, 200),
            1 => {}
            _ => tcp.write_all(b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").unwrap(),
        }
        held.push(tcp);
        if number % 50 == 49 {
            for path in ["/livez", "/readyz", "/metrics", "/policy"] {
                assert_eq!(server.ask_metrics(path).code, 200, "{path} after {number}");
            }
        }
    }
    // On the other port as well.
    assert_eq!(get(&mut server.connect(), "/readyz").code, 200);
}

#[test]
fn the_limit_on_open_files_is_raised_as_far_as_connections_need_it() {
    let _turn = many_files();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", r#"ulimit -Sn 100 && exec "$0" "$@""#]).arg(program().get_program());
    let asked = ["--max-connections", "300", "--metrics-listen", "127.0.0.1:0"];
    let server = Server::start_by(command, Arc::new(Pki::new()), &asked);
    let silent: Vec<_> = (0..250).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    until("all are there", || server.metric("jobguard_connections") >= 250.0);
    assert_eq!(server.count_logged("cannot accept connections"), 0);
    assert_eq!(server.count_logged("the limit on open files allows fewer connections"), 0);
    drop(silent);
}

#[test]
fn a_limit_on_open_files_that_cannot_be_raised_allows_fewer_connections() {
    let _turn = many_files();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", r#"ulimit -n 400 && exec "$0" "$@""#]).arg(program().get_program());
    let asked = ["--max-connections", "2000", "--metrics-listen", "127.0.0.1:0"];
    let server = Server::start_by(command, Arc::new(Pki::new()), &asked);
    let line = server.logged("the limit on open files allows fewer connections");
    assert!(line["possible"].as_u64().unwrap() < 400, "{line}");
    let review = create("u", &job("a", "Never")).to_string();
    let mut held = Vec::new();
    for address in [server.metrics.unwrap(), server.address] {
        held.extend((0..500).filter_map(|_| TcpStream::connect(address).ok()));
        assert_eq!(server.ask_metrics("/livez").code, 200);
        assert_eq!(post(&mut server.connect(), "/validate", review.as_bytes()).code, 200);
    }
    assert_eq!(server.count_logged("cannot accept connections"), 0);
}

#[test]
fn a_flood_of_refused_requests_is_logged_once_and_counted() {
    let mut server = Server::start(&["--metrics-listen", "127.0.0.1:0", "--shutdown-delay", "0s"]);
    let mut stream = server.connect();
    for _ in 0..2000 {
        assert_eq!(post(&mut stream, "/validate", b"").code, 400);
    }
    for number in 0..300 {
        assert_eq!(get(&mut stream, &format!("/{number}")).code, 404);
    }
    let denied = create("u", &job("a", "Always")).to_string();
    for _ in 0..300 {
        assert_eq!(post(&mut stream, "/validate", denied.as_bytes()).code, 200);
    }
    // Who is denied later, in another namespace, is seen all the same.
    let other = denied.replace(r#""ns""#, r#""other""#);
    post(&mut stream, "/validate", other.as_bytes());
    assert_eq!(server.metric(r#"jobguard_requests_refused_total{path="/validate",code="400"}"#), 2000.0);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    server.logged("all open requests are answered, exiting");
    // A minute may have ended in between.
    let (refused, denials) = (server.count_logged("request refused"), server.count_logged("denied"));
    assert!((2..=60).contains(&refused), "{refused}");
    assert!((121..=241).contains(&denials), "{denials}");
    let (mut refusals_counted, mut denials_counted, mut other_seen) = (0, 0, false);
    for line in server.log.lock().unwrap().iter() {
        let line: Value = serde_json::from_str(line).unwrap();
        let lines = line["lines"].as_u64().unwrap_or(0);
        match (line["message"].as_str(), line["of"].as_str()) {
            (Some("log lines left out"), Some("request refused")) => refusals_counted += lines,
            (Some("log lines left out"), Some("denied")) => denials_counted += lines,
            _ => other_seen |= line["message"] == "denied" && line["namespace"] == "other",
        }
    }
    assert_eq!(refusals_counted + refused as u64, 2300);
    assert_eq!(denials_counted + denials as u64, 301);
    assert!(other_seen);
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
    // More than API servers can send, in MiB.
    let writing = (0..256).take_while(|_| endless.write_all(&chunk).is_ok()).count();
    assert!(writing < 256, "an endless body is read for ever");
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
