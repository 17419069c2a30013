//! What clients of the soak have in common: where they come from, and how they read an answer.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Where API servers are.
pub(super) const API_SERVER: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Where the kubelet is.
pub(super) const KUBELET: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Where strangers are: partly where API servers are, as behind a proxy.
pub(super) fn stranger(number: usize) -> Ipv4Addr {
    const STRANGERS: [Ipv4Addr; 4] =
        [API_SERVER, Ipv4Addr::new(127, 0, 1, 1), Ipv4Addr::new(127, 0, 1, 2), Ipv4Addr::new(127, 0, 1, 3)];
    STRANGERS[number % STRANGERS.len()]
}

/// The server, and how clients connect to it.
pub(super) struct Target {
    pub(super) webhook: SocketAddr,
    pub(super) ops: SocketAddr,
    /// Without a certificate.
    pub(super) stranger: TlsConnector,
    /// With the certificate of an API server.
    pub(super) api_server: TlsConnector,
}

pub(super) async fn tcp(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((from, 0).into())?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(super) async fn tls(
    connector: &TlsConnector,
    from: Ipv4Addr,
    to: SocketAddr,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, tcp(from, to).await?).await
}

/// An answer over HTTP.
pub(super) struct Answer {
    pub(super) code: u16,
    /// Whether the server closes the connection after it.
    pub(super) closes: bool,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// What was said, in a few words.
    pub(super) fn outcome(&self) -> String {
        let review: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let response = &review["response"];
        match response["allowed"].as_bool() {
            Some(true) if response["auditAnnotations"]["unjudged"].is_string() => {
                format!("{} allowed unjudged", self.code)
            }
            Some(true) => format!("{} allowed", self.code),
            Some(false) => format!("{} denied", self.code),
            None => self.code.to_string(),
        }
    }
}

/// Reads one answer.
///
/// # Errors
/// Where the connection ends before the answer does.
pub(super) async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Answer> {
    let broken = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem.to_owned());
    let mut text = Vec::new();
    let mut buffer = [0; 8 << 10];
    let (mut end, mut length) = (None, 0);
    loop {
        if end.is_none()
            && let Some(found) = text.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let head = std::str::from_utf8(&text[..found]).map_err(|_| broken("no text"))?;
            length = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            end = Some(found + 4);
        }
        if let Some(end) = end
            && text.len() >= end + length
        {
            let head = std::str::from_utf8(&text[..end]).map_err(|_| broken("no text"))?;
            let code = head.get(9..12).and_then(|code| code.parse().ok()).ok_or_else(|| broken("no HTTP"))?;
            let closes = header(head, "connection").is_some_and(|value| value == "close");
            return Ok(Answer { code, closes, body: text.split_off(end) });
        }
        match stream.read(&mut buffer).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => text.extend_from_slice(&buffer[..count]),
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Waits until the server closes the connection.
pub(super) async fn closed(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut buffer = [0; 4 << 10];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
