//! What a kubelet would run for the Deployment of the release `rel`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::control_plane::{ControlPlane, free_port};

/// The name of the release's objects.
pub(crate) const NAME: &str = "rel-jobguard";

/// A running container, asked as its probe says.
pub(crate) struct Replica {
    child: Child,
    /// Where it is asked for reviews.
    pub(crate) port: u16,
    ready: String,
    folder: TempDir,
}

impl Replica {
    /// Starts what the Deployment says, and waits until it is ready.
    pub(crate) fn start(plane: &ControlPlane) -> Self {
        let replica = Self::launch(plane, false, &[]);
        plane.until("the replica is ready", || replica.is_ready());
        replica
    }

    /// The same on ports of its own, so that there may be several, with more arguments, and without waiting.
    pub(crate) fn another(plane: &ControlPlane, more: &[&str]) -> Self {
        Self::launch(plane, true, more)
    }

    fn launch(plane: &ControlPlane, own_ports: bool, more: &[&str]) -> Self {
        let said = plane.kubectl(&["get", "deployment", NAME, "-n", "guard", "-o", "json"], "");
        let deployment: Value = serde_json::from_str(&said.stdout).unwrap();
        let pod = &deployment["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let account = pod["serviceAccountName"].as_str().unwrap();
        let port = |name: &str| {
            let ports = container["ports"].as_array().unwrap();
            let port = ports.iter().find(|port| port["name"] == name).unwrap();
            let port = u16::try_from(port["containerPort"].as_u64().unwrap()).unwrap();
            (port, if own_ports { free_port() } else { port })
        };
        let (webhook, metrics) = (port("webhook"), port("metrics"));
        let arguments = container["args"].as_array().unwrap().iter().map(|argument| {
            let argument = argument.as_str().unwrap();
            let moved =
                [("--listen=", webhook), ("--metrics-listen=", metrics)].iter().find_map(|(flag, ports)| {
                    let host = argument.strip_prefix(flag)?.strip_suffix(&ports.0.to_string())?;
                    Some(format!("{flag}{host}{}", ports.1))
                });
            moved.unwrap_or_else(|| argument.to_owned())
        });
        let folder = tempfile::tempdir().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_jobguard"))
            .args(arguments)
            .args(more)
            .env("KUBECONFIG", plane.kubeconfig_of("guard", account))
            .stdout(log.try_clone().unwrap())
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap();
        let probe = &container["readinessProbe"]["httpGet"];
        assert_eq!(probe["port"], "metrics");
        let ready = format!("{} {}", metrics.1, probe["path"].as_str().unwrap());
        Self { child, port: webhook.1, ready, folder }
    }

    /// Whether its readiness probe succeeds.
    pub(crate) fn is_ready(&self) -> bool {
        let (_, path) = self.ready.split_once(' ').unwrap();
        self.get(path).is_some()
    }

    /// What the port for operators answers, where it does so with 200.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let (port, _) = self.ready.split_once(' ').unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port.parse::<u16>().unwrap())).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let asked = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        stream.write_all(asked.as_bytes()).ok()?;
        stream.read_to_string(&mut answer).ok()?;
        answer.starts_with("HTTP/1.1 200").then_some(answer)
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        let file: PathBuf = self.folder.path().join("log");
        fs::read_to_string(file).unwrap_or_default()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
