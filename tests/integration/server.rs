//! The webhook as a program: started, asked over HTTPS, ended by signals.

#![cfg(all(feature = "serve", unix))]
#![allow(clippy::expect_used, clippy::print_stderr, clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::recordings::CONFORMANCE;
use crate::support::server::{
    Server, Stream, answer, create, get, head, is_closed, job, post, program, refuses, run,
};

const MIB: usize = 1 << 20;

/// Sends a request but for its body, which the server has begun to wait for.
fn begin(server: &Server, length: usize) -> Stream {
    let mut stream = server.connect();
    let head = head("/validate", "application/json\r\nExpect: 100-continue", length);
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(answer(&mut stream).code, 100);
    stream
}

/// The recorded requests: path and review.
fn recorded() -> Vec<(String, Value)> {
    let Some(text) = CONFORMANCE.find_or_report("admission-reviews.jsonl") else { return Vec::new() };
    let parse = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        (line["path"].as_str().unwrap().to_owned(), line["review"].take())
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
}

fn patched(response: &Value, object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(patch) = response["patch"].as_str() {
        assert_eq!(response["patchType"], "JSONPatch");
        let patch = base64::engine::general_purpose::STANDARD.decode(patch).unwrap();
        let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
        json_patch::patch(&mut object, &patch).unwrap();
    }
    object
}

/// What must hold for the answer to every recorded request, whatever the rules say.
fn hold_together(path: &str, review: &Value, answer: &Value) {
    let (request, response) = (&review["request"], &answer["response"]);
    assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(answer["kind"], "AdmissionReview");
    assert_eq!(response["uid"], request["uid"]);
    let allowed = response["allowed"].as_bool().unwrap();
    assert_eq!(allowed, response["status"].is_null());
    let user = request["userInfo"]["username"].as_str().unwrap_or_default();
    let passed_over = request["operation"] == "DELETE" || request["subResource"].is_string();
    if path.starts_with("/mutate") {
        assert!(allowed, "/mutate says no: {answer}");
    } else {
        assert!(response["patch"].is_null(), "/validate patches: {answer}");
        if !allowed {
            assert_ne!(response["status"]["details"]["causes"], json!([]), "{answer}");
        }
    }
    if passed_over {
        assert_eq!(answer["response"], json!({"uid": request["uid"], "allowed": true}));
    }
    if user.ends_with(":cronjob-controller") {
        assert!(allowed, "a controller is refused: {answer}");
    }
    for warning in response["warnings"].as_array().into_iter().flatten() {
        assert!(warning.as_str().unwrap().chars().count() <= 256, "{warning}");
    }
}

#[test]
fn answers_every_recorded_request() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    for (path, review) in recorded() {
        let answered = post(&mut stream, &path, review.to_string().as_bytes());
        assert_eq!(answered.code, 200, "{}", answered.body);
        let answered = answered.json();
        hold_together(&path, &review, &answered);
        let object = &review["request"]["object"];
        if path.starts_with("/mutate") && object.is_object() {
            let filled = patched(&answered["response"], object);
            if object["kind"] == "Job" && review["request"]["operation"] == "CREATE" {
                assert_ne!(filled["spec"]["template"]["spec"]["restartPolicy"], "Always");
            }
            // What is filled in is not filled in again.
            let mut again = review.clone();
            again["request"]["object"] = filled;
            let answered = post(&mut stream, &path, again.to_string().as_bytes()).json();
            assert_eq!(answered["response"]["patch"], Value::Null, "{answered}");
        }
    }
}

#[test]
fn review_gives_the_same_answers_as_the_server() {
    let server = Server::start(&["--policy", "strict"]);
    let mut stream = server.connect();
    for (path, review) in recorded() {
        let served = post(&mut stream, &path, review.to_string().as_bytes()).json();
        let endpoint = if path.starts_with("/mutate") { "--mutate" } else { "--validate" };
        let output = run(&["review", endpoint, "--policy", "strict"], review.to_string().as_bytes());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(printed, served);
    }
}

#[test]
fn fills_in_a_restart_policy() {
    let server = Server::start(&[]);
    let object = job("pi", "Always");
    let answered = post(&mut server.connect(), "/mutate", create("u", &object).to_string().as_bytes()).json();
    assert_eq!(patched(&answered["response"], &object)["spec"]["template"]["spec"]["restartPolicy"], "Never");
}

#[test]
fn a_denial_is_logged_without_the_object() {
    let server = Server::start(&[]);
    let review = create("u9", &job("pi", "Always"));
    let answered = post(&mut server.connect(), "/validate", review.to_string().as_bytes()).json();
    let status = &answered["response"]["status"];
    assert_eq!((&answered["response"]["allowed"], &status["code"]), (&json!(false), &json!(422)));
    assert_eq!(status["reason"], "Invalid");
    assert_eq!(status["details"]["causes"][0]["field"], "spec.template.spec.restartPolicy");
    let line = server.logged("denied");
    assert_eq!(line["rules"], "api/restart-policy");
    let said = [&line["kind"], &line["namespace"], &line["name"], &line["user"], &line["uid"]];
    assert_eq!(said, ["Job", "ns", "pi", "anna", "u9"]);
    let span = &line["span"];
    assert_eq!(
        [&span["name"], &span["uid"], &span["kind"], &span["operation"], &span["endpoint"]],
        ["review", "u9", "Job", "CREATE", "/validate"]
    );
    assert!(!server.log.lock().unwrap().concat().contains("hunter2"));
}

#[test]
fn says_what_is_wrong_with_a_request() {
    let server = Server::start(&[]);
    let review = |change: &dyn Fn(&mut Value)| {
        let mut review = create("u", &job("a", "Never"));
        change(&mut review);
        review.to_string().into_bytes()
    };
    let deep = [b"{\"kind\":".to_vec(), vec![b'['; 100_000]].concat();
    let bodies: [(&str, Vec<u8>, u16); 9] = [
        ("empty", Vec::new(), 400),
        ("no JSON", b"apiVersion: v1".to_vec(), 400),
        ("cut off", review(&|_| {})[..50].to_vec(), 400),
        ("another kind", job("a", "Never").to_string().into_bytes(), 400),
        ("v1beta1", review(&|review| review["apiVersion"] = json!("admission.k8s.io/v1beta1")), 400),
        ("no uid", review(&|review| review["request"]["uid"] = Value::Null), 400),
        ("deep", deep, 400),
        ("no UTF-8", b"{\"kind\":\"\xff\"}".to_vec(), 400),
        ("too large", vec![b' '; 28 * MIB + 1], 413),
    ];
    for (what, body, code) in bodies {
        let answered = post(&mut server.connect(), "/validate", &body);
        assert_eq!(answered.code, code, "{what}: {}", answered.body);
        let status = answered.json();
        assert_eq!((&status["kind"], &status["status"]), (&json!("Status"), &json!("Failure")), "{what}");
        assert!(status["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}");
    }
    // As large as it may be, and only then no review.
    assert_eq!(post(&mut server.connect(), "/validate", &vec![b' '; 7 * MIB]).code, 400);

    let mut stream = server.connect();
    stream.write_all(head("/validate", "application/yaml", 2).as_bytes()).unwrap();
    stream.write_all(b"{}").unwrap();
    assert_eq!(answer(&mut stream).code, 415);
    let mut stream = server.connect();
    assert_eq!(get(&mut stream, "/validate").code, 405);
    assert_eq!(get(&mut stream, "/").code, 404);
    assert_eq!(get(&mut stream, "/livez").code, 200);
    assert!(is_closed(&mut stream), "probes do not keep their connections");
    assert_eq!(get(&mut server.connect(), "/readyz").code, 200);
    assert_eq!(get(&mut server.connect(), "/healthz").code, 200);
    let mut stream = server.connect();

    // Deep below an object: answered, and never let through unread.
    let text = create("deep", &json!({"metadata": "here"})).to_string();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let answered = post(&mut stream, "/validate", text.replace("\"here\"", &deep).as_bytes());
    assert_eq!(answered.code, 200, "{}", answered.body);
    let response = &answered.json()["response"];
    assert_eq!((&response["uid"], &response["allowed"]), (&json!("deep"), &json!(false)), "{response}");
    assert!(response["auditAnnotations"]["unjudged"].is_string(), "{response}");
}

#[test]
fn goes_on_serving_after_sigterm_and_answers_what_is_open() {
    let mut server = Server::start(&["--shutdown-delay", "2s"]);
    let body = create("late", &job("a", "Never")).to_string();
    let mut idle = server.connect();
    assert_eq!(post(&mut idle, "/validate", body.as_bytes()).code, 200);
    server.signal("TERM");
    server.logged("shutting down");

    let ready = get(&mut idle, "/readyz");
    assert_eq!(ready.code, 503);
    assert!(ready.head.to_ascii_lowercase().contains("connection: close"), "{}", ready.head);
    assert!(is_closed(&mut idle));
    assert_eq!(post(&mut server.connect(), "/validate", body.as_bytes()).code, 200);

    // A request that is still being sent when the drain begins.
    let mut open = begin(&server, body.len());
    while TcpStream::connect(server.address).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(server.child.try_wait().unwrap().is_none());
    open.write_all(body.as_bytes()).unwrap();
    assert_eq!(answer(&mut open).json()["response"]["uid"], "late");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn ctrl_c_does_not_wait() {
    let mut server = Server::start(&["--shutdown-delay", "1h"]);
    let mut idle = server.connect();
    assert_eq!(get(&mut idle, "/").code, 404);
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(0));
    assert!(is_closed(&mut idle));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start(&["--shutdown-delay", "1h"]);
    let _open = begin(&server, 10);
    server.signal("TERM");
    server.logged("shutting down");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(2));
}

#[test]
fn without_a_certificate_it_makes_one_and_says_how_to_try_it() {
    let mut child = program()
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let command = lines.find(|line| line.trim().starts_with("curl ")).unwrap();
    let _ = child.kill();
    let _ = child.wait();
    assert!(
        command.contains("/validate -H 'Content-Type: application/json' -d @examples/review.json"),
        "{command}"
    );
}

#[test]
fn says_why_it_cannot_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refuses(&["serve", "--listen", &address], "another program has the port");
    refuses(&["serve", "--tls-cert", "no.crt", "--tls-key", "no.key"], "cannot read no.crt");
    refuses(&["serve", "--tls-cert", "no.crt"], "--tls-key");
    refuses(&["serve", "--listen", "here"], "IP:PORT");
    refuses(&["serve", "--policy", "no/such.yaml"], "no/such.yaml");
    refuses(&["review"], "--validate");
    refuses(&["review", "--mutate", "--validate"], "cannot be used with");
    refuses(&["review", "--mutate", "no/such.json"], "no/such.json");
}

#[test]
fn review_says_where_its_input_is_broken() {
    let output = run(&["review", "--validate"], b"{\n  \"kind\": x\n}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("standard input") && text.contains("line 2 column 11"), "{text}");
}
