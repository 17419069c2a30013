//! What operators see of the webhook, and whom it lets in.

#![cfg(all(feature = "serve", unix))]
#![allow(clippy::expect_used, clippy::print_stderr, clippy::unwrap_used, reason = "tests fail by panicking")]

#[cfg(feature = "cluster")]
mod identity;

use std::fs;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::server::{Client, Pki, Server, create, get, is_closed, job, post, refuses, run};

#[test]
fn reviews_need_a_client_certificate_where_that_is_asked() {
    let pki = Arc::new(Pki::new());
    let ca = pki.ca();
    let asked = ["--client-ca", ca.to_str().unwrap(), "--client-allowed-names", "apiserver,other"];
    let server = Server::start_with(Arc::clone(&pki), &asked);
    let review = create("u", &job("a", "Never")).to_string();
    for (name, code) in [(None, 401), (Some("apiserver"), 200), (Some("somebody"), 403)] {
        let client = Client { address: server.address, config: pki.client_named(name) };
        for path in ["/validate", "/mutate"] {
            // A refusal may end the connection: nobody waits for the body of whom is not let in.
            let mut stream = client.connect().unwrap();
            let answered = post(&mut stream, path, review.as_bytes());
            assert_eq!(answered.code, code, "{name:?}: {}", answered.body);
        }
        assert_eq!(get(&mut client.connect().unwrap(), "/readyz").code, 200);
        assert_eq!(get(&mut client.connect().unwrap(), "/livez").code, 200);
    }
    // One that somebody else signed does not even get as far as a request.
    let mut config = (*pki.client_named(None)).clone();
    config.client_auth_cert_resolver =
        Arc::clone(&Pki::new().client_named(Some("apiserver")).client_auth_cert_resolver);
    let stranger = Client { address: server.address, config: Arc::new(config) };
    let mut stream = stranger.connect().unwrap();
    let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(stream.read(&mut [0; 16]).is_err());
}

#[test]
fn an_expired_certificate_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let (cert_file, key_file) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    fs::write(&cert_file, params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(&key_file, key.serialize_pem()).unwrap();
    let pki = Arc::new(Pki::with_files(&cert_file, &key_file));
    let server =
        Server::start_with(Arc::clone(&pki), &["--metrics-listen", "127.0.0.1:0", "--reload-every", "20ms"]);
    let ready = server.ask_metrics("/readyz");
    assert_eq!((ready.code, ready.body.as_str()), (503, "the certificate expired at 2020-01-01T00:00:00Z\n"));
    assert_eq!(server.metric("jobguard_tls_certificate_expiry_timestamp_seconds"), 1_577_836_800.0);
    assert_eq!(server.logged("listening")["certificate_until"], "2020-01-01T00:00:00Z");
    let refused = server.logged("API servers refuse the certificate in use");
    assert_eq!(
        (&refused["level"], &refused["problem"]),
        (&json!("ERROR"), &json!("the certificate expired at 2020-01-01T00:00:00Z"))
    );
    // A good one mends it.
    pki.rotate();
    for _ in 0..500 {
        if server.ask_metrics("/readyz").code == 200 {
            assert!(server.logged("certificates reloaded")["until"].is_string());
            server.logged("the certificate in use is valid");
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("never ready");
}

#[test]
fn metrics_tell_what_happened() {
    let server = Server::start(&[
        "--metrics-listen",
        "127.0.0.1:0",
        "--exclude-namespaces",
        "quiet",
        "--namespace",
        "own",
    ]);
    let mut stream = server.connect();
    let bad = create("u", &job("a", "Always"));
    post(&mut stream, "/validate", bad.to_string().as_bytes());
    post(&mut stream, "/mutate", bad.to_string().as_bytes());
    let mut quiet = bad.clone();
    quiet["request"]["namespace"] = json!("quiet");
    assert_eq!(
        post(&mut stream, "/validate", quiet.to_string().as_bytes()).json()["response"]["allowed"],
        true
    );
    // Nothing that a client makes up becomes a label.
    let mut odd = bad;
    odd["request"]["kind"] = json!({"group": "made", "version": "up", "kind": "Surprise"});
    post(&mut stream, "/validate", odd.to_string().as_bytes());
    post(&mut stream, "/validate", b"{}");
    assert_eq!(get(&mut server.connect(), "/mutate").code, 405);
    let text = server.ask_metrics("/metrics").body;
    for line in [
        r#"jobguard_requests_total{path="/validate",operation="CREATE",kind="Job",verdict="denied",dry_run="false"} 1"#,
        r#"jobguard_requests_total{path="/mutate",operation="CREATE",kind="Job",verdict="allowed",dry_run="false"} 1"#,
        r#"jobguard_requests_total{path="/validate",operation="CREATE",kind="Job",verdict="passed_over",dry_run="false"} 1"#,
        r#"jobguard_requests_total{path="/validate",operation="CREATE",kind="other",verdict="unjudged",dry_run="false"} 1"#,
        r#"jobguard_unjudged_total{path="/validate",kind="Job",reason="excluded_namespace",answer="allowed"} 1"#,
        r#"jobguard_unjudged_total{path="/validate",kind="other",reason="other_kind",answer="allowed"} 1"#,
        r#"jobguard_findings_total{rule="api/restart-policy",level="error",dry_run="false"} 1"#,
        r#"jobguard_patches_total{kind="Job",dry_run="false"} 1"#,
        r#"jobguard_requests_refused_total{path="/validate",code="400"} 1"#,
        r#"jobguard_requests_refused_total{path="/mutate",code="405"} 1"#,
        r#"jobguard_request_duration_seconds_count{path="/validate"} 4"#,
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line} is not in\n{text}");
    }
    assert!(!text.contains("Surprise"));
    let line = server.logged("listening");
    assert_eq!((&line["namespace"], &line["excluded_namespaces"]), (&json!("own"), &json!("own,quiet")));
    let refused = server.logged("request refused");
    assert_eq!((&refused["code"], &refused["path"]), (&json!(400), &json!("/validate")));
    assert!(refused["client"].as_str().unwrap().starts_with("127.0.0.1:"), "{refused}");
}

#[test]
fn dry_runs_are_marked_in_log_and_metrics() {
    let server = Server::start(&["--metrics-listen", "127.0.0.1:0"]);
    let mut stream = server.connect();
    let mut bad = create("u", &job("a", "Always"));
    bad["request"]["dryRun"] = json!(true);
    let denied = post(&mut stream, "/validate", bad.to_string().as_bytes()).json();
    assert_eq!(denied["response"]["allowed"], false);
    assert_eq!(server.logged("denied")["dry_run"], true);
    // What is no boolean is no dry run, and no reason to answer otherwise.
    for (dry_run, uid) in [(json!(false), "no"), (json!(null), "null"), (json!({"a": [1]}), "odd")] {
        bad["request"]["dryRun"] = dry_run;
        bad["request"]["uid"] = json!(uid);
        let again = post(&mut stream, "/validate", bad.to_string().as_bytes()).json();
        assert_eq!(again["response"]["status"], denied["response"]["status"]);
    }
    // In one that cannot be judged as well.
    bad["request"]["dryRun"] = json!(true);
    bad["request"]["uid"] = json!("unread");
    bad["request"]["object"]["spec"]["parallelism"] = json!("two");
    post(&mut stream, "/validate", bad.to_string().as_bytes());
    assert_eq!(server.logged("denied without a verdict")["dry_run"], true);
    let series = r#"jobguard_requests_total{path="/validate",operation="CREATE",kind="Job","#;
    for (rest, count) in [
        (r#"verdict="denied",dry_run="true"}"#, 1.0),
        (r#"verdict="denied",dry_run="false"}"#, 3.0),
        (r#"verdict="unjudged",dry_run="true"}"#, 1.0),
    ] {
        assert_eq!(server.metric(&format!("{series}{rest}")), count, "{rest}");
    }
    let lines = server.log.lock().unwrap();
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let others = lines.iter().filter(|line| ["no", "null", "odd"].iter().any(|uid| line["uid"] == *uid));
    let shown: Vec<&Value> = others.map(|line| &line["dry_run"]).collect();
    assert_eq!(shown, [&Value::Null; 3]);
}

#[test]
fn what_gets_no_verdict_is_logged_like_a_denial() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    let text =
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: p}\nspec: {mode: MODE}\n";
    for (mode, message, answer) in
        [("enforce", "denied without a verdict", "denied"), ("warn", "allowed without a verdict", "allowed")]
    {
        std::fs::write(&policy, text.replace("MODE", mode)).unwrap();
        let server =
            Server::start(&["--policy", policy.to_str().unwrap(), "--metrics-listen", "127.0.0.1:0"]);
        let mut unreadable = create("u9", &job("nightly", "Never"));
        unreadable["request"]["object"]["spec"]["parallelism"] = json!("hunter2");
        unreadable["request"]["name"] = json!("nightly");
        unreadable["request"]["userInfo"] = json!({"username": "anna\nadmin"});
        let response = post(&mut server.connect(), "/validate", unreadable.to_string().as_bytes()).json();
        assert_eq!(response["response"]["allowed"], mode != "enforce", "{response}");
        let line = server.logged(message);
        for (field, value) in [
            ("reason", "unreadable_object"),
            ("fault", "object"),
            ("kind", "batch/v1 Job"),
            ("namespace", unreadable["request"]["namespace"].as_str().unwrap()),
            ("name", "nightly"),
            ("user", "anna admin"),
            ("uid", "u9"),
        ] {
            assert_eq!(line[field], value, "{line}");
        }
        assert!(!line.to_string().contains("hunter2"));
        let counted = format!(
            r#"jobguard_unjudged_total{{path="/validate",kind="Job",reason="unreadable_object",answer="{answer}"}}"#
        );
        assert!((server.metric(&counted) - 1.0).abs() < 1e-9);
    }
}

#[test]
fn configurations_that_do_not_fit_are_seen_in_the_log() {
    let server = Server::start(&[]);
    // At a wrong path.
    let mut stream = server.connect();
    assert_eq!(post(&mut stream, "/validating", b"{}").code, 404);
    let refused = server.logged("request refused");
    assert_eq!((&refused["path"], &refused["code"]), (&json!("/validating"), &json!(404)));
    // With another caBundle: told once, however often it happens.
    let stranger = Client { address: server.address, config: Pki::new().client(false) };
    for _ in 0..3 {
        assert!(stranger.connect().unwrap().write_all(b"GET /livez HTTP/1.1\r\n\r\n").is_err());
    }
    let told = "a client does not trust the certificate: do caBundle, host name and dates fit?";
    assert_eq!(server.logged(told)["level"], "WARN");
    thread::sleep(Duration::from_millis(100));
    assert_eq!(server.count_logged(told), 1);
}

#[test]
fn a_client_authority_that_is_replaced_vouches_for_no_connection_any_more() {
    let (pki, other) = (Arc::new(Pki::new()), Pki::new());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clients.crt");
    let write = |text: &str| {
        fs::write(folder.path().join("new"), text).unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
    };
    let (first, second) = (fs::read_to_string(pki.ca()).unwrap(), fs::read_to_string(other.ca()).unwrap());
    write(&first);
    let asked = ["--client-ca", file.to_str().unwrap(), "--metrics-listen", "127.0.0.1:0"];
    let server = Server::start_with(Arc::clone(&pki), &[&asked[..], &["--reload-every", "20ms"]].concat());
    let reloads = |count: f64| {
        for _ in 0..500 {
            if server.metric(r#"jobguard_tls_reloads_total{result="success"}"#) >= count {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("never {count} reloads");
    };
    let old = Client { address: server.address, config: pki.client_named(Some("apiserver")) };
    let mut config = (*pki.client_named(None)).clone();
    config.client_auth_cert_resolver =
        Arc::clone(&other.client_named(Some("apiserver")).client_auth_cert_resolver);
    let new = Client { address: server.address, config: Arc::new(config) };
    let review = create("u", &job("a", "Never")).to_string();

    let mut open = old.connect().unwrap();
    let mut probing = server.connect();
    assert_eq!(post(&mut open, "/validate", review.as_bytes()).code, 200);
    assert_eq!(get(&mut probing, "/").code, 404);
    // Written anew with the same content, or with another authority beside: the connection stays.
    write(&first);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(post(&mut open, "/validate", review.as_bytes()).code, 200);
    write(&format!("{first}{second}"));
    reloads(1.0);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(post(&mut open, "/validate", review.as_bytes()).code, 200);
    assert_eq!(post(&mut new.connect().unwrap(), "/validate", review.as_bytes()).code, 200);
    // A server certificate that changes is none of the clients' business.
    pki.rotate();
    reloads(2.0);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(post(&mut open, "/validate", review.as_bytes()).code, 200);

    write(&second);
    reloads(3.0);
    assert!(is_closed(&mut open), "the old authority's connection");
    assert_eq!(server.metric(r#"jobguard_connections_closed_total{reason="revoked"}"#), 1.0);
    // Nor does a session that could be resumed help.
    let mut again = old.connect().unwrap();
    let _ = again.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(again.read(&mut [0; 16]).is_err());
    assert_eq!(post(&mut new.connect().unwrap(), "/validate", review.as_bytes()).code, 200);
    assert_eq!(get(&mut probing, "/").code, 404, "whoever showed no certificate has none to lose");
}

#[test]
fn a_policy_that_changes_is_told_with_its_name_and_one_with_faults_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let write = |name: &str, spec: &str| {
        let text = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\n";
        fs::write(&file, format!("{text}metadata: {{name: {name}}}\nspec: {spec}\n")).unwrap();
    };
    write("first", "{}");
    let server = Server::start(&["--policy", file.to_str().unwrap(), "--reload-every", "20ms"]);
    write("broken", "{mode: loud, rules: {no/such: deny}}");
    let told = server.logged("the policy cannot be loaded: the one loaded before stays in use");
    let problem = told["problem"].as_str().unwrap();
    assert!(problem.contains("loud") && problem.contains("; ") && !problem.contains('\n'), "{problem}");
    write("second", "{mode: warn}");
    let told = server.logged("policy reloaded");
    assert_eq!((&told["policy"], &told["mode"]), (&json!("second"), &json!("warn")));
}

#[test]
fn a_broken_policy_at_the_start_is_stood_in_for_where_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let write = |spec: &str| {
        let text = "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\n";
        fs::write(&file, format!("{text}metadata: {{name: own}}\nspec: {spec}\n")).unwrap();
    };
    write("{mode: warn, rules: {no/such: deny}}");
    let path = file.to_str().unwrap();
    for fallback in [&[][..], &["--policy-fallback", "none"]] {
        refuses(&[&["serve", "--listen", "127.0.0.1:0", "--policy", path], fallback].concat(), "no/such");
    }
    // A word that names nothing is no broken policy.
    refuses(&["serve", "--policy", "strickt", "--policy-fallback", "strict"], "built-in policies are");
    refuses(&["serve", "--policy", path, "--policy-fallback", "weak"], "baseline");

    let asked = ["--policy", path, "--policy-fallback", "baseline", "--metrics-listen", "127.0.0.1:0"];
    let server = Server::start(&[&asked[..], &["--reload-every", "20ms"]].concat());
    let line = server.logged("the policy cannot be loaded: starting with the fallback");
    assert_eq!(
        (&line["level"], &line["fallback"], &line["mode"]),
        (&json!("ERROR"), &json!("baseline"), &json!("warn"))
    );
    assert!(line["problem"].as_str().unwrap().contains("no/such"), "{line}");
    let shown = server.ask_metrics("/policy").json();
    assert_eq!((&shown["name"], &shown["fallback"]), (&json!("baseline"), &json!(true)));
    assert!(shown["problem"].as_str().unwrap().contains("no/such"), "{shown}");
    assert_eq!(server.metric("jobguard_policy_fallback"), 1.0);
    assert_eq!(server.metric("jobguard_policy_last_reload_successful"), 0.0);
    // It is ready, and judges: in the mode that the file says.
    assert_eq!(server.ask_metrics("/readyz").code, 200);
    let bad = create("u", &job("a", "Always")).to_string();
    let answer = post(&mut server.connect(), "/validate", bad.as_bytes()).json();
    assert_eq!(answer["response"]["allowed"], true);
    assert!(answer["response"]["warnings"][0].as_str().unwrap().starts_with("would be denied:"), "{answer}");

    write("{mode: enforce}");
    server.logged("policy reloaded");
    assert_eq!(server.metric("jobguard_policy_fallback"), 0.0);
    assert_eq!(server.metric("jobguard_policy_last_reload_successful"), 1.0);
    let shown = server.ask_metrics("/policy").json();
    assert_eq!(
        (&shown["name"], &shown["fallback"], &shown["problem"]),
        (&json!("own"), &Value::Null, &Value::Null)
    );
    let answer = post(&mut server.connect(), "/validate", bad.as_bytes()).json();
    assert_eq!(answer["response"]["allowed"], false);
}

#[test]
fn sighup_switches_the_log_to_debug_and_back() {
    let server = Server::start(&[]);
    server.signal("HUP");
    assert_eq!(server.logged("log level changed")["level_now"], "debug");
    // A connection that ends in the middle is worth a word at that level alone.
    drop(std::net::TcpStream::connect(server.address).unwrap());
    server.logged("connection ended");
    server.signal("HUP");
    for _ in 0..500 {
        let levels: Vec<String> = server
            .log
            .lock()
            .unwrap()
            .iter()
            .filter_map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["level_now"].as_str().map(str::to_owned)
            })
            .collect();
        if levels == ["debug", "info"] {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("not switched back");
}

#[test]
fn says_what_is_wrong_with_its_arguments() {
    refuses(&["serve", "--client-ca", "no.crt"], "cannot read no.crt");
    refuses(&["serve", "--client-allowed-names", "a"], "--client-ca");
    refuses(&["serve", "--reload-every", "0s"], "more than nothing");
    refuses(&["serve", "--metrics-listen", "nowhere"], "IP:PORT");
    refuses(&["serve", "--policy", "strickt"], "built-in policies are baseline, recommended, strict");
    refuses(&["serve", "--exclude-namespaces", "Kube_System"], "not a DNS label");
    refuses(&["serve", "--client-ca", "a", "--client-allowed-names", ""], "--client-allowed-names");
    let both = ["serve", "--listen", "127.0.0.1:18443", "--metrics-listen", "127.0.0.1:18443"];
    refuses(&both, "reviews and metrics cannot both be served on 127.0.0.1:18443");
    let both = ["serve", "--listen", "0.0.0.0:18443", "--metrics-listen", ":18443"];
    refuses(&both, "reviews and metrics cannot both be served on [::]:18443");
    // What is wrong is told once.
    let output = run(&["serve", "--policy", "no/such.yaml"], b"");
    assert_eq!(String::from_utf8_lossy(&output.stderr).matches("cannot be read").count(), 1);
    #[cfg(feature = "cluster")]
    {
        // Nobody is told that it listens before it knows whom to ask.
        let output = crate::support::server::program()
            .args(["serve", "--listen", "127.0.0.1:0", "--watch-services"])
            .env("KUBECONFIG", "no/such/file")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("set KUBECONFIG") && !told.contains("listening"), "{told}");
        assert!(output.stdout.is_empty());
        let managed = |more: [&'static str; 2], words: &str| {
            refuses(&["serve", "--self-managed", "--namespace", "a", more[0], more[1]], words);
        };
        managed(["--ca-lifetime", "45m"], "--ca-lifetime must be at least 10 times --ca-settle");
        managed(["--certificate-lifetime", "5000h"], "at most half of --ca-lifetime");
        managed(["--certificate-lifetime", "1s"], "at least 10s");
        managed(["--ca-lifetime", "a year"], "8760h");
    }
}

const OVERRIDES: &str = "the policy's overrides by namespaceLabels match nothing: start with --watch-namespaces (chart: watch.namespaces)";

#[test]
fn overrides_that_match_nothing_are_logged() {
    const LINE: &str = OVERRIDES;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let write = |matching: &str| {
        let text = format!(
            "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {{name: labels}}\nspec:\n  overrides:\n  - match: {{{matching}}}\n    rules: {{'*': info}}\n"
        );
        std::fs::write(&file, text).unwrap();
    };
    write("namespaces: [dev]");
    let server = Server::start(&["--policy", file.to_str().unwrap(), "--reload-every", "50ms"]);
    server.logged("listening");
    // Said of a policy that is loaded later, too.
    write("namespaceLabels: {env: dev}");
    assert_eq!(server.logged(LINE)["policy"], "labels");
    assert_eq!(server.count_logged(LINE), 1);
    let server = Server::start(&["--policy", file.to_str().unwrap()]);
    server.logged(LINE);
}

#[test]
fn rules_that_ask_for_namespaces_are_logged() {
    const LINE: &str = "these rules ask for namespaces, of which nothing is known, and may refuse every object: start with --watch-namespaces (chart: watch.namespaces)";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    std::fs::write(
        &file,
        "apiVersion: jobguard.dev/v1alpha1\nkind: JobPolicy\nmetadata: {name: own}\nspec:\n  customRules:\n  - {id: acme/tier, level: deny, expression: \"namespaceObject.metadata.labels.tier == 'gold'\"}\n  - {id: acme/other, expression: 'true'}\n",
    )
    .unwrap();
    let server = Server::start(&["--policy", file.to_str().unwrap()]);
    let line = server.logged(LINE);
    assert_eq!((&line["rules"], &line["policy"]), (&"acme/tier".into(), &"own".into()));
    assert_eq!(server.count_logged(OVERRIDES), 0);
}
