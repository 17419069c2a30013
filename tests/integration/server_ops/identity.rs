//! What the program says of itself to API servers, looked at by one that writes everything down.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::server::{LONG, program};

/// A request, as far as it is looked at.
#[derive(Debug, Clone)]
struct Asked {
    method: String,
    target: String,
    agents: Vec<String>,
    /// The media type that is asked for.
    accept: String,
}

/// An API server without a Secret, with one webhook of each kind, and with nothing else in it. It takes what is written for
/// granted, and ends every watch at once.
struct Recorder {
    address: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Recorder {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (list, stored) = (Arc::clone(&asked), Arc::new(Mutex::new(None::<Value>)));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (list, stored) = (Arc::clone(&list), Arc::clone(&stored));
                thread::spawn(move || drop(answer(stream, &list, &stored)));
            }
        });
        Self { address, asked }
    }

    /// Waits until requests of this method have come whose target has each of these words.
    fn until(&self, method: &str, words: &[&str]) {
        let begin = Instant::now();
        loop {
            let asked = self.asked.lock().unwrap().clone();
            let came =
                |word: &&str| asked.iter().any(|one| one.method == method && one.target.contains(*word));
            if words.iter().all(came) {
                return;
            }
            assert!(begin.elapsed() < LONG, "{method} {words:?}: {asked:#?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Answers one request.
fn answer(stream: TcpStream, list: &Mutex<Vec<Asked>>, stored: &Mutex<Option<Value>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(LONG))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
    let (mut agents, mut length, mut accept) = (Vec::new(), 0, String::new());
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        let Some((name, value)) = header.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "user-agent" => agents.push(value.trim().to_owned()),
            "accept" => accept = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    list.lock().unwrap().push(Asked { method: method.clone(), target: target.clone(), agents, accept });
    let path = target.split('?').next().unwrap_or_default();
    let (code, content) = match method.as_str() {
        "GET" if target.contains("watch=") => (200, String::new()),
        "GET" if path.ends_with("/secrets/jobguard-ca") => match &*stored.lock().unwrap() {
            Some(secret) => (200, secret.to_string()),
            None => (
                404,
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "none",
                                 "reason": "NotFound", "code": 404})
                .to_string(),
            ),
        },
        "GET" if path.ends_with("webhookconfigurations/jobguard") => {
            let kind = if path.contains("mutating") { "Mutating" } else { "Validating" };
            let service = json!({"name": "jobguard", "namespace": "guard"});
            (
                200,
                json!({"apiVersion": "admissionregistration.k8s.io/v1",
                         "kind": format!("{kind}WebhookConfiguration"),
                         "metadata": {"name": "jobguard", "resourceVersion": "1"},
                         "webhooks": [{"name": "a.jobguard.dev", "clientConfig": {"service": service}}]})
                .to_string(),
            )
        }
        "GET" => (
            200,
            json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"},
                              "items": []})
            .to_string(),
        ),
        _ => {
            let mut object: Value = serde_json::from_slice(&body).unwrap();
            object["metadata"]["resourceVersion"] = json!("2");
            if path.contains("/secrets") {
                *stored.lock().unwrap() = Some(object.clone());
            }
            (if method == "POST" { 201 } else { 200 }, object.to_string())
        }
    };
    write!(
        reader.get_mut(),
        "HTTP/1.1 {code} Answer\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n\
         {content}",
        content.len()
    )
}

#[test]
fn api_servers_know_who_asks_and_who_changes() {
    let recorder = Recorder::start();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let server = format!("http://{}", recorder.address);
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": server}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "users": [{"name": "it", "user": {}}],
    });
    std::fs::write(&config, kubeconfig.to_string()).unwrap();
    let mut child = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--self-managed", "--namespace", "guard"])
        .args([
            "--watch-services",
            "--watch-namespaces",
            "--watch-cron-jobs",
            "--watch-config-maps",
            "--watch-secrets",
        ])
        .env("KUBECONFIG", &config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    recorder.until("POST", &["/secrets"]);
    let configurations =
        ["/mutatingwebhookconfigurations/jobguard", "/validatingwebhookconfigurations/jobguard"];
    recorder.until("PUT", &configurations[..1]);
    let watched = ["/api/v1/secrets?", "/api/v1/configmaps?", "/services?", "/namespaces?", "/cronjobs?"];
    recorder.until("GET", &[&watched[..], &configurations[..]].concat());
    let _ = child.kill();
    let _ = child.wait();
    let agent = format!("jobguard/{}", env!("CARGO_PKG_VERSION"));
    for asked in recorder.asked.lock().unwrap().iter() {
        assert_eq!(asked.agents, [agent.as_str()], "{asked:?}");
        // What ConfigMaps and Secrets hold is nobody's business.
        let is_metadata = asked.accept.contains("as=PartialObjectMetadata");
        let is_kept_shut =
            ["/api/v1/secrets?", "/api/v1/configmaps?"].iter().any(|path| asked.target.starts_with(path));
        assert!(is_metadata || !is_kept_shut, "{asked:?}");
        // What only reads has nothing to manage.
        let writes = asked.method != "GET";
        let manager = asked.target.split(['?', '&']).filter(|part| part.starts_with("fieldManager="));
        assert_eq!(
            manager.collect::<Vec<_>>(),
            ["fieldManager=jobguard"][..usize::from(writes)],
            "{asked:?}"
        );
    }
}
