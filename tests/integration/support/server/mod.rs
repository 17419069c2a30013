//! A server as a program of its own, and what it takes to ask it.
#![allow(dead_code, reason = "each test program uses a part of it")]

mod load;
mod pki;

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use serde_json::{Value, json};

#[allow(unused_imports, reason = "each test program uses a part of it")]
pub(crate) use load::{Load, queue};
pub(crate) use pki::Pki;

/// Longer than anything here should take, even on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_jobguard"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("JOBGUARD_")) {
        program.env_remove(name);
    }
    program
}

/// A running server, ended when it goes out of scope.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// The port for operators, where there is one.
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) pki: Arc<Pki>,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(Arc::new(Pki::new()), arguments)
    }

    pub(crate) fn start_with(pki: Arc<Pki>, arguments: &[&str]) -> Self {
        Self::start_by(program(), pki, arguments)
    }

    /// Starts a server by a command that takes the program's arguments.
    pub(crate) fn start_by(mut command: Command, pki: Arc<Pki>, arguments: &[&str]) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(arguments)
            .arg("--tls-cert")
            .arg(pki.certificate())
            .env("JOBGUARD_TLS_KEY", pki.key())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = follow(&mut child, &log);
        let (address, metrics) = addresses(&lines);
        Self { child, address, metrics, pki, log }
    }

    pub(crate) fn connect(&self) -> Stream {
        self.client().connect().unwrap()
    }

    /// What connects to this server, for other threads.
    pub(crate) fn client(&self) -> Client {
        Client { address: self.address, config: self.pki.client(false) }
    }

    /// Asks the port for operators.
    pub(crate) fn ask_metrics(&self, path: &str) -> Answer {
        let mut tcp = TcpStream::connect(self.metrics.unwrap()).unwrap();
        tcp.set_read_timeout(Some(LONG)).unwrap();
        get(&mut tcp, path)
    }

    /// The value of a metric's series, 0 where there is none.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.ask_metrics("/metrics").body;
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < LONG, "the server does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// How many lines of the log have this message.
    pub(crate) fn count_logged(&self, message: &str) -> usize {
        let is_it =
            |line: &&String| serde_json::from_str::<Value>(line).unwrap_or_default()["message"] == message;
        self.log.lock().unwrap().iter().filter(is_it).count()
    }

    /// Waits for a line of the log with this message.
    pub(crate) fn logged(&self, message: &str) -> Value {
        let begin = Instant::now();
        loop {
            for line in self.log.lock().unwrap().iter() {
                let line: Value = serde_json::from_str(line).unwrap_or_default();
                if line["message"] == message {
                    return line;
                }
            }
            assert!(begin.elapsed() < LONG, "{message:?} is not logged");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Collects the log, and hands its lines on.
pub(crate) fn follow(child: &mut Child, log: &Arc<Mutex<Vec<String>>>) -> Receiver<String> {
    let (sender, lines) = channel();
    let (log, stderr) = (Arc::clone(log), child.stderr.take().unwrap());
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            log.lock().unwrap().push(line.clone());
            let _ = sender.send(line);
        }
    });
    lines
}

fn addresses(lines: &Receiver<String>) -> (SocketAddr, Option<SocketAddr>) {
    loop {
        let line = lines.recv_timeout(LONG).expect("the server says where it listens");
        let line: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON in the log: {line}"));
        if line["message"] == "listening" {
            let address = |name: &str| line[name].as_str().map(|text| text.parse().unwrap());
            return (address("address").unwrap(), address("metrics"));
        }
    }
}

/// Connects to a server.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) config: Arc<ClientConfig>,
}

impl Client {
    pub(crate) fn connect(&self) -> std::io::Result<Stream> {
        let tcp = TcpStream::connect(self.address)?;
        tcp.set_read_timeout(Some(LONG))?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        Ok(StreamOwned::new(ClientConnection::new(Arc::clone(&self.config), name).unwrap(), tcp))
    }
}

pub(crate) fn head(path: &str, content_type: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    )
}

pub(crate) fn post(stream: &mut Stream, path: &str, body: &[u8]) -> Answer {
    stream.write_all(head(path, "application/json", body.len()).as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    answer(stream)
}

pub(crate) fn get(stream: &mut (impl Read + Write), path: &str) -> Answer {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    answer(stream)
}

pub(crate) fn answer(stream: &mut impl Read) -> Answer {
    let mut text = Vec::new();
    loop {
        if let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(text[..end].to_vec()).unwrap();
            let length: usize = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if text.len() >= end + 4 + length {
                let code = head.split(' ').nth(1).unwrap().parse().unwrap();
                return Answer { code, head, body: String::from_utf8(text[end + 4..].to_vec()).unwrap() };
            }
        }
        let mut piece = [0; 8192];
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "the connection ended within an answer");
        text.extend_from_slice(&piece[..count]);
    }
}

pub(crate) fn is_closed(stream: &mut Stream) -> bool {
    !matches!(stream.read(&mut [0; 16]), Ok(1..))
}

pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = program()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without having read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

pub(crate) fn job(name: &str, restart_policy: &str) -> Value {
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "ns"}, "spec": {
        "template": {"spec": {"restartPolicy": restart_policy, "containers": [{
            "name": "a", "image": "busybox:1.36", "env": [{"name": "PASSWORD", "value": "hunter2"}],
        }]}},
    }})
}

pub(crate) fn create(uid: &str, job: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": uid, "operation": "CREATE", "kind": {"group": "batch", "version": "v1", "kind": "Job"},
        "namespace": "ns", "userInfo": {"username": "anna"}, "object": job,
    }})
}

/// Runs the program with arguments that it cannot use, and looks for `words` in what it says.
pub(crate) fn refuses(arguments: &[&str], words: &str) {
    let output = run(arguments, b"");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(words), "{words:?} is not in {text}");
}
