//! The way from an API server to Services, in a cluster without nodes.
//!
//! An API server can be told to reach Services through a proxy. Ours knows where the one Service's Pods are: webhooks are
//! then asked by the very configuration that people install, with its Service and its `caBundle`.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

/// A running proxy, for the time of a test.
pub(crate) struct Services {
    folder: TempDir,
    pods: Arc<Mutex<Vec<u16>>>,
}

impl Services {
    /// Listens. Nobody is behind the Service yet.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("proxy")).unwrap();
        let pods = Arc::new(Mutex::new(Vec::<u16>::new()));
        let known = Arc::clone(&pods);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // One after the other.
                let mut pods = known.lock().unwrap();
                let port = pods.first().copied();
                if !pods.is_empty() {
                    pods.rotate_left(1);
                }
                drop(pods);
                std::thread::spawn(move || relay(client, port));
            }
        });
        Self { folder, pods }
    }

    /// What the API server is started with, to ask the proxy.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let file = self.folder.path().join("egress.json");
        let text = format!(
            r#"{{"apiVersion": "apiserver.k8s.io/v1beta1", "kind": "EgressSelectorConfiguration",
            "egressSelections": [{{"name": "cluster", "connection": {{"proxyProtocol": "HTTPConnect",
                "transport": {{"uds": {{"udsName": "{}"}}}}}}}}]}}"#,
            self.folder.path().join("proxy").display()
        );
        std::fs::write(&file, text).unwrap();
        vec![format!("--egress-selector-config-file={}", file.display())]
    }

    /// The ports on 127.0.0.1 that the Service leads to, in turn.
    pub(crate) fn lead_to(&self, ports: &[u16]) {
        *self.pods.lock().unwrap() = ports.to_vec();
    }
}

/// Answers one CONNECT, and passes on what comes after it.
fn relay(mut client: UnixStream, port: Option<u16>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let Some(Ok(mut server)) = port.map(|port| TcpStream::connect(("127.0.0.1", port))) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
    };
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Write);
    });
    let _ = io::copy(&mut server, &mut client);
    client.shutdown(std::net::Shutdown::Both)
}
